"""HTTP to the identity provider: https only, no redirects, small answers, short deadlines."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kube_mcp.auth.denied import shown
from kube_mcp.auth.strict_json import decode_object
from kube_mcp.errors import IdentityProviderError, ProviderUnreachable

if TYPE_CHECKING:
    import aiohttp

#: A discovery document or a key set is a few kB. More is not one, and must not fill the memory.
MAX_ANSWER_BYTES = 256 * 1024


#: The proxy's URL for a URL that is to be asked, empty for a direct connection.
ProxyFor = Callable[[str], str]


def direct(url: str) -> str:
    """No proxy, whatever is asked."""
    return ""


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def url_problem(url: str, *, allow_http_loopback: bool = False) -> str:
    """Why ``url`` must not be fetched, or an empty string."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return f"{shown(url)} is not a URL"
    if not host or port == 0:
        return f"{shown(url)} is not an absolute URL"
    if parts.username is not None or parts.password is not None:
        return f"the URL for host {shown(host)} holds a user name or a password"
    if parts.fragment:
        return f"{shown(url)} has a fragment"
    if parts.scheme == "https" or (
        parts.scheme == "http" and allow_http_loopback and is_loopback(host)
    ):
        return ""
    return f"{shown(url)} is not https"


class ProviderClient:
    """Asks one identity provider, or several that share a certificate authority.

    The owner opens and closes ``session`` (see `open_session`). ``ca_file`` names a PEM bundle
    trusted beside the system's own. Every failure is an `IdentityProviderError` whose sentence
    holds the URL and never a body, which could echo a token; a `ProviderUnreachable` where there
    was no answer at all. ``proxy_for`` says what stands between here and a URL; it may
    raise an `IdentityProviderError` itself.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        ca_file: str = "",
        allow_http_loopback: bool = False,
        timeout_s: float = 5.0,
        proxy_for: ProxyFor = direct,
    ) -> None:
        self._session = session
        self._ca_file = ca_file
        self._allow_http_loopback = allow_http_loopback
        self._timeout_s = timeout_s
        self._proxy_for = proxy_for
        self._ssl: ssl.SSLContext | None = None

    async def get_object(self, url: str) -> dict[str, Any]:
        """The JSON object at ``url``."""
        return (await self._send("GET", url, form=None, basic=None, accepted=(200,)))[1]

    async def post_form(
        self, url: str, form: Mapping[str, str], *, basic: tuple[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON object that answer a form; 400 and 401 are answers of the protocol.

        ``basic`` is user name and password, already form-encoded as RFC 6749 2.3.1 asks.
        """
        return await self._send("POST", url, form=form, basic=basic, accepted=(200, 400, 401, 403))

    async def _send(
        self,
        method: str,
        url: str,
        *,
        form: Mapping[str, str] | None,
        basic: tuple[str, str] | None,
        accepted: tuple[int, ...],
    ) -> tuple[int, dict[str, Any]]:
        import aiohttp

        from kube_mcp.auth.faults import in_words

        if problem := url_problem(url, allow_http_loopback=self._allow_http_loopback):
            raise IdentityProviderError(f"The identity provider was not asked: {problem}.")
        headers = {"Accept": "application/json"}
        if basic is not None:
            pair = ":".join(basic).encode("utf-8")
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode('ascii')}"
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._session.request(
                    method,
                    url,
                    data=dict(form) if form is not None else None,
                    headers=headers,
                    allow_redirects=False,
                    proxy=self._proxy_for(url) or None,
                    ssl=await self._context(),
                ) as response,
            ):
                body = await self._read(response, url)
                status = response.status
        except TimeoutError as problem_:
            raise ProviderUnreachable(
                f"The identity provider did not answer {shown(url)} within {self._timeout_s:g} s.",
                hint="It may be overloaded, or a firewall or NetworkPolicy drops the connection.",
            ) from problem_
        except (aiohttp.ClientError, OSError, ValueError) as problem_:
            if isinstance(problem_, aiohttp.ClientConnectorCertificateError):
                self._ssl = None  # the bundle may have been exchanged: read it again next time
            why, hint = in_words(problem_)
            raise ProviderUnreachable(
                f"The identity provider cannot be reached at {shown(url)}: {why}.", hint=hint
            ) from problem_
        if status not in accepted:
            hint = ""
            if 300 <= status < 400:
                hint = "Redirects are not followed; set the final URL."
            elif status == 404:
                hint = "Compare the issuer with the provider's; Authentik's holds the slug."
            raise IdentityProviderError(
                f"The identity provider answered {status} at {shown(url)}.", hint=hint
            )
        try:
            return status, decode_object(body)
        except ValueError as problem_:
            raise IdentityProviderError(
                f"The identity provider did not answer with a JSON object at {shown(url)}"
                f" (status {status})."
            ) from problem_

    async def _read(self, response: aiohttp.ClientResponse, url: str) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise IdentityProviderError(
                    f"The identity provider sent more than {MAX_ANSWER_BYTES // 1024} kB"
                    f" at {shown(url)}."
                )
        return bytes(body)

    async def _context(self) -> ssl.SSLContext | bool:
        if not self._ca_file:
            return True
        if self._ssl is None:
            self._ssl = await asyncio.to_thread(self._load_context)
        return self._ssl

    def _load_context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context()
            context.load_verify_locations(cafile=self._ca_file)
        except OSError as problem:
            raise IdentityProviderError(
                f"The CA bundle {shown(self._ca_file)} cannot be read"
                f" ({problem.strerror or problem})."
            ) from problem
        return context


def open_session() -> aiohttp.ClientSession:
    """A session as `ProviderClient` expects it. Call it inside the running loop; close it."""
    import aiohttp

    # Cookies would tie one caller's request to the next; a provider's answers need none.
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(limit=16),
        headers={"User-Agent": "kube-mcp"},
    )
