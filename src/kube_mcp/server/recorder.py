"""Every call leaves one audit line and its numbers, however it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kube_mcp.auth.caller import Caller
from kube_mcp.server.host import Asked
from kube_mcp.telemetry.audit import AuditLog, CallRecord
from kube_mcp.telemetry.meter import metered
from kube_mcp.telemetry.metrics import Metrics


@dataclass(slots=True)
class Recording:
    """What is known of a running call; whoever runs it fills it in."""

    outcome: str = "ok"
    error_id: str = ""
    cluster: str = ""
    identity: str = ""
    answer_bytes: int = 0


class Recorder:
    """Watches calls for the audit trail and for metrics; either may be missing."""

    def __init__(
        self,
        *,
        metrics: Metrics | None = None,
        audit: AuditLog | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._audit = audit
        self._monotonic = monotonic

    @contextmanager
    def call(
        self, operation: str, name: str, arguments: Mapping[str, Any], asked: Asked
    ) -> Iterator[Recording]:
        """Watches one call until the block ends; what it reads in there is counted as its."""
        recording = Recording()
        started = self._monotonic()
        if self._metrics is not None:
            self._metrics.call_started()
        with metered() as meter:
            try:
                yield recording
            except asyncio.CancelledError:
                recording.outcome = "cancelled"
                raise
            except BaseException:
                if recording.outcome == "ok":
                    recording.outcome = "error"
                raise
            finally:
                seconds = self._monotonic() - started
                if self._metrics is not None:
                    self._metrics.call_ended(
                        operation=operation,
                        name=name,
                        outcome=recording.outcome,
                        seconds=seconds,
                        answer_bytes=recording.answer_bytes,
                    )
                if self._audit is not None:
                    self._audit.call(
                        CallRecord(
                            operation=operation,
                            name=name,
                            caller={**caller_fields(asked.caller), "program": asked.client},
                            identity=recording.identity,
                            cluster=recording.cluster,
                            arguments=arguments,
                            kinds=meter.kinds,
                            namespaces=meter.namespaces,
                            requests=meter.requests,
                            objects=meter.objects,
                            bytes_read=meter.bytes_read,
                            bytes_answered=recording.answer_bytes,
                            outcome=recording.outcome,
                            error_id=recording.error_id,
                            ms=seconds * 1000,
                        )
                    )


def caller_fields(caller: Caller | None) -> dict[str, str]:
    """Who calls, as every line of the audit trail writes it; empty where nobody signs in."""
    if caller is None:
        return {}
    return {
        "issuer": caller.issuer,
        "subject": caller.subject,
        "username": caller.username,
        "client": caller.client_id,
        "session": caller.session_id,
    }
