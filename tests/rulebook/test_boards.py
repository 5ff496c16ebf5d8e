"""rules/boards.yaml: who is told, what each board reads, and every fault at its line and column."""
# ruff: noqa: E501  (one fault, one line)

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpi_engine.rulebook.boards import Told, board_ids, read_boards
from kpi_engine.rulebook.book import Citation, Reading
from kpi_engine.rulebook.document import read_yaml
from kpi_engine.rulebook.lint import lint
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.rulebook.pack import SECTIONS, Audience, Board, Cadence, ZeroRule
from kpi_engine.rulebook.wanted import Known
from tests.rulebook.rules_folder import MARK, loaded, said, write
from tests.rulebook.test_escalations import PACK

if TYPE_CHECKING:
    from collections.abc import Mapping

REPOSITORY = Path(__file__).parents[2]

BOARDS = """\
audiences:
  - {id: internal, threshold: 0, case_cells: yes}
  - {id: public}
boards:
  - id: team
    name: Management Team
    also_called: [The Team]
    cadence: month
    audience: internal
    readings: [{text: It reads everything., status: assumed}]
  - id: committee
    name: Committee
    lead: Lead Member
    cadence: quarter
    audience: public
    plan_sections: ["1"]
    measures: [more-referrals]
    exceptions: [twice]
    least_severity: 2
    sections: [exceptions, summary]
    source: {document: the-plan, at: page 1, figure: Committee}
"""
MILESTONE = """\
  - id: book-printed
    title: The book is printed
    actions: ["10.1"]
    lead: Head of Service
    source: {document: the-plan, at: action 10.1, figure: a book}
"""


def folder(tmp_path: Path, boards: str = BOARDS, pack: str = PACK) -> Path:
    return write(tmp_path, **{"escalations.yaml": pack, "boards.yaml": boards.replace(MARK, "")})


def boards(tmp_path: Path, text: str = BOARDS) -> Mapping[str, Board]:
    return loaded(folder(tmp_path, text)).boards


# ── What loads ───────────────────────────────────────────────────────────────


def test_boards_are_read_as_they_are_written(tmp_path: Path) -> None:
    book = loaded(folder(tmp_path))
    assert list(book.boards) == ["team", "committee"]
    assert book.boards["committee"] == Board(
        id="committee",
        name="Committee",
        also_called=(),
        lead="Lead Member",
        cadence=Cadence.QUARTER,
        audience="public",
        measures=("permanent-staff", "more-referrals"),
        milestones=("posts-advertised",),
        exceptions=("twice",),
        least_severity=2,
        sections=("summary", "exceptions"),
        source=Citation("the-plan", "page 1", "Committee"),
        readings=(),
    )
    assert book.audiences == {
        "internal": Audience("internal", 0, 1, ZeroRule.SHOWN, case_cells=True),
        "public": Audience("public", 5, 1, ZeroRule.SHOWN, case_cells=False),
    }


def test_a_board_that_names_nothing_reads_and_hears_everything(tmp_path: Path) -> None:
    team = boards(tmp_path)["team"]
    assert team.measures == ("permanent-staff", "more-referrals")
    assert (team.milestones, team.exceptions, team.sections) == (("posts-advertised",), None, SECTIONS)
    assert (team.least_severity, team.source) == (1, None)
    assert team.readings == (Reading("It reads everything.", "assumed", "", None, in_use=True),)


def test_measures_stand_in_the_rulebooks_order(tmp_path: Path) -> None:
    text = BOARDS.replace("[more-referrals]", "[more-referrals, permanent-staff]").replace('["1"]', '["2"]')
    committee = boards(tmp_path, text)["committee"]
    assert committee.measures == ("permanent-staff", "more-referrals")
    assert committee.milestones == ()


def test_section_1_is_not_section_10(tmp_path: Path) -> None:
    folder(tmp_path)
    milestones = tmp_path / "milestones.yaml"
    milestones.write_text(milestones.read_text(encoding="utf-8") + MILESTONE, encoding="utf-8")
    read = loaded(tmp_path).boards
    assert read["committee"].milestones == ("posts-advertised",)
    assert read["team"].milestones == ("posts-advertised", "book-printed")


@pytest.mark.parametrize("section", ["1", "1.10"])
def test_a_section_may_be_one_action(tmp_path: Path, section: str) -> None:
    text = BOARDS.replace('plan_sections: ["1"]', f"plan_sections: [{section}]").replace(
        "    measures: [more-referrals]\n", ""
    )
    assert boards(tmp_path, text)["committee"].measures == ("permanent-staff",)


def test_a_board_that_lists_no_kind_hears_none(tmp_path: Path) -> None:
    assert boards(tmp_path, BOARDS.replace("[twice]", "[]"))["committee"].exceptions == ()


def test_rules_may_tell_the_boards_there_are(tmp_path: Path) -> None:
    pack = PACK.replace("    because: twice", "    tell: [committee]\n    because: twice")
    assert loaded(folder(tmp_path, pack=pack)).escalations.rules[1].tell == ("committee",)


def test_the_shipped_boards_load() -> None:
    book = load_rulebook(REPOSITORY / "rules")
    assert len(book.boards) >= 5
    assert {board.audience for board in book.boards.values()} <= set(book.audiences)


# ── Faults at their place ────────────────────────────────────────────────────

CHANGES = [
    (
        "cadence: month",
        "cadence: «monthly",
        'B112 boards.0.cadence: "monthly" is not allowed; write month or quarter; did you mean month?',
    ),
    ("least_severity: 2", "least_severity: «4", 'B112 boards.1.least_severity: "4" is more than 3.'),
    ("threshold: 0", "threshold: «none", 'B112 audiences.0.threshold: "none" wants a whole number.'),
    ("threshold: 0", "«treshold: 0", "B110 audiences.0.treshold: not known; did you mean threshold?"),
    (
        "[exceptions, summary]",
        "[exceptions, «sumary]",
        'B112 boards.1.sections.1: "sumary" is not allowed; write summary, exceptions, measures, milestones, data_quality or sources; did you mean summary?',
    ),
    (
        "    readings: [{text: It reads everything., status: assumed}]\n",
        "",
        "5:5 B112 boards.0: cannot stand here: a board has a source:, or a reading that says what is assumed.",
    ),
    (
        "audience: public",
        "audience: «pubic",
        "B132 boards.1.audience: there is no audience pubic; did you mean public?",
    ),
    (
        "[more-referrals]",
        "[«more-referalls]",
        "B132 boards.1.measures.0: there is no indicator more-referalls; did you mean more-referrals?",
    ),
    (
        "    measures: [more-referrals]",
        "    milestones: [«posts-advertized]",
        "B132 boards.1.milestones.0: there is no milestone posts-advertized; did you mean posts-advertised?",
    ),
    (
        "exceptions: [twice]",
        "exceptions: [miss, «twise]",
        "B132 boards.1.exceptions.1: there is no kind of exception twise; did you mean twice?",
    ),
    ('["1"]', '["1", «"4"]', "B132 boards.1.plan_sections.1: there is no measure or milestone in section 4."),
    (
        "document: the-plan",
        "document: «the-plam",
        "B132 boards.1.source.document: there is no document the-plam; did you mean the-plan?",
    ),
    ("id: committee", "id: «team", "B131 boards.1.id: team is used before, in line 5."),
    (
        "name: Committee",
        "name: «the team",
        "B138 boards.1.name: the team already stands for the board in line 7.",
    ),
]


@pytest.mark.parametrize(("before", "after", "fault"), CHANGES)
def test_a_fault_is_told_where_it_stands(tmp_path: Path, before: str, after: str, fault: str) -> None:
    assert BOARDS.count(before) == 1
    text = BOARDS.replace(before, after)
    if MARK in text:
        index = text.index(MARK)
        fault = f"{text.count(chr(10), 0, index) + 1}:{index - text.rfind(chr(10), 0, index)} {fault}"
    assert said(folder(tmp_path, text)) == [f"rules/boards.yaml:{fault}"]


def test_kinds_are_not_asked_for_where_the_rules_cannot_be_read(tmp_path: Path) -> None:
    found = said(folder(tmp_path, pack="rules: {"))
    assert [line.split(" ")[1] for line in found] == ["B103"]


def test_boards_are_not_asked_for_where_theirs_cannot_be_read(tmp_path: Path) -> None:
    pack = PACK.replace("    because: twice", "    tell: [committee]\n    because: twice")
    found = said(folder(tmp_path, "boards: {", pack))
    assert [line.split(" ")[1] for line in found] == ["B103"]


def test_a_misspelt_measure_of_a_faulty_file_is_no_second_fault(tmp_path: Path) -> None:
    """An indicator that has faults is there all the same."""
    staff = "indicators/permanent-staff.yaml"
    folder(tmp_path)
    text = (tmp_path / staff).read_text(encoding="utf-8").replace("better: higher", "better: up")
    (tmp_path / staff).write_text(text, encoding="utf-8")
    assert [line.split(" ")[1] for line in said(tmp_path)] == ["B112"]


# ── Advice ───────────────────────────────────────────────────────────────────


def advice(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    text = BOARDS
    for before, after in changes:
        assert text.count(before) == 1
        text = text.replace(before, after)
    found = lint(loaded(folder(tmp_path, text)))
    return [f"{one.where} {one.code} {one.message}" for one in found if one.code >= "B180"]


def test_boards_in_good_order_draw_no_advice(tmp_path: Path) -> None:
    assert advice(tmp_path) == []


def test_an_audience_nobody_has_is_named(tmp_path: Path) -> None:
    assert advice(tmp_path, ("audience: public", "audience: internal")) == [
        "boards.yaml B180 The audience public is that of no board."
    ]


@pytest.mark.parametrize(
    "change",
    [
        ("exceptions: [twice]\n    least_severity: 2", "exceptions: [miss]\n    least_severity: 3"),
        ("exceptions: [twice]", "exceptions: []"),
        (
            'plan_sections: ["1"]\n    measures: [more-referrals]',
            "milestones: [posts-advertised]",
        ),
    ],
)
def test_a_board_that_hears_nothing_is_named(tmp_path: Path, change: tuple[str, str]) -> None:
    assert advice(tmp_path, change) == ["boards.yaml B181 No exception ever reaches committee."]


def test_a_board_without_exceptions_in_its_report_may_hear_none(tmp_path: Path) -> None:
    changes = ("exceptions: [twice]", "exceptions: []"), ("[exceptions, summary]", "[summary]")
    assert advice(tmp_path, *changes) == []


def test_a_kind_that_no_board_hears_is_named(tmp_path: Path) -> None:
    change = ("readings: [{", "exceptions: [twice]\n    readings: [{")
    assert advice(tmp_path, change) == ["escalations.yaml B182 No board hears miss."]


def test_without_rules_or_boards_there_is_nothing_to_advise(tmp_path: Path) -> None:
    assert [one.code for one in lint(loaded(write(tmp_path))) if one.code >= "B180"] == []


# ── Whatever is written ──────────────────────────────────────────────────────

NAMES = frozenset({"permanent-staff"})
TOLD = Told(
    Known(NAMES, frozenset(), frozenset(), frozenset()), None, None, {"permanent-staff": ("1.1",)}, {}
)
VALUES = st.recursive(
    st.sampled_from(["1", "month", "public", "permanent-staff", "exceptions"]) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "text", "status", "document"]), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = [
    "id",
    "name",
    "cadence",
    "audience",
    "plan_sections",
    "measures",
    "exceptions",
    "sections",
    "readings",
]


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(KEYS), VALUES), VALUES)
def test_values_of_any_form_give_findings_and_never_an_error(
    board: dict[str, object], audience: object
) -> None:
    text = json.dumps({"audiences": audience, "boards": [board]}, ensure_ascii=True)
    file, found = read_yaml(text.encode(), "boards.yaml", "boards")
    if file is None:
        assert found
    else:
        assert all(one == board["id"] for one in board_ids(file))
        assert found or read_boards(file, TOLD).findings
