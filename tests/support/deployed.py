"""kube-mcp as a pod would run it: the chart's configuration, the deployed ServiceAccount, a process."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from testbed.bed import Bed
from tests.support.processes import end

Obj = dict[str, Any]
START_TIMEOUT_S = 30


class Pod:
    """One running server.

    ``files`` is the chart's ConfigMap; ``override`` is TOML that wins over it, for what a process
    of this machine cannot share with a pod: addresses, and a provider without TLS.
    """

    def __init__(
        self, name: str, *, files: dict[str, str], override: str, kubeconfig: Path, folder: Path
    ) -> None:
        self.name = name
        self.port, self.metrics_port = _free_ports(2)
        self.log_file = folder / f"{name}.log"
        place = folder / name
        drop_ins = place / "conf.d"
        drop_ins.mkdir(parents=True)
        for file, text in files.items():
            (place if file == "config.toml" else drop_ins).joinpath(file).write_text(text)
        (drop_ins / "99-test.toml").write_text(
            f'[server]\nhost = "127.0.0.1"\nport = {self.port}\n'
            f'metrics_host = "127.0.0.1"\nmetrics_port = {self.metrics_port}\n'
            f'[cluster]\nkubeconfig = "{kubeconfig}"\n{override}'
        )
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [str(Path(sys.executable).with_name("kube-mcp")), "serve"],
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(place),
                    "KUBE_MCP_CONFIG": str(place / "config.toml"),
                    "KUBE_MCP_CONFIG_DIR": str(drop_ins),
                },
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=place,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end(self.process)

    def stop(self, *, timeout_s: float = 30) -> int:
        """SIGTERM, as the kubelet sends it, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def probe(self, path: str) -> tuple[int, Any]:
        """What the kubelet's probe, or Prometheus, gets: from the metrics port."""
        connection = http.client.HTTPConnection("127.0.0.1", self.metrics_port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read().decode()
        return answer.status, json.loads(body) if body.startswith("{") else body

    def wait_until(self, path: str, status: int, *, timeout_s: float = START_TIMEOUT_S) -> Any:
        """Ask a probe until it answers with ``status``; returns the body."""
        deadline = time.monotonic() + timeout_s
        while True:
            last: object
            try:
                found, body = self.probe(path)
                if found == status:
                    return body
                last = (found, body)
            except OSError as error:
                last = error
            log = self.log_file.read_text()[-2000:]
            assert self.process.poll() is None, log
            assert time.monotonic() < deadline, f"{path}: {last}\n{log}"
            time.sleep(0.1)

    def audited(self) -> list[Obj]:
        """The audit log's lines."""
        lines = [x for x in self.log_file.read_text().splitlines() if x.startswith("{")]
        return [line for line in map(json.loads, lines) if "tool" in line]


def configuration(bed: Bed, namespace: str, name: str) -> dict[str, str]:
    """The ConfigMap as it lies in the cluster."""
    found = bed.admin.get(f"/api/v1/namespaces/{namespace}/configmaps/{name}")
    data: dict[str, str] = found["data"]
    return data


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
