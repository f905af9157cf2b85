"""The guard: a table of what leaves and what does not, and properties no input can break."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from itertools import product
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_mcp.errors import InputError, Refused, ServerFault
from kube_mcp.kube.guard import NOTHING_EXTRA, Allowances, Guard, decide
from kube_mcp.kube.paths import parse, resource_path
from kube_mcp.kube.transport import Request
from kube_mcp.objects import ResourceType

POD = "/api/v1/namespaces/shop/pods/web-1"
AUTHZ = "/apis/authorization.k8s.io/v1"
AUTHN = "/apis/authentication.k8s.io"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
EVERYTHING = Allowances(access_reviews=True, node_logs=True, helm_release_secrets=True)

DISCOVERY = [
    "/api",
    "/apis",
    "/api/v1",
    "/apis/apps",
    "/apis/apps/v1",
    "/apis/metrics.k8s.io/v1beta1",
    "/version",
    "/livez",
    "/livez/ping",
    "/livez/poststarthook/rbac/bootstrap-roles",
    "/readyz",
    "/readyz/etcd",
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/api",
    "/openapi/v3/api/v1",
    "/openapi/v3/apis",
    "/openapi/v3/apis/apps",
    "/openapi/v3/apis/apps/v1",
    "/openapi/v3/version",
]
COLLECTIONS = [
    "/api/v1/pods",
    "/api/v1/nodes",
    "/api/v1/namespaces",
    "/api/v1/events",
    "/api/v1/configmaps",
    "/api/v1/namespaces/shop/pods",
    "/api/v1/namespaces/shop/services",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/namespaces/shop/deployments",
    "/apis/batch/v1/namespaces/shop/cronjobs",
    "/apis/events.k8s.io/v1/namespaces/shop/events",
    "/apis/traefik.io/v1alpha1/ingressroutes",
    "/apis/helm.toolkit.fluxcd.io/v2/namespaces/shop/helmreleases",
    "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/example.com/v1/secrets",
]
OBJECTS = [
    POD,
    "/api/v1/nodes/worker-1",
    "/api/v1/namespaces/shop",
    "/apis/apps/v1/namespaces/shop/deployments/web",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/Team%20A",
    "/apis/traefik.io/v1alpha1/namespaces/shop/ingressroutes/web",
    "/apis/metrics.k8s.io/v1beta1/nodes/worker-1",
]
READ_SUBRESOURCES = [
    POD + "/log",
    POD + "/status",
    "/api/v1/namespaces/shop/status",
    "/apis/apps/v1/namespaces/shop/deployments/web/scale",
    "/apis/apps/v1/namespaces/shop/deployments/web/status",
    "/apis/cert-manager.io/v1/namespaces/shop/certificates/web/status",
]
READS = [*DISCOVERY, *COLLECTIONS, *OBJECTS, *READ_SUBRESOURCES]
SELF_REVIEWS = [
    f"{AUTHZ}/selfsubjectaccessreviews",
    f"{AUTHZ}/selfsubjectrulesreviews",
    f"{AUTHN}/v1/selfsubjectreviews",
    f"{AUTHN}/v1beta1/selfsubjectreviews",
    f"{AUTHN}/v1alpha1/selfsubjectreviews",
]
ANY_REVIEWS = [
    f"{AUTHZ}/subjectaccessreviews",
    f"{AUTHZ}/namespaces/shop/localsubjectaccessreviews",
]
OTHER_METHODS = ["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE", "get", "Get", ""]

# Reached by GET in Kubernetes, or by a GET with an upgrade; none of them is a read.
NOT_READ_SUBRESOURCES = [
    f"{POD}/{subresource}"
    for subresource in (
        "exec",
        "attach",
        "portforward",
        "proxy",
        "eviction",
        "binding",
        "ephemeralcontainers",
        "resize",
        "token",
        "finalize",
        "approval",
        "logs",
        "exec2",
    )
] + [
    f"{POD}/proxy/admin",
    f"{POD}/exec/x",
    "/api/v1/namespaces/shop/finalize",
    "/api/v1/namespaces/shop/services/web/proxy",
    "/api/v1/namespaces/shop/services/http:web:80/proxy/admin",
    "/api/v1/namespaces/shop/serviceaccounts/default/token",
    "/api/v1/nodes/worker-1/proxy",
    "/api/v1/nodes/worker-1/proxy/",
    "/api/v1/nodes/worker-1/proxy/run/shop/web-1/web",
    "/api/v1/nodes/worker-1/proxy/exec/shop/web-1/web",
    "/api/v1/nodes/worker-1/proxy/containerLogs/shop/web-1/web",
    "/api/v1/nodes/worker-1/proxy/configz",
    "/api/v1/nodes/worker-1/proxy/metrics",
    "/api/v1/nodes/worker-1/proxy/stats/summary/x",
    "/api/v1/nodes/worker-1/proxy/stats",
    "/api/v1/nodes/worker-1/proxy/logs",
    "/api/v1/nodes/worker-1/proxy/logs/../pods",
    "/api/v1/nodes/https:worker-1:2379/proxy/stats/summary",
    "/api/v1/nodes/worker-1:2379/proxy/logs/",
    "/api/v1/namespaces/shop/nodes/worker-1/proxy/stats/summary",
    "/apis/apps/v1/namespaces/shop/pods/web/log",
    "/apis/apps/v1/namespaces/shop/deployments/web/log",
    "/apis/example.com/v1/nodes/worker-1/proxy/stats/summary",
    "/apis/certificates.k8s.io/v1/certificatesigningrequests/x/approval",
    "/apis/subresources.kubevirt.io/v1/namespaces/shop/virtualmachineinstances/vm/console",
    "/apis/subresources.kubevirt.io/v1/namespaces/shop/virtualmachineinstances/vm/portforward/22/tcp",
    "/apis/cluster.karmada.io/v1alpha1/clusters/member/proxy/api/v1/pods",
]
NOT_PATHS = [
    "",
    "/",
    "/metrics",
    "/logs/",
    "/debug/pprof/heap",
    "/healthz",
    "/api/v1/watch/pods",
    "/api/v1/proxy/nodes/worker-1/exec",
    "/api/v1/namespaces/shop/../../../apis",
    "/api/v1/namespaces/..%2fkube-system/pods",
    "/api/v1/namespaces/shop/pods/web%2fexec",
    "/api/v1/namespaces/shop/pods/web%2Fexec",
    "/api/v1/namespaces/shop/pods/web/%65xec",
    "/api/v1/namespaces/shop/pods/%2e%2e/%2e%2e/secrets",
    "/api/v1/namespaces/shop/pods/web%5c..%5cexec",
    "/api/v1/namespaces/shop/pods//web",
    "/api/v1//namespaces/shop/pods",
    "//evil.example.com/api/v1/pods",
    "https://evil.example.com/api/v1/pods",
    "/api/v1/pods?watch=true",
    "/api/v1/pods#x",
    "/api/v1/pods\x00",
    "/api/v1/pods\r\nX: y",
    "/api/v1/pods ",
    "/api/v1/pöds",
    "/k8s/clusters/c-1/api/v1/pods",
]

Row = tuple[str, str, tuple[tuple[str, str], ...], Mapping[str, str], bytes, Allowances, bool]


def row(
    method: str,
    path: str,
    allowed: bool,
    *,
    query: tuple[tuple[str, str], ...] = (),
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    extra: Allowances = NOTHING_EXTRA,
) -> Row:
    return (method, path, query, headers or {}, body, extra, allowed)


def rows() -> list[Row]:
    table = [row("GET", path, True) for path in READS]
    table += [row(method, path, False) for method, path in product(OTHER_METHODS, READS)]
    table += [row("POST", path, False, body=b"{}", extra=EVERYTHING) for path in READS]
    table += [row("GET", path, False, body=b"{}") for path in READS]
    table += [
        row(method, path, False, body=body, extra=EVERYTHING)
        for path in [*NOT_READ_SUBRESOURCES, *NOT_PATHS]
        for method, body in (("GET", b""), ("POST", b"{}"), ("DELETE", b""))
    ]

    reviews = [*SELF_REVIEWS, *ANY_REVIEWS]
    table += [row("POST", path, True, body=b"{}") for path in SELF_REVIEWS]
    table += [row("POST", path, False, body=b"{}") for path in ANY_REVIEWS]
    table += [row("POST", path, True, body=b"{}", extra=EVERYTHING) for path in ANY_REVIEWS]
    table += [
        row(method, path, False, body=b"{}", extra=EVERYTHING)
        for method, path in product([*OTHER_METHODS, "post"], reviews)
    ]
    table += [row("POST", path, False, extra=EVERYTHING) for path in reviews]
    table += [row("POST", path, False, body=b"x" * 65537, extra=EVERYTHING) for path in reviews]
    table += [
        row("POST", path, False, body=b"{}", query=(("dryRun", "All"),), extra=EVERYTHING)
        for path in reviews
    ]
    table += [
        row("POST", path + tail, False, body=b"{}", extra=EVERYTHING)
        for path, tail in product(reviews, ["/x", "/", "/x/status", "s"])
    ]
    table += [
        row("POST", path, False, body=b"{}", extra=EVERYTHING)
        for path in (
            f"{AUTHN}/v1/tokenreviews",
            f"{AUTHN}/v1/selfsubjectaccessreviews",
            f"{AUTHZ}/selfsubjectreviews",
            f"{AUTHZ}/localsubjectaccessreviews",
            f"{AUTHZ}/namespaces/shop/subjectaccessreviews",
            f"{AUTHZ}/namespaces/shop/selfsubjectaccessreviews",
            "/apis/authorization.k8s.io/v2/selfsubjectaccessreviews",
            "/apis/authorization.example.com/v1/selfsubjectaccessreviews",
            "/api/v1/selfsubjectaccessreviews",
            "/api/v1/namespaces/shop/serviceaccounts/default/token",
        )
    ]

    listing, watching, log = "/api/v1/pods", "/apis/apps/v1/deployments", POD + "/log"
    common = [
        ("labelSelector", "app in (a,b)"),
        ("fieldSelector", "status.phase!=Running"),
        ("limit", "500"),
        ("continue", "eyJ2IjoibWV0YS5rOHMuaW8vdjEi+/=="),
        ("resourceVersion", "0"),
        ("resourceVersionMatch", "NotOlderThan"),
        ("timeoutSeconds", "30"),
        ("timeout", "30s"),
        ("watch", "true"),
        ("allowWatchBookmarks", "true"),
        ("sendInitialEvents", "true"),
        ("includeObject", "Metadata"),
    ]
    of_log = [
        ("container", "web"),
        ("follow", "true"),
        ("previous", "true"),
        ("sinceSeconds", "5"),
        ("sinceTime", "2026-01-01T00:00:00Z"),
        ("timestamps", "true"),
        ("tailLines", "5"),
        ("limitBytes", "100"),
        ("stream", "All"),
    ]
    table += [
        row("GET", path, True, query=(pair,)) for path in (listing, watching) for pair in common
    ]
    table += [row("GET", log, True, query=(pair,)) for pair in of_log]
    table += [row("GET", POD, False, query=(pair,)) for pair in of_log]
    table += [row("GET", log, False, query=(pair,)) for pair in common if pair[0] != "timeout"]
    table += [row("GET", POD, False, query=(("watch", "1"),))]
    table += [row("GET", "/openapi/v3/api/v1", True, query=(("hash", "A1"),))]
    table += [
        row("GET", "/readyz", True, query=(("verbose", ""), ("exclude", "a"), ("exclude", "b")))
    ]
    table += [row("GET", "/version", False, query=(("verbose", ""),))]
    table += [
        row("GET", path, False, query=((name, "x"),), extra=EVERYTHING)
        for path, name in product(
            [listing, POD, log, "/api", "/livez", "/version"],
            [
                "command",
                "stdin",
                "tty",
                "exec",
                "path",
                "pretty",
                "dryRun",
                "fieldManager",
                "force",
                "gracePeriodSeconds",
                "propagationPolicy",
                "insecureSkipTLSVerifyBackend",
                "export",
                "exact",
                "Watch",
                "LIMIT",
                "",
                "limit ",
            ],
        )
    ]
    table += [
        row("GET", listing, False, query=query)
        for query in (
            (("limit", "1"), ("limit", "2")),
            (("labelSelector", "a\x00b"),),
            (("labelSelector", "a\r\nb"),),
            (("continue", "\udce9"),),
            (("fieldSelector", "\u202e"),),
        )
    ]

    table += [
        row("GET", listing, True, headers=headers)
        for headers in (
            {"Accept": TABLE + ",application/json"},
            {"accept": "application/json", "User-Agent": "kube-mcp/1 (x; y)"},
            {"Authorization": "Bearer abc", "Accept-Encoding": "gzip"},
            {"Impersonate-User": "authentik:anna", "Impersonate-Group": "authentik:ops"},
            {"Impersonate-Uid": "7", "Impersonate-Extra-Scopes": "mcp"},
            {"Impersonate-Extra-example.com%2Fteam": "blue"},
            {"Impersonate-User": "authentik:system:masters"},
            {"traceparent": "00-1-1-01", "tracestate": "a=b", "Audit-ID": "x"},
            {"If-None-Match": '"abc"'},
        )
    ]
    table += [
        row("GET", path, False, headers=headers, extra=EVERYTHING)
        for path, headers in product(
            [listing, POD, log, "/version"],
            [
                {"Upgrade": "websocket"},
                {"upgrade": "SPDY/3.1"},
                {"Connection": "Upgrade"},
                {"Connection": "keep-alive"},
                {"HTTP2-Settings": "x"},
                {"Sec-WebSocket-Key": "x"},
                {"sec-websocket-protocol": "v5.channel.k8s.io"},
                {"X-Stream-Protocol-Version": "v4.channel.k8s.io"},
                {"X-HTTP-Method-Override": "DELETE"},
                {"X-HTTP-Method": "DELETE"},
                {"X-Method-Override": "DELETE"},
                {"X-Remote-User": "admin"},
                {"X-Remote-Group": "system:masters"},
                {"X-Forwarded-For": "10.0.0.1"},
                {"Forwarded": "for=x"},
                {"Transfer-Encoding": "chunked"},
                {"Content-Length": "5"},
                {"Host": "evil"},
                {"Cookie": "a=b"},
                {"TE": "trailers"},
                {"Accept\r\nX": "y"},
                {"Accept ": "y"},
                {"": "y"},
                {"Accept": "a\r\nX-Remote-User: admin"},
                {"Accept": "a\nb"},
                {"Accept": "a\x00"},
                {"User-Agent": "ü"},
                {"Impersonate-Extra-": "x"},
                {"Impersonate-Extra-a b": "x"},
                {"Impersonate-Extra-a\nb": "x"},
                {"Impersonate-Foo": "x"},
                {"Impersonate-Group": "system:masters"},
                {"Impersonate-Group": "SYSTEM:MASTERS"},
                {"Impersonate-Group": " system:masters"},
                {"Impersonate-Group": "ops,system:masters"},
                {"Impersonate-Group": "ops, system:masters"},
                {"impersonate-group": "system:nodes"},
                {"Impersonate-User": "system:admin"},
                {"Impersonate-User": "system:serviceaccount:kube-system:admin"},
                {"Impersonate-Extra-Scopes": "system:x"},
                {"Impersonate-Uid": "system:x"},
            ],
        )
    ]

    node = "/api/v1/nodes/worker-1/proxy"
    kubelet = [
        (f"{node}/stats/summary", (("only_cpu_and_memory", "true"),)),
        (f"{node}/logs/", (("query", "kubelet"), ("tailLines", "10"))),
        (f"{node}/logs/syslog", ()),
        (f"{node}/logs/pods/shop_web-1_0a1b/web/0.log", ()),
        ("/api/v1/nodes/ip-10-0-0-1.eu.internal/proxy/stats/summary", ()),
    ]
    on = Allowances(node_logs=True)
    table += [row("GET", path, True, query=query, extra=on) for path, query in kubelet]
    table += [row("GET", path, False, query=query) for path, query in kubelet]
    table += [row("POST", path, False, body=b"{}", extra=on) for path, _ in kubelet]
    table += [row("GET", f"{node}/logs/", False, query=(("command", "x"),), extra=on)]

    secrets, in_shop = "/api/v1/secrets", "/api/v1/namespaces/shop/secrets"
    named = in_shop + "/db"
    table += [
        row("GET", path, True, headers={"Accept": accept}, query=query)
        for path in (secrets, in_shop, named)
        for accept, query in (
            (METADATA, ()),
            (METADATA_LIST, ()),
            (METADATA.replace("v=v1", "v=v1beta1"), ()),
            (METADATA.replace("json", "vnd.kubernetes.protobuf"), ()),
            (f"{METADATA} ; q=0.9 , {METADATA_LIST}", ()),
            (TABLE, (("includeObject", "Metadata"),)),
            (TABLE, (("includeObject", "None"),)),
            (f"{TABLE}, {METADATA_LIST}", (("includeObject", "None"),)),
        )
    ]
    watch = (("watch", "true"),)
    table += [row("GET", secrets, True, headers={"Accept": METADATA}, query=watch)]
    bad_accepts = [
        "",
        "*/*",
        "application/json",
        "application/yaml",
        "application/*",
        "application/json;stream=watch",
        "application/vnd.kubernetes.protobuf",
        "application/cbor",
        f"{METADATA},application/json",
        f"application/json;q=0.1,{METADATA}",
        f"{METADATA},*/*",
        f"{METADATA},",
        f"{METADATA};as=Secret",
        f"{METADATA};profile=x",
        f"{METADATA};",
        METADATA.replace("PartialObjectMetadata", "partialobjectmetadata"),
        METADATA.replace("PartialObjectMetadata", '"PartialObjectMetadata"'),
        METADATA.replace("PartialObjectMetadata", "APIGroupDiscoveryList"),
        METADATA.replace("meta.k8s.io", "v1"),
        METADATA.replace("v=v1", "v=v2"),
        METADATA.replace(";g=meta.k8s.io", ""),
        METADATA.replace(";v=v1", ""),
        METADATA.replace("application/json", "application/yaml"),
        METADATA.replace("application/json", "APPLICATION/JSON"),
    ]
    for path, query in product((secrets, in_shop, named), ((), watch)):
        if path == named and query:
            continue
        table.append(row("GET", path, False, query=query))
        table += [
            row("GET", path, False, query=query, headers={"Accept": accept})
            for accept in bad_accepts
        ]
        table += [
            row("GET", path, False, query=(*query, *more), headers={"Accept": accept})
            for accept in (TABLE, f"{METADATA_LIST},{TABLE}")
            for more in ((), (("includeObject", "Object"),), (("includeObject", "metadata"),))
        ]
    table += [
        row("GET", named, False, headers={"Accept": METADATA, "accept": METADATA}),
        row("GET", f"{named}/status", False, headers={"Accept": METADATA}),
        row("POST", in_shop, False, headers={"Accept": METADATA}, body=b"{}", extra=EVERYTHING),
    ]

    helm = Allowances(helm_release_secrets=True)
    of_type = "type=helm.sh/release.v1"
    json = {"Accept": "application/json"}
    for path, selector in product(
        (secrets, in_shop),
        (
            of_type,
            f"{of_type},metadata.name=sh.helm.release.v1.web.v3",
            f"metadata.namespace=shop,{of_type}",
        ),
    ):
        by_type = (("fieldSelector", selector),)
        table += [
            row("GET", path, True, query=by_type, headers=json, extra=helm),
            row("GET", path, True, query=(*by_type, ("limit", "5")), headers=json, extra=helm),
            row("GET", path, False, query=by_type, headers=json),
            row("GET", path, False, query=(*by_type, *watch), headers=json, extra=helm),
        ]
    table += [
        row("GET", in_shop, False, query=(("fieldSelector", selector),), headers=json, extra=helm)
        for selector in (
            "",
            "type=Opaque",
            "type!=helm.sh/release.v1",
            "type==helm.sh/release.v1",
            "type=helm.sh/release.v1x",
            f"{of_type},type=Opaque",
            f"type=Opaque,{of_type}",
            f"{of_type},",
            f"metadata.name=a\\,{of_type}",
            f"metadata.name!=a\\,{of_type}",
        )
    ]
    table += [
        row("GET", in_shop, False, headers=json, extra=helm),
        row(
            "GET",
            in_shop,
            False,
            query=(("labelSelector", "owner=helm"),),
            headers=json,
            extra=helm,
        ),
        row("GET", f"{in_shop}/sh.helm.release.v1.web.v3", False, headers=json, extra=helm),
        row("GET", named, False, query=(("fieldSelector", of_type),), headers=json, extra=helm),
        row("GET", named, True, headers={"Accept": METADATA}, extra=helm),
    ]
    return table


TABLE_OF_REQUESTS = rows()


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body", "extra", "allowed"),
    TABLE_OF_REQUESTS,
    ids=range(len(TABLE_OF_REQUESTS)),
)
def test_the_table_of_requests(
    method: str,
    path: str,
    query: tuple[tuple[str, str], ...],
    headers: Mapping[str, str],
    body: bytes,
    extra: Allowances,
    allowed: bool,
) -> None:
    reason = decide(Request(method, path, query=query, headers=headers, body=body), extra)
    assert (reason is None) == allowed
    assert reason is None or (reason.endswith(".") and reason.isprintable())


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (Request("DELETE", POD), "The method 'DELETE' is not a read."),
        (
            Request("GET", POD + "/exec"),
            "The subresource 'exec' of pods is not a read: only log, status and scale are.",
        ),
        (Request("GET", "/a/../b"), "The path '/a/../b' is not one this server reads."),
        (
            Request("POST", "/api/v1/namespaces/shop/pods", body=b"{}"),
            "A POST to '/api/v1/namespaces/shop/pods' is not a read: only access reviews are.",
        ),
        (
            Request("GET", POD, headers={"Upgrade": "websocket"}),
            "The header 'Upgrade' would turn the read into a two-way stream.",
        ),
        (
            Request("GET", "/api/v1/secrets"),
            "Secrets are read as metadata only: the request must accept nothing but "
            "PartialObjectMetadata, or a Table with includeObject=Metadata or None.",
        ),
        (
            Request("GET", POD, headers={"Impersonate-Group": "system:masters"}),
            "The header 'Impersonate-Group' names a 'system:' identity, which is never impersonated.",
        ),
    ],
)
def test_a_refusal_says_why(request_: Request, reason: str) -> None:
    assert decide(request_) == reason


anything = st.text(max_size=30)
tricky = anything | st.sampled_from(
    ["..", "exec", "a/../b", "%2e%2e", "status", "x?command=sh", "a&command=b", "a#b", "a\r\nb"]
)
methods = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "get"]) | anything
segments = st.lists(
    tricky
    | st.sampled_from(
        [
            "api",
            "apis",
            "v1",
            "apps",
            "namespaces",
            "shop",
            "pods",
            "web",
            "log",
            "exec",
            "proxy",
            "nodes",
            "secrets",
            "stats",
            "summary",
            "authorization.k8s.io",
            "authentication.k8s.io",
            "selfsubjectaccessreviews",
            "selfsubjectreviews",
            "subjectaccessreviews",
            "localsubjectaccessreviews",
            "selfsubjectrulesreviews",
        ]
    ),
    max_size=8,
)
allowances = st.builds(Allowances, st.booleans(), st.booleans(), st.booleans())


@given(
    methods,
    segments,
    st.lists(st.tuples(tricky | st.just("limit"), tricky), max_size=2),
    st.dictionaries(tricky | st.just("Accept"), tricky, max_size=2),
    st.binary(max_size=3),
    allowances,
)
def test_only_gets_and_the_exact_reviews_ever_leave(
    method: str,
    parts: list[str],
    query: list[tuple[str, str]],
    headers: dict[str, str],
    body: bytes,
    extra: Allowances,
) -> None:
    path = "/" + "/".join(parts)
    request = Request(method, path, query=tuple(query), headers=headers, body=body)
    if decide(request, extra) is not None:
        return
    if method == "POST":
        reviews = [*SELF_REVIEWS, *(ANY_REVIEWS if extra.access_reviews else [])]
        read = parse(path)
        assert read is not None
        assert path.replace(f"namespaces/{read.namespace}/", "namespaces/shop/") in reviews
    else:
        assert method == "GET"
        assert body == b""
        assert not {"exec", "attach", "portforward"} & set(path.split("/")[6:])
    assert "/../" not in path
    assert not any(char in path for char in "?#\\\r\n")


@given(tricky, tricky, tricky, tricky, tricky)
def test_no_argument_of_a_log_or_a_list_reaches_another_path(
    namespace: str, name: str, container: str, selector: str, cursor: str
) -> None:
    pods = ResourceType("", "v1", "pods", "Pod", True)
    try:
        log = resource_path(pods, namespace=namespace or "a", name=name or "b", subresource="log")
        listing = resource_path(pods, namespace=namespace)
    except InputError:
        return
    for request in (
        Request("GET", log, query=(("container", container),)),
        Request("GET", listing, query=(("labelSelector", selector), ("continue", cursor))),
    ):
        if decide(request) is not None:
            continue
        sent = urlsplit(f"https://cluster{request.target}")
        assert sent.path == request.path
        assert tuple(parse_qsl(sent.query, keep_blank_values=True)) == request.query
        assert (sent.netloc, sent.fragment) == ("cluster", "")


class Answer:
    """An empty response that remembers whether it was let go."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.headers: Mapping[str, str] = {}
        self.closed = False

    async def read(self, max_bytes: int) -> bytes:
        return b""

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b""

    async def aclose(self) -> None:
        self.closed = True


class Wire:
    """Takes down what arrives, and answers every request with one response."""

    def __init__(self, status: int = 200) -> None:
        self.sent: list[Request] = []
        self.answer = Answer(status)
        self.closed = False

    async def send(self, request: Request) -> Answer:
        self.sent.append(request)
        return self.answer

    async def aclose(self) -> None:
        self.closed = True


async def test_a_read_passes_unchanged_and_a_write_never_reaches_the_wire() -> None:
    wire = Wire()
    guard = Guard(wire)
    read = Request("GET", "/api/v1/pods")
    assert await guard.send(read) is wire.answer
    with pytest.raises(Refused, match="The method 'DELETE' is not a read"):
        await guard.send(Request("DELETE", POD))
    assert wire.sent == [read]


async def test_each_switch_opens_exactly_its_own_door() -> None:
    doors = {
        "allow_access_reviews": Request("POST", ANY_REVIEWS[0], body=b"{}"),
        "allow_node_logs": Request("GET", "/api/v1/nodes/n/proxy/stats/summary"),
        "allow_helm_release_secrets": Request(
            "GET", "/api/v1/secrets", query=(("fieldSelector", "type=helm.sh/release.v1"),)
        ),
    }
    for switch, (door, request) in product(doors, doors.items()):
        guard = Guard(wire := Wire(), **{switch: True})
        if switch == door:
            await guard.send(request)
            assert wire.sent == [request]
        else:
            with pytest.raises(Refused):
                await guard.send(request)
            assert wire.sent == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_error_and_its_connection_is_released(status: int) -> None:
    wire = Wire(status)
    with pytest.raises(ServerFault, match=rf"with a redirect \({status}\)") as error:
        await Guard(wire).send(Request("GET", "/version"))
    assert error.value.status == status
    assert wire.answer.closed


async def test_an_error_status_and_not_modified_are_ordinary_responses() -> None:
    for status in (304, 403, 500):
        assert (await Guard(Wire(status)).send(Request("GET", "/version"))).status == status


async def test_closing_the_guard_closes_what_is_inside() -> None:
    wire = Wire()
    await Guard(wire).aclose()
    assert wire.closed
