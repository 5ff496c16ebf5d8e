"""`kpi check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kpi_engine.cli.app import app
from kpi_engine.cli.edges import checked_on, colour_wanted, refuse, rulebook_of, typed_again
from kpi_engine.cli.options import (
    FailOn,
    Format,
    HistoryIfAny,
    Paths,
    PeriodOption,
    RulesFolder,
    one_of,
)
from kpi_engine.errors import KpiError, ReturnUnreadable
from kpi_engine.exits import BOTH, exit_code
from kpi_engine.terms.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.finding import Finding


@app.command()
def check(  # noqa: PLR0913, PLR0917  (a command's options)
    paths: Paths,
    period: PeriodOption = None,
    rules: RulesFolder = None,
    form: Annotated[
        Format,
        typer.Option(
            "--format", parser=one_of(Format), metavar="|".join(Format), help="How to write the result."
        ),
    ] = Format.TEXT,
    everything: Annotated[
        bool, typer.Option("--all", help="A row for every measure, and every finding.")
    ] = False,
    history: HistoryIfAny = None,
    series: Annotated[bool, typer.Option("--series", help="Earlier months too (json and csv).")] = False,
    annotate: Annotated[
        Path | None,
        typer.Option(
            "--annotate",
            metavar="OUT.xlsx",
            help="Write a copy of the one workbook given, faulty cells marked.",
        ),
    ] = None,
    fail_on: Annotated[
        list[FailOn] | None,
        typer.Option(
            "--fail-on",
            parser=one_of(FailOn),
            metavar="|".join(FailOn),
            help="Which statuses give exit code 1 or 3; may be given twice. [default: both]",
            show_default=False,
        ),
    ] = None,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit 0 also when measures fail or could not be assessed.")
    ] = False,
) -> None:
    """Check returns against every target: what passes, what fails, what could not be checked and why."""
    from kpi_engine.reports.text import to_text

    rulebook = rulebook_of(rules)
    if annotate is not None and not (len(paths) == 1 and paths[0].is_file()):
        raise typer.BadParameter("--annotate takes exactly one workbook.")
    returns, checked = checked_on(paths, rulebook, period, history)
    if annotate is not None:
        _annotated(paths[0], returns[0].findings, annotate)
    if form is Format.TEXT:
        words = [str(path) for path in paths]
        again = [*words, *typed_again(period, rules, history)]
        text = to_text(
            checked,
            rulebook,
            subject=" ".join(words),
            words=again,
            everything=everything,
            colour=colour_wanted(),
        )
    else:
        text = _written(checked, rulebook, form, series=series)
    typer.echo(text, nl=False)
    statuses = frozenset(Status(f.value) for f in fail_on) if fail_on else BOTH
    raise typer.Exit(exit_code(checked, fail_on=statuses, exit_zero=exit_zero))


def _written(checked: Checked, rulebook: RuleBook, form: Format, *, series: bool) -> str:
    if form is Format.JSON:
        from kpi_engine.escalation.engine import deriving
        from kpi_engine.escalation.escalate import escalate
        from kpi_engine.reports.to_json import to_json

        with deriving() as derive:
            escalated = escalate(rulebook, checked, derive=derive)
        return to_json(checked, rulebook, series=series, escalated=escalated)
    if form is Format.CSV:
        from kpi_engine.reports.to_csv import to_csv

        return to_csv(checked, rulebook, series=series)
    if form is Format.GITHUB:
        from kpi_engine.reports.to_github import to_github

        return to_github(checked, rulebook)
    from kpi_engine.reports.to_junit import to_junit

    return to_junit(checked, rulebook)


def _annotated(source: Path, findings: Sequence[Finding], out: Path) -> None:
    from kpi_engine.returns.marked_copy.annotate import annotate

    try:
        annotate(source, findings, out)
    except ReturnUnreadable:  # the check says why
        typer.echo("No marked copy: the workbook, or a part of it, cannot be read.", err=True)
        return
    except KpiError as error:
        refuse(error.findings)
    count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
    typer.echo(f"Marked copy: {out} ({count}).", err=True)
