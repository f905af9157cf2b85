"""Credentials that are recognised by the tool they are given to: ``mysql -pSECRET``."""

from __future__ import annotations

import re

from kube_mcp.redaction.spans import Span, without_overlap
from kube_mcp.redaction.values import is_innocent
from kube_mcp.redaction.windows import gate, windows

_WORD = re.compile(r"[a-z-]{1,32}")
# Which flag of which tool is followed by a password. MySQL's must touch it: `-p shop` asks for one.
_FLAGS: tuple[tuple[str, str], ...] = (
    (r"mysql[a-z-]{0,16}|mariadb[a-z-]{0,16}", r"-p(?=\S)"),
    (r"redis-cli", r"-a\s{0,4}"),
    (r"sshpass", r"-p\s{0,4}"),
    (r"mongo[a-z]{0,8}", r"-p\s{0,4}"),
    (r"ldap[a-z]{0,10}", r"-w\s{0,4}"),
    (r"sqlcmd", r"-P\s{0,4}"),
    (
        "|".join(
            rf"{tool}\s{{1,4}}(?:registry\s{{1,4}})?login"
            for tool in ("docker", "podman", "buildah", "helm", "skopeo", "crane", "oras")
        ),
        r"-p\s{1,4}",
    ),
    (r"curl", r"(?:-u|--user|-U|--proxy-user)[\s=]{0,4}[\"']?[^\s:\"']{0,128}:"),
    (r"etcdctl", r"--user[\s=]{0,4}[\"']?[^\s:\"']{0,128}:"),
    (r"rabbitmqctl", r"(?:add_user|change_password|authenticate_user)\s{1,4}\S{1,128}\s{1,4}"),
    (
        r"mc",
        r"(?:alias\s{1,4}set|config\s{1,4}host\s{1,4}add)\s{1,4}\S{1,64}\s{1,4}\S{1,256}\s{1,4}\S{1,128}\s{1,4}",
    ),
    (
        r"htpasswd",
        r"-[a-zA-Z]{0,6}b[a-zA-Z]{0,6}\s{1,4}(?:\S{0,256}/\S{0,256}\s{1,4})?[^\s/-]\S{0,128}\s{1,4}",
    ),
    (r"openssl", r"(?:-pass(?:in|out)?|-k)\s{1,4}(?:pass:)?(?!file:|env:|stdin)"),
    (r"useradd|usermod", r"-p\s{1,4}"),
    (r"snmp[a-z]{1,12}", r"-c\s{1,4}"),
    (r"smbclient", r"-U\s{0,4}[^\s%\"']{1,128}%"),
)
#: A word that is in every call of the tool, the tool, and the flag.
TOOLS = tuple(
    (
        _WORD.findall(tool)[0],
        re.compile(rf"(?<![\w-]){tool}(?![\w-])"),
        re.compile(rf"(?<!\S){flag}"),
    )
    for tools, flag in _FLAGS
    for tool in tools.split("|")
)
_GATE = gate([
    *(tool for tool, _ in _FLAGS),
    "[Dd]entified|DENTIFIED|login|LOGIN|stats", "echo|printf", "(?:user|USER|SETUSER) ", "AUTH ",
])  # fmt: skip
_OTHERS = re.compile(
    r"(?:IDENTIFIED\s{1,4}BY|identified\s{1,4}by)\s{1,4}(?:PASSWORD\s{1,4}|password\s{1,4})?(?:'([^'\n]{1,1024})'|\"([^\"\n]{1,1024})\")"
    r"|(?:^|\s)login\s{1,4}\S{1,128}\s{1,4}password\s{1,4}(\S{1,256})"
    r"|(?:^|\s)stats\s{1,4}auth\s{1,4}[^\s:]{1,128}:(\S{1,256})"
)
# What is written to a program that reads a password: `echo x | docker login --password-stdin`.
_PIPED = re.compile(
    r"(?:echo|printf)(?:[ \t]{1,4}-[neE]{1,3})?[ \t]{1,4}[\"']?(?:[\w.-]{1,64}:(?=[^\n|]{1,1024}chpasswd))?"
    r"([^\s\"'|]{1,1024})[\"']?[ \t]{0,4}\|[^\n|]{0,128}"
    r"(?:--password-stdin|--stdin|chpasswd|kinit|sudo[ \t]{1,4}-S|cryptsetup|--passphrase-fd)"
)
# Redis: a user's password stands behind a `>`; and the first words of mail and of Redis.
_REDIS_USER = re.compile(
    r"(?:^|\s)(?:user|USER|SETUSER|setuser)\s{1,4}\S{1,64}\s(?:[^\n>]{0,128}\s)?>([^\s>\"']{1,256})"
)
_AUTH_PLAIN = re.compile(r"AUTH (?:PLAIN|LOGIN) ([A-Za-z0-9+/]{8,512}={0,2})")
_VALUE = re.compile(r"[\"']?([^\s\"';|&<>]{1,512})")
#: How far from the tool's name its flags are looked for.
_REACH = 256


def find_command_credentials(text: str) -> list[Span]:
    """Where in ``text`` passwords stand in the arguments of well-known tools, SQL and .netrc."""
    spans: list[Span] = []
    for start, end in windows(text, _GATE):
        part = text[start:end]
        spans += [(start + first, start + last) for first, last in _in(part)]
    if not spans:
        return spans
    readable = [span for span in spans if not is_innocent(text[slice(*span)])]
    return without_overlap(readable)


def _in(text: str) -> list[Span]:
    spans: list[Span] = []
    for word, tool, flag in TOOLS:
        at = 0
        if word not in text:
            continue
        while call := tool.search(text, at):
            at = call.end()
            line_end = text.find("\n", at, at + _REACH)
            given = flag.search(text, at, line_end if line_end >= 0 else at + _REACH)
            value = _VALUE.match(text, given.end()) if given else None
            if value:
                spans.append(value.span(1))
                at = value.end()
    if "dentified" in text or "DENTIFIED" in text or "login" in text or "stats" in text:
        spans += [found.span(found.lastindex or 0) for found in _OTHERS.finditer(text)]
    if "echo" in text or "printf" in text:
        spans += [found.span(1) for found in _PIPED.finditer(text)]
    if ">" in text and ("user " in text or "USER " in text or "setuser " in text):
        spans += [found.span(1) for found in _REDIS_USER.finditer(text)]
    if "AUTH " in text:
        spans += [found.span(1) for found in _AUTH_PLAIN.finditer(text)]
    return spans
