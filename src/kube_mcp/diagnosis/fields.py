"""The fields that checks and relations read, by the part of an object they stand in."""

from __future__ import annotations

from collections.abc import Mapping

#: Annotations that change what an object means.
ANNOTATIONS = frozenset(
    {
        "deployment.kubernetes.io/revision",
        "ingressclass.kubernetes.io/is-default-class",
        "kubernetes.io/ingress.class",
        "kustomize.toolkit.fluxcd.io/reconcile",
        "nginx.ingress.kubernetes.io/canary",
        "meta.helm.sh/release-name",
        "meta.helm.sh/release-namespace",
        "storageclass.kubernetes.io/is-default-class",
        "volume.beta.kubernetes.io/storage-class",
        "volume.kubernetes.io/selected-node",
        "volume.kubernetes.io/storage-provisioner",
    }
)

META = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "finalizers",
    "generation",
)
OWNER = ("apiVersion", "kind", "name", "controller")
POD_SPEC = (
    "activeDeadlineSeconds",
    "dnsPolicy",
    "hostNetwork",
    "imagePullSecrets",
    "nodeName",
    "nodeSelector",
    "overhead",
    "priorityClassName",
    "readinessGates",
    "resources",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "schedulingGates",
    "serviceAccountName",
    "terminationGracePeriodSeconds",
)
CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")
CONTAINER = (
    "name",
    "image",
    "restartPolicy",
    "resources",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
)
POD_STATUS = ("phase", "reason", "message", "startTime", "nominatedNodeName", "podIP")
STATUS_LISTS = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
CONTAINER_STATUS = ("name", "state", "ready", "started")
CONTAINER_HISTORY = ("lastState", "restartCount")
CONDITION = ("type", "status", "reason", "message", "lastTransitionTime", "observedGeneration")
# True is what every pod has in these; Ready is kept for when it became so.
PLAIN_WHEN_TRUE = ("PodScheduled", "Initialized", "ContainersReady", "PodReadyToStartContainers")
# What the API server fills in where nobody said anything.
DEFAULTS: Mapping[str, object] = {
    "schedulerName": "default-scheduler",
    "serviceAccountName": "default",
    "dnsPolicy": "ClusterFirst",
    "terminationGracePeriodSeconds": 30,
}
REFERRING = ("persistentVolumeClaim", "configMap", "secret", "projected", "csi", "ephemeral")

EVENT = (
    "type",
    "reason",
    "message",
    "note",
    "count",
    "series",
    "firstTimestamp",
    "lastTimestamp",
    "eventTime",
    "reportingComponent",
    "source",
)
EVENT_ABOUT = ("involvedObject", "regarding")
ABOUT = ("kind", "namespace", "name", "uid", "apiVersion", "fieldPath")

NODE_SPEC = ("taints", "unschedulable", "providerID")
NODE_CONDITION = (*CONDITION, "lastHeartbeatTime")
NODE_INFO = ("kubeletVersion", "architecture", "operatingSystem")
REPLICA_SET_SPEC = ("replicas", "selector")
ENDPOINT = ("conditions", "nodeName", "targetRef")
CONFIG = ("data", "binaryData")
