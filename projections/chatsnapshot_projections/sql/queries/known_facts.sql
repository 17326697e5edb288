-- known_facts: what is recorded or waits in these runs under these event ids; of a held one the payload is not known here
SELECT {{columns}}
FROM
(
    SELECT
        l.tenant_id AS tenant_id, l.correlation_id AS correlation_id, toString(l.event_id) AS event_id, toString(l.event_type) AS event_type,
        ifNull(toString(l.causation_id), '') AS causation_id, ifNull(l.subject_id, '') AS subject_id,
        lower(hex(SHA256(l.payload))) AS payload_sha256, ifNull(l.payload_ref.sha256, '') AS whole_sha256, false AS is_held
    FROM {{database}}.ledger AS l FINAL
    WHERE (l.tenant_id, l.correlation_id) IN {runs:Array(Tuple(String, String))} AND l.event_id IN {event_ids:Array(UUID)}
    UNION ALL
    SELECT tenant_id, correlation_id, event_id, toString(event_type), '', '', '', '', true
    FROM {{database}}.held
    WHERE (tenant_id, correlation_id) IN {runs:Array(Tuple(String, String))} AND event_id IN {event_ids:Array(String)}
)
LIMIT {limit:UInt32}
