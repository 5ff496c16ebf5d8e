"""The sheets of the Excel report as values: what a column is called and what each cell holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kpi_engine.reports.board.report import Badge
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kpi_engine.reports.board.report import BoardReport, Fact, Measure, Point, Row

_FIGURE: Final = re.compile(r"([+-]?)(\d+(?:\.(\d+))?)(%| days?)?", re.ASCII)
_PARTS: Final = re.compile(r"(\S+) of (\S+)")
_DAY, _MONTH = "d mmmm yyyy", "mmm yyyy"


@dataclass(frozen=True, slots=True)
class Number:
    """A number as Excel keeps it (59% is 0.59), and the format that shows it as the report does."""

    value: Decimal
    format: str


@dataclass(frozen=True, slots=True)
class Day:
    """A date and its format."""

    value: date
    format: str


Cell = str | Number | Day | Badge | None
"""None is an empty cell."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table on a sheet of its own; the Readme says what it is `about`; `none` stands for no rows."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    none: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart of rows `first` to `last` (from 0) of the Series sheet; `format` is that of its figures."""

    measure: Measure
    first: int
    last: int
    format: str
    most: Decimal


SERIES: Final = (
    *("Measure id", "Measure", "Month", "Figure", "As shown", "Count", "Of"),
    *("Target", "Average", "Expected from", "Expected to", "What it shows", "Unit"),
)
_ROW: Final = (
    *("Measure id", "Measure", "State", "Latest", "Count", "Of", "Target", "Gap"),
    *("Previous", "Trend", "Lead", "Back on track"),
)
_MEASURE: Final = (
    "Note",
    "What it shows",
    "Change",
    "Target outlook",
    "Figures beside",
    "Months",
    "Facts",
    "Title",
)


def sheets_of(report: BoardReport) -> tuple[tuple[Sheet, ...], tuple[Drawing, ...]]:
    """Every sheet in its order, the Readme first and the charts' last, and the drawings for the latter."""
    series, drawings = _series(report)
    told = [_results(report), series]
    if "exceptions" in report.sections:
        told.append(_exceptions(report))
    if "milestones" in report.sections:
        told.append(_milestones(report))
    if "data_quality" in report.sections:
        told.append(_findings(report))
    told.append(_charts(drawings))
    return (_readme(report, told), *told), drawings


def figure(text: str) -> Cell:
    """The number that a printed figure is; text that is none stays text."""
    match = _FIGURE.fullmatch(text)
    if match is None:
        return text
    sign, digits, decimals, unit = match.groups()
    places = "0" if decimals is None else f"0.{'0' * len(decimals)}"
    value = Decimal(sign + digits)
    if unit == "%":
        value, places = value / 100, f"{places}%"
    elif unit is not None:
        places = f'{places}"{unit}"'
    return Number(value, f"+{places};-{places};{places}" if sign == "+" else places)


def _counts(text: str) -> tuple[Cell, Cell]:
    """`30 of 52` in two cells."""
    match = _PARTS.fullmatch(text)
    return (figure(text), None) if match is None else (figure(match[1]), figure(match[2]))


# ── Measures ─────────────────────────────────────────────────────────────────


def _results(report: BoardReport) -> Sheet:
    """A row a measure; last come the headline measures of page one that have no card here."""
    labels = _labels(report)
    rows = []
    for measure in report.measures:
        told = {fact.label: fact.text for fact in measure.details}
        rows.append(
            (
                *_row(measure.id, measure.row),
                measure.note,
                measure.sentence,
                measure.variation.words if measure.variation else "",
                measure.assurance.words if measure.assurance else "",
                _joined(measure.beside),
                _joined(measure.months),
                "; ".join(measure.facts),
                measure.title,
                *(told.get(label, "") for label in labels),
            )
        )
    known = {measure.anchor for measure in report.measures}
    blank = ("",) * (len(_MEASURE) + len(labels))
    rows += [
        (*_row("", row), *blank) for row in (*report.action, *report.headlines) if row.anchor not in known
    ]
    columns = (*_ROW, *_MEASURE, *labels)
    return Sheet("Results", "One row for each measure.", columns, tuple(rows), "No measure.")


def _row(measure: str, row: Row) -> tuple[Cell, ...]:
    return (
        *(measure, row.measure, row.badge, figure(row.latest), *_counts(row.counts), row.target, row.gap),
        *(figure(row.before), row.trend, row.lead, row.back_on_track),
    )


def _labels(report: BoardReport) -> tuple[str, ...]:
    """What is told of measures beyond their row, in the order in which it first comes."""
    taken = {name.casefold() for name in (*_ROW, *_MEASURE)}
    labels = dict.fromkeys(fact.label for measure in report.measures for fact in measure.details)
    return tuple(label for label in labels if label.casefold() not in taken)


def _joined(facts: Sequence[Fact]) -> str:
    return "; ".join(f"{fact.label}: {fact.text}" for fact in facts)


def _series(report: BoardReport) -> tuple[Sheet, tuple[Drawing, ...]]:
    """A row a measure and month, and which rows each chart draws."""
    rows: list[tuple[Cell, ...]] = []
    drawings = []
    for measure in report.measures:
        if measure.picture is None or not measure.picture.points:
            continue
        points, unit = measure.picture.points, measure.picture.unit
        shown = _format(points, unit)
        drawn = [x for p in points for x in (p.value, p.target, p.upper) if x is not None]
        most = max(drawn, default=Decimal(0)) / _scale(unit)
        drawings.append(Drawing(measure, len(rows), len(rows) + len(points) - 1, shown, most))
        rows += [_point(measure, point, unit, shown) for point in points]
    about = "One row for each measure and month that is drawn: the figures behind the charts."
    return Sheet("Series", about, SERIES, tuple(rows), "No figures by month."), tuple(drawings)


def _point(measure: Measure, point: Point, unit: str, shown: str) -> tuple[Cell, ...]:
    def kept(value: Decimal | None) -> Cell:
        return None if value is None else Number(value / _scale(unit), shown)

    return (
        *(measure.id, measure.short, Day(Period.parse(point.period).start, _MONTH)),
        *(kept(point.value), point.shown, *_counts(point.counts)),
        *(kept(point.target), kept(point.mean), kept(point.lower), kept(point.upper), point.flag, unit),
    )


def _format(points: Sequence[Point], unit: str) -> str:
    """One format for a measure's figures: as many decimals as the longest has."""
    places = max((-int(p.value.as_tuple().exponent) for p in points if p.value is not None), default=0)
    return ("0" if places < 1 else f"0.{'0' * places}") + ("%" if unit == "per cent" else "")


def _scale(unit: str) -> int:
    return 100 if unit == "per cent" else 1


def _charts(drawings: Sequence[Drawing]) -> Sheet:
    rows = tuple(
        (m.short, m.badge, m.picture.alt, m.picture.title)
        for m in (one.measure for one in drawings)
        if m.picture is not None
    )
    about = "A chart for each measure with figures by month, and what it shows in words."
    return Sheet("Charts", about, ("Measure", "State", "In words", "Chart"), rows, "No chart.")


# ── The other sheets ─────────────────────────────────────────────────────────


def _exceptions(report: BoardReport) -> Sheet:
    measures = {measure.anchor: measure for measure in report.measures}
    rows: list[tuple[Cell, ...]] = []
    for measure in (measures[anchor] for anchor in report.exceptions if anchor in measures):
        told = [(fact.label, fact.text) for fact in measure.exceptions] or [("", "")]
        rows += [(measure.id, measure.short, measure.badge, *one, "") for one in told]
    rows += [("", other.about, "", other.title, other.because, other.change) for other in report.others]
    columns = ("Measure id", "About", "State", "Exception", "Because", "Change")
    return Sheet(
        "Exceptions", "What was raised and why, the most severe first.", columns, tuple(rows), "No exception."
    )


def _milestones(report: BoardReport) -> Sheet:
    rows = tuple(
        (
            *(one.id, one.title, one.badge, one.said),
            Day(date.fromisoformat(one.due_on), _DAY) if one.due_on else one.due or "No date",
            *(one.expected, one.done, one.lead),
        )
        for one in report.milestones
    )
    columns = ("Milestone id", "Milestone", "Status", "What is said", "Due", "Expected", "Done", "Lead")
    return Sheet("Milestones", "One row for each milestone.", columns, rows, "No milestone.")


def _findings(report: BoardReport) -> Sheet:
    rows = tuple(
        (one.code, one.severity, one.message, figure(one.number), one.where) for one in report.findings
    )
    columns = ("Code", "Kind", "What was found", "How many", "Where")
    return Sheet("Findings", "What was found in the returns, by kind.", columns, rows, "No finding.")


def _readme(report: BoardReport, sheets: Sequence[Sheet]) -> Sheet:
    rows = tuple(_told(report, sheets))
    return Sheet("Readme", "", ("Part", "Item", "Text"), rows, "")


def _told(report: BoardReport, sheets: Sequence[Sheet]) -> Iterator[tuple[Cell, ...]]:
    about = (
        ("Title", report.title),
        ("Board", report.board),
        ("Lead", report.lead),
        ("Meeting", report.meeting),
        ("Period", report.period_label),
        ("Council", report.council),
        ("Plan", report.plan),
        ("Figures", "Made-up figures." if report.made_up else ""),
        ("Marking", report.marking),
        ("Audience", report.audience),
    )
    yield from (("Report", item, text) for item, text in about if text)
    if "summary" in report.sections:
        yield ("Summary", "In short", f"{report.lead_sentence} {report.rest_sentence}".strip())
        yield from (("Summary", t.badge, f"{t.number}: {t.meaning}") for t in report.tallies)
        asks = [f"{ask.text} ({ask.measure})" if ask.measure else ask.text for ask in report.asks]
        for number, text in enumerate(asks, 1):
            yield ("Summary", f"The board is asked to, {number}", text)
        if not asks:
            yield ("Summary", "The board is asked to", "No decision is asked for.")
        yield from (("Summary", "What has changed", text) for text in report.changes)
        if report.completeness:
            yield ("Summary", "How complete the figures are", report.completeness)
    yield from (("Sheet", sheet.name, sheet.about) for sheet in sheets)
    yield from (("Symbol", fact.label, fact.text) for fact in report.symbols)
    yield from (("How to read", fact.label, fact.text) for fact in report.how_to_read)
    yield from (("Data quality", "", text) for text in report.quality)
    for source in report.sources:
        title = f"{source.title}, {source.published}" if source.published else source.title
        yield ("Source", title, "")
        yield from (("Source", fact.label, fact.text) for fact in source.places)
    yield from (("Run", fact.label, fact.text) for fact in report.run)
