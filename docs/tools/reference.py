"""`docs/reference.md`: settings, metrics, reason codes, findings and errors, from the modules that define them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from docs.tools.markdown import GENERATED, code, sentence, table
from docs.tools.metric_rows import metrics_by_process
from docs.tools.source_reading import attribute_docs
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from chatsnapshot.settings import Settings
from chatsnapshot.verification.findings import OPEN, Kind
from chatsnapshot_schemas import errors
from chatsnapshot_schemas.reasons import Reason

INTRODUCTION = """\
# Reference: settings, metrics, codes

What to do about a code, a figure or an alert is in [operations](operations.md); commands are in the
[command-line reference](cli.md)."""

SETTINGS = """\
## Settings

Environment variables, read once when a process starts. An unknown variable is ignored; a wrong value is refused with
the variable's name."""

METRICS = """\
## Metrics

Prometheus text at `/metrics`: of the HTTP server on its own port, of sequencer and sink on `--metrics-port`
(`up` chooses the ports; `status` shows them). A program that records has its metrics in the default registry of
`prometheus_client`, to be served with its own."""

REASONS = """\
## Reason codes

Why an input is in quarantine: in the header `chatsnapshot-reason`, the column `quarantine.reason`, the label `reason`
of `chatsnapshot_sequencer_quarantined_total`, and in answers over HTTP."""

FINDINGS = """\
## Findings of a verification

`chatsnapshot verify` ends with 0 (intact and complete), 2 (broken: something contradicts the contract) or 3 (intact,
but open)."""

ERRORS = """\
## Errors

Every error of the Python packages is a `ChatSnapshotError` with a stable `code`, which answers over HTTP carry too.
The tree says what the caller does next: retry, quarantine, or stop."""


def reference() -> str:
    """The document."""
    return "\n".join([GENERATED, INTRODUCTION, *_sections()]) + "\n"


def _sections() -> Iterator[str]:
    yield from ("", SETTINGS, "", *table(("variable", "default", "meaning"), _setting_rows()))
    yield from ("", METRICS)
    for who, metrics in metrics_by_process():
        rows = [(code(m.name), m.type, ", ".join(map(code, m.labels)), sentence(m.meaning)) for m in metrics]
        yield from ("", f"### {who}", "", *table(("name", "type", "labels", "meaning"), rows))
    docs = attribute_docs(Reason)
    yield from ("", REASONS, "", *table(("code", "meaning"), ((code(each), docs[each.name]) for each in Reason)))
    yield from ("", FINDINGS, "", *table(("finding", "makes the ledger", "meaning"), _finding_rows()))
    yield from ("", ERRORS, "", *table(("code", "error", "meaning"), _error_rows(errors.ChatSnapshotError, 0)))


def _setting_rows() -> Iterator[tuple[str, str, str]]:
    docs = attribute_docs(Settings)
    if missing := Settings.model_fields.keys() - docs.keys():
        raise LookupError(f"settings without a text below them: {', '.join(sorted(missing))}")
    for name, field in Settings.model_fields.items():
        meaning = sentence(docs[name])
        if choices := _choices(field.annotation):
            meaning = f"{meaning} One of {', '.join(map(code, choices))}."
        yield code(f"CHATSNAPSHOT_{name.upper()}"), _default(field), meaning


def _choices(annotation: Any) -> list[str]:
    for each in (annotation, *get_args(annotation)):
        if get_origin(each) is Literal:
            return [str(choice) for choice in get_args(each)]
    return []


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        value = field.get_default(call_default_factory=True, validated_data={})
        return code(re.sub(f"^{re.escape(str(Path.home()))}", "~", str(value)))
    if field.default is None or field.default == "":
        return "unset"
    return code(str(getattr(field.default, "get_secret_value", lambda: field.default)()))


def _finding_rows() -> Iterator[tuple[str, str, str]]:
    docs = attribute_docs(Kind)
    if missing := {kind.name for kind in Kind} - docs.keys():
        raise LookupError(f"findings without a text below them: {', '.join(sorted(missing))}")
    for kind in Kind:
        yield code(kind), "open" if kind in OPEN else "**broken**", docs[kind.name]


def _error_rows(kind: type[errors.ChatSnapshotError], depth: int) -> Iterator[tuple[str, str, str]]:
    shown = "reason code" if kind is errors.InvalidEvent else code(kind.code)
    yield shown, f"{'&nbsp;' * 4 * depth}`{kind.__name__}`", sentence((kind.__doc__ or "").split("\n\n")[0])
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _error_rows(child, depth + 1)
