"""What a name says about the value behind it: ``clientSecret``, ``DB_PASSWORD``, ``--token-ttl``.

Names of fields, variables, flags, files and headers all speak the same English: the last word
says what the thing is. A ``token`` is a credential, a ``tokenFile`` is a file.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache


class Says(IntEnum):
    """How likely the value behind a name is a credential."""

    NOTHING = 0
    #: A credential only if the value looks random: ``cacheKey``, ``checksum``-like, ``session``.
    MAYBE = 1
    #: A credential, unless the value is evidently a reference, a path or a plain word.
    CREDENTIAL = 2


# Words that are a credential by themselves when they are the name, or its last word.
_CREDENTIAL_WORDS = frozenset({
    "pass", "pw", "pwd", "passwd", "password", "passphrase", "passcode", "secret", "token",
    "credential", "cred", "creds", "cookies", "dsn", "apikey", "authkey", "bearer", "authorization", "cookie",
    "otp", "totp", "mnemonic", "salt", "jwt", "pat", "requirepass", "masterauth", "pgpass", "netrc",
    "htpasswd", "dockerconfigjson", "dockercfg", "connstr", "sas", "psk", "pincode", "pepper", "userlist",
})  # fmt: skip

# As the end of a word written together: `dbpassword`, `authtoken`, `clientsecret`.
_CREDENTIAL_ENDINGS = re.compile(
    r"(?:password|passwd|passphrase|passcode|secret|token|credential|pwd|apikey|authkey|accesskey"
    r"|secretkey|userkey|privatekey|signingkey|encryptionkey|masterkey|accountkey|sharedkey|licensekey"
    r"|(?:db|user|root|admin|smtp|mail|imap|ftp|ldap|bind|ssh|redis|mysql|pg|key|store)pass"
    r"|(?:db|user|root|admin|smtp|mail|ldap|bind|ssh|mysql|pg)pw|(?:tls|ssl|wpa|wifi)psk"
    r"|connectionstring|connstring)s?\Z"
)
_PASSWORD_END = re.compile(r"(?:password|passwd|passphrase|passcode|pwd|pass|pw)\Z")
#: Shorter numbers are counts and times more often than keys.
_SHORTEST_SECRET_NUMBER = 100_000
# Words that are one only where they come last: `passThrough`, `authorization.k8s.io`, `saltLength`.
_ONLY_AT_THE_END = frozenset({
    "pass", "pw", "authorization", "bearer", "cookie", "otp", "salt", "jwt", "pat", "sas", "cred",
    "pepper", "userlist",
})  # fmt: skip
_CREDENTIAL_ANYWHERE = re.compile(r"password|passwd|passphrase|credential")

# "<word> key" is a credential for these; for any other word ("sort key") only if it looks random,
# because it may as well be the key of a map or of a table.
_KEY_KINDS = frozenset({
    "api", "access", "private", "secret", "encryption", "encrypt", "encrypted", "decryption", "signing",
    "sign", "signature", "master", "auth", "account", "shared", "license", "licence", "deploy",
    "hmac", "jwt", "jwk", "ssh", "gpg", "pgp", "age", "recovery", "unseal", "webhook", "subscription",
    "storage", "app", "application", "client", "consumer", "service", "crypto", "cipher", "aes",
    "rsa", "cookie", "session", "join", "registration", "ingest", "integration", "instrumentation",
    "host", "admin", "root", "security", "vault", "sas", "activation", "product", "preshared",
    "fernet",
})  # fmt: skip

# As the last word these say that the value is something about the credential, not itself.
_ABOUT = frozenset({
    "name", "names", "namespace", "namespaces", "ref", "refs", "reference", "references", "file",
    "files", "filename", "path", "paths", "dir", "directory", "location", "url", "urls", "uri", "uris",
    "endpoint", "endpoints", "host", "hostname", "hosts", "port", "ports", "address", "type", "types",
    "kind", "kinds", "class", "mode", "policy", "policies", "ttl", "expiry", "expiration", "expires",
    "expire", "lifetime", "seconds", "minutes", "hours", "days", "duration", "timeout", "interval",
    "length", "len", "size", "count", "number", "min", "max", "limit", "limits", "enabled", "disabled",
    "enable", "disable", "required", "optional", "version", "versions", "algorithm", "alg", "format",
    "encoding", "issuer", "issuers", "audience", "audiences", "scope", "scopes", "selector",
    "selectors", "store", "stores", "manager", "provider", "providers", "engine", "backend", "driver",
    "drivers", "field", "fields", "column", "label", "labels", "annotation", "annotations", "template",
    "templates", "pattern", "header", "headers", "param", "parameter", "env", "var", "variable",
    "mount", "mounts", "volume", "volumes", "reader", "role", "roles", "user", "username", "users",
    "usage", "usages", "server", "status", "state", "phase", "rotation", "rotate", "renew", "renewal",
    "period", "age", "at", "time", "timestamp", "date", "created", "updated", "modified", "index",
    "position", "strategy", "source", "sources", "method", "methods", "property", "review", "reviews",
    "request", "requests", "response", "controller", "operator", "plugin", "generator", "authentication",
    "authenticator", "reset", "check", "checks", "checksum", "digest", "fingerprint", "change", "changed",
    "validation", "validator", "strength", "complexity", "history", "expired", "conditions", "condition",
    "reason", "message", "description", "title", "text", "group", "groups", "resource", "resources",
    "api", "handler", "interceptor", "middleware", "module", "less", "through", "sync", "syncer",
    "webhook", "injector", "metadata", "config", "configuration", "settings", "options",
    "validity", "second", "minute", "hour", "day", "encryption", "hasher", "hashing",
    "prefix", "suffix", "separator", "delimiter", "rate", "quota", "bucket", "cache", "region",
    # Parts of programs, as loggers print them: `c.e.shop.TokenService : started`.
    "service", "services", "filter", "encoder", "decoder", "factory", "impl", "client", "exception",
    "error", "errors", "failure", "loader", "listener", "registry", "resolver", "parser", "builder",
    "helper", "util", "utils", "test", "tests", "spec", "model", "entity", "repository", "event",
    "events", "job", "task", "worker", "queue", "topic", "agent", "proxy", "gateway", "adapter", "hook",
    "watcher", "informer", "lister", "reconciler", "cleaner", "signer", "collector", "publisher",
    "process", "processor", "pool", "thread", "cleanup", "lookup", "fetch", "fetcher",
    # Ends of domains and of files: `secrets-store.csi.k8s.io`, `token.go:73`.
    "io", "com", "org", "net", "dev", "local", "svc", "internal", "go", "py", "java", "rs", "js", "ts",
    "rb", "php", "cpp", "cs", "log", "html", "md", "yaml", "yml", "json", "toml", "xml", "conf", "crt",
})  # fmt: skip

# "<word> secret" names the object that holds it: `existingSecret`, `imagePullSecrets`.
_OF_AN_OBJECT = frozenset({
    "existing", "pull", "tls", "ssl", "ca", "cert", "certificate", "external", "sealed", "image",
    "registry", "use", "create", "generate", "generated", "mount", "target", "source", "output",
    "store", "referenced", "kubernetes", "opaque", "docker", "git", "copy", "backup", "extra",
})  # fmt: skip
# Fields of a map in which everything else is a credential.
_PLAIN_FIELDS = frozenset(
    {"key", "keys", "id", "existing", "create", "annotations", "labels", "interval"}
)
# Words that are one together and nothing alone.
_PAIRS = frozenset({("pin", "code"), ("snmp", "community"), ("basic", "auth"), ("auth", "basic")})
_CHECKSUMS = frozenset({"checksum", "checksums", "sha", "digest", "md"})
_CONNECTIONS = frozenset({"connection", "connect", "conn"})
_UNCERTAIN = frozenset({
    "key", "keys", "auth", "session", "sessionid", "jsessionid", "phpsessid", "signature", "sig",
    "hash", "seed", "nonce", "cert", "private", "license", "licence", "code", "tokens",
})  # fmt: skip

# These hold a list of words or ids, not the thing: `resources: [secrets]`, `credentialsId`.
_IDENTIFIERS = frozenset({"id", "ids", "uid", "uuid", "arn"})

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONGEST_NAME = 256


def words_of(name: str) -> list[str]:
    """``['db', 'password']`` of ``DB_PASSWORD``, ``dbPassword``, ``db-password2`` or ``--db.password``."""
    return [word.lower() for word in _WORDS.findall(name)]


@lru_cache(maxsize=8192)
def says(name: str) -> Says:
    """What ``name`` says about the value behind it. Only the part after the last slash counts."""
    if len(name) > _LONGEST_NAME:
        return Says.MAYBE
    domain, _, local = name.rpartition("/")
    words = words_of(local)
    if not words:
        return Says.NOTHING
    last, before = words[-1], words[:-1]
    if (words_of(domain) + words)[0] in _CHECKSUMS:
        return Says.NOTHING
    if last in _ABOUT:
        return Says.NOTHING
    if last in {"key", "keys"}:
        return _says_of_key(before)
    if last in _IDENTIFIERS:
        # Vault's AppRole has a `secret_id` that is as good as a password.
        if last == "id" and before[-1:] == ["secret"] and "_" in name:
            return Says.CREDENTIAL
        uncertain = _has_credential(before) or before[-1:] == ["session"]
        return Says.MAYBE if uncertain else Says.NOTHING
    if before and (before[-1], last) in _PAIRS:
        return Says.CREDENTIAL
    if last in {"secret", "secrets"} and (domain or _OF_AN_OBJECT & set(before)):
        return Says.MAYBE
    if last == "tokens" and before:
        return Says.MAYBE  # `maxTokens`, `promptTokens`: as often a number as a list of them
    if _is_credential(last):
        if last.endswith(("file", "path", "name", "url", "less")):
            return Says.NOTHING  # written together: `passwordfile`
        return Says.CREDENTIAL
    if _has_credential(words):
        return Says.CREDENTIAL
    if last in _UNCERTAIN:
        return Says.MAYBE
    return Says.NOTHING


def is_about(name: str) -> bool:
    """Whether a name says it holds something about a thing: a ``path``, a ``storeClass``, a ``key``."""
    words = words_of(name)
    return bool(words) and words[-1] in _ABOUT | _PLAIN_FIELDS


def is_secret_number(name: str, value: int) -> bool:
    """Whether a whole number behind a name that says credential is one: a password in YAML without
    quotes. ``passwordAttempts`` and ``tokens`` have numbers that are not.
    """
    last = (words_of(name) or [""])[-1]
    if _PASSWORD_END.search(last):
        return True
    return _is_credential(last) and last != "tokens" and abs(value) >= _SHORTEST_SECRET_NUMBER


def _says_of_key(before: list[str]) -> Says:
    if not before:
        return Says.MAYBE
    if before[-1] == "public":
        return Says.NOTHING
    if before[-1] in _KEY_KINDS and "existing" not in before:
        return Says.CREDENTIAL
    # `passwordKey: redis-password` names a key of a Secret.
    return Says.MAYBE


def _has_credential(words: list[str]) -> bool:
    before = ""
    for word in words:
        if word == "key" and before in _KEY_KINDS:
            return True
        if word in {"string", "strings", "str"} and before in _CONNECTIONS:
            return True
        if word not in _ONLY_AT_THE_END and _is_credential(word):
            return True
        before = word
    return False


def _is_credential(word: str) -> bool:
    return (
        word in _CREDENTIAL_WORDS
        or _CREDENTIAL_ENDINGS.search(word) is not None
        or _CREDENTIAL_ANYWHERE.search(word) is not None
    )
