"""A board report as an Excel workbook: named tables, numbers that are numbers, text that never runs."""

from __future__ import annotations

import io
from datetime import date, datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from kpi_engine.reports.board.excel_sheets import SERIES, Day, Number, sheets_of
from kpi_engine.reports.board.report import Badge, Tone
from kpi_engine.reports.page import plain
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.chart import Chart  # type: ignore[import-untyped]
    from xlsxwriter.format import Format  # type: ignore[import-untyped]
    from xlsxwriter.workbook import Workbook  # type: ignore[import-untyped]
    from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

    from kpi_engine.reports.board.excel_sheets import Cell, Drawing, Sheet
    from kpi_engine.reports.board.report import BoardReport

_COLOURS: Final = MappingProxyType(
    {
        Tone.BAD: "#9B1C10",
        Tone.IMPROVING: "#0A5FB0",
        Tone.UNCLEAR: "#6A5410",
        Tone.WATCH: "#B84A00",
        Tone.GOOD: "#00663A",
        Tone.PLAIN: "#4F5A65",
    }
)
_LINES: Final = MappingProxyType(
    {
        "Figure": {"color": "#0A5FB0", "width": 2.25},
        "Target": {"color": "#A8123A", "width": 1.75, "dash_type": "dash"},
        "Average": {"color": "#1F2933", "width": 1},
        "Expected from": {"color": "#616161", "width": 1, "dash_type": "round_dot"},
        "Expected to": {"color": "#616161", "width": 1, "dash_type": "round_dot"},
    }
)
"""The lines of a chart: told apart without colour."""
_RUNS: Final = tuple("=+-@\t\r\n＝＋－＠")
"""What a spreadsheet, or one that reads it as CSV, would take for the beginning of a formula."""
_CELL, _FOOT, _PROPERTY = 32_767, 120, 255  # the most characters of a text
_NARROW, _WIDE, _PAGE = 9, 56, 200  # characters of a column, and across a printed page
_LINE, _MOST_LINES = 13, 31  # points of a line; a row ends at 409
_LONGEST_DAY: Final = "30 September 2025"
_CHART_WIDTH, _CHART_HEIGHT, _CHART_ROW = 780, 290, 226  # pixels; points of the row that holds it
_A4: Final = 9
_NEARLY_ALL: Final = Decimal("0.85")
"""From here on an axis ends at 100%, not beyond."""


def to_excel(report: BoardReport) -> bytes:
    """The report as .xlsx; the same bytes every time."""
    from xlsxwriter import Workbook  # type: ignore[import-untyped]  # noqa: PLC0415  (for this format alone)

    day = date.fromisoformat(report.meeting_on) if report.meeting_on else Period.parse(report.period).end
    written = io.BytesIO()
    book = Workbook(
        written,
        {
            "in_memory": True,  # and so without a clock
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
            "default_format_properties": {"font_name": "Arial", "font_size": 10},
        },
    )
    book.set_properties(
        {
            "title": plain(f"{report.title}: {report.board}, {report.council}")[:_PROPERTY],
            "subject": plain(report.plan)[:_PROPERTY],
            "author": plain(report.council)[:_PROPERTY],
            "created": datetime.combine(day, time()),
        }
    )
    _Book(book, report).write()
    book.close()
    return written.getvalue()


class _Book:
    """A workbook being written."""

    def __init__(self, book: Workbook, report: BoardReport) -> None:
        self.book = book
        self.report = report
        self.formats: dict[tuple[tuple[str, object], ...], Format] = {}

    def write(self) -> None:
        """Every sheet, in order."""
        sheets, drawings = sheets_of(self.report)
        for sheet in sheets:
            page = self.book.add_worksheet(sheet.name)
            self._table(page, sheet)
            self._paper(page, sheet)
            if sheet.name == "Charts" and drawings:
                self._charts(page, drawings, sheet.columns.index("Chart"))

    def _format(self, **wanted: object) -> Format:
        key = tuple(sorted(wanted.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format({"valign": "top", **wanted})
        return self.formats[key]

    def _table(self, page: Worksheet, sheet: Sheet) -> None:
        """A named table with its headings in row 1, each column as wide as its text needs."""
        rows = sheet.rows or ((sheet.none, *("",) * (len(sheet.columns) - 1)),)
        head = self._format(bold=True, font_color="#FFFFFF", bg_color="#12406E", text_wrap=True)
        page.add_table(
            *(0, 0, len(rows), len(sheet.columns) - 1),
            {
                "name": sheet.name,
                "style": "Table Style Light 1",
                "columns": [{"header": plain(name), "header_format": head} for name in sheet.columns],
            },
        )
        for number, row in enumerate(rows, 1):
            for place, cell in enumerate(row):
                self._cell(page, number, place, cell)
        widths = _widths(sheet, rows)
        for place, width in enumerate(widths):
            page.set_column(place, place, width)
        for number, row in enumerate((sheet.columns, *rows)):
            page.set_row(number, _LINE * _lines(row, widths) + _LINE // 4)

    def _cell(self, page: Worksheet, row: int, place: int, cell: Cell) -> None:
        match cell:
            case Number():
                held = self._format(num_format=cell.format, align="right", indent=1)
                page.write_number(row, place, float(cell.value), held)
            case Day():
                held = self._format(num_format=cell.format, align="left")
                page.write_datetime(row, place, datetime.combine(cell.value, time()), held)
            case Badge():
                told = self._format(bold=True, font_color=_COLOURS[cell.tone], text_wrap=True)
                page.write_string(row, place, plain(_text(cell)), told)
            case str() if text := plain(cell)[:_CELL]:
                runs = {"quote_prefix": True} if text.startswith(_RUNS) else {}
                page.write_string(row, place, text, self._format(text_wrap=True, **runs))

    def _paper(self, page: Worksheet, sheet: Sheet) -> None:
        """How it is seen and printed: headings stay in sight and on each page."""
        report = self.report
        names = 2 if sheet.columns[0].endswith(" id") else 1
        page.freeze_panes(1, names)
        page.set_landscape()
        page.set_paper(_A4)
        across = sum(_widths(sheet, sheet.rows)) // _PAGE + 1
        page.fit_to_pages(across, 0)
        page.repeat_rows(0)
        if across > 1:
            page.repeat_columns(0, names - 1)
        page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        foot = ". ".join(text for text in (report.marking, report.title, report.board) if text)
        said = plain(foot)[:_FOOT].replace("&", "&&")
        page.set_footer(f"&L{said}&C{sheet.name}&RPage &P of &N")

    def _charts(self, page: Worksheet, drawings: Sequence[Drawing], place: int) -> None:
        page.set_column(place, place, _CHART_WIDTH // 7 + 2)
        for number, drawing in enumerate(drawings, 1):
            picture = drawing.measure.picture
            page.set_row(number, _CHART_ROW)
            page.insert_chart(
                *(number, place, self._chart(drawing)),
                {
                    "x_offset": 2,
                    "y_offset": 2,
                    "object_position": 2,
                    "description": plain(picture.alt if picture else ""),
                },
            )

    def _chart(self, drawing: Drawing) -> Chart:
        """The figures by month, the target, the average and the expected range, as lines."""
        chart = self.book.add_chart({"type": "line"})
        points = drawing.measure.picture.points if drawing.measure.picture else ()
        drawn = {
            "Figure": any(p.value is not None for p in points),
            "Target": any(p.target is not None for p in points),
            "Average": any(p.mean is not None for p in points),
            "Expected from": any(p.lower is not None for p in points),
            "Expected to": any(p.upper is not None for p in points),
        }
        first, last = drawing.first + 1, drawing.last + 1
        for name in (name for name, has in drawn.items() if has):
            place = SERIES.index(name)
            series = {
                "name": name,
                "categories": ["Series", first, SERIES.index("Month"), last, SERIES.index("Month")],
                "values": ["Series", first, place, last, place],
                "line": dict(_LINES[name]),
            }
            if name == "Figure":
                colour = {"color": _LINES[name]["color"]}
                series["marker"] = {"type": "circle", "size": 5, "fill": colour, "border": colour}
            chart.add_series(series)
        title = plain(drawing.measure.picture.title if drawing.measure.picture else "")
        title = f" {title}" if title.startswith("=") else title  # else it is read as a place
        chart.set_title({"name": title, "name_font": {"size": 11, "bold": True}, "overlay": False})
        chart.set_x_axis({"num_format": "mmm yy", "text_axis": True, "num_font": {"rotation": -45}})
        top = {"max": 1} if drawing.format.endswith("%") and _NEARLY_ALL <= drawing.most <= 1 else {}
        chart.set_y_axis(
            {"num_format": drawing.format, "major_gridlines": {"visible": True, "line": {"color": "#E3E6EA"}}}
            | top
        )
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": _CHART_WIDTH, "height": _CHART_HEIGHT})
        return chart


def _widths(sheet: Sheet, rows: Sequence[Sequence[Cell]]) -> list[int]:
    """The characters across each column: what its texts need, up to a width that is read with ease."""
    texts = [[len(_text(row[place])) for row in rows] for place in range(len(sheet.columns))]
    return [
        min(_WIDE, max(_NARROW, len(name) + 4, *(length + 2 for length in lengths)))
        for name, lengths in zip(sheet.columns, texts, strict=True)
    ]


def _lines(row: Sequence[Cell], widths: Sequence[int]) -> int:
    """The lines that the fullest cell of a row needs."""
    needed = (1 + len(_text(cell)) // width for cell, width in zip(row, widths, strict=True))
    return min(_MOST_LINES, max(needed))


def _text(cell: Cell) -> str:
    """A cell's text, as long as it is seen."""
    match cell:
        case None:
            return ""
        case Badge():
            return f"{cell.shape} {cell.words}"
        case Number():
            return f"{cell.value:f}"
        case Day():
            return _LONGEST_DAY
        case str():
            return cell
