"""What an API server answers with an error status, as this project's own errors."""

from __future__ import annotations

import orjson
import pytest

from kube_mcp import errors
from kube_mcp.kube.errors import error_of
from kube_mcp.kube.transport import Request

REQUEST = Request("GET", "/api/v1/namespaces/shop/pods/web-1")


def status(code: int, reason: str, message: str) -> bytes:
    """A ``Status`` body."""
    return orjson.dumps({"kind": "Status", "code": code, "reason": reason, "message": message})


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (400, errors.Rejected), (401, errors.Unauthorized), (403, errors.Forbidden),
        (404, errors.NotFound), (405, errors.Rejected), (406, errors.Rejected),
        (409, errors.Rejected), (410, errors.Gone), (415, errors.Rejected),
        (418, errors.Rejected), (422, errors.Rejected), (429, errors.Throttled),
        (500, errors.ServerFault), (502, errors.ServerFault), (503, errors.ServerFault),
        (504, errors.TimedOut), (599, errors.ServerFault), (302, errors.ServerFault),
    ],
)  # fmt: skip
def test_every_status_has_its_own_error(code: int, expected: type[errors.ClusterError]) -> None:
    error = error_of(REQUEST, code, status(code, "Some", "what happened"))
    assert type(error) is expected
    assert error.status == code
    assert str(error).endswith((".", "happened"))


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the '
            'namespace "shop"',
            "Not allowed (403): jane may not list pods in namespace shop. To allow it, a Role "
            'needs: apiGroups [""], resources ["pods"], verbs ["list"].',
        ),
        (
            'deployments.apps "web" is forbidden: User "system:serviceaccount:a:b" cannot get '
            'resource "deployments" in API group "apps" in the namespace "shop"',
            "Not allowed (403): system:serviceaccount:a:b may not get deployments.apps in "
            'namespace shop. To allow it, a Role needs: apiGroups ["apps"], resources '
            '["deployments"], verbs ["get"].',
        ),
        (
            'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the '
            "cluster scope",
            "Not allowed (403): jane may not list nodes in the whole cluster. To allow it, a "
            'ClusterRole needs: apiGroups [""], resources ["nodes"], verbs ["list"].',
        ),
        (
            'pods "web-1" is forbidden: User "jane" cannot get resource "pods/log" in API group '
            '"" in the namespace "shop"',
            "Not allowed (403): jane may not get pods/log in namespace shop. To allow it, a Role "
            'needs: apiGroups [""], resources ["pods/log"], verbs ["get"].',
        ),
        ("denied by the webhook of the house", "Not allowed (403): denied by the webhook of the "
         "house"),
    ],
)  # fmt: skip
def test_a_403_says_who_may_not_do_what_and_what_to_grant(message: str, said: str) -> None:
    assert str(error_of(REQUEST, 403, status(403, "Forbidden", message))) == said


def test_a_401_says_what_to_renew() -> None:
    said = str(error_of(REQUEST, 401, status(401, "Unauthorized", "Unauthorized")))
    assert said == (
        "The API server does not accept the credentials (401). They may have expired: sign in "
        "again, or renew the token or certificate."
    )


def test_the_servers_own_sentence_is_kept_for_what_it_knows_best() -> None:
    for code, message in (
        (404, 'pods "web-1" not found'),
        (422, 'Pod "x" is invalid: spec: Required value'),
        (410, "The provided continue parameter is too old"),
        (429, "too many requests, please try again later"),
    ):
        assert str(error_of(REQUEST, code, status(code, "", message))) == message


def test_a_page_of_a_proxy_is_quoted_briefly_and_named_as_what_it_is() -> None:
    page = b"<html><title>502 Bad Gateway</title>" + b"<p>password=canary-1</p>" + b"x" * 5000
    error = error_of(REQUEST, 502, page)
    assert type(error) is errors.ServerFault
    assert "answered 502 for /api/v1/namespaces/shop/pods/web-1: <html>" in str(error)
    assert "a proxy before it" in str(error)
    assert "canary" not in str(error)
    assert len(str(error)) < 400


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe\x00", b"null", b"[]", b'{"kind":"Pod"}', b'{"kind":"Status","code":"x"}',
     b'{"kind":"Status","message":5}', b"{" * 1000],
)  # fmt: skip
def test_a_body_that_is_no_status_never_breaks_the_error(body: bytes) -> None:
    for code in (401, 403, 404, 500):
        assert error_of(REQUEST, code, body).status == code


def test_a_long_message_is_cut_and_a_credential_in_it_masked() -> None:
    long = status(500, "", "admission webhook said token=canary-abcdef " + "x" * 5000)
    said = str(error_of(REQUEST, 500, long))
    assert "canary" not in said
    assert said.endswith("…(cut)")
    assert len(said) < 700
