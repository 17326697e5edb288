"""`docs/pictures/architecture.svg`: the flow, from the boxes and arrows below, for light and dark pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 980, 1010
LINE_HEIGHT = 17
HEAD_LINE = 19

STYLE = """\
svg { font-family: ui-sans-serif, system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
.page { fill: #ffffff; stroke: #d8dee4; }
.zone { fill: #f4f6f8; stroke: none; }
.zone-name { fill: #59636e; font-size: 12px; letter-spacing: .08em; }
.title { fill: #1f2328; font-size: 15px; font-weight: 600; }
.line { fill: #454c54; font-size: 12.5px; }
.mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.box { fill: #ffffff; stroke: #8c959f; stroke-width: 1.2; }
.process { fill: #e6f0ff; stroke: #2f6fd0; }
.topic { fill: #fff4de; stroke: #b7791f; }
.store { fill: #e7f6ec; stroke: #2c8a4b; }
.arrow { fill: none; stroke: #59636e; stroke-width: 1.5; marker-end: url(#head); }
.proof { stroke: #8250df; stroke-dasharray: 5 4; }
.label { fill: #59636e; font-size: 12px; }
.tip { fill: #59636e; }
@media (prefers-color-scheme: dark) {
  .page { fill: #0d1117; stroke: #30363d; }
  .zone { fill: #151b23; }
  .zone-name, .label { fill: #9198a1; }
  .title { fill: #f0f6fc; }
  .line { fill: #c0c8d1; }
  .box { fill: #161b22; stroke: #6e7681; }
  .process { fill: #12253f; stroke: #4d8fe8; }
  .topic { fill: #33260d; stroke: #d29922; }
  .store { fill: #10291a; stroke: #3fb950; }
  .arrow { stroke: #9198a1; }
  .proof { stroke: #b083f0; }
  .tip { fill: #9198a1; }
}"""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with a title and lines. `kind`: box, process, topic or store."""

    x: int
    y: int
    width: int
    height: int
    kind: str
    title: str
    lines: tuple[str, ...] = ()
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line through points, with a label at a place of its own."""

    points: tuple[tuple[int, int], ...]
    label: str = ""
    at: tuple[int, int] = (0, 0)
    kind: str = ""


ZONES = (
    (20, 20, 940, 222, "YOUR PROGRAMS"),
    (20, 254, 940, 110, "KAFKA"),
    (20, 376, 940, 152, "SEQUENCER"),
    (20, 540, 940, 112, "KAFKA"),
    (20, 664, 940, 190, "SINK AND CLICKHOUSE"),
    (20, 866, 940, 124, "READING AND PROOF"),
)
BOXES = (
    Box(44, 54, 270, 62, "box", "Agent runtimes", ("runtimes.ag2.attach(agent, run)",)),
    Box(334, 54, 270, 62, "box", "Services, user interfaces", ("Recorder: run.record(type, payload)",)),
    Box(666, 54, 270, 62, "box", "Any language", ("HTTP: POST /v1/events",)),
    Box(
        44,
        156,
        560,
        62,
        "process",
        "Spool on the producer's disk",
        ("sent in order by a background thread; trimmed when Kafka has it",),
    ),
    Box(666, 156, 270, 62, "process", "Ingest", ("answers when Kafka has it (acks=all)",)),
    Box(
        44,
        286,
        892,
        56,
        "topic",
        "chatsnapshot.events",
        ("one partition a run: murmur2 of tenant/correlation; the broker stamps the time; kept 7 days",),
        mono=True,
    ),
    Box(
        44,
        408,
        590,
        98,
        "process",
        "Sequencer: one lane (thread) an input partition",
        (
            "pure core: check, drop duplicates, hold for causes and predecessors,",
            "number, chain with SHA-256; time is stream time, never a clock",
            "one Kafka transaction a batch: outputs, state and input offset together",
        ),
    ),
    Box(
        666,
        408,
        270,
        98,
        "store",
        "RocksDB, one a partition",
        ("caches the ledger's part of the", "state; may be deleted: it is", "rebuilt from the topics"),
    ),
    Box(44, 572, 330, 58, "topic", "chatsnapshot.ledger", ("the public stream, kept for ever",), mono=True),
    Box(394, 572, 290, 58, "topic", "chatsnapshot.quarantine", ("original bytes and a reason",), mono=True),
    Box(704, 572, 232, 58, "topic", "chatsnapshot.state", ("held events; compacted",), mono=True),
    Box(
        44,
        696,
        892,
        52,
        "process",
        "Sink: one Avro block an insert, announced in the offset's metadata",
        ("a lost answer is sent again with the same bytes and the same token",),
    ),
    Box(44, 782, 250, 52, "store", "ledger", ("every record, every field",), mono=True),
    Box(314, 782, 352, 52, "store", "run_items, usage_lines, ...", ("materialized views: a projection is SQL",)),
    Box(686, 782, 250, 52, "store", "quarantine, held", ("what waits for a person or a cause",)),
    Box(44, 898, 214, 70, "box", "Verifier", ("recomputes every hash from", "the topic, compares tables")),
    Box(279, 898, 205, 70, "box", "SQL", ("any ClickHouse client", "chatsnapshot sql")),
    Box(505, 898, 205, 70, "process", "HTTP server", ("runs, transcript, graph, cost", "/v1/...")),
    Box(731, 898, 205, 70, "box", "CLI and Python", ("show, why, tail, ...", "Ledger.connect()")),
)
ARROWS = (
    Arrow(((179, 116), (179, 156))),
    Arrow(((469, 116), (469, 156))),
    Arrow(((801, 116), (801, 156))),
    Arrow(((324, 218), (324, 286)), "Avro, idempotent, acks=all", (336, 248)),
    Arrow(((801, 218), (801, 286))),
    Arrow(((324, 342), (324, 408)), "read_committed", (336, 372)),
    Arrow(((634, 457), (666, 457))),
    Arrow(((209, 506), (209, 572)), "recorded", (219, 546)),
    Arrow(((500, 506), (500, 572)), "cannot be recorded", (510, 546)),
    Arrow(((628, 506), (628, 518), (820, 518), (820, 572)), "waits", (830, 556)),
    Arrow(((280, 630), (280, 696)), "read_committed", (290, 662)),
    Arrow(((539, 630), (539, 696))),
    Arrow(((820, 630), (820, 696))),
    Arrow(((169, 748), (169, 782))),
    Arrow(((294, 808), (314, 808))),
    Arrow(((811, 748), (811, 782))),
    Arrow(((220, 834), (220, 898)), kind="proof"),
    Arrow(((381, 834), (381, 898))),
    Arrow(((607, 834), (607, 898))),
    Arrow(((833, 834), (833, 898))),
    Arrow(((44, 601), (32, 601), (32, 933), (44, 933)), kind="proof"),
)


def architecture_picture() -> str:
    """The picture as SVG text."""
    return "\n".join(_parts()) + "\n"


def _parts() -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'role="img" aria-label="How an event flows through ChatSnapshot">'
    )
    yield "<!-- Drawn by docs/tools/architecture_picture.py. -->"
    yield f"<style>\n{STYLE}\n</style>"
    yield (
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>'
    )
    yield f'<rect class="page" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="10"/>'
    for x, y, width, height, name in ZONES:
        yield f'<rect class="zone" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>'
        yield f'<text class="zone-name" x="{x + 24}" y="{y + 22}">{escape(name)}</text>'
    for box in BOXES:
        yield from _box(box)
    for arrow in ARROWS:
        yield from _arrow(arrow)
    yield "</svg>"


def _box(box: Box) -> Iterator[str]:
    yield f'<rect class="box {box.kind}" x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="7"/>'
    text_height = HEAD_LINE + LINE_HEIGHT * len(box.lines)
    x, y = box.x + 16, box.y + (box.height - text_height) / 2 + 15
    mono = " mono" if box.mono else ""
    yield f'<text class="title{mono}" x="{x}" y="{y:g}">{escape(box.title)}</text>'
    for number, line in enumerate(box.lines):
        yield f'<text class="line" x="{x}" y="{y + HEAD_LINE + number * LINE_HEIGHT:g}">{escape(line)}</text>'


def _arrow(arrow: Arrow) -> Iterator[str]:
    path = "M" + "L".join(f"{x} {y}" for x, y in arrow.points)
    yield f'<path class="arrow {arrow.kind}" d="{path}"/>'.replace(' "', '"')
    if arrow.label:
        yield f'<text class="label" x="{arrow.at[0]}" y="{arrow.at[1]}">{escape(arrow.label)}</text>'
