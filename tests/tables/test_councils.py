"""A lake made from workbooks gives what the workbooks give, on every engine, and for each council alone."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kpi_engine.check import gathered, judged_at, read_returns
from kpi_engine.councils import measure_councils
from kpi_engine.errors import KpiError
from kpi_engine.escalation.builtin import derive_builtin
from kpi_engine.escalation.escalate import escalate
from kpi_engine.escalation.outcome import Answered
from kpi_engine.measures.embedded import EmbeddedEngine
from kpi_engine.measures.measure import records_of
from kpi_engine.measures.spark import on_remote
from kpi_engine.tables.write import TableFormat, write_tables
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import MonthReturn, Problem, Validated
from kpi_engine.terms.verdict import Status
from tests.measures.conftest import sail
from tests.tables.lakes import EXAMPLE, HARINGEY, OTHER, Lake, child, council, judged, rulebook, verdict
from tests.tables.test_typed import as_read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kpi_engine.escalation.outcome import Escalated
    from kpi_engine.reports.councils_judged import Councils
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.measurement import Measurement
    from kpi_engine.terms.returned import Return
    from kpi_engine.terms.verdict import Verdict

INPUTS = Path(__file__).parents[2] / "inputs"


@cache
def returns() -> tuple[Return, ...]:
    return read_returns([INPUTS], rulebook(), lambda _done, _of: None)


@cache
def of_workbooks() -> tuple[Checked, Escalated]:
    """What `kpi check` and `kpi exceptions` say of the example returns."""
    checked = judged_at(gathered(returns(), rulebook()), rulebook(), None)
    told = escalate(
        rulebook(),
        checked,
        derive=lambda pack, facts: (derive_builtin(pack, facts), Answered("built-in", "")),
    )
    assert told is not None
    return checked, told


def bare(found: Measurement | None) -> Measurement | None:
    """A figure without the files that it is from."""
    return None if found is None else replace(found, origins=())


def said(verdicts: Iterable[Verdict]) -> list[Verdict]:
    return [
        replace(v, measured=bare(v.measured), beside=tuple(filter(None, map(bare, v.beside))))
        for v in verdicts
    ]


def assert_as_of_workbooks(of: Councils) -> None:
    checked, told = of_workbooks()
    (found,) = of.councils
    assert found.checked.period == checked.period
    assert said(found.checked.verdicts) == said(checked.verdicts)
    assert found.checked.series.keys() == checked.series.keys()
    for month, verdicts in checked.series.items():
        assert said(found.checked.series[month]) == said(verdicts)
    assert [replace(m, cell="") for m in found.checked.milestones] == [
        replace(m, cell="") for m in checked.milestones
    ]
    assert found.escalated is not None
    assert found.escalated.now.trends == told.now.trends
    assert [exceptions(found.escalated), states(found.escalated)] == [exceptions(told), states(told)]


def exceptions(of: Escalated) -> list[tuple[object, ...]]:
    return [
        (e.kind, e.severity, e.indicator, e.milestone, e.period, e.change, e.tell)
        for e in (*of.now.exceptions, *of.gone)
    ]


def states(of: Escalated) -> list[tuple[object, ...]]:
    return [(s.indicator, s.state, s.note) for s in of.now.states.values()]


@pytest.mark.parametrize("form", TableFormat)
def test_the_example_returns_as_tables_give_what_the_workbooks_give(
    tmp_path: Path, form: TableFormat
) -> None:
    written = write_tables(returns(), rulebook(), tmp_path / "lake", form)

    assert (written.councils, written.months) == (1, 24)
    assert_as_of_workbooks(judged(tmp_path / "lake"))


def test_spark_gives_the_same(tmp_path: Path) -> None:
    """The last three months, as CSV, on the server that the engine suite runs on."""
    late = [one for one in returns() if one.claims is not None and one.claims >= Period.parse("2025-01")]
    write_tables(late, rulebook(), tmp_path / "lake", TableFormat.CSV)
    place = str(tmp_path / "lake")
    with sail() as address:
        session = on_remote(address)
        try:
            found = measure_councils(session, place, rulebook())
        finally:
            session.close()

    assert found.councils == judged(tmp_path / "lake").councils


# ── Councils beside each other ───────────────────────────────────────────────


def some_lake(folder: Path, codes: Iterable[str], seed: int) -> Lake:
    """A few sheets of small random returns, with blanks, faults and repeats."""
    dice, lake = random.Random(seed), Lake(folder)
    cells = ("yes", "no", "", "n/k", "perhaps")
    days = ("2020-01-01", "31/12/2023", "2024-03-31", "", "n/k", "soon", "2023-09-30")
    for code in codes:
        for month in ("2024-02", "2024-03"):
            rows = [
                child(
                    dice.randrange(6),
                    came_into_care_on=dice.choice(days),
                    left_care_on=dice.choice(("", "", *days)),
                    **{
                        name: dice.choice(cells)
                        for name in ("has_life_story_book", "consents", "views_shared")
                    },
                )
                for _ in range(dice.randrange(1, 9))
            ]
            lake.send("children_in_care", rows, authority=code, period=month)
    return lake


@pytest.mark.parametrize("seed", range(3))
def test_a_council_is_judged_alike_alone_and_among_others(tmp_path: Path, seed: int) -> None:
    codes = (HARINGEY, EXAMPLE, OTHER)
    together = judged(some_lake(tmp_path / "lake", codes, seed))

    for code in codes:
        (alone,) = judged(tmp_path / "lake", only=(code,)).councils
        assert alone == council(together, code)


def test_the_trouble_of_one_council_harms_no_other(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.send("children_in_care", [child(1)], authority=EXAMPLE)
    before = council(judged(lake), EXAMPLE)
    lake.send("children_in_care", [{"child_id": "\x00'; DROP"}] * 3, said="9")
    lake.send("workforce", [{"fte": "9" * 60}], said="1")
    lake.lines.append({"authority": OTHER, "period": "?", "sheet": "workforce"})

    after = judged(lake)
    assert council(after, EXAMPLE) == before
    assert [one.code for one in after.councils] == [OTHER, HARINGEY, EXAMPLE]


def test_a_council_that_the_plan_does_not_name_goes_by_its_code(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.send("children_in_care", [child(1)], authority=" e08000001 ")
    lake.send("pf_referrals", (), authority=OTHER, nil="yes")
    found = judged(lake)

    assert council(found, OTHER).checked.authority == OTHER
    assert verdict(found, "life-story-books", OTHER).status is Status.PASS
    assert verdict(found, "pf-referrals-increase", OTHER).reason in {
        Reason.BASELINE_UNKNOWN,
        Reason.MONTHS_MISSING,
    }


def test_an_earlier_period_is_judged_on_what_had_come_by_then(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.send("children_in_care", [child(1)], period="2024-02")
    early = judged(lake).councils
    lake.send("children_in_care", [child(1, has_life_story_book="no")], period="2024-03")

    assert judged(lake, period=Period.parse("2024-02")).councils == early


def test_a_council_without_a_line_is_refused_with_those_that_have_one(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.send("children_in_care", [child(1)])
    with pytest.raises(KpiError) as fault:
        judged(lake, only=(OTHER,))

    (found,) = fault.value.findings
    assert found.code == "T130"
    assert HARINGEY in found.message


# ── Against the reader ───────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(2))
def test_doubt_in_raw_cells_is_measured_as_the_reader_measures_it(tmp_path: Path, seed: int) -> None:
    """The same cells through the reader's typing and the engine of workbooks."""
    lake = some_lake(tmp_path / "lake", [f"E{n:08d}" for n in range(30)], seed)
    found = judged(lake)
    by_return = defaultdict(list)
    for row in lake.rows["children_in_care"]:
        by_return[row["authority"], row["period"]].append(row)
    spec = rulebook().contract.sheets["children_in_care"]
    compared = 0
    with EmbeddedEngine() as engine:
        for (code, name), rows in by_return.items():
            month = Period.parse(name)
            read = as_read(spec, month, [dict.fromkeys(spec.columns, "") | row for row in rows])
            held = council(found, code).checked.measured.records[month]
            (expected,) = records_of(
                engine, [replace(_month(code, month), tables={spec.id: read})], rulebook()
            )
            for measure, one in expected.own.items():
                if one.reason is not Reason.SHEET_MISSING:
                    assert bare(held.own[measure]) == bare(one)
                    compared += 1
    assert compared >= 4 * len(by_return)


def _month(code: str, month: Period) -> MonthReturn:
    absent = Problem(Reason.SHEET_MISSING, "The sheet is missing.")
    return MonthReturn(month, code, Validated.YES, frozenset(), {}, {}, {}, {}, {}, absent, ())
