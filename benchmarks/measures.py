"""What a part of the benchmark found, as plain data that goes to JSON and back."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.spread import middle


@dataclass
class Measure:
    """One figure, measured once per repeat. `key` is stable: `<part>.<what>`."""

    key: str
    label: str
    unit: str
    values: list[float]
    note: str = ""
    is_ours: bool = True

    @property
    def median(self) -> float:
        """Of the repeats."""
        return middle(self.values)


@dataclass
class Table:
    """A table that stands in the report as it is."""

    title: str
    columns: list[str]
    rows: list[list[str]]


@dataclass
class Curve:
    """A line of the picture."""

    name: str
    points: list[list[float]]
    """[x, y] each."""


@dataclass
class PartResult:
    """Everything that one part has to say."""

    name: str
    title: str
    method: str = ""
    """How it was measured: paragraphs of Markdown."""
    compare_with: str = ""
    """Key of the measure that the ratios of this part's table refer to; empty: no ratios."""
    measures: list[Measure] = field(default_factory=list)
    hides_measures: bool = False
    """The part's own tables say it all."""
    tables: list[Table] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    failed: str = ""
    """Why there is less here than there should be."""
    measured_at: str = ""
    seconds: float = 0.0
    scale: float = 1.0
    repeat: int = 0
    """0: as often as was asked for."""

    def measure(self, key: str, label: str, unit: str, *, note: str = "", is_ours: bool = True) -> Measure:
        """The measure of that key, made when it is new."""
        for known in self.measures:
            if known.key == key:
                return known
        made = Measure(key, label, unit, [], note, is_ours)
        self.measures.append(made)
        return made

    def add(self, key: str, label: str, unit: str, value: float, *, note: str = "", is_ours: bool = True) -> None:
        """One more value of a measure."""
        self.measure(key, label, unit, note=note, is_ours=is_ours).values.append(value)


@dataclass
class Run:
    """One report: the machine, and the parts in order."""

    machine: dict[str, str]
    parts: list[PartResult]

    def to_json(self) -> dict[str, Any]:
        """For `json.dump`."""
        return {"version": 1, **asdict(self)}

    def find(self, key: str) -> Measure | None:
        """A measure that has values."""
        return next((each for part in self.parts for each in part.measures if each.key == key and each.values), None)


def run_from_json(data: dict[str, Any]) -> Run:
    """What `to_json` gave. Raises ValueError for another version."""
    if data.get("version") != 1:
        raise ValueError(f"benchmark results of version {data.get('version')!r} cannot be read; measure again")
    return Run(data["machine"], [_part(each) for each in data["parts"]])


def merged(earlier: Iterable[PartResult], now: Iterable[PartResult], order: Iterable[str]) -> list[PartResult]:
    """The parts in `order`, each as measured last."""
    latest = {part.name: part for part in (*earlier, *now)}
    return [latest[name] for name in order if name in latest]


def _part(data: dict[str, Any]) -> PartResult:
    return PartResult(
        **{
            **data,
            "measures": [Measure(**each) for each in data["measures"]],
            "tables": [Table(**each) for each in data["tables"]],
            "curves": [Curve(**each) for each in data["curves"]],
        }
    )
