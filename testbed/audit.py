"""Reads the API server's audit log: what did this user really ask for?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Event = dict[str, Any]

#: Subresources that reach into a machine or move things however they are asked: an exec over a
#: WebSocket is a GET.
CONNECTS = frozenset({"exec", "attach", "portforward", "proxy"})

#: Asking about oneself is written as a creation and changes nothing.
SELF_REVIEWS = frozenset(
    {"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"}
)


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit log of one bed. ``settle`` waits until what happened so far is in the file."""

    log: Path
    settle: Callable[[], None]

    def events(self, user: str | None = None) -> list[Event]:
        """Finished and started requests in order, one entry a stage; of one user, also when that
        user was impersonated or did the impersonating."""
        self.settle()
        # Most lines are somebody else's: looking for the name first saves parsing them.
        name = json.dumps(user or "")[1:-1].encode()
        with self.log.open("rb") as lines:
            found = [json.loads(line) for line in lines if name in line and line.endswith(b"\n")]
        return [event for event in found if user is None or user in users(event)]

    def requests(self, user: str) -> list[Event]:
        """One entry a request."""
        return list(_one_per_request(self.events(user)))

    def non_reads(self, user: str) -> list[Event]:
        """Requests of this user that were neither get, list nor watch, refused ones included.

        A connect subresource counts however it was asked; self reviews are listed by
        ``self_reviews`` instead.
        """
        return [e for e in self.requests(user) if is_non_read(e) and not is_self_review(e)]

    def self_reviews(self, user: str) -> list[Event]:
        """Questions of this user about what it may do, with their bodies in ``requestObject``."""
        return [event for event in self.requests(user) if is_self_review(event)]


def users(event: Event) -> set[str]:
    """Everybody in whose name the request was made."""
    named = (event.get("user"), event.get("impersonatedUser"))
    return {user["username"] for user in named if user and "username" in user}


def is_non_read(event: Event) -> bool:
    """Whether it could have changed something."""
    reference = event.get("objectRef") or {}
    if reference.get("subresource") in CONNECTS:
        return True
    # head and options: what paths outside the resources are asked with.
    return event["verb"] not in ("get", "list", "watch", "head", "options")


def is_self_review(event: Event) -> bool:
    """Whether it only asked about the user's own rights."""
    reference = event.get("objectRef") or {}
    return event["verb"] == "create" and reference.get("resource") in SELF_REVIEWS


def describe(events: Iterable[Event]) -> str:
    """For a failing test: one line a request."""
    return "\n".join(
        f"{event['verb']} {event['requestURI']} -> "
        f"{(event.get('responseStatus') or {}).get('code', '…')}"
        for event in events
    )


def _one_per_request(events: Iterable[Event]) -> Iterable[Event]:
    last: dict[str, Event] = {}
    for event in events:  # a later stage of the same request replaces the earlier one in place
        last[event["auditID"]] = event
    return last.values()
