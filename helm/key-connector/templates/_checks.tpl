{{/*
What a schema cannot say, or not in words that help. Each message names the value and what to do, and never quotes one.
*/}}
{{- define "key-connector.checks" -}}
{{- $problems := list }}
{{- $config := .Values.config }}
{{- $database := $config.database | default dict }}
{{- range tuple "webVaultUri" "identityServerUri" }}
{{- if not (get $config .) }}
{{- $problems = append $problems (printf "config.%s: is missing; give the address of your Bitwarden-compatible server." .) }}
{{- end }}
{{- end }}
{{- if not $database.provider }}
{{- $problems = append $problems "config.database.provider: is missing; postgresql, mysql, sqlserver or sqlite." }}
{{- end }}
{{- if eq (include "key-connector.port" .) "0" }}
{{- $problems = append $problems "config.http.port: must not be 0; the Service has to know the port." }}
{{- end }}
{{- $secretSettings := .Files.Get "files/secret-settings.json" | fromJsonArray }}
{{- range $setting := $secretSettings }}
{{- $parts := splitList "__" $setting }}
{{- $branch := get $config (first $parts) | default dict }}
{{- if hasKey $branch (last $parts) }}
{{- $problems = append $problems (printf "config.%s: is a secret and must not stand in values; name the key of a Secret in secrets.%s, or a file that you mount in config.%s_FILE." (join "." $parts) $setting (join "." $parts)) }}
{{- end }}
{{- end }}
{{- range $index, $variable := .Values.extraEnv }}
{{- if hasKey $variable "value" }}
{{- $name := $variable.name | lower | replace ":" "__" }}
{{- range $setting := $secretSettings }}
{{- if eq $name (printf "keyconnectorsettings__%s" (lower $setting)) }}
{{- $problems = append $problems (printf "extraEnv[%d]: %s is a secret and must not stand in values; name the key of a Secret in secrets.%s." $index $variable.name $setting) }}
{{- end }}
{{- end }}
{{- if regexMatch "://[^/@]*:[^/@]*@" (toString $variable.value) }}
{{- $problems = append $problems (printf "extraEnv[%d]: %s holds a password and must not stand in values; use valueFrom.secretKeyRef." $index $variable.name) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $index, $manifest := .Values.extraManifests }}
{{- $object := $manifest }}
{{- if kindIs "string" $manifest }}
{{- $object = tpl $manifest $ | fromYaml }}
{{- end }}
{{- if and (eq ($object.kind | default "" | toString) "Secret") (or $object.data $object.stringData) }}
{{- $problems = append $problems (printf "extraManifests[%d]: is a Secret in clear and must not stand in values; make it apart from the release, or by an ExternalSecret." $index) }}
{{- end }}
{{- end }}
{{- if eq ($database.provider | default "") "sqlite" }}
{{- if not .Values.persistence.enabled }}
{{- $problems = append $problems "persistence.enabled: must be true with SQLite; without a volume every key is lost with its pod." }}
{{- end }}
{{- if .Values.autoscaling.enabled }}
{{- $problems = append $problems "autoscaling.enabled: must be false with SQLite, which has one pod." }}
{{- end }}
{{- if gt (int .Values.replicaCount) 1 }}
{{- $problems = append $problems "replicaCount: must be 1 with SQLite." }}
{{- end }}
{{- else if .Values.persistence.enabled }}
{{- $problems = append $problems "persistence.enabled: is for SQLite; the service writes no file with another database." }}
{{- end }}
{{- if and .Values.extraAuthorities.configMap .Values.extraAuthorities.secret }}
{{- $problems = append $problems "extraAuthorities: give configMap or secret, not both." }}
{{- end }}
{{- with .Values.terminationGracePeriodSeconds }}
{{- if lt (int .) (include "key-connector.drainSeconds" $ | int) }}
{{- $problems = append $problems (printf "terminationGracePeriodSeconds: is less than config.http.drainDelaySeconds and drainTimeoutSeconds together (%s); requests would be cut off." (include "key-connector.drainSeconds" $)) }}
{{- end }}
{{- end }}
{{- if and .Values.serviceMonitor.enabled (not (include "key-connector.metricsPort" .)) }}
{{- $problems = append $problems "serviceMonitor.enabled: needs config.metrics.port." }}
{{- end }}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) }}
{{- $problems = append $problems "autoscaling.minReplicas: is more than autoscaling.maxReplicas." }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}
{{- $problems = append $problems "ingress.hosts: is empty; name the host of members' clients." }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
{{- $problems = append $problems "httpRoute.parentRefs: is empty; name the Gateway that takes the route." }}
{{- end }}
{{- if .Values.networkPolicy.enabled }}
{{- if not .Values.networkPolicy.proxy }}
{{- $problems = append $problems "networkPolicy.proxy: is empty; say who may reach the members' port." }}
{{- end }}
{{- if and (not .Values.networkPolicy.database.to) (ne ($database.provider | default "") "sqlite") }}
{{- $problems = append $problems "networkPolicy.database.to: is empty; say where the database is." }}
{{- end }}
{{- if not .Values.networkPolicy.identityServer.to }}
{{- $problems = append $problems "networkPolicy.identityServer.to: is empty; say where the identity server is." }}
{{- end }}
{{- end }}
{{- if $problems }}
{{- fail (printf "\n- %s" (join "\n- " $problems)) }}
{{- end }}
{{- end }}
