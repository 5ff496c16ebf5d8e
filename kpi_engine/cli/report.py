"""`kpi report`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kpi_engine.cli.app import app
from kpi_engine.cli.edges import board_of, or_refuse, refuse, returns_in, rulebook_of, tell
from kpi_engine.cli.options import HistoryIfAny, Paths, PeriodOption, RulesFolder, one_of
from kpi_engine.reports.board.pack import PackFormat
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.packs import Packs
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.rulebook.pack import Board
    from kpi_engine.terms.finding import Finding


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date; write year-month-day, such as 2025-04-17.") from None


@app.command()
def report(  # noqa: PLR0913, PLR0917  (a command's options)
    paths: Paths,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the packs are written.", show_default=False)
    ],
    board: Annotated[
        list[str] | None,
        typer.Option(
            "--board", metavar="ID", help="A board of boards.yaml; may be given again.", show_default=False
        ),
    ] = None,
    all_boards: Annotated[bool, typer.Option("--all-boards", help="Every board of boards.yaml.")] = False,
    meeting: Annotated[
        date | None,
        typer.Option("--meeting", parser=_day, metavar="DATE", help="The day it meets.", show_default=False),
    ] = None,
    period: PeriodOption = None,
    rules: RulesFolder = None,
    history: HistoryIfAny = None,
    form: Annotated[
        list[PackFormat] | None,
        typer.Option(
            "--format",
            parser=one_of(PackFormat),
            metavar="|".join(PackFormat),
            help="May be given again. [default: all that are installed]",
            show_default=False,
        ),
    ] = None,
    audience: Annotated[
        str | None,
        typer.Option(
            "--audience",
            metavar="ID",
            help="An audience of boards.yaml, in place of the board's own.",
            show_default=False,
        ),
    ] = None,
    allow_missing_commentary: Annotated[
        bool, typer.Option("--allow-missing-commentary", help='Print "No explanation given".')
    ] = False,
    opened: Annotated[bool, typer.Option("--open", help="Open the HTML when it is written.")] = False,
) -> None:
    """Write the exception report of a board: HTML, PDF, Word, Excel, JSON and CSV."""
    from kpi_engine.check import gathered, held_in, stood_in
    from kpi_engine.packs import packs
    from kpi_engine.reports.board.pack import put

    rulebook = rulebook_of(rules)
    boards = _boards(rulebook, board or [], every=all_boards)
    if audience is not None and audience not in rulebook.audiences:
        raise typer.BadParameter(f"--audience is one of {', '.join(rulebook.audiences)}.")
    returns = returns_in(paths, rulebook)
    held = or_refuse(lambda: held_in(history, returns, rulebook))
    measured = or_refuse(lambda: gathered(returns, rulebook, held))
    made = or_refuse(
        lambda: packs(
            measured,
            rulebook,
            boards,
            period=period,
            meetings={one.id: meeting for one in boards} if meeting is not None else {},
            audience=audience,
            allow_missing_commentary=allow_missing_commentary,
            corrected=stood_in(history, measured.measured.authority),
        )
    )
    if meeting is not None:
        _refuse_early(meeting, made)
    if made.refused:
        refuse(made.faults)
    files, missing = made.files(form or list(PackFormat))
    if missing and form:
        refuse(missing)
    try:
        done = put(files, out)
    except OSError as error:
        raise typer.BadParameter(f"{out} cannot be written: {error.strerror}.") from None
    _tell_of(done, missing, opened=opened)


def _refuse_early(meeting: date, made: Packs) -> None:
    """A meeting before the end of what is reported to it was mistyped, or the period was."""
    for report in made.reports.values():
        end = Period.parse(report.period).end
        if meeting < end:
            raise typer.BadParameter(
                f"--meeting {meeting} is before the end of {report.period_label}, {end}, of which the "
                f"{report.board} would read. Give a later day, or an earlier --period."
            )


def _tell_of(done: Sequence[Path], missing: Sequence[Finding], *, opened: bool) -> None:
    """What was written, on standard output, a path a line; what could not be, on standard error."""
    for one in missing:
        tell(one, err=True)
    for path in done:
        typer.echo(str(path))
        if opened and path.suffix == ".html":
            import webbrowser

            webbrowser.open(path.resolve().as_uri())


def _boards(rulebook: RuleBook, ids: Sequence[str], *, every: bool) -> Sequence[Board]:
    if every == bool(ids):
        raise typer.BadParameter("give --board ID or --all-boards.")
    return tuple(rulebook.boards.values()) if every else tuple(board_of(rulebook, one) for one in ids)
