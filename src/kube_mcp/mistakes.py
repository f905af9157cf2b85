"""What is wrong with one setting, in a sentence, and what can be looked at in spite of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from kube_mcp.errors import suggest

#: Stands where a value that is needed is missing or of the wrong kind, so that the others can be
#: looked at; a problem that names it is none of the operator's.
STAND_IN = "https://stand-in.invalid/"

_EXPECTED: Mapping[str, str] = {
    "string_type": "expected a text",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "finite_number": "expected a number",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected at least {ge}",
    "less_than": "expected less than {lt}",
    "less_than_equal": "expected at most {le}",
    "literal_error": "expected {expected}",
    "string_pattern_mismatch": "expected a text that matches {pattern}",
    "string_too_long": "expected at most {max_length} characters",
}


def sentence(error: Mapping[str, Any], root: type[BaseModel]) -> str:
    """One problem that pydantic found in ``root``, in words for who wrote the file."""
    loc = error["loc"]
    where, name = _where(loc)
    if error["type"] == "extra_forbidden":
        return f"{where}'{name}' is not a setting. {_meant(loc, root)}"
    if error["type"] == "missing":
        return f"{where}{name} is missing."
    given = error.get("input")
    bounds = {
        key: f"{value:g}" if isinstance(value, float) else value
        for key, value in error.get("ctx", {}).items()
    }
    expected = _EXPECTED.get(error["type"], "").format(**bounds)
    if not expected:
        expected = (
            _shape(loc, _field(root, loc)) or f"{str(error['msg'])[:1].lower()}{error['msg'][1:]}"
        )
    shown = "" if isinstance(given, Mapping | list) else f" (it is {given!r:.80})"
    return f"{where}{name}{': ' if name else ''}{expected}{shown}."


def tables_below(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Every table as it is headed in a file, ``[server]`` or ``[[auth.issuers]]``, and its model."""
    for name, field in model.model_fields.items():
        inner, many = inner_model(field)
        if inner is not None:
            path = f"{prefix}{name}"
            yield (f"[[{path}]]" if many else f"[{path}]"), inner
            yield from tables_below(inner, f"{path}.")


def inner_model(field: FieldInfo) -> tuple[type[BaseModel] | None, bool]:
    """The model of a table, or of each in a list of tables, and whether it is a list."""
    many = get_origin(field.annotation) is tuple
    inner = get_args(field.annotation)[0] if many else field.annotation
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return inner, many
    return None, False


def mended(
    given: Any, errors: Sequence[Mapping[str, Any]], root: type[BaseModel]
) -> dict[str, Any] | None:
    """``given`` with what pydantic objected to left out, or replaced by what was meant.

    A single value where a list is expected becomes a list of one. None where nothing is left.
    """
    found: Any = _copied(given)
    for error in errors:
        if not error["loc"]:
            return None
        *parents, last = error["loc"]
        holder = found
        for part in parents:
            holder = _at(holder, part)
        if isinstance(holder, dict | list):
            _mend(holder, last, error["type"], _field(root, error["loc"]))
    return found if isinstance(found, dict) else None


def _mend(holder: Any, last: Any, kind: str, field: FieldInfo | None) -> None:
    is_table = field is not None and inner_model(field)[0] is not None
    value = _at(holder, last)
    if isinstance(last, int):
        holder[last] = {} if is_table else STAND_IN
    elif kind == "tuple_type" and isinstance(value, dict if is_table else str):
        holder[last] = [value]
    elif field is not None and field.is_required():
        many = get_origin(field.annotation) is tuple
        holder[last] = [STAND_IN] if many else STAND_IN
    else:
        holder.pop(last, None)


def _at(holder: Any, part: Any) -> Any:
    if isinstance(holder, dict):
        return holder.get(part)
    if isinstance(holder, list) and isinstance(part, int) and part < len(holder):
        return holder[part]
    return None


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list | tuple) else value


def _where(loc: Sequence[Any]) -> tuple[str, str]:
    """The entry of a list that is meant, ready to be put before the name, and the name.

    ``auth.issuers, entry 1: `` and ``audience``; the former is empty outside of lists.
    """
    entries = ""
    names: list[str] = []
    for part in loc:
        if isinstance(part, int):
            entries += f"{'.'.join(names)}, entry {part + 1}: "
            names = []
        else:
            names.append(str(part))
    return entries, ".".join(names)


def _field(root: type[BaseModel], loc: Sequence[Any]) -> FieldInfo | None:
    """The setting an error is about; of an entry in a list, the list."""
    model: type[BaseModel] | None = root
    field: FieldInfo | None = None
    for part in loc:
        if isinstance(part, int):
            continue
        if model is None or part not in model.model_fields:
            return None
        field = model.model_fields[part]
        model = inner_model(field)[0]
    return field


def _shape(loc: Sequence[Any], field: FieldInfo | None) -> str:
    """What a setting that is a table or a list looks like."""
    if field is None:
        return ""
    inner, many = inner_model(field)
    if inner is not None:
        path = ".".join(str(part) for part in loc if not isinstance(part, int))
        return f"expected {'tables' if many else 'a table'}, headed {_headed(path, many=many)}"
    if get_origin(field.annotation) is tuple:
        return 'expected a list, such as ["a", "b"]'
    return ""


def _headed(path: str, *, many: bool) -> str:
    return f"[[{path}]]" if many else f"[{path}]"


def _meant(loc: Sequence[Any], root: type[BaseModel]) -> str:
    """What somebody who wrote an unknown key will have meant."""
    *parents, last = [str(part) for part in loc if not isinstance(part, int)]
    tables = dict(tables_below(root))
    holds = [heading for heading, model in tables.items() if last in model.model_fields]
    if holds:
        return f"It is a key of {' or '.join(holds)}."
    model: type[BaseModel] | None = root
    for part in parents:
        field = model.model_fields.get(part) if model is not None else None
        model = inner_model(field)[0] if field is not None else None
    known = list(model.model_fields) if model is not None else []
    return suggest(last, known) or f"There are: {', '.join(known)}."
