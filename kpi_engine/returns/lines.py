"""The sheets with one line for each measure or milestone: Counts, Milestones, Commentary."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from kpi_engine.returns.personal import telling_words, vocabulary
from kpi_engine.returns.spelling import did_you_mean, normal
from kpi_engine.rulebook.book import Kind
from kpi_engine.terms.returned import CommentaryRow, CountRow, MilestoneRow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from kpi_engine.returns.faults import Faults
    from kpi_engine.rulebook.book import RuleBook, SheetSpec
    from kpi_engine.terms.table import Table, Value

_SHARES = frozenset({Kind.PROPORTION, Kind.SUMS})
_FREE_TEXT = ("why", "action", "ask")  # `lead` is a role or an officer, not a child


def kinds_of_measures(rulebook: RuleBook) -> Mapping[str, Kind]:
    """Every measure that a line may be for, those shown beside others included."""
    return {
        name: measure.kind
        for indicator in rulebook.indicators.values()
        for measure in (indicator.measure, *indicator.beside)
        for name in ({indicator.id, measure.id} if measure is indicator.measure else {measure.id})
    }


def read_counts(table: Table, spec: SheetSpec, rulebook: RuleBook, faults: Faults) -> Mapping[str, CountRow]:
    """The Counts sheet by measure; a line that contradicts itself or another is unknown."""
    kinds = kinds_of_measures(rulebook)
    lines: dict[str, CountRow] = {}
    for index, measure in _lines(table, spec, kinds, "a measure", faults):
        line = _count(table, index, share=kinds[measure] in _SHARES, rulebook=rulebook, faults=faults)
        if line is None:
            continue
        before = lines.get(measure)
        if before is not None and _figures(before) != _figures(line):
            faults.add("R314", _bare(line.number_cell), what=repr(measure))
            line = replace(before, unknown=True)
        lines[measure] = before if before is not None and _figures(before) == _figures(line) else line
    return lines


def read_milestones(
    table: Table, spec: SheetSpec, rulebook: RuleBook, faults: Faults
) -> Mapping[str, MilestoneRow]:
    """The Milestones sheet by milestone."""
    lines: dict[str, MilestoneRow] = {}
    for index, milestone in _lines(table, spec, rulebook.milestones, "a milestone", faults):
        done_on, done_unknown = _cell(table, index, "done_on")
        expected_on, expected_unknown = _cell(table, index, "expected_on")
        line = MilestoneRow(
            done_on if isinstance(done_on, date) else None,
            expected_on if isinstance(expected_on, date) else None,
            done_unknown or expected_unknown,
            _address(table, index, "done_on"),
        )
        before = lines.get(milestone)
        if before is not None and replace(before, cell=line.cell) != line:
            faults.add("R314", _bare(line.cell), what=repr(milestone))
            line = MilestoneRow(None, None, unknown=True, cell=before.cell)
        lines[milestone] = line
    return lines


def read_commentary(
    table: Table, spec: SheetSpec, rulebook: RuleBook, faults: Faults
) -> Mapping[str, CommentaryRow]:
    """The Commentary sheet by measure; words by which a child might be known are told by address only."""
    ordinary = vocabulary(_titles(rulebook))
    lines: dict[str, CommentaryRow] = {}
    for index, measure in _lines(table, spec, kinds_of_measures(rulebook), "a measure", faults):
        words = {name: _words(table, index, name) for name in (*_FREE_TEXT, "lead")}
        day, _ = _cell(table, index, "back_on_track")
        if not any(words.values()) and day is None:
            continue
        for name in _FREE_TEXT:
            for code in telling_words(words[name], ordinary):
                faults.add(code, _bare(_address(table, index, name)))
        if measure in lines:
            faults.add("R314", _bare(_address(table, index, spec.key[0])), what=repr(measure))
            continue
        cell = _address(table, index, "why")
        lines[measure] = CommentaryRow(
            **words, back_on_track=day if isinstance(day, date) else None, cell=cell
        )
    return lines


def _lines(
    table: Table, spec: SheetSpec, known: Collection[str], what: str, faults: Faults
) -> Iterator[tuple[int, str]]:
    """Each row with the id it is for; a fault for one that is for nothing known."""
    key = spec.key[0]
    by_normal = {normal(name): name for name in known}
    for index in range(len(table.rows)):
        value, _ = _cell(table, index, key)
        name = by_normal.get(normal(value)) if isinstance(value, str) else None
        if name is not None:
            yield index, name
        elif not faults.only_counts("R313"):
            maybe = did_you_mean(value, known) if isinstance(value, str) else ""
            faults.add("R313", _bare(_address(table, index, key)), what=what, maybe=maybe)


def _count(table: Table, index: int, *, share: bool, rulebook: RuleBook, faults: Faults) -> CountRow | None:
    """One line of counts; None if nothing is filled in."""
    (number, number_unknown), (out_of, out_of_unknown) = (
        _cell(table, index, n) for n in ("number", "out_of")
    )
    why, why_unknown = _cell(table, index, "why_none")
    unknown = number_unknown or out_of_unknown
    if number is None and out_of is None and why is None and not unknown and not why_unknown:
        return None
    cell = _address(table, index, "number")
    if not unknown and number is not None and out_of is None and share:
        faults.add("R311", _bare(cell))
        unknown = True
    part, whole = _fraction(number), _fraction(out_of)
    if part is not None and whole is not None and part > whole:
        faults.add("R310", _bare(cell))
        unknown = True
    reasons = {normal(text): reason for text, reason in rulebook.contract.no_figure_reasons.items()}
    reason = reasons.get(normal(why)) if isinstance(why, str) else None
    asked = rulebook.contract.sheets[table.name].columns.get("why_none")
    heading = repr(asked.heading) if asked else "the sheet"
    if why is not None and reason is None:
        faults.add(
            "R315",
            _bare(_address(table, index, "why_none")),
            heading=heading,
            allowed=", ".join(rulebook.contract.no_figure_reasons),
        )
    if part == 0 and whole == 0 and why is None:
        faults.add("R312", _bare(cell), heading=heading)
    return CountRow(
        part, whole, reason, unknown, table.sheet, table.rows[index], cell, _address(table, index, "out_of")
    )


def _figures(line: CountRow) -> tuple[object, ...]:
    return line.number, line.out_of, line.why_none, line.unknown


def _cell(table: Table, index: int, name: str) -> tuple[Value, bool]:
    """A cell's value and whether it is unknown; a blank where the sheet lacks the column."""
    column = table.columns.get(name)
    return (None, False) if column is None else (column.values[index], column.unknown[index])


def _words(table: Table, index: int, name: str) -> str:
    value, _ = _cell(table, index, name)
    return value if isinstance(value, str) else ""


def _fraction(value: Value) -> Fraction | None:
    return Fraction(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def _address(table: Table, index: int, name: str) -> str:
    return table.address(index, name) if name in table.columns else ""


def _bare(address: str) -> str:
    return address.rpartition("!")[2]


def _titles(rulebook: RuleBook) -> Iterator[str]:
    """Every text of the rulebook whose capitalised words are titles, teams or places."""
    plan, contract = rulebook.plan, rulebook.contract
    yield plan.title
    yield from (authority.name for authority in plan.authorities)
    for indicator in rulebook.indicators.values():
        yield from (indicator.title, indicator.short, indicator.lead)
        yield from (measure.title for measure in indicator.beside)
    for milestone in rulebook.milestones.values():
        yield from (milestone.title, milestone.lead)
    for spec in contract.sheets.values():
        yield spec.sheet
        for column in spec.columns.values():
            yield from (column.heading, *column.values, *column.choices)
