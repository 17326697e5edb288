"""The picture of the results. Runs in the peers' environment, which has matplotlib.

`python -m benchmarks.picture RESULTS.json PICTURE.svg`
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmarks.measures import Measure, PartResult, run_from_json

OURS, PEER = "#1f5fbf", "#a9b4c2"
LATENCIES = ("p50", "p95", "p99")
SHADES = ("#9ec1f0", "#4d8ad9", "#1f5fbf")
POINTS_MAX = 200
"""Of a line: more cannot be seen and makes the file large."""


def draw(parts: dict[str, PartResult], target: Path) -> None:
    """Four panels; one that was not measured stays empty and says so."""
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "chatsnapshot", "font.size": 9})
    figure, ((first, second), (third, fourth)) = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
    _bars(first, parts.get("sequencer"), "Sequencer, events/s", "sequencer.")
    _throughput(second, parts)
    _latency(third, parts.get("latency"))
    _memory(fourth, parts.get("memory"))
    figure.get_layout_engine().set(h_pad=0.12, w_pad=0.12)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, metadata={"Date": None})
    target.write_text(alone(target.read_text("utf-8")), "utf-8")


def alone(svg: str) -> str:
    """The picture without what names other places: document type, metadata, the old namespace of links."""
    svg = re.sub(r"<!DOCTYPE.*?>|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = svg.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "").replace("xlink:href", "href")
    return "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"


def _bars(axes: Axes, part: PartResult | None, title: str, prefix: str) -> None:
    measures = [each for each in part.measures if each.key.startswith(prefix) and each.values] if part else []
    _horizontal(axes, measures, title)


def _throughput(axes: Axes, parts: dict[str, PartResult]) -> None:
    wanted = (("sink", "sink."), ("backlog", "backlog.rate"), ("sustained", "sustained.rate"))
    measures = [
        each
        for name, prefix in wanted
        for each in (parts[name].measures if name in parts else [])
        if each.key.startswith(prefix) and each.values
    ]
    _horizontal(axes, measures, "Sink and whole path, rows/s")


def _horizontal(axes: Axes, measures: list[Measure], title: str) -> None:
    axes.set_title(title, loc="left", fontweight="bold")
    if not measures:
        _empty(axes)
        return
    measures = measures[::-1]
    medians = [each.median for each in measures]
    errors = [
        [median - min(each.values) for median, each in zip(medians, measures, strict=True)],
        [max(each.values) - median for median, each in zip(medians, measures, strict=True)],
    ]
    colors = [OURS if each.is_ours else PEER for each in measures]
    axes.barh(range(len(measures)), medians, color=colors, xerr=errors, ecolor="#444", capsize=2, height=0.42)
    axes.set_yticks([])
    axes.set_ylim(-0.5, len(measures) - 0.2)
    axes.set_xlim(0, max(max(each.values) for each in measures) * 1.22)
    for at, measure in enumerate(measures):
        figure = {"xytext": (5, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(f"{measure.median:,.0f}", (max(measure.values), at), **figure)
        axes.annotate(measure.label, (0, at + 0.25), xytext=(1, 1), textcoords="offset points", fontsize=7.5)
    _clean(axes)
    axes.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _latency(axes: Axes, part: PartResult | None) -> None:
    axes.set_title("record() to queryable, seconds", loc="left", fontweight="bold")
    found = {each.key: each for each in part.measures if each.values} if part else {}
    rates = sorted({int(key.split(".")[1]) for key in found})
    if not rates:
        _empty(axes)
        return
    width = 0.26
    for which, (name, color) in enumerate(zip(LATENCIES, SHADES, strict=True)):
        places = [at + (which - 1) * width for at in range(len(rates))]
        heights = [found[f"latency.{rate}.{name}"].median for rate in rates]
        drawn = axes.bar(places, heights, width, color=color, label=name)
        axes.bar_label(drawn, fmt="%.2f", fontsize=7)
    axes.set_xticks(range(len(rates)), [f"{rate:,}/s" for rate in rates])
    axes.legend(frameon=False, ncols=3)
    axes.margins(y=0.2)
    _clean(axes)


def _memory(axes: Axes, part: PartResult | None) -> None:
    axes.set_title("Resident memory, MiB, by events that can be queried", loc="left", fontweight="bold")
    curves = [curve for curve in part.curves if curve.points] if part else []
    if not curves:
        _empty(axes)
        return
    for curve in curves:
        step = max(1, len(curve.points) // POINTS_MAX)
        points = curve.points[::step]
        axes.plot([x for x, _ in points], [y for _, y in points], label=curve.name, linewidth=1.4)
    axes.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_ylim(bottom=0)
    axes.set_ylim(top=axes.get_ylim()[1] * 1.25)
    axes.legend(frameon=False, ncols=3, loc="upper left")
    _clean(axes)


def _empty(axes: Axes) -> None:
    axes.text(0.5, 0.5, "not measured", ha="center", va="center", transform=axes.transAxes, color="#888")
    axes.set_axis_off()


def _clean(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def main(results: Path, target: Path) -> None:
    run = run_from_json(json.loads(results.read_text("utf-8")))
    draw({part.name: part for part in run.parts}, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
