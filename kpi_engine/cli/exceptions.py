"""`kpi exceptions`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kpi_engine.cli.app import app
from kpi_engine.cli.edges import (
    board_of,
    checked_on,
    colour_wanted,
    nothing_found,
    rulebook_of,
    typed_again,
)
from kpi_engine.cli.options import HistoryIfAny, ListFormat, PeriodOption, RulesFolder, one_of
from kpi_engine.exits import exit_code

if TYPE_CHECKING:
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.rulebook.pack import Board
    from kpi_engine.terms.period import Period


@app.command()
def exceptions(  # noqa: PLR0913, PLR0917  (a command's options)
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Workbooks or folders. Left out: what the history holds."),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(
            "--board", metavar="ID", help="What one board hears. [default: all]", show_default=False
        ),
    ] = None,
    period: PeriodOption = None,
    rules: RulesFolder = None,
    history: HistoryIfAny = None,
    form: Annotated[
        ListFormat,
        typer.Option(
            "--format", parser=one_of(ListFormat), metavar="|".join(ListFormat), help="How to write them."
        ),
    ] = ListFormat.TEXT,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit 0 also when measures fail or could not be assessed.")
    ] = False,
) -> None:
    """Tell what a board must hear: exceptions by declared rules, with the reason and what changed."""
    from kpi_engine.escalation.engine import deriving
    from kpi_engine.escalation.escalate import escalate
    from kpi_engine.reports.exceptions_json import to_exceptions_json
    from kpi_engine.reports.exceptions_text import exceptions_text
    from kpi_engine.terms.period import MONTH

    rulebook = rulebook_of(rules)
    told = board_of(rulebook, board) if board is not None else None
    _, checked = checked_on(
        paths or [], rulebook, period, history, reads=lambda latest: _read_by(told, latest, rulebook)
    )
    with deriving() as derive:
        escalated = escalate(rulebook, checked, derive=derive)
    if escalated is None:
        nothing_found(paths or [])
    if form is ListFormat.JSON:
        text = to_exceptions_json(escalated, checked, rulebook, told)
    else:
        usual = period is None and escalated.now.period.length == MONTH
        again = typed_again(None if usual else escalated.now.period, rules, history)
        words = [*map(str, paths or []), *again]
        text = exceptions_text(
            escalated,
            checked,
            rulebook,
            board=told,
            subject=" ".join(map(str, paths or [])) or str(history),
            words=words,
            colour=colour_wanted(),
        )
    typer.echo(text, nl=False)
    raise typer.Exit(exit_code(checked, exit_zero=exit_zero))


def _read_by(board: Board | None, latest: Period, rulebook: RuleBook) -> Period:
    """The period that the board's report of `latest` is of; without a board, `latest`."""
    from kpi_engine.packs import period_of

    if board is None:
        return latest
    return period_of(board, latest, yearly=rulebook.audiences[board.audience].threshold == 0)
