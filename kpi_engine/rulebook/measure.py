"""Measures: what a rule counts, its expressions read against the sheet that it counts on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kpi_engine.rulebook.book import Kind, Measure, Over, SheetKind, Unit, Window
from kpi_engine.rulebook.contract import NUMBERS, take
from kpi_engine.rulebook.expression import parse_condition, parse_date
from kpi_engine.rulebook.nearest import did_you_mean
from kpi_engine.terms.expression import ALWAYS, Condition, Expression
from kpi_engine.terms.measurement import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from kpi_engine.rulebook.book import SheetSpec
    from kpi_engine.rulebook.contract import ContractRead
    from kpi_engine.rulebook.document import Path, Plain, RuleFile
    from kpi_engine.rulebook.schema import MeasureModel
    from kpi_engine.terms.finding import Finding

SHARES: Final = frozenset({Kind.PROPORTION, Kind.SUMS})
CONDITIONS: Final = ("where", "left_out", "numerator")

# What each kind wants, and what it may have besides.
_WANTED: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.PROPORTION: frozenset({"numerator"}),
    Kind.SUMS: frozenset({"numerator_sum", "denominator_sum"}),
    Kind.COUNT: frozenset(),
    Kind.OCCURRENCE: frozenset(),
    Kind.CHANGE: frozenset({"baseline", "change_as"}),
    Kind.LONGEST: frozenset({"since"}),
    Kind.STATED: frozenset({"value", "unit"}),
}
_ALLOWED: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.PROPORTION: frozenset({"weight", "when_none"}),
    Kind.SUMS: frozenset({"when_none"}),
}
_OF_A_KIND: Final = frozenset().union(*_WANTED.values(), *_ALLOWED.values())
_UNITS: Final[Mapping[Kind, Unit]] = {
    Kind.PROPORTION: Unit.PERCENT,
    Kind.SUMS: Unit.PERCENT,
    Kind.LONGEST: Unit.DAYS,
}


@dataclass(frozen=True, slots=True)
class Trees:
    """The expressions of one measure, read; and every column that they name."""

    conditions: Mapping[str, Condition]
    since: Expression | None
    columns: frozenset[str]


def sheet_of(
    file: RuleFile,
    path: Path,
    contract: ContractRead,
    found: list[Finding],
) -> SheetSpec | None:
    """The sheet that the measure at `path` counts on; None if there is none that could be read."""
    name = file.texts((*path, "table"))
    if name and name not in contract.declared:
        hint = did_you_mean(name, contract.declared)
        found.append(file.fault("B132", (*path, "table"), what="sheet", found=name, hint=hint))
    sheet = contract.sheets.get(name)
    if sheet is not None and sheet.kind not in (SheetKind.SNAPSHOT, SheetKind.EVENTS):
        what = f"{name} holds {sheet.kind.value}, not cases; a measure counts on a snapshot or on events."
        found.append(file.fault("B133", (*path, "table"), what=what))
        return None
    return sheet


def read_trees(file: RuleFile, path: Path, sheet: SheetSpec, found: list[Finding]) -> Trees:
    """The expressions of the measure at `path`, read even where the rest of the measure has faults."""
    raw = file.at(path)
    fields: Mapping[str, Plain] = raw if isinstance(raw, dict) else {}
    longer = fields.get("window", "month") != "month" or fields.get("window_from_table") in ("yes", "true")
    conditions: dict[str, Condition] = {}
    columns: set[str] = set()
    for key in CONDITIONS:
        text = file.texts((*path, key))
        if text:
            parsed = parse_condition(text, sheet.columns, window=longer)
            tree = take(file, (*path, key), parsed, found)
            columns |= parsed.columns
            if tree is not None:
                conditions[key] = tree
    since = None
    if file.texts((*path, "since")):
        dated = parse_date(file.texts((*path, "since")), sheet.columns, window=longer)
        since = take(file, (*path, "since"), dated, found)
        columns |= dated.columns
    return Trees(conditions, since, frozenset(columns))


def kind_faults(file: RuleFile, path: Path, model: MeasureModel) -> list[Finding]:
    """What the measure has that its kind does not know, and what its kind wants that it lacks."""
    wanted = _WANTED[model.kind]
    given = model.model_fields_set & _OF_A_KIND
    written = file.at(path)
    found = [
        file.fault("B133", (*path, "kind"), what=f"kind {model.kind.value} wants {key}:.")
        for key in sorted(wanted - given - set(written if isinstance(written, dict) else ()))
    ]
    for key in sorted(given - wanted - _ALLOWED.get(model.kind, frozenset())):
        what = f"kind {model.kind.value} has no {key}:."
        found.append(file.fault("B133", (*path, key), on_key=True, what=what))
    return found


def window_faults(file: RuleFile, path: Path, model: MeasureModel, sheet: SheetSpec) -> list[Finding]:
    """What is wrong with a window that the table's own dates are to give."""
    if not model.window_from_table:
        return []
    place = (*path, "window_from_table")
    found = []
    if sheet.kind is not SheetKind.SNAPSHOT:
        what = "events hold one month only; a snapshot can reach back."
        found.append(file.fault("B133", place, what=what))
    if model.window is Window.MONTH:
        found.append(file.fault("B133", place, what="say which: window: is missing, or a month."))
    return found


def column_faults(file: RuleFile, path: Path, model: MeasureModel, sheet: SheetSpec) -> list[Finding]:
    """What is wrong with the number columns that the measure names outside its expressions."""
    found: list[Finding] = []
    for key in ("weight", "numerator_sum", "denominator_sum", "value"):
        name = getattr(model, key)
        if name is not None:
            found += number_column_faults(file, (*path, key), name, sheet, bounded=key != "value")
    return found


def number_column_faults(
    file: RuleFile,
    place: Path,
    name: str,
    sheet: SheetSpec,
    *,
    bounded: bool,
) -> list[Finding]:
    """What keeps `name` from being a number column of the sheet, with a least and a most if `bounded`."""
    spec = sheet.columns.get(name)
    if spec is None:
        hint = did_you_mean(name, sheet.columns)
        return [file.fault("B132", place, what=f"column of {sheet.id}", found=name, hint=hint)]
    if spec.type not in NUMBERS:
        return [file.fault("B133", place, what=f"{name} does not hold numbers.")]
    if bounded and not _bounded(spec.least, spec.most):
        what = (
            f"{name} wants least: (0 or more) and most: in returns/{sheet.id}.yaml; "
            "they bound what a cell in doubt could be."
        )
        return [file.fault("B133", place, what=what)]
    return []


def _bounded(least: Decimal | None, most: Decimal | None) -> bool:
    return least is not None and least >= 0 and most is not None


def build_measure(  # noqa: PLR0913  (a measure is its model plus what was worked out beside it)
    model: MeasureModel,
    sheet: SheetSpec,
    trees: Trees,
    *,
    measure_id: str,
    title: str,
    target_columns: frozenset[str] = frozenset(),
) -> Measure:
    """The measure, everything left out filled in by its kind and its sheet."""
    change_as = Unit(model.change_as) if model.change_as is not None else None
    events = sheet.kind is SheetKind.EVENTS
    named = {model.weight, model.numerator_sum, model.denominator_sum, model.value} - {None}
    when_none = model.when_none or ("nothing_due" if events else "no_denominator")
    over = model.over or (Over.SUM if events else Over.LAST)
    if model.over is None and model.kind is Kind.OCCURRENCE:
        over = Over.EACH
    return Measure(
        id=measure_id,
        title=title,
        kind=model.kind,
        table=model.table,
        where=trees.conditions.get("where", ALWAYS),
        left_out=trees.conditions.get("left_out"),
        numerator=trees.conditions.get("numerator"),
        weight=model.weight,
        numerator_sum=model.numerator_sum,
        denominator_sum=model.denominator_sum,
        since=trees.since,
        value=model.value,
        unit=model.unit or change_as or _UNITS.get(model.kind, Unit.NUMBER),
        window=model.window,
        window_from_table=model.window_from_table,
        over=over,
        when_none=Reason(when_none),
        baseline=model.baseline,
        change_as=change_as,
        columns=trees.columns | target_columns | {name for name in named if name is not None},
    )
