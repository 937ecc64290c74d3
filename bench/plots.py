"""Plots of the report, as PNG and SVG: who waits how long, and which blocks came when.

matplotlib is loaded when something is drawn (extra ``bench``). Colours are those of Okabe and Ito, which people with
any kind of colour vision can tell apart; text in the SVG is text. The dots of arrivals are a picture inside the SVG, so
that thousands of them stay small.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.arrivals import read_blocks
from bench.figures import FIRST_FRAME, NEVER, Measure, seek_measures
from bench.model import Limit, Row
from bench.series import (
    ELSEWHERE,
    GAP_SHARE,
    Bar,
    Dot,
    Stretch,
    Wait,
    axis_of,
    bars,
    dots,
    extent,
    labels,
    pair,
    place,
    reach,
    thin,
    waits,
)
from bench.targets import Bench

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

COLOURS = {"ours": "#0072B2", "eager": "#56B4E9", "rival": "#D98E2B", "mark": "#9A9A9A"}
NAMES = {"ours": "headrace", "eager": "headrace --eager", "rival": "rivals", "mark": "marks"}
INK, FAINT, LIMIT = "#222222", "#DDDDDD", "#CC0000"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "headrace",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Helvetica", "Arial", "sans-serif"],
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.edgecolor": "#888888",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "text.color": INK,
    "axes.labelcolor": INK,
    "figure.dpi": 110,
    "savefig.facecolor": "white",
}
PER_LINE = 4
MOST_PANELS = 8
"""In one file, so that it stays small and legible."""
MOST_DOTS = 6000
MOST_TIMES = 3.0
"""A diagram of arrivals ends at so many times what the run of the first panel took: a very slow rival is cut off."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One run in a diagram of arrivals."""

    title: str
    dots: tuple[Dot, ...]
    waits: tuple[Wait, ...]
    end: float
    """Seconds from the launch."""


def first_frames(found: Sequence[Bench], folder: Path) -> list[str]:
    """Time to first frame: a panel for each scenario, a bar for each tool."""
    panels = [(bench, [(FIRST_FRAME, bars(bench, FIRST_FRAME))]) for bench in found]
    return _bar_charts(panels, folder / "first-frame", "Seconds from launch to first frame")


def seeks(found: Sequence[Bench], folder: Path) -> list[str]:
    """Seeks into fresh regions: likewise, a bar for each seek."""
    panels = [(bench, [(one, bars(bench, one)) for one in seek_measures(bench.scenario)]) for bench in found]
    return _bar_charts(panels, folder / "seeks", "Seconds from seek to frame, fresh regions")


Groups = Sequence[tuple[Measure, list[Bar]]]


def _bar_charts(panels: Sequence[tuple[Bench, Groups]], path: Path, title: str) -> list[str]:
    """Small multiples, in as many files as needed; scenarios in which nothing was measured are left out."""
    shown = [(bench, groups) for bench, groups in panels if any(found for _, found in groups)]
    parts = [shown[start : start + MOST_PANELS] for start in range(0, len(shown), MOST_PANELS)]
    names = []
    for number, part in enumerate(parts, 1):
        names += _bar_chart(part, path.with_name(f"{path.name}-{number}"), title)
    return names


def _bar_chart(shown: Sequence[tuple[Bench, Groups]], path: Path, title: str) -> list[str]:
    columns = min(PER_LINE, len(shown))
    lines = math.ceil(len(shown) / columns)
    slots = max(len({bar.tool for _, found in groups for bar in found}) for _, groups in shown)
    bars_in_slot = max(len(groups) for _, groups in shown)

    def draw(canvas: Canvas) -> None:
        axes = list(canvas.subplots(lines, columns, squeeze=False).flat)
        for axis, (bench, groups) in zip(axes, shown, strict=False):
            _bar_panel(axis, f"{bench.scenario.id} {bench.scenario.name}", groups, slots)
        for axis in axes[len(shown) :]:
            axis.set_axis_off()
        _key(canvas, [bar.kind for _, groups in shown for _, found in groups for bar in found], title)

    return _save(path, (3.3 * columns, lines * (0.75 + slots * (0.05 + 0.12 * bars_in_slot)) + 0.7), draw)


def _bar_panel(axis: Axes, title: str, groups: Groups, slots: int) -> None:
    """The bars of a scenario: by tool and, within a tool, by seek; room for ``slots`` tools, as in its neighbours."""
    everything = [bar for _, found in groups for bar in found]
    end = reach(everything)
    tools = list(dict.fromkeys(bar.tool for bar in everything))
    height = 0.8 / len(groups)
    for number, (_, found) in enumerate(groups):
        places = [tools.index(bar.tool) - 0.4 + height * (number + 0.5) for bar in found]
        _bars(axis, places, height * 0.86, found, end)
    axis.set_yticks(range(len(tools)), tools)
    axis.set_ylim(slots - 0.4, -0.6)
    axis.set_xlim(0, end * 1.14)
    axis.tick_params(axis="y", length=0)
    axis.set_title(title)
    names = [measure.title for measure, _ in groups]
    if len(names) > 1:
        axis.set_xlabel("per tool from top: " + ", ".join(name.removeprefix("seek to ") for name in names), fontsize=7)


def _bars(axis: Axes, places: Sequence[float], height: float, found: Sequence[Bar], end: float) -> None:
    """Medians as bars, ranges as whiskers, limits as ticks; what goes beyond the axis says so."""
    lengths = [min(bar.figure.median, end) for bar in found]
    highs = [max(length, min(bar.figure.high, end)) for length, bar in zip(lengths, found, strict=True)]
    axis.barh(places, lengths, height, color=[COLOURS[bar.kind] for bar in found], linewidth=0)
    axis.hlines(places, [min(bar.figure.low, end) for bar in found], highs, colors=INK, linewidth=0.8)
    limits = [(middle, bar.limit) for middle, bar in zip(places, found, strict=True) if bar.limit is not None]
    half = height * 0.58
    lows, tops = [middle - half for middle, _ in limits], [middle + half for middle, _ in limits]
    axis.vlines([limit for _, limit in limits], lows, tops, colors=LIMIT, linewidth=1.3)
    for middle, high, bar in zip(places, highs, found, strict=True):
        covered = bar.limit is not None and high < bar.limit < high + end * 0.12
        beside = bar.limit if covered and bar.limit else high  # not under the tick
        text = label(bar.figure.median, end)
        axis.text(beside + end * 0.015, middle, text, va="center", fontsize=6 if height < 0.5 else 7)


def label(median: float, end: float) -> str:
    """What stands beside a bar; an arrow when the bar would go beyond the ``end`` of the axis."""
    if median == NEVER:
        return "never"
    return f"{median:.1f} →" if median > end else f"{median:.2f}"


def _key(canvas: Canvas, kinds: Sequence[str], title: str) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Patch | Line2D] = [Patch(color=COLOURS[kind], label=NAMES[kind]) for kind in NAMES if kind in kinds]
    handles.append(Line2D([], [], color=INK, linewidth=0.8, label="least to most"))
    handles.append(Line2D([], [], color=LIMIT, linewidth=1.3, label="physical limit (whole pieces)"))
    canvas.suptitle(f"{title} (medians)", x=0.01, ha="left", fontsize=11)
    canvas.legend(handles=handles, loc="outside lower left", ncols=len(handles), frameon=False, fontsize=8)


def arrivals(name: str, title: str, panels: Sequence[Panel], stretches: Sequence[Stretch], folder: Path) -> list[str]:
    """Which block came when, one panel beside the other on the same axes."""
    peers = 1 + max((dot.peer for panel in panels for dot in panel.dots), default=0)
    end = min(MOST_TIMES * panels[0].end, max(panel.end for panel in panels))

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)[0]
        for axis, panel in zip(axes, panels, strict=True):
            _arrivals_panel(axis, panel, stretches, peers, end)
        _piece_labels(axes[0], stretches)
        canvas.suptitle(title, x=0.01, ha="left", fontsize=11)
        canvas.supxlabel(
            "seconds from launch\na dot is a block of 16 KiB as a peer sent it, coloured by peer\n"
            "shaded: the viewer waits · outlined: what the player then reads",
            fontsize=8,
        )  # fmt: skip

    return _save(folder / name, (5.6 * len(panels), 4.6), draw)


def _arrivals_panel(axis: Axes, panel: Panel, stretches: Sequence[Stretch], peers: int, end: float) -> None:
    for wait in panel.waits:
        axis.axvspan(wait.begin, wait.end, color="#F0F0F0", linewidth=0, zorder=0)
        axis.axvline(wait.end, color=INK, linewidth=0.8, zorder=1)
        _reads(axis, wait, stretches)
    shown = thin(panel.dots, MOST_DOTS)
    last = max((dot.piece for dot in panel.dots), default=0.0) + 1
    heights = [place(stretches, dot.piece) for dot in shown]
    axis.scatter(
        [dot.at for dot in shown],
        [1 + GAP_SHARE + (ELSEWHERE - GAP_SHARE) * dot.piece / last if y is None else y
         for dot, y in zip(shown, heights, strict=True)],
        c=[dot.peer / peers for dot in shown],
        s=4, cmap="viridis", vmin=0, vmax=1.1, linewidths=0, rasterized=True, zorder=2,
    )  # fmt: skip
    for base in [*(stretch.base for stretch in stretches[1:]), 1 + GAP_SHARE / 2]:
        axis.axhline(base - GAP_SHARE / 2, color=FAINT, linewidth=0.8, zorder=0)
    texts = labels(panel.waits, end)
    for begin, text in texts:
        axis.text(begin, 1.01 + ELSEWHERE, text, fontsize=7, va="bottom", linespacing=0.95)
    lines = max((text.count("\n") + 1 for _, text in texts), default=0)
    axis.set_title(panel.title, pad=6 + 9 * lines, fontweight="bold")
    axis.set_ylim(-0.01, 1.0 + ELSEWHERE)
    axis.set_xlim(-0.01 * end, end)


def _reads(axis: Axes, wait: Wait, stretches: Sequence[Stretch]) -> None:
    from matplotlib.patches import Rectangle

    for first, last in wait.pieces:
        low, high = place(stretches, first), place(stretches, last)
        if low is None or high is None:
            continue
        shape = Rectangle((wait.begin, low), wait.end - wait.begin, max(high - low, 0.006))
        shape.set(fill=False, edgecolor=LIMIT, linewidth=0.8, zorder=3)
        axis.add_patch(shape)


def _piece_labels(axis: Axes, stretches: Sequence[Stretch]) -> None:
    places = [stretch.base for stretch in stretches]
    names = [str(stretch.first) for stretch in stretches]
    axis.set_yticks([*places, 1 + ELSEWHERE / 2], [*names, "elsewhere"])
    axis.set_ylabel("piece")


def _save(path: Path, size: tuple[float, float], draw: Callable[[Canvas], None]) -> list[str]:
    """As PNG and SVG; returns the name without suffix."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        canvas = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(canvas)
        draw(canvas)
        canvas.savefig(path.with_suffix(".png"), dpi=110)
        canvas.savefig(path.with_suffix(".svg"), dpi=150, metadata={"Date": None})
    return [path.name]


def draw_all(found: Sequence[Bench], folders: Mapping[str, Path], target: Path) -> list[str]:
    """Every plot of the report into ``target``; names without suffix. ``folders``: where the logs of a scenario are."""
    names = first_frames(found, target) + seeks(found, target)
    for bench in found:
        names += arrivals_of(bench, folders.get(bench.scenario.id), target)
    return names


def arrivals_of(bench: Bench, folder: Path | None, target: Path) -> list[str]:
    """Arrivals in the typical runs of Headrace and the best rival; nothing where a log or the limit is missing."""
    if folder is None or bench.limit is None or not bench.limit.piece_length:
        return []
    rows = [row for row in pair(bench) if (folder / row.arrivals).exists()]
    panels = [_panel(row, bench.limit, folder / row.arrivals) for row in rows]
    if not panels:
        return []
    stretches = axis_of(bench.limit, [panel.dots for panel in panels])
    title = f"{bench.scenario.id} {bench.scenario.name}: which blocks came when"
    return arrivals(f"arrivals-{bench.scenario.id}", title, panels, stretches, target)


def _panel(row: Row, limit: Limit, log: Path) -> Panel:
    end = extent(row)
    shown = dots(read_blocks(log), row.launched or 0.0, limit.piece_length, end)
    return Panel(row.tool, tuple(shown), tuple(waits(row, limit)), end)
