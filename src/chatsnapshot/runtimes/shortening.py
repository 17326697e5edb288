"""A payload above the limit, cut to what people need to see."""

from typing import Any

STRING_BYTES_MAX = 4 * 1024
"""What remains of a long text: the same as in a preview of a payload in blob storage."""
ITEMS_MAX = 100
"""What remains of a long list or object."""


def shortened(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload with long strings, lists and objects cut; `truncated` names their JSON paths."""
    cut: list[str] = []
    short = {key: _short(value, f"$.{key}", cut) for key, value in payload.items()}
    return {**short, "truncated": [*short.get("truncated", []), *cut][:ITEMS_MAX]}


def _short(value: Any, path: str, cut: list[str]) -> Any:
    if isinstance(value, str):
        return _short_text(value, path, cut)
    if isinstance(value, dict | list) and len(value) > ITEMS_MAX:
        cut.append(path)
    if isinstance(value, dict):
        return {key: _short(item, f"{path}.{key}", cut) for key, item in list(value.items())[:ITEMS_MAX]}
    if isinstance(value, list):
        return [_short(item, f"{path}[{index}]", cut) for index, item in enumerate(value[:ITEMS_MAX])]
    return value


def _short_text(text: str, path: str, cut: list[str]) -> str:
    # 4: the most bytes of a character in UTF-8
    if len(text) * 4 <= STRING_BYTES_MAX or len(text.encode(errors="surrogatepass")) <= STRING_BYTES_MAX:
        return text
    cut.append(path)
    return text.encode(errors="replace")[:STRING_BYTES_MAX].decode(errors="ignore")
