"""The parts of a workbook: XML parsed as a stream, with a cap on all that its author can inflate."""

from __future__ import annotations

import posixpath
from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING
from xml.parsers import expat

from kpi_engine.returns.scanner.container import CHUNK, MEGABYTE, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kpi_engine.errors import ReturnUnreadable
    from kpi_engine.returns.scanner.container import Container

PART_COST = 4096  # what opening a part counts for beside its bytes, so that opening many is not free
ELEMENT_COST = 32  # what an element counts for: <a/> has four bytes, and takes 200 once it is read
MAX_DEPTH = 100
MAX_NAMES = 10_000  # expat keeps every element and attribute name it meets
HANDLED = 2  # what an element counts for that goes through the handlers
MAX_TOKEN = MEGABYTE  # expat before 2.6 rereads an unfinished tag with every chunk
MAX_TEXT = MEGABYTE  # one cell; Excel itself stops at 32,767 characters
UTF_8 = frozenset({None, "utf-8", "utf8"})
ENCODINGS = UTF_8 | {"utf-16", "us-ascii", "ascii", "iso-8859-1"}
SPREADSHEET = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
NAMESPACES = frozenset(
    {
        *SPREADSHEET,
        "http://schemas.openxmlformats.org/package/2006/relationships",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        "http://purl.oclc.org/ooxml/officeDocument/relationships",
        "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties",
        "http://purl.oclc.org/ooxml/officeDocument/customProperties",
        "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes",
        "http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes",
    }
)


@dataclass(frozen=True, slots=True)
class Relationship:
    """An arrow from one part to another: `type` is the last word of its URI, `part` its target."""

    id: str
    type: str
    part: str
    external: bool


@dataclass(frozen=True, slots=True)
class Element:
    """One XML element of a small part; names are local, and empty if of a foreign namespace."""

    name: str
    parent: str
    attributes: Mapping[str, str]
    text: str


class PartReader(ABC):
    """Expat over one part, with every cap; subclasses hold the handlers.

    A handler adds to `starts` or `ends`, and clears `text` once it has used it: a plain
    list, so that no call is spent on characters. `cost`: what an element counts for.
    """

    cost = HANDLED

    def __init__(self, container: Container, part: str, root: str = "") -> None:
        """Prepare to parse `part`, whose outermost element must be `root`; nothing is read yet."""
        self.container, self.part, self.root = container, part, root
        self.starts = self.ends = self.plain = 0
        self.given = 0  # bytes that the parser was given
        self.is_utf_8 = True
        self.is_usual = False  # names without a prefix are of the one namespace that the root declares
        self.text: list[str] = []
        self._prefixes: set[str | None] = set()
        self.parser = expat.ParserCreate(None, " ", {})
        self.parser.buffer_text = True
        self.parser.ordered_attributes = True
        self.parser.buffer_size = CHUNK
        self.parser.XmlDeclHandler = self._declared
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartNamespaceDeclHandler = self._prefix
        self.parser.CharacterDataHandler = self.text.append
        self.parser.StartElementHandler = self._first
        self.parser.EndElementHandler = self._end

    @abstractmethod
    def _named(self, space: str) -> None:
        """Prepare the names to look for; `space` is the namespace that this workbook uses."""

    @abstractmethod
    def _start(self, name: str, attributes: list[str], /) -> None:
        """Take a start tag; `name` is namespace, space, local name; `attributes` names and values in turn."""

    @abstractmethod
    def _end(self, name: str, /) -> None:
        """Take an end tag."""

    def damaged(self, what: str = "is not well-formed XML") -> ReturnUnreadable:
        """The error to raise where this part is not what a workbook holds."""
        return self.container.refused("R106", what=f"{shown(self.part)} {what}")

    def names(self, space: str, *local: str) -> list[str]:
        """Full names as the very objects that expat hands out, so that comparing them costs nothing."""
        return [self.parser.intern.setdefault(name, name) for name in (f"{space} {word}" for word in local)]

    def held(self) -> int:
        """How many characters are kept of a text that is not complete yet."""
        return sum(map(len, self.text))

    def parse(self) -> Iterator[int]:
        """Parse the part chunk by chunk, pausing after each; gives the bytes parsed since the last pause."""
        counted = 0
        for chunk in chain(self.container.chunks(self.part), [b""]):
            self._take(chunk, final=not chunk)
            self._check_held()
            work = self.cost * self.starts + self.plain
            self.container.work(work - counted)
            counted = work
            yield len(chunk)

    def _check_held(self) -> None:
        """Raise ReturnUnreadable where expat or a handler keeps more than a part of a workbook needs."""
        if self.given - self.parser.CurrentByteIndex > MAX_TOKEN:
            raise self.damaged("holds a tag without end")
        if self.starts - self.ends > MAX_DEPTH:
            raise self.damaged("is nested too deeply")
        if len(self.parser.intern) > MAX_NAMES or len(self._prefixes) > MAX_NAMES:
            raise self.damaged("holds too many names")
        if self.held() > MAX_TEXT:
            raise self.damaged("holds a text too long for a cell")

    def _first(self, name: str, attributes: list[str]) -> None:
        space, _, local = name.rpartition(" ")
        if self.root and (local != self.root or space not in SPREADSHEET):
            raise self.damaged("is not what the workbook says it is")
        self._named(space)
        self.is_usual = None in self._prefixes
        self.parser.StartElementHandler = self._start
        self._start(name, attributes)

    def _take(self, chunk: bytes, *, final: bool) -> None:
        """Take the next bytes of the part; a subclass may see to some of them itself."""
        self._feed(chunk, final=final)

    def _feed(self, chunk: bytes, *, final: bool = False) -> None:
        self.given += len(chunk)
        try:
            self.parser.Parse(chunk, final)
        except expat.ExpatError as fault:
            raise self.damaged() from fault

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if (encoding and encoding.casefold()) not in ENCODINGS:
            raise self.damaged("is in an encoding that workbooks do not use")
        self.is_utf_8 = (encoding and encoding.casefold()) in UTF_8

    def _doctype(self, *_: object) -> None:
        raise self.container.refused("R108", part=shown(self.part))

    def _prefix(self, prefix: str | None, _uri: str) -> None:
        self._prefixes.add(prefix)
        self.is_usual = self.is_usual and prefix is not None


class SmallPart(PartReader):
    """The elements of a part whose size does not matter."""

    def __init__(self, container: Container, part: str) -> None:
        """Prepare to parse `part`."""
        super().__init__(container, part)
        self.done: list[Element] = []
        self._open: list[tuple[str, dict[str, str]]] = []

    def _named(self, space: str) -> None:
        pass

    def _start(self, name: str, attributes: list[str]) -> None:
        self.starts += 1
        self.text.clear()
        known = {
            local: value
            for key, value in zip(attributes[::2], attributes[1::2], strict=True)
            for space, _, local in [key.rpartition(" ")]
            if not space or space in NAMESPACES
        }
        space, _, local = name.rpartition(" ")
        self._open.append((local if space in NAMESPACES else "", known))

    def _end(self, _name: str) -> None:
        self.ends += 1
        name, attributes = self._open.pop()
        parent = self._open[-1][0] if self._open else ""
        self.done.append(Element(name, parent, attributes, "".join(self.text)))
        self.text.clear()


def elements(container: Container, part: str) -> Iterator[Element]:
    """Every element of a small part, each once it is complete: children before their parent."""
    container.spend(PART_COST)
    reader = SmallPart(container, part)
    for size in reader.parse():
        container.spend(size + ELEMENT_COST * len(reader.done))
        yield from reader.done
        reader.done.clear()


def relationships(container: Container, part: str = "") -> tuple[Relationship, ...]:
    """What a part points to; without a part, what the whole package points to."""
    folder, name = posixpath.split(part)
    rels = posixpath.join(folder, "_rels", f"{name}.rels")
    if rels not in container:
        return ()
    found = (e.attributes for e in elements(container, rels) if e.name == "Relationship")
    return tuple(
        Relationship(
            id=attributes.get("Id", ""),
            type=attributes.get("Type", "").rpartition("/")[2],
            part=posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))[1:],
            external=attributes.get("TargetMode") == "External",
        )
        for attributes in found
    )
