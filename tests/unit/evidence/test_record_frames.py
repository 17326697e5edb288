"""Frames come back byte for byte, and damage is told, never guessed over."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsnapshot.evidence.record_frames import RecordFrame, read_frames
from chatsnapshot_schemas.errors import CorruptLedger

parts = st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=50)), max_size=6)


@given(parts)
def test_frames_come_back(contents: list[tuple[bytes, bytes]]) -> None:
    frames = [RecordFrame(3 * at, *content) for at, content in enumerate(contents)]
    assert list(read_frames(BytesIO(b"".join(frame.to_bytes() for frame in frames)))) == frames


@given(parts.filter(bool), st.data())
def test_a_file_that_is_cut_off_is_told(contents: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    frames = [RecordFrame(at, *content).to_bytes() for at, content in enumerate(contents)]
    whole = b"".join(frames)
    ends = {sum(map(len, frames[:count])) for count in range(len(frames) + 1)}
    at = data.draw(st.integers(0, len(whole)).filter(lambda at: at not in ends))
    with pytest.raises(CorruptLedger):
        list(read_frames(BytesIO(whole[:at])))


def test_offsets_that_do_not_grow_and_absurd_lengths_are_told() -> None:
    frame = RecordFrame(5, b"k", b"v").to_bytes()
    for content in (frame + frame, frame + RecordFrame(4, b"", b"").to_bytes(), b"\0" * 8 + b"\xff" * 8):
        with pytest.raises(CorruptLedger):
            list(read_frames(BytesIO(content)))
