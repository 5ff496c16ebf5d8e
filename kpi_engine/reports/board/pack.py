"""A board's pack: one report, written in every format asked for."""

from __future__ import annotations

import os
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpi_engine.reports.board.report import BoardReport


class PackFormat(StrEnum):
    """What a report can be written as; the value is the file's ending."""

    HTML = "html"
    PDF = "pdf"
    WORD = "docx"
    EXCEL = "xlsx"
    JSON = "json"
    CSV = "csv"


def written(report: BoardReport, form: PackFormat) -> bytes:
    """The report in one format; raises ExtraMissing where what it needs is not installed."""
    match form:
        case PackFormat.HTML:
            from kpi_engine.reports.board.to_html import to_html  # noqa: PLC0415  (each needs its own library)

            return to_html(report).encode()
        case PackFormat.PDF:
            from kpi_engine.reports.board.to_pdf import to_pdf  # noqa: PLC0415

            return to_pdf(report)
        case PackFormat.WORD:
            from kpi_engine.reports.board.to_word import to_word  # noqa: PLC0415

            return to_word(report)
        case PackFormat.EXCEL:
            from kpi_engine.reports.board.to_excel import to_excel  # noqa: PLC0415

            return to_excel(report)
        case PackFormat.JSON:
            from kpi_engine.reports.board.to_json import to_board_json  # noqa: PLC0415

            return to_board_json(report).encode()
        case PackFormat.CSV:
            from kpi_engine.reports.board.to_csv import to_board_csv  # noqa: PLC0415

            return to_board_csv(report).encode()


def name_of(board: str, period: str, form: PackFormat) -> str:
    """The file's name: `achieving-excellence-board-2024-25-Q4.pdf`."""
    return f"{board}-{period.replace('/', '-')}.{form}"


def put(files: Mapping[str, bytes], folder: Path) -> tuple[Path, ...]:
    """Write all files into `folder`, each whole or not at all; one of the same name is replaced.

    Raises OSError where they cannot be written; then none is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    waiting: list[tuple[str, Path]] = []
    try:
        for name, content in files.items():
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".part", delete=False) as part:
                waiting.append((part.name, folder / name))
                part.write(content)
                part.flush()
                os.fsync(part.fileno())
        for part_name, target in waiting:
            Path(part_name).replace(target)
    finally:
        for part_name, _ in waiting:
            Path(part_name).unlink(missing_ok=True)
    return tuple(target for _, target in waiting)
