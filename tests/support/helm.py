"""The chart, rendered by the real Helm: values in, objects out, or the words it refused with."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.support.tools import tool

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy/chart/kube-mcp"
#: Rendering takes 0.1 s; a minute is a hang.
TIMEOUT_S = 60


class _Strict(yaml.SafeLoader):
    """Refuses a key that stands twice, as Flux and kustomize do where Helm itself looks away."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        assert not twice, f"{twice} twice in one map, {node.start_mark}"
        return super().construct_mapping(node, deep=deep)


class HelmRefused(Exception):
    """Helm would not do it; the text is what it said."""


def helm(*arguments: str, version: str = "helm4", env: Mapping[str, str] | None = None) -> str:
    """Run Helm and return what it printed. Raises `HelmRefused` with its error text."""
    done = subprocess.run(
        [str(tool(version)), *arguments],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env=dict(env) if env is not None else None,
    )
    if done.returncode:
        raise HelmRefused(done.stderr.strip() or done.stdout.strip())
    return done.stdout


def template(
    values: Mapping[str, Any] | Path | None = None,
    *,
    release: str = "kube-mcp",
    namespace: str = "kube-mcp",
    version: str = "helm4",
    kube_version: str = "1.36.0",
    flags: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Every object the chart makes from ``values`` (a map, or a file)."""
    with tempfile.TemporaryDirectory() as scratch:
        if isinstance(values, Path):
            path = values
        else:
            path = Path(scratch) / "values.yaml"
            path.write_text(yaml.safe_dump(dict(values or {})))
        printed = helm(
            "template", release, str(CHART), "--namespace", namespace, "--values", str(path),
            "--kube-version", kube_version, *flags, version=version,
        )  # fmt: skip
    return [each for each in yaml.load_all(printed, _Strict) if each]


def one(objects: Sequence[Mapping[str, Any]], kind: str, name: str = "") -> dict[str, Any]:
    """The only object of ``kind`` (and ``name``) among ``objects``."""
    found = [
        each
        for each in objects
        if each["kind"] == kind and (not name or each["metadata"]["name"] == name)
    ]
    assert len(found) == 1, f"{len(found)} objects of kind {kind} {name}"
    return dict(found[0])
