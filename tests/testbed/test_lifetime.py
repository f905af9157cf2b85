"""How beds start, break, come back and end. Each test has a bed of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from testbed import build, workdir
from testbed.bed import Bed
from testbed.errors import ComponentExited, Unavailable
from testbed.ports import free_ports

#: Each starts a control plane or two, on machines that may be busy with others.
pytestmark = [pytest.mark.usefixtures("control_plane"), pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def other(bed: Bed) -> Iterator[Bed]:
    """A second bed beside the shared one, for breaking."""
    with Bed.start(controllers="all", node_count=1) as started:
        yield started


def test_two_beds_run_side_by_side(bed: Bed, other: Bed) -> None:
    other.create_namespace("only-here")
    assert other.server != bed.server
    assert bed.admin.request("GET", "/api/v1/namespaces/only-here").status == 404
    assert other.admin.request("GET", "/api/v1/namespaces/only-here").status == 200


def test_an_api_server_that_was_killed_comes_back_with_its_objects(other: Bed) -> None:
    other.create_namespace("survivor")
    other.kill("kube-apiserver")
    with pytest.raises(OSError, match="refused"):
        other.admin.request("GET", "/readyz")
    other.restart("kube-apiserver")
    assert other.admin.request("GET", "/api/v1/namespaces/survivor").status == 200


def test_without_etcd_the_api_server_is_not_ready_until_etcd_is_back(other: Bed) -> None:
    other.create_namespace("kept")
    other.kill("etcd")
    try:
        other.wait_for(
            lambda: "[-]etcd failed" in other.admin.request("GET", "/readyz").text,
            what="an API server that misses etcd",
        )
    finally:
        other.restart("etcd")
    other.wait_for(
        lambda: other.admin.request("GET", "/readyz").status == 200, what="a ready API server"
    )
    assert other.admin.request("GET", "/api/v1/namespaces/kept").status == 200


def test_fakes_that_were_killed_make_logs_fail_and_come_back(other: Bed) -> None:
    other.apply(
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: node-1, containers: "
        "[{name: c, image: i}]}, status: {phase: Running, containerStatuses: [{name: c, image: i, "
        "imageID: i, ready: true, restartCount: 0, state: {running: {}}}]}}"
    )
    path = "/api/v1/namespaces/default/pods/p/log"
    other.kill("fakes")
    try:
        assert other.admin.request("GET", path).status == 500
    finally:
        other.restart("fakes")
    other.kubelet.put("default", {"logs": [{"lines": ["back"]}]})
    assert other.admin.request("GET", path).text == "back\n"


def test_controllers_can_be_changed_while_the_bed_runs(other: Bed) -> None:
    before = other.pids["kube-controller-manager"]
    other.set_controllers("none")
    assert "kube-controller-manager" not in other.pids
    other.set_controllers("all")
    assert other.pids["kube-controller-manager"] != before


def test_another_issuer_can_be_trusted_later(bed: Bed, other: Bed) -> None:
    # The shared bed's issuer is a stranger here.
    other.trust(bed.issuer.trusted(username_prefix="second:"))
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    client = other.client(token=bed.issuer.token("alice"))
    found: list[str] = []

    def recognised() -> bool:
        # The API server fetches an issuer's keys after it became ready.
        answer = client.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
        if answer.status == 201:
            found.append(answer.json()["status"]["userInfo"]["username"])
        return answer.status == 201

    other.wait_for(recognised, what="the second issuer's token to be taken")
    assert found == ["second:alice"]


def test_a_port_that_is_taken_is_exchanged_for_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        taken = squatter.getsockname()[1]
        asked: list[int] = []

        def find_ports(count: int) -> list[int]:
            asked.append(count)
            found = free_ports(count)
            return [*found[:-1], taken] if len(asked) == 1 else found

        with Bed.start(controllers="none", node_count=0, find_ports=find_ports) as bed:
            assert bed.server != f"https://127.0.0.1:{taken}"
            assert bed.admin.request("GET", "/readyz").status == 200
    assert len(asked) == 2


def test_kubebuilder_assets_without_controllers_start_a_bed_that_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    built = build.find()
    for path in (built.etcd, built.kube_apiserver):
        (tmp_path / path.name).symlink_to(path)
    found = build.find(environ={"KUBEBUILDER_ASSETS": str(tmp_path)})
    with Bed.start(binaries=found, node_count=0) as bed:
        assert bed.controllers == "none"
        with pytest.raises(Unavailable, match="has no kube-controller-manager"):
            bed.set_controllers("all")
    assert "has no kube-controller-manager: namespaces do not end" in capfd.readouterr().err


def test_a_flag_that_the_api_server_does_not_know_is_quoted_with_its_own_words() -> None:
    with pytest.raises(ComponentExited) as caught:
        Bed.start(controllers="none", apiserver_flags=["--no-such-flag"])
    message = str(caught.value)
    assert message.startswith("kube-apiserver ended with exit code 1.")
    assert "unknown flag: --no-such-flag" in message


def test_a_stopped_bed_leaves_no_process_and_no_folder() -> None:
    bed = Bed.start(controllers="none", node_count=0)
    pids, folder = bed.pids, bed.folder
    bed.stop()
    assert [name for name, pid in pids.items() if _alive(pid)] == []
    assert not folder.exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_left_of_a_test_process_that_is_killed(how: signal.Signals) -> None:
    program = (
        "import signal, time\n"
        "from testbed.bed import Bed\n"
        # A shell that runs things in the background lets them ignore this signal.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "bed = Bed.start(controllers='all', node_count=0)\n"
        "print(bed.folder, *bed.pids.values(), flush=True)\n"
        "while True: time.sleep(0.05)\n"
    )
    with _running("-c", program) as process:
        assert process.stdout is not None
        folder, *words = process.stdout.readline().split()
        pids = [int(word) for word in words]
        assert len(pids) == 4
        assert all(_alive(pid) for pid in pids)
        process.send_signal(how)
        process.wait(timeout=20)
    _until(lambda: not any(_alive(pid) for pid in pids))
    workdir.sweep(Path(folder).parent)  # what the next bed does first
    assert not Path(folder).exists()


def test_a_bed_that_was_started_from_a_thread_outlives_it() -> None:
    program = (
        "import threading\n"
        "from testbed.bed import Bed\n"
        "beds = []\n"
        "start = lambda: beds.append(Bed.start(controllers='none', node_count=0))\n"
        "thread = threading.Thread(target=start)\n"
        "thread.start(); thread.join()\n"
        "with beds[0] as bed:\n"
        "    print(bed.admin.request('GET', '/readyz').text)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=150
    )
    assert (done.stdout, done.stderr) == ("ok\n", "")


def test_up_prints_a_kubeconfig_and_ends_on_sigterm() -> None:
    with _running("-m", "testbed", "up", "--scenario", "selector-typo") as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line.startswith("export KUBECONFIG=")
        kubeconfig = Path(line.removeprefix("export KUBECONFIG="))
        assert kubeconfig.exists()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 0
    assert "scenario selector-typo is in namespace selector-typo" in said
    assert not kubeconfig.exists()


@contextlib.contextmanager
def _running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that is gone afterwards, whatever the test found."""
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _alive(pid: int) -> bool:
    """Whether it runs: one that ended and that nobody has waited for does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def _until(condition: Callable[[], bool], *, timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        os.sched_yield()
