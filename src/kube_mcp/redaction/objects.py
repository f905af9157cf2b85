"""Objects as they leave the cluster: what is a credential by its field, its name or its look.

An object is masked in place and given back: thousands of freshly decoded ones pass here, and
nobody else holds them yet.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from kube_mcp.redaction.commands import find_command_credentials
from kube_mcp.redaction.names import Says, is_about, says
from kube_mcp.redaction.text import mask_text
from kube_mcp.redaction.values import (
    is_basic_login,
    is_innocent,
    is_reference,
    looks_random,
    mask,
)

__all__ = ["mask_object", "mask_tree"]


class _Key(IntEnum):
    """What the walk does with the value under a field's name."""

    PLAIN = 0
    #: Written by the API server or a kubelet, never by a person: ids and times.
    SKIPPED = 1
    MAYBE = 2
    CREDENTIAL = 3
    #: ``value`` beside a ``name`` that says what it is.
    NAMED_VALUE = 4
    #: The whole value goes, whatever it is.
    HIDDEN = 5
    #: Every value in this map is a credential: ``stringData``.
    HIDDEN_MAP = 6
    #: A map of credentials, in charts' values: ``secrets: {database: x}``.
    CREDENTIAL_MAP = 7
    DROPPED = 8
    #: The type of an object in an object.
    KIND = 9
    #: The name itself holds what must not be shown.
    UNFIT = 10


_KEY_OF = {
    Says.NOTHING: _Key.PLAIN,
    Says.MAYBE: _Key.MAYBE,
    Says.CREDENTIAL: _Key.CREDENTIAL,
}


_SPECIAL = {
    "managedFields": _Key.DROPPED,
    "kind": _Key.KIND,
    "value": _Key.NAMED_VALUE,
    "stringData": _Key.HIDDEN_MAP,
    "encryptedData": _Key.HIDDEN_MAP,
    "binaryData": _Key.HIDDEN_MAP,
    "secrets": _Key.CREDENTIAL_MAP,
    "secretEnv": _Key.CREDENTIAL_MAP,
    "secretEnvs": _Key.CREDENTIAL_MAP,
    "envSecrets": _Key.CREDENTIAL_MAP,
    "extraSecrets": _Key.CREDENTIAL_MAP,
    # Copies of whole objects, some compressed: they would show what is masked beside them.
    "kubectl.kubernetes.io/last-applied-configuration": _Key.HIDDEN,
    "objectset.rio.cattle.io/applied": _Key.HIDDEN,
    "kapp.k14s.io/original": _Key.HIDDEN,
    "kapp.k14s.io/original-diff": _Key.HIDDEN,
    "banzaicloud.com/last-applied": _Key.HIDDEN,
    # Public by purpose, and the credential words in their names mislead.
    "caBundle": _Key.PLAIN,
    "secretKeyRef": _Key.PLAIN,
    "imagePullSecrets": _Key.PLAIN,
    "serviceAccountToken": _Key.PLAIN,
    "encryptionConfiguration": _Key.PLAIN,
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
    _Key.SKIPPED,
)

# Under a map that is a credential, the field that holds it: `password: {value: x}`.
_LITERALS = frozenset({
    "value", "data", "plain", "plaintext", "plainText", "literal", "inline", "inlineString", "content",
    "raw", "default", "string", "stringValue", "text",
})  # fmt: skip
# A sibling that names an object makes `secretKey: db-password` the name of a key in it.
_REFERRING = ("remoteRef", "secretName", "secretRef", "existingSecret", "valueFrom", "sourceRef")
# Files with a form of their own: read line by line, whatever they are called.
_CONFIG_ENDINGS = frozenset({
    "yaml", "yml", "json", "jsonnet", "toml", "ini", "conf", "config", "cfg", "cnf", "properties", "xml",
    "env", "sh", "bash", "py", "lua", "js", "ts", "sql", "rb", "php", "tpl", "tmpl", "template", "md",
    "html", "css", "hcl", "tf", "groovy", "crt", "rules", "service",
})  # fmt: skip
# Traefik names the Secret in a field called just `secret`.
_REFERS_BY_SECRET = frozenset({"basicAuth", "digestAuth"})


class _In(IntEnum):
    """What the map or list being walked is part of."""

    PLAIN = 0
    #: Under a name that says credential: `password: {value: x}`, `tokens: [x]`.
    CREDENTIAL = 1
    #: A map whose every value is one, unless its name says otherwise.
    CREDENTIAL_MAP = 2
    #: Nothing in it is shown.
    HIDDEN = 3
    #: A field called just `secret` names an object in it.
    REFERRING = 4


# What was learnt: names of fields, and short strings in which nothing was found. Neither holds
# anything that would be masked, so keeping them gives nothing away.
_known_keys: dict[str, _Key] = dict(_SPECIAL)
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
    _mask_by_kind(obj, kind)
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
    todo: list[tuple[Any, _In]] = [(root, _In.PLAIN)]
    key_of = _known_keys.get
    while todo:
        node, part_of = todo.pop()
        if type(node) is list:
            _walk_list(node, part_of, todo)
            continue
        unfit: list[str] = []
        for name, value in node.items():
            key = key_of(name)
            if key is None:
                key = _learn(name)
                if key is _Key.UNFIT:
                    unfit.append(name)
            shape = type(value)
            if shape is str:
                if key is _Key.PLAIN and part_of is _In.PLAIN:
                    if (
                        len(value) >= _SHORTEST_CREDENTIAL and value not in _known_clean
                    ) or not value.isprintable():
                        node[name] = _text(value)
                elif key is not _Key.SKIPPED or part_of is _In.HIDDEN:
                    node[name] = _string(node, name, value, key, part_of)
                    if key is _Key.KIND:
                        _mask_by_kind(node, value)
            elif (shape is dict or shape is list) and value:
                if key is _Key.DROPPED:
                    unfit.append(name)
                else:
                    todo.append((value, _inside(name, key, part_of)))
        for name in unfit:
            value = node.pop(name)
            if key_of(name) is not _Key.DROPPED:
                node[mask_text(name)] = value
    return root


def _walk_list(items: list[Any], part_of: _In, todo: list[tuple[Any, _In]]) -> None:
    flag = False  # whether the item before was a flag that takes a credential
    for at, item in enumerate(items):
        shape = type(item)
        if shape is str:
            if part_of is _In.HIDDEN or (
                (part_of is _In.CREDENTIAL or (flag and item[:1] != "-")) and not is_innocent(item)
            ):
                items[at] = mask(item)
            elif len(item) >= _SHORTEST_CREDENTIAL or not item.isprintable():
                items[at] = _text(item)
            flag = (
                item[:1] == "-"
                and " " not in item
                and "=" not in item
                and ((_known_keys.get(item) or _learn(item)) is _Key.CREDENTIAL)
            )
        else:
            flag = False
            if (shape is dict or shape is list) and item:
                todo.append((item, _In.CREDENTIAL if part_of is _In.CREDENTIAL_MAP else part_of))
    if len(items) > 1 and type(items[0]) is str and part_of is _In.PLAIN:
        _mask_command(items)


def _string(node: dict[str, Any], name: str, value: str, key: _Key, part_of: _In) -> str:
    """The string ``value`` under ``name``, where either its name or its place matters."""
    if part_of is _In.HIDDEN or key is _Key.HIDDEN or key is _Key.HIDDEN_MAP:
        return value if is_reference(value) else mask(value)
    if key is _Key.NAMED_VALUE:
        beside = node.get("name") or node.get("key")
        key = _KEY_OF[says(beside)] if type(beside) is str else _Key.PLAIN
    if (part_of is _In.CREDENTIAL and name in _LITERALS) or (
        part_of is _In.CREDENTIAL_MAP and key is _Key.PLAIN and not is_about(name)
    ):
        key = _Key.CREDENTIAL
    if (
        key is _Key.CREDENTIAL
        and not is_innocent(value)
        and not _refers(node, name, value, part_of)
    ):
        return mask(value)
    if key is _Key.MAYBE and value not in _known_dull:
        if looks_random(value) or ("auth" in name.lower() and is_basic_login(value)):
            return mask(value)
        _remember(_known_dull, value)
    return _text(value)


def _refers(node: dict[str, Any], name: str, value: str, part_of: _In) -> bool:
    """Whether ``value`` names an object or a key in one, although its field sounds like a credential."""
    if part_of is _In.REFERRING and name == "secret":
        return True
    beside = name in {"secretKey", "secret"} and any(other in node for other in _REFERRING)
    return beside and len(value) <= 253 and not looks_random(value)


def _inside(name: str, key: _Key, part_of: _In) -> _In:
    """What a map or list under ``name`` is part of."""
    if part_of is _In.HIDDEN or key is _Key.HIDDEN or key is _Key.HIDDEN_MAP:
        return _In.HIDDEN
    if key is _Key.CREDENTIAL_MAP or (part_of is _In.CREDENTIAL_MAP and not is_about(name)):
        return _In.CREDENTIAL_MAP
    if part_of is _In.CREDENTIAL and name in _LITERALS:
        return _In.CREDENTIAL_MAP
    if key is _Key.CREDENTIAL:
        return _In.CREDENTIAL
    return _In.REFERRING if name in _REFERS_BY_SECRET else _In.PLAIN


def _learn(name: Any) -> _Key:
    """The class of a field's name, remembered unless the name itself cannot be shown as it is."""
    if type(name) is not str:  # YAML has maps by number
        return _Key.PLAIN
    if (len(name) >= _SHORTEST_CREDENTIAL and mask_text(name) != name) or not name.isprintable():
        return _Key.UNFIT
    key = _KEY_OF[says(name)]
    if len(_known_keys) >= _MOST_KNOWN:
        _known_keys.clear()
        _known_keys.update(_SPECIAL)
    _known_keys[name] = key
    return key


def _text(value: str) -> str:
    if value in _known_clean:
        return value
    masked = mask_text(value)
    if masked == value:
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
    if len(words) < len(items):
        return
    line = "\0".join(words)
    for start, _ in find_command_credentials(line.replace("\0", " ")):
        at = line.count("\0", 0, start)
        offset = start - (line.rfind("\0", 0, start) + 1)
        items[at] = f"{words[at][:offset]}{mask(words[at][offset:])}"


def _mask_by_kind(node: dict[str, Any], kind: str) -> None:
    if kind == "Secret":
        _hide_values(node)
    elif kind == "ConfigMap":
        _mask_config(node)
    elif kind == "SealedSecret":
        _hide_template(node)


def _hide_values(secret: dict[str, Any]) -> None:
    """Every value of a Secret, whichever way it came here; the keys stay."""
    for field in ("data", "stringData"):
        values = secret.get(field)
        if isinstance(values, dict):
            for key, value in values.items():
                values[key] = mask(value) if isinstance(value, str) else None
        elif values is not None:
            secret[field] = mask(str(values))


def _hide_template(sealed: dict[str, Any]) -> None:
    """The plain values that a SealedSecret's template adds to the Secret."""
    spec = sealed.get("spec")
    template = spec.get("template") if isinstance(spec, dict) else None
    if isinstance(template, dict):
        _hide_values(template)


def _mask_config(config: dict[str, Any]) -> None:
    """A ConfigMap's values: whole if the key says so, else by their lines."""
    data = config.get("data")
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        if isinstance(value, str):
            data[key] = _config_value(key, value)


def _config_value(key: str, value: str) -> str:
    stem, dot, ending = key.rpartition(".")
    is_file = bool(dot) and ending.lower() in _CONFIG_ENDINGS
    verdict = says(stem if dot and stem and (is_file or ending in {"txt", "key"}) else key)
    if verdict is Says.CREDENTIAL and not is_innocent(value):
        if not is_file or not ("\n" in value.strip() or ":" in value or "=" in value):
            return mask(value)
    elif verdict is Says.MAYBE and (looks_random(value.strip()) or is_basic_login(value.strip())):
        return mask(value)
    return mask_text(value)
