"""A whole file: every envelope in it, checked."""

from collections.abc import Iterator
from dataclasses import replace
from io import BufferedReader

from chatsnapshot.validation.envelope_check import check_avro, check_json
from chatsnapshot.validation.envelope_file import Found, envelopes
from chatsnapshot.validation.findings import Finding
from chatsnapshot.validation.fixes import fix_for
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.reasons import Reason


def check_file(file: BufferedReader, framing: Framing) -> Iterator[list[Finding]]:
    """What is wrong with each envelope, in order; an empty list for a good one.

    Bounded memory for NDJSON. Raises ConfigurationError, OSError; RegistryUnavailable for Confluent framing.
    """
    for found in envelopes(file):
        findings = _checked(found, framing)
        yield [replace(finding, unit="byte") for finding in findings] if found.is_avro else findings


def _checked(found: Found, framing: Framing) -> list[Finding]:
    if found.problem:
        reason = Reason.TOO_LARGE if found.problem.startswith("longer") else Reason.UNDECODABLE
        where = "value" if found.is_avro else "line"
        return [Finding(found.place, "error", where, str(reason), found.problem, fix_for(where, reason))]
    if found.is_avro:
        return check_avro(found.data, found.place, framing)
    return check_json(found.data, found.place)
