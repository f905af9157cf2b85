"""Claims and the volumes that could serve them."""

from __future__ import annotations

from kube_mcp.diagnosis.finding import Evidence
from kube_mcp.objects import Obj, dig, dig_list, dig_map, dig_str
from kube_mcp.scene import Scene, labels_of
from kube_mcp.words.quantities import number
from kube_mcp.words.selectors import matches, text_of

_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_OLD_CLASS = "volume.beta.kubernetes.io/storage-class"


def class_of(obj: Obj) -> str:
    """The storage class of a claim or a volume, by field or by the older annotation."""
    return dig_str(obj, "spec", "storageClassName") or dig_str(
        obj, "metadata", "annotations", _OLD_CLASS
    )


def default_classes(scene: Scene) -> list[str]:
    """The names of the storage classes marked as default."""
    return [
        dig_str(each, "metadata", "name")
        for each in scene.seen("StorageClass")
        if dig(each, "metadata", "annotations", _DEFAULT) == "true"
    ]


def unmet(claim: Obj, volume_name: str, scene: Scene) -> tuple[str, tuple[Evidence, ...]] | None:
    """Why one volume does not serve a claim; None where it does, or could not be read."""
    if scene.lacks("PersistentVolume", "", volume_name):
        return (
            f"the volume {volume_name} it asks for does not exist",
            (("spec.volumeName", volume_name),),
        )
    volume = scene.peek("PersistentVolume", "", volume_name)
    if volume is None:
        return None
    problem = _unmet(claim, volume)
    return (f"the volume {volume_name} {problem[0]}", (problem[1],)) if problem else None


def _unmet(claim: Obj, volume: Obj) -> tuple[str, Evidence] | None:
    holder = dig_map(volume, "spec", "claimRef")
    wanted = (dig_str(claim, "metadata", "namespace"), dig_str(claim, "metadata", "name"))
    held = (dig_str(holder, "namespace"), dig_str(holder, "name"))
    phase = dig_str(volume, "status", "phase")
    name = dig_str(volume, "metadata", "name")
    if holder and held != wanted:
        return (
            f"belongs to the claim {'/'.join(held)} ({phase})",
            (f"PersistentVolume {name} spec.claimRef", "/".join(held)),
        )
    if phase in ("Released", "Failed"):
        return f"is {phase}", (f"PersistentVolume {name} status.phase", phase)
    if class_of(claim) != class_of(volume):
        return (
            f"is of the class '{class_of(volume)}', not '{class_of(claim)}'",
            (f"PersistentVolume {name} spec.storageClassName", class_of(volume) or "not set"),
        )
    asked = number(dig(claim, "spec", "resources", "requests", "storage"))
    has = number(dig(volume, "spec", "capacity", "storage"))
    if asked is not None and has is not None and has < asked:
        size = dig_str(volume, "spec", "capacity", "storage")
        return f"is too small ({size})", (f"PersistentVolume {name} spec.capacity.storage", size)
    modes = {str(each) for each in dig_list(volume, "spec", "accessModes")}
    needed = {str(each) for each in dig_list(claim, "spec", "accessModes")}
    if not needed <= modes:
        text = ", ".join(sorted(modes))
        return (
            f"offers {text}, not {', '.join(sorted(needed))}",
            (f"PersistentVolume {name} spec.accessModes", text),
        )
    if (dig_str(claim, "spec", "volumeMode") or "Filesystem") != (
        dig_str(volume, "spec", "volumeMode") or "Filesystem"
    ):
        mode = dig_str(volume, "spec", "volumeMode") or "Filesystem"
        return f"is of the mode {mode}", (f"PersistentVolume {name} spec.volumeMode", mode)
    selector = dig_map(claim, "spec", "selector")
    if selector and not matches(selector, labels_of(volume)):
        return (
            f"does not match the claim's selector {text_of(selector)}",
            ("spec.selector", text_of(selector)),
        )
    return None
