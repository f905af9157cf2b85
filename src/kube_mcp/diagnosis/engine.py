"""Runs checks over a scene, folds what follows under what caused it, and ranks the causes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from kube_mcp.diagnosis.check import ANY_CUSTOM_KIND, Check
from kube_mcp.diagnosis.finding import INFO, Diagnosis, Finding, Skipped
from kube_mcp.diagnosis.fold import causes, merge, rank
from kube_mcp.scene import BUILT_IN, Scene, Unreadable, ref_to


def run(checks: Sequence[Check], scene: Scene) -> Diagnosis:
    """Everything the checks have to say about the scene. Never raises for what a cluster holds.

    A check that could not look is in ``skipped`` with the reason, never silent.
    """
    outcome = _Run(scene)
    for each in checks:
        outcome.take(each)
    roots = rank(causes(merge(outcome.findings)))
    return Diagnosis(
        now=scene.now,
        namespace=scene.namespace,
        roots=tuple(root for root in roots if root.severity > INFO),
        notes=tuple(root for root in roots if root.severity == INFO),
        skipped=tuple(
            Skipped(reason, tuple(sorted(codes)))
            for reason, codes in sorted(outcome.skipped.items())
        ),
        checked=dict(outcome.checked),
        checks_run=outcome.ran,
    )


class _Run:
    """Collects what one run over one scene brings."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.findings: list[Finding] = []
        self.skipped: dict[str, set[str]] = defaultdict(set)
        self.checked: Counter[str] = Counter()
        self.ran = 0

    def take(self, each: Check) -> None:
        missing = [kind for kind in sorted(each.needs) if not self.scene.can_see(kind)]
        if missing:
            self._skip(each, missing)
            return
        looked = False
        for kind in self._kinds(each):
            if not self.scene.can_see(kind):
                self._skip(each, [kind])
                continue
            looked = True
            if kind in self.scene.partial:
                self.skipped[self.scene.partial[kind]].add(each.code)
            objects = self.scene.all(kind)
            self.checked[kind] = len(objects)
            self._look(each, self.scene.derived(each.among) if each.among else objects)
        self.ran += looked

    def _kinds(self, each: Check) -> Iterable[str]:
        if ANY_CUSTOM_KIND not in each.kinds:
            return each.kinds
        named = [kind for kind in each.kinds if kind != ANY_CUSTOM_KIND]
        return [*named, *(kind for kind in self.scene.kinds if kind not in BUILT_IN)]

    def _look(self, each: Check, objects: Iterable[object]) -> None:
        look, scene = each.look, self.scene
        for obj in objects:
            if not isinstance(obj, dict):
                continue
            try:
                for finding in look(obj, scene):
                    self.findings.append(replace(finding, code=each.code))
            except Unreadable as gap:
                self.skipped[gap.reason].add(each.code)
            except Exception as error:
                # One odd object must not hide every other finding; that it happened is said.
                what = f"the check failed on {ref_to(obj).full} ({type(error).__name__})"
                self.skipped[what].add(each.code)

    def _skip(self, each: Check, kinds: Iterable[str]) -> None:
        for kind in kinds:
            self.skipped[self.scene.why_not(kind)].add(each.code)
