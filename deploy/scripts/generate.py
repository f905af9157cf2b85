"""Writes what is made from one source: the chart's rules and README, the GitOps role, the docs table.

python deploy/scripts/generate.py            write
python deploy/scripts/generate.py --check    fail, naming the files, where writing would change one
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from deploy.scripts.chart_config import END, START, config_schema, config_values, schema_text
from kube_mcp.access.rbac import RULES, Rule, as_yaml, rule_yaml, rules
from kube_mcp.scaffold import McpServer, rendered

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy/chart/kube-mcp"
GITOPS = ROOT / "deploy/gitops"
SECURITY = ROOT / "docs/security.md"
NAME = "kubernetes-mcp-server"
KUBERNETES = McpServer(name="kubernetes", path="/", port=8080)
TABLE_START, TABLE_END = "<!-- rules: generated -->", "<!-- rules: end -->"

#: hatchling and what it needs; pip refuses the image's build where one is missing.
BUILD_BACKEND = ("hatchling", "packaging", "pathspec", "pluggy", "tomlkit", "trove-classifiers")

#: The chart's value behind each switch of `Rule.option`.
OPTIONS = {"secrets": "rbac.secrets", "who_can": "config.policy.who_can"}


def chart_rules() -> str:
    """The template that both the viewer's and the impersonator's role are made from."""
    parts = [
        "{{/* Generated from src/kube_mcp/access/rbac.py by deploy/scripts/generate.py. */}}\n",
        '{{- define "kube-mcp.rules" -}}\n',
    ]
    for rule in RULES:
        if rule.option:
            parts.append(f"{{{{- if .Values.{OPTIONS[rule.option]} }}}}\n")
        parts.append(rule_yaml(rule))
        if rule.option:
            parts.append("{{- end }}\n")
    return "".join([*parts, "{{- end }}\n"])


def gitops_rbac() -> str:
    """The base's own copy of the role: what a reviewer sees in Git is what the cluster gets."""
    return f"""\
# What the server may read, and nothing else. Generated from src/kube_mcp/access/rbac.py.
# Custom resources of your own: add a ClusterRole and a binding in your overlay.
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {NAME}
automountServiceAccountToken: false
---
{as_yaml(rules(), name=f"{NAME}-viewer")}---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {NAME}-viewer
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {NAME}-viewer
subjects:
  - kind: ServiceAccount
    name: {NAME}
    namespace: {NAME}
"""


def docs_table(text: str) -> str:
    """``text`` with the table between the two markers made anew."""
    rows = "".join(_row(rule) for rule in RULES)
    table = f"| API group | resources | verbs | what for |\n|---|---|---|---|\n{rows}"
    return between(text, TABLE_START, table, TABLE_END)


def between(text: str, start: str, made: str, end: str) -> str:
    """``text`` with what stands between two marker lines replaced by ``made``."""
    before, rest = text.split(start, 1)
    return f"{before}{start}\n{made}{end}{rest.split(end, 1)[1]}"


def _row(rule: Rule) -> str:
    only = f" Only with `{OPTIONS[rule.option]}`." if rule.option else ""
    resources = ", ".join(f"`{name}`" for name in rule.resources)
    group = f"`{rule.group}`" if rule.group else "core"
    return f"| {group} | {resources} | {', '.join(rule.verbs)} | {rule.why}.{only} |\n"


def values_table(text: str) -> Iterator[tuple[str, Any, str]]:
    """Every key of a values file as (dotted path, default, comment), in the file's order.

    The comment is the block of lines right above the key; empty where there is none.
    """
    values = yaml.safe_load(text)
    trail: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped in (START, END):
            continue
        if stripped.startswith("#"):
            comment.append(stripped.removeprefix("#").strip())
            continue
        if stripped:
            indent = len(line) - len(line.lstrip())
            trail = [each for each in trail if each[0] < indent]
            trail.append((indent, stripped.split(":", 1)[0]))
            value: Any = values
            for _, key in trail:
                value = value[key]
            yield ".".join(key for _, key in trail), value, " ".join(comment)
        comment = []


def chart_values() -> str:
    return between((CHART / "values.yaml").read_text(), START, config_values(), END)


def chart_schema() -> str:
    """The schema is written by hand but for ``config``, which is the server's own."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    schema["properties"]["config"] = config_schema()
    return schema_text(schema) + "\n"


def chart_readme() -> str:
    rows = []
    for path, value, comment in values_table(chart_values()):
        if isinstance(value, dict) and value:
            rows.append(f"| **`{path}`** | | **{comment}** |")
        else:
            default = yaml.safe_dump(value, default_flow_style=True, width=10_000)
            default = default.removesuffix("...\n").strip().replace("|", "\\|")
            rows.append(f"| `{path}` | `{default}` | {comment} |")
    table = "\n".join(rows)
    return f"""\
<!-- Generated from values.yaml by deploy/scripts/generate.py. -->
# kube-mcp

A read-only Kubernetes MCP server: assistants look at the cluster, find what is broken and why, and
change nothing.

```console
helm install kube-mcp deploy/chart/kube-mcp --namespace kube-mcp --create-namespace
helm test kube-mcp --namespace kube-mcp
```

That works without a single value: the server reads the cluster with its own read-only
ServiceAccount, and whoever may `kubectl port-forward` to it may use it. To serve it to people, give
it a public URL and an identity provider:

```yaml
config:
  server:
    public_urls: ["https://api.example.com/mcp/kubernetes"]
  auth:
    issuers:
      - issuer: https://authentik.example.com/application/o/kubernetes-mcp/
        audience: [kubernetes-mcp-server]
        allowed_clients: [kubernetes-mcp-server]
ingressRoute:
  enabled: true
```

The whole way, with Flux, Traefik, Authentik and Sealed Secrets, is in
[docs/deploy.md](../../../docs/deploy.md); what the role allows and why is in
[docs/security.md](../../../docs/security.md). A misspelt or unknown value is refused.

## Values

| value | default | meaning |
|---|---|---|
{table}
"""


def build_requirements() -> str:
    """The build backend for the image, as it is locked for development: names, versions, hashes."""
    locked = (ROOT / "requirements/dev.txt").read_text()
    blocks = re.split(r"\n(?=[a-zA-Z0-9])", locked.strip())
    named = {block.split("==")[0]: block for block in blocks}
    return "".join(f"{named[name]}\n" for name in BUILD_BACKEND)


def outputs() -> dict[Path, str]:
    """Every generated file with the text it must have."""
    return {
        CHART / "templates/_rules.tpl": chart_rules(),
        CHART / "values.yaml": chart_values(),
        CHART / "values.schema.json": chart_schema(),
        CHART / "README.md": chart_readme(),
        GITOPS / f"apps/base/{NAME}/rbac.yaml": gitops_rbac(),
        # This server's own files are those of any MCP server behind the shared prefix.
        **{GITOPS / at: text for at, text in rendered("server", KUBERNETES).items()},
        ROOT / "deploy/image/build.txt": build_requirements(),
        SECURITY: docs_table(SECURITY.read_text()),
    }


def stale(files: Mapping[Path, str]) -> list[Path]:
    """The files that are missing, or are not what they should be."""
    return [p for p, text in files.items() if not p.exists() or p.read_text() != text]


def main(arguments: list[str]) -> int:
    files = outputs()
    wrong = stale(files)
    if "--check" in arguments:
        for path in wrong:
            sys.stderr.write(
                f"{path.relative_to(ROOT)} is stale: run python -m deploy.scripts.generate\n"
            )
        return 1 if wrong else 0
    for path in wrong:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
