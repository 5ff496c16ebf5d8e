"""Advice on rules that load: what a reader or a filler will stumble over."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import combinations
from typing import TYPE_CHECKING, Final

from kpi_engine.rulebook.book import SheetKind
from kpi_engine.rulebook.reference import field_reference, json_schema
from kpi_engine.terms.codes import finding
from kpi_engine.terms.expression import columns_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kpi_engine.rulebook.book import Indicator, Measure, RuleBook, SheetSpec
    from kpi_engine.terms.finding import Finding

__all__ = ["field_reference", "json_schema", "lint"]

_ALIKE: Final = 0.9  # of 1: "Reviewed on" and "Review on" are, "Team" and "Term" are not
_CASES: Final = (SheetKind.SNAPSHOT, SheetKind.EVENTS)


def lint(rulebook: RuleBook) -> tuple[Finding, ...]:
    """Softer findings of a rulebook without faults, by file; none of them changes a verdict."""
    found = [
        *(one for indicator in rulebook.indicators.values() for one in _of_indicator(indicator)),
        *(one for sheet in rulebook.contract.sheets.values() for one in _of_sheet(sheet, rulebook)),
        *_short_names(rulebook),
        *_unused(rulebook),
    ]
    return tuple(sorted(found, key=lambda f: (f.file, f.line or 0, f.code, f.message)))


def _of_indicator(indicator: Indicator) -> Iterator[Finding]:
    in_use = [reading for reading in indicator.readings if reading.in_use]
    if any(target.by is None for target in indicator.targets) and not in_use:
        yield finding("B150", file=indicator.file, at=indicator.id)
    if not indicator.targets and not in_use:
        yield finding("B154", file=indicator.file, found=indicator.id)


def _of_sheet(sheet: SheetSpec, rulebook: RuleBook) -> Iterator[Finding]:
    file = f"returns/{sheet.id}.yaml"
    used = _columns_used(sheet, rulebook)
    for column in sheet.columns.values():
        if sheet.kind in _CASES and column.id not in used:
            yield finding("B151", file=file, found=column.id)
        if not column.help:
            yield finding("B156", file=file, found=column.id)
    for one, other in combinations([column.heading for column in sheet.columns.values()], 2):
        if _alike(one, other):
            yield finding("B152", file=file, found=one, other=other)


def _columns_used(sheet: SheetSpec, rulebook: RuleBook) -> frozenset[str]:
    used = set(sheet.key)
    for tree in sheet.dated_by:
        used |= columns_of(tree)
    for check in sheet.checks:
        used |= columns_of(check.when) | set(check.doubt)
    for measure in _measures(rulebook):
        if measure.table == sheet.id:
            used |= measure.columns
    return frozenset(used)


def _measures(rulebook: RuleBook) -> Iterator[Measure]:
    for indicator in rulebook.indicators.values():
        yield indicator.measure
        yield from indicator.beside


def _alike(one: str, other: str) -> bool:
    a, b = (re.sub(r"[\W_]+", "", text.casefold()) for text in (one, other))
    return a == b or SequenceMatcher(None, a, b).ratio() >= _ALIKE


def _short_names(rulebook: RuleBook) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for _, indicator in sorted(rulebook.indicators.items()):
        other = first.setdefault(indicator.short.casefold(), indicator.id)
        if other != indicator.id:
            yield finding("B155", file=indicator.file, found=indicator.id, other=other)


def _unused(rulebook: RuleBook) -> Iterator[Finding]:
    cited = {milestone.source.document for milestone in rulebook.milestones.values()}
    for indicator in rulebook.indicators.values():
        steps = (target.source for target in indicator.targets)
        cited |= {source.document for source in (indicator.source, *steps) if source is not None}
    for document in rulebook.documents:
        if document not in cited:
            yield finding("B153", file="sources.yaml", what="document", found=document)
    wanted = {measure.baseline for measure in _measures(rulebook)}
    for baseline in sorted({one.id for one in rulebook.baselines} - wanted):
        yield finding("B153", file="baselines.yaml", what="baseline", found=baseline)
