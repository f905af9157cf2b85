"""What Flux would apply, without Flux: kustomize, its variables, then Helm for every HelmRelease."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from testbed.bed import Bed
from tests.support.helm import ROOT, template
from tests.support.strict import apply
from tests.support.tools import tool

GITOPS = ROOT / "deploy/gitops"
_VARIABLE = re.compile(r"\$\$|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}")
TIMEOUT_S = 60

Object = dict[str, Any]


class NoSuchVariable(KeyError):
    """A file uses a variable that nobody set: Flux would put nothing in its place."""


def kustomize(folder: Path) -> str:
    """The folder as kustomize builds it. Fails with what kustomize said."""
    done = subprocess.run(
        [str(tool("kubectl")), "kustomize", str(folder)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """``${NAME}`` replaced and ``$$`` unescaped, as postBuild does after the build.

    Raises `NoSuchVariable`, where Flux would silently leave a hole.
    """

    def value(found: re.Match[str]) -> str:
        name = found.group("name")
        if name is None:
            return "$"
        if name not in variables:
            raise NoSuchVariable(name)
        return variables[name]

    return _VARIABLE.sub(value, text)


def objects(text: str) -> list[Object]:
    return [each for each in yaml.safe_load_all(text) if each]


def release_values(release: Object, among: list[Object]) -> dict[str, Any]:
    """The values a HelmRelease ends up with: valuesFrom in order, its own last."""
    values: dict[str, Any] = {}
    for source in release["spec"].get("valuesFrom", []):
        (held,) = [
            o
            for o in among
            if o["kind"] == source["kind"] and o["metadata"]["name"] == source["name"]
        ]
        text = held["data"][source.get("valuesKey", "values.yaml")]
        values = merged(values, yaml.safe_load(text))
    return merged(values, release["spec"].get("values", {}))


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Maps merge key by key, everything else is replaced: as Helm and Flux do it."""
    out = deepcopy(dict(below))
    for key, value in above.items():
        old = out.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        out[key] = merged(old, value) if both else value  # type: ignore[arg-type]
    return out


def release_objects(release: Object, among: list[Object]) -> list[Object]:
    """What this chart makes of a HelmRelease."""
    return template(
        release_values(release, among),
        release=release["spec"].get("releaseName", release["metadata"]["name"]),
        namespace=release["metadata"]["namespace"],
    )


def flux_kustomizations(
    gitops: Path = GITOPS, settings: Mapping[str, str] | None = None
) -> Iterator[tuple[Object, list[Object]]]:
    """Each Flux Kustomization of the example cluster, with the objects it would apply.

    ``settings`` replaces values of the ConfigMap that holds them.
    """
    cluster = [
        o
        for path in sorted((gitops / "clusters/example").glob("*.yaml"))
        for o in objects(path.read_text())
    ]
    maps = {o["metadata"]["name"]: o["data"] for o in cluster if o["kind"] == "ConfigMap"}
    for each in cluster:
        if each["kind"] != "Kustomization":
            continue
        variables: dict[str, str] = {}
        for source in each["spec"].get("postBuild", {}).get("substituteFrom", []):
            variables.update(maps[source["name"]])
        variables.update(settings or {})
        built = kustomize(gitops / each["spec"]["path"])
        yield each, objects(substitute(built, variables))


def install(
    bed: Bed,
    built: str,
    variables: Mapping[str, str],
    *,
    values: Mapping[str, Any] | None = None,
) -> None:
    """What Flux would put into the cluster: the objects of a build, and what the charts make.

    ``values`` win over those of every HelmRelease. Hooks are left out: they are `helm test`'s.
    """
    found = objects(substitute(built, variables))
    apply(bed.kubeconfig_file, [each for each in found if each["kind"] == "Namespace"])
    apply(bed.kubeconfig_file, found)
    for release in found:
        if release["kind"] != "HelmRelease":
            continue
        changed = {**release, "spec": {**release["spec"]}}
        changed["spec"]["values"] = merged(release["spec"].get("values", {}), values or {})
        made = release_objects(changed, found)
        apply(
            bed.kubeconfig_file,
            [o for o in made if "helm.sh/hook" not in o["metadata"].get("annotations", {})],
        )
