from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, said, since
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, key_for, ref_to, refer

_GROUP = "external-secrets.io"
_STORES = (f"SecretStore.{_GROUP}", f"ClusterSecretStore.{_GROUP}")


@check(f"ExternalSecret.{_GROUP}", *_STORES, optional=[*_STORES, "Secret"])
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
    store = None
    if ref.kind == "ExternalSecret":
        kind = dig_str(obj, "spec", "secretStoreRef", "kind") or "SecretStore"
        name = dig_str(obj, "spec", "secretStoreRef", "name")
        namespace = "" if kind == "ClusterSecretStore" else ref.namespace
        store = refer(key_for(kind, _GROUP), namespace, name) if name else None
    lacks = store is not None and scene.lacks(
        key_for(store.kind, store.group), store.namespace, store.name
    )
    if found.get("status") != "False" and not lacks:
        return
    target = dig_str(obj, "spec", "target", "name") or ref.name
    yield Finding(
        ref=ref,
        severity=CRITICAL,
        title=f"its {store} does not exist"
        if lacks
        else f"is not ready: {quote(said(found), most=200)}",
        evidence=evidence(
            ("status.conditions[Ready]", f"{found.get('status', 'absent')} {said(found)}".strip()),
            ("spec.secretStoreRef", str(store) if store else None),
        ),
        since=since(found),
        blames=(store,) if store else (),
        explains=(refer("Secret", ref.namespace, target),) if store else (),
        next=f"Create the {store}, or correct spec.secretStoreRef."
        if lacks
        else "Act on what the external secrets controller says.",
    )
