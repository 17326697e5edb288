{{/* Ports as a JSON list; empty where the target is not used. Takes root and target. */}}
{{- define "chatsnapshot.egressPorts" -}}
{{- $v := .root.Values -}}
{{- $ports := list -}}
{{- if eq .target "kafka" -}}
{{- $ports = $v.networkPolicy.kafkaPorts -}}
{{- if not $ports -}}
{{- range splitList "," $v.kafka.bootstrapServers -}}
{{- $ports = append $ports (regexFind "[0-9]+$" . | int) -}}
{{- end -}}
{{- end -}}
{{- else if eq .target "clickhouse" -}}
{{- $ports = list (include "chatsnapshot.portOf" (list $v.clickhouse.url 8123 8443) | int) -}}
{{- else if eq .target "schemaRegistry" -}}
{{- if $v.schemaRegistry.url -}}
{{- $ports = list (include "chatsnapshot.portOf" (list $v.schemaRegistry.url 80 443) | int) -}}
{{- end -}}
{{- else if $v.blobs.url -}}
{{- $ports = $v.networkPolicy.blobsPorts -}}
{{- end -}}
{{- $ports | uniq | toJson -}}
{{- end -}}

{{/* The port of a URL, or the usual one. Takes URL, port of http, port of https. */}}
{{- define "chatsnapshot.portOf" -}}
{{- $url := urlParse (index . 0) -}}
{{- $given := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) -}}
{{- if $given -}}
{{- $given -}}
{{- else -}}
{{- ternary (index . 2) (index . 1) (eq $url.scheme "https") -}}
{{- end -}}
{{- end -}}
