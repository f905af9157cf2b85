"""The resource types every API server has, so that a folder of objects can be served as one.

Custom resources are not here: theirs come from the CustomResourceDefinitions among the objects,
and failing that from the objects themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from kube_mcp.objects import Obj, ResourceType, dig, dig_list, dig_str

_ALL_VERBS = frozenset(
    {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
)
_CREATE = frozenset({"create"})
_READ = frozenset({"get", "list"})

# One line a type: plural, kind, scope (n = namespaced, c = cluster), then in any order short
# names, categories (+all) and, where they are not all of them, the verbs (=create, =read, =namespace).
_BUILTIN = """
v1
bindings Binding n =create
componentstatuses ComponentStatus c cs =read
configmaps ConfigMap n cm
endpoints Endpoints n ep
events Event n ev
limitranges LimitRange n limits
namespaces Namespace c ns =namespace
nodes Node c no
persistentvolumeclaims PersistentVolumeClaim n pvc
persistentvolumes PersistentVolume c pv
pods Pod n po +all
podtemplates PodTemplate n
replicationcontrollers ReplicationController n rc +all
resourcequotas ResourceQuota n quota
secrets Secret n
serviceaccounts ServiceAccount n sa
services Service n svc +all
apps/v1
controllerrevisions ControllerRevision n
daemonsets DaemonSet n ds +all
deployments Deployment n deploy +all
replicasets ReplicaSet n rs +all
statefulsets StatefulSet n sts +all
events.k8s.io/v1
events Event n ev
authentication.k8s.io/v1
selfsubjectreviews SelfSubjectReview c =create
tokenreviews TokenReview c =create
authorization.k8s.io/v1
localsubjectaccessreviews LocalSubjectAccessReview n =create
selfsubjectaccessreviews SelfSubjectAccessReview c =create
selfsubjectrulesreviews SelfSubjectRulesReview c =create
subjectaccessreviews SubjectAccessReview c =create
autoscaling/v2
horizontalpodautoscalers HorizontalPodAutoscaler n hpa +all
batch/v1
cronjobs CronJob n cj +all
jobs Job n +all
certificates.k8s.io/v1
certificatesigningrequests CertificateSigningRequest c csr
clustertrustbundles ClusterTrustBundle c
podcertificaterequests PodCertificateRequest n
networking.k8s.io/v1
ingressclasses IngressClass c
ingresses Ingress n ing
ipaddresses IPAddress c ip
networkpolicies NetworkPolicy n netpol
servicecidrs ServiceCIDR c
policy/v1
poddisruptionbudgets PodDisruptionBudget n pdb
rbac.authorization.k8s.io/v1
clusterrolebindings ClusterRoleBinding c
clusterroles ClusterRole c
rolebindings RoleBinding n
roles Role n
storage.k8s.io/v1
csidrivers CSIDriver c
csinodes CSINode c
csistoragecapacities CSIStorageCapacity n
storageclasses StorageClass c sc
volumeattachments VolumeAttachment c
volumeattributesclasses VolumeAttributesClass c vac
admissionregistration.k8s.io/v1
mutatingwebhookconfigurations MutatingWebhookConfiguration c +api-extensions
mutatingadmissionpolicies MutatingAdmissionPolicy c +api-extensions
mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding c +api-extensions
validatingadmissionpolicies ValidatingAdmissionPolicy c +api-extensions
validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding c +api-extensions
validatingwebhookconfigurations ValidatingWebhookConfiguration c +api-extensions
apiextensions.k8s.io/v1
customresourcedefinitions CustomResourceDefinition c crd crds +api-extensions
scheduling.k8s.io/v1
priorityclasses PriorityClass c pc
coordination.k8s.io/v1
leases Lease n
node.k8s.io/v1
runtimeclasses RuntimeClass c
discovery.k8s.io/v1
endpointslices EndpointSlice n
resource.k8s.io/v1
deviceclasses DeviceClass c
devicetaintrules DeviceTaintRule c
resourceclaims ResourceClaim n
resourceclaimtemplates ResourceClaimTemplate n
resourceslices ResourceSlice c
flowcontrol.apiserver.k8s.io/v1
flowschemas FlowSchema c
prioritylevelconfigurations PriorityLevelConfiguration c
apiregistration.k8s.io/v1
apiservices APIService c +api-extensions
"""

#: Served only where there are measurements: a cluster without metrics-server has no such group.
METRICS = (
    ResourceType("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", True, _READ),
    ResourceType("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", False, _READ),
)

# Subresources that can be read, by full name; what else an API server has here is not served.
_STATUS_ONLY = ("status",)
_SUBRESOURCES = {
    "pods": ("ephemeralcontainers", "log", "status"),
    "nodes": ("proxy", "status"),
    "services": ("proxy", "status"),
    "replicationcontrollers": ("scale", "status"),
    "deployments.apps": ("scale", "status"),
    "replicasets.apps": ("scale", "status"),
    "statefulsets.apps": ("scale", "status"),
    **dict.fromkeys(
        (
            "namespaces",
            "persistentvolumes",
            "persistentvolumeclaims",
            "resourcequotas",
            "daemonsets.apps",
            "jobs.batch",
            "cronjobs.batch",
            "horizontalpodautoscalers.autoscaling",
            "ingresses.networking.k8s.io",
            "poddisruptionbudgets.policy",
            "customresourcedefinitions.apiextensions.k8s.io",
            "certificatesigningrequests.certificates.k8s.io",
            "podcertificaterequests.certificates.k8s.io",
            "servicecidrs.networking.k8s.io",
            "csinodes.storage.k8s.io",
            "volumeattachments.storage.k8s.io",
            "validatingadmissionpolicies.admissionregistration.k8s.io",
            "devicetaintrules.resource.k8s.io",
            "resourceclaims.resource.k8s.io",
            "flowschemas.flowcontrol.apiserver.k8s.io",
            "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
            "apiservices.apiregistration.k8s.io",
        ),
        _STATUS_ONLY,
    ),
}


@cache
def builtin_types() -> tuple[ResourceType, ...]:
    """Kubernetes' own types, one version each, in the order an API server lists the groups."""
    types: list[ResourceType] = []
    group = version = ""
    for line in _BUILTIN.split("\n"):
        words = line.split()
        if len(words) == 1:
            group, _, version = words[0].rpartition("/")
        elif words:
            types.append(_type(group, version, words))
    return tuple(types)


def _type(group: str, version: str, words: list[str]) -> ResourceType:
    name, kind, scope, *more = words
    verbs = _ALL_VERBS
    if "=create" in more:
        verbs = _CREATE
    elif "=read" in more:
        verbs = _READ
    elif "=namespace" in more:
        verbs = _ALL_VERBS - {"deletecollection"}  # all of them at once, that is
    return ResourceType(
        group,
        version,
        name,
        kind,
        scope == "n",
        verbs,
        singular=kind.lower(),
        short_names=tuple(word for word in more if word[0] not in "+="),
        categories=tuple(word[1:] for word in more if word[0] == "+"),
    )


def subresources(resource: ResourceType, crd: Obj | None = None) -> tuple[str, ...]:
    """The readable subresources of a type; a custom one says so in its definition."""
    if crd is None:
        return _SUBRESOURCES.get(resource.full_name, ())
    version = crd_version(crd, resource.version)
    enabled = dig(version, "subresources", default={})
    return tuple(name for name in ("scale", "status") if name in enabled)


def crd_types(crd: Obj) -> Iterator[ResourceType]:
    """One type for each version that a CustomResourceDefinition serves, the preferred one first."""
    names = dig(crd, "spec", "names", default={})
    served = [entry for entry in dig_list(crd, "spec", "versions") if dig(entry, "served") is True]
    for entry in sorted(served, key=lambda one: version_rank(dig_str(one, "name")), reverse=True):
        yield ResourceType(
            group=dig_str(crd, "spec", "group"),
            version=dig_str(entry, "name"),
            name=dig_str(names, "plural"),
            kind=dig_str(names, "kind"),
            namespaced=dig_str(crd, "spec", "scope") == "Namespaced",
            verbs=_ALL_VERBS,
            singular=dig_str(names, "singular") or dig_str(names, "kind").lower(),
            short_names=tuple(str(name) for name in dig_list(names, "shortNames")),
            categories=tuple(str(name) for name in dig_list(names, "categories")),
        )


def crd_version(crd: Obj, version: str) -> Obj:
    """A CustomResourceDefinition's entry for one version; empty where there is none."""
    for entry in dig_list(crd, "spec", "versions"):
        if dig_str(entry, "name") == version:
            found: Obj = entry
            return found
    return {}


def guessed_type(group: str, version: str, kind: str, *, namespaced: bool) -> ResourceType:
    """A type for objects that no definition describes, with the plural Kubernetes would choose."""
    singular = kind.lower()
    if singular.endswith(("s", "x", "ch", "sh")):
        plural = f"{singular}es"
    elif singular.endswith("y") and singular[-2:-1] not in "aeiou":
        plural = f"{singular[:-1]}ies"
    else:
        plural = f"{singular}s"
    return ResourceType(group, version, plural, kind, namespaced, _ALL_VERBS, singular=singular)


def version_rank(version: str) -> tuple[int, int, int, str]:
    """Kubernetes' order of versions: v2, v1, v1beta2, v1beta1, v1alpha1, then anything else."""
    found = re.fullmatch(r"v([0-9]+)(?:(alpha|beta)([0-9]+))?", version)
    if found is None:
        return (-1, 0, 0, version)
    stability = {None: 2, "beta": 1, "alpha": 0}[found[2]]
    return (stability, int(found[1]), int(found[3] or 0), version)
