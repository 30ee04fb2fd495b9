{{- define "key-connector.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "key-connector.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "key-connector.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "key-connector.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "key-connector.selectorLabels" -}}
app.kubernetes.io/name: {{ include "key-connector.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "key-connector.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "key-connector.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "key-connector.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "key-connector.fullname" .) }}
{{- else }}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- define "key-connector.image" -}}
{{- $tag := .Values.image.tag | default (ternary "" .Chart.AppVersion (ne .Values.image.digest "")) -}}
{{- .Values.image.repository }}
{{- with $tag }}:{{ . }}{{ end }}
{{- with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* Where a setting that a Secret holds is mounted. */}}
{{- define "key-connector.secretsFolder" -}}
/run/secrets/key-connector
{{- end }}

{{- define "key-connector.authoritiesFolder" -}}
/run/key-connector/authorities
{{- end }}

{{- define "key-connector.dataFolder" -}}
/var/lib/key-connector
{{- end }}

{{/* The settings file's tree: what `config` says, and where the chart mounts the rest. */}}
{{- define "key-connector.settings" -}}
{{- $settings := deepCopy .Values.config }}
{{- range $setting, $reference := .Values.secrets }}
{{- $name := splitList "__" $setting | last }}
{{- $group := splitList "__" $setting | first }}
{{- $branch := get $settings $group | default dict }}
{{- $_ := set $settings $group $branch }}
{{- /* A setting that names a file takes its path; every other one has a name with _FILE for that. */}}
{{- $key := ternary $name (printf "%s_FILE" $name) (hasSuffix "Path" $name) }}
{{- if hasKey $branch $key }}
{{- fail (printf "secrets.%s: config.%s.%s gives the same setting; leave one out." $setting $group $key) }}
{{- end }}
{{- $_ := set $branch $key (printf "%s/%s" (include "key-connector.secretsFolder" $) $setting) }}
{{- end }}
{{- if or .Values.extraAuthorities.configMap .Values.extraAuthorities.secret }}
{{- $tls := $settings.tls | default dict }}
{{- if hasKey $tls "extraCaPath" }}
{{- fail "extraAuthorities: tls.extraCaPath is given too, by config or secrets; leave one out." }}
{{- end }}
{{- $_ := set $settings "tls" (set $tls "extraCaPath" (include "key-connector.authoritiesFolder" .)) }}
{{- end }}
{{- with $settings.metrics }}
{{- if and .port (not .host) }}
{{- $_ := set . "host" "*" }}
{{- end }}
{{- end }}
{{- with $settings.database }}
{{- if and (eq (.provider | default "") "sqlite") (not (hasKey . "sqliteConnectionString_FILE")) }}
{{- $_ := set . "sqliteConnectionString" (printf "Data Source=%s/keys.db" (include "key-connector.dataFolder" $)) }}
{{- end }}
{{- end }}
{{- toYaml $settings }}
{{- end }}

{{/* A setting of http, or its default; arguments: root, name, default. */}}
{{- define "key-connector.http" -}}
{{- $value := get (.root.Values.config.http | default dict) .name }}
{{- if kindIs "invalid" $value }}{{ .default }}{{ else if eq (toString $value) "" }}{{ .default }}{{ else }}{{ $value }}{{ end }}
{{- end }}

{{- define "key-connector.port" -}}
{{- include "key-connector.http" (dict "root" . "name" "port" "default" 5000) | int }}
{{- end }}

{{/* The metrics port as others reach it: none where it listens on the pod's own loopback. */}}
{{- define "key-connector.metricsPort" -}}
{{- $metrics := .Values.config.metrics | default dict }}
{{- $loopback := regexMatch "^(127\\.|localhost$|\\[?::1)" ($metrics.host | default "*") }}
{{- if and $metrics.port (not $loopback) }}{{ int $metrics.port }}{{ end }}
{{- end }}

{{/* http or https, as the pods speak it. */}}
{{- define "key-connector.scheme" -}}
{{- $http := (include "key-connector.settings" . | fromYaml).http | default dict }}
{{- ternary "https" "http" (ne ($http.tlsCertificatePath | default "") "") }}
{{- end }}

{{/* The base path of the routes, "/" where there is none. */}}
{{- define "key-connector.basePath" -}}
{{- $path := include "key-connector.http" (dict "root" . "name" "basePath" "default" "") | trimSuffix "/" }}
{{- if $path }}/{{ trimPrefix "/" $path }}{{ else }}/{{ end }}
{{- end }}

{{/* How long requests may still be answered after SIGTERM. */}}
{{- define "key-connector.drainSeconds" -}}
{{- $delay := include "key-connector.http" (dict "root" . "name" "drainDelaySeconds" "default" 5) | int }}
{{- $timeout := include "key-connector.http" (dict "root" . "name" "drainTimeoutSeconds" "default" 20) | int }}
{{- add $delay $timeout }}
{{- end }}

{{/* "true" where OpenShift chooses user and groups. */}}
{{- define "key-connector.onOpenShift" -}}
{{- if eq .Values.adaptToOpenShift "always" }}true
{{- else if and (eq .Values.adaptToOpenShift "auto") (.Capabilities.APIVersions.Has "security.openshift.io/v1") }}true
{{- end }}
{{- end }}

{{- define "key-connector.podSecurityContext" -}}
{{- if include "key-connector.onOpenShift" . }}
{{- omit .Values.podSecurityContext "runAsUser" "runAsGroup" "fsGroup" | toYaml }}
{{- else }}
{{- toYaml .Values.podSecurityContext }}
{{- end }}
{{- end }}

{{- define "key-connector.containerSecurityContext" -}}
{{- if include "key-connector.onOpenShift" . }}
{{- omit .Values.securityContext "runAsUser" "runAsGroup" | toYaml }}
{{- else }}
{{- toYaml .Values.securityContext }}
{{- end }}
{{- end }}

{{/* A probe; on the metrics port where there is one, so that idle connections of members cannot use it up. */}}
{{- define "key-connector.probe" -}}
{{- $metrics := include "key-connector.metricsPort" .root -}}
httpGet:
  path: {{ .path }}
  port: {{ ternary "metrics" "http" (ne $metrics "") }}
  {{- if and (not $metrics) (eq (include "key-connector.scheme" .root) "https") }}
  scheme: HTTPS
  {{- end }}
{{ toYaml .timing }}
{{- end }}
