"""Credentials that are recognised by their own shape, wherever they stand.

This table is also the documentation: `docs/redaction.md` lists its names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from kube_mcp.redaction.assignments import find_assigned
from kube_mcp.redaction.spans import Span
from kube_mcp.redaction.values import decoded_text, is_reference, looks_random
from kube_mcp.redaction.windows import gate, windows


@dataclass(frozen=True, slots=True)
class Pattern:
    """One kind of credential: a start from ``starts``, and then ``body``.

    A start is literal text that may hold character classes, so that its width is known. A body
    takes a bounded or a whole run of characters, so that no input makes the search quadratic;
    with a group in it, only the group is masked. ``check`` may let what matched pass.
    ``alone`` asks that no letter or digit stands before the start.
    """

    name: str
    starts: tuple[str, ...]
    body: str
    check: Callable[[str], bool] | None = None
    alone: bool = False


def _is_jwt(value: str) -> bool:
    if "." in value:
        return value.count(".") >= 2
    # JSON in base64: a registry login or a key file, if its text holds a credential.
    text = decoded_text(value).lower()
    return any(word in text for word in ('"auth', "password", "secret", "token", "private_key"))


def _is_private_pem(value: str) -> bool:
    # "-----BEGIN CERTIFICATE" and "-----BEGIN PUBLIC KEY" are for everybody.
    return not value.startswith(("LS0tLS1CRUdJTiBDRVJU", "LS0tLS1CRUdJTiBQVUJMSUMg"))


def holds_credential(value: str) -> bool:
    """Whether a value in base64 encodes a text in which something would be masked."""
    return bool(text := decoded_text(value)) and bool(
        find_credentials(text) or find_assigned(text) or "PRIVATE KEY" in text
    )


def _has_digit(value: str) -> bool:
    return any(char.isdigit() for char in value)


def _is_login(value: str) -> bool:
    return ":" in decoded_text(value)


def _is_literal(value: str) -> bool:
    return not is_reference(value)


_W = r"[A-Za-z0-9_-]"

PATTERNS: tuple[Pattern, ...] = (
    Pattern("Mapbox token", ("sk.eyJ",), rf"{_W}{{8,}}+\.{_W}{{16,}}+", alone=True),
    Pattern("JSON Web Token", ("eyJ",), rf"{_W}{{8,}}+(?:\.{_W}*+)*+", _is_jwt),
    Pattern(
        "private key in base64",
        ("LS0tLS1CRUdJTi",),
        r"[A-Za-z0-9+/]{8,}+={0,2}",
        _is_private_pem,
    ),
    Pattern(
        "kubeconfig, or another object, with a credential in it, in base64",
        ("YXBpVmVyc2lvb",),
        r"[A-Za-z0-9+/]{16,}+={0,2}",
        holds_credential,
    ),
    # A Helm release, or a copy of an object: whatever is in it cannot be looked at.
    Pattern("compressed data in base64", ("H4sI", "SDRzSU"), r"[A-Za-z0-9+/]{40,}+={0,2}"),
    Pattern(
        "AWS access key, and the secret beside it",
        ("AKIA", "ASIA", "ABIA", "ACCA"),
        r"[A-Z0-9]{16}(?![A-Z0-9])(?:[\s,:;|\"'\\]{1,4}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+]))?",
    ),
    Pattern("Google API key", ("AIza",), rf"{_W}{{35}}"),
    Pattern("Google OAuth token", ("ya29.",), rf"{_W}{{20,}}+"),
    Pattern("Google OAuth client secret", ("GOCSPX-",), rf"{_W}{{20,}}+"),
    Pattern("GitHub token", ("gh[pousr]_",), r"[A-Za-z0-9]{20,}+"),
    Pattern("GitHub fine-grained token", ("github_pat_",), r"[A-Za-z0-9_]{20,}+"),
    Pattern(
        "GitLab token",
        ("glpat-", "gl[drf]t-", "glptt-", "glrtr-", "glimt-", "glcbt-", "glsoat-", "glagent-"),
        r"[A-Za-z0-9_.-]{16,}+",
    ),
    Pattern("Slack token", ("xox[abeoprs]-", "xapp-"), r"[A-Za-z0-9-]{10,}+"),
    Pattern(
        "Slack webhook",
        ("hooks.slack.com/",),
        r"(?:services|workflows|triggers)/([A-Za-z0-9/_-]{16,}+)",
    ),
    Pattern("Discord webhook", ("/api/webhooks/",), rf"\d{{5,25}}/({_W}{{20,}}+)"),
    Pattern("Teams webhook", ("webhook.office.com/",), r"([A-Za-z0-9/@_-]{30,}+)"),
    Pattern(
        "Discord bot token", ("[MNO]",), rf"{_W}{{22,27}}\.{_W}{{6}}\.{_W}{{27,40}}", alone=True
    ),
    Pattern("Telegram bot token", ("[0-9]:AA",), rf"{_W}{{33}}"),
    Pattern("Stripe key", ("[srp]k_live_", "[srp]k_test_"), r"[A-Za-z0-9]{10,}+", alone=True),
    Pattern("webhook signing secret", ("whsec_",), r"[A-Za-z0-9+/=]{20,}+"),
    Pattern("OpenAI or Anthropic key", ("sk-",), rf"{_W}{{20,}}+", _has_digit, alone=True),
    Pattern("npm token", ("npm_",), r"[A-Za-z0-9]{30,}+"),
    Pattern("PyPI token", ("pypi-",), rf"{_W}{{16,}}+", _has_digit),
    Pattern("RubyGems key", ("rubygems_",), r"[a-f0-9]{40,}+"),
    Pattern("Docker Hub token", ("dckr_[po]at_",), rf"{_W}{{20,}}+"),
    Pattern("SendGrid key", ("SG.",), rf"{_W}{{16,64}}\.{_W}{{16,}}+"),
    Pattern("Twilio key", ("SK",), r"[0-9a-f]{32}(?![0-9a-f])", alone=True),
    Pattern("Mailgun key", ("key-",), r"[0-9a-f]{32}(?![0-9a-f])", alone=True),
    Pattern("Vault token", ("hv[sbr].",), rf"{_W}{{20,}}+"),
    Pattern(
        "Vault token (before 1.10)",
        ("[^A-Za-z0-9_./-]s.",),
        r"([A-Za-z0-9]{24})(?![\w.-])",
        looks_random,
    ),
    Pattern("Terraform Cloud token", (".atlasv1.",), rf"{_W}{{40,}}+"),
    Pattern("age secret key", ("AGE-SECRET-KEY-",), r"[A-Za-z0-9-]{40,}+"),
    Pattern("Azure client secret", ("[0-9]Q~",), r"[A-Za-z0-9_.~-]{31,34}"),
    Pattern("OpenShift token", ("sha256~",), rf"{_W}{{40,}}+"),
    Pattern("DigitalOcean token", ("do[opr]_v1_",), r"[a-f0-9]{40,}+"),
    Pattern("Databricks token", ("dapi",), r"[a-f0-9]{32}", alone=True),
    Pattern(
        "Doppler token", ("dp.",), r"(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{20,}+", alone=True
    ),
    Pattern("Shopify token", ("shp[acp]a_", "shpat_", "shpss_"), r"[a-fA-F0-9]{32}"),
    Pattern("Grafana token", ("glsa_", "glc_"), r"[A-Za-z0-9_+/=-]{30,}+"),
    Pattern("New Relic key", ("NRAK-",), r"[A-Z0-9]{20,}+"),
    Pattern("Postman key", ("PMAK-",), r"[a-f0-9-]{40,}+"),
    Pattern("Linear key", ("lin_api_", "lin_oauth_"), r"[A-Za-z0-9]{30,}+"),
    Pattern("Atlassian token", ("ATATT3", "ATCTT3", "ATBB"), r"[A-Za-z0-9_=-]{20,}+"),
    Pattern("Artifactory key", ("AKCp",), r"[A-Za-z0-9]{20,}+"),
    Pattern("Tailscale key", ("tskey-",), r"[a-z]{2,12}-[A-Za-z0-9-]{16,}+"),
    Pattern("Fly.io token", ("FlyV1 ",), r"[A-Za-z0-9_,+/=-]{20,}+"),
    Pattern("Hugging Face token", ("hf_",), r"[A-Za-z0-9]{30,}+", alone=True),
    Pattern("Supabase token", ("sbp_",), r"[a-f0-9]{40}"),
    Pattern("PlanetScale token", ("pscale_",), rf"(?:tkn|pw|oauth)_{_W}{{20,}}+"),
    Pattern("Pulumi token", ("pul-",), r"[a-f0-9]{40}"),
    Pattern("xAI key", ("xai-",), r"[A-Za-z0-9]{40,}+", alone=True),
    Pattern("Groq key", ("gsk_",), r"[A-Za-z0-9]{40,}+"),
    Pattern("Replicate token", ("r8_",), r"[A-Za-z0-9]{37}", alone=True),
    Pattern("Square token", ("sq0[a-z][a-z][a-z]-",), rf"{_W}{{22,}}+"),
    Pattern("k3s node token", ("K10", "K11"), r"[a-f0-9]{64}::[A-Za-z0-9:._-]{8,}+"),
    Pattern(
        "password hash",
        ("$2[abxy]$", "$[156y]$", "$apr1$", "$argon2", "$scrypt$"),
        r"[A-Za-z0-9./$=,+-]{16,}+",
    ),
    Pattern(
        "password hash of a directory, a database or a broker",
        (
            "{SHA}",
            "{SSHA}",
            "{SHA256}",
            "{SSHA256}",
            "{SHA512}",
            "{SSHA512}",
            "{CRYPT}",
            "$7$",
            "$y$",
            "SCRAM-SHA-256$",
            "SCRAM-SHA-1$",
            "pbkdf2_sha256$",
            "pbkdf2:sha256:",
        ),
        r"[A-Za-z0-9./$=,:+-]{16,}+",
    ),
    Pattern("1Password token", ("ops_eyJ",), rf"{_W}{{40,}}+"),
    Pattern("Figma token", ("figd_",), rf"{_W}{{20,}}+"),
    Pattern("Notion token", ("secret_", "ntn_"), r"[A-Za-z0-9]{40,}+", _has_digit, alone=True),
    Pattern("Buildkite token", ("bkua_",), r"[a-f0-9]{40}"),
    Pattern("CircleCI token", ("CCIPAT_", "CCIPRJ_"), r"[A-Za-z0-9_]{20,}+"),
    Pattern("SonarQube token", ("sq[pua]_",), r"[a-f0-9]{40}", alone=True),
    Pattern("n8n key", ("n8n_api_",), r"[A-Za-z0-9]{20,}+"),
    Pattern("Perplexity key", ("pplx-",), r"[A-Za-z0-9]{40,}+"),
    Pattern("LangSmith key", ("lsv2_",), r"(?:pt|sk)_[a-f0-9_]{32,}+"),
    Pattern("Pinecone key", ("pcsk_",), r"[A-Za-z0-9_]{40,}+"),
    Pattern("Sentry token", ("sntrys_", "sntryu_"), r"[A-Za-z0-9_+/=]{40,}+"),
    Pattern("Dynatrace token", ("dt0[a-z]01.",), r"[A-Z0-9]{20,64}\.[A-Z0-9]{40,}+"),
    Pattern("Prefect key", ("pn[ub]_",), r"[A-Za-z0-9]{36}", alone=True),
    Pattern("Contentful token", ("CFPAT-",), rf"{_W}{{40,}}+"),
    Pattern("Bearer token", ("[Bb]earer ",), r"[ \t]{0,4}([A-Za-z0-9._~+/=-]{16,}+)", _has_digit),
    Pattern(
        "Basic login", ("Basic ", "basic "), r"[ \t]{0,4}([A-Za-z0-9+/_-]{6,}+={0,2})", _is_login
    ),
    # A password may hold any of `/?#@`, so it ends at the last `@` before a blank or a quote;
    # what could be a port is one.
    Pattern(
        "password in a URL",
        ("://",),
        r"[^\s/?#@:\[\"'<>]{0,128}:(?!\d{1,5}(?:[/?#,;)\]\s\"'<>]|\Z))"
        r"((?:(?!://)[^\s\"'<>`]){1,512})@",
        _is_literal,
    ),
    Pattern(
        "password of Oracle in a JDBC address",
        ("oracle:thin:",),
        r"[\w.$-]{1,64}/([^\s\"'@]{1,256})@",
        _is_literal,
    ),
    Pattern("token in a URL", ("://",), r"([^\s/?#@:\[\"'<>]{16,256})@", _is_literal),
)

# The rarer a character is in logs and objects, the fewer places are looked at.
_RAREST_FIRST = "$~_JQZXKVWYUGBHNFMLSAPOETCDRI:/-.zqjxkvbwygfhpmcduloinrsaet0123456789{}"
_CLASS = re.compile(r"\[[^\]]{1,64}\]|.")
_NO_ALNUM_BEFORE = "(?<![A-Za-z0-9])"


def _compile() -> tuple[re.Pattern[str], dict[int, tuple[Pattern, int, bool]]]:
    """One expression for all patterns, and what the group that closes an alternative stands for.

    Each alternative starts at the rarest literal character of its start and looks back at what
    comes before; alternatives that share the character share a branch. That lets the search skip
    quickly, which is what makes a megabyte of log cheap.
    """
    by_anchor: dict[str, list[tuple[Pattern, int, str]]] = defaultdict(list)
    for pattern in PATTERNS:
        for start in pattern.starts:
            parts = _CLASS.findall(start)
            literal = [at for at, part in enumerate(parts) if len(part) == 1]
            if not literal:  # a class alone: one alternative for each of its characters
                for char in parts[0][1:-1]:
                    by_anchor[char].append(
                        (pattern, 0, f"(?<={_NO_ALNUM_BEFORE}{char}){pattern.body}")
                    )
                continue
            at = min(
                literal, key=lambda at: _RAREST_FIRST.index(parts[at]) if parts[at] != " " else 999
            )
            escaped = [part if len(part) > 1 else re.escape(part) for part in parts]
            behind = (_NO_ALNUM_BEFORE if pattern.alone else "") + "".join(escaped[: at + 1])
            regex = f"(?<={behind}){''.join(escaped[at + 1 :])}{pattern.body}"
            by_anchor[parts[at]].append((pattern, at, regex))
    meaning: dict[int, tuple[Pattern, int, bool]] = {}
    branches: list[str] = []
    groups = 0
    for anchor, alternatives in by_anchor.items():
        options = []
        for pattern, lead, regex in alternatives:
            inner = re.compile(regex).groups
            groups += inner + 1
            meaning[groups] = (pattern, lead, bool(inner))
            options.append(f"{regex}()")
        branches.append(f"{re.escape(anchor)}(?:{'|'.join(options)})")
    return re.compile("|".join(branches)), meaning


_ALL, _MEANING = _compile()


# Where a credential may begin, for RE2 to look for. A lone class would stop it everywhere, so the
# one pattern that starts with one is written out.
_GATE = gate(
    [
        "".join(part if len(part) > 1 else re.escape(part) for part in _CLASS.findall(start))
        for pattern in PATTERNS
        for start in pattern.starts
        if not start.startswith("[M")
    ]
    + [r"[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27}"]
)


def find_credentials(text: str) -> list[Span]:
    """Where in ``text`` credentials of a known shape stand, in order and without overlap."""
    spans: list[Span] = []
    last = 0
    for window_start, window_end in windows(text, _GATE):
        for found in _ALL.finditer(text, window_start, window_end):
            group = found.lastindex or 0
            pattern, lead, partial = _MEANING[group]
            start, end = found.span(group - 1) if partial else (found.start() - lead, found.end())
            if pattern.check is None or pattern.check(text[start:end]):
                spans.append((max(start, last), end))
                last = end
    return spans
