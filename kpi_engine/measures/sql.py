"""Measures as SQL that DuckDB and Spark share: one SELECT a table, in three layers.

*marks*: every row of the sheet, with 2 (certain), 1 (cannot say) or 0 (certain
not) for each condition of each measure. *units*: the rows of one key together,
certain only where they agree. *totals*: one row of counts and sums; no
division, no float, and null only where a figure has no value.

For measure i: `_pop_i` in the population, `_num_i` counted, `_left_i` left out,
and for an amount `x`: `_x_low_i`, `_x_high_i`, `_x_vague_i` (it is unknown).
`_keyless`: part of the row's key is unknown, so it may repeat any other row.
"""

# ruff: noqa: S608  (every name is quoted and every constant escaped; no cell is part of the text)

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar, assert_never

from kpi_engine.measures.conditions import (
    expression,
    joined,
    literal,
    mark,
    quoted,
    surely,
    surely_not,
    unknown,
)
from kpi_engine.measures.plan import Atom, Dated, Query, needs, population, set_aside
from kpi_engine.rulebook.book import Kind
from kpi_engine.terms.expression import Bound, columns_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.rulebook.book import SheetSpec

_T = TypeVar("_T")

# ── Marks: what each row says for each measure ───────────────────────────────


_LACKING = "the rule or the sheet leaves out what the measure's kind needs"


@dataclass(frozen=True, slots=True)
class _Amount:
    """A number of a row as SQL: its bounds, and whether it is unknown."""

    name: str
    low: str
    high: str
    vague: str = "FALSE"


def _amounts(asked: Dated) -> tuple[_Amount, ...]:
    measure = asked.measure
    match measure.kind:
        case Kind.PROPORTION if measure.weight is None:
            return (_Amount("x", "1", "1"),)
        case Kind.PROPORTION:
            return (_bounded("x", measure.weight, asked.sheet),)
        case Kind.SUMS:
            above = _bounded("x", measure.numerator_sum, asked.sheet)
            return (above, _bounded("y", measure.denominator_sum, asked.sheet))
        case Kind.COUNT | Kind.OCCURRENCE | Kind.CHANGE:
            return ()
        case Kind.LONGEST:
            return (_wait(asked),)
        case Kind.STATED:
            return _stated(measure.value)
        case _:
            assert_never(measure.kind)


def _bounded(amount: str, column: str | None, spec: SheetSpec) -> _Amount:
    """A number column; a cell that is unknown lies between the column's least and most; a blank is 0."""
    column = _given(column)
    read = f"COALESCE({quoted(column)}, 0)"
    low, high = (
        f"CASE WHEN {unknown(column)} THEN {literal(_given(bound))} ELSE {read} END"
        for bound in (spec.columns[column].least, spec.columns[column].most)
    )
    return _Amount(amount, low, high, unknown(column))


def _wait(asked: Dated) -> _Amount:
    """Days from `since` to the period's end; none where it is blank, unknown or still to come."""
    since = asked.measure.since
    if since is None:
        raise ValueError(_LACKING)
    day, end = expression(since, asked.days), literal(asked.days[Bound.PERIOD_END])
    waited = f"CASE WHEN {day} < {end} THEN DATE_DIFF('day', {day}, {end}) ELSE 0 END"
    return _Amount("x", waited, waited, joined(" OR ", map(unknown, sorted(columns_of(since))), none="FALSE"))


def _stated(column: str | None) -> tuple[_Amount, ...]:
    column = _given(column)
    value, vague = quoted(column), unknown(column)
    blank = f"CASE WHEN {value} IS NULL AND NOT {vague} THEN 1 ELSE 0 END"
    return (_Amount("x", value, value, vague), _Amount("blank", blank, blank))


def _given(value: _T | None) -> _T:
    if value is None:
        raise ValueError(_LACKING)
    return value


def _marks(asked: Dated, i: int, *, keyed: bool) -> tuple[str, ...]:
    """The mark columns of one measure. A row without a key is never certain to be in or counted."""
    held = population(asked)
    in_it, not_in_it = surely(held, asked.days), surely_not(held, asked.days)
    certain = f"{in_it} AND _keyless = 0" if keyed else in_it
    columns = [
        f"CASE WHEN {not_in_it} THEN 0 WHEN {certain} THEN 2 ELSE 1 END AS _pop_{i}",
        f"CASE WHEN {surely(set_aside(asked), asked.days)} THEN 1 ELSE 0 END AS _left_{i}",
    ]
    if asked.measure.kind is Kind.PROPORTION:
        if asked.measure.numerator is None:
            raise ValueError(_LACKING)
        counted = mark(asked.measure.numerator, asked.days)
        if keyed:
            counted = f"CASE WHEN _keyless = 1 THEN 1 ELSE {counted} END"
        columns.append(f"{counted} AS _num_{i}")
    for amount in _amounts(asked):
        columns += [
            f"{amount.low} AS _{amount.name}_low_{i}",
            f"{amount.high} AS _{amount.name}_high_{i}",
            f"CASE WHEN {amount.vague} THEN 1 ELSE 0 END AS _{amount.name}_vague_{i}",
        ]
    return tuple(columns)


def _marked(measures: Sequence[Dated], more: Sequence[str] = ()) -> str:
    """The first layer: the sheet's rows with their key and every measure's marks."""
    spec = measures[0].sheet
    keys = [f"{quoted(c)} AS _key_{n}" for n, c in enumerate(spec.key)]
    keyless = joined(" OR ", map(unknown, spec.key), none="FALSE")
    marks = [m for i, asked in enumerate(measures) for m in _marks(asked, i, keyed=bool(spec.key))]
    rows = f"SELECT *, CASE WHEN {keyless} THEN 1 ELSE 0 END AS _keyless FROM {quoted(spec.id)}"
    # A row without a full key, or on a sheet without one, is a unit of its own.
    alone = "CASE WHEN _keyless = 1 THEN _row END" if spec.key else "_row"
    listed = ", ".join([*keys, f"{alone} AS _alone", "_row", "_keyless", *marks, *more])
    return f"SELECT {listed} FROM ({rows}) AS sheet_rows"


def _unit_of(spec: SheetSpec) -> str:
    return ", ".join([*(f"_key_{n}" for n in range(len(spec.key))), "_alone"])


# ── Units: the rows of one key together ──────────────────────────────────────


def _agreed(marks: str, over: str = "") -> str:
    return f"CASE WHEN MIN({marks}){over} = 2 THEN 2 WHEN MAX({marks}){over} = 0 THEN 0 ELSE 1 END"


def _merged(asked: Dated, i: int, over: str = "") -> tuple[str, ...]:
    """What a unit says: marks where its rows agree, and amounts over the rows not certainly outside."""
    columns = [f"{_agreed(f'_pop_{i}', over)} AS _pop_{i}", f"MIN(_left_{i}){over} AS _left_{i}"]
    if asked.measure.kind is Kind.PROPORTION:
        columns.append(f"{_agreed(f'_num_{i}', over)} AS _num_{i}")
    for amount in _amounts(asked):
        for part, pick in (("low", "MIN"), ("high", "MAX"), ("vague", "MAX")):
            column = f"_{amount.name}_{part}_{i}"
            columns.append(f"{pick}(CASE WHEN _pop_{i} <> 0 THEN {column} END){over} AS {column}")
    return tuple(columns)


def _unsettled(asked: Dated, i: int) -> str:
    """SQL that is true of a unit whose part in the measure cannot be said for certain."""
    unclear = [f"_num_{i} = 1"] if asked.measure.kind is Kind.PROPORTION else []
    for amount in _amounts(asked):
        column = f"_{amount.name}_{{}}_{i}"
        unclear += [f"{column.format('vague')} = 1", f"{column.format('low')} <> {column.format('high')}"]
    inside = f"(_pop_{i} = 2 AND {joined(' OR ', unclear, none='FALSE')})"
    return f"(_pop_{i} = 1 OR {inside})"


# ── Totals: the one row that comes back ──────────────────────────────────────


def _sum(when: str, what: str = "1") -> str:
    return f"COALESCE(SUM(CASE WHEN {when} THEN {what} END), 0)"


def _pick(which: str, when: str, what: str) -> str:
    return f"{which}(CASE WHEN {when} THEN {what} END)"


_SURE, _POSSIBLE = "_pop_{i} = 2", "_pop_{i} <> 0"
_COUNTED = MappingProxyType({"low": _sum(_SURE), "high": _sum(_POSSIBLE)})
_LEAST_PART, _MOST_PART = "LEAST(_x_low_{i}, _y_high_{i})", "LEAST(_x_high_{i}, _y_high_{i})"

# What each kind adds up. The least share has the least counted and the greatest rest (the whole less
# the counted); a unit that may be outside brings only what makes that worse. The greatest: the reverse.
_TOTALS = MappingProxyType(
    {
        Kind.PROPORTION: {
            "low_counted": _sum(f"{_SURE} AND _num_{{i}} = 2", "_x_low_{i}"),
            "low_rest": _sum(f"{_POSSIBLE} AND _num_{{i}} <> 2", "_x_high_{i}"),
            "high_counted": _sum(f"{_POSSIBLE} AND _num_{{i}} <> 0", "_x_high_{i}"),
            "high_rest": _sum(f"{_SURE} AND _num_{{i}} = 0", "_x_low_{i}"),
        },
        # A part never counts for more than its whole. `rest` less `rest_less` is the rest: taking one
        # decimal from another here would cost Spark digits.
        Kind.SUMS: {
            "low_counted": _sum(_SURE, _LEAST_PART),
            "low_rest": _sum(_POSSIBLE, "_y_high_{i}"),
            "low_rest_less": _sum(_POSSIBLE, _LEAST_PART),
            "high_counted": _sum(_POSSIBLE, _MOST_PART),
            "high_rest": _sum(_SURE, f"GREATEST(_y_low_{{i}}, {_MOST_PART})"),
            "high_rest_less": _sum(_SURE, _MOST_PART),
        },
        Kind.COUNT: _COUNTED,
        Kind.OCCURRENCE: _COUNTED,
        Kind.CHANGE: _COUNTED,
        Kind.LONGEST: {
            "low": _pick("MAX", _SURE, "_x_low_{i}"),
            "high": _pick("MAX", _POSSIBLE, "_x_high_{i}"),
        },
        Kind.STATED: {
            "sure": _sum(_SURE),
            "sure_least": _pick("MIN", _SURE, "_x_low_{i}"),
            "sure_most": _pick("MAX", _SURE, "_x_high_{i}"),
            "sure_blank": _sum(f"{_SURE} AND _blank_high_{{i}} = 1"),
            "possible": _sum(_POSSIBLE),
            "least": _pick("MIN", _POSSIBLE, "_x_low_{i}"),
            "most": _pick("MAX", _POSSIBLE, "_x_high_{i}"),
            "blank": _sum(f"{_POSSIBLE} AND _blank_high_{{i}} = 1"),
            "vague": _sum(f"{_POSSIBLE} AND _x_vague_{{i}} = 1"),
        },
    }
)


def fused(measures: Sequence[Dated]) -> Query:
    """One SELECT for measures of one sheet: a single row, its columns `<total>_<i>` and `keyless`.

    Every measure has `left_out` (units), `in_doubt` (rows; a row without a key
    is always one) and the totals of its kind.
    """
    spec = measures[0].sheet
    unit = _unit_of(spec)
    merged = ", ".join(m for i, asked in enumerate(measures) for m in _merged(asked, i))
    units = (
        f"SELECT {unit}, COUNT(*) AS _rows, MAX(_keyless) AS _keyless, {merged} "
        f"FROM ({_marked(measures)}) AS marks GROUP BY {unit}"
    )
    totals = {"keyless": _sum("_keyless = 1")}
    for i, asked in enumerate(measures):
        totals[f"left_out_{i}"] = _sum(f"_left_{i} = 1")
        totals[f"in_doubt_{i}"] = _sum(f"_keyless = 1 OR {_unsettled(asked, i)}", "_rows")
        totals |= {f"{total}_{i}": form.format(i=i) for total, form in _TOTALS[asked.measure.kind].items()}
    listed = ", ".join(f"{form} AS {total}" for total, form in totals.items())
    return Query(spec.id, f"SELECT {listed} FROM ({units}) AS units", _reads(measures), tuple(totals))


# ── Evidence: the same marks, row by row ─────────────────────────────────────


def rows_of(asked: Dated, atoms: Sequence[Atom]) -> Query:
    """Every row of the sheet in order: its index, `pop`, `num`, `left_out`, `unclear`, and each atom's mark.

    `pop` and `num` are those of the row's unit; `num` is 2 for a kind that counts all its
    population. `unclear` is 1 where an amount of a unit in the population is not certain.
    """
    over = f" OVER (PARTITION BY {_unit_of(asked.sheet)})"
    marks = _marked((asked,), [f"{mark(atom, asked.days)} AS _atom_{n}" for n, atom in enumerate(atoms)])
    listed = [f"_atom_{n}" for n in range(len(atoms))]
    own_left = "_left_0 AS _own_left"
    units = (
        f"SELECT {', '.join(['_row', own_left, *listed, *_merged(asked, 0, over)])} FROM ({marks}) AS marks"
    )
    num = "_num_0" if asked.measure.kind is Kind.PROPORTION else "2"
    unclear = f"CASE WHEN {_unsettled(asked, 0)} THEN 1 ELSE 0 END"
    chosen = [
        "_row",
        "_pop_0 AS pop",
        f"{num} AS num",
        "_own_left AS left_out",
        f"{unclear} AS unclear",
        *listed,
    ]
    return Query(
        asked.sheet.id,
        f"SELECT {', '.join(chosen)} FROM ({units}) AS units ORDER BY _row",
        _reads((asked,)),
        ("row", "pop", "num", "left_out", "unclear", *(f"atom_{n}" for n in range(len(atoms)))),
    )


def _reads(measures: Sequence[Dated]) -> tuple[str, ...]:
    return tuple(sorted(frozenset[str]().union(*map(needs, measures))))
