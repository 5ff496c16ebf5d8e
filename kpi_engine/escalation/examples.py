"""The examples written in each escalation rule, run through all the rules together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kpi_engine.escalation.builtin import derive_builtin
from kpi_engine.terms.fact import fact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kpi_engine.rulebook.pack import EscalationExample, EscalationRule, Expected, FieldType, Pack
    from kpi_engine.terms.fact import Derived, Fact, Value

_UNSAID: Final = ("", "none", "unknown", "not_stated", "no")
"""What a field left out means where its type is one of a few words: the first of these that is among them."""

_SHOWN: Final = 3  # what followed instead is a hint; the rest would hide it


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one example went; `faults` are plain sentences, none where the rules do what it says."""

    rule: EscalationRule
    example: EscalationExample
    faults: tuple[str, ...]


def run_escalation_examples(pack: Pack) -> Iterator[Outcome]:
    """Every example of every rule, in order, each with all the rules of `pack`.

    A rule that none of its own examples makes fire is told on the last of them.
    """
    for rule in pack.rules:
        fired = False
        for number, example in enumerate(rule.examples, 1):
            given, faults = _given(pack, example)
            if not faults:
                derived = derive_builtin(pack, given)
                fired = fired or any(why.rule == rule.id for why in derived.whys)
                faults = [fault for wanted in example.expects for fault in _missed(wanted, derived)]
                if not fired and number == len(rule.examples):
                    faults.append(f"no example makes {rule.id} fire")
            yield Outcome(rule, example, tuple(faults))


def _given(pack: Pack, example: EscalationExample) -> tuple[list[Fact], list[str]]:
    """The facts of an example, and which fields it must write for want of a word that says nothing."""
    facts, faults = [], []
    for kind, said in example.given:
        fields: dict[str, Value] = dict(said)
        for name, held in pack.types[kind].items():
            if name in said:
                continue
            unsaid = _unsaid(held)
            if unsaid is None:
                words = ", ".join(sorted(held.values))
                faults.append(f"{_named(kind, said)} must say its {name}: one of {words}")
            else:
                fields[name] = unsaid
        facts.append(fact(kind, fields))
    return facts, faults


def _unsaid(held: FieldType) -> Value | None:
    if held.number:
        return 0
    return next((word for word in _UNSAID if not held.values or word in held.values), None)


def _missed(wanted: Expected, derived: Derived) -> Iterator[str]:
    """What is wrong with the facts derived, where they are not as `wanted`."""
    of_type = [one for one in derived.facts if one.type == wanted.type]
    matching = [one for one in of_type if all(one[name] == value for name, value in wanted.fields)]
    said = _named(wanted.type, dict(wanted.fields))
    if wanted.never and matching:
        by = sorted({why.rule for why in derived.whys if why.fact == matching[0].id})
        yield f"{said} must not follow; it does, by {' and '.join(by)}"
    elif not wanted.never and not matching:
        yield f"{said} must follow; {_instead(wanted, of_type)}"


def _instead(wanted: Expected, of_type: list[Fact]) -> str:
    names = [name for name, _ in wanted.fields]
    shown = list(dict.fromkeys(_told({name: one[name] for name in names}) for one in of_type))
    if not shown:
        return f"no {wanted.type} follows"
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return f"what follows is {'; '.join(shown[:_SHOWN])}{more}"


def _named(kind: str, fields: Mapping[str, Value]) -> str:
    return f"{kind} ({_told(fields)})" if fields else kind


def _told(fields: Mapping[str, Value]) -> str:
    return ", ".join(f"{name} {'empty' if value == '' else value}" for name, value in fields.items())
