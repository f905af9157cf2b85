"""Metrics: what is counted, and that no caller can make them grow."""

from __future__ import annotations

from kube_mcp.telemetry.metrics import Metrics


def _page(metrics: Metrics) -> str:
    body, content_type = metrics.page()
    assert content_type.startswith("text/plain")
    return body.decode()


def _series(metrics: Metrics) -> int:
    return sum(1 for line in _page(metrics).splitlines() if line.startswith("kube_mcp_"))


def _call(metrics: Metrics, *, operation: str, name: str, outcome: str) -> None:
    metrics.call_started()
    metrics.call_ended(
        operation=operation, name=name, outcome=outcome, seconds=0.2, answer_bytes=700
    )


def test_a_call_is_counted_timed_and_measured() -> None:
    metrics = Metrics(version="1.2.3", names=["get_logs"])
    metrics.call_started()
    assert "kube_mcp_calls_in_flight 1.0" in _page(metrics)
    metrics.call_ended(
        operation="tools/call", name="get_logs", outcome="ok", seconds=0.2, answer_bytes=700
    )
    page = _page(metrics)

    of = 'name="get_logs",operation="tools/call"'
    assert "kube_mcp_calls_in_flight 0.0" in page
    assert f'kube_mcp_calls_total{{{of},outcome="ok"}} 1.0' in page
    assert f'kube_mcp_call_seconds_bucket{{le="0.25",{of}}} 1.0' in page
    assert f'kube_mcp_answer_bytes_bucket{{le="2000.0",{of}}} 1.0' in page
    assert 'kube_mcp_build_info{python="' in page


def test_nothing_a_caller_makes_up_becomes_a_series() -> None:
    metrics = Metrics(version="1", names=["get_logs"], refusals=["expired"])
    for number in range(3):
        made_up = f"made-up-{number}"
        _call(metrics, operation=made_up, name=made_up, outcome=made_up)
        metrics.http_ended(route=made_up, status=100_000 + number, seconds=1)
        metrics.kube_request(verb=made_up, outcome=made_up, seconds=1)
        if number == 0:
            series = _series(metrics)
    assert _series(metrics) == series
    assert "made-up" not in _page(metrics)


def test_a_client_that_went_away_has_no_status() -> None:
    metrics = Metrics(version="1")
    metrics.http_ended(route="mcp", status=0, seconds=1)
    assert 'kube_mcp_http_requests_total{route="mcp",status="other"} 1.0' in _page(metrics)


def test_readiness_and_the_wire_have_their_numbers() -> None:
    metrics = Metrics(version="1")
    metrics.ready(is_ready=True)
    metrics.kube_request(verb="list", outcome="2xx", seconds=0.01)
    metrics.kube_request(verb="list", outcome="unreachable", seconds=0.01)
    metrics.kube_received(1_500)
    page = _page(metrics)

    assert "kube_mcp_ready 1.0" in page
    assert 'kube_mcp_kube_requests_total{outcome="2xx",verb="list"} 1.0' in page
    assert 'kube_mcp_kube_requests_total{outcome="unreachable",verb="list"} 1.0' in page
    assert "kube_mcp_kube_received_bytes_total 1500.0" in page
    metrics.ready(is_ready=False)
    assert "kube_mcp_ready 0.0" in _page(metrics)


def test_two_servers_in_one_process_count_for_themselves() -> None:
    one, two = Metrics(version="1"), Metrics(version="2")
    one.kube_received(5)
    assert "kube_mcp_kube_received_bytes_total 0.0" in _page(two)
    assert 'version="2"' in _page(two)


def test_reason_codes_are_counted_by_name_up_to_a_bound() -> None:
    metrics = Metrics(version="1")
    for number in range(200):
        metrics.refused(f"reason-{number}")
    page = metrics.page()[0].decode()
    series = [line for line in page.splitlines() if line.startswith("kube_mcp_refused_total{")]
    assert len(series) == 65
    assert 'kube_mcp_refused_total{reason="reason-0"} 1.0' in series
    assert 'kube_mcp_refused_total{reason="other"} 136.0' in series
