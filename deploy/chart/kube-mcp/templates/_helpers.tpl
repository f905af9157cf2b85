{{- define "kube-mcp.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "kube-mcp.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "kube-mcp.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kube-mcp.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of every object. A key that stands twice is refused by whoever reads YAML strictly, so
what comes from several places is merged, the first one winning. */}}
{{- define "kube-mcp.labels" -}}
{{- $own := dict
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63)
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/managed-by" .Release.Service }}
{{- toYaml (merge (dict) (include "kube-mcp.selectorLabels" . | fromYaml) $own .Values.commonLabels) }}
{{- end }}

{{/* The annotations of one object: its own (`own`, may be missing) win over those of all. */}}
{{- define "kube-mcp.annotations" -}}
{{- with merge (dict) (default dict .own) .root.Values.commonAnnotations -}}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
The pod of `helm test` is not one of the server's: nothing that selects those (Service,
NetworkPolicy, PodDisruptionBudget, ServiceMonitor) may take it for one.
*/}}
{{- define "kube-mcp.testLabels" -}}
app.kubernetes.io/component: test
app.kubernetes.io/name: {{ include "kube-mcp.name" . | trunc 58 | trimSuffix "-" }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/*
The Service with the port for probes and metrics. One that can be reached from outside the cluster
must not publish it, so there it is another.
*/}}
{{- define "kube-mcp.metricsService" -}}
{{- include "kube-mcp.fullname" . }}{{ if ne .Values.service.type "ClusterIP" }}-metrics{{ end }}
{{- end }}

{{- define "kube-mcp.metricsPort" -}}
- name: metrics
  port: {{ .Values.service.metricsPort }}
  targetPort: metrics
  protocol: TCP
  appProtocol: http
{{- end }}

{{- define "kube-mcp.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "kube-mcp.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "kube-mcp.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* Roles are cluster-wide: the namespace keeps two releases of one name apart. */}}
{{- define "kube-mcp.clusterName" -}}
{{- $full := include "kube-mcp.fullname" . }}
{{- if eq $full .Release.Namespace }}{{ $full }}{{ else }}{{ printf "%s-%s" .Release.Namespace $full }}{{ end }}
{{- end }}

{{/* Not empty where sign-in is configured. */}}
{{- define "kube-mcp.signIn" -}}
{{- if .Values.config.auth.issuers }}yes{{ end }}
{{- end }}

{{- define "kube-mcp.introspects" -}}
{{- $auth := .Values.config.auth }}
{{- $asked := $auth.introspection.enabled }}
{{- range $auth.issuers }}{{ if .introspection }}{{ $asked = true }}{{ end }}{{ end }}
{{- if $asked }}yes{{ end }}
{{- end }}

{{- define "kube-mcp.impersonating" -}}
{{- if eq .Values.config.cluster.identity "impersonate" }}yes{{ end }}
{{- end }}

{{- define "kube-mcp.constrained" -}}
{{- $style := .Values.rbac.impersonation.style }}
{{- if or (eq $style "constrained") (and (eq $style "auto") (semverCompare ">=1.36.0-0" .Capabilities.KubeVersion.Version)) }}yes{{ end }}
{{- end }}

{{/*
The public URLs as a YAML list of {host, path, strip}: path without a slash at its end, strip the
name of the Middleware that removes it ("" where there is nothing to remove).
*/}}
{{- define "kube-mcp.publicUrls" -}}
{{- $full := include "kube-mcp.fullname" . }}
{{- range $index, $url := .Values.config.server.public_urls }}
{{- $parts := urlParse $url }}
{{- $path := trimSuffix "/" $parts.path }}
- host: {{ regexReplaceAll ":[0-9]+$" $parts.host "" }}
  path: {{ $path | quote }}
  strip: {{ if $path }}{{ $full }}-strip{{ if $index }}-{{ $index }}{{ end }}{{ else }}""{{ end }}
{{- end }}
{{- end }}

{{/* What can only be said about several values together; each refusal says which, and why. */}}
{{- define "kube-mcp.check" -}}
{{- $v := .Values }}
{{- $routes := list }}
{{- if $v.ingress.enabled }}{{ $routes = append $routes "ingress.enabled" }}{{ end }}
{{- if $v.ingressRoute.enabled }}{{ $routes = append $routes "ingressRoute.enabled" }}{{ end }}
{{- if $v.httpRoute.enabled }}{{ $routes = append $routes "httpRoute.enabled" }}{{ end }}
{{- range $routes }}
{{- if not $v.config.server.public_urls }}
{{- fail (printf "%s needs config.server.public_urls: the route's host and path come from there." .) }}
{{- end }}
{{- if not $v.config.auth.issuers }}
{{- fail (printf "%s needs config.auth.issuers: a route without sign-in would show the cluster to everybody." .) }}
{{- end }}
{{- end }}
{{- if and $v.config.auth.issuers (not $v.config.server.public_urls) }}
{{- fail "config.auth.issuers needs config.server.public_urls: clients are told where to sign in by that URL." }}
{{- end }}
{{- if and (ne $v.config.cluster.identity "service-account") (not $v.config.auth.issuers) }}
{{- fail (printf "config.cluster.identity=%s needs config.auth.issuers: without sign-in nobody is known to read as." $v.config.cluster.identity) }}
{{- end }}
{{- if and (eq $v.config.cluster.identity "passthrough") (not $v.config.cluster.accept_passthrough_risk) }}
{{- fail "config.cluster.identity=passthrough needs config.cluster.accept_passthrough_risk=true: callers' tokens go to the API server, which the MCP specification forbids for tokens made out to this server." }}
{{- end }}
{{- if not $v.rbac.create }}
{{- range $name := list "secrets" "extraRules" "viewerGroups" "namespaces" }}
{{- if index $v.rbac $name }}
{{- fail (printf "rbac.%s has no effect while rbac.create is false: the roles are yours then, and say it." $name) }}
{{- end }}
{{- end }}
{{- if $v.rbac.aggregation.enabled }}
{{- fail "rbac.aggregation.enabled has no effect while rbac.create is false: the roles are yours then, and say it." }}
{{- end }}
{{- end }}
{{- if and $v.config.policy.helm_releases $v.rbac.create (not $v.rbac.secrets) }}
{{- fail "config.policy.helm_releases needs rbac.secrets=true: Helm keeps its releases in Secrets, and RBAC cannot open only those." }}
{{- end }}
{{- if eq $v.config.cluster.identity "token-exchange" }}
{{- if not $v.clientSecrets.existingSecret }}
{{- fail "config.cluster.identity=token-exchange needs clientSecrets.existingSecret: the exchange is made with a client secret." }}
{{- end }}
{{- if not $v.config.token_exchange.sts_client_id }}
{{- fail "config.cluster.identity=token-exchange needs config.token_exchange.sts_client_id." }}
{{- end }}
{{- if not $v.config.token_exchange.sts_audience }}
{{- fail "config.cluster.identity=token-exchange needs config.token_exchange.sts_audience: the cluster's name at the provider." }}
{{- end }}
{{- end }}
{{- if include "kube-mcp.introspects" . }}
{{- if not (and $v.clientSecrets.existingSecret $v.config.auth.introspection.client_id) }}
{{- fail "config.auth.introspection.enabled needs config.auth.introspection.client_id and clientSecrets.existingSecret." }}
{{- end }}
{{- end }}
{{- if include "kube-mcp.impersonating" . }}
{{- if and $v.config.impersonate.group_pattern (not $v.config.impersonate.groups) (not $v.rbac.impersonation.anyGroup) $v.rbac.create }}
{{- fail "config.impersonate.group_pattern cannot be said in RBAC: list config.impersonate.groups, or set rbac.impersonation.anyGroup and see what it means." }}
{{- end }}
{{- if and $v.rbac.create (not (include "kube-mcp.constrained" .)) }}
{{- if $v.rbac.impersonation.anyGroup }}
{{- fail "rbac.impersonation.anyGroup with legacy impersonation would make the server's token a cluster-admin's (it could act as system:masters). List config.impersonate.groups." }}
{{- end }}
{{- if not (or $v.rbac.impersonation.users $v.rbac.impersonation.anyUser) }}
{{- fail "identity=impersonate on a cluster without constrained impersonation (before 1.36) needs rbac.impersonation.users, or rbac.impersonation.anyUser=true: RBAC cannot restrict user names to a prefix." }}
{{- end }}
{{- end }}
{{- end }}
{{- $stop := add $v.preStopSleepSeconds $v.config.server.shutdown_grace_s }}
{{- if le ($v.terminationGracePeriodSeconds | int64) ($stop | int64) }}
{{- fail (printf "terminationGracePeriodSeconds=%d is too short: preStopSleepSeconds and config.server.shutdown_grace_s take %d seconds, and the process would be killed in the middle of a call." ($v.terminationGracePeriodSeconds | int64) ($stop | int64)) }}
{{- end }}
{{- if and $v.autoscaling.enabled (lt ($v.autoscaling.maxReplicas | int64) ($v.autoscaling.minReplicas | int64)) }}
{{- fail "autoscaling.maxReplicas is less than autoscaling.minReplicas." }}
{{- end }}
{{- end }}
