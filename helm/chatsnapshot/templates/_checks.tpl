{{/* What a schema cannot say: values that must be given, and that must fit together. All complaints at once. */}}
{{- define "chatsnapshot.checks" -}}
{{- $wrong := list -}}
{{- $v := .Values -}}
{{- $http := or $v.ingest.enabled $v.read.enabled -}}
{{- $sasl := hasPrefix "SASL" $v.kafka.securityProtocol -}}
{{- if not $v.kafka.bootstrapServers -}}
{{- $wrong = append $wrong "kafka.bootstrapServers is empty: give host:port[,host:port] of your Kafka" -}}
{{- end -}}
{{- if not $v.clickhouse.url -}}
{{- $wrong = append $wrong "clickhouse.url is empty: give http(s)://host:port of your ClickHouse" -}}
{{- end -}}
{{- if and $http (not $v.api.key) (not $v.api.existingSecret) -}}
{{- $wrong = append $wrong "api.key and api.existingSecret are empty: ingest and read do not start without a key" -}}
{{- end -}}
{{- if and $http (not $v.blobs.url) (not $v.blobs.existingClaim) (not $v.blobs.persistence.enabled) -}}
{{- $wrong = append $wrong "blobs: payloads above 256 KiB need a place that outlives a pod: give blobs.url, blobs.existingClaim or blobs.persistence.enabled" -}}
{{- end -}}
{{- if and $v.blobs.url (or $v.blobs.existingClaim $v.blobs.persistence.enabled) -}}
{{- $wrong = append $wrong "blobs.url is given beside a volume: keep one of them" -}}
{{- end -}}
{{- $eachHasOne := eq (len $v.kafka.sasl.roleSecrets) 5 -}}
{{- if and $sasl (not $eachHasOne) (not $v.kafka.sasl.existingSecret) (not (and $v.kafka.sasl.username $v.kafka.sasl.password)) -}}
{{- $wrong = append $wrong (printf "kafka.securityProtocol is %s: give kafka.sasl.existingSecret, or username and password" $v.kafka.securityProtocol) -}}
{{- end -}}
{{- if and (not $sasl) (or $v.kafka.sasl.existingSecret $v.kafka.sasl.password $v.kafka.sasl.roleSecrets) -}}
{{- $wrong = append $wrong (printf "kafka.sasl is given and kafka.securityProtocol is %s: set SASL_SSL, or the password is not used" $v.kafka.securityProtocol) -}}
{{- end -}}
{{- if and (not (hasSuffix "SSL" $v.kafka.securityProtocol)) (or $v.kafka.tls.caSecret $v.kafka.tls.caConfigMap $v.kafka.tls.clientCertificateSecret) -}}
{{- $wrong = append $wrong (printf "kafka.tls is given and kafka.securityProtocol is %s: set SSL or SASL_SSL" $v.kafka.securityProtocol) -}}
{{- end -}}
{{- if and (not (hasPrefix "https://" $v.clickhouse.url)) (or $v.clickhouse.tls.caSecret $v.clickhouse.tls.caConfigMap $v.clickhouse.tls.clientCertificateSecret) -}}
{{- $wrong = append $wrong "clickhouse.tls is given and clickhouse.url is not https://" -}}
{{- end -}}
{{- range $part := list "kafka" "clickhouse" -}}
{{- $tls := (index $v $part).tls -}}
{{- if and $tls.caSecret $tls.caConfigMap -}}
{{- $wrong = append $wrong (printf "%s.tls: caSecret and caConfigMap are both given: keep one of them" $part) -}}
{{- end -}}
{{- end -}}
{{- if and $v.ingress.enabled (not (or $v.ingress.ingestHost $v.ingress.readHost)) -}}
{{- $wrong = append $wrong "ingress is enabled: give ingress.ingestHost or ingress.readHost" -}}
{{- end -}}
{{- if and $v.ingress.ingestHost (eq $v.ingress.ingestHost $v.ingress.readHost) -}}
{{- $wrong = append $wrong "ingress.ingestHost and ingress.readHost are the same: both roles serve /v1/blobs, so each needs a host of its own" -}}
{{- end -}}
{{- if gt (int $v.sequencer.replicas) (int $v.kafka.partitions) -}}
{{- $wrong = append $wrong (printf "sequencer.replicas is %d, kafka.partitions is %d: the rest would stand idle" (int $v.sequencer.replicas) (int $v.kafka.partitions)) -}}
{{- end -}}
{{- if $wrong -}}
{{- fail (printf "\nvalues do not fit:\n  - %s" (join "\n  - " $wrong)) -}}
{{- end -}}
{{- end -}}
