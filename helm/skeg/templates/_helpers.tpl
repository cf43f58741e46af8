{{/* Names are cut at 50, so that "-endpoints" and a pod's own suffix still fit in 63. */}}
{{- define "skeg.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "skeg.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "skeg.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "skeg.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* Immutable once installed: nothing that changes between releases may enter. */}}
{{- define "skeg.selectorLabels" -}}
app.kubernetes.io/name: {{ include "skeg.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "skeg.labels" -}}
{{ include "skeg.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "skeg.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "skeg.localStore" -}}
{{- if hasPrefix "file://" .Values.store.url }}true{{ end }}
{{- end }}

{{- define "skeg.adminSecret" -}}
{{- default (printf "%s-admin" (include "skeg.fullname" .)) .Values.admin.existingSecret }}
{{- end }}

{{/* One endpoint spec as the server reads it. Call with (dict "name" NAME "spec" SPEC). */}}
{{- define "skeg.endpointSpec" -}}
{{- $sum := 0.0 }}
{{- range $deployment, $weight := .spec.traffic }}
{{- if not (hasKey $.spec.deployments $deployment) }}
{{- fail (printf "endpoints.%s.traffic names the deployment %q, which endpoints.%s.deployments does not have" $.name $deployment $.name) }}
{{- end }}
{{- $sum = addf $sum $weight }}
{{- end }}
{{- range $deployment, $weight := .spec.mirror }}
{{- if not (hasKey $.spec.deployments $deployment) }}
{{- fail (printf "endpoints.%s.mirror names the deployment %q, which endpoints.%s.deployments does not have" $.name $deployment $.name) }}
{{- end }}
{{- end }}
{{- $sum = round $sum 6 }}
{{- if not (or (eq $sum 100.0) (eq $sum 0.0)) }}
{{- fail (printf "endpoints.%s.traffic sums to %v; it must be 100, or 0 for a drained endpoint" .name $sum) }}
{{- end }}
{{- merge (dict "name" .name) .spec | toYaml }}
{{- end }}

{{/* What the schema cannot refuse. */}}
{{- define "skeg.checks" -}}
{{- if and .Values.store.existingClaim (not (include "skeg.localStore" .)) }}
{{- fail (printf "store.existingClaim %q is set, but store.url %q is not a file:// store" .Values.store.existingClaim .Values.store.url) }}
{{- end }}
{{- if and (eq .Values.auth.mode "keys") (not .Values.auth.existingSecret) }}
{{- fail "auth.mode is keys, but auth.existingSecret names no Secret" }}
{{- end }}
{{- if and (eq .Values.auth.mode "jwt") (not (and .Values.auth.issuers .Values.auth.audiences .Values.auth.jwks)) }}
{{- fail "auth.mode is jwt, which needs auth.issuers, auth.audiences and auth.jwks" }}
{{- end }}
{{- if and (or .Values.tls.clientCaSecret .Values.tls.admin) (not .Values.tls.existingSecret) }}
{{- fail "tls.clientCaSecret and tls.admin need a certificate, but tls.existingSecret names no Secret" }}
{{- end }}
{{- end }}
