"""The rows beneath a table's headings become typed columns, a hundred rows at a time.

Column by column what repeats is typed once. Rows that are certainly cases go together; where a row might
be a total, a heading again or a note, it is looked at by itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

from kpi_engine.returns.scanner.workbook import Cell, CellKind, column_letter
from kpi_engine.returns.spelling import did_you_mean, normal, tidy
from kpi_engine.returns.typed import Expected, Typed, described, is_blank, shown, typed
from kpi_engine.terms.period import in_words
from kpi_engine.terms.table import ColumnType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kpi_engine.returns.faults import Faults
    from kpi_engine.returns.headings import Headings
    from kpi_engine.returns.scanner.workbook import Content, Row
    from kpi_engine.rulebook.book import ColumnSpec, SheetSpec
    from kpi_engine.terms.table import Value

    Contents = tuple[Content | None, ...]
    """What a row holds in the columns that are read, in their order; None where nothing stands."""

_TOTALS = frozenset(
    {"total", "totals", "grand total", "sum", "subtotal", "sub total", "sub-total", "overall total"}
)
_ONCE_A_COLUMN = frozenset({"R203", "R215"})
_SPACES_OF_A_SENTENCE = 2
_AT_ONCE = 128  # rows; each may hold a quarter of a megabyte
_REMEMBERED = 4_000  # distinct cells of a column: the days of 10 years
_CHARACTERS = 2**20  # in them
_LAYOUTS = 5_000  # ways in which cells are left out of rows that are remembered; of rows up to _WIDE
_WIDE = 250
_kind, _text = itemgetter(0), itemgetter(1)  # of a Content
_SELDOM_REPEATED = (ColumnType.ID, ColumnType.TEXT)
_STRAY, _GAP = -2, -1  # before the columns, in the order in which a row's faults are told


@dataclass(frozen=True, slots=True)
class Plan:
    """How a table's rows are read. `known`: headings in their normal form; `last_row`: an Excel table's."""

    spec: SheetSpec
    headings: Headings
    expected: Mapping[str, Expected]
    known: Mapping[str, str]
    last_row: int | None
    has_totals: bool


class _Known(dict["Content | None", "Value"]):
    """By what a cell holds: its value. `odd` has the cells that are unknown, or have a fault."""

    def __init__(self, expected: Expected) -> None:
        """Start with none."""
        super().__init__()
        self.odd: dict[Content | None, Typed] = {}
        self.size = 0
        self._expected = expected

    def __missing__(self, content: Content | None) -> Value:
        """Type one more."""
        read = typed(content, self._expected)
        if read.unknown or read.code is not None:
            self.odd[content] = read
        self[content] = read.value
        self.size += 0 if content is None else len(content.text)
        return read.value


@dataclass(slots=True)
class Reading:
    """A column while it is read. `numeric`: the indexes of identifiers that are stored as numbers."""

    name: str
    letter: str
    number: int
    expected: Expected
    values: list[Value] = field(default_factory=list)
    unknown: list[bool] = field(default_factory=list)
    numeric: list[int] = field(default_factory=list)
    known: _Known = field(init=False)

    def __post_init__(self) -> None:
        """Know no cell yet."""
        self.known = _Known(self.expected)

    def read(self, contents: Contents) -> Sequence[tuple[int, Typed]]:
        """Add the cells, typed; those with a fault, by their index in `contents`."""
        if self.expected.column.type in _SELDOM_REPEATED:
            return self._read_each(contents)
        if len(self.known) > _REMEMBERED or self.known.size > _CHARACTERS:
            self.known = _Known(self.expected)
        self.values.extend(map(self.known.__getitem__, contents))
        odd = self.known.odd
        if not odd or odd.keys().isdisjoint(contents):
            self.unknown.extend([False] * len(contents))
            return ()
        read = [odd.get(content) for content in contents]
        self.unknown.extend([one is not None and one.unknown for one in read])
        return [(n, one) for n, one in enumerate(read) if one is not None and one.code is not None]

    def _read_each(self, contents: Contents) -> Sequence[tuple[int, Typed]]:
        """The same for a column in which no two cells need be alike."""
        values, unknown, not_known = self.values, self.unknown, self.expected.not_known
        words = _words(contents)
        if words is not None and not_known.isdisjoint(map(str.casefold, words)):
            values.extend(words)
            unknown.extend([False] * len(words))
            return ()
        is_id = self.expected.column.type is ColumnType.ID
        faults: list[tuple[int, Typed]] = []
        for n, content in enumerate(contents):
            if content is not None and content.kind is CellKind.TEXT:
                text = content.text if _is_word(content.text) else tidy(content.text)
                if text and text.casefold() not in not_known:
                    values.append(text)
                    unknown.append(False)
                    continue
            elif is_id and content is not None and content.kind is CellKind.NUMBER:
                self.numeric.append(len(values))
            read = typed(content, self.expected)
            values.append(read.value)
            unknown.append(read.unknown)
            if read.code is not None:
                faults.append((n, read))
        return faults


@dataclass(slots=True)
class Gathered:
    """The rows of a table: their numbers, their columns, and what is told once of each column or sheet."""

    rows: list[int]
    columns: Mapping[str, Reading]
    tallies: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[tuple[str, str], str] = field(default_factory=dict)
    hidden: int = 0
    last_number: int = 0

    def tally(self, code: str, column: str, address: str, times: int = 1) -> None:
        """Count more cells of a fault that is told once a column; `address` is the first of them."""
        self.tallies[code, column] += times
        self.first.setdefault((code, column), address)


def gather(rows: Iterator[Row], plan: Plan, faults: Faults) -> Gathered:
    """The typed rows beneath the headings, and what is not one told."""
    numbers = plan.headings.columns
    readings = {c: Reading(c, column_letter(n), n, plan.expected[c]) for c, n in numbers.items()}
    gathering = Gathering(plan, faults, Gathered([], readings, last_number=plan.headings.row))
    for row in rows:
        gathering.add(row)
    gathering.finish()
    return gathering.gathered


class Gathering:
    """Rows on their way into columns."""

    def __init__(self, plan: Plan, faults: Faults, gathered: Gathered) -> None:
        """Start with none."""
        self.plan, self.faults, self.gathered = plan, faults, gathered
        self._readings = list(gathered.columns.values())
        self._keys = [n for n, reading in enumerate(self._readings) if reading.name in plan.spec.key]
        self._no_identifiers = _TOTALS | plan.known.keys()
        self._total_row = plan.last_row if plan.has_totals else None
        self._layouts: dict[tuple[int, ...], tuple[Callable[[Contents], Contents], tuple[int, ...]]] = {}
        self._rows: list[Row] = []
        self._contents: list[Contents] = []
        self._strays: list[tuple[int, str]] = []  # index among the rows, address

    def add(self, row: Row) -> None:
        """Take one row; some wait for others."""
        pick, strays = self._layouts.get(row.columns) or self._layout(row.columns)
        for n in strays:
            content = row.contents[n]
            if content is not None and not is_blank(content):
                self._strays.append((len(self._rows), f"{column_letter(row.columns[n])}{row.number}"))
        self._contents.append(pick((*row.contents, None)))
        self._rows.append(row)
        if len(self._rows) == _AT_ONCE:
            self.finish()

    def finish(self) -> None:
        """Read the rows that wait."""
        rows, contents, strays = self._rows, self._contents, self._strays
        self._rows, self._contents, self._strays = [], [], []
        begun = 0
        certain = self._are_certain(rows, contents)
        for n in (
            () if certain else [n for n, row in enumerate(rows) if not self.is_certain(row, contents[n])]
        ):
            self._take(rows[begun:n], contents[begun:n], _between(strays, begun, n))
            self._look_at(rows[n], contents[n], _between(strays, n, n + 1))
            begun = n + 1
        self._take(rows[begun:], contents[begun:], _between(strays, begun, len(rows)))

    def _layout(self, columns: tuple[int, ...]) -> tuple[Callable[[Contents], Contents], tuple[int, ...]]:
        """What picks the columns that are read out of a row's contents with a None after them; stray ones."""
        at = {column: n for n, column in enumerate(columns)}
        # Two more, so that there are always several: of one alone itemgetter makes no tuple.
        pick: Callable[[Contents], Contents] = itemgetter(
            *(at.get(reading.number, -1) for reading in self._readings), -1, -1
        )
        mine = {reading.number for reading in self._readings} | self.plan.headings.other
        layout = pick, tuple(n for column, n in at.items() if column not in mine)
        if len(columns) <= _WIDE:
            if len(self._layouts) >= _LAYOUTS:
                self._layouts.clear()
            self._layouts[columns] = layout
        return layout

    def _are_certain(self, rows: Sequence[Row], contents: Sequence[Contents]) -> bool:
        """Whether all rows are seen at one glance to be certain: words in every key. If not, they may be."""
        for key in self._keys:
            words = _words([of_row[key] for of_row in contents])
            if words is None or not self._no_identifiers.isdisjoint(map(str.casefold, words)):
                return False
        return bool(self._keys) and all(row.number != self._total_row for row in rows)

    def is_certain(self, row: Row, contents: Contents) -> bool:
        """Whether a row is a case beyond doubt: it is identified, and by nothing else than identifiers."""
        identified = False
        for n in self._keys:
            content = contents[n]
            if content is None:
                continue
            if content.kind is CellKind.TEXT and not self._is_identifier(content.text):
                return False
            identified = True
        return identified and row.number != self._total_row

    def _is_identifier(self, text: str) -> bool:
        """Whether a text is no total, no heading and no note, whatever stands beside it."""
        word = text.casefold() if _is_word(text) else normal(text)
        return (
            bool(word)
            and word not in self._no_identifiers
            and word[-1] != ":"
            and word.count(" ") < _SPACES_OF_A_SENTENCE
        )

    def _look_at(self, row: Row, contents: Contents, strays: Sequence[tuple[int, str]]) -> None:
        """Take a row by itself if it is a case, else say what it is."""
        for _, address in strays:
            self.gathered.tally("R142", "", address)
        cells = self._cells(row, contents)
        if not cells:
            return
        code = self._no_case(row, cells)
        if code:
            self.gathered.last_number = row.number
            self.faults.add(code, _leftmost(cells).address)
        else:
            self._take([row], [contents], ())

    def _cells(self, row: Row, contents: Contents) -> dict[str, Cell]:
        """The cells that hold something, by column."""
        found = zip(self._readings, contents, strict=False)
        return {
            reading.name: _cell(row.number, reading.number, content)
            for reading, content in found
            if content is not None and not is_blank(content)
        }

    def _no_case(self, row: Row, cells: Mapping[str, Cell]) -> str | None:
        """The code of what a row is, if it is certainly no case: totals, headings again, a note."""
        plan, last = self.plan, self.plan.last_row
        texts = {name: cell.text for name, cell in cells.items() if cell.kind is CellKind.TEXT}
        keys = [name for name in plan.spec.key if name in cells]
        identified = bool(keys) and not any(name in texts and _is_total(texts[name]) for name in keys)
        if row.number == self._total_row or (not identified and any(map(_is_total, texts.values()))):
            return "R143"
        if len(texts) == len(cells) > 1 and all(
            plan.known.get(normal(text)) == name for name, text in texts.items()
        ):
            return "R145"
        beneath = row.number > self.gathered.last_number + 1 or (last is not None and row.number > last)
        if beneath and len(cells) == len(texts) == 1 and len(plan.headings.columns) > 1:
            word = normal(next(iter(texts.values())))
            # A lone identifier may be a case of which nothing else is known; a sentence is not.
            if word.endswith(":") or word.count(" ") >= _SPACES_OF_A_SENTENCE:
                return "R144"
        return None

    def _take(
        self, rows: Sequence[Row], contents: Sequence[Contents], strays: Sequence[tuple[int, str]]
    ) -> None:
        """Add rows that are cases; their faults are told row by row, from left to right."""
        if not rows:
            return
        gathered = self.gathered
        numbers = [row.number for row in rows]
        faults: list[tuple[int, int, str, int]] = [(n, _STRAY, address, 1) for n, address in strays]
        above = gathered.last_number
        if numbers != list(range(above + 1, above + 1 + len(numbers))):
            before = [above, *numbers]
            gaps = [n for n, number in enumerate(numbers) if number > before[n] + 1]
            faults += [(n, _GAP, _leftmost(self._cells(rows[n], contents[n])).address, 1) for n in gaps]
        for k, (reading, column) in enumerate(zip(self._readings, zip(*contents, strict=True), strict=False)):
            faults += _told(k, reading.read(column))
        for n, k, what, times in sorted(faults, key=itemgetter(0, 1)):
            if k == _STRAY:
                gathered.tally("R142", "", what)
            elif k == _GAP:
                gathered.tally("R147", "", what)
            elif what in _ONCE_A_COLUMN:
                reading = self._readings[k]
                gathered.tally(what, reading.name, f"{reading.letter}{numbers[n]}", times)
            elif (content := contents[n][k]) is not None:
                reading = self._readings[k]
                _cell_fault(what, _cell(numbers[n], reading.number, content), reading.expected, self.faults)
        gathered.hidden += sum(row.hidden for row in rows)
        gathered.rows += numbers
        gathered.last_number = numbers[-1]


def _between(strays: Sequence[tuple[int, str]], first: int, end: int) -> Sequence[tuple[int, str]]:
    """The strays of the rows from `first` to before `end`, counted from `first`."""
    return [(n - first, address) for n, address in strays if first <= n < end] if strays else ()


def _told(k: int, faults: Sequence[tuple[int, Typed]]) -> Iterator[tuple[int, int, str, int]]:
    """The faults of column `k`, by row; of one that is told once a column the first, with their number."""
    times = Counter(read.code for _, read in faults)
    for n, read in faults:
        if read.code is None or not times[read.code]:
            continue
        if read.code in _ONCE_A_COLUMN:
            yield n, k, read.code, times[read.code]
            times[read.code] = 0
        else:
            yield n, k, read.code, 1


def _is_word(text: str) -> bool:
    """Whether a text is letters and digits alone, as most identifiers are: then it is its own tidy form."""
    return text.isalnum() and text.isascii()


def _words(contents: Sequence[Content | None]) -> list[str] | None:
    """The texts of cells if they are words, all of them; seen at once, at a fifth of the cost of each."""
    held = [content for content in contents if content is not None]
    if len(held) < len(contents) or set(map(_kind, held)) != {CellKind.TEXT}:
        return None
    words: list[str] = list(map(_text, held))
    return words if all(words) and _is_word("".join(words)) else None


def _is_total(text: str) -> bool:
    return normal(text).rstrip(" :") in _TOTALS


def _cell(row: int, column: int, content: Content) -> Cell:
    return Cell(row, column, content.kind, content.text, content.formula, content.is_date)


def _leftmost(cells: Mapping[str, Cell]) -> Cell:
    return min(cells.values(), key=lambda cell: cell.column)


def _cell_fault(code: str, cell: Cell, expected: Expected, faults: Faults) -> None:
    if faults.only_counts(code):
        return
    column = expected.column
    quoted = shown(cell, expected)
    faults.add(
        code,
        cell.address,
        found=quoted,
        heading=repr(column.heading),
        shown=described(cell, quoted),
        bounds=_bounds(column),
        allowed=", ".join(column.values),
        maybe=did_you_mean(cell.text, column.values) if column.quotable else "",
        last=in_words(expected.last_day) if expected.last_day else "",
    )


def _bounds(column: ColumnSpec) -> str:
    least = "" if column.least is None else f"at least {column.least}"
    most = "" if column.most is None else f"at most {column.most}"
    return " and ".join(filter(None, (least, most)))
