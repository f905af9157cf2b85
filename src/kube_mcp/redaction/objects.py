"""Objects as they leave the cluster: what is a credential by its field, its name or its look.

An object is masked in place and given back: thousands of freshly decoded ones pass here, and
nobody else holds them yet.
"""

from __future__ import annotations

import re
from typing import Any

from kube_mcp.redaction.commands import find_command_credentials
from kube_mcp.redaction.kinds import hidden, mask_by_kind
from kube_mcp.redaction.names import Says, is_about, is_secret_number, says
from kube_mcp.redaction.text import clean_text, mask_text
from kube_mcp.redaction.values import (
    is_basic_login,
    is_innocent,
    looks_random,
    mask,
)

__all__ = ["LITERAL_FIELDS", "mask_object", "mask_string", "mask_tree"]


# What the walk does with the value under a field's name. Plain numbers: an enumeration's members
# are looked up slowly, and this is asked two hundred times a pod.
_PLAIN = 0
#: Written by the API server or a kubelet, ids and times; where a person wrote it, text.
_SKIPPED = 1
_MAYBE = 2
_CREDENTIAL = 3
#: ``value`` beside a ``name`` that says what it is.
_NAMED_VALUE = 4
#: The whole value goes, and every value in it.
_HIDDEN = 5
#: A map of credentials, in charts' values: ``secrets: {database: x}``.
_CREDENTIAL_MAP = 6
_DROPPED = 7
#: The type of an object in an object.
_KIND = 8
#: The name itself holds what must not be shown.
_UNFIT = 9
#: A map in which a field called just `secret` names an object, as Traefik has it.
_REFERRING = 10

_ID = re.compile(
    r"[0-9a-fA-F:TZ.+-]{0,64}|[a-z-]{1,20}://[0-9a-f]{1,64}"
    r"|(?:[a-z-]{1,20}://)?(?:[\w./:-]{1,200}@)?sha256:[0-9a-f]{1,64}"
)
_KEY_OF = {Says.NOTHING: _PLAIN, Says.MAYBE: _MAYBE, Says.CREDENTIAL: _CREDENTIAL}

_SPECIAL = {
    "managedFields": _DROPPED,
    "kind": _KIND,
    "value": _NAMED_VALUE,
    "stringData": _HIDDEN,
    "encryptedData": _HIDDEN,
    "binaryData": _HIDDEN,
    "secrets": _CREDENTIAL_MAP,
    "secretEnv": _CREDENTIAL_MAP,
    "secretEnvs": _CREDENTIAL_MAP,
    "envSecrets": _CREDENTIAL_MAP,
    "extraSecrets": _CREDENTIAL_MAP,
    # Copies of whole objects, some compressed: they would show what is masked beside them.
    "kubectl.kubernetes.io/last-applied-configuration": _HIDDEN,
    "objectset.rio.cattle.io/applied": _HIDDEN,
    "kapp.k14s.io/original": _HIDDEN,
    "kapp.k14s.io/original-diff": _HIDDEN,
    "banzaicloud.com/last-applied": _HIDDEN,
    # Public by purpose, and the credential words in their names mislead.
    "basicAuth": _REFERRING,
    "digestAuth": _REFERRING,
    "rootCAs": _REFERRING,
    "rootCAsSecrets": _PLAIN,
    "certificatesSecrets": _PLAIN,
    "caBundle": _PLAIN,
    "secretKeyRef": _PLAIN,
    "imagePullSecrets": _PLAIN,
    "serviceAccountToken": _PLAIN,
    "encryptionConfiguration": _PLAIN,
} | dict.fromkeys(
    (
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "deletionTimestamp",
        "lastTransitionTime",
        "lastProbeTime",
        "lastUpdateTime",
        "lastHeartbeatTime",
        "firstTimestamp",
        "lastTimestamp",
        "eventTime",
        "startTime",
        "startedAt",
        "finishedAt",
        "containerID",
        "imageID",
    ),
    _SKIPPED,
)

#: Under a map that is a credential, the field that holds it: `password: {value: x}`.
LITERAL_FIELDS = frozenset({
    "value", "data", "plain", "plaintext", "plainText", "literal", "inline", "inlineString", "content",
    "raw", "default", "string", "stringValue", "text",
})  # fmt: skip
# A sibling that names an object makes `secretKey: db-password` the name of a key in it.
_SIBLINGS = ("remoteRef", "secretName", "secretRef", "existingSecret", "valueFrom", "sourceRef")


# Words, not texts: whoever reads them reads one line. A line break in one is there to write the
# lines after it: the API server lets anybody's event have any reason, and a role any name.
_ONE_LINE = frozenset({
    "kind", "name", "namespace", "reason", "type", "phase", "status", "state", "health", "component", "host",
    "key", "effect", "action", "manager", "controller", "nodeName", "reportingController",
    "reportingComponent", "reportingInstance", "fieldPath", "qosClass", "podIP", "hostIP", "address",
})  # fmt: skip

# What was learnt: names of fields, and short strings in which nothing was found. Neither holds
# anything that would be masked, so keeping them gives nothing away.
_known_keys: dict[str, int] = dict(_SPECIAL)
_known_clean: set[str] = set()
_known_dull: set[str] = set()
_MOST_KNOWN = 32_768
_LONGEST_KNOWN = 160
#: No credential of a known shape, and no name with a value, is shorter.
_SHORTEST_CREDENTIAL = 8


def mask_object(obj: dict[str, Any], *, kind: str = "") -> dict[str, Any]:
    """``obj`` itself, without ``managedFields`` and with credentials masked.

    ``kind`` serves where a list's items do not carry theirs. Values of a Secret are never shown,
    those of a ConfigMap line by line. Nothing about the object's shape is trusted.
    """
    kind = kind or str(obj.get("kind", ""))
    done: dict[str, Any] = {}  # parts that are masked in a way of their own
    if kind.endswith("List") and isinstance(items := obj.get("items"), list):
        of = kind.removesuffix("List")
        done["items"] = [
            mask_object(item, kind=of) if isinstance(item, dict) else mask_tree(item)
            for item in items
        ]
    mask_by_kind(obj, kind)
    if kind == "ConfigMap" and isinstance(data := obj.get("data"), dict):
        done["data"] = data
    obj.update(dict.fromkeys(done))
    _walk(obj)
    obj.update(done)
    return obj


def mask_tree(tree: Any) -> Any:
    """The same for data that is no object, such as the values of a Helm release."""
    return _walk([tree])[0]


def _walk(root: Any) -> Any:
    # A stack of our own: a custom resource may be nested deeper than Python calls can be.
    todo: list[Any] = [root]
    key_of, clean = _known_keys.get, _known_clean
    while todo:
        node = todo.pop()
        if type(node) is list:
            mixed = False
            for item in node:
                if type(item) is dict:
                    todo.append(item)
                else:
                    mixed = True
            if mixed:
                _walk_items(node, todo)
            continue
        unfit: list[str] = []
        for name, value in node.items():
            key = key_of(name)
            shape = type(value)
            if key == _PLAIN:
                if shape is str:
                    if value not in clean:
                        node[name] = mask_string(value)
                        if "\n" in value:
                            _flatten(node, name)
                elif shape is dict or shape is list:
                    todo.append(value)
            elif key != _SKIPPED or shape is not str or not _ID.fullmatch(value):
                key = _learn(name) if key is None else key
                if key in (_UNFIT, _DROPPED):
                    unfit.append(name)
                if shape is str:
                    node[name] = _string(node, name, value, key, _PLAIN)
                    if "\n" in value:
                        _flatten(node, name)
                    if key == _KIND:
                        mask_by_kind(node, value)
                elif shape is int:
                    if key == _CREDENTIAL and is_secret_number(name, value):
                        node[name] = mask(str(value))
                elif (shape is dict or shape is list) and key != _DROPPED:
                    part_of = _inside(name, key, _PLAIN)
                    if part_of == _PLAIN:
                        todo.append(value)
                    else:
                        _walk_within(value, part_of, todo)
        if unfit:
            _rename(node, unfit)
    return root


def _flatten(node: dict[str, Any], name: str) -> None:
    if name in _ONE_LINE:
        node[name] = " ".join(node[name].split("\n"))


def _walk_items(items: list[Any], plain: list[Any]) -> None:
    """A list of strings, or of lists: arguments of a command more often than not."""
    flag = _PLAIN  # what the item before says, if it was a flag: whether it takes a credential
    for at, item in enumerate(items):
        if type(item) is str:
            if (flag == _CREDENTIAL and item[:1] != "-" and not is_innocent(item)) or (
                flag == _MAYBE and looks_random(item)
            ):
                items[at] = mask(item)
            else:
                items[at] = mask_string(item)
            is_flag = item[:1] == "-" and " " not in item and "=" not in item
            flag = (_known_keys.get(item) or _learn(item)) if is_flag else _PLAIN
        else:
            flag = _PLAIN
            if type(item) is list:
                plain.append(item)
    _mask_command(items)


def _walk_within(root: Any, part_of: int, plain: list[Any]) -> None:
    """What is under a name that says credential; what turns out to be plain goes to ``plain``."""
    todo: list[tuple[Any, int]] = [(root, part_of)]
    while todo:
        node, part_of = todo.pop()
        if part_of == _PLAIN:
            plain.append(node)
        elif type(node) is list:
            for at, item in enumerate(node):
                if type(item) is str:
                    if part_of == _HIDDEN or (part_of == _CREDENTIAL and not is_innocent(item)):
                        node[at] = hidden(item)
                    else:
                        node[at] = mask_string(item)
                elif type(item) is dict or type(item) is list:
                    # The names of the objects stay: `secrets: [{name: x}]`.
                    todo.append((item, _CREDENTIAL if part_of == _CREDENTIAL_MAP else part_of))
        else:
            unfit: list[str] = []
            for name, value in node.items():
                key = _known_keys.get(name)
                if key is None:
                    key = _learn(name)
                if key in (_UNFIT, _DROPPED):
                    unfit.append(name)
                if type(value) is str:
                    node[name] = _string(node, name, value, key, part_of)
                elif type(value) is int:
                    if key == _CREDENTIAL and is_secret_number(name, value):
                        node[name] = mask(str(value))
                elif type(value) is dict or type(value) is list:
                    todo.append((value, _inside(name, key, part_of)))
            _rename(node, unfit)


def _rename(node: dict[Any, Any], unfit: list[str]) -> None:
    """Take out the fields to drop, and give names that hold a credential a name that does not.

    All keep their order: whoever compares an object with what it was before relies on it.
    """
    if not unfit:
        return
    items = list(node.items())
    node.clear()
    for name, value in items:
        if name not in unfit:
            node[name] = value
        elif _known_keys.get(name) != _DROPPED:
            node[mask_text(name)] = value


def _string(node: dict[str, Any], name: str, value: str, key: int, part_of: int) -> str:
    """The string ``value`` under ``name``, where either its name or its place matters."""
    if part_of == _HIDDEN or key == _HIDDEN:
        return hidden(value)
    if key == _NAMED_VALUE:
        beside = node.get("name") or node.get("key")
        key = _KEY_OF[says(beside)] if type(beside) is str else _PLAIN
    if (part_of == _CREDENTIAL and name in LITERAL_FIELDS) or (
        part_of == _CREDENTIAL_MAP and key in {_PLAIN, _UNFIT} and not is_about(name)
    ):
        key = _CREDENTIAL
    if key == _CREDENTIAL and not is_innocent(value) and not _refers(node, name, value, part_of):
        return mask(value)
    if key == _MAYBE and value not in _known_dull:
        if looks_random(value) or ("auth" in name.lower() and is_basic_login(value)):
            return mask(value)
        _remember(_known_dull, value)
    return mask_string(value)


def _refers(node: dict[str, Any], name: str, value: str, part_of: int) -> bool:
    """Whether ``value`` names an object or a key in one, although its field sounds like a credential."""
    if part_of == _REFERRING and name == "secret":
        return True
    beside = name in {"secretKey", "secret"} and any(other in node for other in _SIBLINGS)
    return beside and len(value) <= 253 and not looks_random(value)


def _inside(name: str, key: int, part_of: int) -> int:
    """What a map or list under ``name`` is part of."""
    if part_of == _HIDDEN or key == _HIDDEN:
        return _HIDDEN
    if key == _CREDENTIAL_MAP or (part_of == _CREDENTIAL_MAP and not is_about(name)):
        return _CREDENTIAL_MAP
    if part_of == _CREDENTIAL and name in LITERAL_FIELDS:
        return _CREDENTIAL_MAP
    return key if key in {_CREDENTIAL, _REFERRING} else _PLAIN


def _learn(name: Any) -> int:
    """The class of a field's name, remembered unless the name itself cannot be shown as it is."""
    if type(name) is not str:  # YAML has maps by number
        return _PLAIN
    if (len(name) >= _SHORTEST_CREDENTIAL and mask_text(name) != name) or not name.isprintable():
        return _UNFIT
    key = _SPECIAL.get(name, _KEY_OF[says(name)])
    if len(_known_keys) >= _MOST_KNOWN:
        _known_keys.clear()
        _known_keys.update(_SPECIAL)
    _known_keys[name] = key
    return key


def mask_string(value: str) -> str:
    """`mask_text`, remembering short strings in which nothing was found."""
    if value in _known_clean:
        return value
    masked = mask_text(value) if len(value) >= _SHORTEST_CREDENTIAL else clean_text(value)
    if masked == value and "\n" not in value:  # what has several lines is looked at by its name
        _remember(_known_clean, value)
    return masked


def _remember(known: set[str], value: str) -> None:
    if len(value) <= _LONGEST_KNOWN:
        if len(known) >= _MOST_KNOWN:
            known.clear()
        known.add(value)


def _mask_command(items: list[Any]) -> None:
    """What `mask_text` finds only in a whole command, found in its separate arguments."""
    words = [item for item in items if type(item) is str]
    if len(words) < 2 or len(words) < len(items):
        return
    line = "\0".join(words)
    for start, _ in find_command_credentials(line.replace("\0", " ")):
        at = line.count("\0", 0, start)
        offset = start - (line.rfind("\0", 0, start) + 1)
        items[at] = f"{words[at][:offset]}{mask(words[at][offset:])}"
