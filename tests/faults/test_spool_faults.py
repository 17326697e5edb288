"""The spool under harm: full, cut short, damaged. What was accepted is recorded once; what was not is named."""

from collections import Counter
from pathlib import Path
from typing import Any

from tests.faults.lab import Lab
from tests.faults.oracle import examine
from tests.faults.recorder_process import RecorderProcess, Recorders, Told, assert_recorded
from tests.pipeline.broker_gate import BrokerGate

HOLD_MICROS = 2_000_000
"""What waits for a number that never comes is released soon."""
SMALL_SPOOL = {"SPOOL_BYTES_MAX": str(1 << 20), "SPOOL_BLOCK_S": "0.2"}
NO_ROOM = 40


def test_a_full_spool_under_each_policy(lab: Lab) -> None:
    """Drops are gaps in the ledger; an event that was refused to its face uses no number; a patient one just waits."""
    with BrokerGate(lab.bootstrap) as gate:
        recorders = Recorders(lab, f"kafka://{gate.address}", environment=SMALL_SPOOL)
        common: dict[str, Any] = {"payload_chars": 3_000, "runs": 3}
        drops = recorders.process("drop", folder="a", until_full=NO_ROOM, events=30, **common)
        raises = recorders.process("raise", folder="b", until_full=NO_ROOM, events=30, policy="raise", **common)
        waits = recorders.process("wait", folder="c", events=800, policy="block", **common)
        with recorders, lab.running(hold_micros=HOLD_MICROS):
            for each in (drops, raises, waits):
                each.start()
            drops.wait_full()
            raises.wait_full()
            held = waits.wait_told(300)  # a megabyte
            gate.open()
            assert len(waits.wait()) == 800 > len(held)
            lost = (drops.wait(), drops.dropped())[1]
            raises.wait()
            lab.settle()
            assert_recorded(lab, recorders.told(), lost=lost)
    assert [_no_room(each) for each in (drops, raises, waits)] == [(NO_ROOM, 0), (0, NO_ROOM), (0, 0)]
    assert _gaps(lab) == Counter(each.run for each in lost)
    examine(lab)


def _no_room(process: RecorderProcess) -> tuple[int, int]:
    """(dropped, refused to the caller's face)."""
    (status,) = process.statuses()
    return status["dropped"], status["refused"]


def _gaps(lab: Lab) -> Counter[str]:
    """Missing numbers by run: as the ledger counted them, which is what the view says."""
    counted: Counter[str] = Counter()
    for record in lab.installation.ledger():
        counted[record["envelope"]["correlation_id"]] += record["gap_before"]
    rows = lab.client.query("SELECT correlation_id, sum(missing) FROM gaps GROUP BY 1").result_rows
    assert +counted == Counter({run: int(missing) for run, missing in rows})
    return +counted


def test_a_spool_cut_short_by_a_crash_or_damaged(lab: Lab) -> None:
    """One loses its last bytes, one has a flipped bit, one was filled with zeros by its file system."""
    with BrokerGate(lab.bootstrap) as gate:
        recorders = Recorders(lab, f"kafka://{gate.address}", environment=SMALL_SPOOL)
        lost: list[Told] = []
        with recorders, lab.running(hold_micros=HOLD_MICROS):
            for harm in (_cut, _flip, _zero):
                process = recorders.process(harm.__name__).start()
                process.wait_told(600)
                told = process.kill()
                lost += harm(lab, _spool_of(process), told)
            gate.open()
            last = recorders.send_leftovers()
            lab.settle()
            assert_recorded(lab, recorders.told(), lost=lost)
    assert last.statuses()[0]["damages"] == 3
    assert len(list((last.spools / "rejected").glob("*.damaged"))) == 3
    said = last.log.read_text()
    assert said.count("begin an event that was never written whole") == 1
    assert said.count("what was recorded there is lost") == 2
    flipped = [each for each in lost if each.run.startswith("_flip")]
    assert _gaps(lab) == Counter(each.run for each in flipped)
    examine(lab)


def _spool_of(process: RecorderProcess) -> list[Path]:
    """Segments of the spool that its process left behind, oldest first."""
    (folder,) = {path.parent for path in process.spools.rglob("*.events") if f"-{_pid(process)}-" in path.parent.name}
    return sorted(folder.glob("*.events"))


def _pid(process: RecorderProcess) -> int:
    assert process.process is not None
    return process.process.pid


def _frames(segment: Path, told: list[Told]) -> list[tuple[int, Told]]:
    """Where the frame of each event in this file begins: a header of 12 bytes, the key, one byte, the id."""
    data = segment.read_bytes()
    at = ((data.find(each.event_id.encode()), each) for each in told)
    return [(place - len(f"default/{each.run}") - 13, each) for place, each in at if place > 0]


def _last(segments: list[Path], told: list[Told]) -> Path:
    """The last that holds something; another may just have been begun."""
    return next(segment for segment in reversed(segments) if _frames(segment, told))


def _cut(lab: Lab, segments: list[Path], told: list[Told]) -> list[Told]:
    """Bytes of the last events are gone, the cut in the middle of one."""
    segment = _last(segments, told)
    frames = _frames(segment, told)
    place = lab.choices.randrange(len(frames) // 2, len(frames))
    begin = frames[place][0]
    end = frames[place + 1][0] if place + 1 < len(frames) else segment.stat().st_size
    segment.write_bytes(segment.read_bytes()[: lab.choices.randrange(begin + 1, end)])
    return [each for _, each in frames[place:]]


def _flip(lab: Lab, segments: list[Path], told: list[Told]) -> list[Told]:
    """One bit of one event, which is not the last of its run."""
    frames = _frames(segments[0], told)
    begin, event = frames[lab.choices.randrange(len(frames) - 1)]
    data = bytearray(segments[0].read_bytes())
    data[begin + lab.choices.randrange(100)] ^= 1 << lab.choices.randrange(8)
    segments[0].write_bytes(data)
    return [event]


def _zero(lab: Lab, segments: list[Path], told: list[Told]) -> list[Told]:
    """The file kept its length, the end of it was never written to the disk."""
    segment = _last(segments, told)
    frames = _frames(segment, told)
    place = lab.choices.randrange(len(frames) // 2, len(frames))
    data = segment.read_bytes()
    segment.write_bytes(data[: frames[place][0]].ljust(len(data), b"\0"))
    return [each for _, each in frames[place:]]
