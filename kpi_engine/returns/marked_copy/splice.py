"""XML changed by its bytes: what is not changed on purpose stays as it was, to the letter."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from xml.parsers import expat
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ATTRIBUTE: Final = re.compile(rb"""\s+([^\s=/>]+)\s*=\s*("[^"]*"|'[^']*')""")
TAG: Final = re.compile(rb"""<[^\s/>]+(?:\s+[^\s=/>]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*/?>""")
DECLARED: Final = re.compile(r"""(<\?xml[^>]*?encoding\s*=\s*["'])[^"']*""")
NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
ESCAPED: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # which a workbook would read as a character's number
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(slots=True)
class Span:
    """An element by its bytes: `start` to `tag_end` its start tag, `close` its end tag, `end` past it."""

    name: str  # as written, with its prefix
    attributes: Mapping[str, str]
    start: int
    tag_end: int
    close: int = 0
    end: int = 0
    children: list[Span] = field(default_factory=list)

    @property
    def local(self) -> str:
        """The name without its prefix."""
        return self.name.rpartition(":")[2]

    @property
    def prefix(self) -> str:
        """The prefix with its colon; empty if there is none."""
        return self.name[: -len(self.local)]

    def child(self, local: str) -> Span | None:
        """The first child of this name."""
        return next((child for child in self.children if child.local == local), None)


class Splices:
    """Changes to a part's bytes, collected in any order and made at once."""

    def __init__(self, data: bytes) -> None:
        """Begin without changes."""
        self.data = data
        self._changes: list[tuple[int, int, bytes]] = []

    def insert(self, at: int, new: bytes) -> None:
        """Put bytes before offset `at`; of several at one place the first comes first."""
        self._changes.append((at, at, new))

    def replace(self, start: int, end: int, new: bytes) -> None:
        """Put bytes in place of others."""
        self._changes.append((start, end, new))

    def append_to(self, span: Span, new: bytes, attributes: Mapping[str, str | None] | None = None) -> None:
        """Put bytes before the end of an element, opening it if it was empty; and set its attributes."""
        tag = with_attributes(self.data[span.start : span.tag_end], attributes or {})
        if span.close == span.start:
            opened = tag[:-2].rstrip() + b">"
            self.replace(span.start, span.tag_end, opened + new + f"</{span.name}>".encode())
        else:
            self.replace(span.start, span.tag_end, tag)
            self.insert(span.close, new)

    def set_attributes(self, span: Span, values: Mapping[str, str | None]) -> None:
        """Set attributes in a start tag."""
        self.replace(span.start, span.tag_end, with_attributes(self.data[span.start : span.tag_end], values))

    def made(self) -> bytes:
        """The bytes with every change."""
        pieces, at = [], 0
        for start, end, new in sorted(self._changes, key=lambda change: change[:2]):
            pieces += [self.data[at:start], new]
            at = end
        return b"".join([*pieces, self.data[at:]])


def plain(data: bytes) -> bytes:
    """The part in an encoding whose ASCII is ASCII: UTF-16 becomes UTF-8, all else stays."""
    if not data.startswith(UTF_16):
        return data
    return DECLARED.sub(r"\g<1>UTF-8", data.decode("utf-16"), count=1).encode()


def tag_end(data: bytes, start: int) -> int:
    """The offset past the tag that begins at `start`."""
    match = TAG.match(data, start)
    return match.end() if match else data.index(b">", start) + 1


def with_attributes(tag: bytes, values: Mapping[str, str | None]) -> bytes:
    """A start tag with attributes set to plain values, or taken out where the value is None."""
    rest = dict(values)
    pieces, at = [], 0
    for match in ATTRIBUTE.finditer(tag):
        name = match[1].decode("latin-1")
        if name in rest:
            value = rest.pop(name)
            pieces += [tag[at : match.start()], b"" if value is None else f' {name}="{value}"'.encode()]
            at = match.end()
    kept = b"".join([*pieces, tag[at:]])
    ending = b"/>" if kept.endswith(b"/>") else b">"
    added = "".join(f' {name}="{value}"' for name, value in rest.items() if value is not None)
    return kept[: -len(ending)].rstrip() + added.encode() + ending


def tree(data: bytes, depth: int = 100) -> Span:
    """The root element of a part, with the elements below it down to `depth`."""
    open_spans: list[Span] = [Span("", {}, 0, 0)]
    deeper = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal deeper
        if len(open_spans) > depth + 1:
            deeper += 1
            return
        at = parser.CurrentByteIndex
        span = Span(name, attributes, at, tag_end(data, at))
        open_spans[-1].children.append(span)
        open_spans.append(span)

    def end(_name: str) -> None:
        nonlocal deeper
        if deeper:
            deeper -= 1
            return
        span = open_spans.pop()
        span.close, span.end = closing(data, span.start, span.tag_end, parser.CurrentByteIndex)

    parser = new_parser(start, end)
    parser.Parse(data, True)  # noqa: FBT003  (expat takes it by position)
    return open_spans[0].children[0]


def closing(data: bytes, start: int, end_of_tag: int, at: int) -> tuple[int, int]:
    """Where an element's end tag begins, and the offset past it; an empty element's is its start tag."""
    if data[end_of_tag - 2 : end_of_tag] == b"/>":
        return start, end_of_tag
    return at, data.index(b">", at) + 1


def new_parser(
    start: Callable[[str, dict[str, str]], object], end: Callable[[str], object]
) -> expat.XMLParserType:
    """Expat without namespaces: names come as they are written."""
    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = _no_doctype
    return parser


def said(text: str) -> str:
    """A text as the content of an element of a workbook: what XML cannot hold becomes a question mark."""
    return escape(ESCAPED.sub("_x005F_", NOT_XML.sub("\ufffd", text)))


def first_of(span: Span, names: Iterable[str]) -> Span | None:
    """The first child that has one of the names."""
    wanted = frozenset(names)
    return next((child for child in span.children if child.local in wanted), None)


def _no_doctype(*_: object) -> None:
    # No workbook declares a document type; the scanner refuses it before this is reached.
    raise expat.ExpatError("a document type declaration")
