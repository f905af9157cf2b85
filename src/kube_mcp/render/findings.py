"""A diagnosis as text: causes first, each with its proof, what follows from it and what to do.

The text is cut to a number of bytes by saying less about the last findings, never by hiding that
there are more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from kube_mcp.diagnosis.finding import CERTAIN, INFO, Diagnosis, Folded, Root, Severity, Skipped
from kube_mcp.objects import Ref
from kube_mcp.words.times import age

# A finding's reader needs the first proofs; the rest is one call away.
_EVIDENCE_LINES = 6
_NAMES_A_CODE = 3
_CODES_A_CHAIN = 6
_CODES_A_SKIP = 4
_LONGEST_LINE = 320
_NOTES = 8


def findings_text(diagnosis: Diagnosis, *, max_bytes: int) -> str:
    """The whole diagnosis within ``max_bytes`` of UTF-8, ending with what was left out.

    Everything that was not checked is named with its reason even where findings had to be
    shortened: an answer must not look more complete than it is.
    """
    head = _header(diagnosis)
    closing = _closing([*_notes(diagnosis), *_skipped(diagnosis.skipped)], max_bytes // 3)
    # Two line breaks around each part, and room for the sentence about what was left out.
    room = max_bytes - len(head.encode()) - len(closing.encode()) - 260
    body, left_out = _fit(diagnosis, room)
    parts = [head, *body, left_out, closing]
    return _cut_bytes("\n\n".join(part for part in parts if part), max_bytes)


def _header(diagnosis: Diagnosis) -> str:
    where = f"namespace {diagnosis.namespace}" if diagnosis.namespace else "the cluster"
    if diagnosis.about is not None:
        where = f"what concerns {diagnosis.about.full}"
    looked = _looked_at(diagnosis)
    if not diagnosis.roots:
        unless = ", as far as it could be read" if diagnosis.skipped else ""
        return f"Nothing found wrong in {where}{unless}.{looked}"
    counts = Counter(root.severity for root in diagnosis.roots)
    by_severity = ", ".join(f"{counts[each]} {each}" for each in sorted(counts, reverse=True))
    folded = sum(len(root.consequences) for root in diagnosis.roots)
    also = f", with {folded} consequence{'' if folded == 1 else 's'} folded in" if folded else ""
    total = len(diagnosis.roots)
    causes = "1 finding" if total == 1 else f"{total} findings"
    return f"{causes} in {where}: {by_severity}{also}.{looked}"


def _looked_at(diagnosis: Diagnosis) -> str:
    shown = [
        f"{diagnosis.checked[key]} {key}"
        for key in ("Pod", "Deployment", "StatefulSet", "Service", "Node")
        if diagnosis.checked.get(key)
    ]
    kinds = len(diagnosis.checked)
    listed = f" ({', '.join(shown)})" if shown else ""
    return f" {diagnosis.checks_run} checks ran over {kinds} kinds{listed}."


def _fit(diagnosis: Diagnosis, room: int) -> tuple[list[str], str]:
    roots = diagnosis.roots
    lines = [_one_line(number, root, diagnosis) for number, root in _numbered(roots)]
    shown: list[str] = []
    used = 0
    for line in lines:
        size = len(line.encode()) + 2
        if used + size > room:
            break
        shown.append(line)
        used += size
    for form in (_brief, _full):
        for index, (number, root) in enumerate(_numbered(roots[: len(shown)])):
            longer = form(number, root, diagnosis)
            more = len(longer.encode()) - len(shown[index].encode())
            if more > 0 and used + more <= room:
                shown[index] = longer
                used += more
    hidden = roots[len(shown) :]
    return shown, _left_out(hidden)


def _numbered(roots: Sequence[Root]) -> Iterable[tuple[int, Root]]:
    return enumerate(roots, start=1)


def _left_out(hidden: Sequence[Root]) -> str:
    if not hidden:
        return ""
    counts = Counter(root.finding.code for root in hidden)
    listed = ", ".join(f"{count} {code}" for code, count in counts.most_common(5))
    return f"Left out for size: {len(hidden)} findings ({listed}). Ask for one namespace or object."


def _one_line(number: int, root: Root, diagnosis: Diagnosis) -> str:
    return _cut(f"{_label(number, root, diagnosis)}: {root.finding.first.title}", 200)


def _brief(number: int, root: Root, diagnosis: Diagnosis) -> str:
    lines = [
        _label(number, root, diagnosis),
        f"   {root.finding.first.title}",
        *_chain(root)[:1],
        f"   next: {root.finding.first.next}",
    ]
    return "\n".join(_cut(line) for line in lines)


def _full(number: int, root: Root, diagnosis: Diagnosis) -> str:
    first = root.finding.first
    lines = [_label(number, root, diagnosis), f"   {first.title}"]
    for index, (path, value) in enumerate(first.evidence[:_EVIDENCE_LINES]):
        lines.append(f"   {'because' if index == 0 else '       '} {path}: {value}")
    if len(first.evidence) > _EVIDENCE_LINES:
        lines.append(f"           and {len(first.evidence) - _EVIDENCE_LINES} more")
    lines += _chain(root)
    lines.append(f"   next: {first.next}")
    return "\n".join(_cut(line) for line in lines)


def _label(number: int, root: Root, diagnosis: Diagnosis) -> str:
    finding = root.finding
    words = [f"{number}. {root.severity} {finding.code} {_place(finding.subject)}"]
    instances = [ref for ref in finding.refs if ref != finding.subject]
    if len(instances) == 1:
        words.append(f"({_place(instances[0], near=finding.subject)})")
    elif instances:
        kind = instances[0].kind.lower()
        words.append(f"({len(instances)} {kind}s, such as {instances[0].name})")
    if finding.first.confidence != CERTAIN:
        words.append(f"[{finding.first.confidence}]")
    if finding.since is not None:
        words.append(f"since {age(finding.since, diagnosis.now)}")
    return " ".join(words)


def _place(ref: Ref, *, near: Ref | None = None) -> str:
    """``Kind namespace/name``, without the namespace where it is the one beside it."""
    if near is not None and near.namespace == ref.namespace:
        return f"{ref.kind} {ref.name}"
    return ref.full


def _chain(root: Root) -> list[str]:
    """``   so: service-has-no-ready-endpoints Service web, ...``: what follows, nearest first."""
    if not root.consequences:
        return []
    by_code: dict[str, list[Folded]] = defaultdict(list)
    for each in root.consequences:
        by_code[each.code].append(each)
    parts = []
    for code, group in list(by_code.items())[:_CODES_A_CHAIN]:
        names = [_place(each.subject, near=root.finding.subject) for each in group]
        more = f" and {len(names) - _NAMES_A_CODE} more" if len(names) > _NAMES_A_CODE else ""
        parts.append(f"{code} {', '.join(names[:_NAMES_A_CODE])}{more}")
    if len(root.consequences) == 1 or not root.consequences[0].first.symptom:
        # The first consequence tells how the cause hurts, where it is no mere "not ready".
        parts[0] += f" ({_cut(root.consequences[0].first.title, 140)})"
    if len(by_code) > _CODES_A_CHAIN:
        parts.append(f"{len(by_code) - _CODES_A_CHAIN} further kinds of consequence")
    return [f"   so: {'; '.join(parts)}"]


def _closing(lines: Sequence[str], room: int) -> str:
    kept: list[str] = []
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 60:
            kept.append(f"({len(lines) - len(kept)} more such lines left out for size)")
            break
        kept.append(line)
    return "\n".join(kept)


def _notes(diagnosis: Diagnosis) -> list[str]:
    """What somebody chose and nothing suffers from, in one line."""
    if not diagnosis.notes:
        return []
    shown = [
        f"{root.finding.code} {_place(root.finding.subject)} ({_cut(root.finding.first.title, 80)})"
        for root in diagnosis.notes[:_NOTES]
    ]
    more = len(diagnosis.notes) - len(shown)
    return [f"Noted, nothing suffers: {'; '.join(shown)}{f'; and {more} more' if more else ''}."]


def _skipped(skipped: Sequence[Skipped]) -> list[str]:
    lines = []
    for each in skipped:
        codes = ", ".join(each.codes[:_CODES_A_SKIP])
        more = len(each.codes) - _CODES_A_SKIP
        lines.append(
            f"Not checked: {each.reason} ({codes}{f' and {more} more' if more > 0 else ''})."
        )
    return lines


def _cut(line: str, most: int = _LONGEST_LINE) -> str:
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _cut_bytes(text: str, most: int) -> str:
    raw = text.encode()
    if len(raw) <= most:
        return text
    return f"{raw[: max(0, most - 4)].decode(errors='ignore').rstrip()} …"


def severities(diagnosis: Diagnosis) -> dict[Severity, int]:
    """How many findings there are of each severity, notes as info. For a summary elsewhere."""
    counts = Counter(root.severity for root in diagnosis.roots)
    counts[INFO] += len(diagnosis.notes)
    return dict(counts)
