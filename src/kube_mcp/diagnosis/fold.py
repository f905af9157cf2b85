"""Folds findings: many pods of one workload into one, consequences under their causes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from kube_mcp.diagnosis.finding import Finding, Folded, Root
from kube_mcp.objects import Ref

# So many alike are one trouble; fewer are told one by one.
_MANY = 3


def merge(findings: Iterable[Finding]) -> list[Folded]:
    """One `Folded` for each check, subject and part: ten crashing pods of a Deployment are one."""
    groups: dict[tuple[str, Ref, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.code, finding.subject, finding.part), []).append(finding)
    return [_fold(group) for group in groups.values()]


def _fold(group: Sequence[Finding]) -> Folded:
    # The surest and worst makes the example; the reference keeps the choice the same every time.
    ordered = sorted(group, key=lambda each: (-each.severity, -each.confidence, each.ref))
    times = [each.since for each in group if each.since is not None]
    return Folded(
        first=ordered[0],
        refs=tuple(dict.fromkeys(each.ref for each in ordered)),
        blames=frozenset().union(*(each.blames for each in group)),
        explains=frozenset().union(*(each.explains for each in group)),
        victims=frozenset().union(*(each.victims for each in group)),
        since=min(times) if times else None,
    )


def causes(folded: Sequence[Folded]) -> list[Root]:
    """The findings that nothing explains, each with all that follows from it.

    A symptom of the very objects that another finding of the chain is about says nothing new,
    and is left out.
    """
    parent = _parents(folded)
    children: dict[int, list[int]] = defaultdict(list)
    for effect, cause in parent.items():
        children[cause].append(effect)
    return [_root(index, folded, children) for index in range(len(folded)) if index not in parent]


def _root(top: int, folded: Sequence[Folded], children: Mapping[int, Sequence[int]]) -> Root:
    order: list[int] = []
    level = list(children.get(top, ()))
    while level:
        level.sort(key=lambda index: (folded[index].code, folded[index].subject))
        order += level
        level = [below for index in level for below in children.get(index, ())]
    chain = [folded[top], *(folded[index] for index in order)]
    told: set[Ref] = set().union(*(each.refs for each in chain if not each.first.symptom))
    hurt: set[Ref] = set().union(*({*each.refs, *each.victims, each.subject} for each in chain))
    return Root(
        finding=folded[top],
        severity=max(each.first.severity for each in chain),
        consequences=tuple(
            each for each in chain[1:] if not (each.first.symptom and told.issuperset(each.refs))
        ),
        reach=len(hurt),
    )


def _parents(folded: Sequence[Folded]) -> dict[int, int]:
    """For each finding that another one explains, the best such other; never in a circle."""
    about: dict[Ref, list[int]] = defaultdict(list)
    explaining: dict[Ref, list[int]] = defaultdict(list)
    for index, each in enumerate(folded):
        for ref in {*each.refs, each.subject}:
            about[ref].append(index)
        for ref in each.explains:
            explaining[ref].append(index)

    parent: dict[int, int] = {}
    for index, each in enumerate(folded):
        own = {*each.refs, each.subject}
        candidates = {other for ref in each.blames for other in about.get(ref, ())}
        # What it blames may have no finding of its own but be explained by another: the Secret
        # that a SealedSecret should have made.
        candidates |= {other for ref in (*own, *each.blames) for other in explaining.get(ref, ())}
        if each.first.symptom:
            candidates |= {
                other
                for ref in own
                for other in about.get(ref, ())
                if not folded[other].first.symptom
            }
        candidates.discard(index)
        for other in sorted(candidates, key=lambda at: _strength(folded[at])):
            if not _leads_to(parent, other, index):
                parent[index] = other
                break
    _join_shared(folded, parent)
    return parent


def _join_shared(folded: Sequence[Folded], parent: dict[int, int]) -> None:
    """Puts findings that share a cause outside of the cluster under one of them."""
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, each in enumerate(folded):
        if each.first.shared and index not in parent:
            groups[each.code, each.first.shared].append(index)
    for group in groups.values():
        # Two say more when each is told in full.
        if len(group) < _MANY:
            continue
        top, *others = sorted(group, key=lambda at: (-len(folded[at].refs), *_strength(folded[at])))
        for index in others:
            if not _leads_to(parent, top, index):
                parent[index] = top


def _strength(each: Folded) -> tuple[object, ...]:
    """Sorts the likelier cause first: a reason before a symptom, then the worse and surer one."""
    first = each.first
    return (first.symptom, -first.severity, -first.confidence, first.code, first.ref)


def _leads_to(parent: Mapping[int, int], start: int, end: int) -> bool:
    at: int | None = start
    while at is not None:
        if at == end:
            return True
        at = parent.get(at)
    return False


def rank(roots: Iterable[Root]) -> tuple[Root, ...]:
    """Worst first, then what hurts most, then the surest, then the most recent."""

    def order(root: Root) -> tuple[object, ...]:
        first = root.finding.first
        # A symptom at the top is a cause nobody found: whatever is explained comes before it.
        return (
            -root.severity,
            first.symptom,
            -root.reach,
            -first.confidence,
            -_seconds(root.finding.since),
            first.code,
            root.finding.subject,
        )

    return tuple(sorted(roots, key=order))


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
