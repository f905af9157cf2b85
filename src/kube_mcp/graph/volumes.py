"""The claims a pod uses, by name and as objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kube_mcp.objects import Obj, dig_list, dig_str
from kube_mcp.scene import Scene


def claim_names(pod: Obj) -> list[str]:
    """The names of the claims a pod (or a pod template with a name) refers to.

    A generic ephemeral volume's claim is named after the pod and the volume.
    """
    names = []
    for volume in dig_list(pod, "spec", "volumes"):
        if not isinstance(volume, Mapping):
            continue
        if name := dig_str(volume, "persistentVolumeClaim", "claimName"):
            names.append(name)
        elif "ephemeral" in volume:
            names.append(f"{dig_str(pod, 'metadata', 'name')}-{dig_str(volume, 'name')}")
    return names


def claims_of(pod: Obj, scene: Scene) -> Iterator[tuple[str, Obj]]:
    """The claims of a pod that were read."""
    for name in claim_names(pod):
        claim = scene.peek("PersistentVolumeClaim", dig_str(pod, "metadata", "namespace"), name)
        if claim is not None:
            yield name, claim
