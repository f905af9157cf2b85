"""Looks at a public URL the way a client does: the challenge, then the documents it leads to."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

import aiohttp

from kube_mcp.auth.faults import in_words
from kube_mcp.auth.provider import open_session

Outcome = Literal["ok", "warning", "failed", "skipped"]

#: Name, outcome, what was seen, what to do.
Seen = tuple[str, Outcome, str, str]

#: A document larger than this is not one of ours.
_MAX_BYTES = 64 * 1024

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: str


async def clock(issuer: str, *, ca_file: str = "", timeout_s: float = 5.0) -> datetime | None:
    """What time it is at an identity provider, by the ``Date`` of any of its answers.

    None where it does not say, or does not answer: others say why.
    """
    session = open_session()
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
        async with (
            asyncio.timeout(timeout_s),
            session.get(issuer, ssl=context, allow_redirects=False) as answer,
        ):
            return parsedate_to_datetime(answer.headers["Date"])
    except (aiohttp.ClientError, OSError, TimeoutError, KeyError, ValueError):
        return None
    finally:
        await session.close()


async def look(url: str, issuer: str, *, timeout_s: float = 10.0) -> list[Seen]:
    """Everything a client meets on its way to sign in, in the order it meets it.

    Sends no credentials and follows no redirect. Never raises.
    """
    session = open_session()
    try:
        async with asyncio.timeout(timeout_s):
            seen = await _look(session, url, issuer)
    except TimeoutError:
        why, hint = f"no answer within {timeout_s:g} s", ""
    except (aiohttp.ClientError, OSError) as error:
        why, hint = in_words(error)
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            hint = "Give the route a certificate that clients trust; hosted ones take no other."
    else:
        return seen
    finally:
        await session.close()
    return [
        (
            f"public URL {url}",
            "failed",
            f"does not answer from here: {why}",
            hint
            or "Check DNS and the route. A pod often cannot reach its own public address: then "
            "run doctor outside the cluster too, with the same settings.",
        )
    ]


async def _look(session: aiohttp.ClientSession, url: str, issuer: str) -> list[Seen]:
    seen: list[Seen] = []
    parts = urlsplit(url)
    expected = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource{parts.path}"
    name = f"public URL {url}"
    challenge = await _send(session, "POST", url)
    if challenge.status != 401:
        seen.append(
            (
                name,
                "failed",
                f"answers {challenge.status} to a request without a token, not 401",
                "Route the path to this server, with the prefix stripped or not, and no "
                "sign-in of the proxy's own in front.",
            )
        )
        return seen
    parameters = dict(_PARAMETER.findall(challenge.headers.get("www-authenticate", "")))
    if parameters.get("resource_metadata") != expected:
        seen.append(
            (
                name,
                "failed",
                "401, but WWW-Authenticate names "
                f"{parameters.get('resource_metadata', 'no resource_metadata')}, not {expected}",
                "Set server.public_urls to exactly what people type, and let the header through.",
            )
        )
    else:
        seen.append((name, "ok", "401 with a challenge that names the metadata", ""))
    seen.append(await _metadata(session, expected, url, issuer))
    health = await _send(session, "GET", f"{url}/health")
    if health.status == 200:
        seen.append((f"{name}/health", "ok", "200", ""))
    else:
        seen.append(
            (f"{name}/health", "warning", f"{health.status}", "Route what is below the path too.")
        )
    return seen


async def _metadata(session: aiohttp.ClientSession, expected: str, url: str, issuer: str) -> Seen:
    name = f"metadata {expected}"
    answer = await _send(session, "GET", expected)
    if answer.status != 200:
        return (
            name,
            "failed",
            f"answers {answer.status}",
            "Route /.well-known/oauth-protected-resource/<path> of the host to this server, "
            "without stripping it: it lies outside the path's own route.",
        )
    try:
        document = json.loads(answer.body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return (name, "failed", "is not a JSON object", "Something else answers at this address.")
    if document.get("resource") != url:
        return (
            name,
            "failed",
            f"says resource {document.get('resource')!r}, not {url!r}",
            "Set server.public_urls to exactly what people type.",
        )
    servers = document.get("authorization_servers")
    if servers is None or issuer not in servers:
        return (
            name,
            "failed",
            f"lists authorization servers {servers!r}, without {issuer!r}",
            "Clients compare the issuer byte for byte, trailing slash included.",
        )
    return (name, "ok", "resource and issuer agree with the settings", "")


async def _send(session: aiohttp.ClientSession, method: str, url: str) -> _Answer:
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping"}' if method == "POST" else None
    headers = {"Content-Type": "application/json"} if body else {}
    async with session.request(
        method, url, data=body, headers=headers, allow_redirects=False
    ) as answer:
        raw = await answer.content.read(_MAX_BYTES)
        return _Answer(
            answer.status,
            {name.lower(): value for name, value in answer.headers.items()},
            raw.decode("utf-8", "replace"),
        )
