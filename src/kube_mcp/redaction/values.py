"""What a value says about itself: a reference, a plain word, a path, or something random."""

from __future__ import annotations

import itertools
import math
import operator
import re
import string
from base64 import b64decode
from binascii import Error as BadBase64
from collections import Counter

_MASK = re.compile(r"<masked: \d{1,9} chars>")


def mask(value: str) -> str:
    """What stands where a credential was; it tells the length and nothing else."""
    return f"<masked: {len(value)} chars>"


# Ordinary values of fields whose name sounds like a credential.
_WORDS = frozenset({
    "", "~", "true", "false", "yes", "no", "on", "off", "null", "nil", "none", "undefined", "auto",
    "enabled", "disabled", "enable", "disable", "required", "optional", "redacted", "always", "never",
    "ifnotpresent", "opaque",
})  # fmt: skip
# What follows "token: " in an error message.
_PROSE_WORDS = _WORDS | frozenset({
    "missing", "empty", "not", "invalid", "valid", "expired", "unknown", "unset", "hidden", "removed",
    "failed", "failure", "error", "ok", "success", "denied", "rejected", "accepted", "unauthorized",
    "forbidden", "unexpected", "malformed", "unable", "cannot", "could", "must", "should", "is", "was",
    "has", "have", "the", "a", "an", "for", "from", "of", "to", "in", "and", "or", "with", "by", "at",
    "found", "timeout", "eof", "nonexistent", "mismatch", "needed", "set", "present", "absent",
})  # fmt: skip

# $(VAR), ${VAR}, $VAR, {{ .Values.x }}, <placeholder>, %(x)s, $(cat /run/secrets/x)
_REFERENCE = re.compile(
    r"\$\([A-Za-z_][\w.]{0,128}\)|\$\{env:[A-Za-z_]\w{0,128}\}|\$\{[A-Za-z_][\w.]{0,128}\}|\$[A-Z_][A-Z0-9_]{0,128}(?![\w$])"
    r"|\$\((?:cat|<)\s{1,3}/[\w./-]{1,256}\)|\{\{[^{}\"'`\n]{0,256}\}\}|<[A-Za-z_ .-]{1,64}>"
    r"|%\([\w.]{1,64}\)s|<masked: \d{1,9} chars>"
)
# Where the value is kept: a file, a secret manager's address, an environment variable by name.
_ADDRESS = re.compile(
    r"(?:vault|ref\+\w+|op|file|awssm|gcpsm|secretsmanager|ssm|keyvault|arn:[\w-]{1,16}:[\w-]{1,32})"
    r":[\w:.$#{}()@+%-]{0,128}[/:][\w:/.$#{}()@+%-]{1,256}"
    r"|(?:env|secret):[\w./-]{1,128}|\$__(?:file|env)\{[^{}]{1,128}\}"
)
# YAML tags of Home Assistant, authentik and others: `!secret db_password`, `!Env DB_PASSWORD`.
_TAGGED = re.compile(
    r"!(?:secret|env_var|vault|[Ee]nv|[Ff]ile|Find|KeyOf|Context) [\w./\[\], -]{1,256}"
)
_PATH = re.compile(r"(?:~|\.{1,2})?(?:/[\w.@ -]{1,128}){1,32}/?|[A-Za-z]:\\[\w.\\ -]{1,256}")
_STARS = re.compile(r"[*•.xX-]{3,64}|\[?(?:REDACTED|FILTERED|MASKED|HIDDEN)\]?|\*+[^*]{0,4}")
_NO_PASSWORD = re.compile(
    r"://|\w@[\w-]+\.|^\d[\d:.TZ+-]*$|^/|\(\)|[:,]$|<masked: |\$\{|\{\{|^!\w+$"
)
_SIGNS = re.compile(r"[!#$%^&*?=+~]")
_ALNUM = re.compile(r"[A-Za-z0-9]")

_RANDOM_CHARS = re.compile(r"[A-Za-z0-9+/_.~=-]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_HEX = re.compile(r"(?:[0-9a-f]{32,}|[0-9A-F]{32,})")
_KNOWN_DIGEST = re.compile(r"(?:sha(?:1|256|384|512)|md5|blake2b)[:-]")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_KINDS = (str.isdigit, str.isupper, str.islower)
_TO_KIND = str.maketrans(
    dict.fromkeys(string.digits, "d")
    | dict.fromkeys(string.ascii_uppercase, "u")
    | dict.fromkeys(string.ascii_lowercase, "l")
    | dict.fromkeys("+/_.~=-", "s")
)
#: What is random is so from its beginning.
_SAMPLE = 128
#: Shorter ones are as often words with a number as they are keys.
_SHORTEST_RANDOM = 16
# Letters of English or of camelCase names stay below, base62 of 16 characters is above.
_LEAST_ENTROPY_BITS = 3.3


def is_innocent(value: str) -> bool:
    """Whether a value is readable even where its name says it is a credential.

    Empty values, words such as ``true`` or ``disabled``, references such as ``$(DB_PASSWORD)``,
    addresses such as ``vault:secret/db``, paths of files, and what was masked already.
    """
    if len(value) > 512:
        return False
    bare = value.strip()
    if bare.lower() in _WORDS or is_reference(bare):
        return True
    if bare[:1] == "!" and _TAGGED.fullmatch(bare):
        return not any(looks_random(part) for part in re.split(r"[ /,]", bare))
    if ":" in bare or "$__" in bare:
        address = _ADDRESS.fullmatch(bare)
        if address:
            return not any(looks_random(part) for part in re.split(r"[/:#]", bare))
    if "/" in bare or "\\" in bare:
        return _PATH.fullmatch(bare) is not None and not any(
            looks_random(part) or _mixes(part) for part in re.split(r"[/\\]", bare)
        )
    return False


def is_masked(value: str) -> bool:
    """Whether a value is what `mask` left of one."""
    return _MASK.fullmatch(value) is not None


def is_reference(value: str) -> bool:
    """Whether a value only points elsewhere, ``$(USER):$(PASSWORD)``, or was masked already."""
    if _STARS.fullmatch(value):
        return True
    if "$" not in value and "<" not in value and "{{" not in value and "%(" not in value:
        return False
    rest, found = _REFERENCE.subn("", value[:1024])
    return found > 0 and len(value) <= 1024 and not _ALNUM.search(rest)


def is_prose(value: str) -> bool:
    """Whether a value is a word an error message goes on with."""
    return value.rstrip(".,;:!").lower() in _PROSE_WORDS


def looks_like_password(value: str) -> bool:
    """Whether a word in a sentence is rather a password than English: letters and digits, or signs.

    Addresses, names of files and times are no passwords.
    """
    if len(value) < 6 or " " in value or _NO_PASSWORD.search(value):
        return False
    letters = any(char.isalpha() for char in value)
    digits = any(char.isdigit() for char in value)
    mixed = value[1:] != value[1:].lower() and value != value.upper()
    return (letters and digits) or (letters and mixed) or bool(_SIGNS.search(value))


def _mixes(part: str) -> bool:
    """Whether a path's part changes between capitals and digits like base64 does, not like a name."""
    return (
        len(part) > 3
        and any(char.isdigit() for char in part)
        and any(char.isupper() for char in part)
        and any(char.islower() for char in part)
    )


def looks_random(value: str) -> bool:
    """Whether a value was generated rather than written: long, of mixed characters, no digest.

    UUIDs and ``sha256:`` digests name things in every cluster, so they do not count.
    """
    if len(value) < _SHORTEST_RANDOM or not _RANDOM_CHARS.fullmatch(value):
        return False
    if _KNOWN_DIGEST.match(value) or _UUID.fullmatch(value):
        return False
    if _HEX.fullmatch(value):
        return True
    sample = value[:_SAMPLE]
    digits, upper, lower = (sum(map(kind, sample)) for kind in _KINDS)
    if digits < 2 or digits == len(sample) or not (upper or lower):
        return False
    if not (upper and lower) and (len(value) < 20 or "-" in value or "." in value or "/" in value):
        return False  # `node-pool-2026-11-23`, `ip-10-0-0-1.eu-west-1`
    return _changes(sample) * 3 >= len(sample) and _entropy_bits(sample) >= _LEAST_ENTROPY_BITS


def _changes(value: str) -> int:
    """How often capitals, small letters, digits and signs take turns."""
    return sum(itertools.starmap(operator.ne, itertools.pairwise(value.translate(_TO_KIND))))


def _entropy_bits(value: str) -> float:
    total = len(value)
    return -sum(n / total * math.log2(n / total) for n in Counter(value).values())


def is_base64(value: str) -> bool:
    """Whether a value has the characters of base64 and no other."""
    return _BASE64.fullmatch(value) is not None


def decoded_text(value: str) -> str:
    """What a base64 value says if it encodes printable text; else an empty string."""
    if len(value) > 1_000_000 or not _BASE64.fullmatch(value):
        return ""
    padded = value.rstrip("=")
    padded += "=" * (-len(padded) % 4)
    try:
        text = b64decode(padded, altchars=b"-_" if "-" in value or "_" in value else None).decode()
    except (BadBase64, ValueError):
        return ""
    return text if text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable() else ""


def is_basic_login(value: str) -> bool:
    """Whether a value is ``user:password`` in base64, as HTTP's Basic scheme and Docker keep it."""
    user, colon, password = decoded_text(value).partition(":")
    return bool(colon and user and password)
