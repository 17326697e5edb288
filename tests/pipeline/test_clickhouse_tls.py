"""ClickHouse over https: each of the clients trusts the authority it is told of, and no other."""

import ssl
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatsnapshot.embedded.readiness import clickhouse_answers
from chatsnapshot.embedded.table_counts import TableCounts, table_counts
from chatsnapshot.settings import Settings
from chatsnapshot_projections.clickhouse_client import connect
from chatsnapshot_projections.sink_batch import Insert
from chatsnapshot_projections.sink_insert import ClickHouseWriter
from chatsnapshot_schemas.connections import ClickHouseConnection
from chatsnapshot_schemas.errors import ClickHouseUnavailable
from tests.fixtures.certificates import Authority
from tests.fixtures.tls_front import tls_front

INSERT_WITHIN_S = 10.0


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


@pytest.fixture
def https_url(authority: Authority, clickhouse_url: str) -> Iterator[str]:
    with tls_front(clickhouse_url, authority.sign("clickhouse", addresses=("127.0.0.1",))) as url:
        yield url


def connection(url: str, ca_file: Path | None) -> ClickHouseConnection:
    """As settings make it."""
    made = Settings(clickhouse_url=url, clickhouse_database="no_such_database", clickhouse_ca_file=ca_file).clickhouse()
    assert made is not None
    return made


def test_every_client_trusts_the_authority(https_url: str, authority: Authority) -> None:
    trusted = connection(https_url, authority.file)
    assert connect(trusted).command("SELECT 7", use_database=False) == 7
    assert table_counts(trusted) == TableCounts(recorded=None, held=None, quarantined=None)
    assert clickhouse_answers(trusted.address, trusted.ssl_context())
    writer = ClickHouseWriter(trusted.model_copy(update={"database": "default"}), INSERT_WITHIN_S)
    table = f"t{uuid.uuid4().hex[:10]}"
    client = connect(trusted)
    client.command(f"CREATE TABLE default.{table} (n UInt8) ENGINE = Memory", use_database=False)
    writer.write(Insert(table=table, token=table, body=f"INSERT INTO {table} FORMAT CSV\n7\n".encode(), rows=1))
    assert client.command(f"SELECT n FROM default.{table}", use_database=False) == 7


@pytest.mark.parametrize("known", [False, True], ids=["system", "another"])
def test_no_client_trusts_another(https_url: str, tmp_path: Path, known: bool) -> None:
    untrusted = connection(https_url, Authority(tmp_path, "stranger").file if known else None)
    with pytest.raises(ClickHouseUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        connect(untrusted)
    with pytest.raises(ClickHouseUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        table_counts(untrusted)
    assert not clickhouse_answers(untrusted.address, untrusted.ssl_context())


def test_a_client_certificate_is_shown(clickhouse_url: str, authority: Authority) -> None:
    asking = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.file))
    asking.verify_mode = ssl.CERT_REQUIRED
    own = authority.sign("sink")
    with tls_front(clickhouse_url, authority.sign("clickhouse", addresses=("127.0.0.1",)), asking) as url:
        nobody = connection(url, authority.file)
        with pytest.raises(ClickHouseUnavailable):
            connect(nobody)
        known = nobody.model_copy(update={"certificate_file": str(own.certificate), "key_file": str(own.key)})
        assert connect(known).command("SELECT 7", use_database=False) == 7
        assert clickhouse_answers(known.address, known.ssl_context())
