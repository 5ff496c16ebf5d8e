"""Months of tables measured: exact parts for every measure, or the reason there are none."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from kpi_engine.measures.counts import disagreement, stand_in
from kpi_engine.measures.figures import SHARES, figure
from kpi_engine.measures.plan import Dated, ReturnKey, dated, measures_of, needs
from kpi_engine.measures.sql import fused
from kpi_engine.rulebook.book import Kind
from kpi_engine.terms.expression import Bound
from kpi_engine.terms.measurement import Measurement, MonthRecords, Origin, Parts, Reason
from kpi_engine.terms.period import Period, span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.measures.plan import Engine, Number
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.returned import MonthReturn
    from kpi_engine.terms.table import Table

    _Totals = Mapping[str, Number] | Exception

_NOTHING = Fraction(0)


def records_of(engine: Engine, months: Sequence[MonthReturn], rulebook: RuleBook) -> list[MonthRecords]:
    """Measure everything that `rulebook` declares in each of `months`, in order.

    Shares are fractions of 1, waits are days. Nothing is raised for what a
    return holds or for a rule that fails: the Measurement has the reason.
    ValueError if two of `months` are one council's and of one month.
    """
    if not months:
        return []
    sheets, stating = rulebook.contract.sheets, _stating(rulebook)
    measures, any_month = measures_of(rulebook).values(), months[0].period
    own = [dated(m, sheets[m.table], any_month, whole=False) for m in measures]
    whole = [dated(m, sheets[m.table], any_month, whole=True) for m in measures if m.window_from_table]
    asked = (*own, *whole)
    targets = {
        n: replace(one, measure=replace(one.measure, kind=Kind.STATED, value=stating[one.measure.id]))
        for n, one in enumerate(asked)
        if one.measure.id in stating
    }
    nil_label = rulebook.contract.nil_label
    records = []
    for found in measure_each(engine, months, (*asked, *targets.values()), nil_label=nil_label):
        for n, target in zip(targets, found[len(asked) :], strict=True):
            found[n] = _with_target(found[n], target)
        records.append(
            MonthRecords(
                own={m.measure: m for m in found[: len(own)]},
                whole={m.measure: m for m in found[len(own) : len(asked)]},
            )
        )
    return records


def _stating(rulebook: RuleBook) -> dict[str, str]:
    """The column that states the target, of each judged measure that has one; the latest step's."""
    return {
        indicator.measure.id: target.column
        for indicator in rulebook.indicators.values()
        for target in indicator.targets
        if target.column is not None
    }


def _with_target(found: Measurement, target: Measurement) -> Measurement:
    """`found` with the target that its rows state; in doubt where that is. None stated: the judge says so."""
    if found.reason is not None or target.reason is Reason.NO_VALUE:
        return found
    if target.reason is None:
        return replace(found, stated_target=target.low.numerator if target.low else None)
    return replace(found, low=None, high=None, reason=target.reason, detail=target.detail)


def measure(
    engine: Engine, month: MonthReturn, asked: Sequence[Dated], *, nil_label: str
) -> tuple[Measurement, ...]:
    """A Measurement for each of `asked` in one month, in order."""
    (found,) = measure_each(engine, [month], asked, nil_label=nil_label)
    return tuple(found)


def measure_each(
    engine: Engine, months: Sequence[MonthReturn], asked: Sequence[Dated], *, nil_label: str
) -> list[list[Measurement]]:
    """For each of `months`, a Measurement for each of `asked`, whatever month that is dated; both in order.

    The measures of one sheet share one SELECT over all months. ValueError as for `records_of`.
    """
    keys = [ReturnKey(month.authority or "", month.period) for month in months]
    if len(set(keys)) < len(keys):
        raise ValueError("two returns of one council for one month")
    needed = [needs(one) for one in asked]
    done: dict[tuple[int, int], Measurement] = {}
    to_do: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for m, month in enumerate(months):
        for n, one in enumerate(asked):
            early = _without_rows(replace(one, month=month.period), needed[n], month, nil_label)
            if early is None:
                to_do[one.sheet.id].append((m, n))
            else:
                done[m, n] = early
    for sheet, places in to_do.items():
        tables = {keys[m]: months[m].tables[sheet] for m, _ in places}
        of_sheet = {n: asked[n] for _, n in places}
        totals: dict[tuple[ReturnKey, int], _Totals] = {}
        for batch in _batches(tables, engine.rows_at_once):
            totals |= _totals(engine, batch, of_sheet)
        for m, n in places:
            dated_here = replace(asked[n], month=months[m].period)
            done[m, n] = _from_rows(dated_here, months[m], tables[keys[m]], totals[keys[m], n])
    return [[done[m, n] for n in range(len(asked))] for m in range(len(months))]


def _batches(tables: Mapping[ReturnKey, Table], most: int | None) -> Iterator[Mapping[ReturnKey, Table]]:
    """The tables in parts of `most` rows, or of one table; all at once where there is no such bound."""
    if most is None:
        yield tables
        return
    batch: dict[ReturnKey, Table] = {}
    rows = 0
    for key, table in tables.items():
        if batch and rows + len(table.rows) > most:
            yield batch
            batch, rows = {}, 0
        batch[key] = table
        rows += len(table.rows)
    yield batch


# ── Before any row is read ───────────────────────────────────────────────────


def _base(asked: Dated, table: Table | None) -> Measurement:
    first = Period.of(asked.days[Bound.WINDOW_START]) if asked.measure.window_from_table else asked.month
    origins = (Origin(asked.month, table.file, table.sheet),) if table else ()
    return Measurement(asked.measure.id, asked.month, months=span(first, asked.month), origins=origins)


def _without_rows(
    asked: Dated, needed: Sequence[str], month: MonthReturn, nil_label: str
) -> Measurement | None:
    """The measurement where no row decides it: no usable table, an empty one, or counts in its place."""
    spec = asked.sheet
    problem, table = month.problems.get(spec.id), month.tables.get(spec.id)
    base = _base(asked, table)
    listless = (table is None or not (table.rows or table.nil)) and (
        problem is None or problem.reason is Reason.SHEET_MISSING
    )
    if listless and spec.id in month.no_case_list:
        return stand_in(asked, month.counts.get(asked.measure.id), base)
    if problem is not None or table is None:
        fault = problem or month.absent
        return replace(base, reason=fault.reason, detail=fault.detail)
    return _without_columns(asked, needed, table, base) or _empty(asked, month, table, base, nil_label)


def _without_columns(
    asked: Dated, needed: Sequence[str], table: Table, base: Measurement
) -> Measurement | None:
    spec = asked.sheet
    absent = [column for column in needed if column not in table.columns]
    if not absent:
        return None
    headings = ", ".join(spec.columns[c].heading if c in spec.columns else c for c in absent)
    detail = f"{spec.sheet} has no column {headings}."
    return replace(base, reason=Reason.COLUMN_MISSING, detail=detail)


def _empty(
    asked: Dated, month: MonthReturn, table: Table, base: Measurement, nil_label: str
) -> Measurement | None:
    """What an empty table says, or one that contradicts its own "none this month"; None: read the rows."""
    spec, kind = asked.sheet, asked.measure.kind
    if table.nil and table.rows:
        detail = f"{nil_label!r} is ticked on {spec.sheet}, but it has rows."
        return replace(base, reason=Reason.SOURCES_DISAGREE, detail=detail)
    if table.rows:
        return None
    if kind is Kind.STATED:
        return replace(base, reason=Reason.NO_VALUE, detail=f"{spec.sheet} is empty.")
    if not table.nil:
        detail = f"{spec.sheet} is empty, and {nil_label!r} is not ticked."
        return replace(base, reason=Reason.NO_DENOMINATOR, detail=detail)
    none = Parts(_NOTHING, _NOTHING if kind in SHARES else None)
    return _settled(asked, month, replace(base, low=none, high=none), Reason.NOTHING_DUE)


# ── From rows ────────────────────────────────────────────────────────────────


def _totals(
    engine: Engine, tables: Mapping[ReturnKey, Table], asked: Mapping[int, Dated]
) -> dict[tuple[ReturnKey, int], _Totals]:
    """The totals of each measure in each return by one SELECT; if that fails, one each.

    So a fault stays with its rule, and a number that cannot be held with its return; with an engine
    that takes all rows at once, only with its rule, for each return alone would be a scan of them all.
    """
    try:
        query = fused(list(asked.values()))
        found = engine.run(tables, query)
        rows = {key: dict(zip(query.columns, found[key][0], strict=True)) for key in tables}
    except Exception as fault:  # noqa: BLE001  (whatever went wrong becomes the reason of one measure)
        if len(asked) > 1:
            return {at: t for n, one in asked.items() for at, t in _totals(engine, tables, {n: one}).items()}
        if len(tables) > 1 and engine.rows_at_once is not None:
            return {at: t for k, own in tables.items() for at, t in _totals(engine, {k: own}, asked).items()}
        return {(key, n): fault for key in tables for n in asked}
    totals: dict[tuple[ReturnKey, int], _Totals] = {}
    for i, n in enumerate(asked):
        ending = f"_{i}"
        names = {name: name.removesuffix(ending) for name in query.columns if name.endswith(ending)}
        names["keyless"] = "keyless"
        for key, row in rows.items():
            totals[key, n] = {total: row[name] for name, total in names.items()}
    return totals


def _from_rows(asked: Dated, month: MonthReturn, table: Table, totals: _Totals) -> Measurement:
    base = _base(asked, table)
    if isinstance(totals, Exception):
        return _rule_error(base, totals)
    try:
        return _settled(asked, month, figure(asked, totals, base), asked.measure.when_none)
    except Exception as fault:  # noqa: BLE001  (as above)
        return _rule_error(base, fault)


def _rule_error(base: Measurement, fault: Exception) -> Measurement:
    # The exception's own words may quote cells; its type cannot.
    detail = f"The rule could not be carried out ({type(fault).__name__})."
    return replace(base, reason=Reason.RULE_ERROR, detail=detail)


def _settled(asked: Dated, month: MonthReturn, found: Measurement, when_none: Reason) -> Measurement:
    """`found`, unless the Counts sheet says otherwise or the share is 0 of 0 whatever the doubt."""
    if found.low is None or found.high is None:
        return found
    if said := disagreement(asked, month.counts.get(asked.measure.id), found):
        return replace(found, low=None, high=None, reason=Reason.SOURCES_DISAGREE, detail=said)
    if found.low.denominator == 0 and found.high.denominator == 0:
        return replace(found, low=None, high=None, reason=when_none, detail="No row is part of this share.")
    return found
