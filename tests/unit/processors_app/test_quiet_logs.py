import logging

from chatsnapshot_processors.quiet_logs import _REMEMBERED_MAX, SeldomRepeated


def record(name: str, message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "file", 1, message, arguments, None)


def test_a_message_passes_once_whatever_is_filled_in() -> None:
    seldom = SeldomRepeated(("aiokafka",))
    assert seldom.filter(record("aiokafka.client", "lost %s", 1))
    assert not seldom.filter(record("aiokafka.client", "lost %s", 2))
    assert seldom.filter(record("aiokafka.client", "found %s", 2))
    assert seldom.filter(record("aiokafka", "lost %s", 2))


def test_other_loggers_pass() -> None:
    seldom = SeldomRepeated(("aiokafka",))
    assert all(seldom.filter(record("aiokafkaesque", "again")) for _ in range(3))


def test_ever_new_messages_are_not_remembered_for_ever() -> None:
    seldom = SeldomRepeated(("aiokafka",))
    for number in range(3 * _REMEMBERED_MAX):
        assert seldom.filter(record("aiokafka", f"message {number}"))
        assert len(seldom._passed_at) <= _REMEMBERED_MAX
