"""`kpi run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kpi_engine.cli.app import app
from kpi_engine.cli.edges import tell
from kpi_engine.errors import KpiError
from kpi_engine.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.automation.run import Ran
    from kpi_engine.automation.settings import Settings

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The settings. [default: ./kpi.toml, unless --inbox and --out are given]",
        show_default=False,
    ),
]


@app.command()
def run(  # noqa: PLR0913, PLR0917  (a command's options)
    config: Config = None,
    inbox: Annotated[
        Path | None, typer.Option("--inbox", metavar="DIR", help="Where returns arrive.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where reports go.", show_default=False)
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option("--history", metavar="FILE", help="What was measured when.", show_default=False),
    ] = None,
    boards: Annotated[
        list[str] | None,
        typer.Option(
            "--boards",
            metavar="ID",
            help="Boards that hear of it; may be given again. [default: as set, else all]",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")
    ] = False,
) -> None:
    """Take new returns from the inbox: check, record, report, archive. A scheduler calls it each day."""
    from kpi_engine.automation.clock import now
    from kpi_engine.automation.files import CannotNow
    from kpi_engine.automation.log import Event, Happened, RunLog
    from kpi_engine.automation.logged import events_of
    from kpi_engine.automation.run import run as monthly

    settings = settings_of(config, inbox, out, history, boards or ())
    log = None if dry_run else RunLog(settings.log)

    def note(happened: Happened) -> None:
        if log is not None:
            log.tell(happened)

    note(Happened(Event.STARTED))
    try:
        ran = monthly(settings, at=now(), dry_run=dry_run)
    except KpiError as error:
        code = Exit.NOT_NOW if isinstance(error, CannotNow) else Exit.USAGE_OR_RULEBOOK
        note(Happened(Event.FAILED, codes=tuple(f.code for f in error.findings), exit_code=code, error=error))
        for one in error.findings:
            tell(one, err=True)
        typer.echo("Nothing was done." if code is Exit.USAGE_OR_RULEBOOK else _LATER, err=True)
        raise typer.Exit(code) from None
    except BaseException as error:
        note(Happened(Event.FAILED, exit_code=Exit.INTERNAL_ERROR, error=error))
        raise
    for happened in events_of(ran):
        note(happened)
    note(Happened(Event.FINISHED, exit_code=Exit.OK))
    _say(ran, settings, dry_run=dry_run)


_LATER = "Nothing is lost; the next run goes on from here."


def settings_of(
    config: Path | None,
    inbox: Path | None = None,
    out: Path | None = None,
    history: Path | None = None,
    boards: Sequence[str] = (),
) -> Settings:
    """The settings of --config, of ./kpi.toml, or of the flags alone; faults end the command with code 2."""
    from kpi_engine.automation.settings import read_settings, settings_of_flags, with_flags
    from kpi_engine.cli.edges import or_refuse

    here = Path("kpi.toml")
    if config is None and not here.is_file():
        if inbox is None or out is None:
            raise typer.BadParameter(
                "there is no kpi.toml here: give --config FILE, or --inbox and --out; kpi init writes one."
            )
        return or_refuse(lambda: settings_of_flags(inbox=inbox, out=out, history=history, boards=boards))
    return or_refuse(
        lambda: with_flags(
            read_settings(config or here), inbox=inbox, out=out, history=history, boards=boards
        )
    )


def _say(ran: Ran, settings: Settings, *, dry_run: bool) -> None:
    """What was done, on standard output; what was not as expected, on standard error."""
    from kpi_engine.automation.run_text import done, open_still

    for one in (*ran.found, *ran.told.waiting):
        tell(one, err=True)
    for line in open_still(ran):
        typer.echo(line, err=True)
    for line in done(ran):
        typer.echo(line)
    if dry_run:
        typer.echo("This was a dry run: nothing was written.")
    elif ran.renewed:
        typer.echo(f"Notice: {settings.relative(settings.out / 'notice.md')}")
