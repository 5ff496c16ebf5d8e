"""rules/escalations.yaml: the fact types it declares and its rules, typed, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from pydantic import ValidationError

from kpi_engine.rulebook.faults import validated
from kpi_engine.rulebook.nearest import did_you_mean, nearest
from kpi_engine.rulebook.pack import (
    FACT_TYPES,
    NUMBER,
    READ_BACK,
    TEXT,
    Consequence,
    EscalationExample,
    EscalationRule,
    Expected,
    Pack,
    Pattern,
)
from kpi_engine.rulebook.reach import ReadRule
from kpi_engine.rulebook.reach_faults import reach_faults
from kpi_engine.rulebook.schema import EscalationRuleModel, EscalationsModel, WantedModel
from kpi_engine.rulebook.strata import strata
from kpi_engine.rulebook.wanted import FieldAt, Known, ValueReader
from kpi_engine.rulebook.whole_pack import pack_faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.rulebook.document import Path, RuleFile
    from kpi_engine.rulebook.pack import FieldType, Reference
    from kpi_engine.rulebook.schema import EscalationExampleModel
    from kpi_engine.terms.fact import Value
    from kpi_engine.terms.finding import Finding

Types: TypeAlias = "Mapping[str, Mapping[str, FieldType]]"
Written: TypeAlias = "str | tuple[str, ...] | WantedModel"

BUILT_IN: Final[Types] = MappingProxyType({**FACT_TYPES, **READ_BACK})
RULES_AT_MOST: Final = 500  # the engine's rule sets hold no more
_IS: Final = "is"  # the key that names the type of a fact


@dataclass(frozen=True, slots=True)
class EscalationsRead:
    """The pack, the kinds of exception that its rules raise, and the faults of the file.

    After any fault the pack is None; `kinds` is None where not all can be made out.
    """

    pack: Pack | None
    kinds: frozenset[str] | None
    findings: tuple[Finding, ...]


def read_escalations(file: RuleFile, known: Known) -> EscalationsRead:
    """All rules of the file, each typed against the facts it names; every fault stands at its place."""
    model, faults = validated(file, EscalationsModel)
    found = list(faults)
    models = _rule_models(file, model)
    types = {**BUILT_IN, **_declared(file, found)}
    values = ValueReader(file, types, known, found)
    read: list[ReadRule] = []
    for i, one in enumerate(models):
        if one is not None:
            before = len(found)
            rule = _Rule(values, ("rules", i)).read(one)
            read.append(ReadRule(("rules", i), rule, whole=len(found) == before))
    found += _once(file, models)
    found += _boards_told(file, models, known)
    complete = model is not None and None not in models
    if len(models) > RULES_AT_MOST:
        what = f"{len(models)} rules; {RULES_AT_MOST} at most."
        found.append(file.fault("B177", ("rules",), what=what))
    else:
        found += pack_faults(file, read)
        found += reach_faults(file, types, read, complete=complete)
    kinds = frozenset(one.then["kind"] for one in models if one is not None and "kind" in one.then)
    if found or not complete:
        return EscalationsRead(None, kinds if complete else None, tuple(found))
    rules = tuple(one.rule for one in read)
    pack = Pack(MappingProxyType(types), rules, strata(rules), f"{file.stem}.yaml")
    return EscalationsRead(pack, kinds, ())


def _rule_models(file: RuleFile, model: EscalationsModel | None) -> Sequence[EscalationRuleModel | None]:
    """The rules; where the file as a whole does not fit the schema, None for each that does not."""
    if model is not None:
        return model.rules
    written = file.at(("rules",))
    return [_fitting(one) for one in written] if isinstance(written, list) else []


def _fitting(written: object) -> EscalationRuleModel | None:
    try:
        return EscalationRuleModel.model_validate(written)
    except ValidationError:
        return None


def _declared(file: RuleFile, found: list[Finding]) -> dict[str, dict[str, FieldType]]:
    """The fact types under facts:, as far as they can be made out."""
    declared: dict[str, dict[str, FieldType]] = {}
    written = file.at(("facts",))
    for name, fields in written.items() if isinstance(written, dict) else ():
        path: Path = ("facts", name)
        if name in BUILT_IN:
            who = "every check states" if name in FACT_TYPES else "reports read"
            found.append(file.fault("B162", path, on_key=True, found=name, who=who))
        elif isinstance(fields, dict):
            if not fields:
                found.append(file.fault("B163", path, what="a fact has at least one field."))
            if _IS in fields:
                what = "is: names the type of a fact; call the field something else."
                found.append(file.fault("B163", (*path, _IS), on_key=True, what=what))
            declared[name] = {
                key: NUMBER if nearest(str(text), ("number", "text")) == "number" else TEXT
                for key, text in fields.items()
            }
    return declared


def _once(file: RuleFile, models: Sequence[EscalationRuleModel | None]) -> Iterator[Finding]:
    first: dict[str, Path] = {}
    for i, one in enumerate(models):
        if one is not None:
            path: Path = ("rules", i, "id")
            before = first.setdefault(one.id, path)
            if before != path:
                yield file.fault("B131", path, found=one.id, where=f"line {file.line(before)}")


def _boards_told(
    file: RuleFile, models: Sequence[EscalationRuleModel | None], known: Known
) -> Iterator[Finding]:
    for i, one in enumerate(models):
        for j, board in enumerate(one.tell if one is not None else ()):
            if known.boards is not None and board not in known.boards:
                hint = did_you_mean(board, known.boards)
                yield file.fault("B132", ("rules", i, "tell", j), what="board", found=board, hint=hint)


@dataclass(frozen=True, slots=True)
class _Rule:
    """Reads one rule; what cannot be made out is left out of it, and told."""

    values: ValueReader
    path: Path

    def read(self, model: EscalationRuleModel) -> EscalationRule:
        file, found = self.values.file, self.values.found
        when: dict[str, Pattern] = {}
        for name, written in model.when.items():
            later = tuple(one for one in model.when if one not in when)
            when[name] = self._pattern((*self.path, "when", name), name, written, when, later)
        unless = []
        for name, written in model.unless.items():
            path = (*self.path, "unless", name)
            if name in when:
                where = f"line {file.line((*self.path, 'when', name))}"
                found.append(file.fault("B131", path, on_key=True, found=name, where=where))
            unless.append(self._pattern(path, name, written, when, ()))
        return EscalationRule(
            id=model.id,
            title=model.title,
            because=model.because,
            when=tuple(when.values()),
            unless=tuple(unless),
            then=self._then(model.then, when),
            tell=model.tell,
            examples=tuple(
                self._example((*self.path, "examples", i), one) for i, one in enumerate(model.examples)
            ),
            line=file.line(self.path),
        )

    def _type(self, path: Path, written: Mapping[str, Written], *, key: str = _IS) -> str:
        """The fact type that `is` names, or the one that is meant; empty if it cannot be made out."""
        file, found = self.values.file, self.values.found
        name = written.get(key)
        if name is None:
            found.append(file.fault("B111", (*path, key)))
            return ""
        if not isinstance(name, str):
            found.append(file.fault("B160", (*path, key), what="wants the name of one fact type."))
            return ""
        if name in self.values.types:
            return name
        what = f"there is no fact type {name}{did_you_mean(name, self.values.types)}"
        found.append(file.fault("B160", (*path, key), what=what))
        return nearest(name, self.values.types) or ""

    def _fields(
        self, path: Path, type_: str, written: Mapping[str, Written]
    ) -> Iterator[tuple[FieldAt, Written]]:
        """The fields written, with their types; a fault for each that the type has not."""
        fields = self.values.types.get(type_, {})
        for name, wanted in written.items():
            if name == _IS or not type_:
                continue
            if name in fields:
                yield FieldAt((*path, name), type_, name, fields[name]), wanted
            else:
                hint = did_you_mean(name, [one for one in fields if one not in written])
                fault = self.values.file.fault(
                    "B161", (*path, name), on_key=True, type=type_, found=name, hint=hint
                )
                self.values.found.append(fault)

    def _pattern(
        self,
        path: Path,
        name: str,
        written: Mapping[str, Written],
        within: Mapping[str, Pattern],
        later: Sequence[str],
    ) -> Pattern:
        type_ = self._type(path, written)
        tests, joins = [], []
        for field, wanted in self._fields(path, type_, written):
            if isinstance(wanted, str) and wanted.startswith("$"):
                join = self.values.join(field, wanted, within, later)
                joins += [join] if join is not None else []
            else:
                test = self.values.test(field, wanted)
                tests += [test] if test is not None else []
        return Pattern(name, type_, tuple(tests), tuple(joins))

    def _then(self, written: Mapping[str, str], within: Mapping[str, Pattern]) -> Consequence:
        path = (*self.path, "then")
        file, found = self.values.file, self.values.found
        type_ = self._type(path, written)
        given: dict[str, Value | Reference] = {}
        for field, text in self._fields(path, type_, written):
            held: Value | Reference | None
            if isinstance(text, str) and text.startswith("$"):
                held = self.values.reference(field, text, within, ())
            else:
                held = self.values.literal(field, field.path, str(text))
            if held is not None:
                given[field.name] = held
        wanted = self.values.types.get(type_, {})
        lacking = [name for name in wanted if name not in written]
        if lacking:
            found.append(file.fault("B167", path, type=type_, found=", ".join(lacking)))
        return Consequence(type_, tuple((name, given[name]) for name in wanted if name in given))

    def _example(
        self,
        path: Path,
        model: EscalationExampleModel,
    ) -> EscalationExample:
        facts = [self._fact((*path, "given", i), written) for i, written in enumerate(model.given)]
        wanted = []
        for i, one in enumerate(model.expect):
            key = "never" if one.follows is None else "follows"
            type_, fields = self._fact((*path, "expect", i, key), one.follows or one.never or {})
            wanted.append(Expected(type_, tuple(fields.items()), never=key == "never"))
        return EscalationExample(
            name=model.name,
            given=tuple((type_, MappingProxyType(fields)) for type_, fields in facts),
            expects=tuple(wanted),
            line=self.values.file.line(path),
        )

    def _fact(self, path: Path, written: Mapping[str, str]) -> tuple[str, dict[str, Value]]:
        type_ = self._type(path, written)
        fields: dict[str, Value] = {}
        for field, text in self._fields(path, type_, written):
            value = self.values.literal(field, field.path, str(text), real=False)
            if value is not None:
                fields[field.name] = value
        return type_, fields
