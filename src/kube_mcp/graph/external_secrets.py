"""External Secrets: which store an ExternalSecret reads, and what it makes of that."""

from __future__ import annotations

from kube_mcp.objects import Obj, Ref, dig_list, dig_map, dig_str
from kube_mcp.scene import key_for, refer

GROUP = "external-secrets.io"
EXTERNAL_SECRET = f"ExternalSecret.{GROUP}"
SECRET_STORE = f"SecretStore.{GROUP}"
CLUSTER_SECRET_STORE = f"ClusterSecretStore.{GROUP}"
STORES = (SECRET_STORE, CLUSTER_SECRET_STORE)


def stores_of(external_secret: Obj) -> list[Ref]:
    """The stores it reads from, its own first, then those that single entries name instead."""
    named = [dig_map(external_secret, "spec", "secretStoreRef")]
    for part in ("data", "dataFrom"):
        entries = dig_list(external_secret, "spec", part)
        named += [dig_map(each, "sourceRef", "storeRef") for each in entries]
    namespace = dig_str(external_secret, "metadata", "namespace")
    found: dict[Ref, None] = {}
    for each in named:
        if name := dig_str(each, "name"):
            kind = dig_str(each, "kind") or "SecretStore"
            where = "" if kind == "ClusterSecretStore" else namespace
            found[refer(key_for(kind, GROUP), where, name)] = None
    return list(found)


def target_of(external_secret: Obj) -> Ref | None:
    """The Secret it makes, or what it makes in the place of one; None where it makes nothing."""
    target = dig_map(external_secret, "spec", "target")
    if dig_str(target, "creationPolicy") == "None":
        return None
    kind = dig_str(target, "manifest", "kind") or "Secret"
    group, slash, _ = dig_str(target, "manifest", "apiVersion").partition("/")
    return refer(
        key_for(kind, group if slash else ""),
        dig_str(external_secret, "metadata", "namespace"),
        dig_str(target, "name") or dig_str(external_secret, "metadata", "name"),
    )
