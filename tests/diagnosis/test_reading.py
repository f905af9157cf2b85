"""What is read out of the cluster's own words: schedulers, schedules, exit codes, registries."""

from __future__ import annotations

import pytest

from kube_mcp.diagnosis.capacity import requests
from kube_mcp.diagnosis.conditions import is_bad
from kube_mcp.diagnosis.cron import impossible, longest_gap_s
from kube_mcp.diagnosis.exits import exit_meaning
from kube_mcp.diagnosis.pulls import verdict
from kube_mcp.diagnosis.scheduling import parse
from kube_mcp.graph.flux import inventory

_HOUR, _DAY = 3600, 86400


@pytest.mark.parametrize(
    ("message", "causes"),
    [
        (
            "0/5 nodes are available: 1 node(s) had untolerated taint {a: b}, 2 Insufficient cpu, "
            "2 node(s) didn't match Pod's node affinity/selector. preemption: 0/5 nodes are "
            "available: 5 Preemption is not helpful for scheduling.",
            [(1, "taint"), (2, "resources"), (2, "selector")],
        ),
        (
            "0/3 nodes are available: 1 Insufficient memory, 2 node(s) didn't have free ports for "
            "the requested pod ports.",
            [(1, "resources"), (2, "port")],
        ),
        ("0/3 nodes are available: 3 node(s) had volume node affinity conflict.", [(3, "volume")]),
        ("0/3 nodes are available: 3 node(s) were unschedulable.", [(3, "cordon")]),
        (
            "0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints.",
            [(3, "spread")],
        ),
        (
            "0/3 nodes are available: 3 node(s) didn't satisfy existing pods anti-affinity rules.",
            [(3, "pod-affinity")],
        ),
        (
            "0/3 nodes are available: 3 node(s) had taint {a: b}, that the pod didn't tolerate.",
            [(3, "taint")],
        ),
        (
            "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
            [(3, "claim")],
        ),
        ('persistentvolumeclaim "x" not found', [(0, "claim")]),
        ("no nodes available to schedule pods", [(0, "no-nodes")]),
        ("something a plugin says", [(0, "other")]),
    ],
)
def test_a_scheduler_message_is_taken_apart(message: str, causes: list[tuple[int, str]]) -> None:
    assert [(each.nodes, each.kind) for each in parse(message)] == causes


@pytest.mark.parametrize(
    ("schedule", "gap_s"),
    [
        ("* * * * *", 60),
        ("*/5 * * * *", 300),
        ("0,50 * * * *", 50 * 60),
        ("0 * * * *", _HOUR),
        ("0 */6 * * *", 6 * _HOUR),
        ("0 9,17 * * *", 16 * _HOUR),
        ("30 3 * * *", _DAY),
        ("0 18 * * mon-fri", 3 * _DAY),
        ("0 18 * * 1,3", 5 * _DAY),
        ("0 0 * * 7", 7 * _DAY),
        ("0 0 1 * *", 62 * _DAY),
        ("0 0 * jan *", 366 * _DAY),
        ("@hourly", _HOUR),
        ("@every 1h30m", 1.5 * _HOUR),
        ("TZ=Europe/Berlin 0 3 * * *", _DAY),
        ("60 * * * *", None),
        ("* * * *", None),
        ("*/0 * * * *", None),
        ("a b c d e", None),
        ("", None),
    ],
)
def test_the_longest_pause_of_a_schedule(schedule: str, gap_s: float | None) -> None:
    assert longest_gap_s(schedule) == gap_s


@pytest.mark.parametrize(
    ("schedule", "why", "instead"),
    [
        ("0 0 30 2 *", "February has no day 30", "0 0 28 2 *"),
        ("0 0 31 4,6 *", "April and June have no day 31", "0 0 30 4,6 *"),
        ("0 0 31 2,4 *", "February and April have no day 31", "0 0 28 2,4 *"),
        ("15 3 30-31 FEB ?", "February has no day 30 or 31", "15 3 28 FEB ?"),
        ("TZ=Europe/Berlin 0 0 31 sep *", "September has no day 31", "0 0 30 sep *"),
        ("0 0 30/5 2 */1", "February has no day 30", "0 0 28 2 */1"),
    ],
)
def test_a_schedule_that_never_comes_is_told_with_one_that_does(
    schedule: str, why: str, instead: str
) -> None:
    found = impossible(schedule)
    assert found is not None
    assert (found.why, found.instead) == (why, instead)


@pytest.mark.parametrize(
    "schedule",
    [
        "0 0 29 2 *",  # every four years
        "0 0 30,31 2,4 *",
        "0 0 31 * *",
        "0 0 30 2 mon",  # on Mondays in February
        "0 0 30 2 */2",
        "0 0 31 2,3 *",
        "0 0 */30 2 *",
        "0 0 L 2 *",
        "0 0 32 2 *",
        "@yearly",
        "@every 1h",
        "",
    ],
)
def test_a_schedule_that_comes_or_is_none_is_not_called_impossible(schedule: str) -> None:
    assert impossible(schedule) is None


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (0, "ended by itself"),
        (1, "reported an error"),
        (2, "arguments"),
        (126, "cannot be executed"),
        (127, "not found in the image"),
        (128, "could not start"),
        (134, "SIGABRT"),
        (137, "SIGKILL"),
        (139, "SIGSEGV"),
        (143, "SIGTERM"),
        (150, "signal 22"),
        (255, "-1"),
    ],
)
def test_an_exit_code_has_a_meaning(code: int, word: str) -> None:
    meaning = exit_meaning({"exitCode": code})
    assert meaning.startswith(f"exit code {code} (")
    assert word in meaning


def test_an_exit_code_nobody_knows_is_told_without_a_meaning() -> None:
    assert exit_meaning({"exitCode": 42, "reason": "Error"}) == "exit code 42"
    assert exit_meaning({"exitCode": 42, "reason": "DeadlineExceeded"}).endswith(
        "(DeadlineExceeded)"
    )


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("manifest unknown: manifest unknown", "missing"),
        ("failed to resolve reference: r.example/x:1: not found", "missing"),
        ("unexpected status: 401 Unauthorized", "refused"),
        ("pull access denied, repository does not exist or may require 'docker login'", "refused"),
        ("toomanyrequests: You have reached your pull rate limit", "limit"),
        ("dial tcp: lookup r.example on 10.0.0.10:53: no such host", "dns"),
        ("x509: certificate signed by unknown authority", "tls"),
        ("server gave HTTP response to HTTPS client", "tls"),
        ("dial tcp 192.0.2.1:443: i/o timeout", "unreachable"),
        ("no match for platform in manifest", "platform"),
        ("write /var/lib/x: no space left on device", "disk"),
        ("Back-off pulling image", ""),
    ],
)
def test_a_registrys_answer_is_classified(message: str, kind: str) -> None:
    assert verdict(message)[0] == kind


def test_what_a_pod_reserves_counts_sidecars_and_the_largest_init_step() -> None:
    def one(cpu: str, **more: str) -> dict[str, object]:
        return {"resources": {"requests": {"cpu": cpu}}, **more}

    pod = {
        "spec": {
            "initContainers": [one("100m", restartPolicy="Always"), one("2"), one("50m")],
            "containers": [one("500m"), {"resources": {"limits": {"cpu": "250m"}}}],
            "overhead": {"cpu": "10m"},
        }
    }
    # The second init container runs beside the sidecar: 2.1 cores, more than all that follows.
    assert requests(pod) == {"cpu": pytest.approx(2.11)}


@pytest.mark.parametrize(
    ("kind", "status", "reason", "bad"),
    [
        ("Ready", "False", "Broken", True),
        ("Ready", "Unknown", "", False),
        ("Ready", "False", "Progressing", False),
        ("Degraded", "True", "", True),
        ("Degraded", "False", "", False),
        ("Stalled", "True", "", True),
        ("Upgrading", "False", "", False),
        ("Whatever", "True", "", False),
        ("Available", "False", "Standby", False),
    ],
)
def test_a_condition_is_judged_by_the_polarity_of_its_type(
    kind: str, status: str, reason: str, bad: bool
) -> None:
    assert is_bad({"type": kind, "status": status, "reason": reason}) is bad


def test_flux_inventories_name_their_objects() -> None:
    ids = [
        "shop_web_apps_Deployment",
        "shop_web__Service",
        "_system__x_rbac.authorization.k8s.io_ClusterRole",
        "odd",
        "",
    ]
    found = [
        (ref.kind, ref.namespace, ref.name, ref.group)
        for ref in inventory({"status": {"inventory": {"entries": [{"id": each} for each in ids]}}})
    ]
    assert found == [
        ("Deployment", "shop", "web", "apps"),
        ("Service", "shop", "web", ""),
        ("ClusterRole", "", "system:x", "rbac.authorization.k8s.io"),
    ]
