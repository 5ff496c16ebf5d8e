"""Advice on rules that load, and what is written out from the schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from kpi_engine.rulebook.lint import lint
from kpi_engine.rulebook.reference import FILES, field_reference, json_schema
from kpi_engine.rulebook.schema import IndicatorModel, MeasureModel
from tests.rulebook.rules_folder import POSTS, REFERRALS, STAFF, loaded, spoilt, write

if TYPE_CHECKING:
    from pathlib import Path


def advice(folder: Path) -> list[str]:
    return [f"{one.where} {one.code} {one.message}" for one in lint(loaded(folder))]


def test_a_column_that_nothing_uses_is_named(tmp_path: Path) -> None:
    assert advice(write(tmp_path)) == [
        "returns/posts.yaml B151 The column hours is used by no measure, key or check.",
    ]


WEIGHED = ("numerator: permanent\n", "numerator: permanent\n  weight: hours\n")


def test_rules_in_good_order_draw_no_advice(tmp_path: Path) -> None:
    assert advice(spoilt(tmp_path, STAFF, WEIGHED)) == []


@pytest.mark.parametrize(
    ("name", "before", "after", "wanted"),
    [
        (
            STAFF,
            "{at_least: 85%, by: 2023-12-31}",
            "{at_least: 85%}",
            (
                "indicators/permanent-staff.yaml B150 permanent-staff: a target has no date "
                "and no reading says how it is judged."
            ),
        ),
        (
            STAFF,
            "targets:\n  - {at_least: 85%, by: 2023-12-31}\n",
            "",
            "indicators/permanent-staff.yaml B154 permanent-staff has no target: ",
        ),
        (
            REFERRALS,
            "short: Referrals",
            "short: permanent STAFF",
            "indicators/permanent-staff.yaml B155 permanent-staff has the same short name as more-referrals.",
        ),
        (
            POSTS,
            "heading: Hours",
            "heading: Post I.D",
            "returns/posts.yaml B152 The headings Post ID and Post I.D are hard to tell apart.",
        ),
        (
            POSTS,
            "help: Hours a week.",
            "quotable: no",
            "returns/posts.yaml B156 The column hours has no help for the person who fills it in.",
        ),
        (
            "sources.yaml",
            "documents:\n",
            "documents:\n  - {id: the-review, title: A review, published: 2023}\n",
            "sources.yaml B153 The document the-review is used by no rule.",
        ),
        (
            "baselines.yaml",
            "baselines:\n",
            (
                "baselines:\n"
                "  - {id: spare, authority: E99999999, first: 2022-04, last: 2022-04, source: None.}\n"
            ),
            "baselines.yaml B153 The baseline spare is used by no rule.",
        ),
    ],
)
def test_advice_is_given(tmp_path: Path, name: str, before: str, after: str, wanted: str) -> None:
    assert any(one.startswith(wanted) for one in advice(spoilt(tmp_path, name, (before, after))))


def test_the_json_schema_holds_every_kind_of_file_and_no_null() -> None:
    schema = json_schema()
    text = json.dumps(schema)
    assert '"null"' not in text
    assert len(schema["anyOf"]) == len(FILES)
    for one in schema["anyOf"]:
        name = schema["$defs"][one["$ref"].removeprefix("#/$defs/")]["$ref"].removeprefix("#/$defs/")
        assert schema["$defs"][name]["additionalProperties"] is False


def test_the_json_schema_refers_to_nothing_that_is_not_there() -> None:
    schema = json_schema()
    refs = [word for word in json.dumps(schema).split('"') if word.startswith("#/$defs/")]
    assert {ref.removeprefix("#/$defs/") for ref in refs} <= set(schema["$defs"])


def test_the_field_reference_names_every_field_once_in_its_table() -> None:
    reference = field_reference()
    for name in (*IndicatorModel.model_fields, *MeasureModel.model_fields):
        assert f"| `{name}` |" in reference
    assert reference.count("| `numerator_sum` |") == 1
    assert "It has the keys of measure, and:" in reference
    assert "NoneType" not in reference
    assert "typing" not in reference


def test_the_schema_is_plain_enough_for_yaml() -> None:
    assert yaml.safe_load(json.dumps(json_schema()))["title"] == "A rule file"
