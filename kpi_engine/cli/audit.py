"""`kpi audit`, `rerun` and `purge`: what was reported when, proved, made again, and what is kept of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kpi_engine.cli.app import app
from kpi_engine.cli.edges import colour_wanted, or_refuse, tell
from kpi_engine.cli.options import ListFormat, period_of
from kpi_engine.cli.run import Config, settings_of
from kpi_engine.errors import KpiError
from kpi_engine.exits import Exit
from kpi_engine.terms.period import MONTH, Period

if TYPE_CHECKING:
    from kpi_engine.automation.audit import Log
    from kpi_engine.automation.settings import Settings

audit_app = typer.Typer(help="What was reported when: verify, show.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")


def _month(text: str) -> Period:
    month = period_of(text)
    if month.length != MONTH:
        raise typer.BadParameter(f"{text!r} is no month; write 2024-03.")
    return month


def _head(text: str) -> str:
    head = re.sub(r"\s", "", text).casefold()  # typed from paper, perhaps over two lines
    if re.fullmatch(r"[0-9a-f]{64}", head) is None:
        raise typer.BadParameter("a head is 64 digits of 0-9 and a-f; a pack has it on its last page.")
    return head


Output = Annotated[ListFormat, typer.Option("--format", help="text or json.")]
Month = Annotated[Period, typer.Argument(parser=_month, metavar="MONTH", show_default=False)]


@audit_app.command("verify")
def verify(
    config: Config = None,
    head: Annotated[
        str | None,
        typer.Option(
            "--head", parser=_head, metavar="HEAD", help="A head printed in a pack.", show_default=False
        ),
    ] = None,
    pack: Annotated[
        Path | None,
        typer.Option("--pack", metavar="FILE", help="A pack that was handed out.", show_default=False),
    ] = None,
) -> None:
    """Prove that the audit log, the reports, the archive and the history are as they were written.

    Whoever can write to all of them can make all of them anew; against that, give a pack that was
    handed out (--pack), or the head printed in it (--head). Exit 0: whole; 1: broken.
    """
    from kpi_engine.automation import verify as proving
    from kpi_engine.automation.audit_text import proof_text

    if head is not None and pack is not None:
        raise typer.BadParameter("give --head or --pack, not both.")
    settings = settings_of(config)
    proof = or_refuse(lambda: proving.verify(settings, head=head or "", pack=pack))
    for one in proof.findings:
        tell(one, err=True)
    typer.echo(proof_text(proof), nl=False)
    raise typer.Exit(Exit.OK if proof.whole else Exit.MEASURE_FAILS)


@audit_app.command("show")
def show(
    period: Annotated[
        Period | None, typer.Argument(parser=_month, metavar="[MONTH]", show_default=False)
    ] = None,
    config: Config = None,
    form: Output = ListFormat.TEXT,
) -> None:
    """What was reported of a month: when, by whom, from what, and its files; without one, every entry."""
    from kpi_engine.automation import audit_text

    settings = settings_of(config)
    log = _log(settings)
    if period is None:
        file = settings.relative(settings.audit)
        text = audit_text.log_text(log, file=file, colour=colour_wanted())
        typer.echo(audit_text.log_json(log) if form is ListFormat.JSON else text, nl=False)
        return
    text = audit_text.month_text(log, period, colour=colour_wanted())
    typer.echo(audit_text.month_json(log, period) if form is ListFormat.JSON else text, nl=False)


@app.command()
def rerun(  # noqa: PLR0913, PLR0917  (a command's options)
    period: Month,
    config: Config = None,
    revision: Annotated[
        int | None, typer.Option("--revision", min=1, help="[default: the last]", show_default=False)
    ] = None,
    recalculation: Annotated[
        int | None, typer.Option("--recalculation", min=0, help="[default: the last]", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to write what is made again.", show_default=False),
    ] = None,
    form: Output = ListFormat.TEXT,
) -> None:
    """Make a month's report again from the archive, and say whether it is the same, byte for byte.

    Exit 0: the same; 1: it differs.
    """
    from kpi_engine.automation import audit_text
    from kpi_engine.automation import rerun as again
    from kpi_engine.reports.board.pack import put

    settings = settings_of(config)
    log = _log(settings)
    made = or_refuse(
        lambda: again.rerun(settings, log, period, revision=revision, recalculation=recalculation)
    )
    if out is not None:
        if any(out.resolve().is_relative_to(folder.resolve()) for folder in settings.folders):
            raise typer.BadParameter(f"{out} belongs to the monthly run; give another folder.")
        try:
            put(made.files, out)
        except OSError as error:
            raise typer.BadParameter(f"{out} cannot be written: {error.strerror}.") from None
    text = audit_text.rerun_text(made, colour=colour_wanted())
    typer.echo(audit_text.rerun_json(made) if form is ListFormat.JSON else text, nl=False)
    raise typer.Exit(Exit.MEASURE_FAILS if made.different else Exit.OK)


@app.command()
def purge(
    before: Annotated[
        Period,
        typer.Option(
            "--before", parser=_month, metavar="MONTH", help="The first month kept, such as 2024-04."
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed.")] = False,
    config: Config = None,
) -> None:
    """Remove archived returns and their marked copies of months before one; what was reported stays."""
    from kpi_engine.automation import audit_text, clock
    from kpi_engine.automation import purge as removing
    from kpi_engine.automation.files import CannotNow

    settings = settings_of(config)
    if dry_run:
        log = _log(settings)
        plan = or_refuse(lambda: removing.planned(settings, log, before))
        typer.echo(audit_text.purge_text(plan, dry=True), nl=False)
        return
    try:
        plan = removing.purge(settings, before, who=settings.who, at=clock.now())
    except KpiError as error:
        for one in error.findings:
            tell(one, err=True)
        raise typer.Exit(Exit.NOT_NOW if isinstance(error, CannotNow) else Exit.USAGE_OR_RULEBOOK) from None
    typer.echo(audit_text.purge_text(plan, dry=False), nl=False)


def _log(settings: Settings) -> Log:
    """The audit log; its faults are counted on standard error, since what it says may not be so."""
    from kpi_engine.automation.audit import read_log

    log = or_refuse(lambda: read_log(settings.audit))
    if log.faults:
        number = "1 fault" if len(log.faults) == 1 else f"{len(log.faults)} faults"
        typer.echo(f"The audit log has {number}; kpi audit verify tells them.", err=True)
    return log
