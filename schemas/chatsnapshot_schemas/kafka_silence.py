"""A logger for Kafka clients that says nothing: librdkafka repeats itself on standard error, what matters is raised."""

import logging

_NAME = "chatsnapshot.kafka.librdkafka"


def silent_logger() -> logging.Logger:
    """To be given to every client as `logger`."""
    logger = logging.getLogger(_NAME)
    logger.setLevel(logging.CRITICAL + 1)
    return logger
