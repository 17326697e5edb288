-- run_items: one row for everything a person may want to see of a run: what was said, thought, called, answered.
-- One row an event; a tool_call event with `calls: [...]` gives one row a call (ordinal from 0, at most 256 calls).
-- Absent values are ''. Text that is not text in the payload (an object as `content`) is shown as its JSON.
-- Names and ids are cut at 256 characters, so that one event's rows cannot grow without bound.
-- The SELECT reads from the inside out: computed columns of ledger once; the document in two passes, because one key may be
-- text or a list; columns of the event; one row a call. Two passes cost 30 ms of a block of 50,000 rows, a function behind a
-- condition many times that: ClickHouse evaluates it lazily, and then more than once.
CREATE TABLE IF NOT EXISTS {{database}}.{{table}}
(
    tenant_id LowCardinality(String) COMMENT 'owner of the run',
    correlation_id String CODEC(ZSTD(1)) COMMENT 'the run, workflow or session: the scope of order',
    sequence_no Int64 CODEC(Delta, ZSTD(1)) COMMENT 'place of the event in its run, dense from 1',
    ordinal UInt16 COMMENT 'place of the row within its event, from 0',
    recorded_at DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'append time of the input on the broker, UTC',
    timestamp DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'clock of the producer, UTC; informative, it never decides order',
    event_id UUID COMMENT 'id of the event',
    event_type LowCardinality(String) COMMENT 'dotted type as recorded; view event_types lists the known ones',
    primitive LowCardinality(String) COMMENT 'the one of the seven primitives that the type maps to',
    item_type LowCardinality(String) COMMENT 'message, tool_call, tool_result, workflow_event, interaction, integration_call, or the kind of a state change',
    runtime_event_type LowCardinality(String) COMMENT 'what the framework called it',
    role LowCardinality(String) COMMENT 'user, assistant, system or tool',
    agent LowCardinality(String) COMMENT 'who acted: payload.agent, else source.agent',
    agent_run_id String CODEC(ZSTD(1)) COMMENT 'run of the agent itself, for sub-agents',
    recipient LowCardinality(String) COMMENT 'to whom a message was sent',
    user_id String CODEC(ZSTD(1)) COMMENT 'the person who acted or for whom it was done, as the payload says',
    model LowCardinality(String) COMMENT 'model as the payload names it',
    content_text String CODEC(ZSTD(1)) COMMENT 'what was said, asked or decided, as text',
    reasoning_text String CODEC(ZSTD(1)) COMMENT 'reasoning or its summary, as text',
    structured_output String CODEC(ZSTD(1)) COMMENT 'JSON text',
    tool_call_id String CODEC(ZSTD(1)) COMMENT 'id that pairs a call with its result',
    tool_name LowCardinality(String) COMMENT 'of an integration call: service.operation',
    tool_type LowCardinality(String) COMMENT 'function, builtin, mcp or agent',
    attempt UInt32 COMMENT 'number of the attempt, from 1',
    batch_id String CODEC(ZSTD(1)) COMMENT 'of calls that the model asked for at once',
    call_index UInt32 COMMENT 'place in its batch as the model asked',
    call_arguments String CODEC(ZSTD(1)) COMMENT 'JSON text, or what came instead; of an integration call: the request',
    call_output String CODEC(ZSTD(1)) COMMENT 'text or JSON text; of an integration call: the response',
    call_status LowCardinality(String) COMMENT 'status of a result, phase of a call or workflow event, decision of a person',
    error_text String CODEC(ZSTD(1)) COMMENT 'message, or JSON text',
    attachments String CODEC(ZSTD(1)) COMMENT 'JSON text of a list',
    request_id String CODEC(ZSTD(1)) COMMENT 'pairs a question to a person with the answer',
    response_id String CODEC(ZSTD(1)) COMMENT 'id that the provider gave the response',
    message_id String CODEC(ZSTD(1)) COMMENT 'id that the framework gave the message',
    finish_reason LowCardinality(String) COMMENT 'why the model stopped',
    approval_required Bool COMMENT 'of a tool call: a person has to agree first',
    partial Bool COMMENT 'the message was cut off',
    truncated Bool COMMENT 'the payload is a preview: ledger.payload_ref names the whole',
    INDEX tool_call_id_bloom tool_call_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX content_words content_text TYPE text(tokenizer = 'splitByNonAlpha', preprocessor = lower(content_text))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (tenant_id, correlation_id, sequence_no, ordinal)
SETTINGS {{table_settings}}

-- projection
SELECT
    tenant_id, correlation_id, sequence_no, toUInt16(position - 1) AS ordinal,
    recorded_at, timestamp, event_id, event_type, primitive, item_type, runtime_event_type,
    role, agent, agent_run_id, recipient, user_id, model,
    if(item_type = 'reasoning' AND reasoning = '', '', content) AS content_text,
    if(item_type = 'reasoning' AND reasoning = '', content, reasoning) AS reasoning_text,
    structured_output,
    leftUTF8(if(call.tool_call_id != '', call.tool_call_id, own_tool_call_id), 256) AS tool_call_id,
    leftUTF8(if(call.name != '', call.name, own_tool_name), 256) AS tool_name,
    leftUTF8(if(call.tool_type != '', call.tool_type, own_tool_type), 256) AS tool_type,
    attempt,
    leftUTF8(if(call.batch_id != '', call.batch_id, own_batch_id), 256) AS batch_id,
    toUInt32(if(call.index != 0, least(greatest(call.index, 0), 4294967295), greatest(own_index, position - 1))) AS call_index,
    multiIf(call.arguments != '', call.arguments, call.arguments_text != '', call.arguments_text, own_arguments) AS call_arguments,
    call_output, call_status, error_text, attachments, request_id, response_id, message_id, finish_reason,
    call.approval_required OR own_approval_required AS approval_required, partial, truncated
FROM
(
    WITH
        arrayMap(
            call -> JSONExtract(ifNull(call, ''), 'Tuple(tool_call_id String, name String, tool_type String, arguments String,
                arguments_text String, batch_id String, index Int64, approval_required Bool)'),
            arraySlice(lists.calls, 1, if(primitive = 'execution.tool_call', 256, 0))) AS listed_calls,
        empty(listed_calls) AS alone,
        primitive = 'integration.call' AS is_integration,
        arrayStringConcat(lists.content.text, '\n') AS content_parts,
        arrayStringConcat(lists.parts.text, '\n') AS parts,
        arrayStringConcat(arrayMap((text, summary) -> if(text != '', text, summary), lists.reasoning.text, lists.reasoning.summary), '\n')
            AS reasoning_parts
    SELECT
        tenant_id, correlation_id, sequence_no, recorded_at, timestamp, event_id, event_type, primitive,
        leftUTF8(multiIf(
            primitive = 'execution.message', 'message',
            primitive = 'execution.tool_call', 'tool_call',
            primitive = 'execution.tool_result', 'tool_result',
            primitive = 'system.workflow_event', 'workflow_event',
            primitive = 'ui.interaction', 'interaction',
            is_integration, 'integration_call',
            p.kind != '', p.kind,
            event_type = 'execution.input_requested', 'input.requested',
            substring(event_type, 11)), 256) AS item_type,
        leftUTF8(p.runtime_event.type, 256) AS runtime_event_type,
        leftUTF8(multiIf(p.role != '', p.role, primitive = 'ui.interaction', 'user', ''), 256) AS role,
        leftUTF8(if(p.agent != '', p.agent, ifNull(source_agent, '')), 256) AS agent,
        leftUTF8(p.agent_run_id, 256) AS agent_run_id,
        leftUTF8(p.recipient, 256) AS recipient,
        leftUTF8(p.user_id, 256) AS user_id,
        leftUTF8(p.model, 256) AS model,
        multiIf(
            NOT alone, '',
            content_parts != '', content_parts,
            p.content NOT IN ('', '[]'), p.content,
            p.text != '', p.text,
            parts != '' AND primitive != 'execution.tool_result', parts,
            p.prompt != '', p.prompt,
            p.answer != '', p.answer,
            p.decision != '', p.decision,
            p.values != '', p.values,
            p.reason != '', p.reason,
            primitive = 'system.workflow_event', p.name,
            primitive = 'ui.interaction', p.action,
            '') AS content,
        multiIf(NOT alone, '', reasoning_parts != '', reasoning_parts, startsWith(p.reasoning, '['), '', p.reasoning) AS reasoning,
        multiIf(NOT alone, '', p.structured_output != '', p.structured_output, item_type = 'structured_output', p.value, '') AS structured_output,
        if(is_integration AND p.tool_call_id = '', p.call_id, p.tool_call_id) AS own_tool_call_id,
        multiIf(
            is_integration, concat(p.service, if(p.service != '' AND p.operation != '', '.', ''), p.operation),
            primitive IN ('execution.tool_call', 'execution.tool_result') OR item_type = 'tool.started', p.name,
            '') AS own_tool_name,
        p.tool_type AS own_tool_type,
        toUInt32(least(greatest(p.attempt, 1), 4294967295)) AS attempt,
        p.batch_id AS own_batch_id,
        least(greatest(p.index, 0), 4294967295) AS own_index,
        multiIf(NOT alone, '', p.arguments != '', p.arguments, p.arguments_text != '', p.arguments_text, is_integration, p.request, '') AS own_arguments,
        multiIf(NOT alone, '', p.output != '', p.output, primitive = 'execution.tool_result', parts, is_integration, p.response, '') AS call_output,
        leftUTF8(multiIf(p.status != '', p.status, p.phase != '', p.phase, p.decision != '', p.decision, declared_phase), 256) AS call_status,
        multiIf(NOT alone, '', lists.error.message != '', lists.error.message, p.error) AS error_text,
        if(alone, p.attachments, '') AS attachments,
        leftUTF8(p.request_id, 256) AS request_id,
        leftUTF8(p.response_id, 256) AS response_id,
        leftUTF8(p.message_id, 256) AS message_id,
        leftUTF8(p.finish_reason, 256) AS finish_reason,
        p.approval_required AS own_approval_required,
        p.partial AS partial,
        p.truncated NOT IN ('', '[]', 'false') AS truncated,
        arrayResize(listed_calls, greatest(length(listed_calls), 1)) AS calls
    FROM
    (
        SELECT
            tenant_id, correlation_id, sequence_no, recorded_at, timestamp, event_id, event_type, source_agent, primitive, declared_phase,
            JSONExtract(document, 'Tuple(
                runtime_event Tuple(type String), response_id String, model String, agent String, agent_run_id String,
                attempt Int64, error String, truncated String, message_id String, role String, recipient String, content String,
                text String, attachments String, reasoning String, structured_output String, value String,
                finish_reason String, partial Bool, tool_call_id String, name String, tool_type String, arguments String,
                arguments_text String, batch_id String, index Int64, approval_required Bool, status String, output String, kind String,
                request_id String, prompt String, reason String, phase String, user_id String, action String, decision String,
                answer String, values String, call_id String, service String, operation String, request String,
                response String)') AS p,
            JSONExtract(document, 'Tuple(
                content Array(Tuple(text String)), parts Array(Tuple(text String)), error Tuple(message String),
                reasoning Array(Tuple(text String, summary String)),
                calls Array(Nullable(String)))') AS lists
        FROM
        (
            SELECT tenant_id, correlation_id, sequence_no, recorded_at, timestamp, event_id, event_type, source_agent, primitive, declared_phase, document
            FROM {{database}}.ledger
        )
    )
)
ARRAY JOIN calls AS call, arrayEnumerate(calls) AS position
