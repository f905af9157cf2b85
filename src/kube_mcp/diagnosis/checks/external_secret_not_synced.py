from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, said, since
from kube_mcp.diagnosis.events import complaint
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.graph.external_secrets import EXTERNAL_SECRET, STORES, stores_of, target_of
from kube_mcp.objects import Obj, dig
from kube_mcp.scene import Scene, key_for, ref_to


@check(EXTERNAL_SECRET, *STORES, optional=[*STORES, "Secret", "Event"])
def external_secret_not_synced(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """An ExternalSecret, or the store it reads from, is not ready.

    What it detects: Ready False of an ExternalSecret, SecretStore or ClusterSecretStore, and a
    store that does not exist.

    Why it matters: the Secret keeps its old content, or does not exist.

    Where it cannot tell: the store's own message is quoted, not understood.
    """
    if dig(obj, "metadata", "deletionTimestamp"):
        return
    found = condition(obj, "Ready")
    ref = ref_to(obj)
    made = ref.kind == "ExternalSecret"
    stores = stores_of(obj) if made else []
    missing = [
        each
        for each in stores
        if scene.lacks(key_for(each.kind, each.group), each.namespace, each.name)
    ]
    store = next(iter((*missing, *stores)), None)
    lacks = bool(missing)
    target = target_of(obj) if made else None
    if found.get("status") != "False" and not lacks:
        return
    event, words = complaint(obj, scene, said(found))
    yield Finding(
        ref=ref,
        severity=CRITICAL,
        title=f"its {store} does not exist"
        if lacks
        else f"is not ready: {quote(words or said(found), most=200)}",
        evidence=evidence(
            ("status.conditions[Ready]", f"{found.get('status', 'absent')} {said(found)}".strip()),
            ("spec.secretStoreRef", str(store) if store else None),
            (event, words),
        ),
        since=since(found),
        blames=tuple(stores),
        explains=(target,) if target else (),
        next=f"Create the {store}, or correct spec.secretStoreRef."
        if lacks
        else "Act on what the external secrets controller says.",
    )
