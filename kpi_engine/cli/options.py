"""Options that several commands share, and what they may say."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable


class Format(StrEnum):
    """How a check is written out."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    GITHUB = "github"
    JUNIT = "junit"


class ListFormat(StrEnum):
    """How rules are written out."""

    TEXT = "text"
    JSON = "json"


class FailOn(StrEnum):
    """Which statuses give a code other than 0."""

    FAIL = "fail"
    NOT_ASSESSED = "not_assessed"


def period_of(text: str) -> Period:
    """The parser of an option that takes a period."""
    try:
        return Period.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


_Listed = TypeVar("_Listed", bound=StrEnum)


def one_of(listed: type[_Listed]) -> Callable[[str], _Listed]:
    """The parser of an option that takes one of a list."""

    def parse(text: str) -> _Listed:
        try:
            return listed(text)
        except ValueError:
            raise typer.BadParameter(f"{text!r} is not one of {', '.join(listed)}.") from None

    return parse


Paths = Annotated[
    list[Path],
    typer.Argument(metavar="PATH", help="Workbooks, or folders read recursively.", show_default=False),
]
RulesFolder = Annotated[
    Path | None,
    typer.Option(
        "--rules",
        metavar="FOLDER",
        help="Folder of rules. [default: ./rules, else the shipped rules]",
        show_default=False,
    ),
]
HistoryIfAny = Annotated[
    Path | None,
    typer.Option(
        "--history",
        metavar="FILE",
        help="Fills in the months that no return is given for.",
        show_default=False,
    ),
]
PeriodOption = Annotated[
    Period | None,
    typer.Option(
        "--period",
        parser=period_of,
        metavar="PERIOD",
        help="2023-12, 2023/24-Q3 or 2023/24. [default: the latest month given]",
        show_default=False,
    ),
]
