"""Faust's form of a connection's security; its driver hands it on to aiokafka."""

from faust.auth import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT

from chatsnapshot_schemas.connections import KafkaConnection


def faust_credentials(kafka: KafkaConnection) -> CredentialsT | None:
    """None for plain text without a password. Raises ConfigurationError (certificates cannot be used)."""
    context = kafka.ssl_context()
    if kafka.has_sasl:
        return SASLCredentials(
            username=kafka.username, password=kafka.password, mechanism=kafka.mechanism, ssl_context=context
        )
    return SSLCredentials(context=context) if context else None
