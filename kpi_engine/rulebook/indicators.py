"""Indicators: one file of rules/indicators/ into a typed rule, and everything that can be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kpi_engine.rulebook.book import (
    Better,
    Citation,
    Indicator,
    Kind,
    Operator,
    Reading,
    Target,
    Unit,
)
from kpi_engine.rulebook.contract import wrong_stem
from kpi_engine.rulebook.examples import read_examples
from kpi_engine.rulebook.faults import validated
from kpi_engine.rulebook.measure import (
    SHARES,
    build_measure,
    column_faults,
    kind_faults,
    number_column_faults,
    read_trees,
    sheet_of,
    window_faults,
)
from kpi_engine.rulebook.nearest import did_you_mean
from kpi_engine.rulebook.schema import IndicatorModel, StatedTarget

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from fractions import Fraction

    from kpi_engine.rulebook.book import Measure, SheetSpec
    from kpi_engine.rulebook.contract import ContractRead
    from kpi_engine.rulebook.document import Path, RuleFile
    from kpi_engine.rulebook.examples import Tables
    from kpi_engine.rulebook.measure import Trees
    from kpi_engine.rulebook.schema import CitationModel, MeasureModel, ReadingModel, TargetModel
    from kpi_engine.terms.finding import Finding

_UPWARD: Final = (Operator.AT_LEAST, Operator.MORE_THAN)


@dataclass(frozen=True, slots=True)
class Around:
    """What else of the rules an indicator may name. None: that file could not be read, so ask nothing."""

    contract: ContractRead
    documents: frozenset[str] | None
    baselines: frozenset[str] | None


def citation(model: CitationModel) -> Citation:
    """The citation as a value."""
    return Citation(model.document, model.at, model.figure)


def readings(models: Iterable[ReadingModel]) -> tuple[Reading, ...]:
    """The readings as values."""
    return tuple(Reading(m.text, m.status, m.by, m.on, m.use) for m in models)


def known_or_fault(
    file: RuleFile,
    path: Path,
    what: str,
    name: str,
    known: frozenset[str] | None,
) -> list[Finding]:
    """A finding if `name` is not among the `known` ones."""
    if known is None or name in known:
        return []
    return [file.fault("B132", path, what=what, found=name, hint=did_you_mean(name, known))]


def read_indicator(file: RuleFile, around: Around) -> tuple[Indicator | None, tuple[Finding, ...]]:
    """The indicator of one file, and the faults of the file; None if it has any."""
    model, faults = validated(file, IndicatorModel, lenient=True)
    found = [*faults, *wrong_stem(file)]
    if model is None:
        for path in _measure_paths(file):
            sheet = sheet_of(file, path, around.contract, found)
            if sheet is not None:
                read_trees(file, path, sheet, found)
        return None, tuple(found)
    found += _citation_faults(file, model, around)
    targets = tuple(_target(target) for target in model.targets)
    stated = frozenset(t.column for t in targets if t.column is not None)
    main = (model.id, model.title, stated)
    measure, sheet = _measure(file, ("measure",), model.measure, main, around, found)
    besides = [
        _measure(file, ("beside", i), one, (one.id, one.title, frozenset[str]()), around, found)
        for i, one in enumerate(model.beside)
    ]
    if model.warn_if_falls is not None:
        own = frozenset(one.id for one in model.beside)
        found += known_or_fault(file, ("warn_if_falls",), "measure of beside:", model.warn_if_falls, own)
    unit = measure.unit if measure is not None else None
    found += _target_faults(file, model, unit, sheet)
    tables: Tables = {one.id: (one, on) for one, (_, on) in zip(model.beside, besides, strict=True)}
    tables[model.id] = (model.measure, sheet)
    examples, wrong = read_examples(file, model, tables, around.contract.not_known)
    found += wrong
    if measure is None or found:
        return None, tuple(found)
    return (
        Indicator(
            id=model.id,
            title=model.title,
            short=model.short,
            actions=model.actions,
            covers=model.covers,
            lead=model.lead,
            better=model.better,
            headline=model.headline,
            source=citation(model.source),
            readings=readings(model.readings),
            measure=measure,
            beside=tuple(one for one, _ in besides if one is not None),
            warn_if_falls=model.warn_if_falls,
            targets=targets,
            examples=examples,
            file=f"indicators/{file.stem}.yaml",
            disclosive=model.disclosive,
        ),
        (),
    )


def _measure_paths(file: RuleFile) -> list[Path]:
    beside = file.at(("beside",))
    count = len(beside) if isinstance(beside, list) else 0
    return [("measure",), *(("beside", i) for i in range(count))]


def _measure(  # noqa: PLR0913, PLR0917  (the file and place, the model, and what surrounds it)
    file: RuleFile,
    path: Path,
    model: MeasureModel,
    named: tuple[str, str, frozenset[str]],
    around: Around,
    found: list[Finding],
) -> tuple[Measure | None, SheetSpec | None]:
    found += kind_faults(file, path, model)
    if model.baseline is not None:
        found += known_or_fault(file, (*path, "baseline"), "baseline", model.baseline, around.baselines)
    sheet = sheet_of(file, path, around.contract, found)
    if sheet is None:
        return None, None
    trees: Trees = read_trees(file, path, sheet, found)
    found += window_faults(file, path, model, sheet)
    found += column_faults(file, path, model, sheet)
    measure_id, title, stated = named
    return build_measure(
        model,
        sheet,
        trees,
        measure_id=measure_id,
        title=title,
        target_columns=stated,
    ), sheet


def _citation_faults(file: RuleFile, model: IndicatorModel, around: Around) -> list[Finding]:
    cited: list[tuple[Path, CitationModel]] = [(("source",), model.source)]
    cited += [
        (("targets", i, "source"), target.source)
        for i, target in enumerate(model.targets)
        if target.source is not None
    ]
    return [
        fault
        for path, source in cited
        for fault in known_or_fault(file, (*path, "document"), "document", source.document, around.documents)
    ]


# ── Targets ──────────────────────────────────────────────────────────────────


def _step(model: TargetModel) -> tuple[Operator, Fraction | StatedTarget]:
    steps = ((op, getattr(model, op.value)) for op in Operator)
    return next((op, amount) for op, amount in steps if amount is not None)


def _target(model: TargetModel) -> Target:
    op, amount = _step(model)
    stated = isinstance(amount, StatedTarget)
    return Target(
        op=op,
        value=None if isinstance(amount, StatedTarget) else amount,
        column=amount.column if isinstance(amount, StatedTarget) and stated else None,
        by=model.by,
        by_assumed=model.by_assumed,
        then=model.then,
        end=model.end,
        source=citation(model.source) if model.source is not None else None,
    )


def _target_faults(
    file: RuleFile,
    model: IndicatorModel,
    unit: Unit | None,
    sheet: SheetSpec | None,
) -> list[Finding]:
    found: list[Finding] = []
    for i, target in enumerate(model.targets):
        op, amount = _step(target)
        place: Path = ("targets", i, op.value)
        if (op in _UPWARD) != (model.better is Better.HIGHER):
            what = f"better: is {model.better.value}, so a target cannot be {op.value}."
            found.append(file.fault("B134", place, on_key=True, what=what))
        if isinstance(amount, StatedTarget):
            found += _stated_faults(file, (*place, "column"), amount, model, sheet)
        elif unit is not None:
            found += _amount_faults(file, place, amount, model.measure.kind, unit)
    return found + _date_faults(file, model)


def _stated_faults(
    file: RuleFile,
    place: Path,
    target: StatedTarget,
    model: IndicatorModel,
    sheet: SheetSpec | None,
) -> list[Finding]:
    if model.measure.kind is not Kind.STATED:
        return [file.fault("B134", place, what="only a stated figure has its target in the return.")]
    return number_column_faults(file, place, target.column, sheet, bounded=False) if sheet is not None else []


def _amount_faults(file: RuleFile, place: Path, amount: Fraction, kind: Kind, unit: Unit) -> list[Finding]:
    written = file.texts(place)
    if not written:  # its key is misspelt, which is told
        return []
    if (unit is Unit.PERCENT) != written.endswith("%"):
        wants = "a percentage, such as 85%" if unit is Unit.PERCENT else "a plain number, without %"
        return [file.fault("B134", place, what=f"{written} cannot be meant: {unit.value} wants {wants}.")]
    if kind in SHARES and not 0 <= amount <= 1:
        return [file.fault("B134", place, what=f"a share is never {written}.")]
    return []


def _date_faults(file: RuleFile, model: IndicatorModel) -> list[Finding]:
    found: list[Finding] = []
    before: date | None = None
    for i, target in enumerate(model.targets):
        if i and (target.by is None or (before is not None and target.by <= before)):
            undated, late = "an undated step comes first, and once.", "by: is not after the step above."
            what = undated if target.by is None else late
            found.append(file.fault("B135", ("targets", i, "by"), what=what))
        if target.by is None and target.by_assumed:
            what = "by_assumed: wants the date in by:."
            found.append(file.fault("B135", ("targets", i, "by_assumed"), what=what))
        if target.by is not None and target.end is not None and target.end < target.by:
            found.append(file.fault("B135", ("targets", i, "end"), what="end: is before by:."))
        before = target.by or before
    return found
