"""Credentials that are recognised by the name before them, in logs, messages and config files.

``password=x``, ``"clientSecret": "x"``, ``--token x``, ``DB_PASSWORD: x``, ``<secret>x</secret>``,
``name: DB_PASSWORD`` and then ``value: x``, YAML blocks and lists: all are a name, something
between, and a value. The search goes from one word that can be part of such a name to the next.
"""

from __future__ import annotations

import re

from kube_mcp.redaction.forms import (
    alone_on_line,
    called_with,
    element_text,
    encoded_value,
    heredoc,
)
from kube_mcp.redaction.names import Says, says
from kube_mcp.redaction.spans import Span
from kube_mcp.redaction.values import (
    is_basic_login,
    is_innocent,
    is_prose,
    looks_random,
)

# Looked for in lower case. Every name that says something contains one of these.
_STEM = re.compile(
    r"auth|bearer|c(?:red|ookie|ode(?==)|onn(?:ection)?[_.-]?str)|d(?:sn|ocker(?:cfg|config))"
    r"|jwt|key|licen[cs]|mnemonic|netrc|otp|p(?:ass|wd?(?![a-z])|sk(?![a-z])|rivate|at(?![a-z]))"
    r"|s(?:ecret|ess|alt|eed|ig(?:nature)?(?![a-z])|as(?![a-z]))|to(?:ken|tp)"
)
_NAME_LEFT = re.compile(r"[\w.-]*")
_NAME_RIGHT = re.compile(r"[\w.-]{0,64}")
_NAME_REACH = 64

_QUOTE = r"\\{0,7}[\"'`]"
_ASSIGNED = re.compile(rf"(?:{_QUOTE})?\]?[ \t]{{0,32}}(?::=|=>|={{1,2}}|:)[ \t]*+")
# `- name: DB_PASSWORD` and `value: x` below it, in YAML, JSON, XML and Go's notation.
_PAIRED = re.compile(
    rf"(?:{_QUOTE})?(?:,\s{{0,64}}|\s{{1,64}})(?:{_QUOTE})?[vV]alue(?:{_QUOTE})?[ \t]{{0,8}}[:=][ \t]{{0,8}}"
)
# What could look random, or be a login in base64, behind a name that says little.
_LONG_NEXT = re.compile(
    rf"(?:{_QUOTE})?[\]\s,:=>]{{1,64}}+(?:{_QUOTE}|[vV]alue|[\s,:=]){{0,64}}+[A-Za-z0-9+/_.~=-]{{8}}"
)
_TWO_DIGITS = re.compile(r"\D{0,48}\d\D{0,48}\d")
_BLANKS = re.compile(r"[ \t]{1,16}")
_QUOTED_NEXT = re.compile(r"[ \t]{1,16}(?=[\"'])")
_OPENING = re.compile(
    r"(?:[bBuUrRN]|(?:Some|Just|String|Secret|SecretString|PASSWORD|password)\()?"
    r"(\"{3}|'{3}|\\{0,7}[\"'`])"
)
_ARN = re.compile(r"arn:aws[\w:/-]{0,110}\Z")
_LIST = re.compile(r"\[[^\[\]{}]++\]")
# A map, whose own names are found one by one.
_MAP = re.compile(r"\{(?:[\s\"'}\\]|[\w.-]{1,64}\s?[:=])")
# `"password": {"value": "x"}`, and `value: x` alone on the line below.
_INNER = r"[\"']?(?:value|plain|plaintext|plainText|literal|inline|content)[\"']?[ \t]{0,8}[:=][ \t]{0,8}"
_INNER_MAP = re.compile(rf"\{{\s{{0,64}}{_INNER}")
_INNER_LINE = re.compile(rf"{_INNER}(?=\S)")
# `password: string = "x"`
_TYPED = re.compile(r"[A-Za-z_][\w\[\]<>.| ]{0,40}=\s{0,4}(?=[\"'`])")
_ODD_RUN = re.compile(r"[^\s\"']++")
_ITEM = re.compile(r"[^\s\[\],\"']+")
_RUN = re.compile(
    r"(?:\$\([^()\n]{0,256}\)|\{\{[^{}\n]{0,256}\}\}|\$\{[^{}\n]{0,256}\}|<masked: \d{1,9} chars>|[^\s\"'<>`])++"
)
# Where one assignment ends and the next begins without a blank: `a=1,b=2`, `a=1;b=2`, `a=1&b=2`.
_NEXT = re.compile(r"[,;&|](?=[\w.\[\]-]{1,64}[=:])")
_NEXT_PARAMETER = re.compile(r"[&#;]")
_LINE_OR_QUOTE = re.compile(r"[\n\"'\\]")
# A value that is masked ends the search's turn; one that may stay readable is looked at again,
# from the next name in it, so only so much of it is.
_LONGEST_UNSURE = 256
_MAP_LINE = re.compile(r"[\"']?[\w./-]{1,128}[\"']?:(?:\s|\Z)|[{\[#]")
_MAP_ITEM = re.compile(r"- [\w.-]{1,64}:(?:\s|\Z)")
_LINE_LEAD = re.compile(r"[\s\"'#;/*-]*(?:export\s+|set\s+|ENV\s+|-\s+)?[\"'_/]?")
_ANOTHER = re.compile(r"[ \t,;][\w.-]{1,64}=|[ \t]--?[a-z]")
_BLOCK = re.compile(r"[|>][+-]?\d?[+-]?")
_SCHEME = re.compile(
    r"(?:bearer|basic|digest|negotiate|token|apikey|api-key|aws4-hmac-sha256|ntlm)[ \t]{1,16}",
    re.IGNORECASE,
)
# The values of these have blanks in them: `Cookie: a=b; c=d`.
_WHOLE_LINE = ("authorization", "cookie", "cookies")
# In configuration these are followed by a blank instead of a sign: `requirepass x`.
_BLANK_ASSIGNED = frozenset({"requirepass", "masterauth", "insecure-password", "_password"})
# A word of a sentence, and the sentence goes on: `failed to get token: serviceaccounts "x" not found`.
_SENTENCE = re.compile(r"(?:[A-Za-z][a-z]{0,64}|\d{3})[.:]?[ \t]{1,16}[\"'\w(/<\[]")
# Namespace and name: `waiting for secret: shop/db-credentials`.
_OBJECT = re.compile(r"[a-z0-9-]{1,63}/[a-z0-9.-]{1,253}")
_IN_SENTENCES = frozenset({"token", "tokens", "secret", "secrets", "credential", "credentials", "cookie",
    "authorization", "pass", "bearer", "salt", "pat", "jwt"})  # fmt: skip
_PASSWORDS = ("password", "passwd", "passphrase", "authorization")
_URL_NAMES = frozenset({"sig", "signature", "code", "key", "auth", "session", "state"})


def find_assigned(text: str) -> list[Span]:
    """Where in ``text`` values stand whose name says they are credentials, without overlap."""
    low = text.lower()
    if len(low) != len(text):  # one capital of Turkish becomes two characters
        low = text.replace("İ", "I").lower()
    spans: list[Span] = []
    at = 0
    # Ending at one stem's value and going on from there keeps this linear.
    while hit := _STEM.search(low, at):
        start = hit.start()
        if start > at and (text[start - 1].isalnum() or text[start - 1] in "_.-"):
            left = _NAME_LEFT.match(text[max(at, start - _NAME_REACH) : start][::-1])
            start -= left.end() if left else 0
        right = _NAME_RIGHT.match(text, hit.end())
        at = right.end() if right else hit.end()
        verdict = says(text[start:at])
        if verdict is Says.CREDENTIAL and text[start - 1 : start] == "/":
            domain = _NAME_LEFT.match(text[max(0, start - 1 - _NAME_REACH) : start - 1][::-1])
            reach = domain.end() if domain else 0
            verdict = says(text[start - 1 - reach : at])
        elif text[start - 1 : start] == ":" and _ARN.search(low, max(0, start - 120), start):
            continue  # `arn:aws:secretsmanager:eu-west-1:1:secret:name`
        if (
            verdict is not Says.CREDENTIAL
            and not _is_url_parameter(text, start, at)
            and (verdict is Says.NOTHING or not _may_be_random(text, low[start:at], at))
        ):
            continue
        for span in _value_after(text, low, start, at, verdict):
            spans.append(span)
            at = span[1]
    return spans


def _may_be_random(text: str, name: str, end: int) -> bool:
    """A quick look at what is behind a name that says little, before it is taken apart."""
    next_ = _LONG_NEXT.match(text, end)
    return next_ is not None and ("auth" in name or bool(_TWO_DIGITS.match(text, next_.end() - 8)))


def _is_url_parameter(text: str, start: int, end: int) -> bool:
    return start > 0 and text[start - 1] in "?&" and text[end : end + 1] == "="


def _value_after(text: str, low: str, start: int, end: int, verdict: Says) -> list[Span]:
    """The spans of the value behind the name at ``start`` to ``end``; none if it is readable."""
    name = low[start:end]
    sure = verdict is Says.CREDENTIAL
    if start > 0 and text[start - 1] in "<:" and (element := element_text(text, start, end)):
        return _judged(text, *element, verdict, name)
    assigned = _ASSIGNED.match(text, end)
    if assigned is None:
        if paired := _PAIRED.match(text, end):
            return _judged(
                text, *_extent(text, paired.end(), name, in_url=False, sure=sure), verdict, name
            )
        if sure and (called := called_with(text, start, end)):
            span = _extent(text, called, name, in_url=False, sure=True)
            return _judged(text, *span, verdict, name)
        if sure and (encoded := encoded_value(text, end)):
            return _judged(text, *encoded, verdict, name)
        return _after_blank(text, start, end, verdict, name)
    value = assigned.end()
    sign = assigned.group()
    if sign == ":" and text[max(0, start - 1) : start] == "/":
        return []  # an image and its tag, a host and its port
    if sign.lstrip("\\")[:1] in "\"'`" and " " in sign.rstrip() and not _OPENING.match(text, value):
        return []  # `failed for volume "db-password" : secret "db" not found`
    if _is_url_parameter(text, start, end):
        stop = _extent(text, value, name, in_url=True, sure=sure)[1]
        if name.rsplit("-", 1)[-1] in _URL_NAMES and stop - value >= 8:
            verdict = Says.CREDENTIAL
        return _judged(text, value, stop, verdict, name)
    head = text[max(0, start - 81) : start]
    line = head.rpartition("\n")[2] if "\n" in head or start <= 81 else None
    leads = line is not None and _LINE_LEAD.fullmatch(line) is not None
    if verdict is Says.CREDENTIAL:
        line_end = _until(text, "\n", value)
        if value == line_end or _BLOCK.fullmatch(text, value, line_end):
            return _below(text, value, len(line)) if leads and line is not None else []
        if document := heredoc(text, value):
            return [document]
        if inner := _INNER_MAP.match(text, value):
            span = _extent(text, inner.end(), name, in_url=False, sure=True)
            return _judged(text, *span, verdict, name)
        if _MAP.match(text, value):
            return []
        if typed := _TYPED.match(text, value):
            value = typed.end()
        if text[value] == "[" and (items := _LIST.match(text, value)):
            return [
                span
                for item in _ITEM.finditer(text, items.start() + 1, items.end() - 1)
                for span in _judged(text, item.start(), item.end(), verdict, name)
            ]
    span = _extent(text, value, name, in_url=False, sure=sure, to_line_end=leads)
    if (
        verdict is Says.CREDENTIAL
        and ":" in sign
        and text[value - 1] in " \t"
        and (
            _goes_on(text, span, name, leads=leads)
            if re.split(r"[._-]", name)[-1] in _IN_SENTENCES
            else is_prose(text[slice(*span)]) and _SENTENCE.match(text, span[0], span[1] + 2)
        )
    ):
        return []
    return _judged(text, *span, verdict, name)


def _goes_on(text: str, span: Span, name: str, *, leads: bool) -> bool:
    """Whether what follows ``token: `` is the rest of a sentence and no token."""
    value = text[slice(*span)]
    if is_prose(value):
        return True
    if leads:
        return False
    if name.startswith("secret") and _OBJECT.fullmatch(value) and not looks_random(value):
        return True
    return _SENTENCE.match(text, span[0], span[1] + 2) is not None


def _after_blank(text: str, start: int, end: int, verdict: Says, name: str) -> list[Span]:
    """A value after nothing but blanks: of a flag, in quotes, or one that looks random."""
    blanks = _BLANKS.match(text, end)
    sure = verdict is Says.CREDENTIAL
    if blanks is None:
        return []
    value = blanks.end()
    if verdict is Says.CREDENTIAL:
        if text[start : start + 1] == "-" and text[value : value + 1] != "-":
            span = _extent(text, value, name, in_url=False, sure=sure)
            return [] if is_prose(text[span[0] : span[1]]) else _judged(text, *span, verdict, name)
        if name.strip("-") in _BLANK_ASSIGNED:
            return _judged(
                text, *_extent(text, value, name, in_url=False, sure=sure), verdict, name
            )
        if name.endswith(_PASSWORDS) and (alone := alone_on_line(text, start, value)):
            return _judged(text, *alone, verdict, name)
        told = name.endswith(_PASSWORDS) or name.startswith("x-") or text[start - 1 : start] == "$"
        if told and _QUOTED_NEXT.match(text, end):
            return _judged(
                text, *_extent(text, value, name, in_url=False, sure=sure), verdict, name
            )
    span = _extent(text, value, name, in_url=False, sure=sure)
    return [span] if looks_random(text[span[0] : span[1]]) else []


def _judged(text: str, start: int, end: int, verdict: Says, name: str) -> list[Span]:
    value = text[start:end]
    if not value:
        return []
    if verdict is Says.CREDENTIAL:
        if is_innocent(value) or (name == "pass" and value.split()[0].rstrip(",").isdigit()):
            return []
        return [(start, end)]
    if looks_random(value) or ("auth" in name and is_basic_login(value)):
        return [(start, end)]
    return []


def _extent(
    text: str, start: int, name: str, *, in_url: bool, sure: bool, to_line_end: bool = False
) -> Span:
    """Where the value that starts at ``start`` begins, after quotes and schemes, and ends."""
    if quote := _OPENING.match(text, start):
        start, end = quote.end(), _closing(text, quote.end(), quote.group(1))
        if name.endswith(_WHOLE_LINE) and (scheme := _SCHEME.match(text, start, end)):
            start = scheme.end()
        return start, end
    if name.endswith(_WHOLE_LINE) and not in_url:
        if scheme := _SCHEME.match(text, start):
            start = scheme.end()
        stop = _LINE_OR_QUOTE.search(text, start)
        return start, stop.start() if stop else len(text)
    run = _RUN.match(text, start, start + _LONGEST_UNSURE) or _ODD_RUN.match(text, start)
    if run and run.end() == start + _LONGEST_UNSURE and (sure or looks_random(run.group())):
        run = _RUN.match(text, start)
    if run is None:
        return start, start
    end = run.end()
    if to_line_end:
        line_end = _until(text, "\n", end)
        if not _ANOTHER.search(text, start, line_end):
            return start, start + len(text[start:line_end].rstrip(" \t,;"))
    if in_url:
        cut = _NEXT_PARAMETER.search(text, start, end)
        return start, cut.start() if cut else end
    if cut := _NEXT.search(text, start, end):
        end = cut.start()
    return start, start + len(text[start:end].rstrip(",;)]}"))


def _closing(text: str, start: int, quote: str) -> int:
    """Where a quoted value ends: at the same quote, equally escaped, else with the line."""
    if quote[0] in "\"'" and len(quote) == 3:
        end = text.find(quote, start)
        return end if end >= 0 else _until(text, "\n", start)
    if len(quote) > 1:
        return _until(text, quote, start)
    at = start
    while (at := text.find(quote, at)) >= 0:
        slashes = at
        while slashes > start and text[slashes - 1] == "\\":
            slashes -= 1
        if (at - slashes) % 2 == 0:
            return at
        at += 1
    return _until(text, "\n", start)


def _until(text: str, char: str, start: int) -> int:
    end = text.find(char, start)
    return len(text) if end < 0 else end


def _below(text: str, at: int, indent: int) -> list[Span]:
    """The YAML block, or list, that stands under a name which is indented by ``indent``."""
    line_end = _until(text, "\n", at)
    block = _BLOCK.fullmatch(text, at, line_end) is not None
    spans: list[Span] = []
    while line_end < len(text):
        start = line_end + 1
        line_end = _until(text, "\n", start)
        line = text[start:line_end]
        bare = line.lstrip(" \t")
        if not bare:
            continue
        depth = len(line) - len(bare)
        item = bare.startswith("- ") and depth >= indent
        if not item and depth <= indent:
            break
        if not block and not item and not spans and (inner := _INNER_LINE.match(bare)):
            first = start + depth + inner.end()
            if not is_innocent(text[first:line_end].strip("\"' ")):
                spans.append((first, line_end))
            break
        if not block and not item and (spans or _MAP_LINE.match(bare)):
            break  # a map under the name: its own names are found one by one
        if item and not block:
            if _MAP_ITEM.match(bare):
                break
            depth += 2
        first = start + depth
        if not is_innocent(text[first:line_end].strip("\"' ")):
            spans.append((first, line_end))
    if block and spans:
        return [(spans[0][0], spans[-1][1])]
    return spans
