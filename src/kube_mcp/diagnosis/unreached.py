"""What a program could not reach, by its own words: a Service by name, or the cluster's DNS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kube_mcp.diagnosis.backends import endpoints, selected_pods, slices_of
from kube_mcp.diagnosis.crashes import telling
from kube_mcp.diagnosis.finding import Evidence
from kube_mcp.diagnosis.pods import is_going, is_ready
from kube_mcp.objects import Obj, Ref, dig_map, dig_str
from kube_mcp.scene import Scene, Unreadable, labels_of, ref_to, refer
from kube_mcp.words.selectors import matches_labels

_NAMESPACES = ("kube-system", "openshift-dns")
_NAMES = ("kube-dns", "coredns", "dns-default")

# The resolver's errors as Go, Node.js, Python, Java, glibc, musl and curl word them.
_UNRESOLVED = re.compile(
    r"no such host|getaddrinfo|EAI_AGAIN|ENOTFOUND|server misbehaving|bad address|UnknownHost"
    r"|(could not|couldn't|couldnt|cannot) resolve|name (or service not known|resolution)"
    r"|nodename nor servname|lookup \S+.*(:53\b|timeout|refused|misbehaving)",
    re.IGNORECASE,
)


def is_cluster_dns(service: Obj) -> bool:
    """Whether the Service is the one that pods ask for names."""
    if dig_str(service, "metadata", "namespace") not in _NAMESPACES:
        return False
    return (
        dig_str(service, "metadata", "name") in _NAMES
        or labels_of(service).get("k8s-app") in _NAMES
    )


def cluster_dns(scene: Scene) -> tuple[Ref, ...]:
    """The DNS Services, where they were read."""
    return scene.derived(_services)


def _services(scene: Scene) -> tuple[Ref, ...]:
    return tuple(ref_to(each) for each in scene.seen("Service") if is_cluster_dns(each))


def answering(service: Obj, scene: Scene) -> tuple[int, int]:
    """How many pods stand behind a DNS Service, and how many of them answer. Raises `Unreadable`.

    Told by its endpoints where its pods are of a namespace that was not read.
    """
    try:
        pods = selected_pods(service, scene)
    except Unreadable:
        if not slices_of(service, scene):
            raise
        return endpoints(service, scene)
    return len(pods), sum(is_ready(pod) and not is_going(pod) for pod in pods)


def some_name_unresolved(scene: Scene) -> bool:
    """Whether the log of something that crashed says that a name did not resolve."""
    return any(unresolved(telling(tail.lines)) for tail in scene.logs.values())


def unresolved(lines: Iterable[str]) -> bool:
    """Whether lines of a log say that a name did not resolve."""
    return any(_UNRESOLVED.search(line) for line in lines)


# A connection that did not come about, as the same languages word it.
_REFUSED = re.compile(
    r"refused|ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|timed? ?out|unreachable|no route to host"
    r"|(could not|cannot|can't|failed to|unable to) connect",
    re.IGNORECASE,
)
# ``cache``, ``cache.shop``, ``cache.shop.svc.cluster.local``, with or without a port after it.
_HOST = re.compile(r"(?<![\w.-])[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*(?![\w-])")


def unreached(pod: Obj, words: Iterable[Evidence], scene: Scene) -> tuple[Ref, ...]:
    """The Services that lines of a pod's log name where they say that a connection failed, and the
    cluster's DNS where a name did not resolve. Whoever says so suffers from their trouble.

    Not a Service that leads to the pod itself: its trouble follows from the pod's. One of another
    namespace also where it was not read.
    """
    found: dict[Ref, None] = {}
    namespace = dig_str(pod, "metadata", "namespace")
    for _, line in words:
        nameless = bool(_UNRESOLVED.search(line))
        if nameless:
            found.update(dict.fromkeys(cluster_dns(scene)))
        if not nameless and not _REFUSED.search(line):
            continue
        for host in _HOST.findall(line):
            for where, name in _services_of(host, namespace):
                service = scene.peek("Service", where, name)
                if service is None:
                    # Where it was not read it may still be looked up, by its name.
                    known = _is_elsewhere(host, where, scene)
                else:
                    known = not _leads_to(service, pod)
                if known:
                    found[refer("Service", where, name)] = None
    return tuple(found)


def awaited(pod: Obj, container: str, words: Iterable[Evidence], scene: Scene) -> tuple[Ref, ...]:
    """The Services that a step which waits may wait for: those that its log names, in whatever
    words, and those that its own name does (``wait-for-db``). Their trouble explains the wait.
    """
    namespace = dig_str(pod, "metadata", "namespace")
    said = [
        (name, where)
        for _, line in words
        for host in _HOST.findall(line)
        for where, name in _services_of(host, namespace)
    ]
    parts = container.split("-")
    said += [
        ("-".join(parts[start:end]), namespace)
        for start in range(len(parts))
        for end in range(start + 1, len(parts) + 1)
    ]
    return tuple(
        refer("Service", where, name)
        for name, where in dict.fromkeys(said)
        if (service := scene.peek("Service", where, name)) is not None
        and not _leads_to(service, pod)
    )


def _services_of(host: str, namespace: str) -> Iterator[tuple[str, str]]:
    """(namespace, name) of the Services that a host name may mean, asked from a namespace."""
    inside, svc, _ = host.partition(".svc")
    name, *rest = inside.split(".")
    if not svc or len(rest) < 2:
        yield (rest[0] if rest else namespace), name
    # One pod behind a headless Service: ``db-0.db``, ``db-0.db.shop.svc``.
    if rest and (not svc or len(rest) > 1):
        yield (rest[1] if len(rest) > 1 else namespace), rest[0]


def _is_elsewhere(host: str, namespace: str, scene: Scene) -> bool:
    """Whether a host name surely means a Service of a namespace that was not read."""
    if scene.namespace in ("", namespace):
        return False
    return ".svc" in host or scene.peek("Namespace", "", namespace) is not None


def _leads_to(service: Obj, pod: Obj) -> bool:
    selector = dig_map(service, "spec", "selector")
    same = dig_str(service, "metadata", "namespace") == dig_str(pod, "metadata", "namespace")
    return same and bool(selector) and matches_labels(selector, labels_of(pod))
