import json

import pytest

from chatsnapshot_producers.http_reports import REQUEST_REPORTS_MAX, _requests
from chatsnapshot_producers.ingest_body import BodyForm
from chatsnapshot_producers.ingest_reading import TenantRule
from chatsnapshot_producers.reported_body import reports_in
from chatsnapshot_schemas.errors import InvalidEvent, WrongTenant
from chatsnapshot_schemas.source_reports import REPORT_BYTES_MAX, RunReport, encode_report
from tests.unit.schemas.test_source_reports import INSTANCE, RUN

ANY = TenantRule("default", alone=False)
ALONE = TenantRule("default", alone=True)


def test_what_a_producer_posts_is_read_again() -> None:
    reports = [INSTANCE, RUN, *(RunReport("default", "i", f"run {n}", n, n, 1) for n in range(REQUEST_REPORTS_MAX))]
    requests = list(_requests(reports))
    assert [len(body.splitlines()) for body in requests] == [REQUEST_REPORTS_MAX, 2]
    assert [report for body in requests for report in reports_in(body, BodyForm.LINES, ALONE)] == reports


def test_json_of_one_or_several() -> None:
    assert reports_in(encode_report(RUN), BodyForm.JSON, ANY) == [RUN]
    assert reports_in(b"[%s,%s]" % (encode_report(RUN), encode_report(INSTANCE)), BodyForm.JSON, ANY) == [RUN, INSTANCE]


def test_another_tenants_report_is_refused_where_only_one_is_written() -> None:
    other = json.dumps({**json.loads(encode_report(RUN)), "tenant_id": "other"}).encode()
    assert reports_in(other, BodyForm.JSON, ANY)[0].tenant_id == "other"
    with pytest.raises(WrongTenant, match="'other'"):
        reports_in(other, BodyForm.JSON, ALONE)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"version":1}', b'{"x":"%s"}' % (b"x" * REPORT_BYTES_MAX), b"[" + b"{}," * 2_000 + b"{}]"],
)
def test_nothing_of_a_wrong_body_is_taken(body: bytes) -> None:
    with pytest.raises(InvalidEvent):
        reports_in(body, BodyForm.JSON, ANY)
