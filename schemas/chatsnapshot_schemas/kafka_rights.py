"""What an account may do, asked before a daemon begins: one clear line then, instead of a failure in the middle."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaException, TopicCollection

from chatsnapshot_schemas.kafka_access import Access, denied, refusal
from chatsnapshot_schemas.kafka_admin import ListeningAdmin

ANSWER_WITHIN_S = 15.0


def require_access(admin: ListeningAdmin, wanted: Iterable[Access]) -> None:
    """Raise AccessRefused naming every ACL that is missing for these topics and groups; BrokerUnavailable.

    What the broker does not say (a coordinator that just starts, a broker without that feature) is taken as allowed:
    then the request itself will tell.
    """
    listed = tuple(wanted)
    admin.metadata(ANSWER_WITHIN_S)
    rights = _rights(admin, "topic", listed) | _rights(admin, "group", listed)
    missing = [access for access in listed if not _is_allowed(access, rights)]
    if missing:
        raise denied(admin.kafka, missing)


def _is_allowed(access: Access, rights: Mapping[tuple[str, str], frozenset[str] | None]) -> bool:
    known = rights.get((access.kind, access.name))
    return known is None or access.operation.lower() in known


def _rights(
    admin: ListeningAdmin, kind: str, wanted: tuple[Access, ...]
) -> dict[tuple[str, str], frozenset[str] | None]:
    """Operations by kind and name; None where the broker does not say."""
    names = list(dict.fromkeys(access.name for access in wanted if access.kind == kind))
    if not names:
        return {}
    asked: Any = {"include_authorized_operations": True, "request_timeout": ANSWER_WITHIN_S}
    if kind == "topic":
        futures = admin.describe_topics(TopicCollection(names), **asked)
    else:
        futures = admin.describe_consumer_groups(names, **asked)
    return {(kind, name): _operations(admin, future) for name, future in futures.items()}


def _operations(admin: ListeningAdmin, answer: "Future[Any]") -> frozenset[str] | None:
    """In lower case without dividers, so that both ways to write `DescribeConfigs` are one."""
    try:
        operations = answer.result().authorized_operations
    except KafkaException as error:
        return frozenset() if refusal(admin.kafka, error.args[0]) else None
    return frozenset(each.name.replace("_", "").lower() for each in operations) if operations else None
