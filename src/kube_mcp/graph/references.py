"""What a pod refers to: ConfigMaps and Secrets, with the keys it wants of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kube_mcp.objects import Obj, dig_list, dig_map, dig_str


@dataclass(frozen=True, slots=True)
class Reference:
    """One mention of a ConfigMap or Secret. ``key`` is empty where the whole object is meant.

    ``needed`` is false where the pod starts without it. ``container`` is empty for volumes.
    """

    kind: str
    name: str
    key: str
    path: str
    needed: bool
    container: str = ""


def references(pod: Obj) -> Iterator[Reference]:
    """Every mention of a ConfigMap or Secret in a pod's, or a pod template's, spec."""
    for part in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(dig_list(pod, "spec", part)):
            yield from _of_container(container, f"spec.{part}[{index}]")
    for index, volume in enumerate(dig_list(pod, "spec", "volumes")):
        yield from _of_volume(volume, f"spec.volumes[{index}]")


def _of_container(container: object, path: str) -> Iterator[Reference]:
    name = dig_str(container, "name")
    for entry in dig_list(container, "env"):
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            source = dig_map(entry, "valueFrom", field)
            if dig_str(source, "name"):
                yield Reference(
                    kind,
                    dig_str(source, "name"),
                    dig_str(source, "key"),
                    f"{path}.env[{dig_str(entry, 'name')}].valueFrom.{field}",
                    source.get("optional") is not True,
                    name,
                )
    for index, entry in enumerate(dig_list(container, "envFrom")):
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            source = dig_map(entry, field)
            if dig_str(source, "name"):
                needed = source.get("optional") is not True
                where = f"{path}.envFrom[{index}].{field}"
                yield Reference(kind, dig_str(source, "name"), "", where, needed, name)


def _of_volume(volume: object, path: str) -> Iterator[Reference]:
    yield from _of_source(volume, path)
    for index, source in enumerate(dig_list(volume, "projected", "sources")):
        yield from _of_source(source, f"{path}.projected.sources[{index}]", name_field="name")


def _of_source(source: object, path: str, *, name_field: str = "secretName") -> Iterator[Reference]:
    for field, kind, named in (
        ("configMap", "ConfigMap", "name"),
        ("secret", "Secret", name_field),
    ):
        found = dig_map(source, field)
        name = dig_str(found, named)
        if not name:
            continue
        needed = found.get("optional") is not True
        keys = [dig_str(item, "key") for item in dig_list(found, "items")]
        for key in keys or [""]:
            yield Reference(kind, name, key, f"{path}.{field}", needed)


def keys_of(obj: Obj | None) -> frozenset[str] | None:
    """The keys a ConfigMap or Secret has; None where only its metadata was read."""
    if obj is None or dig_str(obj, "kind") == "Secret":
        return None
    return frozenset(str(key) for part in ("data", "binaryData") for key in dig_map(obj, part))
