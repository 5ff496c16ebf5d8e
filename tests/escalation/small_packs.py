"""Escalation rules as short as their YAML, for tests that need no file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kpi_engine.rulebook.pack import (
    FACT_TYPES,
    NUMBER,
    READ_BACK,
    TEXT,
    Consequence,
    EscalationExample,
    EscalationRule,
    Expected,
    FieldTest,
    Join,
    Op,
    Pack,
    Pattern,
    Reference,
)
from kpi_engine.terms.fact import fact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpi_engine.rulebook.pack import FieldType
    from kpi_engine.terms.fact import Derived, Fact, Value

    Wanted = Value | list[Value] | dict[str, Value | list[Value]]
    Fields = Mapping[str, Wanted]

_REFERENCE = re.compile(r"\$(\w+)\.(\w+)(?: ([+-]) (\d+))?")

RAISED: dict[str, FieldType] = {
    "kind": TEXT,
    "severity": NUMBER,
    "family": TEXT,
    "about": TEXT,
    "seq": NUMBER,
}
OUTRANKED: dict[str, FieldType] = {"kind": TEXT, "about": TEXT, "seq": NUMBER}


def rule(
    id_: str,
    when: Mapping[str, Fields],
    then: Fields,
    *,
    unless: Mapping[str, Fields] | None = None,
    title: str = "",
) -> EscalationRule:
    """A rule of patterns written as in escalations.yaml: `{"a": {"is": "verdict", "seq": "$b.seq + 1"}}`."""
    fields = [(name, _value(wanted)) for name, wanted in then.items() if name != "is"]
    return EscalationRule(
        id_,
        title,
        f"because of {id_}",
        tuple(_pattern(*item) for item in when.items()),
        tuple(_pattern(*item) for item in (unless or {}).items()),
        Consequence(str(then["is"]), tuple(fields)),
        (),
        (),
    )


def pack(
    *strata: Sequence[EscalationRule], types: Mapping[str, Mapping[str, FieldType]] | None = None
) -> Pack:
    """A pack of these strata, and of `types` besides the built-in ones and those of the shipped pack."""
    every = {**FACT_TYPES, **READ_BACK, "raised": RAISED, "outranked": OUTRANKED, **(types or {})}
    rules = tuple(one for stratum in strata for one in stratum)
    return Pack(every, rules, tuple(tuple(stratum) for stratum in strata))


def example(name: str, given: Sequence[Mapping[str, Value]], *expects: Expected) -> EscalationExample:
    """An example; each fact given says its type by `is`."""
    facts = [(str(one["is"]), {k: v for k, v in one.items() if k != "is"}) for one in given]
    return EscalationExample(name, tuple(facts), expects)


def follows(type_: str, **fields: Value) -> Expected:
    return Expected(type_, tuple(fields.items()))


def never(type_: str, **fields: Value) -> Expected:
    return Expected(type_, tuple(fields.items()), never=True)


def verdict(indicator: str, seq: int, status: str = "fail", **fields: Value) -> Fact:
    """A verdict with every field."""
    plain: dict[str, Value] = {
        "reason": "",
        "target": "dated",
        "on_course": "unknown",
        "validated": "yes",
        "headline": "yes",
        "small": "no",
        "in_doubt": 0,
        "gap": 0,
        "days_left": 0,
    }
    return fact("verdict", {**plain, "indicator": indicator, "seq": seq, "status": status, **fields})


def said(derived: Derived, type_: str) -> list[dict[str, Value]]:
    """The derived facts of a type, as their fields."""
    return [dict(one.fields) for one in derived.facts if one.type == type_]


def _pattern(name: str, fields: Fields) -> Pattern:
    tests: list[FieldTest] = []
    joins: list[Join] = []
    for field, wanted in fields.items():
        if field == "is":
            continue
        if isinstance(wanted, dict):
            ((op, value),) = wanted.items()
            tests.append(FieldTest(field, Op(op), tuple(value) if isinstance(value, list) else (value,)))
        elif isinstance(wanted, list):
            tests.append(FieldTest(field, Op.IS, tuple(wanted)))
        elif isinstance(one := _value(wanted), Reference):
            joins.append(Join(field, one))
        else:
            tests.append(FieldTest(field, Op.IS, (one,)))
    return Pattern(name, str(fields["is"]), tuple(tests), tuple(joins))


def _value(wanted: Wanted) -> Value | Reference:
    assert isinstance(wanted, int | str)
    match = _REFERENCE.fullmatch(str(wanted))
    if match is None:
        return wanted
    of, field, sign, number = match.groups()
    return Reference(of, field, int(f"{sign or ''}{number or 0}"))
