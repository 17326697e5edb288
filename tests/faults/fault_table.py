"""The table of a fault run: a line for each fault."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faults.lab import Lab

COLUMNS = ("fault", "events", "lost", "doubled", "ledger_still_s", "table_still_s")


def fault_row(name: str, lab: "Lab") -> dict[str, Any]:
    """What a fault came to; `lost` and `doubled` are the oracle's, None when it was not asked."""
    seen = lab.examined
    return {
        "fault": name.removeprefix("test_"),
        "events": len(lab.acknowledged) if seen is None else seen.inputs,
        "lost": None if seen is None else seen.lost,
        "doubled": None if seen is None else seen.doubled,
        "ledger_still_s": round(lab.stillness.ledger_s, 1),
        "table_still_s": round(lab.stillness.table_s, 1),
    }


def fault_table(rows: list[dict[str, Any]]) -> str:
    """The rows as a Markdown table."""
    lines = [COLUMNS, tuple("---" for _ in COLUMNS), *(tuple(row[name] for name in COLUMNS) for row in rows)]
    return "\n".join(
        "| " + " | ".join("not asked" if cell is None else str(cell) for cell in line) + " |" for line in lines
    )
