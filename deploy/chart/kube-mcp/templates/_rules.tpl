{{/* Generated from src/kube_mcp/access/rbac.py by deploy/scripts/generate.py. */}}
{{- define "kube-mcp.rules" -}}
# core objects: what runs, where, with which limits, volumes and addresses
- apiGroups: [""]
  resources:
    - configmaps
    - endpoints
    - events
    - limitranges
    - namespaces
    - nodes
    - persistentvolumeclaims
    - persistentvolumes
    - pods
    - podtemplates
    - replicationcontrollers
    - resourcequotas
    - serviceaccounts
    - services
  verbs: [get, list, watch]
# container logs
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
# workloads, their rollouts and their history
- apiGroups: ["apps"]
  resources:
    - controllerrevisions
    - daemonsets
    - deployments
    - replicasets
    - statefulsets
  verbs: [get, list, watch]
# jobs and their schedules
- apiGroups: ["batch"]
  resources: [cronjobs, jobs]
  verbs: [get, list, watch]
# why something scales, or does not
- apiGroups: ["autoscaling"]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch]
# vertical scaling, where installed
- apiGroups: ["autoscaling.k8s.io"]
  resources: [verticalpodautoscalers]
  verbs: [get, list, watch]
# what blocks a drain
- apiGroups: ["policy"]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch]
# events as newer controllers write them
- apiGroups: ["events.k8s.io"]
  resources: [events]
  verbs: [get, list, watch]
# which pods really stand behind a Service
- apiGroups: ["discovery.k8s.io"]
  resources: [endpointslices]
  verbs: [get, list, watch]
# routes from outside, and traffic that is cut off
- apiGroups: ["networking.k8s.io"]
  resources:
    - ingressclasses
    - ingresses
    - ipaddresses
    - networkpolicies
    - servicecidrs
  verbs: [get, list, watch]
# why a volume is not bound or not attached
- apiGroups: ["storage.k8s.io"]
  resources:
    - csidrivers
    - csinodes
    - csistoragecapacities
    - storageclasses
    - volumeattachments
    - volumeattributesclasses
  verbs: [get, list, watch]
# volume snapshots, where installed
- apiGroups: ["snapshot.storage.k8s.io"]
  resources:
    - volumesnapshotclasses
    - volumesnapshotcontents
    - volumesnapshots
  verbs: [get, list, watch]
# who may do what; names of subjects, never credentials
- apiGroups: ["rbac.authorization.k8s.io"]
  resources:
    - clusterrolebindings
    - clusterroles
    - rolebindings
    - roles
  verbs: [get, list, watch]
# preemption
- apiGroups: ["scheduling.k8s.io"]
  resources: [priorityclasses]
  verbs: [get, list, watch]
# pods that ask for a runtime that is not there
- apiGroups: ["node.k8s.io"]
  resources: [runtimeclasses]
  verbs: [get, list, watch]
# devices that pods claim
- apiGroups: ["resource.k8s.io"]
  resources:
    - deviceclasses
    - resourceclaims
    - resourceclaimtemplates
    - resourceslices
  verbs: [get, list, watch]
# webhooks and policies that refuse or change objects
- apiGroups: ["admissionregistration.k8s.io"]
  resources:
    - mutatingadmissionpolicies
    - mutatingadmissionpolicybindings
    - mutatingwebhookconfigurations
    - validatingadmissionpolicies
    - validatingadmissionpolicybindings
    - validatingwebhookconfigurations
  verbs: [get, list, watch]
# which custom kinds exist
- apiGroups: ["apiextensions.k8s.io"]
  resources: [customresourcedefinitions]
  verbs: [get, list, watch]
# aggregated APIs that are down
- apiGroups: ["apiregistration.k8s.io"]
  resources: [apiservices]
  verbs: [get, list, watch]
# node heartbeats and who leads
- apiGroups: ["coordination.k8s.io"]
  resources: [leases]
  verbs: [get, list, watch]
# kubelets that cannot join
- apiGroups: ["certificates.k8s.io"]
  resources: [certificatesigningrequests]
  verbs: [get, list, watch]
# why the API server throttles
- apiGroups: ["flowcontrol.apiserver.k8s.io"]
  resources: [flowschemas, prioritylevelconfigurations]
  verbs: [get, list, watch]
# CPU and memory in use
- apiGroups: ["metrics.k8s.io"]
  resources: [nodes, pods]
  verbs: [get, list]
# Flux: where manifests and charts come from
- apiGroups: ["source.toolkit.fluxcd.io"]
  resources:
    - buckets
    - externalartifacts
    - gitrepositories
    - helmcharts
    - helmrepositories
    - ocirepositories
  verbs: [get, list, watch]
# Flux: composed sources
- apiGroups: ["source.extensions.fluxcd.io"]
  resources: [artifactgenerators]
  verbs: [get, list, watch]
# Flux: what is applied, and its state
- apiGroups: ["kustomize.toolkit.fluxcd.io"]
  resources: [kustomizations]
  verbs: [get, list, watch]
# Flux: releases and why they fail
- apiGroups: ["helm.toolkit.fluxcd.io"]
  resources: [helmreleases]
  verbs: [get, list, watch]
# Flux: notifications
- apiGroups: ["notification.toolkit.fluxcd.io"]
  resources:
    - alerts
    - providers
    - receivers
  verbs: [get, list, watch]
# Flux: image automation
- apiGroups: ["image.toolkit.fluxcd.io"]
  resources:
    - imagepolicies
    - imagerepositories
    - imageupdateautomations
  verbs: [get, list, watch]
# Flux Operator
- apiGroups: ["fluxcd.controlplane.io"]
  resources:
    - fluxinstances
    - fluxreports
    - resourcesetinputproviders
    - resourcesets
  verbs: [get, list, watch]
# Traefik: routes and middlewares
- apiGroups: ["traefik.io"]
  resources:
    - ingressroutes
    - ingressroutetcps
    - ingressrouteudps
    - middlewares
    - middlewaretcps
    - serverstransports
    - serverstransporttcps
    - tlsoptions
    - tlsstores
    - traefikservices
  verbs: [get, list, watch]
# Gateway API: routes and the gateways they attach to
- apiGroups: ["gateway.networking.k8s.io"]
  resources:
    - backendtlspolicies
    - gatewayclasses
    - gateways
    - grpcroutes
    - httproutes
    - listenersets
    - referencegrants
    - tcproutes
    - tlsroutes
    - udproutes
  verbs: [get, list, watch]
# cert-manager: certificates that are not issued
- apiGroups: ["cert-manager.io"]
  resources:
    - certificaterequests
    - certificates
    - clusterissuers
    - issuers
  verbs: [get, list, watch]
# cert-manager: ACME challenges
- apiGroups: ["acme.cert-manager.io"]
  resources: [challenges, orders]
  verbs: [get, list, watch]
# Sealed Secrets: whether they were unsealed
- apiGroups: ["bitnami.com"]
  resources: [sealedsecrets]
  verbs: [get, list, watch]
# External Secrets: whether they were synced
- apiGroups: ["external-secrets.io"]
  resources:
    - clusterexternalsecrets
    - clustersecretstores
    - externalsecrets
    - pushsecrets
    - secretstores
  verbs: [get, list, watch]
# Prometheus Operator: what is scraped, and which alerts exist
- apiGroups: ["monitoring.coreos.com"]
  resources:
    - alertmanagerconfigs
    - alertmanagers
    - podmonitors
    - probes
    - prometheusagents
    - prometheuses
    - prometheusrules
    - scrapeconfigs
    - servicemonitors
    - thanosrulers
  verbs: [get, list, watch]
{{- if .Values.rbac.secrets }}
# names, types, ages and keys of Secrets; Helm releases, which are stored in Secrets
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch]
{{- end }}
{{- if .Values.config.policy.who_can }}
# asking the API server what somebody else may do
- apiGroups: ["authorization.k8s.io"]
  resources: [localsubjectaccessreviews, subjectaccessreviews]
  verbs: [create]
{{- end }}
{{- end }}
