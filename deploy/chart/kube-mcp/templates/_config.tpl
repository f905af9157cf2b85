{{/*
The configuration file. JSON's strings, numbers, booleans and arrays are TOML's too, so every
value goes through toJson; a map becomes a table, a list of maps an array of tables.
*/}}
{{- define "kube-mcp.table" -}}
{{- $path := .path }}
{{- range $key, $value := .table }}
{{- if not (or (kindIs "map" $value) (and (kindIs "slice" $value) $value (kindIs "map" (first $value))) (kindIs "invalid" $value)) }}
{{ $key }} = {{ toJson $value }}
{{- end }}
{{- end }}
{{- range $key, $value := .table }}
{{- if kindIs "map" $value }}

[{{ $path }}.{{ $key }}]
{{- include "kube-mcp.table" (dict "path" (printf "%s.%s" $path $key) "table" $value) }}
{{- else if and (kindIs "slice" $value) $value (kindIs "map" (first $value)) }}
{{- range $value }}

[[{{ $path }}.{{ $key }}]]
{{- include "kube-mcp.table" (dict "path" (printf "%s.%s" $path $key) "table" .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "kube-mcp.toml" -}}
{{- $config := deepCopy .Values.config }}
{{- $signIn := include "kube-mcp.signIn" . }}
{{- $_ := set $config.server "host" (ternary .Values.listenAddress "127.0.0.1" (not (empty $signIn))) }}
{{- $_ := set $config.server "port" 8080 }}
{{- $_ := set $config.server "path" "/mcp" }}
{{- $_ := set $config.server "metrics_host" .Values.listenAddress }}
{{- $_ := set $config.server "metrics_port" 9090 }}
{{- if $signIn }}
{{- $name := include "kube-mcp.fullname" . }}
{{- $_ := set $config.server "allowed_hosts" (concat $config.server.allowed_hosts (list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace)) | uniq) }}
{{- end }}
{{- if and .Values.ingressRoute.enabled .Values.ingressRoute.cors.enabled }}
{{- /* Pages that Traefik lets call must be let in by the server too. */}}
{{- $_ := set $config.server "allowed_origins" (concat $config.server.allowed_origins .Values.ingressRoute.cors.allowOrigins | uniq) }}
{{- end }}
{{- if .Values.trustedCA.configMap }}
{{- range $config.auth.issuers }}
{{- if not .ca_file }}{{ $_ := set . "ca_file" (printf "/etc/kube-mcp/ca/%s" $.Values.trustedCA.key) }}{{ end }}
{{- end }}
{{- end }}
{{- if include "kube-mcp.introspects" . }}
{{- $_ := set $config.auth.introspection "client_secret_file" (printf "/etc/kube-mcp/secrets/%s" .Values.clientSecrets.introspectionKey) }}
{{- end }}
{{- if eq $config.cluster.identity "token-exchange" }}
{{- if and .Values.trustedCA.configMap (not $config.token_exchange.ca_file) }}
{{- $_ := set $config.token_exchange "ca_file" (printf "/etc/kube-mcp/ca/%s" .Values.trustedCA.key) }}
{{- end }}
{{- $_ := set $config.token_exchange "sts_client_secret_file" (printf "/etc/kube-mcp/secrets/%s" .Values.clientSecrets.stsKey) }}
{{- else }}
{{- $_ := unset $config "token_exchange" }}
{{- end }}
{{- if ne $config.cluster.identity "impersonate" }}{{ $_ := unset $config "impersonate" }}{{ end }}
{{- range $section, $table := $config }}
[{{ $section }}]
{{- include "kube-mcp.table" (dict "path" $section "table" $table) }}
{{ end }}
{{- end }}
