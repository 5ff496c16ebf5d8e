"""Board reports as values: what they say, of whom they say nothing, and when they are refused."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kpi_engine.reports.board.build import board_report
from kpi_engine.reports.board.disclosure import Level
from kpi_engine.reports.board.report import BoardReport, Tone
from kpi_engine.reports.board.to_csv import COLUMNS, to_board_csv
from kpi_engine.reports.board.to_json import to_board_json
from kpi_engine.reports.board.words import MAY_IDENTIFY, MAY_TELL, MEANINGS, state_badge
from kpi_engine.rulebook.book import Kind, Unit, Window
from kpi_engine.rulebook.pack import Cadence
from kpi_engine.terms.checked import ReturnRead
from kpi_engine.terms.codes import finding
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.returned import CommentaryRow, Validated
from kpi_engine.terms.state import State
from tests.escalation.small_packs import pack, rule
from tests.escalation.standings import checked_of, shipped
from tests.reports.board.briefs import (
    BOARD,
    MEETING,
    PUBLIC_BOARD,
    ROUNDED_BOARD,
    all_at,
    all_open,
    at,
    escalated_of,
    example_check,
    example_disclosure,
    example_escalated,
    example_report,
    report_of,
    rules_for,
    small,
)
from tests.reports.build import milestone
from tests.reports.test_to_json import faults
from tests.verdicts.build import COUNT, SHARE, at_least, figure, indicator, measured, month, none, parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kpi_engine.reports.board.report import Measure
    from kpi_engine.rulebook.book import Indicator
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.measured import Measured

SCHEMA: dict[str, Any] = json.loads(
    files("kpi_engine.reports.board").joinpath("schema_kpi_board_1.json").read_text(encoding="utf-8")
)
BOARDS = tuple(shipped().boards)
PUBLIC_BOARDS = tuple(i for i, one in shipped().boards.items() if one.audience == "public")
STAFF = replace(indicator(SHARE, at_least("17/20")), short="Permanent staff", title="Staff in post")
BOOKS = replace(indicator(replace(SHARE, id="books"), at_least("1")), short="Books")
CHAMPIONS = replace(indicator(COUNT, at_least("12")), short="Champions")
JULY = "2023-07"


def months_of(one: Indicator, *counts: tuple[int, int], first: str = JULY) -> list[Any]:
    start = month(first)
    return [figure(one.measure, str(start.plus(n)), parts(a, b)) for n, (a, b) in enumerate(counts)]


def shares(one: Indicator, *counts: tuple[int, int]) -> Measured:
    return measured(*months_of(one, *counts))


def only(report: BoardReport) -> Measure:
    (measure,) = report.measures
    return measure


def explained(checked: Checked, one: Indicator, **said: str) -> Checked:
    """The check with commentary of its month on a measure, in cell C7 of the Commentary sheet."""
    assert checked.period is not None
    words = {"why": "Few carers.", "action": "A campaign.", "lead": "J Doe", "ask": "Agree to it.", **said}
    row = CommentaryRow(**words, back_on_track=date(2025, 9, 30), cell="Commentary!C7")
    return replace(checked, commentary={checked.period.last_month: {one.id: row}})


# ── Every board of the rules, on the example returns ─────────────────────────


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_has_a_report_that_keeps_to_its_schema(board: str) -> None:
    report = example_report(board)
    found = json.loads(to_board_json(report))
    assert list(faults(found, SCHEMA, whole=SCHEMA)) == []
    assert list(found) == list(SCHEMA["properties"])
    del found["run"]
    assert list(faults(found, SCHEMA, whole=SCHEMA)) == ["$: run is missing"]


@pytest.mark.parametrize("board", BOARDS)
def test_the_same_input_gives_the_same_report(board: str) -> None:
    one = shipped().boards[board]
    again = report_of(
        shipped(),
        example_check(one),
        one,
        example_disclosure(board),
        escalated=example_escalated(one.cadence),
    )
    assert again == example_report(board)
    assert to_board_json(again) == to_board_json(example_report(board))
    assert to_board_csv(again) == to_board_csv(example_report(board))


@pytest.mark.parametrize("board", BOARDS)
def test_a_board_reads_its_own_measures_milestones_and_parts(board: str) -> None:
    one, report = shipped().boards[board], example_report(board)
    assert sum(tally.number for tally in report.tallies) == len(one.measures)
    assert {m.id for m in report.measures} <= set(one.measures)
    assert {m.id for m in report.milestones} <= set(one.milestones)
    assert report.sections == one.sections
    assert bool(report.sources) is ("sources" in one.sections)
    assert [m.anchor for m in report.measures if m.anchor in report.exceptions]


@pytest.mark.parametrize("board", BOARDS)
def test_every_anchor_leads_to_a_measure_of_the_report(board: str) -> None:
    report = example_report(board)
    cards = {measure.anchor for measure in report.measures}
    assert set(report.exceptions) <= cards
    assert {ask.anchor for ask in report.asks} <= set(report.exceptions)
    assert {row.anchor for row in report.action} <= set(report.exceptions)


@pytest.mark.parametrize("board", PUBLIC_BOARDS)
def test_in_public_no_count_of_the_threshold_or_less_is_printed(board: str) -> None:
    told = 0
    for measure in example_report(board).measures:
        if not shipped().indicators[measure.id].disclosive:
            continue
        texts = (measure.row.counts, *(fact.text for fact in (*measure.beside, *measure.months)))
        points = measure.picture.points if measure.picture is not None else ()
        for text in (*texts, *(point.counts for point in points)):
            for part, whole in re.findall(r"\b(\d+) of (\d+)\b", text):
                told += 1
                assert not 1 <= int(part) <= 5, (measure.id, text)
                assert not 1 <= int(whole) - int(part) <= 5, (measure.id, text)
    assert told > 20


@pytest.mark.parametrize("board", PUBLIC_BOARDS)
def test_in_public_no_cell_no_number_of_rows_and_no_longest_wait(board: str) -> None:
    report = example_report(board)
    text = to_board_json(report)
    assert re.search(r"![A-Z]+\d", text) is None
    assert "in doubt" not in re.sub(r"Some rows are in doubt|Rows in doubt", "", text)
    assert re.search(r"\d days", "".join(fact.text for m in report.measures for fact in m.beside)) is None
    assert {line.number for line in report.findings} <= {"some"}
    assert {line.where for line in report.findings} <= {""}


@pytest.mark.parametrize("board", PUBLIC_BOARDS)
def test_in_public_what_is_kept_back_has_no_chart_and_no_place_in_the_grid(board: str) -> None:
    report, decided = example_report(board), example_disclosure(board)
    assert {one.level for one in decided.values()} == set(Level)
    shown = {m.short for m in report.measures if decided[m.id].level is Level.OPEN}
    placed = {
        name for _, row in (report.grid.rows if report.grid else ()) for cell in row for name in cell.measures
    }
    assert placed <= shown
    for measure in report.measures:
        assert (measure.picture is not None) is (decided[measure.id].level is Level.OPEN)
        assert measure.picture is not None or measure.no_picture
        if decided[measure.id].level is Level.CLOSED and measure.badge.words != "Not reported":
            row = measure.row
            assert {row.latest, row.counts, row.gap, row.before} == {"[c]"}


def test_the_iro_report_counts_the_children_who_wait() -> None:
    report = example_report("iro-service")
    matched = next(m for m in report.measures if m.id == "matched-within-6-months")
    waiting = {fact.label: fact.text for fact in matched.beside}
    assert waiting["Children past 6 months and still unmatched at month end"] == "22"
    assert len(report.measures) == 5
    assert [one.id for one in report.milestones] == ["iro-best-in-class-support", "iro-triangulation"]


def test_the_internal_report_says_all_of_page_one() -> None:
    report = example_report("divisional-management-team")
    assert report.title == "Exception report, March 2025"
    assert report.lead_sentence.startswith("9 of 20 targets")
    assert report.lead_sentence.endswith("7 need action.")
    assert report.rest_sentence == (
        "Permanent staff, CIC stands at 79% against a target of at least 85% and is getting worse. "
        "Of the others, 1 could not be judged and 2 are not due yet."
    )
    assert [(t.badge.shape, t.number) for t in report.tallies] == [
        ("■", 7), ("▲", 1), ("◇", 1), ("◆", 1), ("●", 10), ("?", 1), ("○", 2),
    ]  # fmt: skip
    assert [row.measure for row in report.headlines] == [
        "Foster carer annual reviews",
        "Private fostering referrals",
    ]
    assert report.completeness == "22 of 23 measures reported; 4 on figures that are not validated."
    assert (report.meeting, report.meeting_on) == ("17 April 2025", "2025-04-17")
    assert [(found.code, found.number, found.where) for found in report.findings] == [
        ("R202", "1", "Permanency meetings!F8"),
        ("R391", "1", ""),
    ]


def test_the_run_line_names_rules_returns_and_engines_only() -> None:
    run = {fact.label: fact.text for fact in example_report("divisional-management-team").run}
    assert list(run) == ["Engine", "Rules", "Returns", "Earlier returns", "Exceptions", "Charts"]
    assert run["Rules"] == shipped().digest[:16]
    assert re.fullmatch(r"returns_2025-03\.xlsx [0-9a-f]{12}", run["Returns"])
    assert run["Earlier returns"].count(".xlsx") == 23
    assert run["Charts"] == "XmR, profile board"


def test_a_quarterly_board_sees_the_months_behind_the_quarter() -> None:
    report = example_report("achieving-excellence-board")
    staff = next(m for m in report.measures if m.id == "cic-permanent-workforce")
    assert report.period_label == "Quarter 4 of 2024/25"
    assert [fact.label for fact in staff.months] == ["January 2025", "February 2025", "March 2025"]
    assert staff.months[-1].text == "79% (23 of 29), missed"
    assert "Last quarter 81%" in staff.facts


# ── Refusal and commentary ───────────────────────────────────────────────────


def test_a_measure_that_needs_action_without_commentary_refuses_the_report() -> None:
    rules = rules_for(STAFF, BOOKS)
    checked = checked_of(
        rules, measured(*months_of(STAFF, (16, 20)), *months_of(BOOKS, (30, 31))), month(JULY)
    )
    checked = explained(checked, BOOKS)
    made = board_report(
        rules, checked, escalated_of(rules, checked), BOARD, meeting=None, disclosure=all_open(rules)
    )
    assert isinstance(made, tuple)
    assert [one.code for one in made] == ["P101"]
    assert "Permanent staff (a-share)" in made[0].message
    assert "Commentary" in made[0].fix
    report = report_of(rules, checked)
    staff, books = report.measures
    assert ("Why off track", "No explanation given") in [(f.label, f.text) for f in staff.details]
    assert ("Why off track", "Few carers.") in [(f.label, f.text) for f in books.details]


def test_the_example_returns_without_commentary_are_refused_with_one_finding_for_each_measure() -> None:
    one = shipped().boards["divisional-management-team"]
    told = example_escalated(Cadence.MONTH)
    made = board_report(
        shipped(),
        example_check(one),
        replace(told, now=replace(told.now, explanations={})),
        one,
        meeting=MEETING,
        disclosure=all_open(shipped()),
    )
    assert isinstance(made, tuple)
    assert {found.code for found in made} == {"P101"}
    assert len(made) == sum(one.state is State.ACTION_NEEDED for one in told.now.states.values()) > 0


def test_commentary_carried_over_is_marked() -> None:
    staff = next(
        m for m in example_report("divisional-management-team").measures if m.id == "cic-permanent-workforce"
    )
    assert [fact.label for fact in staff.details][:2] == [
        "Why off track (as last month)",
        "Action (as last month)",
    ]


@pytest.mark.parametrize(("cell", "withheld"), [("C7", True), ("D6:D9", True), ("C8", False), ("", True)])
def test_commentary_that_may_identify_a_child_is_withheld_in_public(cell: str, withheld: bool) -> None:  # noqa: FBT001
    rules = rules_for(STAFF)
    checked = explained(checked_of(rules, shares(STAFF, (160, 200)), month(JULY)), STAFF)
    told = finding("R405", file=f"{JULY}.xlsx", sheet="Commentary", cell=cell)
    checked = replace(checked, findings=(told,))
    public = report_of(rules, checked, PUBLIC_BOARD, all_at(rules, Level.OPEN))
    internal = report_of(rules, checked)
    assert ("Few carers." not in to_board_json(public)) is withheld
    assert (MAY_IDENTIFY in to_board_json(public)) is withheld
    assert [ask.text for ask in public.asks] == [MAY_IDENTIFY if withheld else "Agree to it."]
    assert "Few carers." in to_board_json(internal)


def test_where_two_returns_gave_commentary_a_finding_on_any_row_withholds_it() -> None:
    rules = rules_for(STAFF)
    checked = explained(checked_of(rules, shares(STAFF, (160, 200)), month(JULY)), STAFF)
    second = ReturnRead("second.xlsx", "0" * 64, month(JULY), refused=False)
    told = finding("R402", file="second.xlsx", sheet="Comments", cell="C30")
    checked = replace(
        checked, findings=(told,), run=replace(checked.run, returns=(*checked.run.returns, second))
    )
    assert MAY_IDENTIFY in to_board_json(report_of(rules, checked, PUBLIC_BOARD, all_at(rules, Level.OPEN)))


def test_a_finding_of_last_month_withholds_what_is_carried_over() -> None:
    rules = rules_for(STAFF)
    checked = explained(checked_of(rules, shares(STAFF, (160, 200), (160, 200)), month("2023-08")), STAFF)
    rows = checked.commentary[month("2023-08")]
    checked = replace(
        checked,
        commentary={month(JULY): rows},
        earlier_findings=(finding("R402", file=f"{JULY}.xlsx", sheet="Commentary", cell="C7"),),
    )
    public = report_of(rules, checked, PUBLIC_BOARD, all_at(rules, Level.OPEN))
    assert MAY_IDENTIFY in to_board_json(public)
    assert "Few carers." not in to_board_json(public)


def test_commentary_with_a_figure_is_withheld_of_what_is_kept_back() -> None:
    rules = rules_for(STAFF)
    checked = checked_of(rules, shares(STAFF, (160, 200)), month(JULY))
    checked = explained(checked, STAFF, why="Only 160 were.", action="Better by May 2025.")
    for level, printed in ((Level.OPEN, True), (Level.WINDOW, False), (Level.CLOSED, False)):
        report = report_of(rules, checked, PUBLIC_BOARD, all_at(rules, level))
        details = {fact.label: fact.text for fact in only(report).details}
        assert details["Why off track"] == ("Only 160 were." if printed else MAY_TELL)
        assert details["Action"] == "Better by May 2025."


def test_in_public_the_lead_is_the_plans_and_not_a_name_from_the_return() -> None:
    rules = rules_for(STAFF)
    checked = explained(checked_of(rules, shares(STAFF, (160, 200)), month(JULY)), STAFF)
    assert only(report_of(rules, checked)).row.lead == "J Doe"
    public = report_of(rules, checked, PUBLIC_BOARD, all_at(rules, Level.OPEN))
    assert only(public).row.lead == "Lead"
    assert "J Doe" not in to_board_json(public)


def test_text_that_would_do_harm_is_one_plain_line() -> None:
    bad = "<script>alert(1)</script>\x07\x1b[31m\u202e {{7*7}}\n=HYPERLINK(1)\ufffe\ud800"
    rules = rules_for(STAFF)
    checked = explained(checked_of(rules, shares(STAFF, (160, 200)), month(JULY)), STAFF, why=bad, ask=bad)
    report = report_of(rules, replace(checked, authority=bad))
    said = {fact.label: fact.text for fact in only(report).details}["Why off track"]
    assert said == "<script>alert(1)</script>��[31m� {{7*7}} =HYPERLINK(1)��"
    assert report.asks[0].text == report.council == said
    to_board_json(report).encode()


# ── Figures ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("counts", "figure_", "gap"),
    [
        ((16, 20), "80%", "5 points below"),
        ((17, 20), "85%", "exactly on target"),
        ((2124, 2500), "84.96%", "0.04 points below"),
        ((23, 27), "85%", "0.2 points above"),
        ((1999, 2000), "99.95%", "15 points above"),
    ],
)
def test_a_whole_figure_never_contradicts_its_verdict(
    counts: tuple[int, int], figure_: str, gap: str
) -> None:
    row = only(small(rules_for(STAFF), shares(STAFF, counts), JULY)).row
    assert (row.latest, row.counts, row.gap) == (figure_, f"{counts[0]} of {counts[1]}", gap)


@pytest.mark.parametrize(
    ("reason", "latest", "words"),
    [(Reason.SHEET_MISSING, "[x]", "Not reported"), (Reason.NOTHING_DUE, "[z]", "Not reported")],
)
def test_where_there_is_no_figure_a_symbol_says_why(reason: Reason, latest: str, words: str) -> None:
    report = small(rules_for(STAFF), measured(none(SHARE, JULY, reason)), JULY)
    assert (only(report).figure, only(report).badge.words) == (latest, words)
    assert [fact.label for fact in report.symbols] == [latest]


def test_rows_in_doubt_are_told_to_those_who_see_everything() -> None:
    rules = rules_for(STAFF)
    held = measured(figure(SHARE, JULY, parts(160, 200), parts(180, 200), in_doubt=20))
    internal = only(small(rules, held, JULY))
    public = small(rules, held, JULY, PUBLIC_BOARD, disclosure=all_at(rules, Level.OPEN))
    assert internal.figure == "[x]"
    assert "80% to 90%, as the rows in doubt fall" in internal.facts
    assert "20 rows in doubt" in internal.facts
    assert "Some rows are in doubt, and are counted against the measures." in public.quality
    assert not any("doubt" in text or "90%" in text for text in only(public).facts)


def test_figures_that_nobody_validated_say_so_beside_the_state() -> None:
    held = measured(*months_of(STAFF, (18, 20)), validated=Validated.NO)
    report = small(rules_for(STAFF), held, JULY)
    assert only(report).note == "Figures not validated"
    assert report.completeness == "1 of 1 measure reported; 1 on figures that are not validated."


def test_every_state_has_a_badge_and_a_meaning() -> None:
    badges = {state: state_badge(state) for state in State}
    assert set(MEANINGS) == set(State)
    assert badges[State.ACTION_NEEDED].tone is Tone.BAD
    assert len({badge.words for badge in badges.values()}) == len(State)
    assert all(badge.shape for badge in badges.values())


# ── What is kept back ────────────────────────────────────────────────────────

_KINDS = pack(
    [
        rule(
            kind,
            {"v": {"is": "verdict", "status": "fail", "gap": {"less_than": gap}}},
            {"is": "exception", "kind": kind, "severity": severity, "about": "$v.indicator", "seq": "$v.seq"},
            title=kind.capitalize(),
        )
        for kind, gap, severity in (("miss", 0, 2), ("far", -1000, 3), ("further", -3000, 3))
    ]
)


def misses(least: int = 10) -> st.SearchStrategy[tuple[int, int]]:
    """A share below 85% of a few hundred."""
    return st.integers(200, 400).flatmap(
        lambda whole: st.tuples(st.integers(least, whole * 8 // 10), st.just(whole))
    )


@settings(max_examples=60)
@given(st.lists(st.tuples(misses(), misses()), min_size=1, max_size=5), st.integers(1, 9), st.integers(1, 9))
def test_a_closed_measures_figures_change_nothing_in_the_report(
    pairs: list[tuple[tuple[int, int], tuple[int, int]]], doubt: int, other: int
) -> None:
    """Two worlds that differ in hidden figures alone give the same report, to the byte."""
    rules = rules_for(STAFF, CHAMPIONS, pack=_KINDS)
    last = month(JULY).plus(len(pairs) - 1)
    worlds = []
    for world, doubtful in ((0, doubt), (1, other)):
        own = [replace(one, in_doubt=doubtful) for one in months_of(STAFF, *(pair[world] for pair in pairs))]
        counted = [figure(COUNT, str(month(JULY).plus(n)), parts(14)) for n in range(len(pairs))]
        checked = checked_of(rules, measured(*own, *counted), last)
        decided = {**all_at(rules, Level.OPEN), STAFF.id: at(STAFF, Level.CLOSED)}
        report = report_of(rules, checked, PUBLIC_BOARD, decided)
        assert report.measures[1].picture is not None
        worlds.append(to_board_json(report) + to_board_csv(report))
    assert worlds[0] == worlds[1]


@given(misses(), st.integers(1, 200), st.sampled_from(Level))
def test_a_measure_whose_state_is_kept_back_changes_nothing_at_all(
    miss: tuple[int, int], more: int, level: Level
) -> None:
    """Met or missed, the report is the same, and no tally counts it."""
    assume(miss[1] != more)
    rules = rules_for(STAFF, CHAMPIONS, pack=_KINDS)
    decided = {**all_at(rules, Level.OPEN), STAFF.id: at(STAFF, level, state=False)}
    champions = measured(figure(COUNT, JULY, parts(14)))
    written = []
    for own in (figure(SHARE, JULY, parts(*miss)), figure(SHARE, JULY, parts(more, more))):
        checked = checked_of(rules, measured(own, figure(COUNT, JULY, parts(14))), month(JULY))
        report = report_of(rules, checked, PUBLIC_BOARD, decided)
        assert sum(tally.number for tally in report.tallies) == 1
        alone = report_of(rules_for(CHAMPIONS), checked_of(rules_for(CHAMPIONS), champions, month(JULY)))
        assert report.lead_sentence == alone.lead_sentence
        assert report.measures[0].badge.words == "Kept back"
        written.append(to_board_json(report))
    assert written[0] == written[1]


@given(st.lists(misses(), min_size=2, max_size=5), st.data())
def test_of_a_window_no_months_figure_but_the_judged_one_counts(
    counts: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Earlier months may differ as they will: of a closed past, only the judged figure is printed."""
    others = [data.draw(misses()) for _ in counts[:-1]]
    rules = rules_for(STAFF, pack=_KINDS)
    reports = [
        small(
            rules,
            shares(STAFF, *world, counts[-1]),
            str(month(JULY).plus(len(counts) - 1)),
            PUBLIC_BOARD,
            disclosure={STAFF.id: at(STAFF, Level.WINDOW)},
        )
        for world in (counts[:-1], others)
    ]
    assert to_board_json(reports[0]) == to_board_json(reports[1])
    assert only(reports[0]).row.counts == f"{counts[-1][0]} of {counts[-1][1]}"
    assert only(reports[0]).row.before == "[c]"


def test_state_and_direction_of_a_closed_measure_are_told_in_words() -> None:
    rules = rules_for(STAFF, pack=_KINDS)
    falling = [(160 - 4 * n, 200) for n in range(14)]
    report = small(
        rules, shares(STAFF, *falling), "2024-08", PUBLIC_BOARD, disclosure=all_at(rules, Level.CLOSED)
    )
    measure = only(report)
    assert (measure.badge.words, measure.row.trend) == ("Action needed", "↘ Getting worse")
    assert measure.sentence == "Getting worse."
    assert measure.facts == ("in August 2024: missed", "Target at least 85%", "Last month [c]")
    assert (measure.note, measure.months, measure.picture) == ("", (), None)
    assert measure.variation is not None
    assert measure.assurance is None
    assert report.rest_sentence == "Permanent staff: target missed and is getting worse."
    assert [fact.label for fact in report.symbols] == ["[c]"]


def test_of_what_is_kept_back_a_move_is_told_only_beside_its_last_figure() -> None:
    """Whether its last state might be said at all, nobody has decided here."""
    rules = rules_for(STAFF)
    for last in (True, False):
        report = small(
            rules,
            shares(STAFF, (180, 200), (160, 200)),
            "2023-08",
            PUBLIC_BOARD,
            disclosure={STAFF.id: at(STAFF, Level.WINDOW, last=last)},
        )
        assert ("Now action needed" in report.changes[0]) is last
        assert only(report).row.before == ("90%" if last else "[c]")


def test_an_exception_about_one_measure_does_not_tell_of_another_that_is_kept_back() -> None:
    linked = rule(
        "linked",
        {"a": {"is": "verdict", "indicator": "a-count", "status": "fail"},
         "b": {"is": "verdict", "indicator": "a-share", "status": "fail", "seq": "$a.seq"}},
        {"is": "exception", "kind": "linked", "severity": 3, "about": "a-count", "seq": "$a.seq"},
        title="Both together",
    )  # fmt: skip
    rules = rules_for(STAFF, CHAMPIONS, pack=pack([linked]))
    checked = checked_of(
        rules, measured(figure(SHARE, JULY, parts(160, 200)), figure(COUNT, JULY, parts(8))), month(JULY)
    )
    for level in Level:
        decided = {**all_at(rules, Level.OPEN), STAFF.id: at(STAFF, level)}
        told = to_board_json(report_of(rules, checked, PUBLIC_BOARD, decided))
        assert ("Both together" in told) is (level is Level.OPEN)
    assert "Both together" in to_board_json(report_of(rules, checked))


def test_findings_are_told_by_kind_alone_where_anything_is_kept_back() -> None:
    rules = rules_for(STAFF)
    told = tuple(
        finding(
            "R390",
            file=f"{JULY}.xlsx",
            sheet="Staff",
            cell=cell,
            measure="M",
            beside="B",
            then="71%",
            now="67%",
        )
        for cell in ("C7", "C9")
    )
    checked = replace(checked_of(rules, shares(STAFF, (180, 200)), month(JULY)), findings=told)
    (public,) = report_of(rules, checked, PUBLIC_BOARD, all_at(rules, Level.OPEN)).findings
    (internal,) = report_of(rules, checked).findings
    assert (public.number, public.where) == ("some", "")
    assert "71%" not in public.message
    assert (internal.number, internal.where) == ("2", "Staff!C7, Staff!C9")
    assert "71%" in internal.message


# ── Rounded counts ───────────────────────────────────────────────────────────


def test_an_audience_of_rounded_counts_reads_rounded_figures() -> None:
    rules = rules_for(STAFF)
    report = small(
        rules, shares(STAFF, (163, 208)), JULY, ROUNDED_BOARD, disclosure=all_at(rules, Level.OPEN)
    )
    measure = only(report)
    assert (measure.figure, measure.row.counts) == ("79%", "165 of 210")
    assert measure.picture is None
    assert "rounded" in measure.no_picture
    assert "163" not in to_board_json(report)


def test_a_rounded_figure_that_would_contradict_its_verdict_is_kept_back() -> None:
    rules = rules_for(STAFF)
    report = small(
        rules, shares(STAFF, (168, 200)), JULY, ROUNDED_BOARD, disclosure=all_at(rules, Level.OPEN)
    )
    assert (only(report).figure, only(report).row.counts) == ("[c]", "[c]")


def test_what_rounds_to_nought_is_low_and_not_nought() -> None:
    rules = rules_for(CHAMPIONS)
    report = small(
        rules,
        measured(figure(COUNT, JULY, parts(2))),
        JULY,
        ROUNDED_BOARD,
        disclosure=all_at(rules, Level.OPEN),
    )
    assert only(report).figure == "[k]"
    assert [fact.label for fact in report.symbols] == ["[k]"]


# ── What changed ─────────────────────────────────────────────────────────────


def test_states_that_moved_and_exceptions_are_told() -> None:
    rules = rules_for(STAFF, BOOKS, pack=_KINDS)
    held = measured(*months_of(STAFF, (18, 20), (16, 20)), *months_of(BOOKS, (25, 30), (20, 30)))
    report = small(rules, held, "2023-08")
    assert report.changes == (
        "Now action needed: Permanent staff (was met, at risk).",
        "New: Further (Books).",
    )
    calm = small(rules, measured(*months_of(STAFF, (16, 20), (16, 20))), "2023-08")
    assert calm.changes == ("Nothing has changed since last month.",)
    assert small(rules, measured(*months_of(STAFF, (16, 20))), JULY).changes == (
        "There is no earlier period to compare with.",
    )


def test_what_is_gone_is_told_to_the_boards_that_heard_it() -> None:
    rules = rules_for(STAFF, pack=_KINDS)
    checked = checked_of(rules, shares(STAFF, (100, 200), (160, 200)), month("2023-08"))
    escalated = escalated_of(rules, checked)
    assert any("Gone" in line for line in report_of(rules, checked).changes)
    deaf = replace(escalated, gone=tuple(replace(one, tell=()) for one in escalated.gone))
    assert not any("Gone" in line for line in report_of(rules, checked, escalated=deaf).changes)


def test_an_exception_says_how_it_stands_to_last_month() -> None:
    rules = rules_for(STAFF, pack=_KINDS)
    checked = checked_of(rules, shares(STAFF, (160, 200), (160, 200)), month("2023-08"))
    assert [fact.label for fact in only(report_of(rules, checked)).exceptions] == [
        "Miss (same as last month)"
    ]
    first = checked_of(rules, shares(STAFF, (160, 200)), month(JULY))
    assert [fact.label for fact in only(report_of(rules, first)).exceptions] == ["Miss"]


def test_the_worst_comes_first() -> None:
    rules = rules_for(STAFF, BOOKS, pack=_KINDS)
    held = measured(*months_of(STAFF, (160, 200)), *months_of(BOOKS, (100, 200)))
    report = small(rules, held, JULY)
    assert [row.measure for row in report.action] == ["Books", "Permanent staff"]
    assert report.exceptions == ("measure-books", "measure-a-share")
    assert report.rest_sentence.startswith("Books stands at 50% against a target of 100%")


def test_where_anything_is_kept_back_the_order_tells_nothing() -> None:
    rules = rules_for(STAFF, BOOKS, pack=_KINDS)
    held = measured(*months_of(STAFF, (160, 200)), *months_of(BOOKS, (100, 200)))
    report = small(rules, held, JULY, PUBLIC_BOARD, disclosure=all_at(rules, Level.CLOSED))
    assert [row.measure for row in report.action] == ["Permanent staff", "Books"]
    assert report.exceptions == ("measure-a-share", "measure-books")
    mixed = {**all_at(rules, Level.OPEN), STAFF.id: at(STAFF, Level.CLOSED)}
    report = small(rules, held, JULY, PUBLIC_BOARD, disclosure=mixed)
    assert [row.measure for row in report.action] == ["Permanent staff", "Books"]


# ── Milestones, and about no measure ─────────────────────────────────────────


def test_milestones_stand_by_date_and_undated_ones_last() -> None:
    late = milestone("late", "Late one", date(2023, 6, 30))
    soon = milestone("soon", "Soon one", date(2023, 9, 30))
    undated = milestone("undated", "No date", None)
    same = milestone("same", "Twelve champions", date(2023, 8, 31), same_as=CHAMPIONS.id)
    rules = rules_for(CHAMPIONS, milestones=(undated, soon, late, same))
    report = small(rules, measured(figure(COUNT, JULY, parts(8))), JULY)
    assert [one.id for one in report.milestones] == ["late", "soon", "undated"]
    assert {one.badge.words for one in report.milestones} == {"not reported"}
    named = replace(BOARD, measures=(CHAMPIONS.id,), milestones=("soon",))
    report = small(rules, measured(figure(COUNT, JULY, parts(8))), JULY, named)
    assert [one.id for one in report.milestones] == ["soon"]


def test_an_exception_about_the_return_stands_apart() -> None:
    given_ = rule(
        "given",
        {"r": {"is": "return", "standing": "given"}},
        {"is": "exception", "kind": "given", "severity": 1, "about": "return", "seq": "$r.seq"},
        title="A return came",
    )
    report = small(rules_for(STAFF, pack=pack([given_])), shares(STAFF, (18, 20)), JULY)
    (other,) = report.others
    assert (other.title, other.about, other.change) == ("A return came", "The whole return", "")
    assert report.exceptions == ()


def test_a_board_of_exceptions_reads_no_other_part() -> None:
    short = replace(BOARD, sections=("exceptions",))
    report = small(rules_for(STAFF, CHAMPIONS), measured(*months_of(STAFF, (16, 20))), JULY, short)
    assert report.sections == ("exceptions",)
    assert [one.id for one in report.measures] == [STAFF.id]
    assert (report.grid, report.milestones, report.findings, report.quality, report.sources) == (
        None, (), (), (), (),
    )  # fmt: skip


# ── Charts and the long table ────────────────────────────────────────────────


def test_a_chart_says_the_latest_figure_and_the_state() -> None:
    report = small(rules_for(STAFF), shares(STAFF, *[(160, 200)] * 7, (150, 200)), "2024-02")
    picture = only(report).picture
    assert picture is not None
    assert "February 2024: 75% (150 of 200)." in picture.alt
    assert picture.alt.endswith("State: Action needed.")
    assert picture.unit == "per cent"
    last = picture.points[-1]
    assert (last.period, last.shown, last.counts) == ("2024-02", "75%", "150 of 200")
    assert (str(last.value), str(last.target)) == ("75", "85")
    assert last.flag == "below the expected range"


def test_a_month_without_a_figure_says_why() -> None:
    held = measured(*months_of(STAFF, (18, 20), (18, 20)), none(SHARE, "2023-09", Reason.SHEET_MISSING))
    picture = only(small(rules_for(STAFF), held, "2023-09")).picture
    assert picture is not None
    assert (picture.points[-1].value, picture.points[-1].shown) == (None, "sheet missing")


def test_the_table_has_a_row_for_each_measure_and_each_month() -> None:
    report = small(rules_for(STAFF, CHAMPIONS), shares(STAFF, (16, 20), (18, 20)), "2023-08")
    rows = list(csv.DictReader(io.StringIO(to_board_csv(report))))
    assert list(rows[0]) == list(COLUMNS)
    assert [(row["id"], row["row"], row["period"], row["figure"]) for row in rows] == [
        ("a-share", "judged", "2023-08", "90%"),
        ("a-share", "month", "2023-07", "80%"),
        ("a-share", "month", "2023-08", "90%"),
        ("a-count", "judged", "2023-08", "[x]"),
    ]


def test_the_table_holds_no_formula() -> None:
    bad = replace(STAFF, short="=1+1", lead="@SUM(A1)")
    text = to_board_csv(small(rules_for(bad), shares(bad, (16, 20)), JULY))
    (row, *_) = csv.DictReader(io.StringIO(text))
    assert (row["short"], row["lead"]) == ("'=1+1", "'@SUM(A1)")


def test_an_exception_about_a_milestone_that_is_a_measure_is_told_only_with_it() -> None:
    late = rule(
        "late",
        {"m": {"is": "milestone", "status": "not_reported"}},
        {"is": "exception", "kind": "late", "severity": 2, "about": "$m.milestone", "seq": "$m.seq"},
        title="Late",
    )
    same = milestone("same", "Twelve champions", date(2023, 8, 31), same_as=CHAMPIONS.id)
    rules = rules_for(CHAMPIONS, pack=pack([late]), milestones=(same,))
    held = measured(figure(COUNT, JULY, parts(14)))
    if not escalated_of(rules, checked_of(rules, held, month(JULY))).now.exceptions:
        pytest.skip("milestones that a measure tells of raise nothing themselves")
    for level in Level:
        report = small(rules, held, JULY, PUBLIC_BOARD, disclosure=all_at(rules, level))
        assert bool(report.others) is (level is Level.OPEN)


def test_a_wait_in_days_of_one_child_is_not_printed_in_public() -> None:
    wait = replace(COUNT, id="wait", title="Longest wait", kind=Kind.LONGEST, unit=Unit.DAYS)
    waiting = replace(STAFF, beside=(wait,))
    rules = rules_for(waiting)
    held = measured(*months_of(waiting, (160, 200)), figure(wait, JULY, parts(973)))
    assert "973 days" in to_board_json(small(rules, held, JULY))
    public = small(rules, held, JULY, PUBLIC_BOARD, disclosure=all_at(rules, Level.OPEN))
    assert "973" not in to_board_json(public)
    assert only(public).beside[0].text == "[c]"


def test_a_quarter_in_public_shows_months_of_an_open_measure_without_verdicts() -> None:
    rolling = replace(STAFF, measure=replace(SHARE, window=Window.ROLLING_12_MONTHS))
    rules = rules_for(rolling)
    held = shares(rolling, (160, 200), (170, 200), (150, 200))
    for level in Level:
        report = small(rules, held, "2023/24-Q2", PUBLIC_BOARD, disclosure=all_at(rules, level))
        texts = [fact.text for fact in only(report).months]
        assert texts == (
            ["80% (160 of 200)", "85% (170 of 200)", "75% (150 of 200)"] if level is Level.OPEN else []
        )
    internal = only(small(rules, held, "2023/24-Q2")).months
    assert all("not reported" not in fact.text for fact in internal)


def test_an_explanation_of_what_is_not_missed_is_printed_too() -> None:
    rules = rules_for(STAFF)
    checked = explained(checked_of(rules, shares(STAFF, (18, 20)), month(JULY)), STAFF, ask="")
    report = report_of(rules, checked)
    assert {f.label for f in only(report).details} >= {"Why off track", "Action", "Back on track"}
    assert report.asks == ()


def words_of(report: BoardReport) -> Iterable[str]:
    yield from re.findall(r'"(?:[^"\\]|\\.)*"', to_board_json(report))


@pytest.mark.parametrize("board", BOARDS)
def test_no_text_is_left_with_an_empty_place(board: str) -> None:
    for text in words_of(example_report(board)):
        assert "None" not in text.replace("None given", "").replace("None of", ""), text
        assert "  " not in text
        assert "()" not in text
