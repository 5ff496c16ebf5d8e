"""A small contract and rulebook, and returns written by hand that fit them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.packaging.custom import StringProperty
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.table import Table as ExcelTable

from kpi_engine.returns.read import read_return
from kpi_engine.rulebook.book import (
    Authority,
    Better,
    Blank,
    Citation,
    ColumnSpec,
    Contract,
    CoverField,
    Indicator,
    Kind,
    Measure,
    MilestoneRule,
    Over,
    Plan,
    RowCheck,
    RuleBook,
    SheetKind,
    SheetSpec,
    Unit,
    Window,
)
from kpi_engine.terms.expression import (
    ALWAYS,
    AllOf,
    ColumnRef,
    Compare,
    Comparison,
    IsBlank,
    Literal,
)
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.table import ColumnType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.returned import Return

COVER, VERSION = "Start here", "3"
CODE, COUNCIL = "E99999999", "Example Borough (made-up)"
OTHER_CODE, OTHER_COUNCIL = "E09000014", "London Borough of Haringey"
CANARY = "Zebedee Canaryson"
HEADING_ROW = 6
Cells = list[Any]


def column(  # noqa: PLR0913  (a column has many sides)
    name: str,
    heading: str,
    kind: ColumnType,
    *,
    blank: Blank = Blank.UNKNOWN,
    required: bool = True,
    quotable: bool = False,
    synonyms: tuple[str, ...] = (),
    values: Mapping[str, tuple[str, ...]] | None = None,
    least: int | None = None,
    most: int | None = None,
    future: bool = False,
) -> ColumnSpec:
    choices = {s.casefold(): value for value, others in (values or {}).items() for s in (value, *others)}
    return ColumnSpec(
        name,
        heading,
        synonyms,
        kind,
        blank,
        required,
        quotable,
        tuple(values or {}),
        choices,
        None if least is None else Decimal(least),
        None if most is None else Decimal(most),
        "",
        future,
    )


def sheet(  # noqa: PLR0913  (a sheet too)
    name: str,
    title: str,
    kind: SheetKind,
    columns: Sequence[ColumnSpec],
    *,
    key: tuple[str, ...],
    dated_by: str = "",
    checks: tuple[RowCheck, ...] = (),
    history: int | None = None,
    synonyms: tuple[str, ...] = (),
) -> SheetSpec:
    dates = (ColumnRef(dated_by, ColumnType.DATE),) if dated_by else ()
    return SheetSpec(
        name, title, synonyms, kind, "a row", key, dates, {c.id: c for c in columns}, checks, history
    )


WORKFORCE = sheet(
    "workforce",
    "Workforce",
    SheetKind.SNAPSHOT,
    [
        column("post_id", "Post ID", ColumnType.ID, synonyms=("Post number",)),
        column("person_id", "Person ID", ColumnType.ID, blank=Blank.NOT_APPLICABLE),
        column(
            "team",
            "Team",
            ColumnType.CHOICE,
            quotable=True,
            values={"Children in Care": ("CIC", "CIC Team"), "Fostering": ()},
        ),
        column(
            "status", "Post is", ColumnType.CHOICE, quotable=True, values={"filled": (), "vacant": ("empty",)}
        ),
        column(
            "contract",
            "Contract",
            ColumnType.CHOICE,
            blank=Blank.NOT_APPLICABLE,
            quotable=True,
            values={"permanent": ("perm",), "agency": ("locum",)},
        ),
        column("fte", "FTE", ColumnType.DECIMAL, quotable=True, least=0, most=1),
        column("note", "Note", ColumnType.TEXT, blank=Blank.NOT_APPLICABLE, required=False),
    ],
    key=("post_id", "person_id"),
    synonyms=("Staffing",),
    checks=(
        RowCheck(
            AllOf(
                (
                    Compare(Comparison.EQUAL, ColumnRef("status", ColumnType.CHOICE), Literal("filled")),
                    IsBlank(ColumnRef("contract", ColumnType.CHOICE)),
                )
            ),
            ("contract",),
            "The post is filled but has no contract.",
            "Choose the contract.",
        ),
    ),
)
SUPERVISION = sheet(
    "supervision",
    "Supervision",
    SheetKind.EVENTS,
    [
        column("case_id", "Case ID", ColumnType.ID),
        column("supervised_on", "Supervised on", ColumnType.DATE, quotable=True),
        column("feedback_good", "Feedback good", ColumnType.YES_NO, quotable=True),
    ],
    key=("case_id", "supervised_on"),
    dated_by="supervised_on",
)
CARE_ORDERS = sheet(
    "care_orders",
    "Care orders",
    SheetKind.SNAPSHOT,
    [
        column("child_id", "Child ID", ColumnType.ID),
        column("order_on", "Full care order granted on", ColumnType.DATE, quotable=True),
        column("left_on", "Left care on", ColumnType.DATE, blank=Blank.NOT_HAPPENED),
    ],
    key=("child_id",),
    history=36,
    checks=(
        RowCheck(
            Compare(
                Comparison.LESS, ColumnRef("left_on", ColumnType.DATE), ColumnRef("order_on", ColumnType.DATE)
            ),
            ("order_on", "left_on"),
            "The child left care before the care order.",
            "Correct one of the dates.",
        ),
    ),
)
MEETINGS = sheet(
    "meetings",
    "Permanency meetings",
    SheetKind.EVENTS,
    [
        column("meeting_id", "Meeting ID", ColumnType.ID),
        column("held_on", "Held on", ColumnType.DATE, quotable=True),
        column("due", "Managers due", ColumnType.WHOLE, quotable=True, least=0, most=100),
        column(
            "rate",
            "Rate",
            ColumnType.DECIMAL,
            blank=Blank.NOT_APPLICABLE,
            required=False,
            quotable=True,
            most=100,
        ),
    ],
    key=("meeting_id",),
    dated_by="held_on",
)
COUNTS = sheet(
    "counts",
    "Counts",
    SheetKind.COUNTS,
    [
        column("measure", "Measure ID", ColumnType.ID),
        column("title", "Measure", ColumnType.TEXT, blank=Blank.NOT_APPLICABLE, required=False),
        column("number", "Number", ColumnType.WHOLE, blank=Blank.NOT_APPLICABLE, quotable=True, least=0),
        column("out_of", "Out of", ColumnType.WHOLE, blank=Blank.NOT_APPLICABLE, quotable=True, least=0),
        column("why_none", "If no figure, why", ColumnType.TEXT, blank=Blank.NOT_APPLICABLE),
    ],
    key=("measure",),
)
MILESTONES = sheet(
    "milestones",
    "Milestones",
    SheetKind.MILESTONES,
    [
        column("milestone", "Milestone ID", ColumnType.ID),
        column("done_on", "Done on", ColumnType.DATE, blank=Blank.NOT_HAPPENED, quotable=True),
        column(
            "expected_on",
            "Expected on",
            ColumnType.DATE,
            blank=Blank.NOT_APPLICABLE,
            quotable=True,
            future=True,
        ),
    ],
    key=("milestone",),
)
COMMENTARY = sheet(
    "commentary",
    "Commentary",
    SheetKind.COMMENTARY,
    [
        column("measure", "Measure ID", ColumnType.ID),
        *(
            column(name, heading, ColumnType.TEXT, blank=Blank.NOT_APPLICABLE)
            for name, heading in [
                ("why", "Why"),
                ("action", "Action"),
                ("lead", "Lead"),
                ("ask", "The board is asked to"),
            ]
        ),
        column("back_on_track", "Back on track by", ColumnType.DATE, blank=Blank.NOT_APPLICABLE, future=True),
    ],
    key=("measure",),
)
_FIELDS = (
    ("authority", "Authority"),
    ("month", "Month"),
    ("validated_by", "Validated by"),
    ("validated_on", "Validated on"),
    ("no_case_list", "No case list for"),
    ("replaces", "Replaces the file"),
)
CONTRACT = Contract(
    template_version=VERSION,
    cover_sheet=COVER,
    cover=tuple(
        CoverField(name, label, ColumnType.TEXT, f"kpi_{name}", required=False, help="")
        for name, label in _FIELDS
    ),
    sheets={s.id: s for s in (WORKFORCE, SUPERVISION, CARE_ORDERS, MEETINGS, COUNTS, MILESTONES, COMMENTARY)},
    not_known=frozenset({"n/k", "-", "*", "<5", "c", "tbc"}),
    nil_label="None this month",
    no_figure_reasons={"Nothing due this month": Reason.NOTHING_DUE, "Not known yet": Reason.NO_VALUE},
)
SOURCE = Citation("plan", "1.1", "85%")


def measure(name: str, kind: Kind) -> Measure:
    return Measure(
        id=name,
        title=name,
        kind=kind,
        table="workforce",
        where=ALWAYS,
        left_out=None,
        numerator=ALWAYS,
        weight=None,
        numerator_sum=None,
        denominator_sum=None,
        since=None,
        value=None,
        unit=Unit.PERCENT,
        window=Window.MONTH,
        window_from_table=False,
        over=Over.LAST,
        when_none=Reason.NO_DENOMINATOR,
        baseline=None,
        change_as=None,
        columns=frozenset({"status"}),
    )


def indicator(name: str, kind: Kind) -> Indicator:
    return Indicator(
        id=name,
        title="Children in Care workforce on permanent contracts",
        short="Permanent staff",
        actions=("1.1",),
        covers=(),
        lead="Head of Service, Children in Care",
        better=Better.HIGHER,
        headline=True,
        source=SOURCE,
        readings=(),
        measure=measure(name, kind),
        beside=(),
        warn_if_falls=None,
        targets=(),
        examples=(),
        file="",
    )


RULEBOOK = RuleBook(
    plan=Plan(
        "plan",
        "The plan",
        date(2023, 6, 30),
        date(2025, 6, 30),
        (Authority(CODE, COUNCIL, made_up=True), Authority(OTHER_CODE, OTHER_COUNCIL, made_up=False)),
        (),
    ),
    documents={},
    contract=CONTRACT,
    indicators={
        "permanent-staff": indicator("permanent-staff", Kind.PROPORTION),
        "champions": indicator("champions", Kind.COUNT),
    },
    milestones={
        "slip-for-iros": MilestoneRule(
            "slip-for-iros", "SLIP", ("1.4",), (), "Lead", None, None, None, SOURCE, ()
        )
    },
    baselines=(),
    unmeasured=(),
    digest="",
    folder="rules",
)

ROWS: Mapping[str, Sequence[Cells]] = {
    "workforce": [
        ["P01", "W1", "Children in Care", "filled", "permanent", 1, None],
        ["P02", "W2", "CIC", "filled", "agency", 0.5, None],
        ["P03", None, "Fostering", "vacant", None, 1, None],
    ],
    "supervision": [["C1", date(2024, 3, 4), "Yes"], ["C2", date(2024, 3, 31), "no"]],
    "care_orders": [["K1", date(2023, 9, 1), None], ["K2", date(2023, 5, 5), date(2024, 1, 2)]],
    "meetings": [["M1", date(2024, 3, 12), 3, None], ["M2", date(2024, 3, 19), 4, None]],
    "counts": [["permanent-staff", "in words", 17, 20, None], ["champions", "in words", None, None, None]],
    "milestones": [["slip-for-iros", date(2023, 7, 3), None]],
    "commentary": [
        [
            "permanent-staff",
            "Posts are hard to fill.",
            "A campaign.",
            "Head of Service",
            None,
            date(2024, 9, 1),
        ]
    ],
}


def workbook(
    *, rows: Mapping[str, Sequence[Cells]] = ROWS, cover: Mapping[str, Any] | None = None
) -> Workbook:
    """A return without a fault, for March 2024; a sheet that `rows` lacks is left out."""
    made = Workbook()
    front = made.worksheets[0]
    front.title = COVER
    said = {"authority": CODE, "month": "2024-03", **(cover or {})}
    for row, (name, label) in enumerate(_FIELDS, 3):
        front.cell(row, 1, label)
        front.cell(row, 2, said.get(name))
        made.defined_names[f"kpi_{name}"] = DefinedName(f"kpi_{name}", attr_text=f"'{COVER}'!$B${row}")
    front["B20"] = VERSION
    made.defined_names["template_version"] = DefinedName("template_version", attr_text=f"'{COVER}'!$B$20")
    properties(made).append(StringProperty(name="template_version", value=VERSION))
    for spec in CONTRACT.sheets.values():
        if spec.id in rows:
            _write(made.create_sheet(spec.sheet), spec, rows[spec.id])
    return made


def _write(page: Worksheet, spec: SheetSpec, rows: Sequence[Cells]) -> None:
    page["A1"] = spec.sheet
    page["A4"] = CONTRACT.nil_label
    for place, one in enumerate(spec.columns.values(), 1):
        page.cell(HEADING_ROW, place, one.heading)
    for number, row in enumerate(rows, HEADING_ROW + 1):
        for place, value in enumerate(row, 1):
            page.cell(number, place, value)
            if isinstance(value, date):
                page.cell(number, place).number_format = "dd/mm/yyyy"


def properties(made: Workbook) -> Any:  # noqa: ANN401  (the stubs lack them)
    """The custom properties of a workbook."""
    return vars(made)["custom_doc_props"]


def as_excel_table(made: Workbook, name: str) -> None:
    """Make the rows of a sheet an Excel table called `name`."""
    page = made[CONTRACT.sheets[name].sheet]
    last = page.cell(page.max_row, len(CONTRACT.sheets[name].columns)).coordinate
    page.add_table(ExcelTable(displayName=name, name=name, ref=f"A{HEADING_ROW}:{last}"))


def saved(folder: Path, made: Workbook, name: str = "returns_2024-03.xlsx") -> Path:
    made.save(folder / name)
    return folder / name


def reading(
    folder: Path,
    change: Callable[[Workbook], object] | None = None,
    *,
    rows: Mapping[str, Sequence[Cells]] = ROWS,
    cover: Mapping[str, Any] | None = None,
) -> Return:
    """The return that `change` makes of one without a fault."""
    made = workbook(rows=rows, cover=cover)
    if change:
        change(made)
    return read_return(saved(folder, made), RULEBOOK)


def setting(page: str, **cells: Any) -> Callable[[Workbook], None]:  # noqa: ANN401  (what a cell holds)
    """A change that writes cells: `setting("Workforce", C7="x")`."""

    def change(made: Workbook) -> None:
        for address, value in cells.items():
            made[page][address] = value
            if isinstance(value, int | float):
                made[page][address].number_format = "General"

    return change


def found(returned: Return, code: str) -> list[Finding]:
    return [fault for fault in returned.findings if fault.code == code]


def one(returned: Return, code: str) -> Finding:
    faults = found(returned, code)
    assert len(faults) == 1, [(f.code, f.where, f.message) for f in returned.findings]
    return faults[0]


def column_of(returned: Return, name: str, column_id: str) -> list[tuple[object, bool]]:
    """The values of a column and whether each is unknown."""
    typed = returned.tables[name].columns[column_id]
    return list(zip(typed.values, typed.unknown, strict=True))
