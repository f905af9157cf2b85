"""Custom resource definitions: small ones of the bed's own, or the projects' real ones."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from testbed.errors import Unavailable
from testbed.objects import load

OWN = Path(__file__).parent / "crds"
REAL = Path(__file__).parents[2] / "shared" / "crds"

#: Present beside the CRDs, but an APIService and rights for a server that is not there.
NOT_CRDS = "metrics-server"


def own() -> list[dict[str, Any]]:
    """The bed's own: same groups, versions, kinds and columns, any content."""
    return [expand(entry) for file in sorted(OWN.glob("*.yaml")) for entry in _entries(file)]


def real(environ: Mapping[str, str] = os.environ) -> list[dict[str, Any]]:
    """The real ones from ``KUBE_MCP_CRDS`` or ``../shared/crds``.

    Raises ``Unavailable`` saying where they were looked for.
    """
    folder = Path(environ.get("KUBE_MCP_CRDS") or REAL)
    files = [path for path in sorted(folder.rglob("*.yaml")) if NOT_CRDS not in path.parts]
    if not files:
        raise Unavailable(
            f"There are no CRDs in {folder}: set KUBE_MCP_CRDS to a folder that holds the YAML of "
            "the CRDs of Flux, Traefik, Sealed Secrets, cert-manager, Gateway API and the "
            "Prometheus Operator."
        )
    found = [obj for path in files for obj in load(path.read_text())]
    return [obj for obj in found if obj["kind"] == "CustomResourceDefinition"]


def expand(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A line of our own short form as a CRD: any field is kept, ``spec`` and ``status`` exist."""
    group, kind = entry["group"], entry["kind"]
    plural = entry.get("plural", kind.lower() + "s")
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    columns = [
        {"name": name, "type": kind_of, "jsonPath": path}
        for name, kind_of, path in entry.get("columns", ())
    ]
    age = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
    version = {
        "name": entry["version"],
        "served": True,
        "storage": True,
        "schema": {
            "openAPIV3Schema": {
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": True,
                "properties": {"spec": anything, "status": anything},
            }
        },
        "subresources": {"status": {}} if entry.get("status", True) else {},
        "additionalPrinterColumns": [*columns, age],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            # Names below *.k8s.io are protected; this is how an unapproved one says so.
            "annotations": {"api-approved.kubernetes.io": "unapproved, a test's own"},
        },
        "spec": {
            "group": group,
            "scope": "Cluster" if entry.get("cluster") else "Namespaced",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": entry.get("short", []),
                "categories": entry.get("categories", []),
            },
            "versions": [version],
        },
    }


def _entries(file: Path) -> Iterator[dict[str, Any]]:
    document = yaml.safe_load(file.read_text())
    for entry in document["kinds"]:
        yield {"group": document["group"], "version": document["version"], **entry}
