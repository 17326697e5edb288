{{/* Pieces of every pod. Each takes root and role; values of the role are found by its name. */}}

{{- define "chatsnapshot.podMetadata" -}}
{{- $role := index .root.Values .role -}}
annotations:
  # a changed setting or password rolls the pods
  checksum/settings: {{ printf "%s%s" (include "chatsnapshot.settings" .root) (include "chatsnapshot.secretData" .root) | sha256sum }}
  {{- with $role.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
labels:
  {{- include "chatsnapshot.labels" . | nindent 2 }}
  {{- with $role.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "chatsnapshot.placement" -}}
{{- $v := .root.Values -}}
{{- $role := index $v .role -}}
{{- with default $v.nodeSelector $role.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with default $v.tolerations $role.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $role.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- define "chatsnapshot.spread" -}}
{{- $role := index .root.Values .role -}}
topologySpreadConstraints:
{{- if $role.topologySpreadConstraints }}
  {{- toYaml $role.topologySpreadConstraints | nindent 2 }}
{{- else }}
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "chatsnapshot.selector" $ | nindent 8 }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "chatsnapshot.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Certificates, a place for temporary files, and the blobs where the role needs them. */}}
{{- define "chatsnapshot.volumes" -}}
{{- $v := .root.Values -}}
- name: tmp
  emptyDir: {sizeLimit: 1Gi}
{{- range $part := list "kafka" "clickhouse" }}
{{- $tls := (index $v $part).tls }}
{{- if $tls.caSecret }}
- name: {{ $part }}-ca
  secret:
    secretName: {{ $tls.caSecret }}
    items: [{key: {{ $tls.caKey }}, path: ca.crt}]
{{- else if $tls.caConfigMap }}
- name: {{ $part }}-ca
  configMap:
    name: {{ $tls.caConfigMap }}
    items: [{key: {{ $tls.caKey }}, path: ca.crt}]
{{- end }}
{{- if $tls.clientCertificateSecret }}
- name: {{ $part }}-client
  secret:
    secretName: {{ $tls.clientCertificateSecret }}
    defaultMode: 0440
    items: [{key: {{ $tls.certificateKey }}, path: tls.crt}, {key: {{ $tls.privateKeyKey }}, path: tls.key}]
{{- end }}
{{- end }}
{{- if and (eq .role "sequencer") $v.roots.signingKeySecret }}
- name: signing
  secret:
    secretName: {{ $v.roots.signingKeySecret }}
    defaultMode: 0440
    items: [{key: {{ $v.roots.signingKeyKey }}, path: signing_key.pem}]
{{- end }}
{{- if and (has .role (list "ingest" "read")) (not $v.blobs.url) }}
- name: blobs
  persistentVolumeClaim:
    claimName: {{ default (printf "%s-blobs" (include "chatsnapshot.fullname" .root)) $v.blobs.existingClaim }}
{{- end }}
{{- end -}}

{{- define "chatsnapshot.mounts" -}}
{{- $v := .root.Values -}}
- {name: tmp, mountPath: /tmp}
{{- range $part := list "kafka" "clickhouse" }}
{{- $tls := (index $v $part).tls }}
{{- if or $tls.caSecret $tls.caConfigMap }}
- {name: {{ $part }}-ca, mountPath: /etc/chatsnapshot/{{ $part }}-ca, readOnly: true}
{{- end }}
{{- if $tls.clientCertificateSecret }}
- {name: {{ $part }}-client, mountPath: /etc/chatsnapshot/{{ $part }}-client, readOnly: true}
{{- end }}
{{- end }}
{{- if and (eq .role "sequencer") $v.roots.signingKeySecret }}
- {name: signing, mountPath: /etc/chatsnapshot/signing, readOnly: true}
{{- end }}
{{- if and (has .role (list "ingest" "read")) (not $v.blobs.url) }}
- {name: blobs, mountPath: /var/lib/chatsnapshot-blobs, readOnly: {{ eq .role "read" }}}
{{- end }}
{{- end -}}

{{/* Takes port. Liveness asks nobody but the process itself; readiness asks what the role needs. */}}
{{- define "chatsnapshot.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: {{ . }}}
  periodSeconds: 3
  timeoutSeconds: 3
  failureThreshold: 40
livenessProbe:
  httpGet: {path: /healthz, port: {{ . }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /readyz, port: {{ . }}}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 2
{{- end -}}
