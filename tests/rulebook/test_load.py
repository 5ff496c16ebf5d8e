"""Rules folders: what loads, and every fault of every file in one pass, each at its place."""

from __future__ import annotations

import os
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpi_engine.errors import RuleBookInvalid
from kpi_engine.rulebook.book import Kind, Over, Unit, Window
from kpi_engine.rulebook.load import find_rules, load_rulebook
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import Period
from tests.rulebook.rules_folder import (
    FILES,
    MARK,
    POSTS,
    REFERRALS,
    STAFF,
    faults,
    loaded,
    marked,
    said,
    spoilt,
    write,
)

REPOSITORY = Path(__file__).parents[2]


def test_the_small_folder_loads_with_its_defaults(tmp_path: Path) -> None:
    book = loaded(write(tmp_path))
    staff, referrals = book.indicators["permanent-staff"], book.indicators["more-referrals"]
    assert (book.plan.start, book.plan.authorities[0].made_up) == (date(2023, 6, 30), True)
    assert staff.actions == ("1.10",)
    assert staff.targets[0].value == Fraction(17, 20)
    assert (staff.measure.kind, staff.measure.unit) == (Kind.PROPORTION, Unit.PERCENT)
    assert (staff.measure.over, staff.measure.when_none) == (Over.LAST, Reason.NO_DENOMINATOR)
    assert staff.measure.columns == {"team", "left_on", "permanent"}
    assert (referrals.measure.over, referrals.measure.when_none) == (Over.SUM, Reason.NOTHING_DUE)
    assert (referrals.measure.unit, referrals.measure.window) == (Unit.PERCENT, Window.YEAR_TO_DATE)
    assert referrals.targets[0].value == Fraction(2, 5)
    assert book.baselines[0].months == {Period.parse(f"2022-0{m}"): Fraction(m - 3) for m in (4, 5, 6)}
    assert book.milestones["posts-advertised"].same_as == "permanent-staff"
    assert book.unmeasured[0].item == "1.2 a"
    assert book.folder == "rules"


def test_examples_keep_their_line_and_say_when_the_sheet_is_empty(tmp_path: Path) -> None:
    seventeen, empty, rows = loaded(write(tmp_path)).indicators["permanent-staff"].examples
    assert (seventeen.line, seventeen.numerator, seventeen.empty) == (16, Fraction(17), False)
    assert (empty.line, empty.empty, empty.expect) == (17, True, "not_assessed")
    assert [row.outcome for row in rows.rows] == ["counted", "not_counted", "outside"]
    assert "is" not in rows.rows[0].cells


def test_a_number_that_is_text_stays_text(tmp_path: Path) -> None:
    folder = spoilt(tmp_path, STAFF, ('actions: ["1.10"]', "actions: [1.10]"))
    assert loaded(folder).indicators["permanent-staff"].actions == ("1.10",)


@pytest.mark.parametrize("name", ["baselines.yaml", "milestones.yaml", "unmeasured.yaml"])
def test_what_is_optional_may_be_left_out(tmp_path: Path, name: str) -> None:
    write(tmp_path)
    (tmp_path / name).unlink()
    assert all("is missing" not in one for one in said(tmp_path))


FAULTS = [
    (
        STAFF,
        "short: Permanent staff",
        "«shrot: Permanent staff",
        "B110 shrot: not known; did you mean short?",
    ),
    (STAFF, "{at_least: 85%", "{«atleast: 85%", "B110 targets.0.atleast: not known; did you mean at_least?"),
    (STAFF, "lead: Head of Service\n", "lead: Head of Service\n«<amount>: 3\n", "B110 <amount>: not known."),
    (STAFF, "lead: Head of Service\n", "", "1:1 B111 lead: missing."),
    (
        STAFF,
        "kind: proportion",
        "kind: «proporton",
        (
            'B112 measure.kind: "proporton" is not allowed; write proportion, sums, count, occurrence, '
            "change, longest or stated; did you mean proportion?"
        ),
    ),
    (STAFF, "better: higher", "better: «up", 'B112 better: "up" is not allowed; write higher or lower.'),
    (
        STAFF,
        "short: Permanent staff",
        "short: «" + "x" * 33,
        f'B112 short: "{"x" * 33}" is longer than 32 characters.',
    ),
    (STAFF, 'actions: ["1.10"]', "actions: «1.10", 'B112 actions: "1.10" wants a list.'),
    (STAFF, 'actions: ["1.10"]', "actions: «[]", "B112 actions: wants at least 1."),
    (STAFF, "title: Staff on permanent contracts", "title: «[a]", "B112 title: wants text."),
    (
        STAFF,
        "by: 2023-12-31",
        "by: «31/12/2023",
        (
            'B112 targets.0.by: "31/12/2023" cannot stand here: write a date as year-month-day, '
            "such as 2023-12-31."
        ),
    ),
    (
        STAFF,
        "by: 2023-12-31",
        "by: «2023-02-30",
        'B112 targets.0.by: "2023-02-30" cannot stand here: there is no such day.',
    ),
    (
        STAFF,
        "at_least: 85%",
        "at_least: «most",
        (
            'B112 targets.0.at_least: "most" cannot stand here: '
            "write a number or a percentage, such as 85% or 12."
        ),
    ),
    (
        STAFF,
        "at_least: 85%",
        "at_least: {«colum: x}",
        "B110 targets.0.at_least.colum: not known; did you mean column?",
    ),
    (
        STAFF,
        "at_least: 85%, ",
        "",
        "14:5 B112 targets.0: cannot stand here: a target has exactly one of at_least, at_most, more_than.",
    ),
    (
        STAFF,
        "at_least: 85%",
        "at_least: «85",
        "B134 targets.0.at_least: 85 cannot be meant: percent wants a percentage, such as 85%.",
    ),
    (STAFF, "at_least: 85%", "at_least: «850%", "B134 targets.0.at_least: a share is never 850%."),
    (
        STAFF,
        "at_least: 85%",
        "«at_most: 85%",
        "B134 targets.0.at_most: better: is higher, so a target cannot be at_most.",
    ),
    (
        STAFF,
        "at_least: 85%",
        "at_least: {column: «hours}",
        "B134 targets.0.at_least.column: only a stated figure has its target in the return.",
    ),
    (
        STAFF,
        "by: 2023-12-31}",
        "by: 2023-12-31}\n  - {at_least: 90%, by: «2023-12-31}",
        "B135 targets.1.by: by: is not after the step above.",
    ),
    (
        STAFF,
        "by: 2023-12-31}",
        "by: 2023-12-31}\n  - «{at_least: 90%}",
        "B135 targets.1.by: an undated step comes first, and once.",
    ),
    (
        STAFF,
        "by: 2023-12-31}",
        "by: 2023-12-31, end: «2023-12-30}",
        "B135 targets.0.end: end: is before by:.",
    ),
    (
        STAFF,
        ", by: 2023-12-31}",
        ", by_assumed: «yes}",
        "B135 targets.0.by_assumed: by_assumed: wants the date in by:.",
    ),
    (
        STAFF,
        "document: the-plan",
        "document: «the-plam",
        "B132 source.document: there is no document the-plam; did you mean the-plan?",
    ),
    (
        STAFF,
        "table: posts",
        "table: «post",
        "B132 measure.table: there is no sheet post; did you mean posts?",
    ),
    (
        STAFF,
        "and left_on is None",
        "and «lef_on is None",
        "B122 measure.where: there is no column lef_on; did you mean left_on?",
    ),
    (
        STAFF,
        "numerator: permanent\n",
        'numerator: >-\n    permanent\n    and team == «"CIC"\n',
        'B123 measure.numerator: team is never "CIC"; write "Children in Care".',
    ),
    (
        STAFF,
        "numerator: permanent\n",
        "numerator: 'permanent and hours > «\"9\"'\n",
        'B124 measure.numerator: hours is a number, "9" is text.',
    ),
    (
        STAFF,
        "numerator: permanent\n",
        "numerator: permanent and left_on in «window\n",
        "B121 measure.numerator: window needs a measure with window: (longer than a month).",
    ),
    (STAFF, "  numerator: permanent\n", "", "9:9 B133 measure.kind: kind proportion wants numerator:."),
    (
        STAFF,
        "  numerator: permanent\n",
        "  numerator: permanent\n  «since: left_on\n",
        "B133 measure.since: kind proportion has no since:.",
    ),
    (
        STAFF,
        "  numerator: permanent\n",
        "  numerator: permanent\n  weight: «team\n",
        "B133 measure.weight: team does not hold numbers.",
    ),
    (
        STAFF,
        "  numerator: permanent\n",
        "  numerator: permanent\n  weight: «hour\n",
        "B132 measure.weight: there is no column of posts hour; did you mean hours?",
    ),
    (
        STAFF,
        "  numerator: permanent\n",
        "  numerator: permanent\n  window_from_table: «yes\n",
        "B133 measure.window_from_table: say which: window: is missing, or a month.",
    ),
    (
        REFERRALS,
        "window: year_to_date",
        "window: year_to_date\n  window_from_table: «yes",
        "B133 measure.window_from_table: events hold one month only; a snapshot can reach back.",
    ),
    (
        REFERRALS,
        "baseline: referrals-2022-23",
        "baseline: «referrals-2021-22",
        "B132 measure.baseline: there is no baseline referrals-2021-22; did you mean referrals-2022-23?",
    ),
    (
        REFERRALS,
        "baseline: 10}",
        "baseline: «10%}",
        "B137 examples.0.given.baseline: a plain number is wanted, without %.",
    ),
    (
        STAFF,
        "denominator: 20}",
        "denominator: 20, «baseline: 3}",
        "B137 examples.0.given.baseline: kind proportion has no baseline.",
    ),
    (
        STAFF,
        "{numerator: 17, denominator: 20}",
        "«{numerator: 17}",
        "B137 examples.0.given: numerator and denominator come together.",
    ),
    (
        STAFF,
        "expect: not_assessed}",
        "expect: not_assessed, reason: «no_denominater}",
        "B132 examples.1.reason: there is no reason no_denominater; did you mean no_denominator?",
    ),
    (
        STAFF,
        "expect: not_assessed}",
        "expect: fail}",
        "15:1 B136 examples: there is no example of an empty sheet that is not_assessed (given: {}).",
    ),
    (
        STAFF,
        "is: not_counted",
        "is: counted",
        "15:1 B136 examples: there is no example of a row that is not_counted.",
    ),
    (
        STAFF,
        "is: outside",
        "is: in_doubt",
        "15:1 B136 examples: there is no example of a row that is outside.",
    ),
    (STAFF, "is: outside", "is: «left_out", "B137 examples.2.rows.2.is: left_out cannot be."),
    (
        STAFF,
        "is: outside, ",
        "",
        "23:9 B137 examples.2.rows.2: is: is missing: what the measure makes of this row.",
    ),
    (
        STAFF,
        "team: CIC",
        "«teem: CIC",
        "B132 examples.2.rows.1.teem: there is no column of posts teem; did you mean team?",
    ),
    (STAFF, "team: CIC", "team: «CIN", 'B137 examples.2.rows.1.team: "CIN" cannot stand in a choice column.'),
    (STAFF, "team: CIC", "team: «", "B106 examples.2.rows.1.team: has no value."),
    (
        STAFF,
        "  - name: rows\n",
        "  - name: rows\n    of: «posts-filled\n",
        "B132 examples.2.of: there is no measure of beside: posts-filled.",
    ),
    (
        STAFF,
        "numerator: permanent\n",
        "numerator: permanent\nwarn_if_falls: «posts-filled\n",
        "B132 warn_if_falls: there is no measure of beside: posts-filled.",
    ),
    (
        STAFF,
        "id: permanent-staff",
        "id: «permanent-staf",
        "B130 id: this is permanent-staf, but the file is named permanent-staff.",
    ),
    ("plan.yaml", "end: 2025-06-30", "end: «2023-06-29", "B135 end: the plan ends before it starts."),
    (
        "plan.yaml",
        "code: E99999999",
        "code: «99",
        (
            'B112 authorities.0.code: "99" cannot stand here: '
            "write an ONS code: a capital letter and eight digits."
        ),
    ),
    (
        "baselines.yaml",
        "authority: E99999999",
        "authority: «E99999998",
        ("B132 baselines.0.authority: there is no authority in plan.yaml E99999998; did you mean E99999999?"),
    ),
    (
        "baselines.yaml",
        "[1, 2, 3]",
        "[1, 2]",
        "2:5 B112 baselines.0: cannot stand here: months: has 2 figures; 2022-04 to 2022-06 is 3 months.",
    ),
    (
        "baselines.yaml",
        "[1, 2, 3]",
        "[1, «2%, 3]",
        "B134 baselines.0.months.1: a baseline is a plain number, 0 or more.",
    ),
    (
        "baselines.yaml",
        "first: 2022-04",
        "first: «2022-4",
        'B112 baselines.0.first: "2022-4" cannot stand here:',
    ),
    (
        "milestones.yaml",
        "same_as: permanent-staff",
        "same_as: «permanent-stuff",
        "B132 milestones.0.same_as: there is no indicator permanent-stuff; did you mean permanent-staff?",
    ),
    (
        "milestones.yaml",
        "id: posts-advertised",
        "id: «permanent-staff",
        (
            "B131 milestones.0.id: permanent-staff is used before, in "
            "rules/indicators/permanent-staff.yaml, line 1."
        ),
    ),
    (
        "sources.yaml",
        "documents:\n",
        "documents:\n  - {id: the-plan, title: Twice, published: 2023}\n",
        "3:10 B131 documents.1.id: the-plan is used before, in line 2.",
    ),
]


def full(name: str, before: str, after: str, wanted: str) -> str:
    place = f"{marked(name, before, after)} " if MARK in after else ""
    return f"rules/{name}:{place}{wanted}"


@pytest.mark.parametrize(("name", "before", "after", "wanted"), FAULTS, ids=[f[3][:60] for f in FAULTS])
def test_a_fault_is_told_at_its_line_and_column(
    tmp_path: Path,
    name: str,
    before: str,
    after: str,
    wanted: str,
) -> None:
    found = said(spoilt(tmp_path, name, (before, after)))
    assert any(one.startswith(full(name, before, after, wanted)) for one in found), found


# These break two promises at once: an id is named elsewhere too, and no column is a target here.
ALONE = [fault for fault in FAULTS if fault[2] != "id: «permanent-staf" and "«colum" not in fault[2]]


@pytest.mark.parametrize(("name", "before", "after", "wanted"), ALONE, ids=[f[3][:60] for f in ALONE])
def test_a_fault_draws_no_others_after_it(
    tmp_path: Path,
    name: str,
    before: str,
    after: str,
    wanted: str,
) -> None:
    found = said(spoilt(tmp_path, name, (before, after)))
    assert [one for one in found if not one.startswith(full(name, before, after, wanted))] == []


def test_all_faults_of_all_files_are_told_in_one_pass_and_in_order(tmp_path: Path) -> None:
    write(tmp_path)
    for name, before, after in (
        (STAFF, "better: higher", "beter: higher"),
        (STAFF, "left_on is None", "lefton is None"),
        (STAFF, "by: 2023-12-31", "by: soon"),
        (STAFF, "is: outside", "is: outsid"),
        (POSTS, "doubt: [left_on]", "doubt: [gone_on]"),
        ("plan.yaml", "made_up: yes", "made_up: perhaps"),
        ("sources.yaml", "title: The plan", "title: "),
        ("unmeasured.yaml", "unmeasured:", "\tunmeasured:"),
    ):
        text = (tmp_path / name).read_text()
        (tmp_path / name).write_text(text.replace(before, after))
    where = [f"{fault.where} {fault.code}" for fault in faults(tmp_path)]
    assert where == sorted(where, key=lambda w: (w.split(":")[0], *map(int, w.split(" ")[0].split(":")[1:])))
    assert where == [
        "rules/indicators/permanent-staff.yaml:6:1 B110",
        "rules/indicators/permanent-staff.yaml:11:41 B122",
        "rules/indicators/permanent-staff.yaml:14:25 B112",
        "rules/indicators/permanent-staff.yaml:23:14 B137",
        "rules/plan.yaml:6:55 B112",
        "rules/returns/posts.yaml:20:42 B132",
        "rules/sources.yaml:2:27 B106",
        "rules/unmeasured.yaml:1:1 B103",
    ]


def test_expressions_are_checked_even_where_the_rest_of_the_file_is_at_fault(tmp_path: Path) -> None:
    changes = ("lead: Head of Service\n", ""), ("left_on is None", "lefton is None")
    found = said(spoilt(tmp_path, STAFF, *changes))
    assert [one.split(" ")[1] for one in found] == ["B111", "B122"]


def test_a_sheet_that_cannot_be_read_draws_no_fault_into_the_rules_on_it(tmp_path: Path) -> None:
    found = said(spoilt(tmp_path, POSTS, ("kind: snapshot", "kind: [")))
    assert {one.split(":")[0] for one in found} == {"rules/returns/posts.yaml"}


# ── Kinds ────────────────────────────────────────────────────────────────────

STATED = """\
id: stated-share
title: A stated share
short: Stated
actions: ["3"]
lead: Someone
better: lower
source: {document: the-plan, at: table 1, figure: no more than 16%}
measure: {kind: stated, table: figures, value: figure, unit: percent}
targets:
  - {at_most: {column: target}}
examples:
  - {name: over, period: 2016-12, given: {value: 18.3%, target: 16%}, expect: fail}
  - {name: empty, period: 2016-12, given: {}, expect: not_assessed}
"""
FIGURES = """\
id: figures
sheet: Figures
kind: snapshot
grain: the month's figures
columns:
  - {id: figure, heading: Figure, type: decimal}
  - {id: target, heading: Target, type: decimal}
"""


def test_a_stated_measure_needs_no_rows_and_reads_its_target_column(tmp_path: Path) -> None:
    write(tmp_path, **{"indicators/stated-share.yaml": STATED, "returns/figures.yaml": FIGURES})
    stated = loaded(tmp_path).indicators["stated-share"]
    assert stated.measure.columns == {"figure", "target"}
    assert stated.measure.unit is Unit.PERCENT
    assert (stated.targets[0].value, stated.targets[0].column) == (None, "target")
    over = stated.examples[0]
    assert (over.numerator, over.target) == (Fraction(183, 1000), Fraction(16, 100))


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (
            "value: 18.3%",
            "value: 18.3",
            "12:50 B137 examples.0.given.value: a percentage is wanted, such as 18.3%.",
        ),
        (
            "column: target",
            "column: taget",
            "10:24 B132 targets.0.at_most.column: there is no column of figures taget; did you mean target?",
        ),
        (", unit: percent", "", "8:17 B133 measure.kind: kind stated wants unit:."),
        (
            "table: figures",
            "table: tally",
            (
                "8:32 B133 measure.table: tally holds counts, not cases; "
                "a measure counts on a snapshot or on events."
            ),
        ),
    ],
)
def test_a_stated_measure_has_its_own_faults(tmp_path: Path, before: str, after: str, wanted: str) -> None:
    tally = FIGURES.replace("figures", "tally").replace("Figures", "Tally").replace("snapshot", "counts")
    write(
        tmp_path,
        **{
            "indicators/stated-share.yaml": STATED.replace(before, after),
            "returns/figures.yaml": FIGURES,
            "returns/tally.yaml": tally,
        },
    )
    assert f"rules/indicators/stated-share.yaml:{wanted}" in said(tmp_path)


def test_a_sum_needs_bounds_of_what_a_cell_in_doubt_could_be(tmp_path: Path) -> None:
    folder = spoilt(tmp_path, STAFF, ("numerator: permanent\n", "numerator: permanent\n  weight: hours\n"))
    assert loaded(folder).indicators["permanent-staff"].measure.columns >= {"hours"}
    (folder / POSTS).write_text(FILES[POSTS].replace(", most: 40", ""))
    (found,) = said(folder)
    assert found.startswith(f"rules/{STAFF}:13:11 B133 measure.weight: hours wants least: (0 or more)")


def test_an_occurrence_is_judged_in_each_month_and_a_wait_in_days(tmp_path: Path) -> None:
    change = "kind: change", "kind: count"
    baseline = "  baseline: referrals-2022-23\n  change_as: percent\n"
    rest = (baseline, ""), ("+40%", "1"), (", baseline: 10", "")
    folder = spoilt(tmp_path, REFERRALS, change, *rest)
    counted = loaded(folder).indicators["more-referrals"].measure
    assert (counted.over, counted.unit) == (Over.SUM, Unit.NUMBER)
    text = (folder / REFERRALS).read_text()
    (folder / REFERRALS).write_text(text.replace("kind: count", "kind: occurrence"))
    assert loaded(folder).indicators["more-referrals"].measure.over is Over.EACH
    waiting = text.replace("kind: count", "kind: longest\n  since: received_on")
    (folder / REFERRALS).write_text(waiting)
    longest = loaded(folder).indicators["more-referrals"].measure
    assert (longest.unit, longest.columns) == (Unit.DAYS, {"received_on"})


# ── The folder ───────────────────────────────────────────────────────────────


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert said(tmp_path / "none") == ["rules B101 There is no such folder."]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text("")
    assert said(tmp_path / "rules") == ["rules B101 This is a file, not a folder."]


def test_a_folder_of_other_things_is_told(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("")
    assert said(tmp_path) == ["rules B101 This folder holds no rules."]


@pytest.mark.parametrize("name", ["plan.yaml", "sources.yaml", "returns/cover.yaml"])
def test_what_cannot_be_done_without_is_missed(tmp_path: Path, name: str) -> None:
    write(tmp_path)
    (tmp_path / name).unlink()
    assert f"rules B101 {name} is missing." in said(tmp_path)


def test_no_indicator_is_no_rulebook(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / STAFF).unlink()
    (tmp_path / REFERRALS).unlink()
    assert "rules B101 indicators/ has no .yaml file to read." in said(tmp_path)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("indicators/new.yml", "; name it new.yaml."),
        ("plans.yaml", "; did you mean plan.yaml?"),
        ("indicator/new.yaml", "; did you mean indicators/?"),
        ("other/new.yaml", "."),
    ],
)
def test_a_file_that_nothing_reads_is_never_passed_over(tmp_path: Path, name: str, hint: str) -> None:
    write(tmp_path, **{name: "id: new\n"})
    assert said(tmp_path) == [f"rules/{name} B107 No part of the rules is read from this file{hint}"]


def test_hidden_files_and_texts_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, **{".hidden.yaml": "x", "README.md": "x", "indicators/.new.yaml": "x"})
    assert said(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / STAFF).chmod(0)
    assert said(tmp_path) == [f"rules/{STAFF} B102 The file cannot be read (Permission denied)."]


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / STAFF).unlink()
    (tmp_path / STAFF).mkdir()
    assert any(one.startswith(f"rules/{STAFF} B102 The file cannot be read") for one in said(tmp_path))


def test_the_digest_is_of_names_and_bytes_and_of_nothing_else(tmp_path: Path) -> None:
    first = loaded(write(tmp_path / "a")).digest
    assert loaded(write(tmp_path / "b")).digest == first
    renamed = write(tmp_path / "b", **{"README.md": "words"})
    assert loaded(renamed).digest == first
    (renamed / STAFF).write_text(FILES[STAFF] + "# a remark\n")
    assert loaded(renamed).digest != first


def test_findings_name_the_folder_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt(tmp_path / "rules", "plan.yaml", ("id: small-plan\n", ""))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuleBookInvalid) as raised:
        load_rulebook(Path("rules"))
    assert [finding.where for finding in raised.value.findings] == ["rules/plan.yaml:1:1"]


def test_rules_are_looked_for_where_given_then_here_then_as_shipped(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_rules(Path("mine")) == Path("mine")
    assert (find_rules(None) / "plan.yaml").is_file()
    (tmp_path / "rules").mkdir()
    assert find_rules(None) != Path("rules")
    write(tmp_path / "rules")
    assert find_rules(None) == Path("rules")


def test_the_shipped_rules_load() -> None:
    assert [f"{one.where} {one.message}" for one in faults(REPOSITORY / "rules")] == []


@given(
    name=st.sampled_from(sorted(FILES)),
    at=st.floats(0, 1),
    cut=st.integers(0, 12),
    put=st.one_of(
        st.text(max_size=6),
        st.sampled_from(["\n", ": ", "- ", "[", "{", "'", '"', "&a ", "*a", "~", "  "]),
    ),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_slip_anywhere_gives_a_rulebook_or_findings(
    tmp_path: Path,
    name: str,
    at: float,
    cut: int,
    put: str,
) -> None:
    write(tmp_path)
    text = FILES[name]
    place = int(at * len(text))
    (tmp_path / name).write_bytes((text[:place] + put + text[place + cut :]).encode("utf-8", "surrogatepass"))
    for finding in faults(tmp_path):
        assert finding.file.startswith("rules")
        assert finding.message
        assert "pydantic" not in finding.message
        assert "Input should" not in finding.message
