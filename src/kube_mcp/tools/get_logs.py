"""get_logs: the newest telling lines of a pod, or of all pods of a workload, in time order."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from kube_mcp.errors import ClusterError, InputError, NotFound, Rejected, suggest
from kube_mcp.kube.logs import LogQuery, LogRead
from kube_mcp.objects import dig_int, dig_list, dig_map, dig_str
from kube_mcp.render.budget import count, fit, fit_newest, shorten, size
from kube_mcp.render.logs import LogLine, fold, merge, patterns, run_lines, single
from kube_mcp.render.untrusted import framed
from kube_mcp.tools._call import Call
from kube_mcp.tools._find import PODS, find, pods_of
from kube_mcp.tools._params import LabelSelector, Namespace, Pattern, Since
from kube_mcp.tools._patterns import Matcher, matcher
from kube_mcp.tools._tool import Need, ToolArgs, tool
from kube_mcp.words.selectors import check_selector
from kube_mcp.words.times import age, parse_duration, parse_time

#: Logs opened for one answer. Each is a connection from the API server to a kubelet.
MAX_STREAMS = 40

#: Enough to see what a program does; the budget of an answer holds about this many.
DEFAULT_TAIL = 200

#: Logs read at a time.
AT_ONCE = 8

#: Bytes of one log held in memory: twice what an answer can show.
KEPT_BYTES = 96 * 1024

#: For all logs together: what was read by then is the answer.
DEADLINE_S = 40.0

#: How kubelets begin what they answer in place of a log that is gone.
_NOT_A_LOG = ("unable to retrieve container logs for", "failed to try resolving symlinks in path")

#: Containers named in one note.
_MOST_NAMES = 4

_GROUPS = (
    ("initContainers", "initContainerStatuses"),
    ("containers", "containerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
)


class Args(ToolArgs):
    name: Annotated[str, Meta(description="Pod, or with kind a workload")] = ""
    kind: Annotated[str, Meta(description="Deployment, Job, Service, …")] = "Pod"
    namespace: Namespace = ""
    label_selector: LabelSelector = ""
    container: Annotated[str, Meta(description="Default: all, also init and ephemeral")] = ""
    tail: Annotated[int, Meta(description="Newest lines of each container", ge=1, le=50_000)] = (
        DEFAULT_TAIL
    )
    since: Since = ""
    since_time: Annotated[str, Meta(description="RFC 3339; instead of since")] = ""
    previous: Annotated[bool, Meta(description="The run before the last restart")] = False
    include: Annotated[Pattern, Meta(description="RE2 regex: only matching lines")] = ""
    exclude: Annotated[Pattern, Meta(description="RE2 regex: drop lines")] = ""
    fold: Annotated[bool, Meta(description="Fold similar neighbouring lines")] = True


@dataclass(frozen=True, slots=True)
class _Source:
    """One container of one pod whose log is wanted."""

    namespace: str
    pod: str
    container: str
    status: Mapping[str, Any]

    @property
    def label(self) -> str:
        """Unmistakable among all sources of an answer."""
        return f"{self.namespace}/{self.pod}/{self.container}"


@tool(title="Read logs", toolset="logs", needs=(Need("pods/log", verbs=("get",)), Need("pods")))
async def get_logs(args: Args, call: Call) -> str:
    """Logs of a pod, or of all pods of a workload, Service or label selector, merged in time order.
    Use previous=true for a container that crashed. include and exclude search the whole log, before
    tail. Says what was cut, filtered or unreadable.
    """
    since_s = _since_seconds(args)
    include = matcher(args.include, argument="include")
    exclude = matcher(args.exclude, argument="exclude")
    subject, pods = await _pods(args, call)
    sources = list(_sources(pods, args))
    if not sources:
        raise InputError(*_no_container(pods, args))
    notes: list[str] = []
    if len(sources) > MAX_STREAMS:
        notes.append(
            f"Only {MAX_STREAMS} of {len(sources)} containers were read: name a container or a pod."
        )
        sources = sources[:MAX_STREAMS]
    sifted = include is not None or exclude is not None
    # A tail taken before the filter would silently hide every older match.
    tail = None if sifted else args.tail
    keep = args.tail
    if sifted and not since_s and not args.since_time:
        notes.append("Searched the whole log that the node still has.")
    reads = await _read_all(
        call,
        [
            LogQuery(
                each.namespace, each.pod, each.container,
                tail=tail, since_s=since_s, since_time=args.since_time, previous=args.previous,
            )
            for each in sources
        ],
        keep=keep, include=include, exclude=exclude,
    )  # fmt: skip
    names = _names(sources)
    lines: list[LogLine] = []
    seen = matched = 0
    failures: list[ClusterError] = []
    said: dict[str, list[str]] = {}

    def say(source: _Source, text: str) -> None:
        said.setdefault(text, []).append(names[source.label] or source.pod)

    for source, read in zip(sources, reads, strict=True):
        if isinstance(read, ClusterError):
            failures.append(read)
            say(source, _why(source, read, previous=args.previous))
            continue
        if gone := _lost(read):
            say(source, f"the node no longer has this log ({shorten(gone, 160)}).")
            continue
        seen += read.seen
        matched += read.matched
        lines += [LogLine(stamp, source.label, text) for stamp, text in read.lines]
        if read.cut:
            say(source, f"{read.cut}.")
        if state := _state(source, call, previous=args.previous):
            say(source, state)
        if not read.seen:
            say(source, _silent(source, args))
    notes += [f"{_some(who)}: {text}" for text, who in said.items()]
    if len(failures) == len(sources) and not isinstance(failures[0], Rejected | NotFound):
        raise failures[0]  # none could be read, and for no reason that a container has
    return _answer(args, call, subject, sources, names, lines, notes, seen=seen, matched=matched)


def _since_seconds(args: Args) -> int | None:
    if args.since and args.since_time:
        raise InputError("get_logs takes since or since_time, not both.")
    if args.since_time and parse_time(args.since_time) is None:
        raise InputError(
            f"since_time: '{args.since_time[:60]}' is not an RFC 3339 time.",
            hint="Write it like 2026-11-23T10:00:00Z, or use since=15m.",
        )
    return max(1, int(parse_duration(args.since).total_seconds())) if args.since else None


async def _pods(args: Args, call: Call) -> tuple[str, Sequence[dict[str, Any]]]:
    cluster = call.cluster
    if args.label_selector:
        if args.name:
            raise InputError("get_logs takes name or label_selector, not both.")
        check_selector(args.label_selector)
        listing = await cluster.list(
            PODS, namespace=args.namespace, label_selector=args.label_selector
        )
        where = f" in {args.namespace}" if args.namespace else ""
        if not listing.items:
            raise InputError(
                f"No pod{where} matches '{args.label_selector}'.",
                hint="list_resources kind=Pod columns=['labels'] shows the labels there are.",
            )
        return f"pods{where} matching {args.label_selector}", listing.items
    if not args.name:
        raise InputError("get_logs needs a name or a label_selector.")
    target = await find(cluster, kind=args.kind, name=args.name, namespace=args.namespace)
    pods = await pods_of(cluster, target)
    if not pods:
        raise InputError(
            f"{target.label} has no pods now, so there is no log.",
            hint="get_events or diagnose for it may say why.",
        )
    return target.label, pods


def _sources(pods: Sequence[dict[str, Any]], args: Args) -> Iterator[_Source]:
    # Newest pods first, so that a limit leaves out the oldest.
    ordered = sorted(
        pods, key=lambda pod: dig_str(pod, "metadata", "creationTimestamp"), reverse=True
    )
    for pod in ordered:
        for group, status_group in _GROUPS:
            statuses = {
                dig_str(each, "name"): dig_map(each)
                for each in dig_list(pod, "status", status_group)
            }
            for container in dig_list(pod, "spec", group):
                name = dig_str(container, "name")
                if args.container and name != args.container:
                    continue
                status = statuses.get(name, {})
                if args.previous and not args.container and not _has_previous(status):
                    continue
                yield _Source(
                    dig_str(pod, "metadata", "namespace"), dig_str(pod, "metadata", "name"),
                    name, status,
                )  # fmt: skip


def _has_previous(status: Mapping[str, Any]) -> bool:
    return dig_int(status, "restartCount") > 0 or bool(dig_map(status, "lastState"))


def _no_container(pods: Sequence[dict[str, Any]], args: Args) -> tuple[str]:
    names = sorted({
        dig_str(container, "name")
        for pod in pods
        for group, _ in _GROUPS
        for container in dig_list(pod, "spec", group)
    })  # fmt: skip
    if args.container:
        hint = suggest(args.container, names) or f"There are: {', '.join(names)}."
        return (f"There is no container '{args.container}'. {hint}",)
    return (
        "No container has been restarted, so there is no previous log. "
        "Leave previous out to read the current one.",
    )


async def _read_all(
    call: Call,
    queries: Sequence[LogQuery],
    *,
    keep: int,
    include: Matcher | None,
    exclude: Matcher | None,
) -> list[LogRead | ClusterError]:
    gate = asyncio.Semaphore(AT_ONCE)
    end = time.monotonic() + DEADLINE_S
    done = 0

    async def one(query: LogQuery) -> LogRead | ClusterError:
        nonlocal done
        async with gate:
            try:
                return await call.cluster.log(
                    query, keep=keep, include=include, exclude=exclude, max_kept_bytes=KEPT_BYTES,
                    timeout_s=max(1.0, end - time.monotonic()),
                )  # fmt: skip
            except ClusterError as error:
                return error
            finally:
                done += 1
                await call.progress(done, len(queries), f"{done} of {len(queries)} logs read")

    return list(await asyncio.gather(*(one(query) for query in queries)))


def _names(sources: Sequence[_Source]) -> dict[str, str]:
    """What each source is called: no more words than tell it from the others."""
    several = {
        key: len({getattr(source, key) for source in sources}) > 1
        for key in ("namespace", "pod", "container")
    }
    return {
        source.label: "/".join(getattr(source, key) for key, differs in several.items() if differs)
        for source in sources
    }


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _why(source: _Source, error: ClusterError, *, previous: bool) -> str:
    """Why there is no log, in words that say what the kubelet's own do not."""
    restarts = dig_int(source.status, "restartCount")
    if previous and isinstance(error, Rejected | NotFound) and "previous" in error.message:
        if not restarts:
            return "no previous log, because the container has not been restarted."
        return (
            f"restarted {count(restarts, 'time')}, but the node no longer has the log of the run "
            "before; the current log, or get_events, is what is left."
        )
    waiting = dig_str(source.status, "state", "waiting", "reason")
    if waiting:
        message = shorten(dig_str(source.status, "state", "waiting", "message"), 300)
        return f"no log, the container waits: {waiting}. {message}".rstrip()
    return error.message


def _lost(read: LogRead) -> str:
    """What a kubelet says instead of a log that its runtime removed: with status 200, as a log."""
    if read.seen != 1 or not read.lines:
        return ""
    stamp, text = read.lines[0]
    return text if not stamp and text.startswith(_NOT_A_LOG) else ""


def _state(source: _Source, call: Call, *, previous: bool) -> str:
    """How it stands with a container that is not simply running: what explains its last line."""
    restarts = dig_int(source.status, "restartCount")
    again = f", restarted {count(restarts, 'time')}" if restarts else ""
    end = dig_map(source.status, "state", "terminated")
    waiting = dig_str(source.status, "state", "waiting", "reason")
    last = dig_map(source.status, "lastState", "terminated")
    if end and dig_int(end, "exitCode") == 0:
        return ""
    if not end and waiting and last:
        # Until the next run starts there is no newer log than that of the last one.
        same = "" if previous else "; previous=true would show the same log"
        return f"waits ({waiting}){again}; this is its last run, which {_ended(last, call)}{same}."
    if end and not previous:
        return f"{_ended(end, call)}{again}."
    if previous and last:
        return f"this run {_ended(last, call)}{again}."
    if restarts and not previous and last:
        return f"running{again}; the run before {_ended(last, call)} (previous=true shows it)."
    return ""


def _ended(end: Mapping[str, Any], call: Call) -> str:
    reason = dig_str(end, "reason")
    said = f"ended with exit code {dig_int(end, 'exitCode')}" + (f" ({reason})" if reason else "")
    finished = parse_time(end.get("finishedAt"))
    return f"{said} {age(finished, call.now())} ago" if finished else said


def _silent(source: _Source, args: Args) -> str:
    if not source.status:
        return "no log, the container has not started."
    if args.since or args.since_time:
        return "nothing written in that time."
    started = dig_str(source.status, "state", "running", "startedAt")
    return "the log is empty" + (f" (running since {started})." if started else ".")


def _answer(
    args: Args,
    call: Call,
    subject: str,
    sources: Sequence[_Source],
    names: Mapping[str, str],
    lines: list[LogLine],
    notes: list[str],
    *,
    seen: int,
    matched: int,
) -> str:
    what = "previous log" if args.previous else "log"
    pods = {(source.namespace, source.pod) for source in sources}
    containers = {source.container for source in sources}
    head = f"{what} of {subject}, {count(len(pods), 'pod')}, "
    head += (
        f"container {sources[0].container}"
        if len(containers) == 1
        else count(len(sources), "container")
    )
    merged = merge(lines)
    if not merged:
        hidden = f": {count(seen, 'line')} read, none passed the filter" if seen else ": no lines"
        kept, left = fit([head + hidden + ".", *notes], call.max_bytes - 100)
        return "\n".join([*kept, *([f"({left} more notes)"] if left else [])])
    runs = fold(merged) if args.fold else [single(line) for line in merged]
    stamps = [line.stamp for line in merged if line.stamp]
    if filtered := seen - matched:
        notes.insert(0, f"The filter hid {filtered:,} of {count(seen, 'line')}.")
    written = Counter(line.source for line in lines)
    if matched > len(merged):
        notes.insert(0, f"Only the newest {len(merged):,} of {matched:,} lines are considered.")
    elif not filtered and max(written.values()) >= args.tail:
        notes.insert(0, f"Older lines exist: this is the newest {args.tail:,} of each container.")
    shown_notes, more_notes = fit(notes, call.max_bytes // 4)
    if more_notes:
        shown_notes.append(f"({more_notes} more notes)")
    room = call.max_bytes - sum(size(note) + 1 for note in shown_notes) - 3000
    kept, left = fit_newest(run_lines(runs, names=names), room)
    if not kept:
        kept, left = [run_lines(runs[-1:], names=names)[0][: room // 4]], len(runs) - 1
    if left:
        said, _ = fit(patterns(runs[:left]), 2400)
        shown_notes += [f"{left:,} older lines did not fit. They said:", *said]
    span = f", {stamps[0][:19]}Z to {stamps[-1][:19]}Z" if stamps else ""
    head += f": {count(len(merged), 'line')}{span}."
    return "\n".join([head, *shown_notes, *framed(kept, what="log")])
