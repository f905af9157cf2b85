"""What an identity may do, asked of the API server for everything it serves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from testbed.client import Client

#: The API's own verbs, and those that RBAC gives a meaning of their own.
VERBS = (
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "impersonate",
    "bind",
    "escalate",
    "approve",
    "sign",
    "attest",
    "use",
    "*",
)
_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
#: The real CRDs and everything built in are some 190 resources; reviews take 2 ms each.
WORKERS = 8


@dataclass(frozen=True, order=True)
class Right:
    """One verb on one resource or subresource (``pods``, ``pods/log``) of one group."""

    group: str
    resource: str
    verb: str


def resources(admin: Client) -> list[tuple[str, str]]:
    """(group, resource) of everything the API server serves, subresources included."""
    found = {("", r["name"]) for r in admin.get("/api/v1")["resources"]}
    for group in admin.get("/apis")["groups"]:
        for version in group["versions"]:
            listed = admin.get(f"/apis/{version['groupVersion']}")["resources"]
            found |= {(group["name"], r["name"]) for r in listed}
    return sorted(found)


def rights(
    admin: Client,
    user: str,
    *,
    groups: Sequence[str] = (),
    among: Iterable[tuple[str, str]],
    verbs: Sequence[str] = VERBS,
) -> set[Right]:
    """Every right of ``user``, by one SubjectAccessReview for each resource and verb."""

    def allowed(right: Right) -> bool:
        resource, _, subresource = right.resource.partition("/")
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": user,
                "groups": list(groups),
                "resourceAttributes": {
                    "group": right.group,
                    "resource": resource,
                    "subresource": subresource,
                    "verb": right.verb,
                },
            },
        }
        return bool(admin.create(_REVIEWS, review)["status"]["allowed"])

    asked = [Right(group, resource, verb) for group, resource in among for verb in verbs]
    with ThreadPoolExecutor(WORKERS) as pool:
        answers = list(pool.map(allowed, asked))
    return {right for right, yes in zip(asked, answers, strict=True) if yes}


def account(namespace: str, name: str) -> tuple[str, tuple[str, ...]]:
    """A ServiceAccount's user name and groups, as the API server sees them."""
    return (
        f"system:serviceaccount:{namespace}:{name}",
        ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"),
    )
