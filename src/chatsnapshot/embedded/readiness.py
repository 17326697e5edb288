"""Questions to the parts of the stack: does it answer yet? Each takes at most about two seconds and never raises."""

import socket
import ssl

from chatsnapshot_schemas.connections import KafkaConnection

PROBE_S = 1.0
"""Everything probed is on this machine, or near: longer means that it does not answer now."""


def accepts_connections(host: str, port: int) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection((host, port), PROBE_S).close()
    except OSError:
        return False
    return True


def broker_answers(kafka: KafkaConnection) -> bool:
    """Whether a Kafka broker gives its metadata."""
    from confluent_kafka import KafkaException

    from chatsnapshot.kafka.admin import admin_client

    try:
        admin_client(kafka).list_topics(timeout=PROBE_S)
    except KafkaException:
        return False
    return True


def group_has_members(kafka: KafkaConnection, group: str) -> bool:
    """Whether a consumer group has a member with partitions: its process has joined and reads."""
    from confluent_kafka import KafkaException

    from chatsnapshot.kafka.admin import admin_client

    admin = admin_client(kafka)  # held until the answer is here: a client that goes away takes its questions with it
    try:
        asked = admin.describe_consumer_groups([group], request_timeout=PROBE_S)
        members = asked[group].result(timeout=2 * PROBE_S).members
    except (KafkaException, TimeoutError):
        return False
    return any(member.assignment and member.assignment.topic_partitions for member in members)


def http_answers(url: str, body: str | None = None, trusted: ssl.SSLContext | None = None) -> bool:
    """Whether GET gives status 200 (and, where asked for, exactly this body, white space aside).

    `trusted`: for https, None: what the system trusts.
    """
    import httpx

    try:
        from_environment = not url.startswith("http://127.0.0.1")
        # the system's certificates take longer to read than the answer: not where nothing is encrypted
        verify = trusted or not url.startswith("http://")
        with httpx.Client(timeout=PROBE_S, trust_env=from_environment, verify=verify) as client:
            answer = client.get(url)
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return answer.status_code == 200 and (body is None or answer.text.strip() == body)


def clickhouse_answers(url: str, trusted: ssl.SSLContext | None = None) -> bool:
    """Whether a ClickHouse HTTP interface answers."""
    return http_answers(url.rstrip("/") + "/ping", "Ok.", trusted)
