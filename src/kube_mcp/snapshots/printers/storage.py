"""Volumes, claims and what provides them."""

from __future__ import annotations

from datetime import datetime

from kube_mcp.objects import Obj, dig, dig_list, dig_str
from kube_mcp.snapshots.printers.cells import (
    CREATED_AT,
    NAME,
    NONE,
    UNSET,
    Cell,
    Column,
    Printer,
    age,
    boolean,
    columns,
    name,
    text,
)

_SHORT_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def _modes(modes: object) -> str:
    given = set(dig_list({"modes": modes}, "modes"))
    return ",".join(short for mode, short in _SHORT_MODES.items() if mode in given)


def _phase(obj: Obj) -> str:
    terminating = dig(obj, "metadata", "deletionTimestamp")
    return "Terminating" if terminating else dig_str(obj, "status", "phase")


def _class(obj: Obj) -> str:
    annotated = dig_str(obj, "metadata", "annotations", _CLASS_ANNOTATION)
    return annotated or dig_str(obj, "spec", "storageClassName")


def persistent_volume(obj: Obj, now: datetime) -> list[Cell]:
    """A PersistentVolume's row."""
    claim = dig(obj, "spec", "claimRef")
    return [
        name(obj),
        str(dig(obj, "spec", "capacity", "storage", default="0")),
        _modes(dig(obj, "spec", "accessModes")),
        dig_str(obj, "spec", "persistentVolumeReclaimPolicy"),
        _phase(obj),
        f"{dig_str(claim, 'namespace')}/{dig_str(claim, 'name')}" if claim else "",
        _class(obj),
        text(dig(obj, "spec", "volumeAttributesClassName"), UNSET),
        dig_str(obj, "status", "reason"),
        age(obj, now),
        text(dig(obj, "spec", "volumeMode"), UNSET),
    ]


def persistent_volume_claim(obj: Obj, now: datetime) -> list[Cell]:
    """A PersistentVolumeClaim's row; capacity and modes are those of the volume, once bound."""
    volume = dig_str(obj, "spec", "volumeName")
    return [
        name(obj),
        _phase(obj),
        volume,
        str(dig(obj, "status", "capacity", "storage", default="0")) if volume else "",
        _modes(dig(obj, "status", "accessModes")) if volume else "",
        _class(obj),
        text(dig(obj, "spec", "volumeAttributesClassName"), UNSET),
        age(obj, now),
        text(dig(obj, "spec", "volumeMode"), UNSET),
    ]


def storage_class(obj: Obj, now: datetime) -> list[Cell]:
    """A StorageClass's row. Which one is the default is marked in `mark_default`."""
    return [
        name(obj),
        dig_str(obj, "provisioner"),
        text(dig(obj, "reclaimPolicy"), "Delete"),
        text(dig(obj, "volumeBindingMode"), "Immediate"),
        boolean(dig(obj, "allowVolumeExpansion"), False),
        age(obj, now),
    ]


def volume_attributes_class(obj: Obj, now: datetime) -> list[Cell]:
    """A VolumeAttributesClass's row."""
    return [name(obj), dig_str(obj, "driverName"), age(obj, now)]


def volume_attachment(obj: Obj, now: datetime) -> list[Cell]:
    """A VolumeAttachment's row."""
    return [
        name(obj),
        dig_str(obj, "spec", "attacher"),
        dig_str(obj, "spec", "source", "persistentVolumeName"),
        dig_str(obj, "spec", "nodeName"),
        boolean(dig(obj, "status", "attached"), False),
        age(obj, now),
    ]


def csi_node(obj: Obj, now: datetime) -> list[Cell]:
    """A CSINode's row."""
    return [name(obj), len(dig_list(obj, "spec", "drivers")), age(obj, now)]


def csi_driver(obj: Obj, now: datetime) -> list[Cell]:
    """A CSIDriver's row."""
    tokens = dig(obj, "spec", "tokenRequests")
    audiences = ",".join(dig_str(one, "audience") for one in dig_list(obj, "spec", "tokenRequests"))
    return [
        name(obj),
        boolean(dig(obj, "spec", "attachRequired"), True),
        boolean(dig(obj, "spec", "podInfoOnMount"), False),
        boolean(dig(obj, "spec", "storageCapacity"), False),
        UNSET if tokens is None else audiences,
        boolean(dig(obj, "spec", "requiresRepublish"), False),
        ",".join(str(mode) for mode in dig_list(obj, "spec", "volumeLifecycleModes")) or NONE,
        age(obj, now),
    ]


PRINTERS = {
    "persistentvolumes": Printer(
        columns(
            "Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, "
            "VolumeAttributesClass, Reason, Age, VolumeMode*"
        ),
        persistent_volume,
    ),
    "persistentvolumeclaims": Printer(
        columns(
            "Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, "
            "Age, VolumeMode*"
        ),
        persistent_volume_claim,
    ),
    "storageclasses.storage.k8s.io": Printer(
        columns("Name, Provisioner, ReclaimPolicy, VolumeBindingMode, AllowVolumeExpansion, Age"),
        storage_class,
    ),
    "volumeattributesclasses.storage.k8s.io": Printer(
        columns("Name, DriverName, Age"), volume_attributes_class
    ),
    "volumeattachments.storage.k8s.io": Printer(
        (
            NAME,
            Column("Attacher", format="name"),
            *columns("PV, Node, Attached:boolean, Age"),
        ),
        volume_attachment,
    ),
    "csinodes.storage.k8s.io": Printer(columns("Name, Drivers:integer, Age"), csi_node),
    "csidrivers.storage.k8s.io": Printer(
        columns(
            "Name, AttachRequired:boolean, PodInfoOnMount:boolean, StorageCapacity:boolean, "
            "TokenRequests, RequiresRepublish:boolean, Modes, Age"
        ),
        csi_driver,
    ),
    # There is a printer for these, which the API server does not use.
    "csistoragecapacities.storage.k8s.io": CREATED_AT,
}
