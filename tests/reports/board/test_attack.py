"""Public packs as written, in every format, held by an attacker: no small count is printed or follows."""

from __future__ import annotations

import functools
import random
import re
import shutil
import subprocess
import tempfile
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kpi_engine.check import gathered, read_returns
from kpi_engine.packs import packs
from kpi_engine.reports.board.disclosure import Level, disclosures
from kpi_engine.reports.board.pack import PackFormat, written
from kpi_engine.returns.template import Filling, write_return
from kpi_engine.rulebook.book import Kind
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.terms.measured import Measured
from kpi_engine.terms.measurement import Measurement, MonthRecords, Parts, Reason
from kpi_engine.terms.period import Period, add_months, span
from kpi_engine.terms.returned import Validated
from kpi_engine.verdicts.judge import judge
from tests.reports.board.attack import SMALL, Attacker, Fact, Worked, digits_unaccounted
from tests.reports.board.printed import Pack, Reader, Said, loose_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpi_engine.check import Gathered
    from kpi_engine.reports.board.disclosure import Disclosure
    from kpi_engine.rulebook.book import RuleBook

ROOT = Path(__file__).parents[3]
COUNCIL = "E99999999"
PUBLIC_BOARDS = ("corporate-parenting-advisory-committee", "scrutiny-committee")
QUARTERS = tuple(Period.parse(f"2024/25-Q{n}") for n in (3, 4))
JANUARY, LAST = Period.parse("2024-01"), Period.parse("2025-03")
FILES = ("json", "csv", "html", "docx", "xlsx", "pdf")
MEETING = date(2025, 4, 17)
COMMENTARY = {
    "later-life-letters": {
        "why": "One letter of the quarter was late.",
        "action": "A second worker writes them.",
    },
    "cases-concluded-on-time": {"why": "In 2 cases an expert reported late.", "action": "A case tracker."},
}
NUMBER_WORDS = re.compile(r"\b(one|two|three|four|five|single|both|none)\b", re.IGNORECASE)


@functools.cache
def rules() -> RuleBook:
    return load_rulebook(ROOT / "rules")


@functools.cache
def examples() -> Gathered:
    return gathered(read_returns([ROOT / "inputs"], rules(), lambda _n, _of: None), rules())


@functools.cache
def planted() -> Gathered:
    """Fifteen months of small counts, as a team would have typed them."""
    with tempfile.TemporaryDirectory() as folder:
        for month in span(JANUARY, LAST):
            filling = Filling(COUNCIL, rows=small_rows(month), commentary=COMMENTARY if month == LAST else {})
            write_return(rules(), month, Path(folder) / f"returns_{month}.xlsx", filling)
        return gathered(read_returns([Path(folder)], rules(), lambda _n, _of: None), rules())


def small_rows(month: Period) -> dict[str, list[dict[str, Any]]]:
    """4 of 6, 0 of 3, 3 of 3, windows that grow by one child, and 2 of 60 who refuse."""
    n, day = month.first - JANUARY.first, month.start + timedelta(days=9)
    ends = n >= 12  # the quarter that the second pack is about
    letters = [{"order": add_months(day, -1), "given": None if n == 12 and i == 0 else day} for i in range(2)]
    cases = {9: (4, 6), 10: (4, 6), 11: (4, 6), 14: (4, 6)}.get(n, (0, 0))
    meetings = (9, 10) if ends else (8, 8)
    starters = {9: (7, 14), 12: (3, 3)}
    return {
        "children_in_care": [
            {
                "child_id": f"C{i}",
                "came_into_care_on": date(2020, 5, 4),
                "has_life_story_book": i % 5 > 0,
                "consents": True if i < 40 else None if i < 58 else False,
                "views_shared": i % 5 < 4,
            }
            for i in range(60)
        ],
        "adoption": [
            *(
                {"child_id": f"L{n}-{i}", "adoption_order_on": one["order"], "letter_given_on": one["given"]}
                for i, one in enumerate(letters)
            ),
            *([{"child_id": f"N{n}", "newborn": True, "need_arose_on": add_months(day, -3)}] if ends else []),
        ],
        "court_cases": [
            {
                "case_id": f"K{n}-{i}",
                "issued_on": day - timedelta(days=100),
                "concluded_on": day,
                "smart_child_centred_plan": i < cases[0],
            }
            for i in range(cases[1])
        ],
        "permanency_meetings": [
            {
                "meeting_id": f"M{n}-{i}",
                "held_on": day,
                "raa_present": i < meetings[0],
                "stepped_up_or_edging": False,
            }
            for i in range(meetings[1])
        ],
        "reviews": [
            {
                "child_id": f"R{n}-{i}",
                "review_number": 2,
                "held_on": day,
                "plan_identified_on": day if i < (3 if n == 12 else 2) else None,
            }
            for i in range(3)
        ],
        "starters": [
            {
                "worker_id": f"W{began}-{i}",
                "joined_as": "Newly appointed",
                "front_line": True,
                "started_on": JANUARY.plus(began).start - timedelta(days=30),
                "trained_on": JANUARY.plus(began).start - timedelta(days=20) if i < trained else None,
            }
            for began, (trained, of) in starters.items()
            if 0 <= n - began < 2
            for i in range(of)
        ],
        "pf_referrals": [
            {"referral_id": f"P{n}-{i}", "received_on": day, "child_id": f"F{n}-{i}", "repeat": False}
            for i in range(1 if n == 12 else 4)
        ],
        "supervision": [
            {
                "case_id": f"S{n}-{i}",
                "supervised_on": day,
                "feedback_obtained": True,
                "feedback_good": i < (9 if ends else 6),
            }
            for i in range(10)
        ],
    }


def at_random(seed: int) -> Gathered:
    """The planted returns with every month's counts thrown anew, most of them small."""
    dice, records = random.Random(seed), {}
    wide = {
        m.id: dice.choice((3, 6, 12, 40)) for i in rules().indicators.values() for m in (i.measure, *i.beside)
    }
    months = span(JANUARY, LAST)
    own: dict[str, list[Parts]] = defaultdict(list)
    for month in months:
        made, whole = {}, {}
        for one in rules().indicators.values():
            for m in (one.measure, *one.beside):
                if m.kind is Kind.LONGEST:
                    continue
                out_of = dice.randint(0, wide[m.id])
                counted = m.kind not in {Kind.PROPORTION, Kind.SUMS}
                met = out_of - min(out_of, dice.choice((0, 0, 1, 2, out_of // 2)))
                parts = Parts(Fraction(out_of)) if counted else Parts(Fraction(met), Fraction(out_of))
                own[m.id].append(parts)
                made[m.id] = of_parts(m.id, month, parts)
                if m.window_from_table:
                    window = own[m.id][-(12 if m.id != "midway-reviews-audited" else (month.first % 3) + 1) :]
                    total = functools.reduce(Parts.plus, window)
                    whole[m.id] = of_parts(m.id, month, total)
        records[month] = MonthRecords(made, whole)
    held = Measured(COUNCIL, records, dict.fromkeys(months, Validated.YES))
    return replace(planted(), measured=held)


def of_parts(measure: str, month: Period, parts: Parts) -> Measurement:
    if parts.denominator == 0:
        return Measurement(measure, month, reason=Reason.NOTHING_DUE, months=(month,))
    return Measurement(measure, month, parts, parts, months=(month,))


# ── The packs, written and read back ─────────────────────────────────────────


@functools.cache
def files(
    source: str, audience: str, forms: tuple[str, ...], periods: tuple[Period, ...] = QUARTERS
) -> Mapping[Pack, Mapping[str, bytes]]:
    """Each pack's files as they go out."""
    held = source_of(source)
    found = {}
    for period in periods:
        boards = [rules().boards[name] for name in PUBLIC_BOARDS]
        made = packs(
            held,
            rules(),
            boards,
            period=period,
            meetings=dict.fromkeys(PUBLIC_BOARDS, MEETING),
            audience=audience,
            allow_missing_commentary=True,
        )
        assert set(made.reports) == set(PUBLIC_BOARDS), made.refused
        for board, report in made.reports.items():
            pack = Pack(board, period, audience)
            found[pack] = {form: written(report, PackFormat(form)) for form in forms}
    return found


def source_of(name: str) -> Gathered:
    return {"examples": examples, "planted": planted}[name]() if not name.isdigit() else at_random(int(name))


@functools.cache
def said(source: str, audience: str = "public", forms: tuple[str, ...] = FILES) -> Sequence[Said]:
    return read(source, audience, forms)


def read(
    source: str, audience: str, forms: tuple[str, ...], periods: tuple[Period, ...] = QUARTERS
) -> list[Said]:
    reader = Reader(rules().indicators.values())
    return [
        one
        for pack, made in files(source, audience, forms, periods).items()
        for form, content in made.items()
        for one in reader.read(pack, form, content)
    ]


@functools.cache
def attacker(source: str) -> Attacker:
    return Attacker(rules(), COUNCIL, min(source_of(source).measured.records))


@functools.cache
def facts(source: str, audience: str = "public", forms: tuple[str, ...] = FILES) -> Sequence[Fact]:
    return attacker(source).facts(said(source, audience, forms))


@functools.cache
def decided(source: str, period: Period) -> Mapping[str, Disclosure]:
    measured = source_of(source).measured
    quarters = [period.plus(-3 * n) for n in range(12)]
    first = min(measured.records)
    return disclosures(
        rules(),
        measured,
        sorted(q for q in quarters if q.last_month >= first),
        rules().audiences["public"],
        list(rules().indicators),
        lambda p: judge(rules(), p, measured),
    )


def shown(found: Sequence[Worked] | Sequence[Fact]) -> str:
    return "\n".join(str(one) for one in found[:8])


# ── What is printed ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("source", ["examples", "planted"])
def test_no_format_states_a_small_count(source: str) -> None:
    assert {one.form for one in said(source)} >= set(FILES) - {"pdf"}
    found = attacker(source).outright(facts(source))
    assert not found, shown(found)


@pytest.mark.parametrize("source", ["examples", "planted"])
def test_what_is_read_back_is_true(source: str) -> None:
    """Else the attack is on something that the packs do not say."""
    held, read = attacker(source), 0
    for fact in facts(source):
        truth = true_parts(source, held, fact)
        if truth is not None:
            met, missed = truth
            total = fact.of_met * met + fact.of_missed * missed
            assert fact.least is None or total > fact.least or (total == fact.least and not fact.strict), fact
            assert fact.most is None or total <= fact.most, fact
            read += 1
    assert read > 40


def true_parts(source: str, held: Attacker, fact: Fact) -> tuple[Fraction, Fraction] | None:
    measured, measure = source_of(source).measured, held.measures[fact.series]
    if measure.window_from_table and len(fact.months) > 1:
        figures = [measured.records[fact.months[-1]].whole.get(fact.series)]
    else:
        figures = [r.own.get(fact.series) for m in fact.months if (r := measured.records.get(m)) is not None]
    if any(
        f is None or (f.low is None and f.reason is not Reason.NOTHING_DUE) or f.low != f.high
        for f in figures
    ):
        return None
    parts = [f.low for f in figures if f is not None and f.low is not None]
    met = sum((p.numerator for p in parts), Fraction(0))
    return met, sum((p.denominator or p.numerator for p in parts), Fraction(0)) - met


@pytest.mark.parametrize("source", ["examples", "planted"])
def test_of_a_closed_measure_no_figure_stands_anywhere(source: str) -> None:
    closed = 0
    for one in said(source):
        of = decided(source, one.pack.period)[one.measure]
        if of.level is Level.CLOSED:
            closed += 1
            indicator = rules().indicators[one.measure]
            assert not digits_unaccounted(one, one.measure, indicator.short, indicator.title), one
            assert not one.field.startswith(("month", "value", "drawn", "behind")), one
            assert one.field not in {"latest", "counts", "gap"} or one.text.startswith("["), one
        if of.level is not Level.OPEN:
            assert not one.field.startswith(("month", "value", "drawn", "behind", "alt 20")), one
        if not of.state:
            assert one.field != "state" or one.text == "Kept back", one
    assert closed > 20


def test_commentary_on_a_closed_measure_tells_no_count_in_words() -> None:
    told = [
        one
        for one in said("planted")
        if decided("planted", one.pack.period)[one.measure].level is Level.CLOSED
        and one.field.startswith(("said Why", "said Action", "said The board"))
        and NUMBER_WORDS.search(one.text)
    ]
    assert not told, told[0]


@pytest.mark.parametrize("source", ["examples", "planted"])
def test_paper_and_workbook_say_no_number_that_the_page_does_not(source: str) -> None:
    """PDF and Word are read as words too: whatever stands in them, the attacked page holds it."""
    for pack, made in files(source, "public", FILES).items():
        page = numbers(re.sub(r"<style.*?</style>|<path[^>]*>", " ", made["html"].decode(), flags=re.DOTALL))
        word = " ".join(one.text for one in said(source) if one.pack == pack and one.form == "docx")
        assert numbers(word) <= page
        if shutil.which("pdftotext"):
            paper = re.sub(r"Page \d+ of \d+|(?:\. ){3,}.?\d+", " ", paper_words(made["pdf"]))
            assert numbers(paper) <= page, pack


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?%?(?: of \d+(?:\.\d+)?)?", " ".join(text.split())))


def paper_words(content: bytes) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.pdf")
        path.write_bytes(content)
        command = [str(shutil.which("pdftotext")), "-raw", str(path), "-"]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout


@pytest.mark.parametrize("source", ["examples", "planted"])
def test_properties_names_and_attachments_hold_no_figure(source: str) -> None:
    for pack, made in files(source, "public", FILES).items():
        for form, content in made.items():
            for text in loose_texts(form, content):
                without_period = text.replace(pack.period.label, "")
                assert not re.search(r"\d%|\d of (?:the )?\d", without_period), (pack, form, text)


# ── What follows ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize("source", ["examples", "planted"])
def test_no_small_count_follows_from_the_packs_of_two_quarters_and_both_boards(source: str) -> None:
    found = attacker(source).worked_out(facts(source))
    assert not found, shown(found)


@pytest.mark.parametrize("seed", range(2))
def test_no_small_count_follows_whatever_the_months_were(seed: int) -> None:
    found = attacker(str(seed)).worked_out(facts(str(seed), "public", ("html",)))
    assert not found, shown(found)


def test_no_small_group_follows_from_counts_side_by_side() -> None:
    found = attacker("examples").side_by_side(facts("examples"))
    assert not found, shown(found)


def test_those_who_refuse_do_not_follow_from_all_and_who_consents_and_who_was_not_asked() -> None:
    found = attacker("planted").side_by_side(facts("planted"))
    assert not found, shown(found)


def test_a_years_pack_does_not_give_its_last_quarter_away() -> None:
    quarters = tuple(Period.parse(f"2024/25-Q{n}") for n in (1, 2, 3, 4))
    made = read("planted", "public", ("html",), (*quarters, Period.parse("2024/25")))
    held = attacker("planted")
    assert not held.worked_out(held.facts(one for one in made if one.pack.period.length < 12))
    found = held.worked_out(held.facts(made))
    assert not found, shown(found)


# ── The attack can succeed ───────────────────────────────────────────────────


@pytest.mark.parametrize(("source", "forms"), [("examples", FILES), ("planted", ("html",))])
def test_the_same_attack_on_an_internal_pack_finds_the_small_counts(
    source: str, forms: tuple[str, ...]
) -> None:
    held, open_facts = attacker(source), facts(source, "internal", forms)
    for form in forms:
        one_format = held.facts(one for one in said(source, "internal", forms) if one.form == form)
        assert held.outright(one_format), form
    found = held.worked_out(open_facts)
    assert len(found) > 100
    assert {one.count for one in found} == set(SMALL)


def test_two_printed_windows_give_a_month_away() -> None:
    """The inference itself: nothing small is printed, and yet a month is known."""
    held, told = attacker("planted"), said("planted")[0]
    name = "later-life-letters"
    first, second = span(JANUARY, JANUARY.plus(11)), span(JANUARY, JANUARY.plus(12))
    printed = [
        Fact(name, window, Fraction(1), Fraction(1), Fraction(n), Fraction(n), told)
        for window, n in ((first, 20), (second, 23))
    ]
    assert not held.outright(printed)
    assert Worked(name, (JANUARY.plus(12),), "whole", 3) in held.worked_out(printed)
