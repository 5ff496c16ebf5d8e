"""The return contract: what the files of rules/returns/ say of the workbook, checked and typed."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeVar

from kpi_engine.rulebook.book import Blank, ColumnSpec, Contract, CoverField, RowCheck, SheetKind, SheetSpec
from kpi_engine.rulebook.expression import parse_condition, parse_date
from kpi_engine.rulebook.faults import validated
from kpi_engine.rulebook.nearest import did_you_mean
from kpi_engine.rulebook.operand import RESERVED
from kpi_engine.rulebook.schema import CoverModel, SheetModel
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.table import ColumnType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kpi_engine.rulebook.document import Path, RuleFile
    from kpi_engine.rulebook.expression import Parsed
    from kpi_engine.rulebook.schema import ColumnModel
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.table import Value

T = TypeVar("T")

NUMBERS: Final = (ColumnType.WHOLE, ColumnType.DECIMAL)
_WHOLE: Final = re.compile(r"-?\d{1,12}", re.ASCII)
_DECIMAL: Final = re.compile(r"-?\d{1,12}(\.\d{1,6})?", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ContractRead:
    """What could be read of the contract. `declared` are the sheets that have a file, faulty or not."""

    contract: Contract | None
    sheets: Mapping[str, SheetSpec]
    declared: frozenset[str]
    not_known: frozenset[str]
    findings: tuple[Finding, ...]

    def with_declared(self, sheets: frozenset[str]) -> ContractRead:
        """The same, where `sheets` have a file too."""
        return replace(self, declared=self.declared | sheets)


def same_words(text: str) -> str:
    """The form in which two headings or spellings are compared: no case, single spaces."""
    return " ".join(text.casefold().split())


def read_contract(cover: RuleFile | None, files: Sequence[RuleFile]) -> ContractRead:
    """The contract that the cover's file and the sheets' files declare."""
    found: list[Finding] = []
    tokens: frozenset[str] = frozenset()
    model = None
    if cover is not None:
        model, faults = validated(cover, CoverModel)
        found += [*faults, *(_cover_faults(cover, model) if model is not None else ())]
        tokens = frozenset(same_words(token) for token in model.not_known) if model is not None else tokens
    sheets: dict[str, SheetSpec] = {}
    names = _Once()
    for file in files:
        sheet, faults = read_sheet(file, tokens)
        found += [*faults, *_sheet_name_faults(file, names)]
        if sheet is not None:
            sheets[file.stem] = sheet
    contract = None
    if model is not None:
        contract = Contract(
            template_version=model.template_version,
            cover_sheet=model.sheet,
            cover=tuple(CoverField(f.id, f.label, f.type, f.name, f.required, f.help) for f in model.fields),
            sheets=sheets,
            not_known=tokens,
            nil_label=model.nil_label,
            no_figure_reasons={
                words: Reason(reason)
                for words, reason in model.no_figure_reasons.items()
                if reason in set(Reason)
            },
        )
    return ContractRead(contract, sheets, frozenset(file.stem for file in files), tokens, tuple(found))


def read_sheet(file: RuleFile, not_known: frozenset[str]) -> tuple[SheetSpec | None, tuple[Finding, ...]]:
    """One sheet of the contract, and the faults of its file."""
    model, faults = validated(file, SheetModel)
    found = list(faults)
    found += wrong_stem(file)
    if model is None:
        return None, tuple(found)
    for i, column in enumerate(model.columns):
        found += _column_faults(file, ("columns", i), column, not_known)
    found += _heading_faults(file, model)
    columns = {column.id: _column(column) for column in model.columns}
    found += _unknown_columns(file, ("key",), model.key, columns)
    found += _shape_faults(file, model)
    dated_by = [
        take(file, ("dated_by", i), parse_date(text, columns), found) for i, text in enumerate(model.dated_by)
    ]
    checks: list[RowCheck] = []
    for i, check in enumerate(model.checks):
        when = take(file, ("checks", i, "when"), parse_condition(check.when, columns), found)
        found += _unknown_columns(file, ("checks", i, "doubt"), check.doubt, columns)
        if when is not None:
            checks.append(RowCheck(when, check.doubt, check.message, check.fix))
    return (
        SheetSpec(
            id=file.stem,
            sheet=model.sheet,
            sheet_synonyms=model.sheet_synonyms,
            kind=model.kind,
            grain=model.grain,
            key=model.key,
            dated_by=tuple(tree for tree in dated_by if tree is not None),
            columns=columns,
            checks=tuple(checks),
            history_months=model.history_months,
        ),
        tuple(found),
    )


def take(file: RuleFile, path: Path, parsed: Parsed[T], found: list[Finding]) -> T | None:
    """The tree of an expression; its faults go to `found`, each at its place in the file."""
    found += [file.fault(fault.code, path, offset=fault.offset, what=fault.what) for fault in parsed.faults]
    return parsed.tree


def wrong_stem(file: RuleFile) -> list[Finding]:
    """A finding if the file's id is not its name."""
    given = file.texts(("id",))
    return [file.fault("B130", ("id",), found=given, stem=file.stem)] if given not in ("", file.stem) else []


# ── Cells as text: the rows of examples ──────────────────────────────────────


def blank_cell(spec: ColumnSpec) -> tuple[Value, bool]:
    """What an empty cell of the column holds: its value, and whether it is unknown."""
    if spec.blank is Blank.NO:
        return False, False
    return None, spec.blank is Blank.UNKNOWN


def cell(text: str, spec: ColumnSpec, not_known: frozenset[str]) -> tuple[Value, bool] | None:
    """What a cell written as plain text holds: its value, and whether it is unknown.

    Dates are written 2023-12-31. None: no cell of the column could hold it.
    """
    if same_words(text) in not_known:
        return None, True
    value = _READERS[spec.type](text, spec)
    return None if value is None else (value, False)


def _text(text: str, _spec: ColumnSpec) -> Value:
    return text.strip() or None


def _choice(text: str, spec: ColumnSpec) -> Value:
    return spec.choices.get(same_words(text))


def _day(text: str, _spec: ColumnSpec) -> Value:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _number(text: str, spec: ColumnSpec) -> Value:
    if (_WHOLE if spec.type is ColumnType.WHOLE else _DECIMAL).fullmatch(text) is None:
        return None
    number = Decimal(text)
    if (spec.least is not None and number < spec.least) or (spec.most is not None and number > spec.most):
        return None
    return int(number) if spec.type is ColumnType.WHOLE else number


def _yes_no(text: str, _spec: ColumnSpec) -> Value:
    return {"yes": True, "no": False}.get(text.casefold())


_READERS: Final[Mapping[ColumnType, Callable[[str, ColumnSpec], Value]]] = {
    ColumnType.ID: _text,
    ColumnType.TEXT: _text,
    ColumnType.CHOICE: _choice,
    ColumnType.DATE: _day,
    ColumnType.WHOLE: _number,
    ColumnType.DECIMAL: _number,
    ColumnType.YES_NO: _yes_no,
}


# ── Faults ───────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Once:
    """Words that may each stand for one thing only."""

    taken: dict[str, str] = field(default_factory=dict)

    def faults(self, file: RuleFile, path: Path, text: str, owner: str) -> list[Finding]:
        before = self.taken.setdefault(same_words(text), owner)
        return [file.fault("B138", path, found=text, where=before)] if before != owner else []


def _column(model: ColumnModel) -> ColumnSpec:
    choices: dict[str, str] = {}
    for value, spellings in model.values.items():
        for spelling in (value, *spellings):
            choices.setdefault(same_words(spelling), value)
    return ColumnSpec(
        id=model.id,
        heading=model.heading,
        synonyms=model.synonyms,
        type=model.type,
        blank=model.blank,
        required=model.required,
        quotable=model.quotable,
        values=tuple(model.values),
        choices=choices,
        least=model.least,
        most=model.most,
        help=model.help,
        future=model.future,
    )


def _column_faults(
    file: RuleFile,
    path: Path,
    column: ColumnModel,
    not_known: frozenset[str],
) -> list[Finding]:
    number, choice = column.type in NUMBERS, column.type is ColumnType.CHOICE
    least, most = column.least, column.most
    reserved = keyword.iskeyword(column.id) or column.id in RESERVED
    contradictions = (
        (reserved, "id", f"{column.id} is a word of the rule language; call the column something else."),
        (
            column.quotable and column.type in (ColumnType.ID, ColumnType.TEXT),
            "quotable",
            "ids and free text are never quoted.",
        ),
        (
            column.future and column.type is not ColumnType.DATE,
            "future",
            "only a date can lie in the future.",
        ),
        (
            column.blank is Blank.NO and column.type is not ColumnType.YES_NO,
            "blank",
            "only a blank of a yes_no column can mean no.",
        ),
        (choice and not column.values, "type", "a choice wants values: with what may be chosen."),
        (bool(column.values) and not choice, "values", "only a choice has values."),
        (least is not None and not number, "least", "only a number has a least."),
        (most is not None and not number, "most", "only a number has a most."),
        (least is not None and most is not None and least > most, "least", "more than most."),
    )
    found = [file.fault("B139", (*path, key), what=what) for true, key, what in contradictions if true]
    once = _Once()
    for value, spellings in column.values.items():
        place = (*path, "values", value)
        for text in (value, *spellings):
            found += once.faults(file, place, text, value)
            if same_words(text) in not_known:
                what = f'"{text}" means "not known" on every sheet (cover.yaml).'
                found.append(file.fault("B139", place, what=what))
    return found


def _heading_faults(file: RuleFile, model: SheetModel) -> list[Finding]:
    found: list[Finding] = []
    ids, headings = set[str](), _Once()
    for i, column in enumerate(model.columns):
        if column.id in ids:
            found.append(file.fault("B138", ("columns", i, "id"), found=column.id, where="a column above"))
        ids.add(column.id)
        owner = f"column {i + 1}, {column.id}"
        found += headings.faults(file, ("columns", i, "heading"), column.heading, owner)
        for j, synonym in enumerate(column.synonyms):
            found += headings.faults(file, ("columns", i, "synonyms", j), synonym, owner)
    return found


def _unknown_columns(
    file: RuleFile,
    path: Path,
    names: Sequence[str],
    columns: Mapping[str, ColumnSpec],
) -> list[Finding]:
    return [
        file.fault("B132", (*path, i), what="column", found=name, hint=did_you_mean(name, columns))
        for i, name in enumerate(names)
        if name not in columns
    ]


def _shape_faults(file: RuleFile, model: SheetModel) -> list[Finding]:
    events, snapshot = model.kind is SheetKind.EVENTS, model.kind is SheetKind.SNAPSHOT
    contradictions = (
        (events and not model.dated_by, "kind", "events want dated_by: the dates that put one in a month."),
        (not events and model.dated_by, "dated_by", "only events are dated_by: something."),
        (not snapshot and model.history_months, "history_months", "only a snapshot reaches back."),
    )
    return [file.fault("B139", (key,), what=what) for true, key, what in contradictions if true]


def _sheet_name_faults(file: RuleFile, names: _Once) -> list[Finding]:
    name = file.texts(("sheet",))
    found = names.faults(file, ("sheet",), name, file.stem) if name else []
    synonyms = file.at(("sheet_synonyms",))
    for i, synonym in enumerate(synonyms if isinstance(synonyms, list) else ()):
        if isinstance(synonym, str):
            found += names.faults(file, ("sheet_synonyms", i), synonym, file.stem)
    return found


def _cover_faults(file: RuleFile, model: CoverModel) -> list[Finding]:
    found: list[Finding] = []
    ids, labels, names, reasons = _Once(), _Once(), _Once(), _Once()
    for i, one in enumerate(model.fields):
        owner = f"field {i + 1}, {one.id}"
        found += ids.faults(file, ("fields", i, "id"), one.id, owner)
        found += labels.faults(file, ("fields", i, "label"), one.label, owner)
        found += names.faults(file, ("fields", i, "name"), one.name, owner)
    for words, reason in model.no_figure_reasons.items():
        path = ("no_figure_reasons", words)
        found += reasons.faults(file, path, words, words)
        if reason not in set(Reason):
            hint = did_you_mean(reason, Reason)
            found.append(file.fault("B132", path, what="reason", found=reason, hint=hint))
    return found
