"""The bytes of a refused input that somebody solved, from the quarantine topic, which keeps them for ever."""

from chatsnapshot_schemas.connections import KafkaConnection


def solved_original(kafka: KafkaConnection, quarantine_topic: str, partition: int, offset: int) -> bytes | None:
    """The input's value as it came (empty: it had none); None when the topic has let go of it.

    Raises BrokerUnavailable, AccessRefused.
    """
    from chatsnapshot.redriving.quarantine_log import QuarantineLog

    with QuarantineLog(kafka, quarantine_topic, partition) as log:
        found = log.at(offset)
    return None if found is None else found.value or b""
