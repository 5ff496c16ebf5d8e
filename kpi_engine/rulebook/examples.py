"""The examples of a rule: typed by the return contract, and enough of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from kpi_engine.rulebook.book import Example, Kind, RowExample, SheetKind, Unit
from kpi_engine.rulebook.contract import cell
from kpi_engine.rulebook.measure import SHARES
from kpi_engine.rulebook.nearest import did_you_mean
from kpi_engine.rulebook.schema import StatedTarget
from kpi_engine.terms.measurement import Reason

if TYPE_CHECKING:
    from kpi_engine.rulebook.book import SheetSpec
    from kpi_engine.rulebook.document import Path, RuleFile
    from kpi_engine.rulebook.schema import ExampleModel, GivenModel, IndicatorModel, MeasureModel
    from kpi_engine.terms.finding import Finding

OUTCOME: Final = "is"  # the key of a row that is not a column
OUTCOMES: Final = ("counted", "not_counted", "outside", "left_out", "in_doubt")
_FEWEST_ROWS: Final = 3
_FIGURES: Final = ("numerator", "denominator", "value", "target", "baseline")

Tables: TypeAlias = "dict[str, tuple[MeasureModel, SheetSpec | None]]"
"""The measure and those beside it, by id, with the sheet each counts on (None: faulty)."""


def read_examples(
    file: RuleFile,
    model: IndicatorModel,
    tables: Tables,
    not_known: frozenset[str],
) -> tuple[tuple[Example, ...], list[Finding]]:
    """The examples of an indicator, and their faults."""
    found: list[Finding] = []
    examples: list[Example] = []
    for i, example in enumerate(model.examples):
        path: Path = ("examples", i)
        if example.reason is not None and example.reason not in set(Reason):
            hint = did_you_mean(example.reason, Reason)
            place = (*path, "reason")
            found.append(file.fault("B132", place, what="reason", found=example.reason, hint=hint))
        if example.given is not None:
            found += _given_faults(file, path, example.given, model)
        if example.rows:
            name = example.of or model.id
            measure, sheet = tables.get(name, (None, None))
            if measure is None:
                place, hint = (*path, "of"), did_you_mean(name, tables)
                found.append(file.fault("B132", place, what="measure of beside:", found=name, hint=hint))
            elif sheet is not None:
                found += _row_faults(file, path, example, (measure, sheet), not_known)
        examples.append(_example(example, file.line(path)))
    return tuple(examples), found + _missing(file, model, tables[model.id][1])


def _example(model: ExampleModel, line: int) -> Example:
    given = model.given
    figure = (given.value if given.numerator is None else given.numerator) if given is not None else None
    nil = given is not None and given.none_this_month
    return Example(
        name=model.name,
        period=model.period,
        rows=tuple(map(_row, model.rows)),
        numerator=figure,
        denominator=given.denominator if given is not None else None,
        baseline=given.baseline if given is not None else None,
        target=given.target if given is not None else None,
        nil=nil,
        empty=given is not None and figure is None and not nil,
        expect=model.expect,
        reason=model.reason,
        line=line,
        of=model.of,
        makes=model.makes,
    )


def _row(row: dict[str, str]) -> RowExample:
    return RowExample({key: text for key, text in row.items() if key != OUTCOME}, row.get(OUTCOME, ""))


def _given_faults(file: RuleFile, path: Path, given: GivenModel, model: IndicatorModel) -> list[Finding]:
    kind = model.measure.kind
    allowed = _figures_of(kind)
    place: Path = (*path, "given")
    figures = [key for key in _FIGURES if getattr(given, key) is not None]
    found = [
        file.fault("B137", (*place, key), on_key=True, what=f"kind {kind.value} has no {key}.")
        for key in figures
        if key not in allowed
    ]
    if kind in SHARES and (given.numerator is None) != (given.denominator is None):
        found.append(file.fault("B137", place, what="numerator and denominator come together."))
    if given.none_this_month and figures and figures != ["baseline"]:
        what = "none_this_month stands alone: the sheet is empty."
        found.append(file.fault("B137", place, what=what))
    if {"numerator", "value"} <= set(figures):
        found.append(file.fault("B137", place, what="numerator and value are two names of one figure."))
    stated = any(isinstance(t.at_least or t.at_most or t.more_than, StatedTarget) for t in model.targets)
    if given.target is not None and kind is Kind.STATED and not stated:
        what = "the target is in the rule, not in the return."
        found.append(file.fault("B137", (*place, "target"), what=what))
    return found + [fault for key in figures for fault in _percent_faults(file, (*place, key), model, key)]


def _figures_of(kind: Kind) -> tuple[str, ...]:
    if kind in SHARES:
        return ("numerator", "denominator")
    if kind is Kind.STATED:
        return ("value", "target")
    return ("numerator", "value", "baseline") if kind is Kind.CHANGE else ("numerator", "value")


def _percent_faults(file: RuleFile, place: Path, model: IndicatorModel, key: str) -> list[Finding]:
    percent = model.measure.unit is Unit.PERCENT and key in ("value", "target")
    if percent == file.texts(place).endswith("%"):
        return []
    what = "a percentage is wanted, such as 18.3%." if percent else "a plain number is wanted, without %."
    return [file.fault("B137", place, what=what)]


def _row_faults(
    file: RuleFile,
    path: Path,
    example: ExampleModel,
    reads: tuple[MeasureModel, SheetSpec],
    not_known: frozenset[str],
) -> list[Finding]:
    measure, sheet = reads
    found: list[Finding] = []
    for i, row in enumerate(example.rows):
        place: Path = (*path, "rows", i)
        outcome = row.get(OUTCOME)
        if outcome is None:
            what = "is: is missing: what the measure makes of this row."
            found.append(file.fault("B137", place, what=what))
        elif outcome not in _outcomes(measure):
            hint = did_you_mean(outcome, _outcomes(measure))
            what = f"{outcome} cannot be{hint}"
            found.append(file.fault("B137", (*place, OUTCOME), what=what, found=outcome))
        for column, text in row.items():
            if column != OUTCOME:
                found += _cell_faults(file, (*place, column), text, sheet, not_known)
    return found


def _cell_faults(
    file: RuleFile,
    place: Path,
    text: str,
    sheet: SheetSpec,
    not_known: frozenset[str],
) -> list[Finding]:
    if any(place[:n] in file.broken for n in range(1, len(place) + 1)):
        return []
    column = str(place[-1])
    spec = sheet.columns.get(column)
    if spec is None:
        hint = did_you_mean(column, [*sheet.columns, OUTCOME])
        what = f"column of {sheet.id}"
        return [file.fault("B132", place, on_key=True, what=what, found=column, hint=hint)]
    if cell(text, spec, not_known) is not None:
        return []
    hint = did_you_mean(text, spec.values)
    what = f'"{text}" cannot stand in a {spec.type.value} column{hint}'
    return [file.fault("B137", place, what=what, found=text)]


def _outcomes(measure: MeasureModel) -> tuple[str, ...]:
    absent = set()
    if measure.kind is not Kind.PROPORTION:
        absent.add("not_counted")
    if measure.left_out is None:
        absent.add("left_out")
    return tuple(outcome for outcome in OUTCOMES if outcome not in absent)


# ── Enough of them ───────────────────────────────────────────────────────────


def _missing(file: RuleFile, model: IndicatorModel, sheet: SheetSpec | None) -> list[Finding]:
    wanted = []
    givens = [example.given for example in model.examples if example.given is not None]
    unassessed = [e.given for e in model.examples if e.given is not None and e.expect == "not_assessed"]
    if not any(_nothing(given) for given in unassessed):
        wanted.append("an empty sheet that is not_assessed (given: {})")
    if model.measure.kind is Kind.STATED:
        if not any(given.value is not None for given in givens):
            wanted.append("a stated figure (given: {value: ...})")
    elif sheet is not None:
        wanted += _missing_rows(model, sheet)
    return [
        file.fault("B136", ("examples",), on_key=True, what=f"there is no example of {what}.")
        for what in wanted
    ]


def _nothing(given: GivenModel) -> bool:
    return given.numerator is None and given.value is None and not given.none_this_month


def _missing_rows(model: IndicatorModel, sheet: SheetSpec) -> list[str]:
    besides = {one.id for one in model.beside}
    rows = [row for example in model.examples if example.of not in besides for row in example.rows]
    outcomes = {row.get(OUTCOME, "") for row in rows}
    if not outcomes <= set(_outcomes(model.measure)):  # one is misspelt, which is told
        return []
    wanted = ["counted"]
    if model.measure.kind is Kind.PROPORTION:
        wanted.append("not_counted")
    if model.measure.where is not None or sheet.kind is SheetKind.EVENTS:
        wanted.append("outside")
    missing = [f"a row that is {outcome}" for outcome in wanted if outcome not in outcomes]
    if not missing and len(rows) < _FEWEST_ROWS:
        missing.append(f"a third row: there are fewer than {_FEWEST_ROWS}")
    return missing
