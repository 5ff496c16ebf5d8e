"""Rows as Excel and most exports write them, cut by bytes: a tenth of the time that handlers take.

A row is cut at its own number, which every address in it ends with, so that pieces repeat from row to
row: `" s="1"><v>45000</v></c><c r="F`. A piece is read by a strict expression when it is first met; what
repeats is only looked up. A row counts as plain if every byte of it is in such a piece: attributes in
their usual order, no entity, comment or CDATA, each cell to the right of the one before, every value
faultless. Any other row goes through the parser, and so does the first row of every kind of row tag.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from kpi_engine.returns.scanner.cells import COLUMNS, MAX_ROW, CellKind, Content, Row
from kpi_engine.returns.scanner.memory import Memory

if TYPE_CHECKING:
    from kpi_engine.returns.scanner.values import Stores

# No &, < or ], which mean something in XML, and nothing that XML would change or refuse.
_TEXT = r"[^\x00-\x1f&<\]\x7f-\x9f\ufffe\uffff]*"
_PIECE = re.compile(
    r'(?: s="([0-9]{1,6})")?(?: t="([a-zA-Z]{1,9})")?'
    rf'(?: ?/>|>(<f(?: aca="false")?(?: ?/>|>{_TEXT}</f>))?'
    rf'(?:(?:<v>|(<is><t(?: xml:space="preserve")?>))({_TEXT})(?(4)</t></is>|</v>))?</c>)'
    r'(?:<c r="([A-Z]{1,3}))?'
)
_TAG = re.compile(rb'((?: [A-Za-z0-9:]{1,40}="[A-Za-z0-9:. ]{0,60}"){0,12})><c r="([A-Z]{1,3})')
_START = b'<row r="'
_START_TAG = re.compile(rb'<row r="[1-9][0-9]{0,6}"((?: [A-Za-z0-9:]{1,40}="[A-Za-z0-9:. ]{0,60}"){0,12})>')
_DIGITS = 7
_LAST, _NONE = 0, -1
_VALUE, _INLINE = (b"<v>", b"</v>"), (b"<is><t>", b"</t></is>")
_KNOWN_TAGS = 1_000
_USUAL, _USUAL_INLINE = frozenset({"n", "s"}), frozenset({"inlineStr"})
_TEXT_KIND, _NUMBER_KIND = CellKind.TEXT, CellKind.NUMBER
new_content = tuple.__new__  # half the time of Content(...)
_KNOWN_LAYOUTS = 5_000
_LONG = 250  # bytes of a piece, or cells of a row, beyond which it is not remembered


class _NotPlainError(Exception):
    """A row is to go through the parser."""


class _Pieces(Memory[bytes, "tuple[int, Content | None]"]):
    """By piece: the column of the cell that begins at its end (_LAST: none does), and what its cell holds.

    A piece is remembered when it is met again, for many a text comes but once.
    """

    def __init__(self, stores: Stores, *, utf_8: bool) -> None:
        """Start with none."""
        super().__init__()
        self._stores = stores
        self._texts = stores.texts
        self._encoding = "utf-8" if utf_8 else "ascii"
        self._highest = -1  # of the shared texts that were met
        # By the tag before a value, what stands before that: type, and whether it is a date.
        self._before: dict[bytes, dict[bytes, tuple[str, bool]]] = {b"": {}, _VALUE[0]: {}, _INLINE[0]: {}}
        self._after: dict[bytes, int] = {}

    def __missing__(self, piece: bytes) -> tuple[int, Content | None]:
        """Read one piece: by the expression, or as one that differs in its value alone from one that was."""
        before, tag, rest = piece.partition(_VALUE[0])
        if tag:
            value, _, after = rest.partition(_VALUE[1])
        else:
            before, tag, rest = piece.partition(_INLINE[0])
            value, _, after = rest.partition(_INLINE[1])
        known, column = self._before[tag].get(before), self._after.get(after)
        if known is None or column is None:
            return self._remembered(piece, self._matched(piece))
        stored, is_date = known
        found: tuple[int, Content | None]
        if stored == "s" and value.isdigit() and len(value) <= _DIGITS and int(value) < len(self._texts):
            index = int(value)
            found = column, new_content(Content, (_TEXT_KIND, self._texts[index], False, is_date))
            if index > self._highest:
                # They are numbered as they first come: this one may well not come again.
                self._highest = index
                return found
        elif stored == "n" and value.isdigit() and len(value) <= _DIGITS:
            found = column, new_content(Content, (_NUMBER_KIND, value.decode("ascii"), False, is_date))
        elif stored == "inlineStr" and value.replace(b" ", b"").isalnum():
            found = column, new_content(Content, (_TEXT_KIND, value.decode("ascii"), False, is_date))
        else:
            found = self._matched(piece)
        return self._remembered(piece, found)

    def _remembered(self, piece: bytes, found: tuple[int, Content | None]) -> tuple[int, Content | None]:
        if len(piece) <= _LONG:
            self.keep(piece, found)
        return found

    def _matched(self, piece: bytes) -> tuple[int, Content | None]:
        """Read a piece by the expression; remember what stands before and after a value of a usual kind.

        Raises _NotPlainError, so that no more of a row is looked at than needs to be.
        """
        try:
            match = _PIECE.fullmatch(piece.decode(self._encoding))
        except UnicodeDecodeError:
            match = None
        if match is None:
            raise _NotPlainError
        style, stored, formula, inline, value, following = match.groups()
        content, fault, is_lost = self._stores.content(style, stored, formula is not None, value)
        column = _LAST if following is None else COLUMNS[following] or _NONE
        if fault or is_lost or column == _NONE:
            raise _NotPlainError
        usual = "n" if stored is None else stored
        is_usual = formula is None and usual in (_USUAL if inline is None else _USUAL_INLINE)
        if is_usual and content is not None and piece.isascii():
            tag, end_tag = _VALUE if inline is None else _INLINE
            before, tag, rest = piece.partition(tag)
            if tag and len(self._before[tag]) < _KNOWN_TAGS:
                self._before[tag][before] = usual, content.is_date
                self._after[rest.partition(end_tag)[2]] = column
        return column, content


class PlainRows:
    """Reads the plain rows of one sheet; what it remembers is bounded.

    `utf_8`: the part is in UTF-8; else only ASCII is plain.
    """

    def __init__(self, stores: Stores, *, utf_8: bool) -> None:
        """Prepare to read; no row is plain until the parser has seen one with the same tag."""
        self._pieces = _Pieces(stores, utf_8=utf_8)
        self._hidden: dict[bytes, bool] = {}
        self._tags: dict[bytes, tuple[int, bool]] = {}
        self._layouts: dict[tuple[int, tuple[int, ...]], tuple[int, ...]] = {}

    def learn(self, tag: bytes, *, hidden: bool) -> None:
        """Note that the parser took a row with the attributes `tag`, and whether it hides the row."""
        if len(self._hidden) < _KNOWN_TAGS:
            self._hidden[tag] = hidden

    def forget(self) -> None:
        """Forget the tags: what the parser made of them may not hold once something else has come between."""
        self._hidden.clear()
        self._tags.clear()

    def read(self, source: bytes, above: int) -> Row | None:
        """The row in `source` (less its end tag), if it is plain and beneath row `above`.

        The parser must stand between two rows, of which this is the second.
        """
        end = source.find(b'"', len(_START))
        digits = source[len(_START) : end]
        if end < 0 or not source.startswith(_START) or not digits.isdigit() or len(digits) > _DIGITS:
            return None
        number = int(digits)
        first, tag, *pieces = source.split(source[len(_START) : end + 1])
        started = self._tags.get(tag) or self._tag(tag)
        if started is None or not pieces or first != _START or digits[:1] == b"0":
            return None
        if not above < number <= MAX_ROW:
            return None
        try:
            following, contents = zip(*map(self._pieces.__getitem__, pieces), strict=True)
        except _NotPlainError:
            return None
        layout = started[0], following
        columns = self._layouts.get(layout)
        if columns is None:
            columns = self._layout(layout)
        return tuple.__new__(Row, (number, started[1], columns, contents)) if columns else None

    def _tag(self, tag: bytes) -> tuple[int, bool] | None:
        match = _TAG.fullmatch(tag)
        if match is None or match[1] not in self._hidden:
            return None
        column = COLUMNS[match[2].decode("ascii")]
        if not column:
            return None
        found = self._tags[tag] = (column, self._hidden[match[1]])
        return found

    def _layout(self, layout: tuple[int, tuple[int, ...]]) -> tuple[int, ...]:
        """The columns of a row's cells; none if they are not from left to right."""
        first, following = layout
        columns = (first, *following[:-1])
        plain = following[-1] == _LAST and all(a < b for a, b in pairwise(columns))
        if len(columns) <= _LONG:
            if len(self._layouts) >= _KNOWN_LAYOUTS:
                self._layouts.clear()
            self._layouts[layout] = columns if plain else ()
        return columns if plain else ()


def plain_tag(source: bytes) -> bytes | None:
    """The attributes after its number that a row begins with, if they are plain; else None."""
    match = _START_TAG.match(source)
    return None if match is None else match[1]
