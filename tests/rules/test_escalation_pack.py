"""The shipped escalation rules: one state for every case, every kind of exception, and none too many."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_engine.escalation.builtin import derive_builtin
from kpi_engine.escalation.examples import run_escalation_examples
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.rulebook.pack import FACT_TYPES
from kpi_engine.terms.fact import Fact, fact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.rulebook.pack import EscalationRule, Pack
    from kpi_engine.terms.fact import Value

RULES = Path(__file__).parents[2] / "rules"
README = RULES / "README.md"
NOW = 100
UNSAID: Final[dict[str, dict[str, Value]]] = {
    "verdict": {
        "reason": "",
        "target": "undated",
        "on_course": "unknown",
        "validated": "yes",
        "headline": "no",
        "small": "no",
        "in_doubt": 0,
        "gap": 0,
        "days_left": 0,
    },
    "variation": {"variation": "none", "evidence": "none", "points": 0},
    "assurance": {"assurance": "none"},
    "milestone": {"days": 0, "same_as": ""},
    "return": {"standing": "given"},
    "finding": {"number": 1},
    "reads": {},
    "commentary": {"standing": "given"},
}


@cache
def rulebook() -> RuleBook:
    return load_rulebook(RULES)


def pack() -> Pack:
    return rulebook().escalations


def said(kind: str, **fields: Value) -> Fact:
    """A fact of the current period, with the fields left out as UNSAID."""
    now = {} if kind == "reads" else {"seq": NOW}
    return fact(kind, {**now, **UNSAID[kind], **fields})


def charted(indicator: str, variation: str, assurance: str, evidence: str) -> tuple[Fact, Fact]:
    return (
        said("variation", indicator=indicator, variation=variation, evidence=evidence),
        said("assurance", indicator=indicator, assurance=assurance),
    )


def follow(type_: str, facts: Sequence[Fact]) -> list[Fact]:
    return [one for one in derive_builtin(pack(), facts).facts if one.type == type_]


def told(facts: Sequence[Fact]) -> set[tuple[Value, Value, Value]]:
    """Kind, severity and subject of every exception of the current period."""
    return {(e["kind"], e["severity"], e["about"]) for e in follow("exception", facts) if e["seq"] == NOW}


def kinds(facts: Sequence[Fact]) -> set[Value]:
    return {kind for kind, _, _ in told(facts)}


def raising() -> dict[str, EscalationRule]:
    """The rules that raise an exception, by its kind."""
    return {
        str(value): rule
        for rule in pack().rules
        for name, value in rule.then.fields
        if rule.then.type == "raised" and name == "kind"
    }


def test_every_example_of_the_rules_holds() -> None:
    faults = [(o.rule, o.example, o.faults) for o in run_escalation_examples(pack()) if o.faults]
    assert faults == []


def test_the_readme_lists_every_fact_with_all_its_fields() -> None:
    rows = [line.split(" | ") for line in README.read_text("utf-8").splitlines() if line.startswith("| ")]
    listed = {row[0].strip("| "): set(row[2].strip("| ").split(", ")) for row in rows if len(row) == 3}
    assert {kind: listed.get(kind) for kind in FACT_TYPES} == {k: set(of) for k, of in FACT_TYPES.items()}


def test_the_rule_that_the_readme_adds_can_be_added(tmp_path: Path) -> None:
    added = README.read_text("utf-8").split("```yaml\n")[1].split("```")[0]
    shutil.copytree(RULES, tmp_path / "rules")
    file = tmp_path / "rules" / "escalations.yaml"
    file.write_text(f"{file.read_text('utf-8')}\n{added}", "utf-8")
    more = load_rulebook(tmp_path / "rules").escalations
    assert len(more.rules) == len(pack().rules) + 1
    assert [o.faults for o in run_escalation_examples(more) if o.faults] == []


# ── States ───────────────────────────────────────────────────────────────────

ANSWERS = (
    ("pass", ""),
    ("fail", ""),
    ("not_due", "not_in_force"),
    ("not_due", "period_open"),
    ("not_assessed", "nothing_due"),
    ("not_assessed", "sheet_missing"),
)
VARIATIONS = ("none", "common_cause", "improvement", "concern", "neutral_high", "neutral_low")
ASSURANCES = ("none", "consistent_pass", "consistent_fail", "inconsistent")
EVIDENCE = ("none", "too_few", "trial", "full")
BEFORE = (  # the two periods before, the earlier first; both missed: a miss now is the third running
    (),
    ("pass", "fail"),
    ("fail", "pass"),
    ("fail", "not_assessed"),
    ("fail", "fail"),
)
COURSES = ("yes", "no", "unknown")


@dataclass(frozen=True, slots=True)
class Cell:
    """One case of the table of states."""

    status: str
    reason: str
    variation: str
    assurance: str
    evidence: str
    before: tuple[str, ...]
    on_course: str

    @property
    def third(self) -> bool:
        return self.status == "fail" and self.before == ("fail", "fail")

    def facts(self, indicator: str) -> Iterator[Fact]:
        """All that is stated of a measure in this case."""
        for back, status in enumerate(reversed(self.before), start=1):
            reason = "sheet_missing" if status == "not_assessed" else ""
            yield said("verdict", indicator=indicator, seq=NOW - back, status=status, reason=reason)
        yield said(
            "verdict", indicator=indicator, status=self.status, reason=self.reason, on_course=self.on_course
        )
        yield from charted(indicator, self.variation, self.assurance, self.evidence)
        # A chart of another period says nothing of this one.
        yield said("variation", indicator=indicator, seq=NOW - 1, variation="concern", evidence="full")
        yield said("assurance", indicator=indicator, seq=NOW - 1, assurance="consistent_fail")


CELLS = [
    Cell(status, reason, variation, assurance, evidence, before, on_course)
    for (status, reason), variation, assurance, evidence, before, on_course in product(
        ANSWERS, VARIATIONS, ASSURANCES, EVIDENCE, BEFORE, COURSES
    )
]


def state_of(cell: Cell) -> tuple[str, str]:
    """The design's third rule on states, in its own order."""
    improving, worse = cell.variation == "improvement", cell.variation == "concern"
    beyond = cell.assurance == "consistent_fail"
    if cell.status == "not_assessed":
        return ("nothing_due" if cell.reason == "nothing_due" else "not_reported"), ""
    if cell.status == "not_due":
        return "not_due", {"yes": "on_course", "no": "off_course", "unknown": "cannot_say"}[cell.on_course]
    if cell.status == "pass":
        return ("watch" if worse or beyond else "on_track"), ""
    no_chart_verdict = cell.evidence in {"none", "too_few"} or cell.variation == "none"
    if worse or cell.third or (beyond and not improving) or no_chart_verdict:
        return "action_needed", ""
    if improving:
        return "missed_improving", "not_at_this_rate" if beyond else ""
    return "missed_unclear", ""


@cache
def states_of_all_cells() -> dict[str, list[tuple[Value, Value]]]:
    every = [one for n, cell in enumerate(CELLS) for one in cell.facts(f"case-{n}")]
    found: dict[str, list[tuple[Value, Value]]] = {f"case-{n}": [] for n in range(len(CELLS))}
    for one in follow("state", every):
        if one["seq"] == NOW:
            found[str(one["indicator"])].append((one["state"], one["note"]))
    return found


@pytest.mark.parametrize("answer", ANSWERS, ids="-".join)
@pytest.mark.parametrize("before", BEFORE, ids=lambda before: "-".join(before) or "first")
def test_every_case_has_exactly_the_one_state_that_the_design_gives_it(
    answer: tuple[str, str], before: tuple[str, ...]
) -> None:
    these = {
        f"case-{n}": cell
        for n, cell in enumerate(CELLS)
        if (cell.status, cell.reason) == answer and cell.before == before
    }
    assert len(these) == len(VARIATIONS) * len(ASSURANCES) * len(EVIDENCE) * len(COURSES)
    found = states_of_all_cells()
    wrong = [(cell, found[case]) for case, cell in these.items() if found[case] != [state_of(cell)]]
    assert wrong == []


def test_the_table_of_states_reaches_every_state_and_note() -> None:
    reached = {one for states in states_of_all_cells().values() for one in states}
    assert reached == {
        ("action_needed", ""),
        ("missed_improving", ""),
        ("missed_improving", "not_at_this_rate"),
        ("missed_unclear", ""),
        ("watch", ""),
        ("on_track", ""),
        ("not_due", "on_course"),
        ("not_due", "off_course"),
        ("not_due", "cannot_say"),
        ("nothing_due", ""),
        ("not_reported", ""),
    }


@pytest.mark.parametrize("reason", sorted(FACT_TYPES["verdict"]["reason"].values - {"", "nothing_due"}))
def test_whatever_else_keeps_a_measure_from_being_judged_it_is_not_reported(reason: str) -> None:
    facts = [
        said("verdict", indicator="life-story-books", status="not_assessed", reason=reason),
        *charted("life-story-books", "none", "none", "none"),
    ]
    assert [(one["state"], one["note"]) for one in follow("state", facts)] == [("not_reported", "")]


# ── Exceptions ───────────────────────────────────────────────────────────────

BOOKS, STAFF, MATCHED = "life-story-books", "cic-permanent-workforce", "matched-within-6-months"


def missed(indicator: str, *seqs: int) -> list[Fact]:
    return [said("verdict", indicator=indicator, seq=seq, status="fail") for seq in seqs or (NOW,)]


def unassessed(indicator: str, reason: str, seq: int = NOW) -> Fact:
    return said("verdict", indicator=indicator, seq=seq, status="not_assessed", reason=reason)


def coming(**fields: Value) -> Fact:
    return said("verdict", indicator=STAFF, status="not_due", reason="not_in_force", target="dated", **fields)


def passed(indicator: str = BOOKS, **fields: Value) -> list[Fact]:
    return [
        said("verdict", indicator=indicator, status="pass", **fields),
        *charted(indicator, "common_cause", "inconsistent", "full"),
    ]


def milestone(status: str, **fields: Value) -> Fact:
    return said("milestone", milestone="edge-of-care-manager", status=status, **fields)


RETURN = said("return")
MISSING = said("return", standing="none")
HOLLOW = said("finding", code="R390", severity="flag", sheet="workforce")
CASES: dict[str, tuple[list[Fact], set[tuple[str, int, str]]]] = {
    "miss": (missed(BOOKS, NOW - 1, NOW), {("miss", 2, BOOKS)}),
    "miss-getting-worse": (
        [*missed(BOOKS), *charted(BOOKS, "concern", "inconsistent", "full")],
        {("miss-getting-worse", 3, BOOKS)},
    ),
    "persistent-miss": (missed(BOOKS, NOW - 2, NOW - 1, NOW), {("persistent-miss", 3, BOOKS)}),
    "out-of-reach": (
        [*missed(BOOKS), *charted(BOOKS, "common_cause", "consistent_fail", "trial")],
        {("out-of-reach", 3, BOOKS)},
    ),
    "off-course": ([coming(on_course="no", days_left=60, gap=-1)], {("off-course", 2, STAFF)}),
    "short-near-date": ([coming(days_left=60, gap=-1)], {("short-near-date", 2, STAFF)}),
    "milestone-due-soon": (
        [milestone("not_due", days=0)],
        {("milestone-due-soon", 1, "edge-of-care-manager")},
    ),
    "milestone-overdue": (
        [milestone("overdue", days=90)],
        {("milestone-overdue", 2, "edge-of-care-manager")},
    ),
    "milestone-long-overdue": (
        [milestone("overdue", days=91)],
        {("milestone-long-overdue", 3, "edge-of-care-manager")},
    ),
    "milestone-not-reported": (
        [RETURN, milestone("not_reported")],
        {("milestone-not-reported", 1, "edge-of-care-manager")},
    ),
    "milestones-unread": (
        [
            RETURN,
            milestone("not_reported"),
            said("finding", code="R131", severity="refuse", sheet="milestones"),
        ],
        {("milestones-unread", 2, "return")},
    ),
    "not-reported": ([RETURN, unassessed(BOOKS, "no_denominator")], {("not-reported", 1, BOOKS)}),
    "not-reported-twice": (
        [RETURN, unassessed(BOOKS, "rows_in_doubt", NOW - 1), unassessed(BOOKS, "no_denominator")],
        {("not-reported-twice", 2, BOOKS)},
    ),
    "baseline-unknown": (
        [RETURN, *(unassessed(BOOKS, "baseline_unknown", seq) for seq in (NOW - 1, NOW))],
        {("baseline-unknown", 2, BOOKS)},
    ),
    "months-missing": (
        [RETURN, unassessed(BOOKS, "months_missing"), *charted(BOOKS, "none", "none", "none")],
        {("months-missing", 2, "return")},
    ),
    "return-missing": ([MISSING, unassessed(BOOKS, "no_return")], {("return-missing", 2, "return")}),
    "return-refused": (
        [said("return", standing="refused"), unassessed(BOOKS, "return_refused")],
        {("return-refused", 2, "return")},
    ),
    "no-return-twice": (
        [MISSING, unassessed(BOOKS, "return_refused", NOW - 1), unassessed(BOOKS, "no_return")],
        {("no-return-twice", 3, "return")},
    ),
    "sheet-refused": (
        [
            RETURN,
            said("finding", code="R131", severity="refuse", sheet="adoption"),
            said("reads", indicator=BOOKS, sheet="adoption"),
        ],
        {("sheet-refused", 2, "return")},
    ),
    "personal-details": (
        [
            RETURN,
            said("finding", code="R401", severity="refuse", sheet="adoption"),
            said("reads", indicator=BOOKS, sheet="adoption"),
        ],
        {("personal-details", 3, "return")},
    ),
    "unvalidated": ([RETURN, *passed(validated="no")], {("unvalidated", 2, "return")}),
    "unvalidated-before": (
        [RETURN, *passed(validated="no"), *passed(STAFF)],
        {("unvalidated-before", 1, "return")},
    ),
    "validation-not-stated": (
        [RETURN, *passed(validated="not_stated")],
        {("validation-not-stated", 1, "return")},
    ),
    "doubt-behind-pass": ([RETURN, *passed(in_doubt=1)], {("doubt-behind-pass", 1, BOOKS)}),
    "linked-miss": (
        [*missed(STAFF), *missed(MATCHED)],
        {("miss", 2, STAFF), ("miss", 2, MATCHED), ("linked-miss", 3, MATCHED)},
    ),
    "recovered": ([*missed(BOOKS, NOW - 1), *passed()], {("recovered", 1, BOOKS)}),
    "at-risk": (
        [said("verdict", indicator=BOOKS, status="pass"), *charted(BOOKS, "concern", "inconsistent", "full")],
        {("at-risk", 1, BOOKS)},
    ),
    "hollow-pass": (
        [*passed(STAFF), HOLLOW],
        {("hollow-pass", 2, STAFF)},
    ),
    "no-commentary": (
        [
            *missed(BOOKS),
            *charted(BOOKS, "none", "none", "too_few"),
            said("commentary", indicator=BOOKS, standing="missing"),
        ],
        {("miss", 2, BOOKS), ("no-commentary", 2, BOOKS)},
    ),
}


@pytest.mark.parametrize("kind", sorted(CASES))
def test_each_kind_is_raised_and_the_lower_ones_it_speaks_for_are_not(kind: str) -> None:
    facts, expected = CASES[kind]
    assert kind in {name for name, _, _ in expected}
    assert told(facts) == expected


REFUSED = said("return", standing="refused")
JUDGED_NOW = charted(BOOKS, "none", "none", "none")
OTHER_CHARTS = (  # of another measure, and of another period
    *charted(STAFF, "concern", "consistent_fail", "full"),
    said("variation", indicator=BOOKS, seq=NOW - 1, variation="concern", evidence="full"),
    said("assurance", indicator=BOOKS, seq=NOW - 1, assurance="consistent_fail"),
)
NEAR: tuple[tuple[str, list[Fact]], ...] = (
    ("not-reported", [REFUSED, unassessed(BOOKS, "no_denominator")]),
    (
        "not-reported-twice",
        [REFUSED, unassessed(BOOKS, "return_refused", NOW - 1), unassessed(BOOKS, "no_denominator")],
    ),
    ("not-reported-twice", [RETURN, unassessed(STAFF, "no_value", NOW - 1), unassessed(BOOKS, "no_value")]),
    ("milestone-not-reported", [REFUSED, milestone("not_reported")]),
    ("milestones-unread", [REFUSED, said("finding", code="R131", severity="refuse", sheet="milestones")]),
    ("months-missing", [MISSING, unassessed(BOOKS, "months_missing"), *JUDGED_NOW]),
    ("months-missing", [RETURN, unassessed(BOOKS, "no_denominator"), *JUDGED_NOW]),
    ("months-missing", [RETURN, unassessed(STAFF, "months_missing"), *JUDGED_NOW]),
    ("no-return-twice", [RETURN, unassessed(BOOKS, "no_return", NOW - 1)]),
    ("no-return-twice", [MISSING, unassessed(BOOKS, "sheet_missing", NOW - 1)]),
    ("no-return-twice", [MISSING, unassessed(BOOKS, "no_return", NOW - 2)]),
    ("unvalidated", [RETURN, *JUDGED_NOW, said("verdict", indicator=STAFF, status="pass", validated="no")]),
    ("unvalidated", [RETURN, *passed(validated="no"), *missed(STAFF)]),
    ("unvalidated-before", [RETURN, *JUDGED_NOW, *passed(STAFF, seq=NOW - 1, validated="no")[:1]]),
    (
        "unvalidated-before",
        [RETURN, *JUDGED_NOW, said("verdict", indicator=STAFF, status="pass", validated="no")],
    ),
    (
        "validation-not-stated",
        [RETURN, *JUDGED_NOW, said("verdict", indicator=BOOKS, status="not_due", validated="not_stated")],
    ),
    (
        "validation-not-stated",
        [RETURN, *JUDGED_NOW, said("verdict", indicator=STAFF, status="pass", validated="not_stated")],
    ),
    (
        "validation-not-stated",
        [
            RETURN,
            *passed(),
            said("verdict", indicator=BOOKS, seq=NOW - 1, status="pass", validated="not_stated"),
        ],
    ),
    ("miss-getting-worse", [*missed(BOOKS), *OTHER_CHARTS]),
    ("out-of-reach", [*missed(BOOKS), *OTHER_CHARTS]),
    ("out-of-reach", [*missed(BOOKS), *charted(BOOKS, "none", "none", "full"), *OTHER_CHARTS]),
    ("out-of-reach", [*passed()[:1], *charted(BOOKS, "common_cause", "consistent_fail", "full")]),
    ("off-course", [said("verdict", indicator=BOOKS, status="fail", on_course="no")]),
    (
        "short-near-date",
        [said("verdict", indicator=BOOKS, status="not_due", reason="period_open", target="dated", gap=-1)],
    ),
    (
        "short-near-date",
        [said("verdict", indicator=BOOKS, status="not_due", reason="not_in_force", gap=-1)],
    ),
    ("milestone-long-overdue", [milestone("done_late", days=91)]),
    ("not-reported", [RETURN, unassessed(BOOKS, "no_target")]),
    ("not-reported", [RETURN, unassessed(BOOKS, "months_missing")]),
    *(
        (
            "not-reported-twice",
            [RETURN, unassessed(BOOKS, "no_value", NOW - 1), unassessed(BOOKS, reason)],
        )
        for reason in ("nothing_due", "no_target", "months_missing")
    ),
    ("linked-miss", [*passed(STAFF), *missed(MATCHED)]),
    ("linked-miss", [*missed(STAFF), *passed(MATCHED)]),
    ("recovered", [*missed(STAFF, NOW - 1), *passed()]),
    ("recovered", [*missed(BOOKS, NOW - 2), *passed()]),
    ("hollow-pass", [*missed(STAFF), *charted(STAFF, "none", "none", "none"), HOLLOW]),
    ("hollow-pass", [*passed(STAFF, seq=NOW - 1)[:1], *charted(STAFF, "none", "none", "none"), HOLLOW]),
    ("hollow-pass", [*passed(STAFF), said("finding", code="R303", severity="flag", sheet="workforce")]),
    ("hollow-pass", [*passed(STAFF), said("finding", code="R390", severity="flag", sheet="adoption")]),
    ("hollow-pass", [*passed(), HOLLOW]),
    (
        "no-commentary",
        [*missed(BOOKS), *JUDGED_NOW, said("commentary", indicator=STAFF, standing="missing")],
    ),
    (
        "no-commentary",
        [*missed(BOOKS), *JUDGED_NOW, said("commentary", indicator=BOOKS, seq=NOW - 1, standing="missing")],
    ),
)


@pytest.mark.parametrize(("kind", "facts"), NEAR, ids=[f"{n}-{kind}" for n, (kind, _) in enumerate(NEAR)])
def test_what_comes_near_is_not_told(kind: str, facts: list[Fact]) -> None:
    assert kind not in kinds(facts)


@pytest.mark.parametrize(("status", "validated"), [("fail", "no"), ("pass", "no"), ("fail", "not_stated")])
def test_a_pass_and_a_miss_alike_want_validated_figures(status: str, validated: str) -> None:
    facts = [RETURN, *JUDGED_NOW, said("verdict", indicator=BOOKS, status=status, validated=validated)]
    kind = {"no": "unvalidated", "not_stated": "validation-not-stated"}[validated]
    assert (kind, {"no": 2, "not_stated": 1}[validated], "return") in told(facts)


def test_only_a_figure_judged_now_shows_that_the_return_is_validated() -> None:
    unsure = [RETURN, *passed(validated="no")]
    earlier = said("verdict", indicator=STAFF, seq=NOW - 1, status="pass", validated="yes")
    to_come = said("verdict", indicator=STAFF, status="not_due", validated="yes")
    assert kinds([*unsure, earlier, to_come]) == {"unvalidated"}
    behind_a_miss = said("verdict", indicator=STAFF, status="fail", validated="yes")
    assert kinds([*unsure, behind_a_miss]) == {"unvalidated-before", "miss"}


def test_a_milestone_is_told_though_another_sheet_is_refused_or_its_own_has_a_lesser_fault() -> None:
    for severity, sheet in (("refuse", "adoption"), ("flag", "milestones")):
        fault = said("finding", code="R131", severity=severity, sheet=sheet)
        assert kinds([RETURN, milestone("not_reported"), fault]) == {"milestone-not-reported"}


def test_a_miss_that_rests_on_earlier_unvalidated_months_is_told_as_such() -> None:
    behind = said("verdict", indicator=BOOKS, status="fail", validated="no")
    assert kinds([RETURN, *JUDGED_NOW, behind, *passed(STAFF)]) == {"unvalidated-before", "miss"}


def test_refused_after_missing_is_no_usable_return_twice() -> None:
    facts = [REFUSED, unassessed(BOOKS, "no_return", NOW - 1), unassessed(BOOKS, "return_refused")]
    assert told(facts) == {("no-return-twice", 3, "return")}


def test_no_kind_is_without_a_case() -> None:
    assert set(CASES) == set(raising())


def test_every_rule_that_raises_has_a_title_and_every_rule_says_why() -> None:
    assert [kind for kind, rule in raising().items() if not rule.title] == []
    assert [rule.id for rule in pack().rules if not rule.because] == []


def test_every_rule_that_raises_shows_a_case_with_its_kind_and_one_without() -> None:
    for kind, rule in raising().items():
        of_kind = [e for example in rule.examples for e in example.expects if ("kind", kind) in e.fields]
        assert any(not e.never for e in of_kind), kind
        assert any(e.never for example in rule.examples for e in example.expects), kind


@pytest.mark.parametrize("standing", ["none", "refused"])
def test_a_return_that_cannot_be_used_makes_one_line_not_one_a_measure(standing: str) -> None:
    reason = {"none": "no_return", "refused": "return_refused"}[standing]
    book = rulebook()
    facts = [
        said("return", standing=standing),
        *(unassessed(one, reason) for one in book.indicators),
        *(one for name in book.indicators for one in charted(name, "none", "none", "none")),
        *(said("commentary", indicator=one, standing="missing") for one in book.indicators),
        *(
            said("milestone", milestone=m.id, status="not_reported", same_as=m.same_as or "")
            for m in book.milestones.values()
        ),
    ]
    assert {(kind, about) for kind, _, about in told(facts)} == {
        ({"none": "return-missing", "refused": "return-refused"}[standing], "return")
    }


def test_a_quarter_without_figures_twice_is_not_taken_for_two_returns_missing() -> None:
    quarterly = 33  # the seq of a measure judged once a quarter is another than the month's
    facts = [
        MISSING,
        unassessed("midway-reviews-audited", "no_return", quarterly - 1),
        unassessed("midway-reviews-audited", "no_return", quarterly),
        *charted(BOOKS, "none", "none", "none"),
    ]
    assert kinds(facts) == {"return-missing"}


def test_a_quarterly_measure_that_is_not_validated_is_told_with_the_months_return() -> None:
    facts = [
        RETURN,
        said("verdict", indicator="midway-reviews-audited", seq=33, status="pass", validated="no"),
        said("variation", indicator="midway-reviews-audited", seq=33),
        said("assurance", indicator="midway-reviews-audited", seq=33),
    ]
    assert told(facts) == {("unvalidated", 2, "return")}


@pytest.mark.parametrize("status", sorted(FACT_TYPES["milestone"]["status"].values))
def test_a_milestone_that_repeats_a_target_raises_nothing_itself(status: str) -> None:
    facts = [
        RETURN,
        *(milestone(status, days=days, same_as="pf-champions") for days in (-1, 1, 91)),
    ]
    assert told(facts) == set()


def test_a_third_miss_is_not_told_beside_what_the_chart_says_of_it() -> None:
    thrice = missed(BOOKS, NOW - 2, NOW - 1, NOW)
    assert kinds([*thrice, *charted(BOOKS, "concern", "inconsistent", "full")]) == {"miss-getting-worse"}
    assert kinds([*thrice, *charted(BOOKS, "neutral_low", "consistent_fail", "full")]) == {"out-of-reach"}
    assert kinds([*thrice, *charted(BOOKS, "improvement", "consistent_fail", "full")]) == {"persistent-miss"}
    assert kinds([*thrice, *OTHER_CHARTS]) == {"persistent-miss"}
    of_another = charted(STAFF, "concern", "consistent_fail", "full")
    assert kinds([*thrice, *missed(STAFF), *of_another]) == {
        "persistent-miss",
        "miss-getting-worse",
        "out-of-reach",
    }


def test_a_recovery_is_told_once() -> None:
    assert kinds([*missed(BOOKS, NOW - 1), *passed()]) == {"recovered"}
    before = said("verdict", indicator=BOOKS, seq=NOW - 1, status="pass")
    assert kinds([*missed(BOOKS, NOW - 2), before, *passed()]) == set()


def test_a_good_month_is_silent() -> None:
    book = rulebook()
    facts = [
        RETURN,
        *(one for name in book.indicators for one in passed(name)),
        *(said("commentary", indicator=name, standing="missing") for name in book.indicators),
        *(milestone(status) for status in ("done", "done_late", "undated")),
    ]
    assert told(facts) == set()


# ── Invariants ───────────────────────────────────────────────────────────────

raised = st.builds(
    lambda kind, severity, family, about, seq: fact(
        "raised", {"kind": kind, "severity": severity, "family": family, "about": about, "seq": seq}
    ),
    st.sampled_from(["a", "b", "c"]),
    st.integers(1, 3),
    st.sampled_from(["one", "two"]),
    st.sampled_from(["return", BOOKS]),
    st.integers(NOW - 1, NOW),
)


def unlike_in_kind(facts: list[Fact]) -> list[Fact]:
    """Each kind once about one thing: the loader lets no two rules raise one kind."""
    return list({(f["kind"], f["about"], f["seq"]): f for f in facts}.values())


@settings(max_examples=60)
@given(st.lists(raised, max_size=12).map(unlike_in_kind))
def test_of_one_family_about_one_thing_only_the_most_severe_stand(facts: list[Fact]) -> None:
    most: dict[tuple[Value, Value, Value], int] = {}
    for one in facts:
        of = (one["family"], one["about"], one["seq"])
        most[of] = max(most.get(of, 0), int(one["severity"]))
    expected = {
        (f["kind"], f["severity"], f["about"], f["seq"])
        for f in facts
        if f["severity"] == most[f["family"], f["about"], f["seq"]]
    }
    standing = {(e["kind"], e["severity"], e["about"], e["seq"]) for e in follow("exception", facts)}
    assert standing == expected


@settings(max_examples=10)
@given(st.permutations([one for facts, _ in CASES.values() for one in facts]))
def test_the_order_of_facts_never_matters(shuffled: list[Fact]) -> None:
    in_order = [one for facts, _ in CASES.values() for one in facts]
    assert derive_builtin(pack(), shuffled) == derive_builtin(pack(), in_order)


@settings(max_examples=60)
@given(st.lists(st.sampled_from([one for facts, _ in CASES.values() for one in facts]), unique=True))
def test_nothing_is_told_twice_and_no_measure_has_two_severities_of_one_kind(facts: list[Fact]) -> None:
    lines = [(e["kind"], e["about"], e["seq"]) for e in follow("exception", facts)]
    assert len(lines) == len(set(lines))
