"""What a refused client is told, in the words of RFC 6750, RFC 9728 and the MCP specification."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kube_mcp.server.asgi import Answer, Scope, json_answer
from kube_mcp.server.public_urls import PublicUrls


@dataclass(frozen=True, slots=True)
class Challenge:
    """Builds the answers that send a client to the right place for a token.

    ``scopes`` are what a client should ask for when it signs in, in the order shown.
    """

    public_urls: PublicUrls
    scopes: tuple[str, ...] = ("openid", "profile", "email")

    def no_token(self, scope: Scope) -> Answer:
        """401 without an error, as RFC 6750 asks where no token came."""
        return self._answer(
            401,
            scope,
            scopes=self.scopes,
            body={"error": "unauthorized", "error_description": "Sign in to use this server"},
        )

    def invalid_token(self, scope: Scope, description: str) -> Answer:
        """401: the token came and will not do."""
        return self._answer(
            401, scope, error="invalid_token", description=description, scopes=self.scopes
        )

    def invalid_request(self, scope: Scope, description: str) -> Answer:
        """400: the request itself is malformed, another token would not help."""
        return self._answer(400, scope, error="invalid_request", description=description)

    def insufficient_scope(self, scope: Scope, needed: Iterable[str]) -> Answer:
        """403 that names every scope the operation needs, so that one step up is enough.

        Used for a token that lacks what every call needs, and by the edge before a tool runs that
        needs more than the others.
        """
        ordered = [*self.scopes, *sorted(set(needed) - set(self.scopes))]
        return self._answer(
            403,
            scope,
            error="insufficient_scope",
            description="The access token lacks a scope this operation needs",
            scopes=tuple(ordered),
        )

    def forbidden(self, description: str) -> Answer:
        """403 in words and without a challenge: signing in again would change nothing."""
        return json_answer(403, {"error": "access_denied", "error_description": description})

    def unavailable(self, retry_after_s: int) -> Answer:
        """503: the identity provider cannot be asked just now."""
        return json_answer(
            503,
            {
                "error": "temporarily_unavailable",
                "error_description": "The identity provider cannot be reached; try again shortly",
            },
            headers=[("Retry-After", str(max(1, retry_after_s)))],
        )

    def _answer(
        self,
        status: int,
        scope: Scope,
        *,
        error: str = "",
        description: str = "",
        scopes: tuple[str, ...] = (),
        body: dict[str, str] | None = None,
    ) -> Answer:
        parts = [
            ("error", error),
            ("error_description", description),
            ("resource_metadata", self.public_urls.of(scope).metadata_url),
            ("scope", " ".join(scopes)),
        ]
        fields = ", ".join(f'{name}="{_quoted(value)}"' for name, value in parts if value)
        return json_answer(
            status,
            body or {"error": error, "error_description": description},
            headers=[("WWW-Authenticate", f"Bearer {fields}")],
        )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
