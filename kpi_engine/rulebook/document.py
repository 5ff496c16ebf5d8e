"""A rule file as plain text values, with the line and column of every one of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import yaml
from yaml.reader import Reader

from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpi_engine.terms.finding import Finding

Path: TypeAlias = tuple[str | int, ...]
Plain: TypeAlias = "str | list[Plain] | dict[str, Plain]"

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAB: Final = re.compile(r"^ *\t", re.MULTILINE)
_MAX_BYTES: Final = 1_000_000
_MAX_DEPTH: Final = 20
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})  # YAML's words for nothing


class Span(NamedTuple):  # a frozen dataclass takes thrice as long to make, and rules have 20,000
    """Where a key or value stands in the text: offsets, and the YAML style of a scalar."""

    start: int
    end: int
    style: str | None = None


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One rule file: its plain data (every scalar is text) and where each part of it stands.

    `broken` are the paths whose values are already reported as faults.
    """

    name: str
    stem: str
    text: str
    data: dict[str, Plain]
    keys: Mapping[Path, Span]
    values: Mapping[Path, Span]
    broken: frozenset[Path] = frozenset()

    def at(self, path: Path) -> Plain | None:
        """The value at `path`; None if there is none."""
        here: Plain = self.data
        for step in path:
            inner: Plain | None = None
            if isinstance(here, dict):
                inner = here.get(str(step))
            elif isinstance(here, list) and isinstance(step, int) and step < len(here):
                inner = here[step]
            if inner is None:
                return None
            here = inner
        return here

    def texts(self, path: Path) -> str:
        """The text at `path`; empty if there is no text."""
        value = self.at(path)
        return value if isinstance(value, str) else ""

    def fault(
        self,
        code: str,
        path: Path,
        *,
        on_key: bool = False,
        offset: int | None = None,
        **words: object,
    ) -> Finding:
        """A finding that stands at the value of `path` (or its key, or `offset` characters into it)."""
        place = self._index(path, offset, on_key=on_key)
        line, column = _line_and_column(self.text, place)
        said: dict[str, Any] = {"at": ".".join(map(str, path)), **words}
        return finding(code, file=self.name, line=line, column=column, **said)

    def line(self, path: Path) -> int:
        """The line of the value at `path`, from 1."""
        return _line_and_column(self.text, self._index(path, None, on_key=False))[0]

    def _index(self, path: Path, offset: int | None, *, on_key: bool) -> int:
        if on_key and path in self.keys:
            return self.keys[path].start
        while path and path not in self.values:
            path = path[:-1]
        span = self.values[path]
        if offset is None or span.style is None:
            return span.start
        return span.start + _inside(self.text[span.start : span.end], span.style, self.texts(path), offset)


def read_yaml(
    raw: bytes,
    name: str,
    stem: str,
    *,
    empty_text: bool = False,
) -> tuple[RuleFile | None, tuple[Finding, ...]]:
    """The rule file that `raw` holds, and its faults; None where no data can be made out.

    With `empty_text`, `""` in quotes is a value.
    """
    if len(raw) > _MAX_BYTES:
        return None, (finding("B102", file=name, what=f"is larger than {_MAX_BYTES:,} bytes"),)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _line_and_column(raw[: error.start].decode("utf-8", "replace"), error.start)
        return None, (finding("B102", file=name, line=line, column=column, what="is not UTF-8 text"),)
    wrong = _wrong_characters(name, text)
    if wrong:
        return None, wrong
    builder = _Builder(name, text, empty_text=empty_text)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if not builder.take(event):
                break
    except yaml.MarkedYAMLError as error:
        builder.faults.append(_not_yaml(name, text, error))
        return None, tuple(builder.faults)
    return builder.file(stem), tuple(builder.faults)


@dataclass(slots=True)
class _Frame:
    path: Path
    into: dict[str, Plain] | list[Plain]
    start: int
    key: str | None = None


@dataclass(slots=True)
class _Builder:
    """Makes plain data of YAML events: no recursion, so no depth of nesting can break it."""

    name: str
    text: str
    empty_text: bool = False
    root: dict[str, Plain] | None = None
    stopped: bool = False
    frames: list[_Frame] = field(default_factory=list)
    keys: dict[Path, Span] = field(default_factory=dict)
    values: dict[Path, Span] = field(default_factory=dict)
    broken: set[Path] = field(default_factory=set)
    faults: list[Finding] = field(default_factory=list)

    def file(self, stem: str) -> RuleFile | None:
        if self.root is None and not self.faults:
            self._fault("B106", 0, ())
        if self.root is None or self.stopped:
            return None
        return RuleFile(self.name, stem, self.text, self.root, self.keys, self.values, frozenset(self.broken))

    def take(self, event: yaml.Event) -> bool:
        """Go on with one event; False once nothing more can be made out."""
        if isinstance(event, yaml.ScalarEvent):
            self._node(event)
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            self._fault("B104", _start(event), (), what="a second document starts here")
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            frame = self.frames.pop()
            self.values[frame.path] = Span(frame.start, _end(event))
        elif isinstance(event, yaml.NodeEvent):
            self._node(event)
        return not self.stopped and not (self.root is not None and isinstance(event, yaml.DocumentStartEvent))

    def _node(self, event: yaml.NodeEvent) -> None:
        start = _start(event)
        top = self.frames[-1] if self.frames else None
        if top is None and not isinstance(event, yaml.MappingStartEvent):
            self._stop(start, (), "a rule file is keys and values, not a list or a text")
        elif top is not None and isinstance(top.into, dict) and top.key is None:
            self._key(event, top, top.into, start)
        else:
            self._value(event, top, start)

    def _key(self, event: yaml.NodeEvent, frame: _Frame, into: dict[str, Plain], start: int) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            self._stop(start, frame.path, "a key is plain text")
            return
        path = (*frame.path, event.value)
        frame.key = event.value
        self._plain_only(event, path, start)
        if event.value == "<<" and event.style in (None, ""):
            self._broken("B104", start, path, what="keys are not merged in from elsewhere")
        elif not event.value.strip():
            self._broken("B106", start, path)
        elif event.value in into:
            first = _line_and_column(self.text, self.keys[path].start)[0]
            self._fault("B105", start, path, first=first)
        self.keys.setdefault(path, Span(start, _end(event)))

    def _value(self, event: yaml.NodeEvent, frame: _Frame | None, start: int) -> None:
        path = self._path(frame)
        self._plain_only(event, path, start)
        value: Plain = ""
        if isinstance(event, yaml.ScalarEvent):
            value = event.value
            plain = event.style in (None, "")
            self.values[path] = Span(start, _end(event), event.style or "plain")
            meant = self.empty_text and not plain and not value
            if (plain and value in _NULLS) or (not value.strip() and not meant):
                value = ""
                self._broken("B106", self._where_empty(path, start), path)
        elif isinstance(event, yaml.CollectionStartEvent):
            value = {} if isinstance(event, yaml.MappingStartEvent) else []
            self.values[path] = Span(start, start)
        else:
            self.values[path] = Span(start, _end(event))
        if frame is None:
            self.root = value if isinstance(value, dict) else {}
        elif isinstance(frame.into, list):
            frame.into.append(value)
        else:
            frame.into[frame.key or ""] = value
            frame.key = None
        if not isinstance(value, str):
            self.frames.append(_Frame(path, value, start))
            if len(self.frames) > _MAX_DEPTH:
                self._stop(start, path, f"nested more than {_MAX_DEPTH} deep")

    def _plain_only(self, event: yaml.NodeEvent, path: Path, start: int) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._broken("B104", start, path, what="*aliases are not used")
        elif event.anchor is not None:
            self._fault("B104", start, path, what="&anchors are not used")
        if getattr(event, "tag", None) is not None:
            self._fault("B104", start, path, what="!tags are not used")

    def _path(self, frame: _Frame | None) -> Path:
        if frame is None:
            return ()
        return (*frame.path, len(frame.into) if isinstance(frame.into, list) else frame.key or "")

    def _where_empty(self, path: Path, start: int) -> int:
        # An empty value has no place of its own: libyaml puts it in a later line.
        return self.keys[path].start if path in self.keys and start >= len(self.text.rstrip()) else start

    def _broken(self, code: str, start: int, path: Path, **words: object) -> None:
        self.broken.add(path)
        self._fault(code, start, path, **words)

    def _stop(self, start: int, path: Path, what: str) -> None:
        self.stopped = True
        self._fault("B104", start, path, what=what)

    def _fault(self, code: str, start: int, path: Path, **words: object) -> None:
        line, column = _line_and_column(self.text, start)
        said: dict[str, Any] = {"at": ".".join(map(str, path)) or "the file", **words}
        self.faults.append(finding(code, file=self.name, line=line, column=column, **said))


def _start(event: yaml.Event) -> int:
    return event.start_mark.index if event.start_mark is not None else 0


def _end(event: yaml.Event) -> int:
    return event.end_mark.index if event.end_mark is not None else 0


def _wrong_characters(name: str, text: str) -> tuple[Finding, ...]:
    # YAML forbids tabs that indent, but its readers let some through.
    tabs = [(match.end() - 1, "a tab; indent with spaces") for match in _TAB.finditer(text)]
    control = Reader.NON_PRINTABLE.search(text)
    marks = tabs if control is None else [*tabs, (control.start(), "a character that cannot be printed")]
    places = [(*_line_and_column(text, index), what) for index, what in marks]
    return tuple(
        finding("B103", file=name, line=line, column=column, what=what) for line, column, what in places
    )


def _not_yaml(name: str, text: str, error: yaml.MarkedYAMLError) -> Finding:
    mark = error.problem_mark or error.context_mark
    line, column = _line_and_column(text, mark.index if mark is not None else 0)
    what = f"{error.context}: {error.problem}" if error.context else str(error.problem)
    return finding("B103", file=name, line=line, column=column, what=what)


def _line_and_column(text: str, index: int) -> tuple[int, int]:
    before = text[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def _inside(source: str, style: str, value: str, offset: int) -> int:
    """Where character `offset` of a scalar's value stands in its source text.

    YAML folds and trims white space only: the n-th other character of the value
    is the n-th of the source. 0 where an escape makes that untrue.
    """
    places = _solid(source, style)
    before = sum(not c.isspace() for c in value[:offset])
    if not places:
        return 0
    return places[before] if before < len(places) else places[-1] + 1


def _solid(source: str, style: str) -> list[int]:
    if style in ("|", ">"):
        header = source.find("\n") + 1
        return [i for i, c in enumerate(source) if i >= header and not c.isspace()]
    if style == "plain":
        return [i for i, c in enumerate(source) if not c.isspace()]
    escape, escaped = ("'", "'") if style == "'" else ("\\", '"\\/')
    places: list[int] = []
    i = 1
    while i < len(source) - 1:
        if source[i] == escape:
            if source[i + 1] not in escaped:
                return []
            places.append(i)
            i += 1
        elif not source[i].isspace():
            places.append(i)
        i += 1
    return places
