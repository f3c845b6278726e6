{{- define "colloquy.name" -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- end -}}

{{- define "colloquy.labels" -}}
app.kubernetes.io/name: colloquy
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "colloquy.image" -}}
{{- $i := .Values.image -}}
{{- if $i.digest -}}{{ $i.repository }}@{{ $i.digest }}{{- else -}}{{ $i.repository }}:{{ $i.tag | default .Chart.AppVersion }}{{- end -}}
{{- end -}}

{{- /* No secret: what every process is told. `serve` has more of its own. */ -}}
{{- define "colloquy.settings" -}}
AWS_REGION: {{ .Values.aws.region | quote }}
COLLOQUY_BUCKET: {{ required "aws.bucket: the bucket of documents, files and evidence" .Values.aws.bucket | quote }}
COLLOQUY_TABLE: {{ .Values.aws.table | quote }}
COLLOQUY_DATA_DIR: /data
COLLOQUY_KEYS_FILE: /keys/keys.json
COLLOQUY_HOST: 0.0.0.0
COLLOQUY_METRICS_PORT: "9090"
{{- range $name, $value := .Values.settings }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "colloquy.fromSecret" -}}
- name: {{ .name }}
  valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .key }}}}
{{- end -}}

{{- /* Each job logs in to the database as itself: who answers people never sees all tenants, and only migrate is the owner. */ -}}
{{- define "colloquy.environment" -}}
{{- $root := .root -}}
{{- $logins := list "app" "writer" "tools" -}}
{{- if ne .component "serve" }}{{ $logins = append $logins "worker" }}{{ end -}}
{{- range $logins }}
{{ include "colloquy.fromSecret" (dict "name" (printf "COLLOQUY_DATABASE_%s_URL" (upper .)) "secret" $root.Values.secrets.database "key" .) }}
{{- end }}
{{- if eq .component "migrate" }}
{{ include "colloquy.fromSecret" (dict "name" "COLLOQUY_DATABASE_URL" "secret" $root.Values.secrets.database "key" "owner") }}
{{- end }}
{{- if $root.Values.secrets.databaseDirect }}
{{ include "colloquy.fromSecret" (dict "name" "COLLOQUY_DATABASE_DIRECT_URL" "secret" $root.Values.secrets.database "key" "direct") }}
{{- end }}
{{- if has .component (list "serve" "relay" "project") }}
{{ include "colloquy.fromSecret" (dict "name" "COLLOQUY_NATS_URL" "secret" $root.Values.secrets.connections "key" (ternary (printf "nats-%s" .component) "nats" $root.Values.secrets.natsByJob)) }}
{{- end }}
{{- if eq .component "serve" }}
{{ include "colloquy.fromSecret" (dict "name" "COLLOQUY_VALKEY_URL" "secret" $root.Values.secrets.connections "key" "valkey") }}
{{- end }}
{{- end -}}

{{- define "colloquy.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "colloquy.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "colloquy.mounts" -}}
- {name: data, mountPath: /data}
- {name: tmp, mountPath: /tmp}
- {name: keys, mountPath: /keys, readOnly: true}
{{- end -}}

{{- define "colloquy.volumes" -}}
- name: data
  emptyDir: {sizeLimit: {{ .spool | default "256Mi" }}}
- name: tmp
  emptyDir: {sizeLimit: 256Mi}
- name: keys
  secret: {secretName: {{ .root.Values.secrets.keys }}, defaultMode: 288}
{{- end -}}

{{- define "colloquy.scheduling" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ range . }}
  - name: {{ . }}{{ end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- /* A Deployment of one job: `component`, `name`, `args`, its values. */ -}}
{{- define "colloquy.deployment" -}}
{{- $root := .root -}}
{{- $serve := eq .component "serve" -}}
{{- $grace := 40 -}}
{{- if $serve }}{{ $grace = add .own.preStopSeconds .own.drainSeconds 15 }}{{ end -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "colloquy.name" $root }}-{{ .name }}
  labels: {{ include "colloquy.labels" . | nindent 4 }}
spec:
  {{- if not (and $serve (or .own.autoscaling.enabled .own.autoscaling.keda.enabled)) }}
  replicas: {{ .own.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  selector:
    matchLabels: {{ include "colloquy.labels" . | nindent 6 }}
      colloquy/name: {{ .name }}
  template:
    metadata:
      labels: {{ include "colloquy.labels" . | nindent 8 }}
        colloquy/name: {{ .name }}
      annotations:
        checksum/settings: {{ include "colloquy.settings" $root | sha256sum }}
        {{- with $root.Values.podAnnotations }}{{ toYaml . | nindent 8 }}{{ end }}
    spec:
      serviceAccountName: {{ include "colloquy.name" $root }}-{{ .component }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ $grace }}
      securityContext: {{ include "colloquy.podSecurity" $root | nindent 8 }}
      {{- with include "colloquy.scheduling" $root }}{{ . | trim | nindent 6 }}{{ end }}
      topologySpreadConstraints:
        {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {app.kubernetes.io/instance: {{ $root.Release.Name }}, colloquy/name: {{ $.name }}}
        {{- end }}
      containers:
        - name: {{ .component }}
          image: {{ include "colloquy.image" $root }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: {{ toJson .args }}
          envFrom:
            - configMapRef: {name: {{ include "colloquy.name" $root }}-settings}
          env: {{ include "colloquy.environment" . | trim | nindent 12 }}
            {{- if $serve }}
            - {name: COLLOQUY_PORT, value: "8080"}
            - {name: COLLOQUY_DRAIN_S, value: {{ .own.drainSeconds | quote }}}
            - {name: COLLOQUY_MAX_SOCKETS, value: {{ .own.maxSockets | quote }}}
            - {name: COLLOQUY_MAX_TURNS, value: {{ .own.maxTurns | quote }}}
            - {name: COLLOQUY_REPLICAS, value: {{ ternary .own.autoscaling.maxReplicas .own.replicas (or .own.autoscaling.enabled .own.autoscaling.keda.enabled) | quote }}}
            {{- with $root.Values.ingress.trustedProxies }}
            - {name: COLLOQUY_TRUSTED_PROXIES, value: {{ join "," . | quote }}}
            {{- end }}
            {{- if $root.Values.ingress.host }}
            - {name: COLLOQUY_ALLOWED_ORIGINS, value: {{ printf "https://%s" $root.Values.ingress.host | quote }}}
            {{- end }}
            {{- end }}
          ports:
            {{- if $serve }}
            - {name: http, containerPort: 8080}
            {{- end }}
            - {name: own, containerPort: 9090}
          startupProbe:
            httpGet: {path: /health/live, port: own}
            periodSeconds: 2
            failureThreshold: 60
          readinessProbe:
            httpGet: {path: /health/ready, port: own}
            periodSeconds: 5
            timeoutSeconds: 3
            failureThreshold: 2
          livenessProbe:
            httpGet: {path: /health/live, port: own}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          {{- if $serve }}
          lifecycle:
            preStop: {sleep: {seconds: {{ .own.preStopSeconds }}}}
          {{- end }}
          securityContext: {{ include "colloquy.containerSecurity" $root | nindent 12 }}
          resources: {{ toYaml .own.resources | nindent 12 }}
          volumeMounts: {{ include "colloquy.mounts" $root | nindent 12 }}
      volumes: {{ include "colloquy.volumes" (dict "root" $root "spool" .own.spool) | nindent 8 }}
{{- end -}}
