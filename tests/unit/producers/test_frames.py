from hypothesis import given
from hypothesis import strategies as st

from chatsnapshot_producers.frames import encode_frame, is_cut_off, next_frame_at, read_frame

parts = st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=200)), min_size=1, max_size=8)


@given(parts)
def test_frames_are_read_as_they_were_written(events: list[tuple[bytes, bytes]]) -> None:
    data = b"".join(encode_frame(key, body) for key, body in events)
    at, read = 0, []
    while at < len(data):
        frame = read_frame(data, at)
        assert frame is not None
        read.append((frame.key, frame.body))
        at = frame.end
    assert read == events


@given(st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=200), st.binary(max_size=200)), max_size=8))
def test_frames_with_and_without_a_payload_are_read_as_they_were_written(
    events: list[tuple[bytes, bytes, bytes]],
) -> None:
    data = b"".join(encode_frame(*event) for event in events)
    at, read = 0, []
    while at < len(data):
        frame = read_frame(data, at)
        assert frame is not None
        read.append((frame.key, frame.body, frame.payload))
        at = frame.end
    assert read == events


@given(st.binary(max_size=40), st.binary(max_size=200), st.binary(max_size=60), st.data())
def test_no_cut_frame_is_read(key: bytes, body: bytes, payload: bytes, data: st.DataObject) -> None:
    frame = encode_frame(key, body, payload)
    cut = data.draw(st.integers(0, len(frame) - 1))
    assert read_frame(frame[:cut], 0) is None
    assert is_cut_off(b"before" + frame[:cut], len(b"before"))


def test_what_was_written_whole_is_not_cut_off() -> None:
    bad = bytearray(encode_frame(b"k", b"event"))
    bad[-1] ^= 1
    assert not is_cut_off(bytes(bad), 0)
    assert not is_cut_off(bytes(20), 0)  # a file system that lost what was written leaves zeros
    assert not is_cut_off(bytes(3), 0)


@given(st.binary(max_size=40), st.binary(max_size=200), st.binary(max_size=60), st.data())
def test_no_frame_with_a_flipped_bit_is_read(key: bytes, body: bytes, payload: bytes, data: st.DataObject) -> None:
    frame = bytearray(encode_frame(key, body, payload))
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert read_frame(bytes(frame), 0) is None


def test_reading_goes_on_behind_damage() -> None:
    bad = bytearray(encode_frame(b"k", b"first"))
    bad[-1] ^= 1
    data = bytes(bad) + encode_frame(b"k", b"second")
    assert next_frame_at(data, 0) == len(bad)
    assert next_frame_at(bytes(bad) + encode_frame(b"k", b"second", b"payload"), 0) == len(bad)
    assert next_frame_at(bytes(bad), 0) is None
