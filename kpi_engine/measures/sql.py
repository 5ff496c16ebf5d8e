"""Measures as SQL that DuckDB and Spark share: one SELECT a sheet, over all returns, in four layers.

*atoms*: every row with the days of its month; each comparison of any measure, worked out once.
*marks*: the measures' conditions as bits, set only where a thing is certain: "surely in the
population", "surely outside", "surely counted". *units*: the rows of one key together; a bit
stands where it does for all. *totals*: a row for each return, of counts and sums; no division,
no float; null is a sum of none, or a figure without a value.
"""

# ruff: noqa: S608  (every name is quoted and every constant escaped; no cell is part of the text)

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

from kpi_engine.measures.conditions import (
    expression,
    held,
    joined,
    literal,
    marked,
    quoted,
    truth,
    unknown,
)
from kpi_engine.measures.pieces import LACKING, Bits, Named, given, where
from kpi_engine.measures.plan import Atom, Dated, Query, needs, population, set_aside
from kpi_engine.rulebook.book import Kind
from kpi_engine.terms.expression import Bound, columns_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kpi_engine.rulebook.book import SheetSpec
    from kpi_engine.terms.expression import Condition

_RETURN = "_authority, _period"


# ── The pieces of one SELECT ─────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Layers:
    """The pieces of one SELECT, gathered from its measures."""

    spec: SheetSpec
    atoms: Named = field(default_factory=lambda: Named("_atom"))
    bits: Bits = field(default_factory=Bits)
    amounts: Named = field(default_factory=lambda: Named("_amount"))
    merged: Named = field(default_factory=lambda: Named("_unit"))

    @property
    def known(self) -> int | None:
        """The bit that the row's key is known; none on a sheet without a key."""
        return self.bits.of("_known") if self.spec.key else None

    def condition(self, asked: Dated, condition: Condition) -> str:
        """SQL of a condition over the atoms."""
        days = asked.columns
        return truth(condition, lambda atom: self.atoms.of(held(atom, days)))


# ── Amounts: the numbers of a row that are added up or compared ──────────────


@dataclass(frozen=True, slots=True)
class _Amount:
    """A number of a row as SQL: its bounds, and whether it is unknown."""

    low: str
    high: str
    vague: str = ""


_ONE = _Amount("1", "1")


def _amounts(asked: Dated) -> tuple[_Amount, ...]:
    measure = asked.measure
    match measure.kind:
        case Kind.PROPORTION:
            return (_ONE if measure.weight is None else _bounded(measure.weight, asked.sheet),)
        case Kind.SUMS:
            return tuple(
                _bounded(column, asked.sheet) for column in (measure.numerator_sum, measure.denominator_sum)
            )
        case Kind.COUNT | Kind.OCCURRENCE | Kind.CHANGE:
            return ()
        case Kind.LONGEST:
            return (_wait(asked),)
        case Kind.STATED:
            return _stated(measure.value)
        case _:
            assert_never(measure.kind)


def _bounded(column: str | None, spec: SheetSpec) -> _Amount:
    """A number column; a cell that is unknown lies between the column's least and most; a blank is 0."""
    column = given(column)
    read = f"COALESCE({quoted(column)}, {literal(0)})"
    low, high = (
        f"CASE WHEN {unknown(column)} THEN {literal(given(bound))} ELSE {read} END"
        for bound in (spec.columns[column].least, spec.columns[column].most)
    )
    return _Amount(low, high, unknown(column))


def _wait(asked: Dated) -> _Amount:
    """Days from `since` to the period's end; none where it is blank, unknown or still to come."""
    since = asked.measure.since
    if since is None:
        raise ValueError(LACKING)
    day, end = expression(since, asked.columns), asked.columns[Bound.PERIOD_END]
    # One day less another is a number in DuckDB, and in Spark an interval of days.
    waited = f"CASE WHEN {day} < {end} THEN CAST({end} - {day} AS BIGINT) ELSE 0 END"
    return _Amount(waited, waited, joined(" OR ", map(unknown, sorted(columns_of(since))), none=""))


def _stated(column: str | None) -> tuple[_Amount, ...]:
    column = given(column)
    value, vague = quoted(column), unknown(column)
    blank = f"CASE WHEN {value} IS NULL AND NOT {vague} THEN 1 ELSE 0 END"
    return (_Amount(value, value, vague), _Amount(blank, blank))


# ── Marks: what a unit says for a measure ────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Part:
    """An amount of a unit: its bounds as SQL, and the bit that it is known."""

    low: str
    high: str
    clear: int | None


@dataclass(frozen=True, slots=True)
class _Marks:
    """The bits of one measure; neither `inside` nor `outside`, `counted` nor `not_counted`: in doubt."""

    inside: int
    outside: int
    counted: int | None
    not_counted: int | None
    left_out: int | None
    parts: tuple[_Part, ...]


def _marks(asked: Dated, layers: _Layers) -> _Marks:
    """One measure's bits. A row without a key is never certain to be in the population, or counted."""
    certain = " AND _known" if layers.spec.key else ""
    pop = layers.condition(asked, population(asked))
    counted = not_counted = left_out = None
    if asked.measure.kind is Kind.PROPORTION:
        if asked.measure.numerator is None:
            raise ValueError(LACKING)
        num = layers.condition(asked, asked.measure.numerator)
        counted, not_counted = layers.bits.of(f"{num}{certain}"), layers.bits.of(f"NOT {num}{certain}")
    if asked.measure.left_out is not None:
        left_out = layers.bits.of(layers.condition(asked, set_aside(asked)))
    return _Marks(
        inside=layers.bits.of(f"{pop}{certain}"),
        outside=layers.bits.of(f"NOT {pop}"),
        counted=counted,
        not_counted=not_counted,
        left_out=left_out,
        parts=tuple(_part(amount, pop, layers) for amount in _amounts(asked)),
    )


def _part(amount: _Amount, pop: str, layers: _Layers) -> _Part:
    """An amount over the rows of a unit that are not certainly outside."""
    if amount is _ONE:
        return _Part("1", "1", None)

    def merged(which: str, text: str) -> str:
        within = layers.amounts.of(f"CASE WHEN NOT {pop} THEN NULL ELSE {layers.atoms.of(text)} END")
        return layers.merged.of(f"{which}({within})" if layers.spec.key else within)

    clear = None
    if amount.vague:
        clear = layers.bits.of(f"NOT ({layers.atoms.of(amount.vague)} AND COALESCE({pop}, TRUE))")
    return _Part(merged("MIN", amount.low), merged("MAX", amount.high), clear)


def _unsettled(marks: _Marks) -> list[str]:
    """SQL, any of it true of a unit whose part in the measure cannot be said for certain."""
    unclear = [where(off=(marks.inside, marks.outside))]
    if marks.counted is not None:
        unclear.append(where(on=(marks.inside,), off=(marks.counted, marks.not_counted)))
    for part in marks.parts:
        if part.clear is not None:
            unclear.append(where(on=(marks.inside,), off=(part.clear,)))
        if part.low != part.high:
            unclear.append(f"({where(on=(marks.inside,))} AND {part.low} <> {part.high})")
    return unclear


# ── The layers' text ─────────────────────────────────────────────────────────


def _rows(layers: _Layers, more: Sequence[str] = ()) -> str:
    """The first two layers: each row with its key, its bits and its amounts."""
    spec = layers.spec
    keys = [f"{quoted(c)} AS _key_{n}" for n, c in enumerate(spec.key)]
    known = [" AND ".join(f"NOT {unknown(c)}" for c in spec.key) + " AS _known"] if spec.key else []
    atoms = ", ".join([_RETURN, "_row", *keys, *known, *layers.atoms.listed()])
    # A row without a full key is a unit of its own.
    alone = [*(f"_key_{n}" for n in range(len(keys))), "CASE WHEN NOT _known THEN _row END AS _alone"]
    marks = ", ".join(
        [_RETURN, "_row", *(alone if keys else []), *layers.bits.listed(), *layers.amounts.listed(), *more]
    )
    return f"SELECT {marks} FROM (SELECT {atoms} FROM {quoted(spec.id)}) AS atoms"


def _unit_of(spec: SheetSpec) -> str:
    return ", ".join(
        [_RETURN, *(f"_key_{n}" for n in range(len(spec.key))), "_alone" if spec.key else "_row"]
    )


def _units(layers: _Layers) -> str:
    """The first three layers: a row for each unit."""
    rows, bits = _rows(layers), layers.bits.names()
    if not layers.spec.key:
        return f"SELECT {', '.join([_RETURN, *bits, *layers.merged.listed()])} FROM ({rows}) AS marks"
    merged = [f"BIT_AND({name}) AS {name}" for name in bits]
    listed = ", ".join([_RETURN, "COUNT(*) AS _rows", *merged, *layers.merged.listed()])
    return f"SELECT {listed} FROM ({rows}) AS marks GROUP BY {_unit_of(layers.spec)}"


# ── Totals: the row that comes back of each return ───────────────────────────


def _sum(when: str, what: str = "1") -> str:
    if what == "1":
        return f"COUNT(CASE WHEN {when} THEN 1 END)"
    return (
        f"SUM(CASE WHEN {when} THEN {what} END)"  # no 0 for null: Spark would cut a decimal's places for it
    )


def _pick(which: str, when: str, what: str) -> str:
    return f"{which}(CASE WHEN {when} THEN {what} END)"


def _totals(kind: Kind, marks: _Marks) -> dict[str, str]:
    """What a kind adds up.

    The least share has the least counted and the greatest rest (the whole less the
    counted); a unit that may be outside brings only what makes that worse. The
    greatest: the reverse.
    """
    sure, possible = where(on=(marks.inside,)), where(off=(marks.outside,))
    match kind:
        case Kind.PROPORTION:
            (x,) = marks.parts
            return {
                "low_counted": _sum(where(on=(marks.inside, marks.counted)), x.low),
                "low_rest": _sum(where(off=(marks.outside, marks.counted)), x.high),
                "high_counted": _sum(where(off=(marks.outside, marks.not_counted)), x.high),
                "high_rest": _sum(where(on=(marks.inside, marks.not_counted)), x.low),
            }
        case Kind.SUMS:
            # A part never counts for more than its whole. `rest` less `rest_less` is the rest: taking
            # one decimal from another here would cost Spark digits.
            x, y = marks.parts
            least, most = f"LEAST({x.low}, {y.high})", f"LEAST({x.high}, {y.high})"
            return {
                "low_counted": _sum(sure, least),
                "low_rest": _sum(possible, y.high),
                "low_rest_less": _sum(possible, least),
                "high_counted": _sum(possible, most),
                "high_rest": _sum(sure, f"GREATEST({y.low}, {most})"),
                "high_rest_less": _sum(sure, most),
            }
        case Kind.COUNT | Kind.OCCURRENCE | Kind.CHANGE:
            return {"low": _sum(sure), "high": _sum(possible)}
        case Kind.LONGEST:
            (x,) = marks.parts
            return {"low": _pick("MAX", sure, x.low), "high": _pick("MAX", possible, x.high)}
        case Kind.STATED:
            x, blank = marks.parts
            return {
                "sure": _sum(sure),
                "sure_least": _pick("MIN", sure, x.low),
                "sure_most": _pick("MAX", sure, x.high),
                "sure_blank": _sum(f"{sure} AND {blank.high} = 1"),
                "possible": _sum(possible),
                "least": _pick("MIN", possible, x.low),
                "most": _pick("MAX", possible, x.high),
                "blank": _sum(f"{possible} AND {blank.high} = 1"),
                "vague": _sum(where(off=(marks.outside, x.clear))),
            }
        case _:
            assert_never(kind)


def fused(measures: Sequence[Dated]) -> Query:
    """One SELECT for measures of one sheet: a row for each return, its columns `<total>_<i>` and `keyless`.

    Every measure has `left_out` (units), `in_doubt` (rows; a row without a key
    is always one) and the totals of its kind.
    """
    layers = _Layers(measures[0].sheet)
    known = layers.known
    keyless = [] if known is None else [where(off=(known,))]
    totals = {"keyless": _sum(keyless[0]) if keyless else "0"}
    for i, asked in enumerate(measures):
        marks = _marks(asked, layers)
        doubtful = " OR ".join([*keyless, *_unsettled(marks)])
        totals[f"left_out_{i}"] = "0" if marks.left_out is None else _sum(where(on=(marks.left_out,)))
        totals[f"in_doubt_{i}"] = f"COALESCE({_sum(doubtful, '_rows')}, 0)" if keyless else _sum(doubtful)
        totals |= {f"{total}_{i}": form for total, form in _totals(asked.measure.kind, marks).items()}
    listed = ", ".join([_RETURN, *(f"{form} AS {total}" for total, form in totals.items())])
    sql = f"SELECT {listed} FROM ({_units(layers)}) AS units GROUP BY {_RETURN}"
    return Query(layers.spec.id, sql, _days(measures), _reads(measures), tuple(totals))


# ── Evidence: the same marks, row by row ─────────────────────────────────────


def rows_of(asked: Dated, atoms: Sequence[Atom]) -> Query:
    """Every row of the sheet in order: its index, `pop`, `num`, `left_out`, `unclear`, and each atom's mark.

    `pop` and `num` are those of the row's unit; `num` is 2 for a kind that counts all its
    population. `unclear` is 1 where an amount of a unit in the population is not certain.
    """
    layers = _Layers(asked.sheet)
    marks = _marks(asked, layers)
    names = [f"_mark_{n}" for n in range(len(atoms))]
    own = [
        f"{marked(layers.condition(asked, atom))} AS {name}" for atom, name in zip(atoms, names, strict=True)
    ]
    over = f" OVER (PARTITION BY {_unit_of(asked.sheet)})" if asked.sheet.key else ""
    bits = layers.bits.names()
    merged = [f"BIT_AND({name}){over} AS {name}" for name in bits] if over else bits
    own_left = "0" if marks.left_out is None else f"CASE WHEN {where(on=(marks.left_out,))} THEN 1 ELSE 0 END"
    amounts = [f"{text}{over} AS {name}" for text, name in layers.merged.texts.items()]
    units = ", ".join([_RETURN, "_row", f"{own_left} AS _own_left", *names, *merged, *amounts])
    num = "2" if marks.counted is None else _mark_of(marks.counted, marks.not_counted)
    unclear = f"CASE WHEN {' OR '.join(_unsettled(marks))} THEN 1 ELSE 0 END"
    pop = _mark_of(marks.inside, marks.outside)
    chosen = ", ".join([_RETURN, "_row", pop, num, "_own_left", unclear, *names])
    return Query(
        asked.sheet.id,
        f"SELECT {chosen} FROM (SELECT {units} FROM ({_rows(layers, own)}) AS marks) AS units "
        f"ORDER BY {_RETURN}, _row",
        _days((asked,)),
        _reads((asked,)),
        ("row", "pop", "num", "left_out", "unclear", *(f"atom_{n}" for n in range(len(atoms)))),
    )


def _mark_of(yes: int | None, no: int | None) -> str:
    return f"CASE WHEN {where(on=(yes,))} THEN 2 WHEN {where(on=(no,))} THEN 0 ELSE 1 END"


def _days(measures: Iterable[Dated]) -> tuple[str, ...]:
    return tuple(sorted({column for asked in measures for column in asked.columns.values()}))


def _reads(measures: Iterable[Dated]) -> tuple[str, ...]:
    return tuple(sorted(frozenset[str]().union(*map(needs, measures))))
