"""Calls that a confused or a talked-over model could make, from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kube_mcp.tools._tool import Tool

#: Text that means something to a path, a header, a shell, a selector, a pattern or a parser.
TEXTS = (
    "", " ", "*", "-", ".", "..", "../..", "/", "//evil.example.com/", "web-1/exec",
    "web-1/attach?command=id", "web-1?watch=true", "web-1#", "web-1%2f..%2f..%2fsecrets%2fdb",
    "%2e%2e%2fsecrets", "%00", "web-1\x00", "web-1\nX", "shop\r\nImpersonate-User: system:admin",
    "secrets/db", "../secrets/db", "shop/secrets", "shop/pods/web-1/eviction",
    "namespaces/kube-system/secrets", "apis/apps/v1", "v1/secrets", "Secret", "pods/exec",
    "pods/proxy", "nodes/proxy", "serviceaccounts/token", "tokenreviews", "bindings", "evictions",
    "Status", "Scale", "APIService", "k8s://cluster/Secret/shop/db", "file:///etc/passwd",
    "app=web,metadata.name!=x", "app in (a", "app=web;drop", "!", "=", ",", "a=b=c", "a,b\\,c",
    "type=helm.sh/release.v1", "metadata.name=db,type!=x", "spec.nodeName=node-1,",
    "(a+)+$", "(?=secret)", "(.*)*\\1", "[", "\\", "(" * 500, "a{1000}{1000}", ".*", "(?i)password",
    "Zyx", "password", "Bearer", "BEGIN",
    "system:masters", "user:admin", "group:system:masters", "sa:kube-system/default",
    "$(id)", "`id`", "; rm -rf /", "{{7*7}}", "${now}", "' OR 1=1 --", '"', "<script>", "null",
    "\u202eexe", "\u200b", "\ufeff", "ｐｏｄｓ", "пods", "ä" * 400, "𝕏", "\ud800", "\x1b[2J",
    "a" * 300, "a" * 5_000, "x" * 200_000, "9" * 400, "1e999", "-1", "NaN", "true", "0",
    "-1h", "999999999999d", "2026-99-99T00:00:00Z", "9999-12-31T23:59:59Z", "line:0",
    "line:99999999999999999999", ".spec.containers[*].env[*].value", ".data", "['data']",
    ".metadata.annotations[*]", ".spec[", ".a." * 60, "annotation:*", "label:", "images",
    "WyJ4IiwxLCJ5Il0", "eyJhIjoxfQ",
)  # fmt: skip

#: Values of a type nobody asked for.
THINGS: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**30, 1e308, float("inf"), [], {}, [[]], [None], [1, "a"],
    {"a": {"b": [1]}}, ["x"] * 200, [{"$ref": "#"}], "500", [".data", ".data"], {"": ""},
)  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One request: a tool with its arguments, a resource's address, or a completion."""

    operation: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


class Fuzz:
    """An endless row of calls. ``plausible`` are values by argument name that really work;
    `learn` adds cursors as answers bring them."""

    def __init__(
        self, seed: int, tools: Sequence[Tool], plausible: Mapping[str, Sequence[Any]]
    ) -> None:
        self._random = random.Random(seed)
        self._tools = tools
        self._plausible = plausible
        self._cursors: list[str] = []

    def learn(self, cursor: str) -> None:
        """A cursor that some answer gave: later calls will use it where it does not belong."""
        self._cursors = [*self._cursors[-50:], cursor]

    def calls(self, count: int) -> Iterator[Call]:
        """So many calls, every tool in turn."""
        for at in range(count):
            if at % 12 == 11:
                yield self._other()
            else:
                yield self._tool(self._tools[at % len(self._tools)])

    def _tool(self, tool: Tool) -> Call:
        chosen = self._random
        properties: Mapping[str, Any] = tool.schema.get("properties", {})
        required = set(tool.schema.get("required", ()))
        # Mostly one hostile value among good ones: that is what reaches the deep places.
        hostile = chosen.choices((0, 1, 2, 9), (35, 40, 15, 10))[0]
        names = [name for name in properties if name in required or chosen.random() < 0.45]
        bad = set(chosen.sample(names, min(hostile, len(names))))
        arguments = {
            name: self._hostile() if name in bad else self._good(name, properties[name])
            for name in names
        }
        if {"kind", "name"} <= set(names) - bad and chosen.random() < 0.7:
            arguments["kind"], arguments["name"] = chosen.choice(self._plausible["pairs"])
        if chosen.random() < 0.03:
            arguments[chosen.choice(TEXTS)[:50]] = self._hostile()
        return Call("tools/call", tool.name, arguments)

    def _good(self, name: str, schema: Mapping[str, Any]) -> Any:
        chosen = self._random
        if name == "cursor":
            return chosen.choice([*self._cursors, "", ""])
        if options := schema.get("enum"):
            return chosen.choice(options)
        if name in self._plausible:
            return chosen.choice(self._plausible[name])
        kind = schema.get("type")
        if kind == "boolean":
            return chosen.random() < 0.5
        if kind == "integer":
            return chosen.randint(schema.get("minimum", 0), min(schema.get("maximum", 50), 200))
        if kind == "array":
            options = schema.get("items", {}).get("enum") or self._plausible["text"]
            return chosen.sample(list(options), min(2, len(options)))
        return chosen.choice(self._plausible["text"])

    def _hostile(self) -> Any:
        chosen = self._random
        kind = chosen.random()
        if kind < 0.6:
            return chosen.choice(TEXTS)
        if kind < 0.75:
            return self._mutated(chosen.choice(self._plausible["text"]))
        if kind < 0.85:
            return [chosen.choice(TEXTS) for _ in range(chosen.randint(1, 4))]
        return chosen.choice(THINGS)

    def _mutated(self, text: str) -> str:
        chosen = self._random
        at = chosen.randint(0, len(text))
        return (
            text[:at] + chosen.choice(("/", "..", "\n", "%2f", "\x00", ",", "ü", "A")) + text[at:]
        )

    def _other(self) -> Call:
        chosen = self._random
        text = chosen.choice(TEXTS)
        kind, name = (chosen.choice(self._plausible[each]) for each in ("kind", "name"))
        if chosen.random() < 0.5:
            where = chosen.choice(self._plausible["namespace"])
            address = chosen.choice(
                (f"k8s://cluster/namespaces/{where}/{kind}/{name}", f"k8s://cluster/{kind}/{name}",
                 f"k8s://cluster/{kind}/{text}", text, f"k8s://{text}/{kind}/{name}",
                 f"k8s://cluster/namespaces/{where}/{text}/{name}")
            )  # fmt: skip
            return Call("resources/read", address)
        argument = chosen.choice(("namespace", "kind", "name", "cluster", "nothing"))
        if chosen.random() < 0.5:
            text = name[: chosen.randint(0, 3)]
        return Call("completion/complete", argument, {"value": text, "kind": kind})
