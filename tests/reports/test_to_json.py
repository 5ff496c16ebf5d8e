"""The JSON object keeps to its published schema."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from kpi_engine.reports.to_json import to_json
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.verdict import Status
from tests.reports.build import BOOK, CHECKED, STAFF, share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA: dict[str, Any] = json.loads(
    files("kpi_engine.reports").joinpath("schema_kpi_check_1.json").read_text(encoding="utf-8")
)
_TYPES: dict[str, type] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "null": type(None),
}  # fmt: skip
_SAID = frozenset({"$schema", "$defs", "title", "description"})
_KNOWN = _SAID | {
    "$ref", "type", "required", "properties", "additionalProperties", "items", "enum", "const", "anyOf",
    "pattern",
}  # fmt: skip


def faults(
    value: Any,  # noqa: ANN401
    schema: dict[str, Any],
    at: str = "$",
    whole: dict[str, Any] = SCHEMA,
) -> Iterator[str]:
    """What of `value` does not keep to `schema`, for the words of JSON Schema that ours uses.

    `whole` holds what `schema` refers to by name.
    """
    assert set(schema) <= _KNOWN, f"{at}: this check does not know {set(schema) - _KNOWN}"
    if "$ref" in schema:
        named = whole["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        yield from faults(value, named, at, whole)
    if "anyOf" in schema and all(any(faults(value, option, at, whole)) for option in schema["anyOf"]):
        yield f"{at}: {value!r} is none of its kinds"
    listed = [schema["const"]] if "const" in schema else schema.get("enum", [value])
    if value not in listed:
        yield f"{at}: {value!r} is not listed"
    if "type" in schema:
        kind = _TYPES[schema["type"]]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            yield f"{at}: {value!r} is no {schema['type']}"
            return
    yield from _faults_within(value, schema, at, whole)


def _faults_within(
    value: Any,  # noqa: ANN401
    schema: dict[str, Any],
    at: str,
    whole: dict[str, Any],
) -> Iterator[str]:
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{at}: {value!r} has another form"
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from faults(item, schema.get("items", {}), f"{at}[{number}]", whole)
    if isinstance(value, dict):
        yield from _faults_of_keys(value, schema, at, whole)


def _faults_of_keys(
    value: dict[str, Any], schema: dict[str, Any], at: str, whole: dict[str, Any]
) -> Iterator[str]:
    known, other = schema.get("properties", {}), schema.get("additionalProperties", {})
    for key in schema.get("required", ()):
        if key not in value:
            yield f"{at}: {key} is missing"
    for key, item in value.items():
        if key in known:
            yield from faults(item, known[key], f"{at}.{key}", whole)
        elif other is False:
            yield f"{at}: {key} is not known"
        elif isinstance(other, dict):
            yield from faults(item, other, f"{at}.{key}", whole)


def test_the_object_is_as_agreed(golden: Callable[[str, str], None]) -> None:
    golden("check.json", to_json(CHECKED, BOOK))


@pytest.mark.parametrize("series", [False, True])
def test_the_object_keeps_to_its_schema(series: bool) -> None:  # noqa: FBT001
    assert list(faults(json.loads(to_json(CHECKED, BOOK, series=series)), SCHEMA)) == []


def test_every_reason_and_status_is_in_the_schema() -> None:
    for reason in Reason:
        for status in Status:
            verdict = replace(share(STAFF, 1, 3), reason=reason, status=status)
            found = json.loads(to_json(replace(CHECKED, verdicts=(verdict,)), BOOK))
            assert list(faults(found, SCHEMA)) == []


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        ((), "schema", "kpi-check/2"),
        ((), "extra", 1),
        (("measures", 0), "value", 80.0),
        (("measures", 0), "status", "ok"),
        (("measures", 0, "target"), "by", "31/12/2023"),
        (("findings", 0), "code", 203),
        (("milestones", 0), "days", True),
    ],
)
def test_the_schema_finds_what_is_wrong(place: tuple[str | int, ...], key: str, value: object) -> None:
    found = json.loads(to_json(CHECKED, BOOK))
    inner = found
    for step in place:
        inner = inner[step]
    inner[key] = value
    assert list(faults(found, SCHEMA)) != []


def test_the_schema_misses_no_key() -> None:
    found = json.loads(to_json(CHECKED, BOOK))
    del found["measures"][0]["reason"]
    assert list(faults(found, SCHEMA)) == ["$.measures[0]: reason is missing"]


def test_keys_come_in_the_order_of_the_schema() -> None:
    found = json.loads(to_json(CHECKED, BOOK, series=True))
    assert list(found) == list(SCHEMA["properties"])
    for name, items in (("measure", "measures"), ("milestone", "milestones"), ("finding", "findings")):
        assert list(found[items][0]) == SCHEMA["$defs"][name]["required"]
    assert list(found["measures"][0]["beside"][0]) == SCHEMA["$defs"]["beside"]["required"]


def test_amounts_are_exact_text_in_their_unit() -> None:
    found = {m["id"]: m for m in json.loads(to_json(CHECKED, BOOK))["measures"]}
    staff = found["permanent-staff"]
    amounts = [staff[key] for key in ("numerator", "denominator", "value", "gap")]
    assert amounts == ["16", "20", "80", "-5"]
    assert staff["target"] == {"op": "at_least", "value": "85", "by": "2023-12-31"}
    assert found["carer-reviews"]["value"] == "286/3"
    assert found["adoption-days"]["value"] == "683"
    assert found["pf-referrals"]["coming"]["value"] == "40"
    assert found["pf-referrals"]["baseline"] == "10"


def test_what_could_not_be_counted_is_null_never_0() -> None:
    found = {m["id"]: m for m in json.loads(to_json(CHECKED, BOOK))["measures"]}["life-story-books"]
    assert found["numerator"] is found["denominator"] is found["value"] is found["gap"] is None
    assert (found["status"], found["reason"]) == ("not_assessed", "sheet_missing")


def test_series_holds_the_earlier_months_and_not_the_judged_one() -> None:
    found = json.loads(to_json(CHECKED, BOOK, series=True))
    assert list(found["series"]) == ["2024-02"]
    assert found["series"]["2024-02"][0]["value"] == "85"
    assert "series" not in json.loads(to_json(CHECKED, BOOK))


def test_text_stays_readable_and_a_broken_file_name_does_no_harm() -> None:
    checked = replace(
        CHECKED, authority="Ynys Môn",
        findings=(replace(CHECKED.findings[0], file="a\udcff.xlsx"),),
    )  # fmt: skip
    text = to_json(checked, BOOK)
    assert "Ynys Môn" in text
    assert json.loads(text.encode("utf-8"))["findings"][0]["file"] == "a?.xlsx"
    assert text.endswith("}\n")


def test_without_a_month_the_object_still_keeps_to_its_schema() -> None:
    checked = replace(CHECKED, period=None, verdicts=(), milestones=(), series={})
    assert list(faults(json.loads(to_json(checked, BOOK)), SCHEMA)) == []
