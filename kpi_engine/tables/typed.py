"""The contract in SQL that DuckDB and Spark share: what the reader does with cells, for a whole table.

*texts*: every cell as tidy text, with the days of its month. *parts*: what the text says. *cells*: the value,
or unknown with the code of its fault. *checked*: cells that contradict each other are unknown too.
What a fault, a blank and "not known" are is as in returns/typed.py; dates may be ISO besides.
"""

# ruff: noqa: S608  (every name is quoted and every constant escaped; no cell is part of the text)

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, assert_never

from kpi_engine.measures.conditions import held, literal, quoted, truth, unknown
from kpi_engine.measures.plan import CALENDAR, day_of
from kpi_engine.returns.spelling import normal
from kpi_engine.rulebook.book import Blank
from kpi_engine.terms.expression import Bound, columns_of
from kpi_engine.terms.table import ColumnType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kpi_engine.rulebook.book import ColumnSpec, RowCheck, SheetSpec
    from kpi_engine.terms.period import Period

MONTHS: Final = "_months"
"""The name of the view of `months_sql`."""
WHOLE_DIGITS, PLACES = 23, 15
NUMBER: Final = f"DECIMAL({WHOLE_DIGITS + PLACES}, {PLACES})"
"""As many places as Excel keeps digits; what lies beyond is the noise of binary fractions."""

CHECKED: Final = "checked"
"""In `<column>__unknown`: unknown, and what it may contradict in its row is marked as unknown too."""

NOT_KNOWN, NO_DATE, NO_DAY, FUTURE = "T120", "T121", "T122", "T123"
NO_NUMBER, NOT_WHOLE, OUT_OF_BOUNDS, NOT_LISTED, NO_ANSWER = "T124", "T125", "T126", "T127", "T128"
_CODES: Final = MappingProxyType(
    {
        ColumnType.DATE: (NOT_KNOWN, NO_DATE, NO_DAY, FUTURE),
        ColumnType.WHOLE: (NOT_KNOWN, NO_NUMBER, NOT_WHOLE, OUT_OF_BOUNDS),
        ColumnType.DECIMAL: (NOT_KNOWN, NO_NUMBER, OUT_OF_BOUNDS),
        ColumnType.CHOICE: (NOT_KNOWN, NOT_LISTED),
        ColumnType.YES_NO: (NOT_KNOWN, NO_ANSWER),
        ColumnType.ID: (NOT_KNOWN,),
        ColumnType.TEXT: (NOT_KNOWN,),
    }
)
_DAYS: Final = MappingProxyType(
    {
        Bound.PERIOD_START: "_month_start",
        Bound.WINDOW_START: "_month_start",
        Bound.PERIOD_END: "_month_end",
        Bound.WINDOW_END: "_month_end",
    }
)


@dataclass(frozen=True, slots=True)
class Held:
    """A table as a session knows it: by `name`; `columns` are its own names of the sheet's columns.

    `marks` are its columns `<column>__unknown`, `authority` and `period` the names of those two.
    """

    spec: SheetSpec
    name: str
    authority: str
    period: str
    columns: Mapping[str, str]
    marks: Mapping[str, str]


# ── Text ─────────────────────────────────────────────────────────────────────

_BLANKS: Final = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_QUOTES: Final = MappingProxyType(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u2011": "-"}
)
_NOTHING: Final = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_DIGITS: Final = "0123456789"
_WORD: Final = _DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_/"
_MIDNIGHTS: Final = tuple(
    f"{t}00:00:00{fraction}{zone}"
    for t in " T"
    for fraction in ("", ".0", ".000", ".000000")
    for zone in ("", "Z", "+00", "+00:00")
)


def text_of(name: str) -> str:
    """A column of any type as text."""
    return f"CAST({name} AS STRING)"


def tidy_sql(text: str) -> str:
    """What `tidy` makes of a text: no padding, one blank between words, plain quotes and dashes."""
    wide = literal(_BLANKS + "".join(_QUOTES) + _NOTHING)
    plain = literal(" " * len(_BLANKS) + "".join(_QUOTES.values()))
    one = f"TRANSLATE({text}, {wide}, {plain})"
    # No \x1f is left: it marks every blank, then goes with a blank after it, then alone.
    for old, new in ((" ", " \x1f"), ("\x1f ", ""), ("\x1f", "")):
        one = f"REPLACE({one}, {literal(old)}, {literal(new)})"
    return f"TRIM({one})"


def _tidied(text: str, as_it_is: str) -> str:
    """The tidy text, without the work where `as_it_is` says that it is tidy."""
    return f"CASE WHEN {text} IS NULL OR {as_it_is} THEN {text} ELSE {tidy_sql(text)} END"


def _only(text: str, letters: str, *rests: str) -> str:
    """SQL that is true of a text which is one of `rests` once `letters` are taken out."""
    return f"TRANSLATE({text}, {literal(letters)}, '') IN ({_list(rests or ('',))})"


def _list(texts: Iterable[str]) -> str:
    return ", ".join(map(literal, texts))


def authority_sql(name: str) -> str:
    """The council's code as text, in capitals."""
    text = text_of(name)
    return f"UPPER({_tidied(text, _only(text, _WORD))})"


def period_sql(name: str) -> str:
    """The period as text; one that is as long as a month's is taken as it is, for it must be one exactly."""
    text = text_of(name)
    return _tidied(text, f"LENGTH({text}) = {len('2024-03')}")


def _as_it_is(text: str, column: ColumnSpec) -> str:
    """SQL that is true of the usual texts of a column, all of them tidy; it costs less than to tidy them."""
    match column.type:
        case ColumnType.DATE:
            return _only(text, _DIGITS, "--", "//")
        case ColumnType.WHOLE | ColumnType.DECIMAL:
            return _only(text, _DIGITS, "", ".", "-", "-.")
        case ColumnType.YES_NO:
            return f"{text} IN ('true', 'false', 'yes', 'no')"
        case ColumnType.CHOICE if column.values:
            return f"{text} IN ({_list(column.values)})"
        case _:
            return _only(text, _WORD)


# ── What a text says ─────────────────────────────────────────────────────────


def _said(t: str, column: ColumnSpec) -> str:
    """SQL of what the tidy text in column `t` says, null where it says nothing of the column's type."""
    match column.type:
        case ColumnType.DATE:
            return _day(t)
        case ColumnType.WHOLE | ColumnType.DECIMAL:
            return _number(t)
        case ColumnType.CHOICE:
            return _chosen(t, column)
        case ColumnType.YES_NO:
            return (
                f"CASE WHEN LOWER({t}) IN ('yes', 'y', 'true') THEN TRUE "
                f"WHEN LOWER({t}) IN ('no', 'n', 'false') THEN FALSE END"
            )
        case ColumnType.ID | ColumnType.TEXT:
            return t
        case _:
            assert_never(column.type)


def _day(t: str) -> str:
    """A day from 2024-03-31, alone or with midnight after it, or from 31/03/2024."""
    iso = f"SUBSTR({t}, 1, 10)"
    turned = f"SUBSTR({t}, 7, 4) || '-' || SUBSTR({t}, 4, 2) || '-' || SUBSTR({t}, 1, 2)"
    return f"TRY_CAST(CASE WHEN {_is_iso(t)} THEN {iso} WHEN {_is_day_first(t)} THEN {turned} END AS DATE)"


def _is_iso(t: str) -> str:
    iso = f"SUBSTR({t}, 1, 10)"
    return (
        f"LENGTH({iso}) = 10 AND {_only(iso, _DIGITS, '--')} AND {iso} LIKE '____-__-__' "
        f"AND SUBSTR({t}, 11) IN ({_list(('', *_MIDNIGHTS))})"
    )


def _is_day_first(t: str) -> str:
    return f"{t} LIKE '__/__/____' AND {_only(t, _DIGITS, '//')}"


def _number(t: str) -> str:
    """A number of digits with a sign before it perhaps, and a point between them perhaps; no exponent."""
    digits = f"CASE WHEN SUBSTR({t}, 1, 1) IN ('-', '+') THEN SUBSTR({t}, 2) ELSE {t} END"
    form = f"{_only(digits, _DIGITS, '', '.')} AND {digits} <> ''"
    ends = f"NOT {digits} LIKE '.%' AND NOT {digits} LIKE '%.'"
    return f"CASE WHEN {form} AND {ends} THEN TRY_CAST({t} AS {NUMBER}) END"


def _chosen(t: str, column: ColumnSpec) -> str:
    """The value that a known spelling stands for."""
    spellings: dict[str, list[str]] = {}
    for spelling, value in choices(column).items():
        spellings.setdefault(value, []).append(spelling)
    if not spellings:
        return "CAST(NULL AS STRING)"
    whens = (f"WHEN LOWER({t}) IN ({_list(of)}) THEN {literal(value)}" for value, of in spellings.items())
    return f"CASE {' '.join(whens)} END"


def choices(column: ColumnSpec) -> dict[str, str]:
    """Every accepted spelling in its normal form, and the value that it stands for."""
    return {normal(value): value for value in column.values} | {
        normal(spelling): value for spelling, value in column.choices.items()
    }


# ── Faults ───────────────────────────────────────────────────────────────────


def codes(column: ColumnSpec) -> tuple[str, ...]:
    """The faults that cells of a column may have."""
    return _CODES[column.type]


def _fault(n: int, column: ColumnSpec, not_known: Collection[str], *, marked: bool) -> str:
    """SQL of the code of a cell's fault; null for a value and for a blank that the contract knows."""
    t, said = f"_text_{n}", f"_said_{n}"
    words = sorted({normal(word) for word in not_known} - choices(column).keys())
    unknown_here = [f"_mark_{n}"] if marked else []
    if words:
        unknown_here.append(f"LOWER({t}) IN ({_list(words)})")
    if column.blank is Blank.UNKNOWN:
        unknown_here.append(f"{t} IS NULL OR {t} = ''")
    whens = [f"WHEN {one} THEN {literal(NOT_KNOWN)}" for one in unknown_here]
    whens.append(f"WHEN {t} IS NULL OR {t} = '' THEN NULL")
    whens += [f"WHEN {when} THEN {literal(code)}" for code, when in _wrong(t, said, column)]
    return f"CASE {' '.join(whens)} END"


def _wrong(t: str, said: str, column: ColumnSpec) -> list[tuple[str, str]]:
    """Each fault that a filled cell may have, and SQL that is true where it has it."""
    match column.type:
        case ColumnType.DATE:
            day = f"{said} IS NULL OR {said} < DATE '1950-01-01' OR {said} >= DATE '2150-01-01'"
            form = [(NO_DATE, f"NOT (({_is_iso(t)}) OR ({_is_day_first(t)}))"), (NO_DAY, day)]
            return form if column.future else [*form, (FUTURE, f"{said} > _month_end")]
        case ColumnType.WHOLE | ColumnType.DECIMAL:
            return _wrong_number(said, column)
        case ColumnType.CHOICE:
            return [(NOT_LISTED, f"{said} IS NULL")]
        case ColumnType.YES_NO:
            return [(NO_ANSWER, f"{said} IS NULL")]
        case ColumnType.ID | ColumnType.TEXT:
            return []
        case _:
            assert_never(column.type)


def _wrong_number(said: str, column: ColumnSpec) -> list[tuple[str, str]]:
    wrong = [(NO_NUMBER, f"{said} IS NULL")]
    if column.type is ColumnType.WHOLE:
        most = 10**PLACES
        large = f"{said} >= {most} OR {said} <= {literal(-most)}"
        wrong.append((NOT_WHOLE, f"{said} <> CAST({said} AS DECIMAL(38, 0)) OR {large}"))
    bounds = [
        f"{said} {sign} {literal(bound)}"
        for sign, bound in (("<", column.least), (">", column.most))
        if bound is not None
    ]
    return [*wrong, (OUT_OF_BOUNDS, " OR ".join(bounds))] if bounds else wrong


# ── The layers ───────────────────────────────────────────────────────────────


def months_sql(months: Sequence[Period]) -> str:
    """A row for each month: its name as tables write it, its number, and the days that rules may name."""
    days = ", ".join(CALENDAR)
    rows = ", ".join(
        f"({literal(str(month))}, {month.first}, {', '.join(literal(day_of(c, month)) for c in CALENDAR)})"
        for month in months
    )
    return (
        f"SELECT _label, CAST(_number AS INTEGER) AS _number, {days} "
        f"FROM (VALUES {rows}) AS months (_label, _number, {days})"
    )


def cells_sql(table: Held, not_known: Collection[str], only: Sequence[str]) -> str:
    """Every cell of the months of MONTHS typed: `<column>`, `<column>__unknown`, and why: see `fault_name`.

    `only` are the councils wanted; none: all. `check_name(n)` says that a row breaks check n of `checks_of`.
    """
    columns = [table.spec.columns[name] for name in table.columns]
    plain = ", ".join(("_authority", "_period", *CALENDAR))
    parts, cells = [plain], [plain]
    for n, column in enumerate(columns):
        parts += [f"_text_{n}", f"{_said(f'_text_{n}', column)} AS _said_{n}"]
        marked = column.id in table.marks
        parts += [f"_mark_{n}", _settled(column.id)] if marked else []
        cells += [_settled(column.id)] if marked else []
        cells += [
            f"_text_{n}",
            f"_said_{n}",
            f"{_fault(n, column, not_known, marked=marked)} AS {fault_name(column.id)}",
        ]
    values = [plain]
    for n, column in enumerate(columns):
        fault = fault_name(column.id)
        values += [
            f"{_value(n, column)} AS {quoted(column.id)}",
            f"{fault} IS NOT NULL AS {unknown(column.id)}",
        ]
        values += [fault, *([_settled(column.id)] if column.id in table.marks else [])]
    texts = _texts(table, columns, only)
    return _checked(
        table,
        f"SELECT {', '.join(values)} FROM (SELECT {', '.join(cells)} FROM "
        f"(SELECT {', '.join(parts)} FROM ({texts}) AS texts) AS parts) AS cells",
    )


def _texts(table: Held, columns: Sequence[ColumnSpec], only: Sequence[str]) -> str:
    listed = ["_authority", "_number AS _period", *CALENDAR]
    inner = [
        f"{authority_sql(quoted(table.authority))} AS _authority",
        f"{period_sql(quoted(table.period))} AS _month",
    ]
    for n, column in enumerate(columns):
        text = text_of(quoted(table.columns[column.id]))
        inner.append(f"{_tidied(text, _as_it_is(text, column))} AS _text_{n}")
        listed.append(f"_text_{n}")
        if column.id in table.marks:
            mark = f"COALESCE(LOWER(TRIM({text_of(quoted(table.marks[column.id]))})), '')"
            inner.append(f"{mark} NOT IN ('', 'no', 'n', 'false') AS _mark_{n}")
            inner.append(f"{mark} = {literal(CHECKED)} AS {_settled(column.id)}")
            listed += [f"_mark_{n}", _settled(column.id)]
    wanted = f" WHERE _authority IN ({_list(only)})" if only else ""
    return (
        f"SELECT {', '.join(listed)} FROM (SELECT {', '.join(inner)} FROM {quoted(table.name)}) AS raw "
        f"JOIN {MONTHS} ON _month = _label{wanted}"
    )


def _value(n: int, column: ColumnSpec) -> str:
    said, fault = f"_said_{n}", fault_name(column.id)
    filled = f"CASE WHEN {fault} IS NULL AND _text_{n} <> '' THEN {said} END"
    if column.blank is Blank.NO and column.type is ColumnType.YES_NO:
        return f"CASE WHEN {fault} IS NULL THEN COALESCE({filled}, FALSE) END"
    return filled


def _checked(table: Held, cells: str) -> str:
    """The cells less those that contradict each other, or that one which is unknown may contradict."""
    checks = checks_of(table)
    plain = ["_authority", "_period", *CALENDAR]
    tested = [
        f"{truth(check.when, lambda atom: held(atom, _DAYS))} AS {check_name(n)}"
        for n, check in enumerate(checks)
    ]
    listed = [*plain]
    for name in table.columns:
        doubts = [
            _doubts(check_name(n), table.spec.columns[name].type, columns_of(check.when) & table.marks.keys())
            for n, check in enumerate(checks)
            if name in check.doubt
        ]
        if doubts:
            doubted = " OR ".join(doubts)
            listed.append(f"CASE WHEN NOT ({doubted}) THEN {quoted(name)} END AS {quoted(name)}")
            listed.append(f"({unknown(name)} OR {doubted}) AS {unknown(name)}")
        else:
            listed += [quoted(name), unknown(name)]
        listed.append(fault_name(name))
    listed += [f"COALESCE({check_name(n)}, FALSE) AS {check_name(n)}" for n in range(len(checks))]
    inner = f"SELECT {', '.join(('*', *tested))} FROM ({cells}) AS typed"
    return f"SELECT {', '.join(listed)} FROM ({inner}) AS tested"


def _doubts(check: str, kind: ColumnType, marked: Collection[str]) -> str:
    """A date that cannot be read may contradict another; a number's bounds already say what it may be.

    Where the cell that cannot be read was marked as CHECKED, what it may contradict is marked already.
    """
    if kind is not ColumnType.DATE:
        return f"COALESCE({check}, FALSE)"
    settled = " OR ".join(_settled(name) for name in sorted(marked))
    return f"COALESCE({check}, {f'NOT ({settled})' if settled else 'TRUE'})"


def checks_of(table: Held) -> list[RowCheck]:
    """The contract's checks whose columns the table has."""
    return [check for check in table.spec.checks if columns_of(check.when) <= table.columns.keys()]


def fault_name(column: str) -> str:
    """The column that holds the code of the faults of `column`, null where a cell has none."""
    return quoted(f"{column}__fault")


def _settled(column: str) -> str:
    """The column that says which cells of `column` are marked as CHECKED."""
    return quoted(f"{column}__checked")


def check_name(n: int) -> str:
    """The column that says whether a row breaks check `n`."""
    return f"_check_{n}"


def rows_sql(table: Held, cells: str) -> str:
    """The cells of the view `cells` as a Query reads them: with `_row`, which tells rows without a key apart.

    Rows with a key are told apart by it, so only the others are numbered.
    """
    key = table.spec.key
    listed = ", ".join(
        (
            "_authority",
            "_period",
            *CALENDAR,
            *(part for name in table.columns for part in (quoted(name), unknown(name))),
        )
    )
    if not key or any(name not in table.columns for name in key):  # then no measure groups rows
        return f"SELECT {listed}, CAST(0 AS BIGINT) AS _row FROM {quoted(cells)}"
    keyless = " OR ".join(unknown(name) for name in key)
    number = "ROW_NUMBER() OVER (PARTITION BY _authority, _period ORDER BY _authority)"
    # DuckDB works a part with a name out once; without one it would type a cell wherever a rule reads it.
    return (
        f"WITH cells AS (SELECT {listed} FROM {quoted(cells)}) "
        f"SELECT {listed}, CAST(0 AS BIGINT) AS _row FROM cells WHERE NOT ({keyless}) "
        f"UNION ALL SELECT {listed}, CAST({number} AS BIGINT) AS _row FROM cells WHERE {keyless}"
    )
