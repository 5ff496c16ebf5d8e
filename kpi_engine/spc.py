"""The rules of variation over any series: two CSV files in, two out."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from kpi_engine.errors import KpiError
from kpi_engine.terms.codes import finding
from kpi_engine.terms.finding import Finding, Severity
from kpi_engine.variation import PROFILES, Chart, Direction, Variation, chart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kpi_engine.variation.charted import Figure, Number

SERIES = ("series_id", "date", "value")
CONFIG = ("series_id", "improvement_direction", "target", "rebase_dates", "screen_outliers", "fix_after_n")
POINTS = ("series_id", "date", "mean", "lpl", "upl", "mr", "mean_mr", "special_cause_type", "point_type")
SUMMARY = ("series_id", "variation_type", "variation_icon", "assurance_type", "assurance_icon")
_LISTED = 50
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE = re.compile(r"(\d{1,9})(\.0*)?", re.ASCII)
_SWITCH = MappingProxyType({"": True, "TRUE": True, "T": True, "FALSE": False, "F": False})
_MISSING = frozenset({"", "NA"})  # R's write.csv writes NA


class Spc(NamedTuple):
    """The text of both tables, and what the reader should know of the input."""

    points: str
    summary: str
    findings: tuple[Finding, ...]


def spc(
    series_csv: str,
    config_csv: str,
    profile: str = "nhsr-0.2.2",
    *,
    series_name: str = "series.csv",
    config_name: str = "config.csv",
) -> Spc:
    """Charts of every series in `series_csv`, as `config_csv` asks, by the named profile.

    Both are the text of a file: `series_id,date,value` (dates as 2024-03-31; an empty value is missing) and
    `series_id,improvement_direction,target,rebase_dates,screen_outliers,fix_after_n` (`;` between dates);
    other columns are ignored. Out come one line a point and one a series: series as first met, dates
    ascending, numbers as `repr(float)`, the undefined empty. The names are for findings (`series.csv:12:3` is
    the third field of line 12). Raises KpiError with every fault of both files; KeyError for an unknown
    profile.
    """
    exact = PROFILES[profile].exact
    series_file, config_file = _File(series_name), _File(config_name)
    listed = _listed(series_file, series_csv, exact=exact)
    configs = _configs(config_file, config_csv, exact=exact)
    if series_file.is_table and config_file.is_table:
        _match(listed, configs, series_file, config_file)
    charts = {
        name: made
        for name, series in listed.items()
        if name in configs and (made := _chart(series, configs[name], profile, config_file))
    }
    findings = (*series_file.findings, *config_file.findings)
    faults = [f for f in findings if f.severity is not Severity.FLAG]
    if len(faults) > _LISTED:
        faults[_LISTED:] = [finding("V129", count=len(faults) - _LISTED)]
    if faults:
        raise KpiError(faults)
    return Spc(_points(charts), _summary(charts), findings)


@dataclass(slots=True)
class _File:
    """One CSV file while it is read: its header, and what was found. No field is ever quoted in a finding."""

    name: str
    header: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    is_table: bool = True

    def note(self, found: Finding, line: int, name: str = "") -> None:
        """Note a finding at a line, at the field called `name`."""
        column = self.header.index(name) + 1 if name else 1
        self.findings.append(replace(found, file=self.name, line=line, column=column))

    def rows(self, text: str, columns: Sequence[str]) -> Iterator[_Row]:
        """Its lines, empty ones left out; those that cannot be read are noted."""
        lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
        line = 1
        try:
            self.header = [name.strip() for name in next(lines, [])]
            missing = [name for name in columns if self.header.count(name) != 1]
            self.is_table = not missing
            if missing:
                self.note(finding("V120", columns=",".join(columns), missing=", ".join(missing)), 1)
                return
            line = lines.line_num + 1
            for fields in lines:
                if len(fields) == len(self.header):
                    yield _Row(self, line, dict(zip(self.header, map(str.strip, fields), strict=True)))
                elif fields:
                    self.note(finding("V121"), line)
                line = lines.line_num + 1
        except csv.Error:
            self.note(finding("V121"), line)


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a file, its fields by name."""

    file: _File
    line: int
    fields: dict[str, str]

    def note(self, found: Finding, name: str) -> None:
        """Note a finding on this line, at the field called `name`."""
        self.file.note(found, self.line, name)

    def series_id(self) -> str:
        """The series it belongs to."""
        if not self.fields["series_id"]:
            self.note(finding("V122"), "series_id")
        return self.fields["series_id"]

    def day(self, name: str, text: str) -> date | None:
        """The date that `text`, from the field `name`, writes; None, and noted, if it is none."""
        try:
            day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None:
            self.note(finding("V123", name=name), name)
        return day

    def number(self, name: str, *, exact: bool) -> Number | None:
        """The number in a field; None if it is empty, or, noted, if it is no number."""
        text = self.fields[name]
        if text in _MISSING:
            return None
        number: Number = math.inf
        if _NUMBER.fullmatch(text):
            number = Fraction(text) if exact else float(text)
        if number in {math.inf, -math.inf}:
            self.note(finding("V124", name=name), name)
            return None
        return number


@dataclass(frozen=True, slots=True)
class _Series:
    """The points of one series in the order of the file, and the first line that names it."""

    line: int
    points: dict[date, Number | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Config:
    """How one series is charted, and the line that says so."""

    line: int
    better: Direction
    target: Number | None
    rebase: frozenset[date]
    screen: bool
    fix_after: int | None


def _listed(file: _File, text: str, *, exact: bool) -> dict[str, _Series]:
    listed: dict[str, _Series] = {}
    for row in file.rows(text, SERIES):
        series = listed.setdefault(row.series_id(), _Series(row.line))
        day, value = row.day("date", row.fields["date"]), row.number("value", exact=exact)
        if day in series.points:
            row.note(finding("V101", date=day), "date")
        elif day is not None:
            series.points[day] = value
    return listed


def _configs(file: _File, text: str, *, exact: bool) -> dict[str, _Config]:
    configs: dict[str, _Config] = {}
    for row in file.rows(text, CONFIG):
        name, config = row.series_id(), _config(row, exact=exact)
        if name in configs:
            row.note(finding("V127"), "series_id")
        configs.setdefault(name, config)
    return configs


def _config(row: _Row, *, exact: bool) -> _Config:
    """The options of a line; a faulty one is noted and stands as its default."""
    better = row.fields["improvement_direction"].lower()
    if better not in set(Direction):
        row.note(
            finding("V125", name="improvement_direction", allowed=", ".join(Direction)),
            "improvement_direction",
        )
        better = Direction.NEUTRAL
    screen = _SWITCH.get(row.fields["screen_outliers"].upper())
    if screen is None:
        row.note(finding("V125", name="screen_outliers", allowed="TRUE or FALSE"), "screen_outliers")
    fix_after, whole = row.fields["fix_after_n"], _WHOLE.fullmatch(row.fields["fix_after_n"])
    if fix_after not in _MISSING and whole is None:
        row.note(finding("V125", name="fix_after_n", allowed="a whole number"), "fix_after_n")
    dates = [text.strip() for text in row.fields["rebase_dates"].split(";")]
    rebase = [row.day("rebase_dates", text) for text in dates if text not in _MISSING]
    return _Config(
        line=row.line,
        better=Direction(better),
        target=row.number("target", exact=exact),
        rebase=frozenset(day for day in rebase if day is not None),
        screen=screen is not False,
        fix_after=int(whole[1]) if whole else None,
    )


def _match(
    listed: dict[str, _Series], configs: dict[str, _Config], series_file: _File, config_file: _File
) -> None:
    for name, series in listed.items():
        if name and name not in configs:
            series_file.note(finding("V126", config=config_file.name), series.line)
    for name, config in configs.items():
        if name and name not in listed:
            config_file.note(finding("V128", series=series_file.name), config.line)


def _chart(series: _Series, config: _Config, profile: str, file: _File) -> Chart | None:
    """The chart of a series; its warnings, or why there is none, are noted at the line that asks for it."""
    made: Chart | None
    try:
        made = chart(
            series.points.items(),
            better=config.better,
            target=config.target,
            rebase=config.rebase,
            fix_after=config.fix_after,
            screen=config.screen,
            profile=profile,
        )
    except KpiError as error:
        made, found = None, error.findings
    else:
        found = made.warnings
    for each in found:
        file.note(each, config.line)
    return made


def _points(charts: dict[str, Chart]) -> str:
    return _table(POINTS, (row for name, chart in charts.items() for row in _point_rows(name, chart)))


def _point_rows(name: str, chart: Chart) -> Iterator[Sequence[str]]:
    for _, group in groupby(chart.points, key=attrgetter("group")):
        points = list(group)
        first = points[0]  # the lines of a group are level: written out once
        mean, lower, upper, size = map(
            _written, (first.mean, first.lower, first.upper, first.mean_moving_range)
        )
        for p in points:
            cause, kind = p.special_cause or "", point_type(p.colour)
            yield name, p.date.isoformat(), mean, lower, upper, _written(p.moving_range), size, cause, kind


def _summary(charts: dict[str, Chart]) -> str:
    return _table(
        SUMMARY,
        (
            (name, point_type(c.variation), c.variation_icon or "", c.assurance or "", c.assurance_icon or "")
            for name, c in charts.items()
        ),
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def _written(figure: Figure | None) -> str:
    return "" if figure is None else repr(float(figure))


def point_type(colour: Variation | None) -> str:
    """A colour by the name that the reference gives it."""
    if colour is None or colour is Variation.COMMON_CAUSE:
        return colour or ""
    return f"special_cause_{colour}"
