{{- define "fewshot.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- /* Shorter than 63, since the services' names are appended. */ -}}
{{- define "fewshot.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "fewshot.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "fewshot.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "fewshot.selector" -}}
app.kubernetes.io/name: {{ include "fewshot.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "fewshot.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{ include "fewshot.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end -}}

{{- define "fewshot.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "fewshot.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "fewshot.image" -}}
{{- $tag := default .root.Chart.AppVersion .root.Values.image.tag -}}
{{- $gpu := default dict .values.gpu -}}
{{- if $gpu.enabled -}}
{{- $tag = default (printf "%s-gpu" $tag) $gpu.tag -}}
{{- end -}}
{{- printf "%s:%s" .root.Values.image.repository $tag -}}
{{- end -}}

{{- /* sasl.jaas.config: SASL_JAAS_CONFIG */ -}}
{{- define "fewshot.variable" -}}
{{- . | upper | replace "." "_" -}}
{{- end -}}

{{- define "fewshot.connection" -}}
- name: FEWSHOT_BOOTSTRAP_SERVERS
  value: {{ required "set kafka.bootstrapServers to the address of your Kafka" .Values.kafka.bootstrapServers | quote }}
- name: FEWSHOT_SCHEMA_REGISTRY_URL
  value: {{ required "set schemaRegistry.url to the base URL of your schema registry" .Values.schemaRegistry.url | quote }}
{{- range $name, $value := .Values.settings }}
- name: FEWSHOT_{{ include "fewshot.variable" $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- range $name, $value := .Values.kafka.properties }}
- name: FEWSHOT_KAFKA_{{ include "fewshot.variable" $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- range $name, $file := .Values.kafka.secretProperties }}
- name: FEWSHOT_KAFKA_{{ include "fewshot.variable" $name }}_FILE
  value: /etc/fewshot/kafka/{{ $file }}
{{- end }}
{{- range $name, $value := .Values.schemaRegistry.properties }}
- name: FEWSHOT_{{ include "fewshot.variable" $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- range $name, $file := .Values.schemaRegistry.secretProperties }}
- name: FEWSHOT_{{ include "fewshot.variable" $name }}_FILE
  value: /etc/fewshot/registry/{{ $file }}
{{- end }}
{{- end -}}

{{- define "fewshot.secretMounts" -}}
{{- if .Values.kafka.existingSecret }}
- name: kafka-secret
  mountPath: /etc/fewshot/kafka
  readOnly: true
{{- end }}
{{- if .Values.schemaRegistry.existingSecret }}
- name: registry-secret
  mountPath: /etc/fewshot/registry
  readOnly: true
{{- end }}
{{- end -}}

{{- define "fewshot.secretVolumes" -}}
{{- with .Values.kafka.existingSecret }}
- name: kafka-secret
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.schemaRegistry.existingSecret }}
- name: registry-secret
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- end -}}

{{- define "fewshot.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "fewshot.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- /* The pod of a service: root, component, values, args, and what is its own. */ -}}
{{- define "fewshot.pod" -}}
{{- $values := .values -}}
{{- $root := .root -}}
{{- $gpu := default dict $values.gpu -}}
{{- $resources := deepCopy $values.resources -}}
{{- if $gpu.enabled -}}
{{- $_ := set $resources "limits" (merge (dict $gpu.resource $gpu.count) (default dict $resources.limits)) -}}
{{- end -}}
serviceAccountName: {{ include "fewshot.serviceAccount" $root }}
automountServiceAccountToken: false
# Otherwise a Service called fewshot would set FEWSHOT_PORT, which is a setting.
enableServiceLinks: false
terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
securityContext:
  {{- include "fewshot.podSecurity" $root | nindent 2 }}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: {{ .component }}
    image: {{ include "fewshot.image" . | quote }}
    imagePullPolicy: {{ $root.Values.image.pullPolicy }}
    args: {{ toJson .args }}
    env:
      {{- include "fewshot.connection" $root | nindent 6 }}
      - name: FEWSHOT_PORT
        value: "8080"
      {{- with .management }}
      - name: FEWSHOT_MANAGEMENT_PORT
        value: {{ . | quote }}
      {{- end }}
      - name: FEWSHOT_JAVA_OPTIONS
        value: {{ $values.javaOptions | quote }}
      {{- with $values.extraEnv }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    ports:
      - name: http
        containerPort: 8080
        protocol: TCP
      {{- with .management }}
      - name: management
        containerPort: {{ . }}
        protocol: TCP
      {{- end }}
    # It serves /healthz at once, and waits for broker, registry and model as long as that takes.
    startupProbe:
      httpGet: {path: /healthz, port: http}
      periodSeconds: 5
      failureThreshold: 60
    livenessProbe:
      httpGet: {path: /healthz, port: http}
      periodSeconds: 15
      timeoutSeconds: 5
      failureThreshold: 4
    readinessProbe:
      httpGet: {path: /readyz, port: http}
      periodSeconds: 5
      timeoutSeconds: 5
      failureThreshold: 3
    resources:
      {{- toYaml $resources | nindent 6 }}
    securityContext:
      {{- include "fewshot.containerSecurity" $root | nindent 6 }}
    volumeMounts:
      - name: tmp
        mountPath: /tmp
      - name: data
        mountPath: /var/lib/fewshot
        subPath: lib
      {{- if $root.Values.modelCache.existingClaim }}
      - name: models
        mountPath: /var/cache/fewshot
      {{- else }}
      - name: data
        mountPath: /var/cache/fewshot
        subPath: cache
      {{- end }}
      {{- include "fewshot.secretMounts" $root | nindent 6 }}
      {{- with .mounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  - name: tmp
    emptyDir:
      sizeLimit: 512Mi
  {{- $persistence := default dict $values.persistence }}
  {{- if not $persistence.enabled }}
  - name: data
    emptyDir: {}
  {{- end }}
  {{- with $root.Values.modelCache.existingClaim }}
  - name: models
    persistentVolumeClaim:
      claimName: {{ . }}
  {{- end }}
  {{- include "fewshot.secretVolumes" $root | nindent 2 }}
  {{- with .volumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  {{- /* One without a selector would count no pod at all. */}}
  {{- $ours := dict "labelSelector" (dict "matchLabels" (fromYaml (include "fewshot.selector" $))) }}
  - {{- toYaml (merge (deepCopy .) $ours) | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}

{{- /* A service with a volume of its own for each instance: as for the pod, and replicas. */ -}}
{{- define "fewshot.statefulSet" -}}
{{- $name := printf "%s-%s" (include "fewshot.fullname" .root) .component -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  labels:
    {{- include "fewshot.labels" . | nindent 4 }}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    {{- include "fewshot.selector" . | nindent 4 }}
  ports:
    - name: metrics
      port: 8080
      targetPort: http
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $name }}
  labels:
    {{- include "fewshot.labels" . | nindent 4 }}
spec:
  serviceName: {{ $name }}
  replicas: {{ .replicas }}
  podManagementPolicy: Parallel
  selector:
    matchLabels:
      {{- include "fewshot.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "fewshot.labels" . | nindent 8 }}
      {{- with .values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      {{- include "fewshot.pod" . | nindent 6 }}
  {{- if .values.persistence.enabled }}
  volumeClaimTemplates:
    - apiVersion: v1
      kind: PersistentVolumeClaim
      metadata:
        name: data
        labels:
          {{- include "fewshot.selector" . | nindent 10 }}
      spec:
        accessModes:
          {{- toYaml .values.persistence.accessModes | nindent 10 }}
        {{- with .values.persistence.storageClass }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests:
            storage: {{ .values.persistence.size }}
  {{- end }}
{{- end -}}
