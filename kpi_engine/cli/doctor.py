"""`kpi doctor`."""

from __future__ import annotations

import typer

from kpi_engine.cli.app import app
from kpi_engine.cli.edges import rulebook_of
from kpi_engine.cli.options import RulesFolder
from kpi_engine.exits import Exit


@app.command()
def doctor(rules: RulesFolder = None) -> None:
    """Look at this installation: versions, engine, rules."""
    from kpi_engine.doctor import examine

    checks = examine(rulebook_of(rules))
    for one in checks:
        typer.echo(f"{'●' if one.well else '■'} {one.subject:<17} {one.found}")
    raise typer.Exit(Exit.OK if all(one.well for one in checks) else Exit.INTERNAL_ERROR)
