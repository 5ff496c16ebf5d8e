"""The whole history in long form, as CSV and as Parquet, for spreadsheets and dashboards."""

from __future__ import annotations

import csv
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from kpi_engine.errors import KpiError
from kpi_engine.history.read import every_record
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from kpi_engine.history.file import History
    from kpi_engine.history.read import Exported
    from kpi_engine.terms.measurement import Parts

PLACES = 9
"""Decimals of a figure; most have fewer, and then it is exact."""
_AMOUNT, _TEXT, _WHOLE, _DAY = f"DECIMAL(38, {PLACES})", "VARCHAR", "INTEGER", "DATE"

COLUMNS = MappingProxyType(
    {
        "authority": (_TEXT, "The council's code."),
        "id": (_TEXT, "The measure; never reused or renamed."),
        "basis": (_TEXT, "own: the month alone; whole: the window that the sheet's own dates give."),
        "group": (_TEXT, "all, or the part of the council that the figure is of."),
        "period": (_TEXT, "The month: 2024-03."),
        "month_end": (_DAY, "Its last day, for charts over time."),
        "revision": (_WHOLE, "1 as first returned, 2 after the first correction, and so on."),
        "recalculation": (_WHOLE, "0 as first measured; more: the same returns measured again."),
        "as_reported": (_TEXT, "yes for the month's first record."),
        "current": (_TEXT, "yes for the record that stands now: keep only these for one row a month."),
        "validated": (_TEXT, "yes, no or not_stated."),
        "low_numerator": (
            _AMOUNT,
            "The least figure that the rows allow, in parts; empty if there is none.",
        ),
        "low_denominator": (_AMOUNT, "Empty where the figure is no share."),
        "high_numerator": (_AMOUNT, "The greatest; the same unless rows are in doubt."),
        "high_denominator": (_AMOUNT, "Empty where the figure is no share."),
        "low": (_AMOUNT, "The least figure: a share as a fraction of 1, else the number, or days."),
        "high": (_AMOUNT, "The greatest."),
        "in_doubt": (_WHOLE, "Rows in doubt."),
        "left_out": (_WHOLE, "Rows that the rule sets aside."),
        "source": (_TEXT, "rows, counts or stated."),
        "reason": (_TEXT, "Why there is no figure."),
        "detail": (_TEXT, "The same in a sentence."),
        "first_month": (_TEXT, "The first month that the figure covers."),
        "last_month": (_TEXT, "The last."),
        "missing": (_TEXT, "Months of its window without a usable return, with blanks between."),
        "stated_target": (_AMOUNT, "The target that the return itself states."),
        "recorded_at": (_TEXT, "When, in UTC: 2024-04-05T09:12:00+00:00."),
        "recorded_by": (_TEXT, "Who."),
        "engine_version": (_TEXT, "What it was measured with."),
        "rulebook_digest": (_TEXT, "And by which rules."),
        "files": (_TEXT, "The sheets that were read: file, sheet; with semicolons between."),
    }
)
"""Column: its type in Parquet, and what it holds. One row a measure, basis, month and record of the month."""


def export_csv(history: History, path: Path) -> int:
    """Write every record to `path` (UTF-8; what is there is replaced); gives how many.

    The columns are COLUMNS. Text that a spreadsheet would run as a formula gets
    a leading `'`. KpiError if the file cannot be written.
    """
    with _replacing(path) as made:
        return _write(history, made)


def export_parquet(history: History, path: Path) -> int:
    """Write the same rows to `path` as Parquet, typed as COLUMNS says; gives how many."""
    import duckdb  # noqa: PLC0415  (slow to import)

    with (
        _replacing(path) as made,
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(":memory:", config={"threads": "2"}) as connection,
    ):
        rows = Path(folder, "results.csv")
        number = _write(history, rows)
        columns = {name: kind for name, (kind, _) in COLUMNS.items()}
        connection.execute(
            "CREATE TABLE results AS SELECT * FROM read_csv($file, columns = $columns, header = true,"
            """ auto_detect = false, delim = ',', quote = '"', escape = '"', nullstr = '')""",
            {"file": str(rows), "columns": columns},
        )
        typed = Path(folder, "results.parquet")
        connection.table("results").write_parquet(str(typed))
        shutil.copyfile(typed, made)
        return number


def amount(value: Fraction | None) -> str:
    """`value` as a decimal of at most PLACES places, rounded half away from zero; empty for None."""
    if value is None:
        return ""
    size = abs(value) * 10**PLACES
    digits = str((2 * size.numerator + size.denominator) // (2 * size.denominator)).rjust(PLACES + 1, "0")
    number = f"{digits[:-PLACES]}.{digits[-PLACES:]}".rstrip("0").removesuffix(".")
    return f"-{number}" if value < 0 and number != "0" else number


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file beside `path` that takes its place once it is whole."""
    made = path.with_name(f"{path.name}.part")
    try:
        yield made
        made.replace(path)
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise KpiError([finding("R199", file=path.name, why=why)]) from error
    finally:
        made.unlink(missing_ok=True)


def _write(history: History, path: Path) -> int:
    number = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for one in every_record(history):
            rows.writerow(_record(one))
            number += 1
    return number


def _record(one: Exported) -> list[str]:
    measured = one.measured
    covered = (*measured.months, *measured.missing)
    return [
        *(_harmless(text) for text in (one.authority, measured.measure, one.basis.value, measured.group)),
        *(str(measured.period), measured.period.end.isoformat()),
        *(str(one.revision), str(one.recalculation), _yes(one.as_reported), _yes(one.current)),
        one.validated.value,
        *_parts(measured.low),
        *_parts(measured.high),
        *(amount(None if parts is None else parts.value) for parts in (measured.low, measured.high)),
        *(str(measured.in_doubt), str(measured.left_out), measured.source.value),
        measured.reason.value if measured.reason else "",
        _harmless(measured.detail),
        *((str(min(covered)), str(max(covered))) if covered else ("", "")),
        " ".join(map(str, measured.missing)),
        amount(measured.stated_target),
        *(_harmless(text) for text in (one.at, one.who, one.engine, one.rulebook)),
        _harmless("; ".join(f"{origin.file}, {origin.sheet}" for origin in measured.origins)),
    ]


def _parts(parts: Parts | None) -> tuple[str, str]:
    if parts is None:
        return "", ""
    return amount(parts.numerator), amount(parts.denominator)


def _harmless(text: str) -> str:
    """`text` on one line, with a leading `'` if a spreadsheet would run it as a formula."""
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(tuple("=+-@＝＋－＠")) else line


def _yes(said: bool) -> str:  # noqa: FBT001  (the one thing it is given)
    return "yes" if said else "no"
