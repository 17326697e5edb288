"""What an envelope carries of a payload above the cap: a smaller JSON object that still says what it is about.

The same text gives the same preview in every version: a sequencer that sees an event twice compares the bytes. So
the numbers and names below are part of the contract.

1. A string is cut to STRING_BYTES_MAX.
2. What then is still too large shares the room: members of an object that need less than an equal share are kept
   whole, the others share the rest; a list keeps its first items. Members that the conventions name come first.
3. `truncated` lists the JSON paths that were shortened; a path stands for everything below it, `$` for the payload.
"""

import json
from typing import Any

from chatsnapshot_producers.preview_paths import PATHS_BYTES_MAX, ShortenedPaths, child_path
from chatsnapshot_schemas.payload_json import PAYLOAD_BYTES_MAX

STRING_BYTES_MAX = 4 * 1024
"""Of the string's UTF-8: enough to read, a small part of the cap."""
PART_BYTES_MIN = 128
"""With less room than that a member is not shortened but left out: what would remain of it says nothing."""
OTHERS_SHARE = 4
"""Members that no convention names get at most a quarter of the room when the conventional ones need it."""
_CONVENTIONAL = (
    "action agent agent_run_id answer approval_required arguments arguments_text attachments attempt batch_id call_id "
    "calls channel child_correlation_id content decision depends_on direction duration_ms entity entity_id error "
    "executed_by finish_reason first_token_ms forked_from from_agent index kind mcp_server message_id method model "
    "model_call_id name operation options output parent_agent_run_id parent_entity_id partial parts phase prompt "
    "provider reason reasoning recipient request request_id response response_id retry role runtime_event service "
    "started_at state status status_code structured_output to_agent tool_call_id tool_call_ids tool_type url usage "
    "user_id values workflow_name"
)
CONVENTIONAL = frozenset(_CONVENTIONAL.split())
"""The members of `PAYLOADS.md` at the top of a payload, `truncated` apart."""
_TRUNCATED = "truncated"
_BRACES = 2


class _Number(str):
    """A number as it was written: no digit is lost, none is too long or too large to convert."""

    __slots__ = ()


def preview_of(payload_text: str) -> str:
    """The preview of a JSON object that `check_payload_shape` takes: at most PAYLOAD_BYTES_MAX bytes of UTF-8."""
    payload = _parsed(payload_text)
    before = payload.pop(_TRUNCATED, None)
    shortened = ShortenedPaths(before)
    room = PAYLOAD_BYTES_MAX - PATHS_BYTES_MAX - _BRACES
    others = {name: value for name, value in payload.items() if name not in CONVENTIONAL}
    needed = min(_size_up_to(others, room // OTHERS_SHARE), room // OTHERS_SHARE)
    named = {name: payload[name] for name in payload.keys() & CONVENTIONAL}
    named = {name: payload[name] for name in payload if name in named}
    kept = _fit_members(named, "$", room - needed, shortened)
    kept |= _fit_members(others, "$", room - sum(map(_bytes, kept.values())) - len(kept), shortened)
    members = [kept[name] for name in payload if name in kept]
    return "{" + ",".join([*members, f'"{_TRUNCATED}":{shortened.as_json()}']) + "}"


def _parsed(text: str) -> dict[str, Any]:
    try:
        parsed: dict[str, Any] = json.loads(text, parse_float=_Number)
    except ValueError:  # more digits than Python converts
        parsed = json.loads(text, parse_float=_Number, parse_int=_Number)
    return parsed


def _fit(value: Any, path: str, room: int, shortened: ShortenedPaths) -> str | None:
    """The value as JSON of at most `room` bytes, shortened if it must be; None when nothing useful fits."""
    if isinstance(value, dict):
        return _fit_object(value, path, room, shortened)
    if isinstance(value, list):
        return _fit_list(value, path, room, shortened)
    if isinstance(value, str) and not isinstance(value, _Number):
        return _fit_string(value, path, room, shortened)
    text = _plain(value)
    return text if len(text) <= room else None


def _fit_string(text: str, path: str, room: int, shortened: ShortenedPaths) -> str | None:
    head = _head(text, STRING_BYTES_MAX)
    quoted = _quoted(head)
    while _bytes(quoted) > room:  # escapes take up to six bytes a character
        if room < PART_BYTES_MIN:
            return None
        head = _head(head, len(head) // 2)
        quoted = _quoted(head)
    if len(head) < len(text):
        shortened.add(path)
    return quoted


def _fit_list(items: list[Any], path: str, room: int, shortened: ShortenedPaths) -> str | None:
    left, kept = room - _BRACES, list[str]()
    for index, item in enumerate(items):
        mark = shortened.mark()
        text = _fit(item, f"{path}[{index}]", left, shortened)
        if text is None:
            shortened.back_to(mark)
            shortened.add(path)
            break
        kept.append(text)
        left -= _bytes(text) + 1
    return f"[{','.join(kept)}]" if kept or (not items and room >= _BRACES) else None


def _fit_object(members: dict[str, Any], path: str, room: int, shortened: ShortenedPaths) -> str | None:
    kept = _fit_members(members, path, room - _BRACES, shortened)
    return "{" + ",".join(kept.values()) + "}" if kept or (not members and room >= _BRACES) else None


def _fit_members(members: dict[str, Any], path: str, room: int, shortened: ShortenedPaths) -> dict[str, str]:
    """`"name":value` by name, in order: those that fit. All of them with their commas take at most `room` bytes."""
    limit = max(PART_BYTES_MIN, room // max(1, len(members)))
    sizes = {name: _member_size(name, value, limit) for name, value in members.items()}
    small = sum(size for size in sizes.values() if size <= limit)
    rest = max(0, room - small)
    large = min(rest // (2 * PART_BYTES_MIN), sum(1 for size in sizes.values() if size > limit))
    kept: dict[str, str] = {}
    for name, value in members.items():
        share = room
        if sizes[name] > limit:
            share = min(room, rest // large) if large else 0
            large -= 1 if large else 0
        mark = shortened.mark()
        text = _fit_member(name, value, path, share - 1, shortened)
        if text is None:
            shortened.back_to(mark)
            shortened.add(child_path(path, name))
            continue
        kept[name] = text
        room -= _bytes(text) + 1
        if sizes[name] > limit:
            rest -= _bytes(text) + 1
    return kept


def _fit_member(name: str, value: Any, path: str, room: int, shortened: ShortenedPaths) -> str | None:
    if len(name) + 3 > room:
        return None
    label = f"{_quoted(name)}:"
    text = _fit(value, child_path(path, name), room - _bytes(label), shortened)
    return None if text is None else label + text


def _member_size(name: str, value: Any, limit: int) -> int:
    """With quotes, colon and comma; some number above `limit` when it needs more than that."""
    if len(name) > limit:
        return limit + 1
    size = _bytes(_quoted(name)) + 2
    return size + _size_up_to(value, limit - size) if size <= limit else size


def _size_up_to(value: Any, limit: int) -> int:
    """Bytes of JSON with the strings cut; counting ends when it is above `limit`."""
    if isinstance(value, dict):
        size = _BRACES
        for name, item in value.items():
            if size > limit:
                break
            size += _member_size(name, item, limit - size)
        return size
    if isinstance(value, list):
        size = _BRACES
        for item in value:
            if size > limit:
                break
            size += _size_up_to(item, limit - size) + 1
        return size
    if isinstance(value, str) and not isinstance(value, _Number):
        return _bytes(_quoted(_head(value, STRING_BYTES_MAX)))
    return len(_plain(value))


def _head(text: str, bytes_max: int) -> str:
    """The beginning of a text in at most so many bytes, whole characters."""
    head = text[:bytes_max]
    data = head.encode(errors="surrogatepass")
    if len(data) <= bytes_max:
        return head
    end = bytes_max
    while data[end] & 0xC0 == 0x80:  # inside a character
        end -= 1
    return data[:end].decode(errors="surrogatepass")


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    try:
        quoted.encode()
    except UnicodeEncodeError:
        return json.dumps(text)  # lone surrogates survive as \ud800 escapes
    return quoted


def _plain(value: Any) -> str:
    """A number, true, false or null."""
    return value if isinstance(value, _Number) else json.dumps(value)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
