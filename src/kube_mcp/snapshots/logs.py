"""Container logs: what a kubelet sends, and what it says when there is nothing to send."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from kube_mcp.objects import Obj, dig_list, dig_map, dig_str
from kube_mcp.snapshots.query import Query
from kube_mcp.snapshots.responses import BytesResponse, bad_request, invalid, text
from kube_mcp.snapshots.store import LogFile, Store
from kube_mcp.words.times import parse_time


def answer(store: Store, pod: Obj, query: Query, now: datetime) -> BytesResponse:
    """The log of one container. Raises `Failure` in the API server's or the kubelet's words."""
    namespace, name = dig_str(pod, "metadata", "namespace"), dig_str(pod, "metadata", "name")
    _check(name, query)
    container = _container(pod, query.text("container"))
    previous = query.flag("previous")
    if not dig_str(pod, "spec", "nodeName"):
        return BytesResponse(204, {}, b"")
    log = store.logs.get((namespace, name, container, previous))
    if log is None:
        _explain(pod, name, container, previous=previous)
        return text(b"")
    return text(_cut(log, query, now))


def _check(name: str, query: Query) -> None:
    causes = []
    tail, limit = query.number("tailLines"), query.number("limitBytes")
    if tail is not None and tail < 0:
        at_least = "must be greater than or equal to 0"
        causes.append(("tailLines", "FieldValueInvalid", f"Invalid value: {tail}: {at_least}"))
    if limit is not None and limit < 1:
        message = f"Invalid value: {limit}: must be greater than 0"
        causes.append(("limitBytes", "FieldValueInvalid", message))
    since = query.number("sinceSeconds")
    if since is not None and query.text("sinceTime"):
        message = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"
        causes.append(("[]", "FieldValueForbidden", message))
    elif since is not None and since < 1:
        message = f"Invalid value: {since}: must be greater than 0"
        causes.append(("sinceSeconds", "FieldValueInvalid", message))
    if causes:
        raise invalid("PodLogOptions", name, causes)


def _container(pod: Obj, wanted: str) -> str:
    name = dig_str(pod, "metadata", "name")
    ordinary = [dig_str(one, "name") for one in dig_list(pod, "spec", "containers")]
    every = [
        *(dig_str(one, "name") for one in dig_list(pod, "spec", "initContainers")),
        *ordinary,
        *(dig_str(one, "name") for one in dig_list(pod, "spec", "ephemeralContainers")),
    ]
    if wanted:
        if wanted not in every:
            raise bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(ordinary) != 1:
        raise bad_request(
            f"a container name must be specified for pod {name}, choose one of: [{' '.join(every)}]"
        )
    return ordinary[0]


def _explain(pod: Obj, name: str, container: str, *, previous: bool) -> None:
    """Raise what the kubelet says of a container that has no such log; it may have an empty one."""
    status = next(
        (
            one
            for field in (
                "containerStatuses",
                "initContainerStatuses",
                "ephemeralContainerStatuses",
            )
            for one in dig_list(pod, "status", field)
            if dig_str(one, "name") == container
        ),
        None,
    )
    where = f'container "{container}" in pod "{name}"'
    if status is None:
        raise bad_request(f"{where} is not available")
    state, ended_before = dig_map(status, "state"), dig_map(status, "lastState", "terminated")
    if previous:
        if not ended_before:
            raise bad_request(f"previous terminated {where} not found")
    elif "running" not in state and "terminated" not in state and not ended_before:
        waiting = dig_map(state, "waiting")
        if not waiting:
            raise bad_request(f"{where} is waiting to start - no logs yet")
        reason = dig_str(waiting, "reason")
        said = {
            "ErrImagePull": "image can't be pulled",
            "ImagePullBackOff": "trying and failing to pull image",
        }
        raise bad_request(f"{where} is waiting to start: {said.get(reason, reason)}")


def _cut(log: LogFile, query: Query, now: datetime) -> bytes:
    lines = log.text.splitlines(keepends=True)
    tail = query.number("tailLines")
    if tail is not None:
        # The kubelet counts the tail first and drops what is too old from it afterwards.
        lines = lines[-tail:] if tail else []
    if log.timestamped:
        since = parse_time(query.text("sinceTime"))
        if (seconds := query.number("sinceSeconds")) is not None:
            since = now - timedelta(seconds=seconds)
        lines = list(_as_asked(lines, since, timestamps=query.flag("timestamps")))
    data = "".join(lines).encode()
    limit = query.number("limitBytes")
    return data if limit is None else data[:limit]


def _as_asked(lines: list[str], since: datetime | None, *, timestamps: bool) -> Iterator[str]:
    for line in lines:
        stamp, _, rest = line.partition(" ")
        written = parse_time(stamp)
        if since is not None and written is not None and written < since:
            continue
        yield line if timestamps or written is None else rest
