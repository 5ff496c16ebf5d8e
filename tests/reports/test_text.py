"""The terminal: 80 columns, whole numbers, words beside every colour, what needs eyes first."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kpi_engine.reports.page import cut, plain, wrapped
from kpi_engine.reports.text import CAP, to_text
from kpi_engine.reports.wording import parts_words, target_words, value_words
from kpi_engine.rulebook.book import Operator
from kpi_engine.terms.finding import Finding, Severity
from kpi_engine.terms.measurement import Reason, Source
from kpi_engine.terms.returned import Validated
from kpi_engine.terms.verdict import Status
from tests.reports.build import (
    BOOK,
    BOOKS,
    CHECKED,
    COUNT,
    MARCH,
    SHARE,
    STAFF,
    figure,
    indicator,
    parts,
    rulebook,
    share,
    target,
    unassessed,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from kpi_engine.rulebook.book import Indicator
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.verdict import Verdict

ANY_TEXT = st.text(max_size=120)
WHOLES = st.integers(1, 10**9)


def one(rule: Indicator, verdict: Verdict, **more: object) -> tuple[Checked, str]:
    checked = replace(
        CHECKED,
        verdicts=(verdict,),
        milestones=(),
        findings=(),
        earlier_findings=(),
        **more,  # type: ignore[arg-type]  # any field
    )
    return checked, to_text(checked, rulebook(rule), subject="inputs")


def test_the_whole_report_is_as_agreed(golden: Callable[[str, str], None]) -> None:
    golden("check.txt", to_text(CHECKED, BOOK, subject="inputs"))


def test_the_whole_report_with_everything_is_as_agreed(golden: Callable[[str, str], None]) -> None:
    golden("check_all.txt", to_text(CHECKED, BOOK, subject="inputs", everything=True))


def test_without_colour_there_is_no_escape_and_with_it_the_same_text() -> None:
    bare = to_text(CHECKED, BOOK, subject="inputs")
    coloured = to_text(CHECKED, BOOK, subject="inputs", colour=True)
    assert "\x1b" not in bare
    assert "\x1b[1;31m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == bare


def test_nothing_is_dim() -> None:
    assert not re.search(r"\x1b\[(?:\d+;)*2(?:;\d+)*m", to_text(CHECKED, BOOK, colour=True))


@given(
    name=ANY_TEXT, reason=ANY_TEXT, side=ANY_TEXT, subject=ANY_TEXT, authority=ANY_TEXT,
    counted=WHOLES, missed=WHOLES, goal=st.fractions(0, 1, max_denominator=1000),
    op=st.sampled_from(Operator), everything=st.booleans(), status=st.sampled_from(Status),
)  # fmt: skip
def test_every_line_fits_80_columns_and_no_number_is_cut(  # noqa: PLR0913
    *, name: str, reason: str, side: str, subject: str, authority: str, counted: int, missed: int,
    goal: Fraction, op: Operator, everything: bool, status: Status,
) -> None:  # fmt: skip
    beside = replace(SHARE, id="beside", title=side)
    rule = indicator("a-measure", name, SHARE, target(str(goal), op), headline=True, beside=(beside,))
    figures = figure("beside", parts(counted, counted + missed))
    verdict = replace(
        share(rule, counted, counted + missed, detail=reason, beside=(figures,)),
        status=status,
        reason=Reason.SHEET_MISSING if status is Status.NOT_ASSESSED else None,
    )
    checked = replace(CHECKED, authority=authority, verdicts=(verdict,))
    book = rulebook(rule, milestones=tuple(BOOK.milestones.values()))
    text = to_text(checked, book, subject=subject, everything=everything)
    assert all(cell_len(line) <= 80 for line in text.split("\n"))
    aimed = target_words(verdict.target, rule, words=False)
    for number in (value_words(verdict, rule), parts_words(verdict, rule), aimed):
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.%])", text), number


@given(
    st.lists(
        st.builds(
            Finding, st.just("R203"), st.sampled_from(Severity), ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT,
            ANY_TEXT, st.none() | ANY_TEXT,
        ),
        max_size=30,
    ),
    st.booleans(),
)  # fmt: skip
def test_findings_fit_80_columns_whatever_they_say(findings: list[Finding], everything: bool) -> None:  # noqa: FBT001
    text = to_text(replace(CHECKED, findings=tuple(findings)), BOOK, everything=everything)
    assert all(cell_len(line) <= 80 for line in text.split("\n"))
    assert not any(ord(letter) < 32 and letter != "\n" for letter in text)


@given(st.text(max_size=200), st.integers(0, 30))
def test_wrapping_loses_nothing(text: str, indent: int) -> None:
    lines = wrapped(text, indent, indent + 2)
    assert "".join("".join(lines).split()) == "".join(plain(text).split())
    assert all(cell_len(line) <= 80 for line in lines)


@given(st.text(max_size=60), st.integers(1, 40))
def test_a_cut_name_says_that_it_is_cut(text: str, room: int) -> None:
    short = cut(text, room)
    assert cell_len(short) <= room
    assert short == text or short.endswith("…")


def test_a_workbook_cannot_command_the_terminal() -> None:
    words = ("m\x1b[2J", "f\u202e", "a\x07.xlsx", "S\x9bh", "A1", "\x1b]0;x\x07")
    nasty = Finding("R203", Severity.DOUBT, *words)
    text = to_text(replace(CHECKED, findings=(nasty,)), BOOK, subject="a\x1b[31m.xlsx")
    assert not set("\x1b\x07\x9b\u202e") & set(text)
    assert "�" in text


def test_a_finding_that_may_not_be_quoted_shows_no_value() -> None:
    quoted = replace(CHECKED.findings[0], found="CANARY")
    assert "“CANARY”" in to_text(replace(CHECKED, findings=(quoted,)), BOOK)
    assert "“" not in to_text(replace(CHECKED, findings=(replace(quoted, found=None),)), BOOK)


def test_fails_come_before_not_assessed_before_not_due_before_passes() -> None:
    text = to_text(CHECKED, BOOK)
    titles = ("Headline measures", "Targets missed", "Not assessed", "Not due yet", "Targets met")
    places = [text.index(f"\n{title}") for title in titles]
    assert places == sorted(places)


def test_headline_measures_have_their_row_first_whatever_their_state() -> None:
    first = to_text(CHECKED, BOOK).split("\n\n")[1]
    names = ("Permanent staff, CIC", "Foster carer annual reviews", "PF referrals", "Matched within 6")
    assert all(name in first for name in names)


def test_a_pass_on_unvalidated_figures_is_never_the_plain_mark() -> None:
    rule = indicator("a-measure", "A measure", SHARE, target("17/20"))
    for validated in (Validated.NO, Validated.NOT_STATED, None):
        _, text = one(rule, share(rule, 17, 20, validated=validated))
        assert "~ pass (unvalidated)" in text
        assert "●" not in text
        assert "1 on figures that are not validated" in text
    _, text = one(rule, share(rule, 17, 20))
    assert "● pass " in text
    assert "validated" not in text


def test_a_reason_that_several_share_is_told_once_and_with_all_each_time() -> None:
    rules = [indicator(f"measure-{n}", f"Measure {n}", SHARE, target("1")) for n in range(3)]
    verdicts = tuple(unassessed(rule, Reason.NO_RETURN, "No return for this month.") for rule in rules)
    checked = replace(CHECKED, verdicts=verdicts, milestones=(), findings=(), earlier_findings=())
    assert to_text(checked, rulebook(*rules)).count("No return for this month.") == 1
    assert to_text(checked, rulebook(*rules), everything=True).count("No return for this month.") == 3


def test_rows_in_doubt_show_both_figures_and_never_one() -> None:
    text = to_text(CHECKED, BOOK)
    assert "95.2% to 100%" in text
    assert "40 of 42" not in text


def test_a_figure_from_counts_and_a_small_miss_say_so() -> None:
    rule = indicator("a-measure", "A measure", SHARE, target("17/20"))
    counts = replace(figure(rule.id, parts(4, 5)), source=Source.COUNTS)
    _, text = one(rule, share(rule, 4, 5, measured=counts))
    assert "from counts" in text
    assert "small numbers" in text


def test_findings_are_capped_worst_kept_and_the_way_to_all_told() -> None:
    flag = Finding("R121", Severity.FLAG, "Macros.", "Nothing.", "a.xlsx", "S")
    flags = [replace(flag, cell=f"A{n}") for n in range(CAP + 4)]
    worst = Finding("R130", Severity.REFUSE, "Missing sheet.", "Put it back.", "a.xlsx", "Z")
    checked = replace(CHECKED, findings=(*flags, worst), earlier_findings=())
    text = to_text(checked, BOOK, subject="inputs")
    assert "R130 refuse" in text
    assert "5 more, none graver, not listed. All of them: kpi check inputs --all" in text
    assert text.count("R121") == CAP - 1
    assert to_text(checked, BOOK, everything=True).count("R121") == CAP + 4


def test_earlier_findings_are_counted_and_listed_with_all() -> None:
    assert "1 finding in earlier months not listed" in to_text(CHECKED, BOOK)
    assert "returns_2024-02.xlsx: Foster carers" in to_text(CHECKED, BOOK, everything=True)


def test_a_milestone_that_its_measure_repeats_raises_nothing() -> None:
    assert "Twelve champions" not in to_text(CHECKED, BOOK)
    assert "Twelve champions" in to_text(CHECKED, BOOK, everything=True)


def test_a_milestone_60_days_off_has_a_row_and_one_61_days_off_is_counted() -> None:
    rule = BOOK.milestones["awareness"]
    for days, rows in ((60, 1), (61, 0)):
        due = MARCH.end.fromordinal(MARCH.end.toordinal() + days)
        book = rulebook(*BOOK.indicators.values(), milestones=(replace(rule, due=due),))
        milestone = replace(CHECKED.milestones[2], due=due, days=-days)
        text = to_text(replace(CHECKED, milestones=(milestone,)), book)
        assert text.count("Private fostering awareness") == rows


def test_where_no_month_is_known_the_report_says_so() -> None:
    checked = replace(CHECKED, period=None, verdicts=(), milestones=(), series={})
    text = to_text(checked, BOOK, subject="inputs")
    assert "month not known" in text
    assert "0 of 0 measures judged" in text


def test_a_refused_return_is_named() -> None:
    read = tuple(replace(r, refused=True) for r in CHECKED.run.returns[1:])
    text = to_text(replace(CHECKED, run=replace(CHECKED.run, returns=read)), BOOK)
    assert "Not used: returns_2024-03.xlsx was refused" in text


def test_the_next_command_is_whole_even_after_a_long_file_name() -> None:
    text = to_text(CHECKED, BOOK, subject="a" * 100 + ".xlsx")
    assert "Why    kpi explain permanent-staff, the same files and options\n" in text
    assert "Why    kpi explain permanent-staff 'march return.xlsx'\n" in to_text(
        CHECKED, BOOK, subject="march return.xlsx"
    )


def test_side_figures_stand_under_headline_measures_and_with_all_under_every_one() -> None:
    side = replace(SHARE, id="side", title="A side figure")
    for headline in (True, False):
        rule = replace(STAFF, id="a-measure", headline=headline, beside=(side,))
        verdict = share(rule, 17, 20, beside=(figure("side", parts(17, 30)),))
        checked, text = one(rule, verdict)
        assert ("A side figure: 56.7% (17 of 30)" in text) == headline
        assert "A side figure: 56.7% (17 of 30)" in to_text(checked, rulebook(rule), everything=True)


def test_a_target_reached_with_months_missing_says_so() -> None:
    rule = indicator("a-count", "A count", COUNT, target("12"))
    detail = "The target is reached even without February 2024."
    missing = replace(figure(rule.id, parts(14)), missing=(MARCH.plus(-1),))
    for measured, said in ((missing, True), (figure(rule.id, parts(14)), False)):
        verdict = replace(share(rule, 14, 1), denominator=None, measured=measured, detail=detail)
        _, text = one(rule, verdict)
        assert (detail in text) == said


def test_a_month_judged_apart_says_which_it_is() -> None:
    detail = "2 of 3 met the target; shown: February 2024."
    verdict = share(BOOKS, 1, 20, period=MARCH.plus(-1), detail=detail)
    _, text = one(BOOKS, verdict)
    assert "2 of 3 met the target" in text
