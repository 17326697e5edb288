"""A request's body -> the source reports in it. Pure: bytes in, reports out."""

from chatsnapshot_producers.http_reports import REQUEST_REPORTS_MAX
from chatsnapshot_producers.ingest_body import BodyForm, event_texts
from chatsnapshot_producers.ingest_reading import TenantRule
from chatsnapshot_schemas.errors import InvalidEvent, WrongTenant
from chatsnapshot_schemas.source_reports import REPORT_BYTES_MAX, SourceReport, decode_report


def reports_in(body: bytes, form: BodyForm, rule: TenantRule) -> list[SourceReport]:
    """Every report checked; one that is wrong refuses them all, since a producer makes them by machine.

    Raises InvalidEvent naming the field, WrongTenant.
    """
    return [_report(text, rule) for text in event_texts(body, form, REQUEST_REPORTS_MAX)]


def _report(text: bytes | str, rule: TenantRule) -> SourceReport:
    if len(text) > REPORT_BYTES_MAX:
        raise InvalidEvent("report", f"{len(text):,} bytes, at most {REPORT_BYTES_MAX:,}")
    report = decode_report(text)
    if rule.alone and report.tenant_id != rule.tenant_id:
        raise WrongTenant(f"tenant_id: {report.tenant_id!r}: here only {rule.tenant_id!r} is written")
    return report
