"""`kpi explain`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from kpi_engine.cli.app import app
from kpi_engine.cli.edges import checked_on, colour_wanted, indicator_of, rulebook_of
from kpi_engine.cli.options import HistoryIfAny, PeriodOption, RulesFolder

_CODE = re.compile(r"[A-Z]\d{3}", re.IGNORECASE)


@app.command()
def explain(  # noqa: PLR0913, PLR0917  (a command's options)
    subject: Annotated[
        str,
        typer.Argument(metavar="ID|CODE", help="A measure's id, or a finding's code.", show_default=False),
    ],
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Workbooks or folders. Left out: the rule alone."),
    ] = None,
    period: PeriodOption = None,
    rules: RulesFolder = None,
    history: HistoryIfAny = None,
    cases: Annotated[
        bool, typer.Option("--cases", help="The cells of every row that counts, fails or is in doubt.")
    ] = False,
) -> None:
    """Tell the whole way from the plan's words to the verdict on one measure, and what would turn it."""
    from kpi_engine.reports.explain import explain_code, explain_measure, rules_show

    told = explain_code(subject.upper(), colour=colour_wanted())
    if told is not None:
        typer.echo(told, nl=False)
        return
    if _CODE.fullmatch(subject):
        raise typer.BadParameter(f"{subject} is no finding's code; a finding shows its own, such as R204.")
    rulebook = rulebook_of(rules)
    indicator_of(rulebook, subject)
    if not paths and history is None:
        typer.echo(rules_show(rulebook.indicators[subject], rulebook, colour=colour_wanted()), nl=False)
        return
    from kpi_engine.cases import cases_behind
    from kpi_engine.explained import exceptions_explained
    from kpi_engine.reports.trend_text import explain_trend
    from kpi_engine.trend import revisions, trends

    returns, checked = checked_on(paths or [], rulebook, period, history)
    evidence = cases_behind(returns, rulebook, checked, subject) if cases else ()
    trend = trends(rulebook, checked.measured, checked.period, only=[subject]) if checked.period else ()
    lines = [line for one in trend for line in explain_trend(one, revisions(one))]
    raised = exceptions_explained(returns, rulebook, checked, subject)
    text = explain_measure(
        checked, rulebook, subject, evidence, trend=lines, exceptions=raised, colour=colour_wanted()
    )
    typer.echo(text, nl=False)
