"""Trends as a table of 80 columns, and as lines of `kpi explain`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from rich.cells import cell_len

from kpi_engine.reports.page import WIDTH, cut, padded, painted, plain, wrapped
from kpi_engine.reports.trend_words import (
    CAUSE_WORDS,
    RULE_WORDS,
    assurance_mark,
    figure_words,
    latest_flag,
    month_words,
    parts_words,
    sentence_of,
    span_words,
    target_words,
    variation_mark,
)
from kpi_engine.reports.wording import REASON_WORDS, many, mark
from kpi_engine.terms.codes import CODES
from kpi_engine.terms.period import Period, in_words
from kpi_engine.terms.returned import Validated
from kpi_engine.terms.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from kpi_engine.reports.wording import Mark
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.verdict import Verdict
    from kpi_engine.trend import Trend
    from kpi_engine.variation import Chart, Revised, SpecialCause

SPARKS = 12
_BARS, _GAP = "▁▂▃▄▅▆▇█", "·"
_ASIDE = 7  # cells of the word before a command
_LEAST_NAME = 12
_LISTED = 6
_UNVALIDATED = "unvalidated"
_SECTIONS = (
    (Status.FAIL, "Targets missed"),
    (Status.NOT_ASSESSED, "Not assessed"),
    (Status.NOT_DUE, "Not due yet"),
    (_UNVALIDATED, "Targets met, not validated"),
    (Status.PASS, "Targets met"),
    ("", "Measures"),
)
_HEADS = ("12 months", "Latest", "Variation", "Assurance")


# ── The table ────────────────────────────────────────────────────────────────


def trend_text(
    trends: Sequence[Trend],
    checked: Checked,
    *,
    subject: str = "",
    words: Sequence[str] = (),
    colour: bool = False,
) -> str:
    """The report of `kpi trend` on `subject`, the file or folder as it was typed.

    The month's verdicts of `checked` stand beside the trends. Ends with a newline; no line is over 80
    columns and no number is cut.
    """
    verdicts = {verdict.indicator: verdict for verdict in checked.verdicts}
    blocks = [_heading(checked, subject, colour=colour)]
    for section, title in _SECTIONS:
        group = [trend for trend in trends if _section(verdicts.get(trend.indicator)) == section]
        if group:
            rows = [_row(trend, verdicts.get(trend.indicator)) for trend in group]
            blocks.append(_table(title, rows, colour=colour))
    blocks.append(_closing(trends, tuple(words) or (subject,)))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def sparkline(trend: Trend) -> str:
    """The latest 12 months as bars from their least to their greatest figure; `·` is a month without one."""
    values = [month.value for month in trend.months[-SPARKS:]]
    known = [value for value in values if value is not None]
    least, size = (
        min(known, default=Fraction(0)),
        max(known, default=Fraction(0)) - min(known, default=Fraction(0)),
    )

    def bar(value: Fraction) -> str:
        steps = len(_BARS) - 1
        return _BARS[round((value - least) / size * steps)] if size else _BARS[steps // 2]

    return "".join(_GAP if value is None else bar(value) for value in values)


@dataclass(frozen=True, slots=True)
class _Row:
    """One trend: the month's verdict, its name, and its cells in the order of the heads."""

    status: Mark | None
    name: str
    beside: bool
    cells: tuple[str, str, str, str]
    styles: tuple[str, str, str, str]
    below: str


def _section(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    unsure = verdict.status is Status.PASS and verdict.validated is not Validated.YES
    return _UNVALIDATED if unsure else verdict.status


def _status(verdict: Verdict | None) -> Mark | None:
    """The verdict's mark; that of figures not validated without the pass, which the heading says."""
    if verdict is None:
        return None
    shown = mark(verdict)
    return replace(shown, words=_UNVALIDATED) if _section(verdict) == _UNVALIDATED else shown


def _row(trend: Trend, verdict: Verdict | None) -> _Row:
    latest = month_words(trend, trend.months[-1]) if trend.months else ""
    variation, assurance = variation_mark(trend), assurance_mark(trend)
    notes = [trend.no_target]
    for warning in trend.warnings:
        if warning.code == "V117":
            notes.append(f"Small numbers: out of as few as {min(trend.denominators)}.")
        elif warning.code == "V118":
            notes.append(warning.message)
    return _Row(
        status=None if trend.beside else _status(verdict),
        name=plain(trend.short),
        beside=trend.beside,
        cells=(sparkline(trend), latest, str(variation), "" if assurance is None else str(assurance)),
        styles=("", "", variation.style, "" if assurance is None else assurance.style),
        below=" ".join(note for note in (sentence_of(trend), *notes) if note),
    )


def _table(title: str, rows: Sequence[_Row], *, colour: bool) -> list[str]:
    """The rows under a heading line; only a name is ever cut, and where none fits cells go below it."""
    status = max((cell_len(str(row.status)) for row in rows if row.status), default=-2) + 2
    widths = [max(cell_len(head), *(cell_len(row.cells[n]) for row in rows)) for n, head in enumerate(_HEADS)]
    room = WIDTH - status - sum(width + 2 for width in widths)
    if room < _LEAST_NAME:
        return [painted(title, "bold", colour=colour), *_stacked(rows, colour=colour)]
    names = (cell_len(row.name) for row in rows if not row.beside)
    name = min(room, max((cell_len(title) - status, _LEAST_NAME, *names)))
    head = padded(cut(title, status + name), status + name)
    head += _cells(_HEADS, widths, ("",) * len(_HEADS), colour=False)
    lines = [painted(head.rstrip(), "bold", colour=colour)]
    for row in rows:
        cells = _cells(row.cells, widths, row.styles, colour=colour)
        indent = status + (2 if row.beside else 0)
        shown = "" if row.beside else row.name
        if row.beside:
            lines += wrapped(row.name, indent)
        lines.append((_lead(row, status, colour=colour) + padded(cut(shown, name), name) + cells).rstrip())
        lines += wrapped(row.below, indent, indent + 2)
    return lines


def _lead(row: _Row, room: int, *, colour: bool) -> str:
    if row.status is None:
        return " " * room
    shown = str(row.status)
    return painted(shown, row.status.style, colour=colour) + " " * (room - cell_len(shown))


def _cells(texts: Sequence[str], widths: Sequence[int], styles: Sequence[str], *, colour: bool) -> str:
    line = ""
    for n, (text, width, style) in enumerate(zip(texts, widths, styles, strict=True)):
        blanks = " " * (width - cell_len(text))
        shown = painted(text, style, colour=colour)
        line += "  " + (blanks + shown if n == 1 else shown + blanks)
    return line


def _stacked(rows: Sequence[_Row], *, colour: bool) -> list[str]:
    lines = []
    for row in rows:
        room = cell_len(str(row.status)) + 2 if row.status else 0
        lines.append(_lead(row, room, colour=colour) + cut(row.name, WIDTH - room))
        lines += wrapped("; ".join(cell for cell in row.cells if cell), 4)
        lines += wrapped(row.below, 4, 6)
    return lines


def _heading(checked: Checked, subject: str, *, colour: bool) -> list[str]:
    authority = checked.authority + (" (made-up figures)" if checked.made_up else "")
    month = "month not known" if checked.period is None else checked.period.label
    about = plain(f"Trend to {month}, {authority}")
    name = cut(plain(subject), WIDTH)
    if not name:
        return wrapped(about)
    bold = painted(name, "bold", colour=colour)
    fits = cell_len(name) + 2 + cell_len(about) <= WIDTH
    return [f"{bold}  {about}"] if fits else [bold, *wrapped(about)]


def _closing(trends: Sequence[Trend], again: Sequence[str]) -> list[str]:
    """How to read the table: only what stands in it is explained; `again` is to be typed after an id."""
    drawn = [trend.chart for trend in trends if trend.chart is not None]
    profiles = ", ".join(sorted({chart.profile for chart in drawn}))
    said = [f"XmR charts, profile {profiles or 'none'}; one figure a month. {_GAP} no figure"]
    shapes = {str(m)[0] for t in trends for m in (variation_mark(t), assurance_mark(t)) if m is not None}
    said += [
        text
        for shape, text in (
            ("H", "H, L the latest figure is high or low by more than chance"),
            ("○", "○ ups and downs of chance"),
            ("P", "P the target can be expected to be met"),
            ("F", "F the target will not be met without a change"),
            ("?", "? the target is met in some months and missed in others"),
            ("~", "~ on trial limits, from 7 to 12 months only"),
        )
        if shape in shapes or (shape == "H" and "L" in shapes)
    ]
    lines = wrapped("; ".join(said) + ".", 0, 2)
    if any(trend.rolling for trend in trends):
        lines += wrapped(
            "Charts show each month by itself; kpi check judges the months that a target covers.", 0, 2
        )
    if any(warning.code == "V117" for trend in trends for warning in trend.warnings):
        odds = CODES["V117"].message.partition(". ")[2]
        lines += wrapped(f"Small numbers: {odds[0].lower()}{odds[1:]}", 0, 2)
    for trend in trends[:1]:
        command = shlex.join(["kpi", "explain", trend.indicator, *(word for word in again if word)])
        lines += ["Why    " + "\n".join(wrapped(command, _ASIDE)).lstrip()]
    return lines


# ── Why: the lines of kpi explain ────────────────────────────────────────────


def explain_trend(trend: Trend, changed: Sequence[Revised] = ()) -> list[str]:
    """What the chart says and from what: rule, months, average, range, how many values, denominators.

    `changed` are the months whose flag is another now than when they were reported (trend.revisions).
    Lines as `kpi explain` wraps them.
    """
    if trend.chart is None or not trend.months:
        return [sentence_of(trend)]
    drawn = trend.chart
    held = assurance_mark(trend)
    lines = [sentence_of(trend), f"Variation: {variation_mark(trend)}. {_by_rule(drawn)}".rstrip()]
    if held is not None:
        target = target_words(trend)
        lines.append(f"Assurance: {held}. {f'Target in force: {target}.' if target else trend.no_target}")
    lines += _held_against(trend, drawn)
    lines += _flagged(drawn)
    lines += [
        f"Limits drawn anew from {r.first.label}: {r.reason} ({r.by}, {in_words(r.on)})"
        for r in trend.rebases
    ]
    lines += _revised(changed)
    lines += [
        one.message if one.fix.startswith("Nothing") else f"{one.message} {one.fix}" for one in trend.warnings
    ]
    if trend.rolling:
        lines.append("The chart shows each month by itself; the target judges more months than one.")
    lines.append(f"XmR chart, profile {drawn.profile}.")
    return lines


def _by_rule(drawn: Chart) -> str:
    flag = latest_flag(drawn)
    if flag is None:
        return "No rule flags the latest month." if drawn.variation is not None else ""
    return f"Rule: {RULE_WORDS[flag.rule]}; {span_words(flag.window[0], flag.window[-1])}."


def _held_against(trend: Trend, drawn: Chart) -> Iterator[str]:
    latest, month = drawn.points[-1], trend.months[-1]
    figure, parts = month_words(trend, month), parts_words(month)
    none = f"no figure ({REASON_WORDS[month.reason]})" if month.reason else "no figure"
    yield f"{month.period.label}: {f'{figure} ({parts})' if parts else figure or none}"
    since = next(p.date for p in drawn.points if p.group == latest.group)
    if latest.mean is not None:
        said = f"Average {figure_words(trend, Fraction(latest.mean))}"
        if latest.lower is not None and latest.upper is not None:
            low, high = (figure_words(trend, Fraction(x)) for x in (latest.lower, latest.upper))
            said += f", expected range {low} to {high}"
        yield f"{said}; from {many(drawn.n, 'month')}, {span_words(since, latest.date)}."
    wholes = trend.denominators
    if wholes:
        least, most = min(wholes), max(wholes)
        yield f"Out of {least} in each month." if least == most else f"Out of {least} to {most} a month."


def _flagged(drawn: Chart) -> Iterator[str]:
    """Every stretch that a rule flags, the latest first."""
    said = _stretches((flag.date, CAUSE_WORDS[flag.special_cause]) for flag in drawn.flags)
    if said:
        yield f"Flagged: {_some(said)}."


def _revised(changed: Sequence[Revised]) -> Iterator[str]:
    said = _stretches((one.date, f"then {_named(one.reported)}, now {_named(one.now)}") for one in changed)
    if said:
        yield f"Flagged otherwise when it was the latest month: {_some(said)}."


def _named(cause: SpecialCause | None) -> str:
    return "no verdict" if cause is None else CAUSE_WORDS[cause]


def _stretches(told: Iterable[tuple[date, str]]) -> list[str]:
    """Months in a row of which the same is told, as one; the latest first."""
    found: list[tuple[date, date, str]] = []
    for day, text in told:
        if found and found[-1][2] == text and Period.of(found[-1][1]).plus(1) == Period.of(day):
            found[-1] = (found[-1][0], day, text)
        else:
            found.append((day, day, text))
    return [f"{span_words(first, last)}, {text}" for first, last, text in reversed(found)]


def _some(said: Sequence[str]) -> str:
    more = f"; {len(said) - _LISTED} more" if len(said) > _LISTED else ""
    return "; ".join(said[:_LISTED]) + more
