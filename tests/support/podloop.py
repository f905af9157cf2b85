"""Scheduler and kubelet in one, as far as Helm looks: pods run, test pods succeed, ends come."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from testbed.bed import Bed

#: How often pods are looked at. Helm polls every second or two.
INTERVAL_S = 0.1


class PodLoop:
    """While it is open, every pod of the bed is bound, gets ready, and goes when deleted."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="podloop", daemon=True)
        #: Pods (``namespace/name``) that stay terminating until they are taken out of here.
        self.held: set[str] = set()
        self._addresses = itertools.count(10)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_S):
            answer = self._bed.admin.request("GET", "/api/v1/pods")
            for pod in answer.json()["items"] if answer.status == 200 else ():
                self._step(pod)

    def _step(self, pod: dict[str, Any]) -> None:
        meta, spec = pod["metadata"], pod["spec"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        phase = pod["status"].get("phase")
        if meta.get("deletionTimestamp"):
            if f"{meta['namespace']}/{meta['name']}" not in self.held:
                self._bed.admin.delete(path, grace_s=0)
        elif not spec.get("nodeName"):
            self._bed.admin.request(
                "POST",
                f"{path}/binding",
                {
                    "apiVersion": "v1",
                    "kind": "Binding",
                    "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
                    "target": {"apiVersion": "v1", "kind": "Node", "name": "node-1"},
                },
            )
        elif phase == "Pending":
            self._bed.admin.request(
                "PATCH",
                f"{path}/status",
                {
                    "status": _status(
                        spec,
                        address=f"10.244.7.{next(self._addresses)}",
                        done=spec.get("restartPolicy") == "Never",
                    )
                },
                content_type="application/merge-patch+json",
            )


def _status(spec: dict[str, Any], *, address: str, done: bool) -> dict[str, Any]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ready = "False" if done else "True"
    state = (
        {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}}
        if done
        else {"running": {"startedAt": now}}
    )
    return {
        "phase": "Succeeded" if done else "Running",
        "startTime": now,
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [
            {"type": kind, "status": "True" if kind == "PodScheduled" else ready}
            for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
        ],
        "containerStatuses": [
            {
                "name": each["name"],
                "image": each["image"],
                "imageID": "",
                "ready": not done,
                "restartCount": 0,
                "started": not done,
                "state": state,
            }
            for each in spec["containers"]
        ],
    }
