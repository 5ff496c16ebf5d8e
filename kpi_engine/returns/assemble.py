"""The months that returns make together: several workbooks may hold one month's sheets."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from kpi_engine.errors import KpiError
from kpi_engine.returns.spelling import normal
from kpi_engine.returns.tables import CASE_SHEETS
from kpi_engine.terms.codes import finding
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.returned import CommentaryRow, CountRow, MilestoneRow, MonthReturn, Problem, Validated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kpi_engine.rulebook.book import RuleBook, SheetSpec
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.returned import Return
    from kpi_engine.terms.table import Table

_Line = TypeVar("_Line", CountRow, MilestoneRow, CommentaryRow)
_FROM_WEAKEST = (Validated.NO, Validated.NOT_STATED, Validated.YES)


@dataclass(frozen=True, slots=True)
class Assembled:
    """The months in order, what was found in putting them together, and the returns that others replace."""

    months: Mapping[Period, MonthReturn]
    findings: tuple[Finding, ...]
    replaced: tuple[Return, ...] = ()


@dataclass(slots=True)
class _Month:
    """One month while it is put together."""

    period: Period
    rulebook: RuleBook
    findings: list[Finding] = field(default_factory=list)
    replaced: list[Return] = field(default_factory=list)


def assemble(returns: Iterable[Return], rulebook: RuleBook) -> Assembled:
    """The months that `returns` make; a return that claims no month is in none.

    The order of `returns` makes no difference. Raises KpiError if they are from
    more than one authority.
    """
    ordered = sorted(
        returns, key=lambda r: (r.claims is not None and r.claims.first, r.file, r.digest, r.replaces)
    )
    _one_authority(ordered, rulebook)
    by_month: defaultdict[Period, list[Return]] = defaultdict(list)
    for returned in ordered:
        if returned.claims is not None:
            by_month[returned.claims].append(returned)
    months: dict[Period, MonthReturn] = {}
    findings: list[Finding] = []
    replaced: list[Return] = []
    for period, of_month in by_month.items():
        month = _Month(period, rulebook)
        months[period] = _assemble_month(of_month, month)
        findings += month.findings
        replaced += month.replaced
    return Assembled(months, tuple(findings), tuple(replaced))


def _one_authority(returns: Sequence[Return], rulebook: RuleBook) -> None:
    codes = sorted({r.authority for r in returns if r.authority is not None})
    if len(codes) > 1:
        names = {a.code: a.name for a in rulebook.plan.authorities}
        raise KpiError([finding("R173", names=", ".join(names.get(code, code) for code in codes))])


def _assemble_month(returns: Sequence[Return], month: _Month) -> MonthReturn:
    returns = _not_replaced(_distinct(returns, month), month)
    used = [r for r in returns if not r.refused]
    refused = [r.file for r in returns if r.refused]
    tables: dict[str, Table] = {}
    problems: dict[str, Problem] = {}
    for spec in month.rulebook.contract.sheets.values():
        if spec.kind in CASE_SHEETS:
            answer = _sheet(spec, used, refused, month)
            if isinstance(answer, Problem):
                problems[spec.id] = answer
            else:
                tables[spec.id] = answer
    return MonthReturn(
        period=month.period,
        authority=next((r.authority for r in used), None),
        validated=min((r.validated for r in used), key=_FROM_WEAKEST.index, default=Validated.NOT_STATED),
        no_case_list=frozenset().union(*(r.no_case_list for r in used)),
        tables=tables,
        problems=problems,
        counts=_merged([r.counts for r in used], _one_count, "the count of {}", used, month),
        milestones=_merged([r.milestones for r in used], _one_milestone, "the milestone {}", used, month),
        commentary=_merged([r.commentary for r in used], _one_comment, "the commentary on {}", used, month),
        absent=_refused(refused) if refused else Problem(Reason.SHEET_MISSING, "The sheet is missing."),
        files=tuple(r.file for r in used),
    )


def _distinct(returns: Sequence[Return], month: _Month) -> list[Return]:
    """The returns less copies of the same file."""
    kept: dict[str, Return] = {}
    for position, returned in enumerate(returns):
        same = kept.setdefault(returned.digest or f"unread {position}", returned)
        if same is not returned:
            month.findings.append(finding("R174", file=returned.file, other=same.file))
    return list(kept.values())


def _not_replaced(returns: Sequence[Return], month: _Month) -> list[Return]:
    """The returns less those that exactly one other names as replaced, and that names not that one."""
    replacing: dict[int, list[Return]] = {
        i: [other for other in returns if other is not one and _replaces(other, one)]
        for i, one in enumerate(returns)
    }
    for one in returns:
        if one.replaces and not any(_replaces(one, other) for other in returns if other is not one):
            month.findings.append(finding("R172", file=one.file, month=month.period.label))
    kept = []
    for i, one in enumerate(returns):
        by = [other for other in replacing[i] if not _replaces(one, other)]
        if by:
            month.findings.append(finding("R171", file=one.file, by=by[0].file))
            month.replaced.append(one)
        else:
            kept.append(one)
    return kept


def _replaces(one: Return, other: Return) -> bool:
    named = normal(one.replaces)
    return bool(named) and named in {normal(other.file), normal(other.file.rpartition(".")[0])}


def _sheet(spec: SheetSpec, used: Sequence[Return], refused: Sequence[str], month: _Month) -> Table | Problem:
    """The one table of a sheet, or why there is none.

    An empty table without "none this month" says nothing, so it stands back behind a
    workbook that holds the sheet.
    """
    holding = [r for r in used if spec.id in r.tables]
    saying = [r for r in holding if r.tables[spec.id].rows or r.tables[spec.id].nil] or holding[:1]
    faults = [
        (r.file, r.problems[spec.id])
        for r in used
        if spec.id in r.problems and r.problems[spec.id].reason is not Reason.SHEET_MISSING
    ]
    files = sorted({r.file for r in saying} | {file for file, _ in faults})
    if len(saying) + len(faults) > 1:
        month.findings.append(
            finding(
                "R170",
                sheet=spec.sheet,
                file=files[-1],
                meant=repr(spec.sheet),
                month=month.period.label,
                files=" and ".join(files),
            )
        )
        return Problem(
            Reason.RETURN_REFUSED, f"{spec.sheet} stands in more than one workbook: {', '.join(files)}."
        )
    if saying:
        return saying[0].tables[spec.id]
    if faults:
        return faults[0][1]
    if refused:
        return _refused(refused)
    return _missing(spec, used, month)


def _missing(spec: SheetSpec, used: Sequence[Return], month: _Month) -> Problem:
    said = [r.problems[spec.id] for r in used if spec.id in r.problems]
    declared = next((r for r in used if spec.id in r.no_case_list), None)
    if declared is not None:
        return declared.problems.get(spec.id) or Problem(
            Reason.SHEET_MISSING, f"There is no case list for {spec.sheet}."
        )
    if used:
        month.findings.append(finding("R131", file=used[0].file, sheet=spec.sheet, meant=repr(spec.sheet)))
    return said[0] if said else Problem(Reason.SHEET_MISSING, f"The sheet {spec.sheet} is missing.")


def _refused(files: Sequence[str]) -> Problem:
    return Problem(Reason.RETURN_REFUSED, f"The return was refused: {', '.join(files)}.")


def _merged(
    parts: Sequence[Mapping[str, _Line]],
    joined: Callable[[_Line, _Line], tuple[_Line, bool]],
    what: str,
    used: Sequence[Return],
    month: _Month,
) -> Mapping[str, _Line]:
    """The lines of every workbook; `joined` makes one of two, and says whether they agree."""
    merged: dict[str, _Line] = {}
    for lines in parts:
        for name, line in lines.items():
            if name not in merged:
                merged[name] = line
                continue
            merged[name], agree = joined(merged[name], line)
            if not agree:
                files = " and ".join(r.file for r in used)
                month.findings.append(
                    finding(
                        "R175",
                        file=used[-1].file,
                        what=what.format(name),
                        month=month.period.label,
                        files=files,
                    )
                )
    return merged


def _one_count(one: CountRow, other: CountRow) -> tuple[CountRow, bool]:
    agree = (one.number, one.out_of, one.why_none) == (other.number, other.out_of, other.why_none)
    return replace(one, unknown=one.unknown or other.unknown or not agree), agree


def _one_milestone(one: MilestoneRow, other: MilestoneRow) -> tuple[MilestoneRow, bool]:
    # A line that is still as the template has it says nothing.
    for said, silent in ((one, other), (other, one)):
        if silent.done_on is None and silent.expected_on is None and not silent.unknown:
            return said, True
    agree = (one.done_on, one.expected_on, one.unknown) == (other.done_on, other.expected_on, other.unknown)
    return (one if agree else MilestoneRow(None, None, unknown=True, cell=one.cell)), agree


def _one_comment(one: CommentaryRow, other: CommentaryRow) -> tuple[CommentaryRow, bool]:
    parts = {
        name: _in_turn(getattr(one, name), getattr(other, name)) for name in ("why", "action", "lead", "ask")
    }
    day = one.back_on_track or other.back_on_track
    agree = other.back_on_track in (None, day)
    return CommentaryRow(**parts, back_on_track=day, cell=one.cell), agree


def _in_turn(one: str, other: str) -> str:
    return one if other in ("", one) else f"{one} {other}".strip()
