"""What the sequencer does in Kafka, as its broker's ACLs name it, and what a refusal means."""

from aiokafka.errors import BrokerResponseError
from confluent_kafka import KafkaError, KafkaException

from chatsnapshot_processors.config import SequencerConfig
from chatsnapshot_schemas.errors import AccessRefused
from chatsnapshot_schemas.kafka_access import Access, refusal


def needed_access(config: SequencerConfig) -> tuple[Access, ...]:
    """Rights on topics and the group; what is said of a transactional id shows when it is used."""
    topics = config.topics.sequenced()
    on_topics = [Access(do, "topic", topic) for do in ("Read", "Write", "DescribeConfigs") for topic in topics]
    return (*on_topics, Access("Read", "group", config.group_id))


def refusal_of(config: SequencerConfig, error: BaseException) -> AccessRefused | None:
    """The error for a person when the broker does not allow what a lane or Faust's consumer does; else None."""
    problem = _problem(error)
    if problem is None:
        return None
    known = {
        KafkaError.GROUP_AUTHORIZATION_FAILED: Access("Read", "group", config.group_id),
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: Access(
            "Write", "transactional-id", config.transactional_ids, prefixed=True
        ),
    }
    return refusal(config.kafka, problem, known.get(problem.code()))


def _problem(error: BaseException) -> KafkaError | None:
    """The broker's answer behind an error of either client; their numbers are Kafka's own."""
    if isinstance(error, BrokerResponseError):
        return KafkaError(error.errno, str(error))
    if isinstance(error, KafkaException) and isinstance(error.args[0], KafkaError):
        return error.args[0]
    return None
