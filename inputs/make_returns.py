"""Write the example returns: 24 months of a made-up borough, and one corrected return.

    python inputs/make_returns.py [FOLDER]

The same bytes every time. Nobody in them is real; README.md beside this file says what is planted.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

ROOT: Final = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # run as a script, Python looks beside the script alone
    sys.path.insert(0, str(ROOT))

from inputs.example_borough import MONTHS, simulate  # noqa: E402
from inputs.example_dice import after, working  # noqa: E402
from inputs.example_sheets import counts_of, sheets_of  # noqa: E402
from inputs.example_words import commentary_of, milestones_of  # noqa: E402
from kpi_engine.returns.template import Filling, build_return, save_return  # noqa: E402
from kpi_engine.rulebook.load import load_rulebook  # noqa: E402
from kpi_engine.terms.period import Period  # noqa: E402

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

    from inputs.example_borough import Borough
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.table import Value

AUTHORITY: Final = "E99999999"
NOT_VALIDATED: Final = Period.parse("2024-05")
SHEET_LEFT_OUT: Final = (Period.parse("2024-11"), "supervision")
NEVER_CALCULATED: Final = Period.parse("2025-03")
MISTYPED: Final = Period.parse("2024-07")
TYPED: Final[tuple[tuple[str, str, Value, str], ...]] = (
    # Sheet and column; what is right, in the first row that has it; what was typed in its place.
    ("foster_carers", "last_review_on", date(2023, 9, 29), "31/09/2023"),
    ("foster_carers", "last_review_on", date(2023, 9, 28), "n/k"),
    ("care_orders", "matched_on", date(2024, 7, 11), "11.07.2024"),
    ("care_orders", "third_review_on", date(2024, 6, 28), "31/06/2024"),
    ("workforce", "contract", "permanent", "permenant"),
    ("workforce", "contract", "agency", "Agancy"),
    ("children_in_care", "has_life_story_book", True, "n/k"),
    ("children_in_care", "has_life_story_book", False, "n/k"),
    ("placements", "in_borough", True, "n/k"),
    ("permanency_meetings", "managers_due", 3, "3"),
)


def main(folder: Path) -> None:
    """Write every return into `folder`, in place of those that are there."""
    rulebook, borough = load_rulebook(ROOT / "rules"), simulate()
    (folder / "corrected").mkdir(parents=True, exist_ok=True)
    for month in MONTHS:
        write_month(rulebook, borough, month, folder / name_of(month))
    write_month(rulebook, borough, MISTYPED, folder / "corrected" / name_of(MISTYPED), corrected=True)


def name_of(month: Period) -> str:
    """The file name of a month's return."""
    return f"returns_{month}.xlsx"


def write_month(
    rulebook: RuleBook, borough: Borough, month: Period, out: Path, *, corrected: bool = False
) -> None:
    """Write one month's return to `out`, in place of what is there."""
    sheets = sheets_of(borough, month)
    counts = counts_of(sheets, month)
    if month == MISTYPED and not corrected:
        for sheet, column, right, text in TYPED:
            next(row for row in sheets[sheet] if row[column] == right)[column] = text
    filling = Filling(
        AUTHORITY,
        cover=_cover(month, corrected=corrected),
        rows=sheets,
        nil=[sheet for sheet, rows in sheets.items() if not rows],
        counts=counts,
        milestones=milestones_of(month),
        commentary=commentary_of(month),
    )
    workbook = build_return(rulebook, month, filling)
    if month == SHEET_LEFT_OUT[0]:
        del workbook[rulebook.contract.sheets[SHEET_LEFT_OUT[1]].sheet]
    if month == NEVER_CALCULATED:
        _leave_uncalculated(workbook, rulebook)
    out.unlink(missing_ok=True)
    save_return(workbook, month, out)


def _cover(month: Period, *, corrected: bool) -> dict[str, Value]:
    sent_on = working(after(month.end, 33 if corrected else 14))
    validated = month != NOT_VALIDATED
    return {
        "filled_by": "Performance team",
        "sent_on": sent_on,
        "validated_by": "Service managers" if validated else "no",
        "validated_on": working(after(sent_on, -2)) if validated else None,
        "replaces": name_of(month) if corrected else None,
    }


def _leave_uncalculated(workbook: Workbook, rulebook: RuleBook) -> None:
    """Put a formula without its value into the first meeting that counts."""
    spec = rulebook.contract.sheets["permanency_meetings"]
    sheet = workbook[spec.sheet]
    letters = {str(cell.value): cell.column_letter for row in sheet["A1:Z20"] for cell in row if cell.value}
    counts, due, present = (
        letters[spec.columns[name].heading]
        for name in ("stepped_up_or_edging", "managers_due", "managers_present")
    )
    row = next(cell.row for cell in sheet[counts] if cell.value == "Yes")
    sheet[f"{present}{row}"].value = f"={due}{row}"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "inputs")
