"""One or more objects of every kind, in all the states that are printed differently.

Names say what is special. All are in the namespace ``shop``, or have none.
"""

from __future__ import annotations

from typing import Any

from tests.support import build


def _sidecar_pod() -> dict[str, Any]:
    done = build.container_status("setup", state=build.terminated("Completed", exit_code=0))
    proxy = build.container_status("proxy", restarts=2)
    init = [
        build.container("setup"),
        build.container("proxy", restartPolicy="Always"),
    ]
    pod = build.pod("sidecar", patch={"spec": {"initContainers": init}})
    pod["status"]["initContainerStatuses"] = [done, proxy]
    return pod


def _init_pod(name: str, state: dict[str, Any]) -> dict[str, Any]:
    init = [build.container("first"), build.container("second")]
    waiting = build.container_status(state=build.waiting("PodInitializing"), ready=False)
    pod = build.pod(
        name,
        phase="Pending",
        statuses=[waiting],
        conditions={"Initialized": "False"},
        patch={"spec": {"initContainers": init}},
    )
    pod["status"]["initContainerStatuses"] = [
        build.container_status("first", state=build.terminated("Completed", exit_code=0)),
        build.container_status("second", state=state, ready=False),
    ]
    return pod


def _ended(state: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return build.container_status(state=state, ready=False, **fields)


def _gated() -> dict[str, Any]:
    gates = {"spec": {"readinessGates": [{"conditionType": "example.com/open"}]}}
    return build.pod("gated", conditions={"example.com/open": "True"}, patch=gates)


def _job(name: str, **fields: Any) -> dict[str, Any]:
    # An API server chooses the selector itself unless it is told that this one is meant.
    return build.merge(build.job(name, **fields), {"spec": {"manualSelector": True}})


def _service(name: str, **fields: Any) -> dict[str, Any]:
    # Which addresses there are is known to the API server alone.
    service = build.service(name, **fields)
    for key in ("clusterIP", "clusterIPs"):
        del service["spec"][key]
    return service


PODS = [
    build.pod("well"),
    build.crash_looping("looping"),
    build.pod("pending", phase="Pending", node=None),
    build.pod("done", phase="Succeeded"),
    build.pod("failed", phase="Failed"),
    build.pod("evicted", phase="Failed", statuses=[], patch={"status": {"reason": "Evicted"}}),
    _sidecar_pod(),
    _gated(),
    _init_pod("init-running", build.running()),
    _init_pod("init-failed", build.terminated("Error")),
    _init_pod("init-code", {"terminated": {"exitCode": 3, "containerID": "x://1"}}),
    _init_pod("init-pull", build.waiting("ImagePullBackOff")),
    build.pod("signal", statuses=[_ended({"terminated": {"exitCode": 137, "signal": 9}})]),
    build.pod("exit-code", statuses=[_ended({"terminated": {"exitCode": 2}})]),
    build.pod(
        "half",
        containers=[build.container("a"), build.container("b")],
        statuses=[
            build.container_status("a", restarts=3, last=build.terminated("OOMKilled")),
            _ended(build.terminated("Completed", exit_code=0)) | {"name": "b"},
        ],
    ),
]

WORKLOADS = [
    build.deployment("web", replicas=3, ready=2),
    build.replica_set("web-1", replicas=2, ready=1),
    build.stateful_set("db", replicas=2),
    build.daemon_set("agent", namespace="shop"),
    _job("done"),
    _job("failing", succeeded=0, failed=2),
    _job("busy", succeeded=0, patch={"spec": {"completions": None, "parallelism": 3}}),
    build.obj(
        "batch/v1",
        "CronJob",
        "nightly",
        namespace="shop",
        spec={
            "schedule": "0 3 * * *",
            "timeZone": "Europe/Berlin",
            "suspend": True,
            "jobTemplate": {"spec": {"template": build.job()["spec"]["template"]}},
        },
        status={"lastScheduleTime": build.ago(hours=2)},
    ),
    build.obj(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "web",
        namespace="shop",
        spec={
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 2,
            "maxReplicas": 5,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": 70},
                    },
                },
                {
                    "type": "Pods",
                    "pods": {
                        "metric": {"name": "rps"},
                        "target": {"type": "AverageValue", "averageValue": "100"},
                    },
                },
                {
                    "type": "External",
                    "external": {
                        "metric": {"name": "queue"},
                        "target": {"type": "Value", "value": "30"},
                    },
                },
            ],
        },
        status={
            "currentReplicas": 2,
            "desiredReplicas": 2,
            "currentMetrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "current": {"averageUtilization": 41, "averageValue": "41m"},
                    },
                }
            ],
        },
    ),
    build.obj(
        "policy/v1",
        "PodDisruptionBudget",
        "web",
        namespace="shop",
        spec={"maxUnavailable": "25%", "selector": {"matchLabels": {"app": "web"}}},
        status={
            "disruptionsAllowed": 1,
            "currentHealthy": 3,
            "desiredHealthy": 2,
            "expectedPods": 3,
        },
    ),
    build.obj(
        "apps/v1",
        "ControllerRevision",
        "db-1",
        namespace="shop",
        owner=build.stateful_set("db"),
        revision=4,
        data={},
    ),
    build.obj(
        "v1",
        "ReplicationController",
        "old",
        namespace="shop",
        spec={
            "replicas": 1,
            "selector": {"app": "old"},
            "template": {
                "metadata": {"labels": {"app": "old"}},
                "spec": {"containers": [build.container()]},
            },
        },
    ),
]

NETWORK = [
    _service("web", ports=(80, 443)),
    _service("none", selector={}),
    _service("open", kind="NodePort"),
    _service("waiting", kind="LoadBalancer"),
    build.obj(
        "v1",
        "Service",
        "elsewhere",
        namespace="shop",
        spec={"type": "ExternalName", "externalName": "db.example.com"},
    ),
    build.ingress("web", tls_secret="tls"),
    build.obj(
        "networking.k8s.io/v1",
        "Ingress",
        "many",
        namespace="shop",
        spec={
            "rules": [
                {
                    "host": f"h{number}.example.com",
                    "http": build.ingress()["spec"]["rules"][0]["http"],
                }
                for number in range(5)
            ]
        },
    ),
    build.obj(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        "closed",
        namespace="shop",
        spec={
            "podSelector": {
                "matchLabels": {"app": "web"},
                "matchExpressions": [
                    {"key": "tier", "operator": "In", "values": ["b", "a"]},
                    {"key": "canary", "operator": "DoesNotExist"},
                ],
            }
        },
    ),
    build.endpoint_slice(
        "by-hand", ready=["10.1.0.1", "10.1.0.2", "10.1.0.3"], not_ready=["10.1.0.4"]
    ),
    build.obj(
        "v1",
        "Endpoints",
        "by-hand",
        namespace="shop",
        subsets=[
            {
                "addresses": [{"ip": f"10.1.0.{number}"} for number in range(1, 6)],
                "ports": [{"port": 80, "protocol": "TCP"}],
            }
        ],
    ),
]

OTHERS = [
    build.event(build.pod("well"), "BackOff", " back off \n", count=7),
    build.event(build.pod("well"), "Scheduled", "assigned", kind="Normal", component="scheduler"),
    build.config_map("settings", {"a": "1", "b": "2"}, binaryData={"c": "AA=="}),
    build.secret("db", {"password": "eA=="}),
    build.service_account("robot"),
    build.claim("free"),
    build.claim("none", storage_class=None),
    build.obj(
        "v1",
        "ResourceQuota",
        "shop",
        namespace="shop",
        spec={"hard": {"pods": "50", "limits.memory": "8Gi", "requests.cpu": "4"}},
        status={
            "hard": {"pods": "50", "limits.memory": "8Gi", "requests.cpu": "4"},
            "used": {"pods": "15", "limits.memory": "0", "requests.cpu": "500m"},
        },
    ),
    build.obj(
        "v1",
        "LimitRange",
        "shop",
        namespace="shop",
        spec={"limits": [{"type": "Container", "max": {"memory": "64Gi"}}]},
    ),
    build.obj(
        "v1",
        "PodTemplate",
        "pt",
        namespace="shop",
        template={
            "metadata": {"labels": {"b": "2", "a": "1"}},
            "spec": {"containers": [build.container("x"), build.container("y")]},
        },
    ),
    build.obj(
        "rbac.authorization.k8s.io/v1",
        "Role",
        "reader",
        namespace="shop",
        rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    ),
    build.obj(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "readers",
        namespace="shop",
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        subjects=[
            {"kind": "User", "name": "ada", "apiGroup": "rbac.authorization.k8s.io"},
            {"kind": "Group", "name": "dev", "apiGroup": "rbac.authorization.k8s.io"},
            {"kind": "ServiceAccount", "name": "robot", "namespace": "shop"},
        ],
    ),
    build.obj(
        "coordination.k8s.io/v1",
        "Lease",
        "leader",
        namespace="shop",
        spec={"holderIdentity": "one", "leaseDurationSeconds": 15},
    ),
    build.obj(
        "storage.k8s.io/v1",
        "CSIStorageCapacity",
        "cap",
        namespace="shop",
        storageClassName="fast",
        capacity="10Gi",
    ),
]

# Everywhere else a real cluster has some of its own; what is made is named after the test.
CLUSTER_WIDE = [
    build.obj(
        "v1",
        "PersistentVolume",
        "sample",
        spec={
            "capacity": {"storage": "5Gi"},
            "accessModes": ["ReadWriteOnce", "ReadOnlyMany"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "fast",
            "hostPath": {"path": "/tmp/x"},
            "claimRef": {"namespace": "shop", "name": "gone", "kind": "PersistentVolumeClaim"},
        },
    ),
    build.storage_class("sample-a", default=True),
    build.storage_class("sample-b"),
    build.obj(
        "networking.k8s.io/v1",
        "IngressClass",
        "sample",
        annotations={"ingressclass.kubernetes.io/is-default-class": "true"},
        spec={
            "controller": "example.com/it",
            "parameters": {"apiGroup": "example.com", "kind": "Params", "name": "p"},
        },
    ),
    build.obj("scheduling.k8s.io/v1", "PriorityClass", "sample", value=7),
    build.obj("node.k8s.io/v1", "RuntimeClass", "sample", handler="runsc"),
    build.obj("storage.k8s.io/v1", "CSIDriver", "sample.example.com", spec={}),
    build.obj(
        "storage.k8s.io/v1",
        "CSINode",
        "sample",
        spec={"drivers": [{"name": "d.example.com", "nodeID": "x"}]},
    ),
    build.obj(
        "storage.k8s.io/v1",
        "VolumeAttachment",
        "sample",
        spec={
            "attacher": "d.example.com",
            "nodeName": "worker-1",
            "source": {"persistentVolumeName": "sample"},
        },
        status={"attached": False},
    ),
    build.obj(
        "storage.k8s.io/v1",
        "VolumeAttributesClass",
        "sample",
        driverName="d.example.com",
        parameters={"iops": "3"},
    ),
]

#: A custom type whose columns use everything a printer column can.
WIDGETS = build.crd(
    "samples.example.com",
    "Widget",
    short_names=["wdg"],
    schema={"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    columns=[
        {
            "name": "Ready",
            "type": "string",
            "jsonPath": '.status.conditions[?(@.type=="Ready")].status',
        },
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "priority": 1},
        {"name": "Since", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        {"name": "Bad Date", "type": "date", "jsonPath": ".spec.word"},
        {"name": "On", "type": "boolean", "jsonPath": ".spec.on"},
        {"name": "All", "type": "string", "jsonPath": ".spec.list"},
        {"name": "Each", "type": "string", "jsonPath": ".spec.list[*]"},
        {"name": "First", "type": "string", "jsonPath": ".spec.list[0]"},
        {"name": "Last", "type": "string", "jsonPath": ".spec.list[-1]"},
        {"name": "Label", "type": "string", "jsonPath": ".metadata.labels.a\\.b/c"},
        {"name": "Quoted", "type": "string", "jsonPath": ".metadata.labels['a\\.b/c']"},
        {"name": "Ratio", "type": "number", "jsonPath": ".spec.ratio"},
        {"name": "Map", "type": "string", "jsonPath": ".spec.map"},
        {"name": "Truth", "type": "string", "jsonPath": ".spec.on"},
        {"name": "Number", "type": "string", "jsonPath": ".spec.size"},
        {"name": "Wrong Type", "type": "integer", "jsonPath": ".spec.word"},
    ],
)

CUSTOM = [
    build.obj(
        "samples.example.com/v1",
        "Widget",
        "full",
        namespace="shop",
        labels={"a.b/c": "labelled"},
        spec={
            "size": 3,
            "on": True,
            "list": ["one", "two"],
            "ratio": 0.5,
            "map": {"b": 1, "a": "x"},
            "word": "hello",
        },
        status={
            "conditions": [
                {"type": "Other", "status": "Unknown"},
                {"type": "Ready", "status": "True"},
            ]
        },
    ),
    build.obj("samples.example.com/v1", "Widget", "empty", namespace="shop"),
]

NAMESPACED = [*PODS, *WORKLOADS, *NETWORK, *OTHERS]

#: What an API server keeps for itself or is extended by. Most of it is invalid without more.
EXTENSIONS = [
    build.obj(
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        "hooks",
        webhooks=[{"name": "a"}, {"name": "b"}],
    ),
    build.obj(
        "admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "hooks", webhooks=[]
    ),
    *(
        build.obj(
            "admissionregistration.k8s.io/v1",
            f"{what}AdmissionPolicy",
            "policy",
            spec={rules: [{}], "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}},
        )
        for what, rules in (("Validating", "validations"), ("Mutating", "mutations"))
    ),
    *(
        build.obj(
            "admissionregistration.k8s.io/v1",
            f"{what}AdmissionPolicyBinding",
            "bound",
            spec={"policyName": "policy", "paramRef": reference},
        )
        for what, reference in (
            ("Validating", {"name": "settings"}),
            ("Mutating", {"name": "settings", "namespace": "shop"}),
        )
    ),
    build.obj(
        "apiregistration.k8s.io/v1",
        "APIService",
        "v1beta1.metrics.k8s.io",
        spec={"service": {"namespace": "kube-system", "name": "metrics-server"}},
        status={
            "conditions": [{"type": "Available", "status": "False", "reason": "MissingEndpoints"}]
        },
    ),
    build.obj("apiregistration.k8s.io/v1", "APIService", "v1.apps", spec={}),
    build.obj(
        "certificates.k8s.io/v1",
        "CertificateSigningRequest",
        "csr-1",
        spec={"signerName": "example.com/s", "username": "ada", "expirationSeconds": 7200},
        status={"conditions": [{"type": "Approved"}], "certificate": "AA=="},
    ),
    build.obj("certificates.k8s.io/v1", "ClusterTrustBundle", "bundle", spec={}),
    build.obj(
        "certificates.k8s.io/v1",
        "PodCertificateRequest",
        "req",
        namespace="shop",
        spec={"podName": "p", "serviceAccountName": "s", "nodeName": "n", "signerName": "x/y"},
        status={"conditions": [{"type": "Issued", "status": "True"}]},
    ),
    build.obj(
        "flowcontrol.apiserver.k8s.io/v1",
        "FlowSchema",
        "probes",
        spec={"priorityLevelConfiguration": {"name": "exempt"}, "matchingPrecedence": 2},
        status={"conditions": [{"type": "Dangling", "status": "False"}]},
    ),
    build.obj(
        "flowcontrol.apiserver.k8s.io/v1",
        "PriorityLevelConfiguration",
        "system",
        spec={
            "type": "Limited",
            "limited": {
                "nominalConcurrencyShares": 30,
                "limitResponse": {"queuing": {"queues": 64, "handSize": 6, "queueLengthLimit": 50}},
            },
        },
    ),
    build.obj("networking.k8s.io/v1", "ServiceCIDR", "kubernetes", spec={"cidrs": ["10.0.0.0/16"]}),
    build.obj(
        "networking.k8s.io/v1",
        "IPAddress",
        "10.0.0.1",
        spec={"parentRef": {"resource": "services", "namespace": "default", "name": "kubernetes"}},
    ),
    build.obj("resource.k8s.io/v1", "DeviceClass", "gpu"),
    build.obj("resource.k8s.io/v1", "ResourceClaimTemplate", "gpu", namespace="shop"),
    build.obj(
        "resource.k8s.io/v1",
        "ResourceClaim",
        "gpu",
        namespace="shop",
        status={"allocation": {}, "reservedFor": [{"name": "p"}]},
    ),
    build.obj(
        "resource.k8s.io/v1",
        "ResourceSlice",
        "gpus",
        spec={"nodeName": "worker-1", "driver": "gpu.example.com", "pool": {"name": "p"}},
    ),
    build.obj(
        "resource.k8s.io/v1",
        "DeviceTaintRule",
        "broken",
        spec={"taint": {"key": "k", "effect": "NoExecute", "timeAdded": build.ago(minutes=3)}},
    ),
    build.obj(
        "rbac.authorization.k8s.io/v1",
        "ClusterRole",
        "reader",
        rules=[{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}],
    ),
    build.obj(
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
        "readers",
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
        subjects=[{"kind": "Group", "name": "dev"}],
    ),
    {
        "apiVersion": "v1",
        "kind": "ComponentStatus",
        "metadata": {"name": "etcd-0"},
        "conditions": [{"type": "Healthy", "status": "True", "message": "ok"}],
    },
]
