"""What can go wrong between here and an identity provider, in words, and what to look at."""

from __future__ import annotations

import errno

import aiohttp

# OpenSSL's verification results, from x509_vfy.h.
_NOT_YET_VALID, _EXPIRED = 9, 10
_WRONG_HOST = {62, 64}


def in_words(error: Exception) -> tuple[str, str]:
    """Why a request failed, as half a sentence, and what to do about it."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return _certificate(error.certificate_error)
        case aiohttp.ClientConnectorSSLError():
            return "TLS failed", "Check that the port speaks https."
        case aiohttp.ClientConnectorDNSError():
            return (
                f"the name {error.host!r} cannot be resolved",
                "Check the name, and DNS where this runs; a NetworkPolicy may cut it off.",
            )
        case aiohttp.ClientConnectorError() if error.os_error.errno == errno.ECONNREFUSED:
            return "connection refused", "Check that something listens there, and the port."
        case aiohttp.ClientConnectorError():
            why = (error.os_error.strerror or "no connection").rpartition("[")[2].rstrip("]")
            return why.lower(), "Check the network on the way; a NetworkPolicy may cut it off."
        case _:
            return type(error).__name__, ""


def _certificate(error: Exception) -> tuple[str, str]:
    code = getattr(error, "verify_code", 0)
    if code == _EXPIRED:
        return "its certificate has expired", "Renew it there."
    if code == _NOT_YET_VALID:
        return "its certificate is not valid yet", "Compare the clocks of both machines."
    if code in _WRONG_HOST:
        return "its certificate is made out to another name", "Use a name that is in it."
    return (
        "its certificate was issued by an authority that is not trusted here",
        "Set ca_file of the issuer to that authority (in the chart: trustedCA.configMap).",
    )
