"""Rows as Markdown tables.

Rules: text out of figures; nothing is read or written here. A cell is the median, with the range in brackets where
there is more than one row; "never" is a run that came to no end of it, a dash what was not measured.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.figures import (
    COSTS,
    EAGER,
    FIRST_FRAME,
    NEVER,
    OURS,
    Figure,
    Measure,
    best_rival,
    figure,
    ratio,
    sound,
    times,
)
from bench.model import Limit, Row
from bench.targets import Bench, Case, Verdict

DASH = "–"


def table(header: Sequence[str], lines: Sequence[Sequence[str]], others: str = "---:") -> str:
    """A Markdown table; the first column is text, the ``others`` are figures unless told otherwise."""
    rule = ["---", *[others] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(line) + " |" for line in [header, rule, *lines])


def number(value: float | None, digits: int = 2) -> str:
    """A value for a cell."""
    if value is None:
        return DASH
    return "never" if value == NEVER else f"{value:.{digits}f}"


def cell(entry: Figure | None, digits: int = 2, count: int | None = None) -> str:
    """Median and range; and over how many rows, where these are not the ``count`` of the table's line."""
    if entry is None:
        return DASH
    low, high = number(entry.low, digits), number(entry.high, digits)
    text = number(entry.median, digits) + (f" ({low}–{high})" if low != high else "")
    return text if count in (None, entry.count) else f"{text} of {entry.count}"


def rows_cell(rows: Sequence[Row]) -> str:
    """How many rows count, how many were discarded because the emulator was late, how many failed; without mpv's."""
    rows = with_ffmpeg(rows)
    kept = sound(rows)
    late, failed = len(rows) - len(kept), sum(1 for row in kept if row.error)
    asides = [f"{late} late"] * bool(late) + [f"{failed} failed"] * bool(failed)
    return str(len(kept)) + (f" ({', '.join(asides)})" if asides else "")


def times_table(bench: Bench) -> str:
    """How long each tool makes the viewer wait in a scenario."""
    return _table(bench, times(bench.scenario), "seconds")


def costs_table(bench: Bench) -> str:
    """What each tool takes for it; empty where nothing was measured."""
    return _table(bench, COSTS, "cost")


def _table(bench: Bench, measures: Sequence[Measure], corner: str) -> str:
    shown = [measure for measure in measures if _finite(bench, measure)]
    if not shown:
        return ""
    lines = [_line(tool, rows, shown) for tool, rows in bench.tools.items()]
    return table([corner, "rows", *(measure.title for measure in shown)], lines + _comparisons(bench, shown))


def _line(tool: str, rows: Sequence[Row], shown: Sequence[Measure]) -> list[str]:
    count = len(sound(with_ffmpeg(rows)))
    name = f"**{tool}**" if tool == OURS else tool
    return [name, rows_cell(rows), *(cell(figure(rows, m), m.digits, count) for m in shown)]


def with_ffmpeg(rows: Sequence[Row]) -> list[Row]:
    """Those whose first frame ffmpeg showed: most of them, and all that counts but mpv's own time."""
    return [row for row in rows if row.player == "ffmpeg"]


def _finite(bench: Bench, measure: Measure) -> bool:
    """Whether any tool came to an end of it: a failed run alone does not say what should have been measured."""
    found = [figure(rows, measure) for rows in bench.tools.values()]
    return any(entry is not None and entry.low != NEVER for entry in found)


def _comparisons(bench: Bench, shown: Sequence[Measure]) -> list[list[str]]:
    """The limits, and ours divided by them and by the best rival: lines in which nothing could be said are left out."""
    lines = []
    if bench.limit is not None:
        whole = bench.limit
        lines.append(["*physical limit*", "", *(number(m.limit(whole), m.digits) for m in shown)])
        lines.append(["*limit in blocks*", "", *(number(in_blocks(whole, m), m.digits) for m in shown)])
    for tool in (OURS, EAGER):
        if tool in bench.tools:
            lines.append([f"{tool} ÷ best rival", "", *(_to_rival(bench, tool, m) for m in shown)])
            lines.append([f"{tool} ÷ limit", "", *(_to_limit(bench, tool, m) for m in shown)])
    return [line for line in lines if set(line[2:]) != {DASH}]


def in_blocks(limit: Limit, measure: Measure) -> float | None:
    """The limit of a measure when blocks need not wait for their piece."""
    if measure.key == FIRST_FRAME.key:
        return limit.first_frame_blocks
    return limit.seeks_blocks.get(measure.key.removeprefix("seek-"))


def _to_rival(bench: Bench, tool: str, measure: Measure) -> str:
    ours, rival = figure(bench.tools[tool], measure), best_rival(bench.tools, measure, bench.limit)
    if ours is None or rival is None or not measure.less:
        return DASH
    value = ratio(ours.median, rival[1].median)
    return DASH if value is None else f"{number(value)} ({rival[0]})"


def _to_limit(bench: Bench, tool: str, measure: Measure) -> str:
    ours = figure(bench.tools[tool], measure)
    least = bench.limit and measure.limit(bench.limit)
    return number(ours.median / least) if ours is not None and least else DASH


def overview(benches: Sequence[Bench]) -> str:
    """First frame, one line for each scenario."""
    header = ["scenario", "headrace", "best rival", "ratio", "limit", "ratio", "headrace-eager", "ratio to the limit"]
    return table(header, [_overview_line(bench) for bench in benches])


def _overview_line(bench: Bench) -> list[str]:
    ours, eager = (figure(bench.tools.get(tool, ()), FIRST_FRAME) for tool in (OURS, EAGER))
    rival = best_rival(bench.tools, FIRST_FRAME)
    least = bench.limit.first_frame if bench.limit else None
    to_rival = ratio(ours.median, rival[1].median) if ours and rival else None
    return [
        f"{bench.scenario.id} {bench.scenario.name}",
        cell(ours),
        f"{number(rival[1].median)} {rival[0]}" if rival else DASH,
        number(to_rival),
        number(least),
        number(ours.median / least if ours and least else None),
        cell(eager),
        number(eager.median / least if eager and least else None),
    ]


def targets_table(found: Sequence[Verdict]) -> str:
    """Each target with its outcome and its figures."""
    header = ["target", "bound", "outcome", "met", "not met", "out of reach", "too few rows"]
    lines = []
    for verdict in found:
        bound = f"≤ {verdict.target.bound:g}"
        outcome = f"**{verdict.state}**" if verdict.state == "not met" else verdict.state
        states = [verdict.of(state) for state in ("met", "missed", "out of reach", "too few rows")]
        lines.append([verdict.target.title, bound, outcome, *(_cases(cases, verdict) for cases in states)])
    return table(header, lines, "---")


def close(value: float, bound: float) -> str:
    """A value beside its bound: with a digit more where rounding would hide on which side of it it lies."""
    digits = 0 if value >= 10 else 2
    return number(value, digits + 1 if value != bound and round(value, digits) == bound else digits)


def _cases(cases: Sequence[Case], verdict: Verdict) -> str:
    """Figures by scenario; what is no plain success says what it is about."""
    several = len({case.title for case in verdict.cases}) > 1
    groups: dict[str, list[str]] = {}
    for case in cases:
        text = close(case.value, verdict.target.bound)
        if case.state != "met":
            text = " ".join(part for part in (case.title if several else "", text, case.note) if part)
        groups.setdefault(case.scenario, []).append(text)
    return "; ".join(f"{scenario} {', '.join(texts)}" for scenario, texts in groups.items()) or DASH
