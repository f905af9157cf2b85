"""Credentials that are recognised by the tool they are given to: ``mysql -pSECRET``."""

from __future__ import annotations

import re

from kube_mcp.redaction.values import is_innocent

Span = tuple[int, int]

# Which flag of which tool is followed by a password. MySQL's must touch it: `-p shop` asks for one.
_FLAGS: tuple[tuple[str, str], ...] = (
    (r"(?:mysql|mariadb)[a-z-]{0,16}", r"-p(?=\S)"),
    (r"redis-cli", r"-a\s{0,4}"),
    (r"sshpass", r"-p\s{0,4}"),
    (r"mongo[a-z]{0,8}", r"-p\s{0,4}"),
    (r"ldap[a-z]{0,10}", r"-w\s{0,4}"),
    (r"sqlcmd", r"-P\s{0,4}"),
    (
        r"(?:docker|podman|buildah|helm|skopeo|crane|oras)\s{1,4}(?:registry\s{1,4})?login",
        r"-p\s{1,4}",
    ),
    (r"curl", r"(?:-u|--user)[\s=]{0,4}[^\s:\"']{0,128}:"),
)
TOOLS = tuple(
    (re.compile(rf"(?<![\w-]){tool}(?![\w-])"), re.compile(rf"(?<!\S){flag}"))
    for tool, flag in _FLAGS
)
_TRIGGERS = (
    "mysql",
    "mariadb",
    "redis-cli",
    "sshpass",
    "mongo",
    "ldap",
    "sqlcmd",
    " login",
    "curl",
)
_OTHERS = re.compile(
    r"(?:IDENTIFIED\s{1,4}BY|identified\s{1,4}by)\s{1,4}(?:PASSWORD\s{1,4}|password\s{1,4})?'([^'\n]{1,1024})'"
    r"|(?:^|\s)login\s{1,4}\S{1,128}\s{1,4}password\s{1,4}(\S{1,256})"
)
_VALUE = re.compile(r"[\"']?([^\s\"';|&<>]{1,512})")
#: How far from the tool's name its flags are looked for.
_REACH = 256


def find_command_credentials(text: str) -> list[Span]:
    """Where in ``text`` passwords stand in the arguments of well-known tools, SQL and .netrc."""
    spans: list[Span] = []
    if any(trigger in text for trigger in _TRIGGERS):
        for tool, flag in TOOLS:
            at = 0
            while call := tool.search(text, at):
                at = call.end()
                line_end = text.find("\n", at, at + _REACH)
                given = flag.search(text, at, line_end if line_end >= 0 else at + _REACH)
                value = _VALUE.match(text, given.end()) if given else None
                if value:
                    spans.append(value.span(1))
                    at = value.end()
    if "dentified" in text or "DENTIFIED" in text or "login" in text:
        spans += [found.span(found.lastindex or 0) for found in _OTHERS.finditer(text)]
    readable = [span for span in spans if not is_innocent(text[slice(*span)])]
    return _without_overlap(readable)


def _without_overlap(spans: list[Span]) -> list[Span]:
    kept: list[Span] = []
    for start, end in sorted(spans):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept
