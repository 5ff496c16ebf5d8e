"""DuckDB as a session over the files of one folder: no network, no extensions, and nothing left behind."""

from __future__ import annotations

import csv
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from kpi_engine.errors import KpiError
from kpi_engine.measures.conditions import literal, quoted
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

    import duckdb

    from kpi_engine.measures.plan import Number

_MEMORY: Final = "50%"
_LINE: Final = re.compile(r"CSV Error on Line: (\d+)")
_LONGEST_HEADING: Final = 2**16


class LocalSession:
    """Tables of one folder, read where they stand; use it in a `with`, or call `close`.

    What `memory` (as DuckDB writes it) does not hold goes to a folder that nobody else may read, and that
    is removed at the end.
    """

    def __init__(self, folder: Path, memory: str = _MEMORY) -> None:
        """Open a database of its own that reads nothing but what lies in `folder`."""
        import duckdb  # noqa: PLC0415  (slow to import; only a run that measures needs it)

        self._folder = folder.resolve()
        self.spilled = Path(tempfile.mkdtemp(prefix="kpi-"))  # 0700
        self._files: dict[str, Sequence[Path]] = {}
        settings: dict[str, str | bool | int | float | list[str]] = {
            "threads": str(_cores()),
            "memory_limit": memory,
            "temp_directory": str(self.spilled),
            "preserve_insertion_order": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
        }
        self._connection: duckdb.DuckDBPyConnection = duckdb.connect(":memory:", config=settings)
        for sql in (
            f"SET allowed_directories = [{literal(str(self._folder))}]",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            self._connection.execute(sql)

    def table(self, name: str, path: str) -> tuple[str, ...] | None:
        """Know the parquet or CSV table at `path` as `name`: its columns in order; None if there is none.

        All files of a folder must have the same columns. Raises KpiError for one that cannot be read.
        """
        import duckdb  # noqa: PLC0415  (as above)

        place = Path(path).resolve()
        is_csv = Path(path).suffix == ".csv"
        files = [place] if place.is_file() else sorted(_within(place, ".csv" if is_csv else ".parquet"))
        if not files:
            return None
        self._files[name] = files
        if is_csv:
            columns = _one_heading(files)
            source = _csv(files, columns)
        else:
            source = _parquet(files, place)
        try:
            self._connection.execute(f"CREATE VIEW {quoted(name)} AS SELECT * FROM {source}")  # noqa: S608  (literals)
            described = self._connection.execute(f"SELECT * FROM {quoted(name)} LIMIT 0").description or ()  # noqa: S608
        except duckdb.Error as error:
            raise self._unreadable(error) from None
        return tuple(str(column[0]) for column in described)

    def view(self, name: str, sql: str) -> None:
        """Know the rows of a SELECT as `name`; nothing is carried out yet."""
        self._connection.execute(f"CREATE OR REPLACE VIEW {quoted(name)} AS {sql}")

    def ask(self, sql: str) -> Sequence[tuple[str | Number, ...]]:
        """The rows of a SELECT; raises KpiError where a file turns out to be damaged."""
        import duckdb  # noqa: PLC0415  (as above)

        try:
            return self._connection.execute(sql).fetchall()
        except (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException) as error:
            raise self._unreadable(error) from None

    def close(self) -> None:
        """End the session; what it knew and what it wrote aside is gone."""
        self._connection.close()
        shutil.rmtree(self.spilled, ignore_errors=True)

    def _unreadable(self, error: duckdb.Error) -> KpiError:
        """The fault of the file that an error names. The error's own words quote cells, so none is kept."""
        said = str(error)
        known = ((name, file) for name, files in self._files.items() for file in files)
        shown = next((_shown(file, self._folder) for _, file in known if str(file) in said), "A table")
        line = _LINE.search(said)
        why = f"line {line[1]} is not as the others are" if line else "it is damaged, or no table at all"
        return KpiError([finding("T102", file=shown, table=shown, why=why)])

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _within(folder: Path, suffix: str) -> Iterator[Path]:
    """The data files of a folder; what engines write beside them (`_SUCCESS`, `.x.crc`) is none."""
    for top, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if one[:1] not in {".", "_"}]
        yield from (Path(top, n) for n in names if n.endswith(suffix) and n[:1] not in {".", "_"})


def _parquet(files: Sequence[Path], place: Path) -> str:
    partitioned = any("=" in part for part in files[0].relative_to(place).parts)
    return (
        f"read_parquet([{_listed(files)}], hive_partitioning={literal(partitioned)}"
        f"{', hive_types_autocast=false' if partitioned else ''})"
    )


def _csv(files: Sequence[Path], columns: Sequence[str]) -> str:
    """The files as a table of texts. Nothing is guessed: another number of cells in a line is an error."""
    typed = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
    return (
        f"read_csv([{_listed(files)}], columns={{{typed}}}, auto_detect=false, header=true, delim=',', "
        """quote='"', escape='"', comment='', strict_mode=true, null_padding=false, """
        "encoding='utf-8', hive_partitioning=false)"
    )


def _listed(files: Sequence[Path]) -> str:
    return ", ".join(literal(str(file)) for file in files)


def _one_heading(files: Sequence[Path]) -> Sequence[str]:
    """The columns that all of the CSV files have; raises KpiError where they differ or one has none."""
    headings: Mapping[Path, Sequence[str]] = {file: _heading(file) for file in files}
    first = headings[files[0]]
    faults = [
        finding("T102", file=file.name, table=file.name, why="its first line is no heading")
        for file, heading in headings.items()
        if not any(heading) or len({name.casefold() for name in heading}) < len(heading)
    ] or [
        finding("T102", file=file.name, table=file.name, why=f"its heading is not that of {files[0].name}")
        for file, heading in headings.items()
        if heading != first
    ]
    if faults:
        raise KpiError(faults)
    return first


def _heading(file: Path) -> Sequence[str]:
    """The first line; empty where it cannot be read as one."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return next(csv.reader([lines.readline(_LONGEST_HEADING)], strict=True), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _shown(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.name
