"""An object as the YAML a person would have written: no noise, no defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

#: Set by the API server or its controllers, never by a person, and no help in reading.
_METADATA_NOISE = frozenset({
    "managedFields", "uid", "resourceVersion", "selfLink", "generation",
})  # fmt: skip

#: Of a reference to an owner, what says nothing beside kind and name.
_OWNER_NOISE = frozenset({"uid", "blockOwnerDeletion"})

#: Annotations that are programs' notes to themselves, or a copy of the object.
ANNOTATION_NOISE = frozenset({
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "control-plane.alpha.kubernetes.io/leader",
})  # fmt: skip

#: Defaults the API server writes into every object. A key with another value stays.
_DEFAULTS: Mapping[str, Any] = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "enableServiceLinks": True,
    "preemptionPolicy": "PreemptLowerPriority",
    "revisionHistoryLimit": 10,
    "progressDeadlineSeconds": 600,
    "sessionAffinity": "None",
    "internalTrafficPolicy": "Cluster",
    "ipFamilyPolicy": "SingleStack",
    "podManagementPolicy": "OrderedReady",
    "successThreshold": 1,
    "failureThreshold": 3,
    "scheme": "HTTP",
    "protocol": "TCP",
    "defaultMode": 420,
    "volumeMode": "Filesystem",
    "serviceAccount": "default",
    "serviceAccountName": "default",
    "hostNetwork": False,
}

#: Defaults only below these keys, because elsewhere the same pair means something else.
_PROBE_DEFAULTS: Mapping[str, Any] = {"timeoutSeconds": 1, "periodSeconds": 10}
_PROBES = frozenset({"livenessProbe", "readinessProbe", "startupProbe"})

#: Tolerations every pod gets from an admission plugin.
_DEFAULT_TOLERATIONS = frozenset({"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"})


def neat(obj: Mapping[str, Any], *, keep_status: bool = True) -> dict[str, Any]:
    """The object without what the server adds to every one: managed fields, ids, defaults.

    What `neat` removes is noise in any object; nothing that differs from a default is touched.
    """
    out: dict[str, Any] = {}
    for key, value in obj.items():
        if key == "metadata" and isinstance(value, Mapping):
            out[key] = _neat_metadata(value)
        elif key == "status" and not keep_status:
            continue
        elif key == "status":
            out[key] = _without_empty(value)
        elif key in {"data", "stringData", "binaryData"}:
            out[key] = value
        else:
            out[key] = _neat_value(value, parent=key)
    return {key: value for key, value in out.items() if value not in ({}, [], None)}


def _neat_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    out = {key: value for key, value in metadata.items() if key not in _METADATA_NOISE}
    owners = out.get("ownerReferences")
    if isinstance(owners, list):
        out["ownerReferences"] = [
            {key: value for key, value in owner.items() if key not in _OWNER_NOISE}
            if isinstance(owner, Mapping)
            else owner
            for owner in owners
        ]
    annotations = out.get("annotations")
    if isinstance(annotations, Mapping):
        left = {key: value for key, value in annotations.items() if key not in ANNOTATION_NOISE}
        if left:
            out["annotations"] = left
        else:
            del out["annotations"]
    return out


def _without_empty(value: Any) -> Any:
    if isinstance(value, Mapping):
        found = {key: _without_empty(each) for key, each in value.items()}
        return {key: each for key, each in found.items() if each is not None and each != {}}
    if isinstance(value, list):
        return [_without_empty(each) for each in value]
    return value


def _neat_value(value: Any, *, parent: str) -> Any:
    if isinstance(value, Mapping):
        out = {}
        for key, each in value.items():
            if isinstance(each, str | int | bool) and _is_default(key, each, parent):
                continue
            if key == "creationTimestamp" and each is None:
                continue  # of a template: an empty time that Go cannot leave out
            left = each
            if key == "tolerations" and isinstance(each, Sequence):
                left = [one for one in each if not _is_default_toleration(one)]
            if key in {"volumes", "volumeMounts"} and isinstance(each, Sequence):
                left = [one for one in each if not _is_token_volume(one)]
            neater = _neat_value(left, parent=key)
            if neater in ({}, [], None) and each not in ({}, [], None):
                continue
            if key in {"securityContext", "resources"} and neater == {}:
                continue
            out[key] = neater
        return out
    if isinstance(value, list):
        return [_neat_value(each, parent=parent) for each in value]
    return value


def _is_default(key: str, value: Any, parent: str) -> bool:
    default = _DEFAULTS.get(key)
    if default is None and parent in _PROBES:
        default = _PROBE_DEFAULTS.get(key)
    # By type too: True equals 1, and `successThreshold: true` is a mistake worth seeing.
    return type(value) is type(default) and bool(value == default)


def _is_default_toleration(one: Any) -> bool:
    return (
        isinstance(one, Mapping)
        and one.get("key") in _DEFAULT_TOLERATIONS
        and one.get("tolerationSeconds") == 300
    )


def _is_token_volume(one: Any) -> bool:
    name = one.get("name") if isinstance(one, Mapping) else None
    return isinstance(name, str) and name.startswith("kube-api-access-")


class _Dumper(yaml.CSafeDumper):
    """Block style for text of several lines, so that a script reads like a script."""


def _text(dumper: yaml.CSafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def yaml_text(value: Any) -> str:
    """Any JSON-like value as YAML, keys in their own order, long lines left whole."""
    dumped: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000
    )
    return dumped
