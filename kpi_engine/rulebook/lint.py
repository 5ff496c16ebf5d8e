"""Advice on rules that load: what a reader or a filler will stumble over."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import combinations
from typing import TYPE_CHECKING, Final

from kpi_engine.rulebook.book import SheetKind
from kpi_engine.rulebook.pack import ABOUT_RETURN, Reference
from kpi_engine.rulebook.reference import field_reference, json_schema
from kpi_engine.terms.codes import finding
from kpi_engine.terms.expression import columns_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kpi_engine.rulebook.book import Indicator, Measure, RuleBook, SheetSpec
    from kpi_engine.rulebook.pack import Board, EscalationRule
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
        *_told(rulebook),
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
    cited |= {board.source.document for board in rulebook.boards.values() if board.source is not None}
    for document in rulebook.documents:
        if document not in cited:
            yield finding("B153", file="sources.yaml", what="document", found=document)
    wanted = {measure.baseline for measure in _measures(rulebook)}
    for baseline in sorted({one.id for one in rulebook.baselines} - wanted):
        yield finding("B153", file="baselines.yaml", what="baseline", found=baseline)


def _told(rulebook: RuleBook) -> Iterator[Finding]:
    """Boards and audiences for nothing, and exceptions for nobody."""
    boards = rulebook.boards.values()
    for audience in sorted(rulebook.audiences.keys() - {board.audience for board in boards}):
        yield finding("B180", file="boards.yaml", found=audience)
    raised = [rule for rule in rulebook.escalations.rules if isinstance(_given(rule, "kind"), str)]
    for board in boards if raised else ():
        if "exceptions" in board.sections and not any(_hears(board, rule) for rule in raised):
            yield finding("B181", file="boards.yaml", found=board.id)
    for rule in raised if boards else ():
        if not any(_hears(board, rule) for board in boards):
            yield finding("B182", file=rulebook.escalations.file, found=str(_given(rule, "kind")))


def _given(rule: EscalationRule, field: str) -> object:
    return dict(rule.then.fields).get(field)


def _hears(board: Board, rule: EscalationRule) -> bool:
    """Whether an exception that the rule raises could reach the board."""
    kind, severity, about = (_given(rule, field) for field in ("kind", "severity", "about"))
    if rule.tell and board.id not in rule.tell:
        return False
    if board.exceptions is not None and kind not in board.exceptions:
        return False
    if isinstance(severity, int) and severity < board.least_severity:
        return False
    if isinstance(about, Reference):
        reads = {"indicator": board.measures, "milestone": board.milestones}
        return bool(reads.get(about.field, True))
    return about in {None, ABOUT_RETURN, *board.measures, *board.milestones}
