"""check_access: what this connection may read, and whether a subject may do something."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from kube_mcp.errors import InputError, Refused
from kube_mcp.objects import dig, dig_list, dig_str
from kube_mcp.render.budget import fit
from kube_mcp.render.table import table_lines
from kube_mcp.tools._call import Call
from kube_mcp.tools._params import Namespace
from kube_mcp.tools._tool import ToolArgs, tool

_READS = frozenset({"get", "list", "watch"})


class Args(ToolArgs):
    verb: Annotated[str, Meta(description="get, list, delete, …; with kind", max_length=40)] = ""
    kind: Annotated[str, Meta(max_length=200)] = ""
    namespace: Namespace = ""
    name: Annotated[str, Meta(max_length=300)] = ""
    subresource: Annotated[str, Meta(description="e.g. log, exec", max_length=60)] = ""
    subject: Annotated[
        str,
        Meta(
            description="Ask about another: user:jane, group:dev, sa:NAMESPACE/NAME",
            max_length=300,
        ),
    ] = ""


@tool(title="Check access")
async def check_access(args: Args, call: Call) -> str:
    """Whether this connection may do something (verb and kind), or, with neither, everything it may
    do in a namespace. With subject: whether a user, group or ServiceAccount may, where the operator
    allows that question. Use it to explain a 403.
    """
    if bool(args.verb) != bool(args.kind):
        raise InputError("check_access needs verb and kind together, or neither.")
    if args.kind:
        return await _one(args, call)
    if args.subject:
        raise InputError("check_access needs verb and kind to ask about a subject.")
    return await _all(args, call)


async def _one(args: Args, call: Call) -> str:
    resource = await call.cluster.resolve(args.kind)
    namespace = args.namespace if resource.namespaced else ""
    asked: dict[str, Any] = {
        "namespace": namespace,
        "name": args.name,
        "subresource": args.subresource,
    }
    who = "This connection"
    if args.subject:
        who = args.subject
        try:
            allowed, reason = await call.cluster.may_they(
                _subject(args.subject), args.verb, resource, **asked
            )
        except Refused as error:
            raise InputError(
                "This server does not answer questions about other subjects.",
                hint="Its operator can switch that on (policy.who_can).",
            ) from error
    else:
        allowed, reason = await call.cluster.may_i(args.verb, resource, **asked)
    what = resource.full_name + (f"/{args.subresource}" if args.subresource else "")
    if args.name:
        what += f" '{args.name}'"
    where = (
        f"in namespace {namespace}" if namespace
        else "in all namespaces" if resource.namespaced
        else "in the cluster"
    )  # fmt: skip
    answer = f"{who} {'may' if allowed else 'may NOT'} {args.verb} {what} {where}."
    if reason:
        answer += f" Reason: {reason}"
    if allowed and args.verb not in _READS and not args.subject:
        answer += " (This server still cannot: it only reads.)"
    return answer


def _subject(text: str) -> dict[str, Any]:
    word, colon, rest = text.partition(":")
    if colon and rest:
        if word == "user":
            return {"user": rest}
        if word == "group":
            return {"user": "someone", "groups": [rest, "system:authenticated"]}
        namespace, slash, name = rest.partition("/")
        if word in {"sa", "serviceaccount"} and slash and namespace and name:
            return {
                "user": f"system:serviceaccount:{namespace}:{name}",
                "groups": [
                    "system:serviceaccounts",
                    f"system:serviceaccounts:{namespace}",
                    "system:authenticated",
                ],
            }
    raise InputError(
        f"'{text}' is not a subject.", hint="Write user:jane, group:dev or sa:NAMESPACE/NAME."
    )


async def _all(args: Args, call: Call) -> str:
    namespace = args.namespace or call.cluster.default_namespace or "default"
    me = await call.cluster.who_am_i()
    status = await call.cluster.my_rules(namespace)
    rows: dict[tuple[str, str], set[str]] = {}
    for rule in dig_list(status, "resourceRules"):
        verbs = set(map(str, dig_list(rule, "verbs")))
        for group in dig_list(rule, "apiGroups") or ("",):
            for resource in dig_list(rule, "resources"):
                names = dig_list(rule, "resourceNames")
                label = f"{resource}.{group}" if group else str(resource)
                only = f" ({', '.join(map(str, names[:5]))})" if names else ""
                rows.setdefault((label, only), set()).update(verbs)
    groups = ", ".join(map(str, dig_list(me, "groups")))
    who = dig_str(me, "username") or call.cluster.reads_as
    lines = [f"Read as {who}" + (f" (groups: {groups})." if groups else ".")]
    lines.append(f"In namespace {namespace}, cluster-wide rules included, it may:")
    table = [
        [label + only, ",".join(sorted(verbs))] for (label, only), verbs in sorted(rows.items())
    ]
    lines += table_lines(["resource", "verbs"], table)
    writes = sorted(
        label for (label, _), verbs in rows.items()
        if verbs - _READS and not label.startswith("self")
    )  # fmt: skip
    if dig(status, "incomplete") is True:
        why = dig_str(status, "evaluationError")
        lines.append(f"The list may be incomplete. {why}".rstrip())
    if writes:
        lines.append(
            f"It may also do more than read ({', '.join(writes[:10])}); this server never does."
        )
    kept, left = fit(lines, call.max_bytes - 100)
    if left:
        kept.append(f"({left} more lines: ask about one verb and kind)")
    return "\n".join(kept)
