"""What a rule writes for a field of a fact: a value, several, a test or a reference, typed by the field."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kpi_engine.rulebook.nearest import did_you_mean
from kpi_engine.rulebook.pack import ABOUT_RETURN, FieldTest, Join, Op, Reference
from kpi_engine.terms.codes import CODES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpi_engine.rulebook.document import Path, RuleFile
    from kpi_engine.rulebook.pack import FieldType, Pattern
    from kpi_engine.rulebook.schema import WantedModel
    from kpi_engine.terms.fact import Value
    from kpi_engine.terms.finding import Finding

LONGEST: Final = 200  # characters of a text; see terms/fact.py
LARGEST: Final = 2**53
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)
_NAME: Final = r"([a-z][a-z0-9_]*)"
_REFERENCE: Final = re.compile(rf"\${_NAME}\.{_NAME}(?:\s*([+-])\s*([0-9]{{1,40}}))?", re.ASCII)
_QUOTED: Final = 60


@dataclass(frozen=True, slots=True)
class Known:
    """What rules may name. None: the file that declares it could not be read, so ask nothing."""

    indicators: frozenset[str] | None
    milestones: frozenset[str] | None
    sheets: frozenset[str] | None
    boards: frozenset[str] | None

    def named_by(self, field: str) -> tuple[str, frozenset[str] | None]:
        """What a text field names, in words, and the names that there are; ("", None) if it names nothing."""
        if field == "about":
            parts = (self.indicators, self.milestones)
            known = frozenset({ABOUT_RETURN}).union(*(part or () for part in parts))
            return "indicator or milestone", None if None in parts else known
        if field == "code":
            return "code", frozenset(CODES)
        names = {
            "indicator": ("indicator", self.indicators),
            "same_as": ("indicator", _or_none(self.indicators)),
            "milestone": ("milestone", self.milestones),
            "sheet": ("sheet", _or_none(self.sheets)),
        }
        return names.get(field, ("", None))


def _or_none(names: frozenset[str] | None) -> frozenset[str] | None:
    return None if names is None else names | {""}


@dataclass(frozen=True, slots=True)
class FieldAt:
    """A field of a fact type, and the place in the file where something is written for it."""

    path: Path
    type: str
    name: str
    holds: FieldType

    @property
    def shown(self) -> str:
        """`verdict.status`."""
        return f"{self.type}.{self.name}"


@dataclass(frozen=True, slots=True)
class ValueReader:
    """Reads what stands for fields, and adds every fault to `found`."""

    file: RuleFile
    types: Mapping[str, Mapping[str, FieldType]]
    known: Known
    found: list[Finding]

    def literal(self, field: FieldAt, path: Path, text: str, *, real: bool = True) -> Value | None:
        """The value that `text` is for the field; None after a fault. `real`: names must be there."""
        fault = self._literal_fault(field, path, text, real=real)
        if fault is not None:
            self.found.append(fault)
            return None
        return int(text) if field.holds.number else text

    def _literal_fault(self, field: FieldAt, path: Path, text: str, *, real: bool) -> Finding | None:
        code, what = _unfit(field, text)
        if code:
            return self.file.fault(code, path, what=what)
        named, known = self.known.named_by(field.name) if real and not field.holds.values else ("", None)
        if known is None or text in known:
            return None
        return self.file.fault("B132", path, what=named, found=text, hint=did_you_mean(text, known))

    def test(self, field: FieldAt, wanted: str | tuple[str, ...] | WantedModel) -> FieldTest | None:
        """The test that `wanted` is, references apart; None after a fault."""
        if isinstance(wanted, str):
            return self._values(field, Op.IS, [(field.path, wanted)])
        if isinstance(wanted, tuple):
            return self._values(field, Op.IS, _items(field.path, wanted))
        if wanted.not_ is not None:
            path = (*field.path, "not")
            given = wanted.not_
            return self._values(
                field, Op.NOT, [(path, given)] if isinstance(given, str) else _items(path, given)
            )
        op = next(op for op in Op if op not in (Op.IS, Op.NOT) and getattr(wanted, op.value) is not None)
        path = (*field.path, op.value)
        if not field.holds.number:
            what = f"{field.shown} holds text, which is never more or less; write a word, a list or not:."
            self.found.append(self.file.fault("B163", path, on_key=True, what=what))
            return None
        return self._values(field, op, [(path, getattr(wanted, op.value))])

    def _values(self, field: FieldAt, op: Op, texts: Sequence[tuple[Path, str]]) -> FieldTest | None:
        read = [self.literal(field, path, text) for path, text in texts]
        values = tuple(dict.fromkeys(value for value in read if value is not None))
        return FieldTest(field.name, op, values) if read and None not in read else None

    def join(
        self, field: FieldAt, text: str, within: Mapping[str, Pattern], later: Sequence[str]
    ) -> Join | None:
        """The join that `text` is (`$a.seq + 1`); None after a fault."""
        to = self.reference(field, text, within, later)
        return Join(field.name, to) if to is not None else None

    def reference(
        self, field: FieldAt, text: str, within: Mapping[str, Pattern], later: Sequence[str]
    ) -> Reference | None:
        """The reference that `text` is: to one of `within`, not to a `later` name; None after a fault."""
        match = _REFERENCE.fullmatch(text)
        if match is None:
            what = f"{quoted(text)} is no reference; write $name.field, or with + 1 or - 1 after it."
            self.found.append(self.file.fault("B165", field.path, what=what))
            return None
        name, of = match[1], match[2]
        if name not in within:
            what = f"there is no {name} in when:{did_you_mean(name, within)}"
            if name in later:
                what = f"{name} comes later; refer to a fact that is named before this one."
            self.found.append(self.file.fault("B165", field.path, offset=1, what=what))
            return None
        fields = self.types.get(within[name].type)
        if fields is None:  # the type of that fact is at fault, which is told
            return None
        if of not in fields:
            place, hint = match.start(2), did_you_mean(of, fields)
            fault = self.file.fault(
                "B161", field.path, offset=place, type=within[name].type, found=of, hint=hint
            )
            self.found.append(fault)
            return None
        plus = int(f"{match[3]}{match[4]}") if match[3] else 0
        unlike = self._unlike(field, within[name].type, of, fields[of], match)
        if unlike is not None:
            self.found.append(unlike)
            return None
        return Reference(name, of, plus)

    def _unlike(
        self, field: FieldAt, type_: str, of: str, holds: FieldType, match: re.Match[str]
    ) -> Finding | None:
        """What is wrong with setting the field equal to the one referred to."""
        other = f"{type_}.{of}"
        if holds.number != field.holds.number:
            kinds = ("text", "a number")
            what = f"{field.shown} holds {kinds[field.holds.number]}, {other} {kinds[holds.number]}."
            return self.file.fault("B166", field.path, what=what)
        if match[3] and not holds.number:
            what = f"{other} holds text; only to a number can {match[4]} be added."
            return self.file.fault("B163", field.path, offset=match.start(3), what=what)
        if match[4] and int(match[4]) > LARGEST:
            what = f"{match[4]} is beyond {LARGEST:,} either way."
            return self.file.fault("B178", field.path, offset=match.start(4), what=what)
        if holds.values and field.holds.values and not holds.values & field.holds.values:
            what = f"{field.shown} and {other} have no word in common."
            return self.file.fault("B166", field.path, what=what)
        return None


def _unfit(field: FieldAt, text: str) -> tuple[str, str]:
    """The code and the words of what keeps a field from holding the text; empty if nothing does."""
    holds, said = field.holds, quoted(text)
    if text.startswith("$"):
        return "B165", f"{said} refers to another fact; a value is wanted here."
    if holds.number and _NUMBER.fullmatch(text) is None:
        return "B163", f"{said} is text; {field.shown} holds a whole number."
    if holds.number and abs(int(text)) > LARGEST:
        return "B178", f"{said} is beyond {LARGEST:,} either way."
    if holds.values and text not in holds.values:
        hint = did_you_mean(text, holds.values)
        return "B164", f"{field.shown} is never {said}; it is {words(holds.values)}{hint}"
    if len(text) > LONGEST:
        return "B178", f"a text of {len(text)} characters; {LONGEST} at most."
    return "", ""


def _items(path: Path, texts: Sequence[str]) -> list[tuple[Path, str]]:
    return [((*path, i), text) for i, text in enumerate(texts)]


def quoted(text: str) -> str:
    """The text in quotes, a long one cut."""
    return f'"{text}"' if len(text) <= _QUOTED else f'"{text[:_QUOTED]}…"'


def words(values: frozenset[str]) -> str:
    """`pass, fail or not_due`, sorted; the empty word as two quotes."""
    shown = [value or '""' for value in sorted(values)]
    return " or ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
