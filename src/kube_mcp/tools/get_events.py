"""get_events: what happened lately, newest first over everything that was read."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from kube_mcp.errors import InputError
from kube_mcp.render.budget import count, fit
from kube_mcp.render.events import EventLine, event_line, event_lines, fold, slim_event
from kube_mcp.render.untrusted import framed
from kube_mcp.tools._call import Call
from kube_mcp.tools._find import EVENTS, check_namespace, find, owned
from kube_mcp.tools._params import NamespaceOrAll, Since
from kube_mcp.tools._progress import reporter
from kube_mcp.tools._tool import Need, ToolArgs, tool
from kube_mcp.words.selectors import field_equals
from kube_mcp.words.times import parse_duration


class Args(ToolArgs):
    namespace: NamespaceOrAll = ""
    kind: Annotated[str, Meta(description="With name: only this object")] = ""
    name: Annotated[str, Meta(max_length=300)] = ""
    type: Literal["Normal", "Warning", ""] = ""
    reason: Annotated[str, Meta(description="e.g. FailedMount")] = ""
    since: Since = ""
    limit: Annotated[int, Meta(ge=1, le=300)] = 60


@tool(title="Read events", needs=(Need("events"),))
async def get_events(args: Args, call: Call) -> str:
    """Events of one object (with what it owns), of a namespace or of the cluster, folded with counts,
    newest first over all. They are kept for about an hour: none is no proof that nothing happened.
    Next: get_logs, diagnose.
    """
    cluster = call.cluster
    if bool(args.kind) != bool(args.name) and "/" not in args.name:
        raise InputError("get_events needs kind and name together, or neither.")
    window = parse_duration(args.since) if args.since else None
    names: set[tuple[str, str]] | None = None
    gaps: list[str] = []
    namespace = args.namespace
    subject = f"in namespace {namespace}" if namespace else f"in {cluster.everywhere}"
    if args.name:
        target = await find(cluster, kind=args.kind, name=args.name, namespace=namespace)
        names, gaps = await owned(cluster, target)
        # Events about cluster-scoped objects are filed in "default".
        namespace = target.namespace or "default"
        subject = f"of {target.label}" + (" and what it owns" if len(names) > 1 else "")
    listing = await cluster.list(
        EVENTS,
        namespace=namespace,
        field_selector=field_equals({"type": args.type, "reason": args.reason}),
        keep=slim_event,
        then=event_line,
        progress=reporter(call, "events"),
    )
    if not listing.items and namespace and not args.name:
        await check_namespace(cluster, namespace)
    events: list[EventLine] = listing.items
    if names is not None:
        events = [event for event in events if (event.kind, event.names[0]) in names]
    now = call.now()
    if window is not None:
        events = [event for event in events if event.last and now - event.last <= window]
    return _answer(args, call, events, subject, gaps, read=len(listing.items))


def _answer(
    args: Args, call: Call, events: list[EventLine], subject: str, gaps: list[str], *, read: int
) -> str:
    narrowed = ", ".join(
        f"{word} {value}"
        for word, value in (("type", args.type), ("reason", args.reason), ("since", args.since))
        if value
    )
    asked = f" ({narrowed})" if narrowed else ""
    notes = [f"Not read: {gap}." for gap in gaps]
    if not events:
        looked = f" Read {count(read, 'event')} there." if args.name and read else ""
        return "\n".join([
            f"No events {subject}{asked}.{looked} The API server forgets events after about "
            "an hour, so older trouble may have left none.",
            *notes,
        ])  # fmt: skip
    folded = fold(events)
    shown = folded[: args.limit]
    lines = event_lines(shown, now=call.now(), with_namespace=not args.namespace and not args.name)
    kept, left = fit(lines, call.max_bytes - 600)
    left += len(folded) - len(shown)
    warnings = sum(event.count for event in folded if event.type == "Warning")
    head = f"{count(len(events), 'event')} {subject}{asked}"
    if len(folded) < len(events):
        head += f", folded to {len(folded):,}"
    if warnings and not args.type:
        head += f", {count(warnings, 'warning')} counting repeats"
    head += ", newest first:"
    out = [head, *framed(kept, what="events")]
    if left:
        out.append(f"{left:,} older not shown: narrow with type=Warning, reason, since or name.")
    return "\n".join([*out, *notes])
