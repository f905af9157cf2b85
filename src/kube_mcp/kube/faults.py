"""What can go wrong between here and an API server, in words.

The HTTP library's exceptions end here. The message names the server and what happened; the hint
says what to look at, because "connection error" sends everybody to the wrong place.
"""

from __future__ import annotations

import errno
import ssl
from urllib.parse import urlsplit

import aiohttp

from kube_mcp.errors import ClusterError, Refused, ServerFault, Unreachable
from kube_mcp.kube.connection import ClusterConfig

# OpenSSL's verification results, from x509_vfy.h.
_NOT_YET_VALID, _EXPIRED = 9, 10
_WRONG_HOST = {62, 64}
_UNKNOWN_AUTHORITY = {2, 18, 19, 20, 21}

_BROKEN = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}


def in_words(error: Exception, config: ClusterConfig) -> ClusterError | Refused:
    """The exception of ours that says what ``error``, one of aiohttp's, means for this server."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return _untrusted(error.certificate_error, config)
        case aiohttp.ClientConnectorSSLError():
            return _no_tls(error.os_error, config)
        case aiohttp.ClientHttpProxyError():
            return Unreachable(
                f"The proxy {_proxy(config)} answered {error.status} when asked to connect "
                f"to the API server {_server(config)}.",
                hint="Check what the proxy allows, or add the server to NO_PROXY.",
            )
        case aiohttp.ClientProxyConnectionError():
            return Unreachable(
                f"The proxy {_proxy(config)} cannot be connected to: {_reason(error.os_error)}.",
                hint="Check the proxy's address, or add the API server to NO_PROXY.",
            )
        case aiohttp.ClientConnectorDNSError():
            return Unreachable(
                f"The name {error.host!r} of the API server cannot be resolved.",
                hint="Check the server's address, and the DNS or VPN of this machine.",
            )
        case aiohttp.ClientConnectorError():
            return Unreachable(
                f"The API server {_server(config)} cannot be connected to: {_reason(error.os_error)}.",
                hint=_connect_hint(error.os_error),
            )
        case aiohttp.ServerDisconnectedError():
            return Unreachable(
                f"The API server {_server(config)} closed the connection before it answered.",
                hint=_silent_hint(config),
            )
        case aiohttp.ClientPayloadError():
            return Unreachable(
                f"The API server {_server(config)} broke off in the middle of its answer."
            )
        case aiohttp.ClientResponseError():
            return ServerFault(
                f"What the API server {_server(config)} answered is not HTTP as an API server speaks it.",
                hint="Check that the address and the port are the API server's.",
            )
        case OSError():
            return _broken(error, config)
        case ValueError():
            return Refused("The request has a header or an address that cannot be sent safely.")
        case _:
            return Unreachable(
                f"The API server {_server(config)} cannot be asked: {type(error).__name__}."
            )


def may_pass(error: Unreachable) -> bool:
    """Whether the same request may well succeed in a second: not so where trust or a name fails."""
    return not isinstance(
        error.__cause__,
        aiohttp.ClientConnectorCertificateError
        | aiohttp.ClientConnectorSSLError
        | aiohttp.ClientConnectorDNSError
        | aiohttp.ClientHttpProxyError,
    )


def _untrusted(error: Exception, config: ClusterConfig) -> Unreachable:
    code = getattr(error, "verify_code", 0)
    detail = getattr(error, "verify_message", "") or "it cannot be verified"
    says = f"The certificate of the API server {_server(config)}"
    if code == _EXPIRED:
        return Unreachable(
            f"{says} has expired.",
            hint="Renew it on the server, for example with 'kubeadm certs renew'.",
        )
    if code == _NOT_YET_VALID:
        return Unreachable(f"{says} is not valid yet.", hint="Compare the clocks of both machines.")
    if code in _WRONG_HOST:
        return Unreachable(
            f"{says} was not made out to {config.tls_server_name or _host(config)!r}.",
            hint="Use a name that is in the certificate, or set tls-server-name to one.",
        )
    if code in _UNKNOWN_AUTHORITY:
        authority = (
            "that is configured" if config.ca_file or config.ca_pem else "this machine knows"
        )
        return Unreachable(
            f"{says} was not issued by a certificate authority {authority} ({detail}).",
            hint="Set certificate-authority to the cluster's own; "
            "a proxy that opens TLS on the way looks like this too.",
        )
    return Unreachable(f"{says} is not accepted: {detail}.")


def _no_tls(error: OSError, config: ClusterConfig) -> Unreachable:
    reason = (getattr(error, "reason", "") or "").replace("_", " ").lower()
    if reason in ("wrong version number", "record layer failure", "http request"):
        return Unreachable(
            f"The API server {_server(config)} does not speak TLS on that port.",
            hint="Check the port, or write http:// if that is meant.",
        )
    return Unreachable(
        f"TLS with the API server {_server(config)} failed: {reason or 'the handshake broke off'}."
    )


def _broken(error: OSError, config: ClusterConfig) -> Unreachable:
    cause = error if isinstance(error, ssl.SSLError) else error.__cause__
    reason = (getattr(cause, "reason", "") or "").lower()
    if "certificate" in reason:
        return Unreachable(
            f"The API server {_server(config)} does not accept our client certificate"
            f" ({reason.replace('_', ' ')}).",
            hint="Check client-certificate in the kubeconfig: it may be missing or expired.",
        )
    if error.errno in _BROKEN:
        return Unreachable(f"The API server {_server(config)} broke the connection off.")
    return Unreachable(
        f"The connection to the API server {_server(config)} failed: {_reason(error)}."
    )


def _reason(error: OSError) -> str:
    match error.errno:
        case errno.ECONNREFUSED:
            return "connection refused"
        case errno.EHOSTUNREACH | errno.ENETUNREACH:
            return "there is no route to it"
        case errno.ETIMEDOUT:
            return "it does not answer"
        case _:
            # asyncio puts the address and a text of its own where the system's words belong.
            text = (error.strerror or str(error) or type(error).__name__).rsplit("[", 1)[0]
            return text.strip().rstrip(".").lower()


def _connect_hint(error: OSError) -> str:
    if error.errno == errno.ECONNREFUSED:
        return "Nothing listens there: check the address, and that the cluster is running."
    return "Check the address, and the network or VPN of this machine."


def _silent_hint(config: ClusterConfig) -> str:
    # With TLS 1.3 a missing client certificate is noticed after the handshake, and asyncio does
    # not tell the alert from an ordinary end.
    if config.is_https and config.client_certificate is None:
        return "It may be restarting, or it demands a client certificate."
    return "It may be restarting."


def _server(config: ClusterConfig) -> str:
    """The server's address. A path or a password is not shown."""
    parts = urlsplit(config.server)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _host(config: ClusterConfig) -> str:
    return urlsplit(config.server).hostname or ""


def _proxy(config: ClusterConfig) -> str:
    parts = urlsplit(config.proxy_url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]} (from {config.proxy_origin})"
