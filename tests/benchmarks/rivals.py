"""The same measures and checks as an analyst would script them: pandas or polars over a workbook reader.

Run by a Python that has the `bench` group: -m tests.benchmarks.rivals pandas-openpyxl RETURN.xlsx
Each is timed from after its imports to the last figure. Where a reader gives a blank for an error or for a
formula without a value, and says nothing of hidden rows, the script cannot know: those faults it misses.
"""

# ruff: noqa: ANN401, PLR0915, T201  (it prints; a script goes from top to bottom)
from __future__ import annotations

import json
import resource
import sys
import time
from datetime import date, datetime
from importlib import import_module
from typing import Any

from tests.benchmarks.made_returns import AT, END, FIRST_ROW, GRADES, NAMES, PLACEMENTS, PLANS, START, TEAMS

CHOICES = {
    "team": list(TEAMS),
    "status": ["open", "closed"],
    "plan": list(PLANS),
    "placement": list(PLACEMENTS),
    "grade": list(GRADES),
}
DATES = ("came_on", "left_on", "plan_on", "first_review_on", "second_review_on", "visited_on")
NUMBERS = {"visits": 400, "visits_due": 400, "hours": 90}
YES_NO = ("consents", "views_shared", "has_book")


def by_pandas(path: str, engine: str) -> dict[str, Any]:
    """Read by pandas, with openpyxl or calamine beneath."""
    np, pd = import_module("numpy"), import_module("pandas")

    def work() -> tuple[list[str], dict[str, list[str]]]:
        cells = pd.read_excel(
            path,
            sheet_name="Cases",
            header=3,
            dtype=object,
            engine=engine,
            keep_default_na=False,
            na_values=[""],
        )
        cells.columns = pd.Index(NAMES)
        cells.index = pd.RangeIndex(FIRST_ROW, FIRST_ROW + len(cells))
        faults: list[str] = []

        def tell(name: str, which: Any) -> None:
            faults.extend(f"{AT[name]}{row}" for row in cells.index[which])

        total = cells["case_id"].astype(str).str.strip().str.casefold() == "total"
        tell("case_id", total)
        cells = cells[~total]
        tell("case_id", cells["case_id"].duplicated())
        clean = {}
        for name, allowed in CHOICES.items():
            column = cells[name]
            unknown = column == "n/k"
            if unknown.any():
                faults.append(f"{AT[name]}{cells.index[unknown][0]}")
            bad = column.notna() & ~unknown & ~column.isin(allowed)
            tell(name, bad)
            clean[name] = column.where(~bad & ~unknown), bad | unknown
        for name in DATES:
            column = cells[name]
            is_day = column.map(lambda value: isinstance(value, (datetime, date)))
            days = pd.to_datetime(column.where(is_day), errors="coerce")
            bad = (column.notna() & ~is_day) | (days > pd.Timestamp(END))
            tell(name, bad)
            clean[name] = days.where(~bad), bad
        for name, most in NUMBERS.items():
            column = cells[name]
            figures = pd.to_numeric(column, errors="coerce")
            bad = column.notna() & (figures.isna() | (figures < 0) | (figures > most))
            tell(name, bad)
            clean[name] = figures.where(~bad), bad
        for name in YES_NO:
            column = cells[name].map({"Yes": True, "No": False})
            bad = cells[name].notna() & column.isna()
            tell(name, bad)
            clean[name] = column, bad | (cells[name].isna() & (name != "consents"))
        day = {name: clean[name][0] for name in DATES}
        tell("left_on", day["left_on"] < day["came_on"])
        tell("second_review_on", day["second_review_on"] < day["first_review_on"])
        tell("plan", clean["plan"][0].isna() & ~clean["plan"][1] & day["plan_on"].notna())

        def share(within: Any, counted: Any, weight: Any) -> list[str]:
            sure, may = within == 1, within != 0
            low, high = sure & (counted == 1), may & (counted != 0)
            of_low, of_high = low | (may & (counted != 1)), high | (sure & (counted == 0))
            return [f"{weight[one].sum():.6f}" for one in (low, of_low, high, of_high)]

        def three(holds: Any, unknown: Any) -> Any:  # 1 yes, 0 no, 2 unknown
            return np.where(unknown, 2, np.asarray(holds, dtype=bool).astype(int))

        opened = three(clean["status"][0] == "open", clean["status"][1])
        in_team = np.where((opened == 1), three(clean["team"][0] == CHOICES["team"][0], clean["team"][1]), 0)
        due = day["came_on"] + pd.DateOffset(months=4)
        one = np.ones(len(cells))
        either = clean["came_on"][1] | clean["plan_on"][1]
        good = three(clean["grade"][0].isin(["Outstanding", "Good"]), clean["grade"][1])
        homes = (opened == 1) & np.asarray(clean["placement"][0] == "Foster care")
        hours = clean["hours"][0].fillna(0).to_numpy(dtype=float)
        figures = {
            "views-shared": share(
                in_team, three(clean["views_shared"][0].eq(other=True), clean["views_shared"][1]), one
            ),
            "visited": share(
                opened, three(day["visited_on"] >= pd.Timestamp(START), clean["visited_on"][1]), one
            ),
            "books": share(opened, three(clean["has_book"][0].eq(other=True), clean["has_book"][1]), one),
            "planned-in-time": share(
                three(due < pd.Timestamp(END), clean["came_on"][1]), three(day["plan_on"] <= due, either), one
            ),
            "good-hours": share(opened, good, hours),
            "foster-care": [f"{homes.sum():.6f}"] * 4,
        }
        return faults, figures

    return _timed(work)


def by_polars(path: str) -> dict[str, Any]:
    """Read by fastexcel, the rest in polars."""
    fastexcel, pl = import_module("fastexcel"), import_module("polars")

    def work() -> tuple[list[str], dict[str, list[str]]]:
        sheet = fastexcel.read_excel(path).load_sheet("Cases", header_row=3, dtypes="string")
        cells = sheet.to_polars()
        cells.columns = list(NAMES)
        cells = cells.with_row_index("row", offset=FIRST_ROW)
        faults: list[str] = []

        def tell(name: str, which: Any) -> None:
            faults.extend(f"{AT[name]}{row}" for row in cells["row"].filter(which.fill_null(value=False)))

        total = cells["case_id"].str.to_lowercase().str.strip_chars() == "total"
        tell("case_id", total)
        cells = cells.filter(~total.fill_null(value=False))
        tell("case_id", ~cells["case_id"].is_first_distinct())
        clean, lost = {}, {}
        for name, allowed in CHOICES.items():
            column = cells[name]
            unknown = (column == "n/k").fill_null(value=False)
            if unknown.any():
                faults.append(f"{AT[name]}{cells['row'].filter(unknown)[0]}")
            bad = column.is_not_null() & ~unknown & ~column.is_in(allowed).fill_null(value=False)
            tell(name, bad)
            lost[name] = bad | unknown
            clean[name] = column.set(lost[name], None)
        for name in DATES:
            column = cells[name]
            days = column.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
            bad = column.is_not_null() & (days.is_null() | (days > END).fill_null(value=False))
            tell(name, bad)
            clean[name], lost[name] = days.to_frame().select(pl.when(~bad).then(days))[name], bad
        for name, most in NUMBERS.items():
            column = cells[name]
            figures = column.cast(pl.Float64, strict=False)
            bad = column.is_not_null() & (
                figures.is_null() | ~figures.is_between(0, most).fill_null(value=False)
            )
            tell(name, bad)
            clean[name], lost[name] = figures, bad
        for name in YES_NO:
            column = cells[name]
            bad = column.is_not_null() & ~column.is_in(["Yes", "No"]).fill_null(value=False)
            tell(name, bad)
            clean[name] = column == "Yes"
            lost[name] = bad | (
                column.is_null() if name != "consents" else pl.zeros(len(cells), pl.Boolean, eager=True)
            )
        tell("left_on", clean["left_on"] < clean["came_on"])
        tell("second_review_on", clean["second_review_on"] < clean["first_review_on"])
        tell("plan", clean["plan"].is_null() & ~lost["plan"] & clean["plan_on"].is_not_null())

        def three(holds: Any, unknown: Any) -> Any:  # true, false, or null for unknown
            return holds.fill_null(value=False).set(unknown, None)

        def share(within: Any, counted: Any, weight: Any) -> list[str]:
            sure, may = within.fill_null(value=False), within.fill_null(value=True)
            surely, maybe = counted.fill_null(value=False), counted.fill_null(value=True)
            low, high = sure & surely, may & maybe
            parts = (low, low | (may & ~surely), high, high | (sure & ~maybe))
            return [f"{weight.filter(one).sum():.6f}" for one in parts]

        opened = three(clean["status"] == "open", lost["status"])
        in_team = three(clean["team"] == CHOICES["team"][0], lost["team"]) & opened
        due = clean["came_on"].dt.offset_by("4mo")
        one = pl.repeat(1.0, len(cells), eager=True)
        good = three(clean["grade"].is_in(["Outstanding", "Good"]), lost["grade"])
        either = lost["came_on"] | lost["plan_on"]
        homes = (opened & (clean["placement"] == "Foster care")).fill_null(value=False).sum()
        figures = {
            "views-shared": share(in_team, three(clean["views_shared"], lost["views_shared"]), one),
            "visited": share(opened, three(clean["visited_on"] >= START, lost["visited_on"]), one),
            "books": share(opened, three(clean["has_book"], lost["has_book"]), one),
            "planned-in-time": share(
                three(due < END, lost["came_on"]), three(clean["plan_on"] <= due, either), one
            ),
            "good-hours": share(opened, good, clean["hours"].fill_null(0)),
            "foster-care": [f"{homes:.6f}"] * 4,
        }
        return faults, figures

    return _timed(work)


def _timed(work: Any) -> dict[str, Any]:
    wall, processor = time.perf_counter(), time.process_time()
    faults, figures = work()
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - processor,
        "faults": faults,
        "figures": figures,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    name, file = sys.argv[1:]
    if name == "polars-fastexcel":
        print(json.dumps(by_polars(file)))
    else:
        print(json.dumps(by_pandas(file, name.removeprefix("pandas-"))))
