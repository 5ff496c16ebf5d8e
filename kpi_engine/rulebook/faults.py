"""A rule file held against its schema: every fault as a finding, in plain words, at its place."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from kpi_engine.rulebook.nearest import did_you_mean, nearest
from kpi_engine.rulebook.schema import PATTERN_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

    from kpi_engine.rulebook.document import Path, Plain, RuleFile
    from kpi_engine.terms.finding import Finding

M = TypeVar("M", bound=BaseModel)

_QUOTED: Final = 60  # characters of what was read
# What pydantic found wrong, by its own name for it, in words for the writer of a rule.
_WORDS: Final[Mapping[str, str]] = {
    "string_type": "wants text.",
    "model_type": "wants keys and values.",
    "model_attributes_type": "wants keys and values.",
    "dict_type": "wants keys and values.",
    "tuple_type": "wants a list.",
    "int_parsing": "wants a whole number.",
    "int_type": "wants a whole number.",
    "int_from_float": "wants a whole number.",
    "greater_than_equal": "is less than {ge}.",
    "less_than_equal": "is more than {le}.",
    "string_too_long": "is longer than {max_length} characters.",
    "string_too_short": "is shorter than {min_length} characters.",
    "too_short": "wants at least {min_length}.",
    "too_long": "wants at most {max_length}.",
}


def validated(
    file: RuleFile,
    model: type[M],
    *,
    lenient: bool = False,
) -> tuple[M | None, tuple[Finding, ...]]:
    """The file as `model`, and its faults.

    A model is given in spite of faults where later checks can go on: a misspelt
    key is read as the one it is near and, if `lenient`, a wrong value that may
    be left out is left out.
    """
    try:
        return model.model_validate(file.data), ()
    except ValidationError as error:
        errors = _without_echoes(error.errors(include_url=False))
    found: list[Finding] = []
    repaired = copy.deepcopy(file.data)
    respelt: set[Path] = set()
    for one in errors:
        path = _path(file.data, one["loc"])
        if one["type"] == "extra_forbidden":
            known = _keys_of(model, path[:-1])
            found.append(file.fault("B110", path, on_key=True, hint=did_you_mean(str(path[-1]), known)))
            respelt.add(_respell(repaired, path, known))
    for one in errors:
        path = _path(file.data, one["loc"])
        if one["type"] != "extra_forbidden" and path not in respelt and not _reported(file, path):
            found.append(_fault(file, path, one))
        if lenient and one["type"] not in ("extra_forbidden", "missing"):
            _leave_out(repaired, path)
    try:
        return model.model_validate(repaired), tuple(found)
    except ValidationError as error:
        # What a misspelt key held is checked as well.
        for one in error.errors(include_url=False):
            path = _path(repaired, one["loc"])
            if any(path[: len(key)] == key for key in respelt) and not _reported(file, path):
                found.append(_fault(file, path, one))
        return None, tuple(found)


def _without_echoes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    # A list is also called too short where its only item is at fault.
    def echoes(one: ErrorDetails) -> bool:
        loc = one["loc"]
        return one["type"] == "too_short" and any(e["loc"][: len(loc)] == loc != e["loc"] for e in errors)

    return [one for one in errors if not echoes(one)]


def _fault(file: RuleFile, path: Path, error: ErrorDetails) -> Finding:
    kind = error["type"]
    if kind == "missing":
        return file.fault("B111", path)
    read = error["input"]
    found = read if isinstance(read, str) else None
    said = f"{_quoted(found)} " if found is not None else ""
    on_key = error["loc"][-1] == "[key]"
    return file.fault("B112", path, on_key=on_key, what=said + _words(error, found or ""), found=found)


def _words(error: ErrorDetails, found: str) -> str:
    context: dict[str, Any] = error.get("ctx", {})
    kind = error["type"]
    if kind == "value_error":
        return f"cannot stand here: {context['error']}."
    if kind in ("enum", "literal_error"):
        allowed = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
        match = nearest(found, allowed)
        hint = f"; did you mean {match}?" if match else "."
        return f"is not allowed; write {_either(allowed)}{hint}"
    if kind == "string_pattern_mismatch":
        return f"cannot stand here: write {PATTERN_WORDS.get(context['pattern'], 'it another way')}."
    return _WORDS.get(kind, "cannot stand here.").format(**context)


def _either(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _quoted(text: str) -> str:
    return f'"{text}"' if len(text) <= _QUOTED else f'"{text[:_QUOTED]}…"'


def _reported(file: RuleFile, path: Path) -> bool:
    return any(path[:length] in file.broken for length in range(1, len(path) + 1))


def _path(data: Plain, loc: tuple[int | str, ...]) -> Path:
    """The place in the data: pydantic's, less the names of its own that it puts between."""
    path: list[int | str] = []
    here: Any = data
    for i, step in enumerate(loc):
        last = i == len(loc) - 1
        inside = step in here if isinstance(here, dict) else isinstance(here, list) and isinstance(step, int)
        if not inside and isinstance(step, str) and step.startswith(("<", "[")):
            continue
        if inside:
            here = here[step]
        if inside or last:
            path.append(step)
    return tuple(path)


def _respell(data: dict[str, Plain], path: Path, known: list[str]) -> Path:
    """Give what a misspelt key holds to the key it is near, if that one is free; else drop it."""
    here: Any = data
    for step in path[:-1]:
        here = here[step]
    held = here.pop(path[-1])
    meant = nearest(str(path[-1]), [key for key in known if key not in here])
    if meant is None:
        return path
    here[meant] = held
    return (*path[:-1], meant)


def _leave_out(data: dict[str, Plain], path: Path) -> None:
    here: Any = data
    for step in path[:-1]:
        if not (step in here if isinstance(here, dict) else isinstance(here, list)):
            return
        here = here[step]
    if path and isinstance(here, dict):
        here.pop(path[-1], None)


def _keys_of(model: type[BaseModel], path: Path) -> list[str]:
    here: object = model
    for step in path:
        here = _inside(here, step)
    found = _model_in(here)
    return list(_by_key(found)) if found is not None else []


def _by_key(model: type[BaseModel]) -> dict[str, object]:
    """What each key holds, by the key as it is written."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _inside(annotation: object, step: int | str) -> object:
    """What stands at `step` of a value of this type; None if that cannot be told."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _by_key(annotation).get(str(step))
    arguments = get_args(annotation)
    if get_origin(annotation) in (dict, tuple):
        return arguments[1 if get_origin(annotation) is dict else 0]
    return next((inner for arg in arguments if (inner := _inside(arg, step)) is not None), None)


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for arg in get_args(annotation) if (model := _model_in(arg)) is not None), None)
