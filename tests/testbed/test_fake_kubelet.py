"""Every parameter of a log request, through the real API server's pods/log."""

from __future__ import annotations

import datetime
import http.client
import socket
import ssl
import threading
from pathlib import Path
from urllib.parse import urlencode

import pytest

from testbed.bed import Bed
from testbed.client import Answer

ENDED = "2026-03-01T10:00:09Z"

POD = """
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  nodeName: node-1
  initContainers: [{name: migrate, image: "registry.example.com/web:1"}]
  containers:
    - {name: app, image: "registry.example.com/web:1"}
    - {name: proxy, image: "registry.example.com/proxy:1"}
    - {name: late, image: "registry.example.com/late:1"}
    - {name: badimage, image: "registry.example.com/gone:1"}
status:
  phase: Running
  initContainerStatuses:
    - {name: migrate, ready: true, restartCount: 0, image: i, imageID: i,
       state: {terminated: {exitCode: 0, reason: Completed, containerID: "containerd://m"}}}
  containerStatuses:
    - {name: app, ready: true, restartCount: 1, image: i, imageID: i, containerID: "containerd://b",
       state: {running: {startedAt: "${now-1h}"}},
       lastState: {terminated: {exitCode: 2, reason: Error, containerID: "containerd://a"}}}
    - {name: proxy, ready: true, restartCount: 0, image: i, imageID: i, containerID: "containerd://p",
       state: {running: {startedAt: "${now-1h}"}}}
    - {name: late, ready: false, restartCount: 0, image: i, imageID: i,
       state: {waiting: {reason: PodInitializing}}}
    - {name: badimage, ready: false, restartCount: 0, image: i, imageID: i,
       state: {waiting: {reason: ImagePullBackOff}}}
"""

KUBELET = f"""
logs:
  - container: app
    previous: true
    lines: [last words]
  - container: app
    end: {ENDED}
    lines: [{", ".join(f"line {n}" for n in range(10))}]
  - container: proxy
    lines: [out 1, {{text: err 1, stream: stderr}}, out 2]
  - container: migrate
    lines: [migrated]
"""


@pytest.fixture
def pod(bed: Bed, namespace: str) -> str:
    """The path of the pod's log, with ten lines from 10:00:00 to 10:00:09 in container app."""
    bed.apply(POD, namespace=namespace)
    bed.kubelet.put(namespace, KUBELET)
    return f"/api/v1/namespaces/{namespace}/pods/web/log"


def read(bed: Bed, path: str, **query: object) -> Answer:
    return bed.admin.request("GET", f"{path}?{urlencode({'container': 'app', **query})}")


def test_the_whole_log_comes_in_order(bed: Bed, pod: str) -> None:
    assert read(bed, pod).text == "".join(f"line {n}\n" for n in range(10))


def test_tail_lines_are_the_last_ones(bed: Bed, pod: str) -> None:
    assert read(bed, pod, tailLines=2).text == "line 8\nline 9\n"


def test_a_tail_of_zero_is_empty(bed: Bed, pod: str) -> None:
    assert read(bed, pod, tailLines=0).text == ""


def test_timestamps_stand_before_each_line(bed: Bed, pod: str) -> None:
    answer = read(bed, pod, timestamps="true", tailLines=1)
    assert answer.text == "2026-03-01T10:00:09.000000000Z line 9\n"


def test_since_time_leaves_out_what_was_before(bed: Bed, pod: str) -> None:
    assert read(bed, pod, sinceTime="2026-03-01T10:00:08Z").text == "line 8\nline 9\n"


def test_the_tail_is_counted_before_since_is_applied(bed: Bed, pod: str) -> None:
    answer = read(bed, pod, tailLines=3, sinceTime="2026-03-01T10:00:08Z")
    assert answer.text == "line 8\nline 9\n"
    assert read(bed, pod, tailLines=1, sinceTime="2026-03-01T10:00:01Z").text == "line 9\n"


def test_since_seconds_counts_back_from_now(bed: Bed, namespace: str, pod: str) -> None:
    now = datetime.datetime.now(datetime.UTC)
    old, new = (now - datetime.timedelta(seconds=s) for s in (3600, 5))
    lines = [{"text": "old", "at": old.isoformat()}, {"text": "new", "at": new.isoformat()}]
    bed.kubelet.put(namespace, {"logs": [{"container": "app", "lines": lines}]})
    assert read(bed, pod, sinceSeconds=1800).text == "new\n"


def test_limit_bytes_cuts_in_the_middle_of_a_line(bed: Bed, pod: str) -> None:
    assert read(bed, pod, limitBytes=10).text == "line 0\nlin"


def test_previous_is_the_run_before(bed: Bed, pod: str) -> None:
    assert read(bed, pod, previous="true").text == "last words\n"


def test_a_container_that_never_restarted_has_no_previous_log(bed: Bed, pod: str) -> None:
    answer = read(bed, pod, container="proxy", previous="true")
    assert answer.status == 400
    assert answer.message == 'previous terminated container "proxy" in pod "web" not found'


def test_each_container_has_its_own_log(bed: Bed, pod: str) -> None:
    assert read(bed, pod, container="proxy").text == "out 1\nerr 1\nout 2\n"


def test_an_init_container_that_ended_has_a_log(bed: Bed, pod: str) -> None:
    assert read(bed, pod, container="migrate").text == "migrated\n"


def test_an_ephemeral_container_has_a_log(bed: Bed, namespace: str, pod: str) -> None:
    path = pod.removesuffix("/log")
    debugger = {"name": "debugger", "image": "registry.example.com/debug:1"}
    bed.admin.request(
        "PATCH",
        f"{path}/ephemeralcontainers",
        {"spec": {"ephemeralContainers": [debugger]}},
        content_type="application/strategic-merge-patch+json",
    )
    running = {
        "name": "debugger", "image": "i", "imageID": "i", "ready": False, "restartCount": 0,
        "containerID": "containerd://d", "state": {"running": {}},
    }  # fmt: skip
    bed.admin.request(
        "PATCH",
        f"{path}/status",
        {"status": {"ephemeralContainerStatuses": [running]}},
        content_type="application/merge-patch+json",
    )
    bed.kubelet.put(namespace, {"logs": [{"container": "debugger", "lines": ["hello"]}]})
    assert read(bed, pod, container="debugger").text == "hello\n"


def test_a_missing_container_is_refused_with_the_names_there_are(bed: Bed, pod: str) -> None:
    answer = read(bed, pod, container="ap")
    assert answer.status == 400
    assert answer.message == "container ap is not valid for pod web"
    answer = bed.admin.request("GET", pod)
    assert "a container name must be specified" in answer.message


@pytest.mark.parametrize(
    ("container", "why"),
    [("late", "PodInitializing"), ("badimage", "trying and failing to pull image")],
)
def test_a_waiting_container_says_what_it_waits_for(
    bed: Bed, pod: str, container: str, why: str
) -> None:
    answer = read(bed, pod, container=container)
    assert answer.status == 400
    assert answer.message == f'container "{container}" in pod "web" is waiting to start: {why}'


def test_a_follower_gets_lines_as_they_are_written_until_the_log_ends(
    bed: Bed, namespace: str, pod: str
) -> None:
    log = {"container": "app", "lines": ["before"], "follow": ["one", "two"]}
    bed.kubelet.put(namespace, {"logs": [log]})
    assert read(bed, pod, follow="true").text == "before\none\ntwo\n"
    assert read(bed, pod).text == "before\n"


def test_a_line_that_is_appended_reaches_a_follower(bed: Bed, namespace: str, pod: str) -> None:
    got: list[str] = []

    def follow() -> None:
        # 17 bytes are what was before and one line more.
        got.append(read(bed, pod, follow="true", limitBytes=17).text)

    bed.kubelet.put(namespace, {"logs": [{"pod": "web", "container": "app", "lines": ["before"]}]})
    follower = threading.Thread(target=follow)
    follower.start()
    follower.join(timeout=0.5)
    assert follower.is_alive()
    bed.kubelet.append(namespace, "web", "app", "line 0001")
    follower.join(timeout=10)
    assert got == ["before\nline 0001\n"]


def test_fifty_megabytes_of_lines_are_made_up_on_the_way(
    bed: Bed, namespace: str, pod: str
) -> None:
    repeat = {"bytes": "50MB", "text": "GET /items/{n} 200 " + "x" * 80}
    bed.kubelet.put(namespace, {"logs": [{"container": "app", "repeat": repeat}]})
    whole = read(bed, pod).body
    assert 49_000_000 < len(whole) < 51_000_000
    assert read(bed, pod, tailLines=1).body == whole[-len(whole.splitlines()[-1]) - 1 :]


def test_a_pod_on_no_node_has_an_empty_log(bed: Bed, namespace: str) -> None:
    bed.apply(
        "{apiVersion: v1, kind: Pod, metadata: {name: lost}, "
        "spec: {containers: [{name: app, image: i}]}}",
        namespace=namespace,
    )
    assert read(bed, f"/api/v1/namespaces/{namespace}/pods/lost/log").text == ""


def test_an_unknown_key_in_the_content_is_an_error(bed: Bed, namespace: str) -> None:
    with pytest.raises(Exception, match="'line' is not a key of a log"):
        bed.kubelet.put(namespace, {"logs": [{"line": ["x"]}]})


def test_stats_summary_tells_what_each_container_uses(bed: Bed, namespace: str, pod: str) -> None:
    usage = {"pod": "web", "container": "app", "cpu": "250m", "memory": "64Mi"}
    bed.kubelet.put(namespace, {"metrics": {"pods": [usage]}})
    summary = bed.admin.get("/api/v1/nodes/node-1/proxy/stats/summary")
    assert summary["node"]["nodeName"] == "node-1"
    (found,) = (p for p in summary["pods"] if p["podRef"]["namespace"] == namespace)
    app = next(c for c in found["containers"] if c["name"] == "app")
    assert app["cpu"]["usageNanoCores"] == 250_000_000
    assert app["memory"]["workingSetBytes"] == 64 * 2**20


def test_node_logs_can_be_listed_and_read(bed: Bed, namespace: str) -> None:
    files = {"kubelet.log": ["first", "second"], "pods/a.log": ["x"]}
    bed.kubelet.put(namespace, {"nodeLogs": {"node-2": files}})
    root = "/api/v1/nodes/node-2/proxy/logs/"
    listing = bed.admin.request("GET", root).text
    assert "kubelet.log" in listing
    assert "pods" in listing
    assert bed.admin.request("GET", f"{root}kubelet.log").text == "first\nsecond\n"
    assert bed.admin.request("GET", f"{root}?query=kubelet&tailLines=1").text == "second\n"
    assert bed.admin.request("GET", f"{root}missing.log").status == 404


def test_a_kubelet_answers_nobody_without_a_certificate(bed: Bed) -> None:
    # The socket file is where the API server's way to every node ends.
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    plain = socket.socket(socket.AF_UNIX)
    plain.connect(str(Path(bed.folder, "kubelet.sock")))
    with tls.wrap_socket(plain) as stream:
        connection = http.client.HTTPConnection("node-1")
        connection.sock = stream
        connection.request("GET", "/stats/summary")
        assert connection.getresponse().status == 401
