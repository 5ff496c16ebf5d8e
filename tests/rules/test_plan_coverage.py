"""Every promise of the plan is measured, dated or explained, with the plan's own figures and leads."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

RULES = Path(__file__).parents[2] / "rules"
ITEMS = Path(__file__).with_name("plan_items.yaml")
DOZEN = 12

# Typed from the plan's table of targets, not from the rules: id -> lead, operator, figure, due ("" where the
# plan gives no date), and whether that date is a reading.
HOS_QA = "Head of Service for Engagement, Safeguarding and Quality Assurance"
HEAD_CP = "Head of Corporate Parenting"
AD = "AD for Safeguarding"
ADS = "ADs for Safeguarding and CSP"
CIC_YAS = "Service Managers for CIC and Young Adults Services"
HOS_CIN = "HOS for Children in Need of Support and Protection"
TARGETS = {
    "cic-permanent-workforce": ("Head of Service, Children in Care", "at_least", "85%", "2023-12-31", False),
    "cases-concluded-on-time": ("AD for Safeguarding through the HCA", "at_least", "90%", "", False),
    "midway-reviews-audited": ("Service Manager for Children in Care", "at_least", "10%", "", False),
    "permanence-plan-by-second-review": (HOS_QA, "at_least", "100%", "", False),
    "matched-within-6-months": (HOS_QA, "at_least", "100%", "", False),
    "matched-by-third-review": (HOS_QA, "at_least", "100%", "", False),
    "matched-both": (HOS_QA, "at_least", "100%", "", False),
    "foster-carer-annual-reviews": (HEAD_CP, "at_least", "95%", "", False),
    "foster-placements-net-increase": (HEAD_CP, "at_least", "20", "2025-06-30", True),
    "annual-review-themed-audits": (HEAD_CP, "at_least", "1", "", False),
    "newborns-early-permanence": (AD, "at_least", "95%", "", False),
    "raa-at-permanency-meetings": (AD, "at_least", "100%", "", False),
    "views-shared": ("Principal Social Worker and ASPIRE", "at_least", "100%", "", False),
    "pf-champions": (ADS, "at_least", "12", "2023-08-31", True),
    "pf-referrals-increase": (ADS, "at_least", "40%", "2024-03-31", False),
    "pf-children-increase": (
        "Head of Service for Corporate Parenting",
        "more_than",
        "0",
        "2025-06-30",
        True,
    ),
    "pf-training-7-weeks": ("Private Fostering SSW", "at_least", "100%", "", False),
    "life-story-books": (CIC_YAS, "at_least", "95%", "", False),
    "later-life-letters": (CIC_YAS, "at_least", "100%", "", False),
    "life-story-matched-and-sg": (HEAD_CP, "at_least", "95%", "", False),
    "supervision-feedback": ("PSW", "at_least", "70%", "", False),
    "team-managers-at-ppm": (HOS_CIN, "at_least", "100%", "", False),
    "iro-monthly-report": (HOS_QA, "at_least", "1", "", False),
}
# The same for how each is measured: kind, sheet, window, and whether one return's own dates give the window.
MEASURES = {
    "cic-permanent-workforce": ("proportion", "workforce", "month", False),
    "cases-concluded-on-time": ("proportion", "court_cases", "month", False),
    "midway-reviews-audited": ("proportion", "midway_reviews", "quarter", True),
    "permanence-plan-by-second-review": ("proportion", "reviews", "rolling_12_months", False),
    "matched-within-6-months": ("proportion", "care_orders", "rolling_12_months", True),
    "matched-by-third-review": ("proportion", "care_orders", "rolling_12_months", True),
    "matched-both": ("proportion", "care_orders", "rolling_12_months", True),
    "foster-carer-annual-reviews": ("proportion", "foster_carers", "month", False),
    "foster-placements-net-increase": ("change", "placements", "month", False),
    "annual-review-themed-audits": ("occurrence", "audits", "quarter", False),
    "newborns-early-permanence": ("proportion", "adoption", "rolling_12_months", False),
    "raa-at-permanency-meetings": ("proportion", "permanency_meetings", "month", False),
    "views-shared": ("proportion", "children_in_care", "month", False),
    "pf-champions": ("count", "pf_champions", "month", False),
    "pf-referrals-increase": ("change", "pf_referrals", "year_to_date", False),
    "pf-children-increase": ("change", "pf_arrangements", "month", False),
    "pf-training-7-weeks": ("proportion", "starters", "month", False),
    "life-story-books": ("proportion", "children_in_care", "month", False),
    "later-life-letters": ("proportion", "adoption", "rolling_12_months", False),
    "life-story-matched-and-sg": ("proportion", "matched_and_sg", "month", False),
    "supervision-feedback": ("proportion", "supervision", "month", False),
    "team-managers-at-ppm": ("sums", "permanency_meetings", "month", False),
    "iro-monthly-report": ("occurrence", "audits", "month", False),
}
BESIDE = {
    "cic-permanent-workforce": {"cic-permanent-fte-share", "cic-permanent-share-of-posts"},
    "matched-within-6-months": {"matched-waiting", "matched-waiting-longest"},
    "foster-carer-annual-reviews": {
        "foster-carer-reviews-graded-good",
        "foster-carer-reviews-overdue",
        "foster-carer-reviews-overdue-longest",
        "foster-carer-first-reviews-overdue-longest",
        "foster-carer-reviews-held-in-time",
    },
    "pf-referrals-increase": {"pf-repeat-referrals", "pf-children-at-month-end"},
    "views-shared": {"views-consent-not-recorded"},
    "life-story-books": {"life-story-books-over-6-months"},
}
# What differs from the way its kind and sheet would have it: how months add up, what 0 of 0 means.
OVER = {"pf-training-7-weeks": "sum", "foster-carer-reviews-held-in-time": "sum"}
WHEN_NONE = dict.fromkeys(
    (
        "midway-reviews-audited",
        "matched-within-6-months",
        "matched-by-third-review",
        "matched-both",
        "foster-carer-annual-reviews",
        "foster-carer-reviews-held-in-time",
        "pf-training-7-weeks",
    ),
    "nothing_due",
)
CHANGES = {
    "foster-placements-net-increase": ("foster-placements-2023-06", "number"),
    "pf-referrals-increase": ("pf-referrals-2022-23", "percent"),
    "pf-children-increase": ("pf-children-2023-06", "number"),
}
HEADLINES = {
    "cic-permanent-workforce",
    "foster-carer-annual-reviews",
    "pf-referrals-increase",
    "matched-within-6-months",
}
# The figure in the words of the plan; the other targets are readings of its "all" and the like.
STATED = {
    "cic-permanent-workforce": "85%",
    "cases-concluded-on-time": "90%",
    "midway-reviews-audited": "10%",
    "matched-within-6-months": "within 6 months",
    "foster-carer-annual-reviews": "95%",
    "foster-placements-net-increase": "20",
    "annual-review-themed-audits": "Quarterly",
    "newborns-early-permanence": "95%",
    "raa-at-permanency-meetings": "all",
    "pf-champions": "12",
    "pf-referrals-increase": "40%",
    "pf-training-7-weeks": "100%",
    "life-story-books": "95%",
    "later-life-letters": "100%",
    "life-story-matched-and-sg": "95%",
    "supervision-feedback": "70%",
    "team-managers-at-ppm": "All",
    "iro-monthly-report": "monthly",
}
# item -> lead, due, the indicator that judges the same promise
MILESTONES = {
    "1.1 a": ("Head of Service, Children in Care", "2023-10-31", ""),
    "1.1 b": ("Head of Service, Children in Care", "", ""),
    "1.1 c": ("Head of Service, Children in Care", "", ""),
    "1.1 d": ("Head of Service, Children in Care", "2023-06-30", ""),
    "1.1 e": ("Head of Service, Children in Care", "", ""),
    "1.2 a": ("Head of Service for Children in Care", "2023-05-31", ""),
    "1.4 a": ("Service Manager for Children in Care", "2023-06-30", ""),
    "1.6 a": (HOS_QA, "", ""),
    "1.6 c": (HOS_QA, "", ""),
    "1.7 b": (HEAD_CP, "", ""),
    "2.1 a": (ADS, "2023-08-31", "pf-champions"),
    "2.1 impact 1": (ADS, "2024-03-31", "pf-referrals-increase"),
    "2.2 b": ("Private Fostering SSW", "2024-03-31", ""),
    "3.1 a": (CIC_YAS, "", ""),
    "3.1 b": (CIC_YAS, "", ""),
    "5.1 b": (HOS_CIN, "", ""),
}


def _read(path: Path) -> Any:  # noqa: ANN401  (YAML of any shape; every scalar stays text)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  (makes text only)


WORDS: dict[str, str] = {item["id"]: item["words"] for item in _read(ITEMS)["items"]}
INDICATORS: dict[str, Any] = {path.stem: _read(path) for path in (RULES / "indicators").glob("*.yaml")}
DATED: list[Any] = _read(RULES / "milestones.yaml")["milestones"]
UNMEASURED: list[Any] = _read(RULES / "unmeasured.yaml")["unmeasured"]
CLAIMS: dict[str, tuple[str, ...]] = {
    **{f"indicator {name}": tuple(rule["covers"]) for name, rule in INDICATORS.items()},
    **{f"milestone {rule['id']}": tuple(rule["covers"]) for rule in DATED},
    **{f"unmeasured {entry['item']}": (entry["item"],) for entry in UNMEASURED},
}


def _declared(key: str) -> dict[str, str]:
    """What each measure, and each figure beside one, says for `key`, where it says something."""
    every = [
        (name, measure)
        for indicator, rule in INDICATORS.items()
        for name, measure in [(indicator, rule["measure"]), *((m["id"], m) for m in rule.get("beside", ()))]
    ]
    return {name: measure[key] for name, measure in every if key in measure}


def _targets(indicator: str) -> list[tuple[str, str, str, bool]]:
    steps = []
    for step in INDICATORS[indicator]["targets"]:
        (op,) = {"at_least", "at_most", "more_than"} & step.keys()
        steps.append((op, step[op].lstrip("+"), step.get("by", ""), step.get("by_assumed") == "yes"))
    return steps


def _citations() -> list[tuple[str, dict[str, str], tuple[str, ...]]]:
    rules = [*INDICATORS.values(), *DATED]
    return [
        (rule["id"], rule["source"], tuple(rule["covers"]))
        for rule in sorted(rules, key=lambda rule: rule["id"])
    ]


def _columns() -> list[Any]:
    files = (RULES / "returns").glob("*.yaml")
    return [column for path in files for column in _read(path).get("columns", ())]


def test_items_are_listed_once() -> None:
    listed = Counter(item["id"] for item in _read(ITEMS)["items"])
    assert [item for item, times in listed.items() if times > 1] == []


@pytest.mark.parametrize("item", WORDS)
def test_every_promise_is_measured_dated_or_explained(item: str) -> None:
    assert [claim for claim, items in CLAIMS.items() if item in items]


def test_no_claim_names_an_unknown_item() -> None:
    assert [(claim, item) for claim, items in CLAIMS.items() for item in items if item not in WORDS] == []


def test_nothing_is_both_measured_and_called_unmeasured() -> None:
    held = {item for claim, items in CLAIMS.items() if not claim.startswith("unmeasured") for item in items}
    assert held & {entry["item"] for entry in UNMEASURED} == set()
    assert len(UNMEASURED) == len({entry["item"] for entry in UNMEASURED})


def test_every_target_of_the_plan_has_its_indicator_and_no_other() -> None:
    assert set(INDICATORS) == set(TARGETS) == set(MEASURES)


@pytest.mark.parametrize("indicator", TARGETS)
def test_lead_target_and_date_are_those_of_the_plan(indicator: str) -> None:
    lead, *step = TARGETS[indicator]
    assert INDICATORS[indicator]["lead"] == lead
    assert _targets(indicator) == [tuple(step)]


@pytest.mark.parametrize("indicator", MEASURES)
def test_measure_has_its_kind_sheet_and_window(indicator: str) -> None:
    measure = INDICATORS[indicator]["measure"]
    own_dates = measure.get("window_from_table") == "yes"
    found = (measure["kind"], measure["table"], measure.get("window", "month"), own_dates)
    assert found == MEASURES[indicator]


@pytest.mark.parametrize("indicator", TARGETS)
def test_figures_always_shown_beside_are_there(indicator: str) -> None:
    beside = {entry["id"] for entry in INDICATORS[indicator].get("beside", ())}
    assert beside == BESIDE.get(indicator, set())


def test_measures_depart_from_their_defaults_only_where_the_plan_wants_it() -> None:
    assert _declared("over") == OVER
    assert _declared("when_none") == WHEN_NONE


def test_figures_beside_have_the_window_of_the_month_or_of_their_measure() -> None:
    windows = _declared("window")
    assert {name: windows[name] for name in windows if name not in INDICATORS} == {
        "pf-repeat-referrals": "year_to_date"
    }


def test_changes_are_said_against_their_own_baseline() -> None:
    assert _declared("baseline") == {name: baseline for name, (baseline, _) in CHANGES.items()}
    assert _declared("change_as") == {name: change_as for name, (_, change_as) in CHANGES.items()}


def test_only_permanent_staff_warns_of_a_share_that_falls() -> None:
    found = {name: rule["warn_if_falls"] for name, rule in INDICATORS.items() if "warn_if_falls" in rule}
    assert found == {"cic-permanent-workforce": "cic-permanent-share-of-posts"}


def test_four_measures_are_headlines() -> None:
    assert {name for name, rule in INDICATORS.items() if rule.get("headline") == "yes"} == HEADLINES


def test_milestones_are_those_of_the_plan() -> None:
    found = {
        item: (rule["lead"], rule.get("due", ""), rule.get("same_as", ""))
        for rule in DATED
        for item in rule["covers"]
        if not item.endswith("action")
    }
    assert found == MILESTONES


@pytest.mark.parametrize("indicator", STATED)
def test_stated_figure_stands_in_the_phrase_that_is_cited(indicator: str) -> None:
    assert STATED[indicator] in INDICATORS[indicator]["source"]["figure"]


@pytest.mark.parametrize(("rule", "source", "covers"), _citations(), ids=lambda value: str(value)[:40])
def test_figure_is_quoted_from_the_words_of_its_item(
    rule: str, source: dict[str, str], covers: tuple[str, ...]
) -> None:
    assert any(source["figure"] in WORDS[item] for item in covers), rule
    assert len(source["figure"].split()) <= DOZEN


@pytest.mark.parametrize("indicator", TARGETS)
def test_action_references_are_those_of_the_items(indicator: str) -> None:
    rule = INDICATORS[indicator]
    # "2 impact 4" is the section's word for what action 2.1 promises.
    section = {"2"} if indicator == "pf-referrals-increase" else set()
    assert {item.split()[0] for item in rule["covers"]} - section == set(rule["actions"])


@pytest.mark.parametrize("indicator", TARGETS)
def test_undated_target_says_from_when_it_is_judged(indicator: str) -> None:
    readings = {reading["text"] for reading in INDICATORS[indicator]["readings"]}
    says_so = "The plan gives no date; judged from June 2023." in readings
    assert says_so == (TARGETS[indicator][3] == "")


@pytest.mark.parametrize("indicator", TARGETS)
def test_every_reading_is_assumed_until_the_council_agrees(indicator: str) -> None:
    assert {reading["status"] for reading in INDICATORS[indicator]["readings"]} == {"assumed"}


@pytest.mark.parametrize("indicator", TARGETS)
def test_examples_hold_the_threshold_the_empty_sheet_and_rows_of_each_outcome(indicator: str) -> None:
    rule = INDICATORS[indicator]
    own = [example for example in rule["examples"] if "of" not in example]
    outcomes = {row["is"] for example in own for row in example.get("rows", ())}
    wanted = {"counted", "outside", "in_doubt"}
    wanted |= {"not_counted"} if "numerator" in rule["measure"] else set()
    wanted |= {"left_out"} if "left_out" in rule["measure"] else set()
    assert outcomes == wanted
    expected = {example["expect"] for example in own if "given" in example}
    assert expected == {"pass", "fail", "not_due", "not_assessed"}
    assert any(example["name"] == "an empty sheet is never a pass" for example in own)


@pytest.mark.parametrize("indicator", BESIDE)
def test_every_figure_beside_has_an_example_of_its_own(indicator: str) -> None:
    examples = INDICATORS[indicator]["examples"]
    assert {example["of"] for example in examples if "of" in example} == BESIDE[indicator]


def test_no_sheet_asks_for_a_name_an_age_or_a_date_of_birth() -> None:
    words = {word for column in _columns() for word in column["heading"].casefold().replace("-", " ").split()}
    personal = {"name", "surname", "forename", "birth", "dob", "age", "address", "postcode", "nhs"}
    assert words
    assert words.isdisjoint(personal)


def test_ids_and_free_text_are_never_quotable() -> None:
    quoted = {column["type"] for column in _columns() if column.get("quotable") == "yes"}
    assert quoted.isdisjoint({"id", "text"})
    assert quoted
