"""`kpi template`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kpi_engine.cli.app import app
from kpi_engine.cli.edges import or_refuse, refuse, rulebook_of
from kpi_engine.cli.options import RulesFolder, period_of
from kpi_engine.terms.period import Period


@app.command()
def template(
    out: Annotated[Path, typer.Argument(metavar="OUT.xlsx", show_default=False)],
    month: Annotated[
        Period, typer.Option("--month", parser=period_of, metavar="MONTH", help="The month, such as 2024-04.")
    ],
    last_month: Annotated[
        Path | None,
        typer.Option(
            "--last-month", metavar="FILE", help="Last month's return: its figures are shown beside."
        ),
    ] = None,
    authority: Annotated[
        str | None,
        typer.Option(
            "--authority", metavar="CODE", help="ONS code. [default: the plan's first]", show_default=False
        ),
    ] = None,
    rules: RulesFolder = None,
) -> None:
    """Write the empty return of a month, ready to fill."""
    from kpi_engine.returns.read import read_return
    from kpi_engine.returns.template import write_template

    rulebook = rulebook_of(rules)
    if month.length != 1:
        raise typer.BadParameter("--month takes a month, such as 2024-04.")
    if out.suffix.casefold() != ".xlsx":
        raise typer.BadParameter("The template's name must end in .xlsx.")
    codes = [council.code for council in rulebook.plan.authorities]
    if authority is not None and authority not in codes:
        raise typer.BadParameter(f"--authority is one of {', '.join(codes)}.")
    before = read_return(last_month, rulebook) if last_month is not None else None
    if before is not None and before.refused:
        refuse(before.findings)
    code = authority or codes[0]
    or_refuse(lambda: write_template(rulebook, month, out, authority=code, last_month=before))
    typer.echo(f"Template for {month.label}: {out}", err=True)
