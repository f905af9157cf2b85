"""What the server has to be allowed to read, rule by rule, and why: the one source of the role.

The chart's ClusterRole, the GitOps base, the documentation's table and what ``kube-mcp rbac``
prints are all made from `RULES`. Every resource is named: no ``*``, and never a subresource that
is a connection (``pods/exec``, ``pods/attach``, ``pods/portforward``, ``*/proxy``), because a
``get`` on those opens a channel into a container, a Service or the kubelet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

#: All that reading takes; ``watch`` keeps caches fresh instead of listing again.
READ = ("get", "list", "watch")

#: The label that adds a ClusterRole's rules to the server's, where aggregation is switched on.
AGGREGATION_LABEL = "rbac.kube-mcp/aggregate-to-viewer"


@dataclass(frozen=True, slots=True)
class Rule:
    """Some resources of one API group that may be read, and what for.

    ``option`` names the switch that opens the rule (empty: always part of the role). ``toolset``
    names the only toolset that needs it (empty: all do).
    """

    group: str
    resources: tuple[str, ...]
    why: str
    verbs: tuple[str, ...] = READ
    option: str = ""
    toolset: str = ""


#: What tools that are switched off by default would need and no role of ours grants: before
#: Kubernetes 1.35 a GET on it can be a command in a pod.
#: Source: https://kubernetes.io/docs/concepts/security/rbac-good-practices/
NEVER_GRANTED = ("nodes/proxy",)

RULES: tuple[Rule, ...] = (
    Rule(
        "",
        (
            "configmaps",
            "endpoints",
            "events",
            "limitranges",
            "namespaces",
            "nodes",
            "persistentvolumeclaims",
            "persistentvolumes",
            "pods",
            "podtemplates",
            "replicationcontrollers",
            "resourcequotas",
            "serviceaccounts",
            "services",
        ),
        "core objects: what runs, where, with which limits, volumes and addresses",
    ),
    Rule("", ("pods/log",), "container logs", verbs=("get",), toolset="logs"),
    Rule(
        "apps",
        ("controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"),
        "workloads, their rollouts and their history",
    ),
    Rule("batch", ("cronjobs", "jobs"), "jobs and their schedules"),
    Rule("autoscaling", ("horizontalpodautoscalers",), "why something scales, or does not"),
    Rule("autoscaling.k8s.io", ("verticalpodautoscalers",), "vertical scaling, where installed"),
    Rule("policy", ("poddisruptionbudgets",), "what blocks a drain"),
    Rule("events.k8s.io", ("events",), "events as newer controllers write them"),
    Rule("discovery.k8s.io", ("endpointslices",), "which pods really stand behind a Service"),
    Rule(
        "networking.k8s.io",
        ("ingressclasses", "ingresses", "ipaddresses", "networkpolicies", "servicecidrs"),
        "routes from outside, and traffic that is cut off",
    ),
    Rule(
        "storage.k8s.io",
        (
            "csidrivers",
            "csinodes",
            "csistoragecapacities",
            "storageclasses",
            "volumeattachments",
            "volumeattributesclasses",
        ),
        "why a volume is not bound or not attached",
    ),
    Rule(
        "snapshot.storage.k8s.io",
        ("volumesnapshotclasses", "volumesnapshotcontents", "volumesnapshots"),
        "volume snapshots, where installed",
    ),
    Rule(
        "rbac.authorization.k8s.io",
        ("clusterrolebindings", "clusterroles", "rolebindings", "roles"),
        "who may do what; names of subjects, never credentials",
    ),
    Rule("scheduling.k8s.io", ("priorityclasses",), "preemption"),
    Rule("node.k8s.io", ("runtimeclasses",), "pods that ask for a runtime that is not there"),
    Rule(
        "resource.k8s.io",
        ("deviceclasses", "resourceclaims", "resourceclaimtemplates", "resourceslices"),
        "devices that pods claim",
    ),
    Rule(
        "admissionregistration.k8s.io",
        (
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "validatingwebhookconfigurations",
        ),
        "webhooks and policies that refuse or change objects",
    ),
    Rule("apiextensions.k8s.io", ("customresourcedefinitions",), "which custom kinds exist"),
    Rule("apiregistration.k8s.io", ("apiservices",), "aggregated APIs that are down"),
    Rule("coordination.k8s.io", ("leases",), "node heartbeats and who leads"),
    Rule("certificates.k8s.io", ("certificatesigningrequests",), "kubelets that cannot join"),
    Rule(
        "flowcontrol.apiserver.k8s.io",
        ("flowschemas", "prioritylevelconfigurations"),
        "why the API server throttles",
    ),
    Rule("metrics.k8s.io", ("nodes", "pods"), "CPU and memory in use", verbs=("get", "list")),
    Rule(
        "source.toolkit.fluxcd.io",
        (
            "buckets",
            "externalartifacts",
            "gitrepositories",
            "helmcharts",
            "helmrepositories",
            "ocirepositories",
        ),
        "Flux: where manifests and charts come from",
    ),
    Rule("source.extensions.fluxcd.io", ("artifactgenerators",), "Flux: composed sources"),
    Rule(
        "kustomize.toolkit.fluxcd.io", ("kustomizations",), "Flux: what is applied, and its state"
    ),
    Rule("helm.toolkit.fluxcd.io", ("helmreleases",), "Flux: releases and why they fail"),
    Rule(
        "notification.toolkit.fluxcd.io",
        ("alerts", "providers", "receivers"),
        "Flux: notifications",
    ),
    Rule(
        "image.toolkit.fluxcd.io",
        ("imagepolicies", "imagerepositories", "imageupdateautomations"),
        "Flux: image automation",
    ),
    Rule(
        "fluxcd.controlplane.io",
        ("fluxinstances", "fluxreports", "resourcesetinputproviders", "resourcesets"),
        "Flux Operator",
    ),
    Rule(
        "traefik.io",
        (
            "ingressroutes",
            "ingressroutetcps",
            "ingressrouteudps",
            "middlewares",
            "middlewaretcps",
            "serverstransports",
            "serverstransporttcps",
            "tlsoptions",
            "tlsstores",
            "traefikservices",
        ),
        "Traefik: routes and middlewares",
    ),
    Rule(
        "gateway.networking.k8s.io",
        (
            "backendtlspolicies",
            "gatewayclasses",
            "gateways",
            "grpcroutes",
            "httproutes",
            "listenersets",
            "referencegrants",
            "tcproutes",
            "tlsroutes",
            "udproutes",
        ),
        "Gateway API: routes and the gateways they attach to",
    ),
    Rule(
        "cert-manager.io",
        ("certificaterequests", "certificates", "clusterissuers", "issuers"),
        "cert-manager: certificates that are not issued",
    ),
    Rule("acme.cert-manager.io", ("challenges", "orders"), "cert-manager: ACME challenges"),
    Rule("bitnami.com", ("sealedsecrets",), "Sealed Secrets: whether they were unsealed"),
    Rule(
        "external-secrets.io",
        (
            "clusterexternalsecrets",
            "clustersecretstores",
            "externalsecrets",
            "pushsecrets",
            "secretstores",
        ),
        "External Secrets: whether they were synced",
    ),
    Rule(
        "monitoring.coreos.com",
        (
            "alertmanagerconfigs",
            "alertmanagers",
            "podmonitors",
            "probes",
            "prometheusagents",
            "prometheuses",
            "prometheusrules",
            "scrapeconfigs",
            "servicemonitors",
            "thanosrulers",
        ),
        "Prometheus Operator: what is scraped, and which alerts exist",
    ),
    # RBAC has no "metadata only": whoever may list Secrets may read their values. The server
    # asks only for metadata, but the identity's token could ask for more.
    Rule(
        "",
        ("secrets",),
        "names, types, ages and keys of Secrets; Helm releases, which are stored in Secrets",
        option="secrets",
    ),
    # A review is a POST that stores nothing; it is still the only verb here that is not a read.
    Rule(
        "authorization.k8s.io",
        ("localsubjectaccessreviews", "subjectaccessreviews"),
        "asking the API server what somebody else may do",
        verbs=("create",),
        option="who_can",
    ),
)


def rules(
    toolsets: Collection[str] = (), *, secrets: bool = False, who_can: bool = False
) -> tuple[Rule, ...]:
    """The rules needed for ``toolsets`` (empty: all of them) with the given switches on."""
    options = {name for name, on in (("secrets", secrets), ("who_can", who_can)) if on}
    return tuple(
        rule
        for rule in RULES
        if (not rule.option or rule.option in options)
        and (not rule.toolset or not toolsets or rule.toolset in toolsets)
    )


def covers(granted: Iterable[Rule], *, group: str, resource: str, verb: str) -> bool:
    """Whether ``granted`` lets ``verb`` happen on ``resource`` (``pods``, ``pods/log``)."""
    return any(
        rule.group == group and resource in rule.resources and verb in rule.verbs
        for rule in granted
    )


def rule_yaml(rule: Rule) -> str:
    """One rule as it stands in a ClusterRole, with its reason as a comment above it."""
    group = f'"{rule.group}"'
    lines = [f"# {rule.why}", f"- apiGroups: [{group}]"]
    if len(rule.resources) <= 2:
        lines.append(f"  resources: [{', '.join(rule.resources)}]")
    else:
        lines += ["  resources:", *(f"    - {name}" for name in rule.resources)]
    lines.append(f"  verbs: [{', '.join(rule.verbs)}]")
    return "\n".join(lines) + "\n"


def as_yaml(granted: Iterable[Rule], *, name: str) -> str:
    """A whole ClusterRole called ``name``, ready for ``kubectl apply``."""
    body = "".join(f"  {line}\n" for rule in granted for line in rule_yaml(rule).splitlines())
    return (
        "apiVersion: rbac.authorization.k8s.io/v1\n"
        "kind: ClusterRole\n"
        "metadata:\n"
        f"  name: {name}\n"
        f"rules:\n{body}"
    )
