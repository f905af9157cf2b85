import errno
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from kube_mcp.errors import Refused, Unreachable
from kube_mcp.kube.connection import ClientCertificate, ClusterConfig
from kube_mcp.kube.faults import in_words, may_pass

KEY = ConnectionKey("api.example.com", 6443, True, True, None, None, None)
CONFIG = ClusterConfig(
    server="https://user:canary@api.example.com:6443/k8s/c-1",
    proxy_url="http://user:canary@proxy:3128",
    proxy_origin="HTTPS_PROXY",
)
SERVER = "The API server https://api.example.com:6443"


def unverified(code: int, message: str) -> aiohttp.ClientConnectorCertificateError:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED]")
    error.verify_code, error.verify_message = code, message
    return aiohttp.ClientConnectorCertificateError(KEY, error)


def tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] (_ssl.c:1000)")
    error.reason = reason
    return error


def connecting(number: int, text: str) -> aiohttp.ClientConnectorError:
    return aiohttp.ClientConnectorError(KEY, OSError(number, text))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            connecting(errno.EHOSTUNREACH, "No route to host"),
            f"{SERVER} cannot be connected to: there is no route to it. "
            "Check the address, and the network or VPN of this machine.",
        ),
        (
            connecting(errno.ETIMEDOUT, "timed out"),
            f"{SERVER} cannot be connected to: it does not answer. "
            "Check the address, and the network or VPN of this machine.",
        ),
        (
            connecting(errno.EACCES, "Permission denied [canary]"),
            f"{SERVER} cannot be connected to: permission denied. "
            "Check the address, and the network or VPN of this machine.",
        ),
        (
            unverified(23, "certificate revoked"),
            "The certificate of the API server https://api.example.com:6443 is not accepted: "
            "certificate revoked.",
        ),
        (
            aiohttp.ClientConnectorSSLError(KEY, tls("TLSV1_ALERT_PROTOCOL_VERSION")),
            "TLS with the API server https://api.example.com:6443 failed: "
            "tlsv1 alert protocol version.",
        ),
        (
            aiohttp.ClientConnectorSSLError(KEY, OSError(0, "eof")),
            "TLS with the API server https://api.example.com:6443 failed: the handshake broke off.",
        ),
        (aiohttp.ClientOSError(errno.ECONNRESET, "reset"), f"{SERVER} broke the connection off."),
        (ConnectionResetError(errno.ECONNRESET, "x"), f"{SERVER} broke the connection off."),
        (
            tls("TLSV13_ALERT_CERTIFICATE_REQUIRED"),
            f"{SERVER} does not accept our client certificate (tlsv13 alert certificate required). "
            "Check client-certificate in the kubeconfig: it may be missing or expired.",
        ),
        (
            aiohttp.ClientOSError(errno.ENETDOWN, "Network is down"),
            "The connection to the API server https://api.example.com:6443 failed: "
            "network is down.",
        ),
        (
            aiohttp.ServerDisconnectedError(),
            f"{SERVER} closed the connection before it answered. "
            "It may be restarting, or it demands a client certificate.",
        ),
        (
            aiohttp.ClientConnectionError("canary"),
            f"{SERVER} cannot be asked: ClientConnectionError.",
        ),
    ],
)
def test_a_failure_is_one_sentence_and_what_to_look_at(error: Exception, said: str) -> None:
    found = in_words(error, CONFIG)
    assert isinstance(found, Unreachable)
    assert str(found) == said


def test_a_client_that_shows_a_certificate_is_not_asked_for_one() -> None:
    config = ClusterConfig("https://h", client_certificate=ClientCertificate("c", "", "k", ""))
    said = str(in_words(aiohttp.ServerDisconnectedError(), config))
    assert said == (
        "The API server https://h closed the connection before it answered. It may be restarting."
    )


def test_what_cannot_be_sent_is_our_own_refusal() -> None:
    assert isinstance(in_words(ValueError("canary"), CONFIG), Refused)


def test_trust_and_names_do_not_heal_by_themselves_and_connections_do() -> None:
    def passes(cause: Exception) -> bool:
        error = Unreachable("x")
        error.__cause__ = cause
        return may_pass(error)

    assert passes(connecting(errno.ECONNREFUSED, "refused"))
    assert passes(aiohttp.ServerDisconnectedError())
    assert not passes(unverified(10, "expired"))
    assert not passes(aiohttp.ClientConnectorSSLError(KEY, tls("WRONG_VERSION_NUMBER")))
    assert not passes(aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "unknown")))
