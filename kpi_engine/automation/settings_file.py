"""kpi.toml as its author wrote it: its shape, and the line of every setting."""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from kpi_engine.reports.board.pack import PackFormat
from kpi_engine.rulebook.nearest import did_you_mean, nearest
from kpi_engine.terms.codes import finding
from kpi_engine.terms.period import MONTH, Period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from kpi_engine.terms.finding import Finding

    Key: TypeAlias = tuple[str, ...]
    Places: TypeAlias = Mapping[Key, tuple[int, int]]

_MOST_BYTES: Final = 64_000
_LONGEST: Final = 200  # characters of a text
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_AT: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class Security(StrEnum):
    """How the way to the mail host is encrypted; there is no way that is not."""

    TLS = "tls"
    STARTTLS = "starttls"


# ── What a setting takes ─────────────────────────────────────────────────────


def _line(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("is not one line of plain text")
    if len(text) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST} characters")
    return text


def _place(text: str) -> str:
    _line(text)
    if not text.strip():
        raise ValueError("is empty")
    if text.startswith("~"):
        raise ValueError("begins with ~, which only a shell knows; write the whole path")
    return text


def _fitting(form: re.Pattern[str], wanted: str) -> AfterValidator:
    def fits(text: str) -> str:
        if form.fullmatch(_line(text)) is None:
            raise ValueError(f"is not {wanted}")
        return text

    return AfterValidator(fits)


def _listed(kind: type[StrEnum]) -> BeforeValidator:
    def member(given: object) -> StrEnum:
        if isinstance(given, str) and given in list(kind):
            return kind(given)
        close = nearest(given, kind) if isinstance(given, str) else None
        hint = f"; did you mean {close}?" if close else ""
        raise ValueError(f"is not one of {', '.join(kind)}{hint}")

    return BeforeValidator(member)


def _month(given: object) -> Period:
    if isinstance(given, str):
        try:
            month = Period.parse(given)
        except ValueError:
            month = Period(0, 0)
        if month.length == MONTH:
            return month
    raise ValueError('is not a month; write it in quotes, such as "2024-04"')


def _day(given: object) -> date:
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    if isinstance(given, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", given, re.ASCII):
        try:
            return date.fromisoformat(given)
        except ValueError:
            pass
    raise ValueError("is not a day; write year-month-day, such as 2025-04-17")


def _once(given: list[Any]) -> list[Any]:
    for one in given:
        if given.count(one) > 1:
            raise ValueError(f"names {one} twice")
    return given


_Line = Annotated[str, AfterValidator(_line)]
_Place = Annotated[str, AfterValidator(_place)]
_Address = Annotated[str, _fitting(_ADDRESS, "a plain mail address, such as kpi@council.example")]
_Once = AfterValidator(_once)


class GivenMail(BaseModel):
    """The table [mail]."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    host: Annotated[str, _fitting(_HOST, "the name of a host, such as smtp.council.example")]
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    security: Annotated[Security, _listed(Security)] = Security.STARTTLS
    sender: _Address
    to: Annotated[list[_Address], Field(min_length=1), _Once]
    user: _Line = ""
    password_env: Annotated[str, _fitting(_VARIABLE, "the name of an environment variable")] | None = None


class Given(BaseModel):
    """The whole file; every setting may be left out."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    inbox: _Place = "inbox"
    out: _Place = "out"
    processed: _Place = "processed"
    refused: _Place = "refused"
    rules_kept: _Place = "rules-kept"
    log: _Place = "log"
    work: _Place = "work"
    outbox: _Place = "outbox"
    history: _Place = "history.sqlite"
    audit: _Place = "audit.jsonl"
    rules: _Place | None = None
    boards: Annotated[list[_Line], _Once] = []
    formats: Annotated[list[Annotated[PackFormat, _listed(PackFormat)]], _Once] = []
    authority: _Line = ""
    first_month: Annotated[Period, BeforeValidator(_month)] | None = None
    rest: Annotated[int, Field(ge=0, le=86_400)] = 60
    allow_missing_commentary: bool = False
    who: _Line = ""
    meetings: dict[str, Annotated[list[Annotated[date, BeforeValidator(_day)]], _Once]] = {}
    mail: GivenMail | None = None


# ── Reading it ───────────────────────────────────────────────────────────────

Fault: TypeAlias = "Callable[[Key, str, str, Mapping[str, str]], Finding]"


def read_given(path: Path) -> tuple[Given | None, Places, tuple[Finding, ...]]:
    """The file, where each of its settings stands, and its faults; None where there are any."""
    name = str(path)
    text = _text(path)
    if not isinstance(text, str):
        return None, {}, text
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, {}, (_not_toml(name, text, str(error)),)
    except RecursionError:
        return None, {}, (finding("A121", file=name, what="it is nested too deep"),)
    places = _places(text)
    try:
        return Given.model_validate(data), places, ()
    except ValidationError as error:
        found = [_fault(name, places, one) for one in error.errors(include_url=False)]
        return None, places, tuple(sorted(found, key=lambda one: (one.line or 0, one.message)))


def at_place(code: str, name: str, places: Places, key: Key, **words: object) -> Finding:
    """A finding at the line of `key`, or of the nearest table or list that holds it."""
    known = key
    while known and known not in places:
        known = known[:-1]
    line, column = places.get(known, (None, None))
    return finding(code, file=name, line=line, column=column, **{"at": ".".join(key), **words})  # type: ignore[arg-type]


def _text(path: Path) -> str | tuple[Finding, ...]:
    name = str(path)
    try:
        if path.exists() and not path.is_file():  # a pipe would keep us waiting
            return (finding("A120", file=name, why="it is not a file"),)
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        return (finding("A120", file=name, why=error.strerror or "it cannot be opened"),)
    if len(raw) > _MOST_BYTES:
        return (finding("A121", file=name, what=f"it is larger than {_MOST_BYTES:,} bytes"),)
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return (finding("A121", file=name, what="it is not UTF-8 text"),)


def _not_toml(name: str, text: str, said: str) -> Finding:
    at = _AT.search(said)
    what = said[: at.start()] if at else said
    lines = text.splitlines() or [""]
    line, column = (int(at[1]), int(at[2])) if at and at[1] else (len(lines), len(lines[-1]) + 1)
    written = lines[line - 1] if line <= len(lines) else ""
    if "\\" in written and '"' in written:
        what += "; a path with \\ stands in single quotes: 'C:\\returns'"
    return finding("A121", file=name, line=line, column=column, what=what)


def _places(text: str) -> Places:
    """The line and column of every key.

    tomllib gives none, but it says where a statement ends: where the lines so far can be read by themselves.
    """
    places: dict[Key, tuple[int, int]] = {}
    table: Key = ()
    began, held = 1, ""
    for number, line in enumerate(text.split("\n"), 1):
        began, held = (began, f"{held}\n{line}") if held else (number, line)
        try:
            read = tomllib.loads(held)
        except tomllib.TOMLDecodeError:
            continue
        column = len(held) - len(held.lstrip()) + 1
        header = held.lstrip().startswith("[")
        for key in _keys(read):
            whole = key if header else (*table, *key)
            places.setdefault(whole, (began, column))
        if header:
            table = max(_keys(read), key=len)
        held = ""
    return places


def _keys(data: object) -> Iterator[Key]:
    if isinstance(data, list) and len(data) == 1:  # [[table]]
        yield from _keys(data[0])
    elif isinstance(data, dict):
        for key, inner in data.items():
            yield (key,)
            yield from ((key, *rest) for rest in _keys(inner))


# ── Faults ───────────────────────────────────────────────────────────────────

_WORDS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "string_type": "wants text in quotes",
    "int_type": "wants a whole number, without quotes",
    "bool_type": "wants true or false, without quotes",
    "list_type": 'wants a list, such as ["one", "two"]',
    "dict_type": "wants a table of its own",
    "model_type": "wants a table of its own",
    "greater_than_equal": "is less than {ge}",
    "less_than_equal": "is more than {le}",
    "too_short": "wants at least one",
}


def _fault(name: str, places: Places, error: ErrorDetails) -> Finding:
    key = tuple(str(step) for step in error["loc"])
    if error["type"] == "extra_forbidden":
        return at_place("A122", name, places, key, hint=_hint(key))
    context: dict[str, Any] = error.get("ctx", {})
    if error["type"] == "value_error":
        what = str(context["error"])
    else:
        what = _WORDS.get(error["type"], "cannot stand here").format(**context)
    return at_place("A123", name, places, key, what=what)


def _hint(key: Key) -> str:
    *table, word = key
    if table and word in Given.model_fields:  # TOML gives a table every key below its heading
        return f"; {word} is a setting of the whole file: write it above [{'.'.join(table)}]."
    known = GivenMail.model_fields if table == ["mail"] else Given.model_fields
    return did_you_mean(word, known)
