from pathlib import Path

import pytest

from chatsnapshot.destinations import destination_of
from chatsnapshot.settings import Settings
from chatsnapshot.spooling.named_destination import destination_named
from chatsnapshot.spooling.sending import send_spools
from chatsnapshot_producers.spool import Spool
from chatsnapshot_producers.spool_inventory import spool_reports
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.errors import ConfigurationError, StackNotRunning


@pytest.mark.parametrize(
    "url", ["kafka://a:9092", "kafka://b:1,a:2", "http://127.0.0.1:8180", "https://ledger.example/team"]
)
def test_a_name_leads_back_to_its_destination(url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, topic_prefix="here")
    name = destination_of(url, settings, "x").name
    elsewhere = Settings(data_dir=tmp_path, topic_prefix="here", url="kafka://other:1")
    found = destination_named(name, elsewhere)
    assert found.name == name
    assert found.blobs is not None


def test_events_of_another_topic_are_not_sent_to_this_one(tmp_path: Path) -> None:
    name = destination_of("kafka://a:1", Settings(topic_prefix="there"), "x").name
    with pytest.raises(ConfigurationError, match=r"there\.events.*CHATSNAPSHOT_TOPIC_PREFIX"):
        destination_named(name, Settings(data_dir=tmp_path, topic_prefix="here"))


def test_a_stack_that_does_not_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(StackNotRunning, match=str(tmp_path)):
        destination_named(f"stack:{tmp_path}/chatsnapshot.events", Settings(kafka_bootstrap_servers="a:1"))


def test_what_has_no_way_to_go_stays_and_is_named(tmp_path: Path) -> None:
    root = tmp_path / "spool"
    for destination in ("", "carrier-pigeon://home"):
        spool = Spool.create(root, destination, envelope_schema().fingerprint, 64 * 1024 * 1024, fsync=False)
        spool.append(b"default/r", b"any")
        spool.finish()
    results = {result.destination: result for result in send_spools(Settings(data_dir=tmp_path), 5.0)}
    assert {name: (result.left, result.is_done) for name, result in results.items()} == {
        "": (1, False),
        "carrier-pigeon://home": (1, False),
    }
    assert "carrier-pigeon" in (results["carrier-pigeon://home"].problem or "")
    assert sum(report.events for report in spool_reports(root)) == 2
