"""What the chart makes of values: each test one promise of values.yaml."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy.scripts.generate import values_table
from kube_mcp.contradictions import check
from kube_mcp.settings import load
from tests.support.helm import CHART, helm, one, template

NEEDS_TOOLS = ("helm4",)

RENDERS = Path(__file__).parent / "values/renders"
SIGN_IN: dict[str, Any] = {
    "server": {"public_urls": ["https://api.example.com/mcp/kubernetes"]},
    "auth": {
        "issuers": [
            {
                "issuer": "https://authentik.example.com/application/o/kubernetes-mcp/",
                "audience": ["kubernetes-mcp-server"],
                "allowed_clients": ["kubernetes-mcp-server"],
            }
        ]
    },
}


def config(objects: list[dict[str, Any]]) -> dict[str, Any]:
    (text,) = [o["data"]["config.toml"] for o in objects if "config.toml" in o.get("data", {})]
    return tomllib.loads(text)


def pod_spec(objects: list[dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = one(objects, "Deployment")["spec"]["template"]["spec"]
    return spec


def viewer_rules(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    (role,) = [
        o
        for o in objects
        if o["kind"] == "ClusterRole" and o["metadata"]["name"].endswith("-viewer")
    ]
    rules: list[dict[str, Any]] = role["rules"]
    return rules


def test_without_sign_in_mcp_listens_on_the_pods_loopback_only() -> None:
    server = config(template())["server"]

    assert server["host"] == "127.0.0.1"
    assert "insecure_no_auth" not in server
    assert (server["metrics_host"], server["metrics_port"]) == ("0.0.0.0", 9090)


def test_with_sign_in_it_listens_for_the_service_and_never_without_auth() -> None:
    written = config(template({"config": SIGN_IN}))

    assert written["server"]["host"] == "0.0.0.0"
    assert "insecure_no_auth" not in written["server"]
    assert written["auth"]["issuers"] == SIGN_IN["auth"]["issuers"]
    assert "kube-mcp.kube-mcp.svc" in written["server"]["allowed_hosts"]


def test_settings_reach_the_file_as_toml_of_the_same_type() -> None:
    awkward = 'a "quoted" name \\ <with> & everything é'
    written = config(
        template({"config": {"cluster": {"name": awkward}, "server": {"max_body_bytes": 16777216}}})
    )

    assert written["cluster"]["name"] == awkward
    assert written["server"]["max_body_bytes"] == 16777216
    assert written["policy"]["helm_releases"] is False


@pytest.mark.parametrize("path", sorted(RENDERS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_server_accepts_the_configuration_it_is_given(path: Path, tmp_path: Path) -> None:
    objects = template(path)
    (files,) = [o["data"] for o in objects if "config.toml" in o.get("data", {})]
    (tmp_path / "conf.d").mkdir()
    for name, text in files.items():
        (tmp_path if name == "config.toml" else tmp_path / "conf.d").joinpath(name).write_text(text)
    environment = {
        each["name"]: each["value"]
        for each in pod_spec(objects)["containers"][0]["env"]
        if each["name"].startswith("KUBE_MCP_")
    }
    settings = load(
        file=str(tmp_path / "config.toml"), directory=str(tmp_path / "conf.d"), environ=environment
    )

    check(settings, listens=True)
    values = yaml.safe_load(path.read_text()).get("config", {})
    assert settings.server.public_urls == tuple(values.get("server", {}).get("public_urls", ()))
    assert settings.server.metrics_port == 9090
    assert len(settings.auth.issuers) == len(values.get("auth", {}).get("issuers", ()))


def test_client_secrets_are_files_and_never_values() -> None:
    objects = template(RENDERS / "everything.yaml")
    introspection = config(objects)["auth"]["introspection"]
    mounts = {m["name"]: m["mountPath"] for m in pod_spec(objects)["containers"][0]["volumeMounts"]}
    (volume,) = [v for v in pod_spec(objects)["volumes"] if v["name"] == "client-secrets"]

    assert introspection["client_secret_file"] == "/etc/kube-mcp/secrets/sts_client_secret"
    assert mounts["client-secrets"] == "/etc/kube-mcp/secrets"
    assert volume["secret"]["secretName"] == "kubernetes-mcp-oauth-secret"
    assert not [o for o in objects if o["kind"] == "Secret"]


def test_a_missing_secret_does_not_keep_the_pod_from_starting() -> None:
    objects = template(RENDERS / "token-exchange.yaml")
    (volume,) = [v for v in pod_spec(objects)["volumes"] if v["name"] == "client-secrets"]

    assert volume["secret"]["optional"] is True


def test_a_private_authority_is_mounted_and_told_to_every_issuer() -> None:
    objects = template(RENDERS / "everything.yaml")

    assert {i["ca_file"] for i in config(objects)["auth"]["issuers"]} == {"/etc/kube-mcp/ca/ca.crt"}


def test_a_changed_setting_is_a_new_pod() -> None:
    def checksum(values: dict[str, Any]) -> str:
        deployment = one(template(values), "Deployment")
        annotations = deployment["spec"]["template"]["metadata"]["annotations"]
        return str(annotations["checksum/config"])

    before = checksum({})
    assert before == checksum({"replicaCount": 2})
    assert before != checksum({"config": {"log": {"level": "debug"}}})
    assert before != checksum({"extraToml": "[log]\nlevel = 'debug'"})


def test_the_role_is_an_explicit_list_of_reads() -> None:
    for rule in viewer_rules(template()):
        assert set(rule["verbs"]) <= {"get", "list", "watch"}
        assert "*" not in rule["resources"]
        assert "*" not in rule["apiGroups"]
        assert {r for r in rule["resources"] if "/" in r} <= {"pods/log"}
        assert "secrets" not in rule["resources"]
        assert set(rule) == {"apiGroups", "resources", "verbs"}


def test_secrets_are_readable_only_where_that_is_said() -> None:
    (rule,) = [
        rule
        for rule in viewer_rules(template({"rbac": {"secrets": True}}))
        if "secrets" in rule["resources"]
    ]

    assert rule == {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}


def test_who_can_adds_the_review_and_nothing_else() -> None:
    before = viewer_rules(template())
    after = viewer_rules(template({"config": {"policy": {"who_can": True}}}))

    assert [rule for rule in after if rule not in before] == [
        {
            "apiGroups": ["authorization.k8s.io"],
            "resources": ["localsubjectaccessreviews", "subjectaccessreviews"],
            "verbs": ["create"],
        }
    ]


def test_named_namespaces_are_bound_one_by_one() -> None:
    objects = template(RENDERS / "some-namespaces.yaml")
    bindings = [o for o in objects if o["kind"] == "RoleBinding"]

    assert {o["metadata"]["namespace"] for o in bindings} == {"shop", "billing"}
    assert not [o for o in objects if o["kind"] == "ClusterRoleBinding"]


def test_two_releases_of_one_name_have_roles_of_their_own() -> None:
    def roles(namespace: str) -> set[str]:
        objects = template(release="mcp", namespace=namespace)
        return {o["metadata"]["name"] for o in objects if o["kind"].startswith("ClusterRole")}

    assert not roles("one") & roles("two")


def test_impersonation_names_groups_and_lets_only_reads_happen() -> None:
    objects = template(RENDERS / "impersonate.yaml", kube_version="1.36.0")
    rules = one(objects, "ClusterRole", "kube-mcp-impersonator")["rules"]
    groups = [rule for rule in rules if rule.get("resources") == ["groups"]]

    assert groups == [
        {
            "apiGroups": ["authentication.k8s.io"],
            "resources": ["groups"],
            "resourceNames": ["authentik:platform", "authentik:developers"],
            "verbs": ["impersonate:user-info"],
        }
    ]
    verbs = {verb for rule in rules for verb in rule["verbs"]}
    assert verbs == {
        "impersonate:user-info",
        "impersonate-on:user-info:get",
        "impersonate-on:user-info:list",
        "impersonate-on:user-info:watch",
        "impersonate-on:user-info:create",
    }
    created = {
        resource
        for rule in rules
        if "impersonate-on:user-info:create" in rule["verbs"]
        for resource in rule["resources"]
    }
    assert created == {"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"}


def test_where_callers_are_impersonated_the_server_itself_may_read_nothing() -> None:
    objects = template(RENDERS / "impersonate.yaml")
    viewers = one(objects, "ClusterRoleBinding", "kube-mcp-viewer")["subjects"]

    assert viewers == [
        {
            "kind": "Group",
            "apiGroup": "rbac.authorization.k8s.io",
            "name": "authentik:platform",
        }
    ]


def test_legacy_impersonation_is_bound_to_the_listed_names() -> None:
    rules = one(
        template(RENDERS / "impersonate-legacy.yaml"), "ClusterRole", "kube-mcp-impersonator"
    )["rules"]

    assert [r.get("resourceNames") for r in rules if r["resources"] in (["users"], ["groups"])] == [
        ["authentik:alice", "authentik:bob"],
        ["authentik:platform"],
    ]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"impersonate"}


def test_pods_run_restricted_and_write_only_to_tmp() -> None:
    spec = pod_spec(template())
    (container,) = spec["containers"]

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 65532
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    writable = [m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")]
    assert writable == ["/tmp"]


def test_autoscaling_owns_the_number_of_replicas() -> None:
    objects = template({"autoscaling": {"enabled": True}})

    assert "replicas" not in one(objects, "Deployment")["spec"]
    assert one(objects, "HorizontalPodAutoscaler")["spec"]["minReplicas"] == 2


@pytest.mark.parametrize(
    ("values", "made"),
    [
        ({}, False),
        ({"replicaCount": 2}, True),
        ({"autoscaling": {"enabled": True}}, True),
        ({"autoscaling": {"enabled": True, "minReplicas": 1}}, False),
    ],
)
def test_a_disruption_budget_is_made_only_where_a_pod_can_be_spared(
    values: dict[str, Any], made: bool
) -> None:
    assert bool([o for o in template(values) if o["kind"] == "PodDisruptionBudget"]) is made


def test_traefik_gets_the_path_alone_and_the_metadata_unstripped() -> None:
    objects = template(RENDERS / "traefik.yaml", release="kubernetes-mcp-server")
    metadata, mcp = one(objects, "IngressRoute")["spec"]["routes"]

    assert metadata["match"] == (
        "Host(`api.example.com`) && "
        "(Path(`/.well-known/oauth-protected-resource/mcp/kubernetes`)"
        " || Path(`/.well-known/oauth-protected-resource/mcp/kubernetes/`))"
    )
    assert mcp["match"] == (
        "Host(`api.example.com`) && (Path(`/mcp/kubernetes`) || PathPrefix(`/mcp/kubernetes/`))"
    )
    strip = {"name": "kubernetes-mcp-server-strip"}
    assert strip in mcp["middlewares"]
    assert strip not in metadata["middlewares"]
    assert one(objects, "Middleware", strip["name"])["spec"] == {
        "stripPrefix": {"prefixes": ["/mcp/kubernetes"]}
    }


def test_pages_that_traefik_lets_call_are_let_in_by_the_server() -> None:
    values = yaml.safe_load((RENDERS / "traefik.yaml").read_text())
    values["config"]["server"]["allowed_origins"] = ["https://claude.ai", "https://one.example"]
    allowed = config(template(values))["server"]["allowed_origins"]

    assert allowed == ["https://claude.ai", "https://one.example", "https://claude.com"]


def test_every_public_url_has_its_routes_and_its_own_prefix() -> None:
    objects = template(RENDERS / "everything.yaml")
    prefixes = {
        o["metadata"]["name"]: o["spec"]["stripPrefix"]["prefixes"]
        for o in objects
        if o["kind"] == "Middleware" and "stripPrefix" in o["spec"]
    }

    assert prefixes == {"kube-mcp-strip": ["/mcp/kubernetes"], "kube-mcp-strip-1": ["/mcp"]}
    assert len(one(objects, "IngressRoute")["spec"]["routes"]) == 4
    assert len([o for o in objects if o["kind"] == "HTTPRoute"]) == 2


def test_a_host_of_its_own_has_nothing_to_strip() -> None:
    objects = template(RENDERS / "root-url.yaml")
    _, mcp = one(objects, "IngressRoute")["spec"]["routes"]

    assert mcp["match"] == "Host(`k8s-mcp.example.com`)"
    assert not [o for o in objects if o["kind"] == "Middleware" and "stripPrefix" in o["spec"]]


def test_nothing_that_buffers_stands_before_the_stream() -> None:
    for path in RENDERS.glob("*.yaml"):
        kinds = {kind for o in template(path) if o["kind"] == "Middleware" for kind in o["spec"]}
        assert kinds <= {"headers", "stripPrefix", "rateLimit"}


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    return selector["matchLabels"].items() <= labels.items()


def test_the_pod_of_helm_test_is_not_taken_for_a_server() -> None:
    objects = template(RENDERS / "everything.yaml")
    server = one(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
    labels = one(objects, "Pod")["metadata"]["labels"]
    selectors = {
        "Deployment": one(objects, "Deployment")["spec"]["selector"],
        "NetworkPolicy": {
            "matchLabels": one(objects, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
        },
        "PodDisruptionBudget": one(objects, "PodDisruptionBudget")["spec"]["selector"],
        "Service": {"matchLabels": one(objects, "Service")["spec"]["selector"]},
    }

    # The policy lets its pods out to DNS, API server and provider only: helm test could not ask.
    assert [kind for kind, selector in selectors.items() if selects(selector, labels)] == []
    assert all(selects(selector, server) for selector in selectors.values())


def test_a_network_policy_with_chosen_callers_lets_helm_test_ask() -> None:
    objects = template(RENDERS / "everything.yaml")
    labels = one(objects, "Pod")["metadata"]["labels"]

    for rule in one(objects, "NetworkPolicy")["spec"]["ingress"]:
        (tester,) = [peer["podSelector"] for peer in rule["from"] if "podSelector" in peer]
        assert selects(tester, labels)
        assert len(rule["from"]) == 2


def test_a_network_policy_reaches_a_provider_behind_the_same_traefik() -> None:
    objects = template({"networkPolicy": {"enabled": True}})
    egress = one(objects, "NetworkPolicy")["spec"]["egress"]

    # Policies see the port behind the Service: 8443 in Traefik's chart.
    assert [{p["port"] for p in rule["ports"]} for rule in egress] == [
        {53}, {443, 6443}, {443, 8443},
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["LoadBalancer", "NodePort"])
def test_a_service_that_can_be_reached_from_outside_publishes_no_metrics(kind: str) -> None:
    objects = template({"config": SIGN_IN, "service": {"type": kind}})
    services = {o["metadata"]["name"]: o["spec"] for o in objects if o["kind"] == "Service"}
    asked = one(objects, "Pod")["spec"]["containers"][0]["args"][0]

    assert [p["name"] for p in services["kube-mcp"]["ports"]] == ["http"]
    assert services["kube-mcp-metrics"]["type"] == "ClusterIP"
    assert [p["name"] for p in services["kube-mcp-metrics"]["ports"]] == ["metrics"]
    assert "http://kube-mcp-metrics.kube-mcp.svc:9090/readyz" in asked


def test_annotations_for_all_are_on_every_object_and_an_objects_own_win() -> None:
    objects = template(
        {
            "commonAnnotations": {"owner": "platform", "tier": "all"},
            "service": {"annotations": {"tier": "own"}},
            "podAnnotations": {"tier": "own", "checksum/config": "mine"},
        }
    )
    pod = one(objects, "Deployment")["spec"]["template"]["metadata"]["annotations"]

    assert [o["kind"] for o in objects if o["metadata"]["annotations"]["owner"] != "platform"] == []
    assert one(objects, "Service")["metadata"]["annotations"]["tier"] == "own"
    assert one(objects, "Pod")["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert (pod["owner"], pod["tier"]) == ("platform", "own")
    assert pod["checksum/config"] != "mine"


def test_labels_from_two_places_stand_once_and_never_hide_a_pod_from_its_deployment() -> None:
    objects = template(
        {
            "commonLabels": {"team": "all", "app.kubernetes.io/name": "other"},
            "podLabels": {"team": "own", "app.kubernetes.io/instance": "other"},
        }
    )
    deployment = one(objects, "Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]

    assert labels["team"] == "own"
    assert selects(deployment["spec"]["selector"], labels)
    assert deployment["metadata"]["labels"]["team"] == "all"


def test_two_urls_of_one_host_name_it_once_for_tls() -> None:
    urls = ["https://api.example.com/mcp/kubernetes", "https://api.example.com/mcp"]
    config = {**SIGN_IN, "server": {"public_urls": urls}}
    made = template({"config": config, "ingress": {"enabled": True, "tlsSecretName": "api"}})

    assert one(made, "Ingress")["spec"]["tls"] == [
        {"secretName": "api", "hosts": ["api.example.com"]}
    ]


def test_a_digest_wins_over_the_tag() -> None:
    image = pod_spec(template(RENDERS / "digest.yaml"))["containers"][0]["image"]

    assert image.startswith("registry.internal:5000/mirror/kube-mcp@sha256:")


def test_notes_say_how_to_reach_what_was_installed() -> None:
    open_to_nobody = _notes(RENDERS / "defaults.yaml")
    assert "kubectl port-forward -n kube-mcp deploy/kube-mcp 8080:8080" in open_to_nobody
    signed_in = _notes(RENDERS / "traefik.yaml")
    # Without the client id it stops with "does not support dynamic client registration".
    assert (
        "claude mcp add --transport http --client-id kubernetes-mcp-server --client-secret"
        " --callback-port 3118 kubernetes https://api.example.com/mcp/kubernetes"
    ) in signed_in
    assert "port-forward" not in signed_in


def _notes(path: Path) -> str:
    return helm(
        "install", "kube-mcp", str(CHART), "--dry-run=client", "--namespace", "kube-mcp",
        "--values", str(path),
    ).split("NOTES:")[1]  # fmt: skip


def schema_keys(schema: dict[str, Any], trail: str = "") -> Iterator[str]:
    for key, below in schema.get("properties", {}).items():
        yield f"{trail}{key}"
        yield from schema_keys(below, f"{trail}{key}.")


def test_every_key_is_commented_and_known_to_the_schema() -> None:
    text = (CHART / "values.yaml").read_text()
    schema = json.loads((CHART / "values.schema.json").read_text())
    documented = {path: comment for path, _, comment in values_table(text)}

    for path, comment in documented.items():
        assert comment.endswith((".", ":")), f"{path} is not explained"
    free = ("podSecurityContext.", "securityContext.", "resources.")
    known = set(schema_keys(schema))
    assert {p for p in documented if not p.startswith(free)} <= known
    undocumented = {p for p in known - set(documented) if not p.startswith(free)}
    assert undocumented == {"global"}


def test_every_map_of_the_schema_is_closed_or_meant_to_be_free() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)

    def open_maps(at: Any, trail: str) -> Iterator[str]:
        if isinstance(at, dict):
            if "properties" in at and at.get("additionalProperties") is not False:
                yield trail
            for key, below in at.items():
                yield from open_maps(below, f"{trail}/{key}")
        elif isinstance(at, list):
            for number, below in enumerate(at):
                yield from open_maps(below, f"{trail}/{number}")

    assert list(open_maps(schema, "")) == []


def test_the_chart_runs_with_the_version_of_the_program() -> None:
    from kube_mcp import __version__

    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert str(chart["appVersion"]) == __version__
