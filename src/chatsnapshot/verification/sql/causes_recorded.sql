-- the causes that the ledger's events name
SELECT DISTINCT
    tenant_id, correlation_id, link.1 AS kind, toString(link.2) AS cause_id, toString(event_id) AS effect_id, sequence_no
FROM {{database}}.ledger
ARRAY JOIN arrayConcat(
    if(isNull(causation_id), [], [(
        if(ifNull(causation_correlation_id, correlation_id) = correlation_id, 'cause', 'external'), assumeNotNull(causation_id))]),
    arrayMap(id -> ('caused_by', id), caused_by)) AS link
