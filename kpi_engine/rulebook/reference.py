"""The fields of rule files, written out from the schema: for editors and for rules/README.md."""

from __future__ import annotations

from enum import StrEnum
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from kpi_engine.rulebook.schema import (
    BaselinesModel,
    BoardsModel,
    CalendarModel,
    CoverModel,
    EscalationsModel,
    IndicatorModel,
    MilestonesModel,
    PlanModel,
    RebasesModel,
    SheetModel,
    SourcesModel,
    UnmeasuredModel,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

FILES: Final[Mapping[str, type[BaseModel]]] = {
    "plan.yaml": PlanModel,
    "sources.yaml": SourcesModel,
    "baselines.yaml": BaselinesModel,
    "rebases.yaml": RebasesModel,
    "milestones.yaml": MilestonesModel,
    "unmeasured.yaml": UnmeasuredModel,
    "escalations.yaml": EscalationsModel,
    "boards.yaml": BoardsModel,
    "indicators/<id>.yaml": IndicatorModel,
    "returns/<id>.yaml": SheetModel,
    "returns/cover.yaml": CoverModel,
    "returns/calendar.yaml": CalendarModel,
}
"""Each kind of rule file, by its place in the rules folder."""


def json_schema() -> dict[str, Any]:
    """One JSON Schema: a file matches one of its kinds, and `$defs` names each kind."""
    refs, schema = models_json_schema([(model, "validation") for model in FILES.values()])
    kinds = {_name(model): refs[model, "validation"] for model in FILES.values()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A rule file",
        "description": f"One file of a rules folder. $defs names its kinds: {', '.join(kinds)}.",
        "anyOf": [{"$ref": f"#/$defs/{kind}"} for kind in kinds],
        "$defs": {**_without_null(schema["$defs"]), **kinds},
    }


def _without_null(schema: Any) -> Any:  # noqa: ANN401  (JSON of any form)
    """The schema without "or null": rules leave a key out instead."""
    if isinstance(schema, list):
        return [_without_null(one) for one in schema if one != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_null(value) for key, value in schema.items() if not (key == "default" and value is None)
    }


def field_reference() -> str:
    """The fields of every rule file as Markdown tables, in the order of the schema."""
    parts: list[str] = []
    told: set[type[BaseModel]] = set()
    for name, model in FILES.items():
        parts += [f"### {name}", *_table(model)]
        told.add(model)
        for inner in _inside(model, told):
            parts += [f"#### {_name(inner)}", *_table(inner)]
    return "\n".join(parts).rstrip() + "\n"


def _inside(model: type[BaseModel], told: set[type[BaseModel]]) -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = []
    for field in model.model_fields.values():
        for inner in _models_in(field.annotation):
            if inner not in told:
                told.add(inner)
                found += [inner, *_inside(inner, told)]
    return found


def _table(model: type[BaseModel]) -> list[str]:
    base = model.__mro__[1]
    shared = set(base.model_fields) if issubclass(base, BaseModel) else set()
    own = {field.alias or name: field for name, field in model.model_fields.items() if name not in shared}
    rows = [
        f"| `{key}` | {_wanted(field)} | {_holds(field.annotation)} | {field.description or ''} |"
        for key, field in own.items()
    ]
    said = (model.__doc__ or "").strip()
    if shared:
        said += f" It has the keys of {_name(base)}, and:"
    return ["", said, "", "| key | wanted | holds | |", "| --- | --- | --- | --- |", *rows, ""]


def _wanted(field: FieldInfo) -> str:
    if field.is_required():
        return "yes"
    default = field.default
    if default is None or default in ((), {}, ""):
        return ""
    if isinstance(default, bool):
        return "else yes" if default else "else no"
    return f"else {default}"


def _holds(annotation: Any) -> str:  # noqa: ANN401  (a type of any form)
    closed = isinstance(annotation, type) and issubclass(annotation, StrEnum)
    if closed or get_origin(annotation) is Literal:
        return ", ".join(f"`{one}`" for one in (annotation if closed else get_args(annotation)))
    models = _models_in(annotation)
    inner = [arg for arg in get_args(annotation) if arg is not type(None) and not isinstance(arg, str)]
    if get_origin(annotation) is tuple:
        said = f"list of {_holds(inner[0])}"
    elif get_origin(annotation) is dict:
        said = "keys and values" + (f": {_holds(_innermost(annotation))}" if models else "")
    elif models:
        said = " or ".join([*_plain_beside(annotation), *(_name(model) for model in models)])
    elif get_origin(annotation) in (Union, UnionType):
        said = " or ".join(map(_holds, inner))
    elif inner and not isinstance(annotation, type):
        said = _holds(inner[0])
    else:
        said = _WORDS.get(getattr(annotation, "__name__", ""), "text")
    return said


_WORDS: Final = {
    "bool": "yes or no",
    "int": "whole number",
    "date": "date",
    "Decimal": "number",
    "Fraction": "number or percentage",
    "Period": "period",
    "Parts": "figure",
}


def _innermost(annotation: object) -> object:
    while get_origin(annotation) is dict:
        annotation = get_args(annotation)[1]
    return annotation


def _plain_beside(annotation: object) -> list[str]:
    """What may stand plainly in place of a model: a target's amount, a field's value or list of values."""
    written = repr(get_args(annotation))
    plain = {"Fraction": "number or percentage", "'<text>'": "text", "'<list>'": "list of text"}
    return [words for sign, words in plain.items() if sign in written]


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for arg in get_args(annotation) for model in _models_in(arg)]


def _name(model: type[BaseModel]) -> str:
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in model.__name__.removesuffix("Model"))
    return words.strip()
