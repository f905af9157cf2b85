"""The kinds of objects whose values are masked in a way of their own: Secrets and ConfigMaps."""

from __future__ import annotations

from typing import Any

from kube_mcp.redaction.names import Says, says
from kube_mcp.redaction.text import mask_text
from kube_mcp.redaction.values import is_basic_login, is_innocent, is_masked, looks_random, mask

# Files with a form of their own: read line by line, whatever they are called.
_CONFIG_ENDINGS = frozenset({
    "yaml", "yml", "json", "jsonnet", "toml", "ini", "conf", "config", "cfg", "cnf", "properties", "xml",
    "env", "sh", "bash", "py", "lua", "js", "ts", "sql", "rb", "php", "tpl", "tmpl", "template", "md",
    "html", "css", "hcl", "tf", "groovy", "crt", "rules", "service",
})  # fmt: skip


def mask_by_kind(node: dict[str, Any], kind: str) -> None:
    """Mask in place what ``kind`` says about ``node``; the rest is for the walk."""
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
                values[key] = hidden(value) if isinstance(value, str) else None
        elif values is not None:
            secret[field] = hidden(str(values))


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


def hidden(value: str) -> str:
    """``value`` masked, once."""
    return value if is_masked(value) else mask(value)
