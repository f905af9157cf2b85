"""Every error this project raises on purpose, as one tree.

    KubeMcpError                 something went wrong that a person can act on
        SettingsError            a setting is missing, misspelt or contradicts another
        InputError               an argument cannot be used as given
        NotAllowed               this server's own policy says no (a namespace or kind list, a toolset)
        Refused                  the guard kept a request from leaving: it is not a read
        CredentialsError         the cluster's credentials cannot be loaded or renewed
        IdentityProviderError    the identity provider did not answer what its protocol promises
            ProviderUnreachable  it did not answer at all
        ClusterError             the API server could not, or would not, answer
            Unreachable          no connection, or it broke
            TimedOut             the deadline passed first
            Unauthorized         401: the credentials are not accepted
            Forbidden            403: the identity may not do this
            NotFound             404: no such object, or no such path
            Gone                 410: the resource version or continue token aged out
            Throttled            429: too many requests, also after the retries
            Rejected             400, 405, 406, 409, 415, 422: the request makes no sense to the server
            ServerFault          5xx, or an answer that is not what the API promises
            TooLarge             the answer passed the byte limit set for it

The third-party exception that caused one is chained with ``from`` and goes no further:
above the layer that talks to a library, only these exist.

A message is a sentence for the person, or the model, who must act: the value given, what was
expected, what to try. It never holds a token, a Secret's value or a stack trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


class KubeMcpError(Exception):
    """Something went wrong that a person can act on.

    ``hint`` is one imperative sentence, shown after the message where there is room.
    ``code`` is stable and machine-readable: it labels metrics and audit lines.
    """

    code = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class SettingsError(KubeMcpError):
    """The configuration cannot be used; ``problems`` lists every reason, not the first one."""

    code = "settings"

    def __init__(self, problems: Sequence[str], *, hint: str = "") -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems), hint=hint)


class InputError(KubeMcpError):
    """An argument cannot be used as given; the message quotes it and says what would do."""

    code = "input"


class NotAllowed(KubeMcpError):
    """This server's own policy forbids it, whatever the cluster would say."""

    code = "not_allowed"


class Refused(KubeMcpError):
    """The guard kept a request from leaving because it is not provably a read."""

    code = "refused"


class CredentialsError(KubeMcpError):
    """The credentials for the cluster cannot be loaded or renewed."""

    code = "credentials"


class IdentityProviderError(KubeMcpError):
    """The identity provider could not be reached, or did not answer what its protocol promises."""

    code = "identity_provider"


class ProviderUnreachable(IdentityProviderError):
    """The identity provider gave no answer: no connection, or not in time."""


class ClusterError(KubeMcpError):
    """The API server could not, or would not, answer.

    ``status`` is the HTTP status (0 where none arrived); ``reason`` is the ``reason`` of the
    Kubernetes ``Status`` object, and empty where the body was not one.
    """

    code = "cluster"

    def __init__(self, message: str, *, hint: str = "", status: int = 0, reason: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.reason = reason


class Unreachable(ClusterError):
    """The API server could not be connected to, or the connection broke."""

    code = "unreachable"


class TimedOut(ClusterError):
    """The deadline for the call passed before the answer was complete."""

    code = "timed_out"


class Unauthorized(ClusterError):
    """The API server does not accept the credentials (401)."""

    code = "unauthorized"


class Forbidden(ClusterError):
    """The identity may not do this (403); the message names verb, resource and namespace."""

    code = "forbidden"


class NotFound(ClusterError):
    """There is no such object, or no such API path (404)."""

    code = "not_found"


class Gone(ClusterError):
    """The resource version or continue token aged out (410); normal after some quiet minutes."""

    code = "gone"


class Throttled(ClusterError):
    """The API server asked for patience (429), and still did after the retries allowed."""

    code = "throttled"


class Rejected(ClusterError):
    """The API server understood the connection but not the request (400, 405, 406, 409, 415, 422)."""

    code = "rejected"


class ServerFault(ClusterError):
    """The API server failed (5xx), or answered with something the API does not promise."""

    code = "server_fault"


class TooLarge(ClusterError):
    """The answer passed the byte limit that was set for it, so it was dropped rather than cut."""

    code = "too_large"


#: What befalls a request whatever it asks for: where nothing else came back, nothing is known.
OUTAGES = (Unreachable, TimedOut, Unauthorized, Throttled, ServerFault)


def suggest(given: str, known: Sequence[str], *, most: int = 3) -> str:
    """``did you mean 'deployments'?``, or an empty string where nothing is near.

    Comparison ignores case. Exact length and order of ``known`` do not matter.
    """
    by_lower = {name.lower(): name for name in known}
    near = get_close_matches(given.lower(), list(by_lower), n=most, cutoff=0.6)
    if not near:
        return ""
    names = [f"'{by_lower[name]}'" for name in near]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    return f"Did you mean {listed}?"
