{{/* Every setting that is no secret, by the name of its environment variable. */}}
{{- define "chatsnapshot.settings" -}}
{{- $v := .Values -}}
CHATSNAPSHOT_KAFKA_BOOTSTRAP_SERVERS: {{ $v.kafka.bootstrapServers | quote }}
CHATSNAPSHOT_KAFKA_SECURITY_PROTOCOL: {{ $v.kafka.securityProtocol | quote }}
{{- if hasPrefix "SASL" $v.kafka.securityProtocol }}
CHATSNAPSHOT_KAFKA_SASL_MECHANISM: {{ $v.kafka.sasl.mechanism | quote }}
{{- end }}
{{- if or $v.kafka.tls.caSecret $v.kafka.tls.caConfigMap }}
CHATSNAPSHOT_KAFKA_CA_FILE: /etc/chatsnapshot/kafka-ca/ca.crt
{{- end }}
{{- if $v.kafka.tls.clientCertificateSecret }}
CHATSNAPSHOT_KAFKA_CERTIFICATE_FILE: /etc/chatsnapshot/kafka-client/tls.crt
CHATSNAPSHOT_KAFKA_KEY_FILE: /etc/chatsnapshot/kafka-client/tls.key
{{- end }}
{{- if hasSuffix "SSL" $v.kafka.securityProtocol }}
CHATSNAPSHOT_KAFKA_VERIFY_HOSTNAME: {{ $v.kafka.tls.verifyHostname | quote }}
{{- end }}
CHATSNAPSHOT_TOPIC_PREFIX: {{ $v.kafka.topicPrefix | quote }}
CHATSNAPSHOT_PARTITIONS: {{ $v.kafka.partitions | quote }}
CHATSNAPSHOT_REPLICATION_FACTOR: {{ $v.kafka.replicationFactor | quote }}
CHATSNAPSHOT_SESSION_TIMEOUT_S: {{ $v.kafka.groupSessionTimeoutSeconds | quote }}
CHATSNAPSHOT_CLICKHOUSE_URL: {{ $v.clickhouse.url | quote }}
CHATSNAPSHOT_CLICKHOUSE_USER: {{ $v.clickhouse.user | quote }}
CHATSNAPSHOT_CLICKHOUSE_DATABASE: {{ $v.clickhouse.database | quote }}
{{- if or $v.clickhouse.tls.caSecret $v.clickhouse.tls.caConfigMap }}
CHATSNAPSHOT_CLICKHOUSE_CA_FILE: /etc/chatsnapshot/clickhouse-ca/ca.crt
{{- end }}
{{- if $v.clickhouse.tls.clientCertificateSecret }}
CHATSNAPSHOT_CLICKHOUSE_CERTIFICATE_FILE: /etc/chatsnapshot/clickhouse-client/tls.crt
CHATSNAPSHOT_CLICKHOUSE_KEY_FILE: /etc/chatsnapshot/clickhouse-client/tls.key
{{- end }}
{{- with $v.schemaRegistry.url }}
CHATSNAPSHOT_SCHEMA_REGISTRY_URL: {{ . | quote }}
{{- end }}
CHATSNAPSHOT_BLOB_URL: {{ default "file:///var/lib/chatsnapshot-blobs" $v.blobs.url | quote }}
CHATSNAPSHOT_HOLD_S: {{ $v.sequencing.holdSeconds | quote }}
CHATSNAPSHOT_CAUSE_POLICY: {{ $v.sequencing.causePolicy | quote }}
CHATSNAPSHOT_ROOT_INTERVAL_S: {{ $v.roots.intervalSeconds | quote }}
CHATSNAPSHOT_SINK_BATCH_RECORDS: {{ $v.sink.batchRecords | int64 | quote }}
CHATSNAPSHOT_SINK_BATCH_BYTES: {{ $v.sink.batchBytes | int64 | quote }}
CHATSNAPSHOT_LOG_LEVEL: {{ $v.logLevel | quote }}
CHATSNAPSHOT_DATA_DIR: /var/lib/chatsnapshot
CHATSNAPSHOT_HTTP_HOST: 0.0.0.0
CHATSNAPSHOT_METRICS_HOST: 0.0.0.0
{{- range $name, $value := $v.extraSettings }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end -}}

{{/* Whether the chart makes a secret itself: passwords that are in the values. */}}
{{- define "chatsnapshot.secretData" -}}
{{- $v := .Values -}}
{{- if and (hasPrefix "SASL" $v.kafka.securityProtocol) (not $v.kafka.sasl.existingSecret) $v.kafka.sasl.password }}
kafka-username: {{ $v.kafka.sasl.username | b64enc | quote }}
kafka-password: {{ $v.kafka.sasl.password | b64enc | quote }}
{{- end }}
{{- if and $v.clickhouse.password (not $v.clickhouse.existingSecret) }}
clickhouse-password: {{ $v.clickhouse.password | b64enc | quote }}
{{- end }}
{{- if and $v.api.key (not $v.api.existingSecret) }}
api-key: {{ $v.api.key | b64enc | quote }}
{{- end }}
{{- end -}}

{{/* The environment of a container: secrets by reference. Takes root, role and the name of the chart's own secret. */}}
{{- define "chatsnapshot.secretEnv" -}}
{{- $v := .root.Values -}}
{{- if hasPrefix "SASL" $v.kafka.securityProtocol }}
{{- $given := default $v.kafka.sasl.existingSecret (get $v.kafka.sasl.roleSecrets .role) }}
{{- $own := not $given }}
- name: CHATSNAPSHOT_KAFKA_USERNAME
  valueFrom: {secretKeyRef: {name: {{ default .secret $given }}, key: {{ ternary "kafka-username" $v.kafka.sasl.usernameKey $own }}}}
- name: CHATSNAPSHOT_KAFKA_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ default .secret $given }}, key: {{ ternary "kafka-password" $v.kafka.sasl.passwordKey $own }}}}
{{- end }}
{{- $account := default dict (get $v.clickhouse.roleAccounts .role) }}
{{- with $account.user }}
- {name: CHATSNAPSHOT_CLICKHOUSE_USER, value: {{ . | quote }}}
{{- end }}
{{- $given := default $v.clickhouse.existingSecret $account.existingSecret }}
{{- if or $given $v.clickhouse.password }}
{{- $own := not $given }}
- name: CHATSNAPSHOT_CLICKHOUSE_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ default .secret $given }}, key: {{ ternary "clickhouse-password" $v.clickhouse.passwordKey $own }}}}
{{- end }}
{{- if has .role (list "ingest" "read") }}
{{- $own := not $v.api.existingSecret }}
- name: CHATSNAPSHOT_API_KEY
  valueFrom: {secretKeyRef: {name: {{ default .secret $v.api.existingSecret }}, key: {{ ternary "api-key" $v.api.secretKey $own }}}}
{{- end }}
{{- if and (eq .role "sequencer") $v.roots.signingKeySecret }}
- {name: CHATSNAPSHOT_SIGNING_KEY_FILE, value: /etc/chatsnapshot/signing/signing_key.pem}
{{- end }}
{{- with $v.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}
