"""A tree of related objects as text, with each one's status."""

from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.graph.walk import Branch
from kube_mcp.objects import Ref
from kube_mcp.scene import Scene, Unreadable, key_for
from kube_mcp.words.status import status_of

_LONGEST_LINE = 200


def relations_text(tree: Branch, scene: Scene, *, max_bytes: int) -> str:
    """The tree, one object a line, within ``max_bytes`` of UTF-8.

    Each line has the relation as seen from the object above, the object, and its status in
    kubectl's words; an object that is named but does not exist says so. It ends with what was left
    out, here or by the limits of the walk, and with what could not be read.
    """
    lines = list(_lines(tree, scene, 0))
    gaps = [f"Not read: {reason}." for reason in dict.fromkeys(scene.unreadable.values())][:8]
    gaps += [f"Partly read: {reason}." for reason in dict.fromkeys(scene.partial.values())][:4]
    room = max_bytes - sum(len(gap.encode()) + 1 for gap in gaps) - 60
    kept: list[str] = []
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            kept.append(f"({len(lines) - len(kept)} more lines left out for size)")
            break
        kept.append(line)
    return "\n".join([*kept, *gaps])


def _lines(branch: Branch, scene: Scene, level: int, above: Ref | None = None) -> Iterator[str]:
    indent = "  " * level
    word = f"{branch.word} " if branch.word else ""
    detail = f" ({branch.detail})" if branch.detail else ""
    status = _status(branch.ref, scene)
    line = f"{indent}{word}{_name(branch.ref, above)}{f': {status}' if status else ''}{detail}"
    yield line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1]}…"
    for each in branch.below:
        yield from _lines(each, scene, level + 1, branch.ref)
    if branch.left_out:
        listed = ", ".join(f"{count} {name}" for name, count in branch.left_out.items())
        yield f"{indent}  … left out: {listed}"


def _name(ref: Ref, above: Ref | None) -> str:
    """``Kind name``, with the namespace where it is another one than the line above's."""
    beside = above is not None and above.namespace == ref.namespace
    return f"{ref.kind} {ref.name}" if beside else ref.full


def _status(ref: Ref, scene: Scene) -> str:
    key = key_for(ref.kind, ref.group)
    if not scene.can_see(key):
        return ""
    try:
        found = scene.get(key, ref.namespace, ref.name)
    except Unreadable:
        return ""
    return "does not exist" if found is None else status_of(found)
