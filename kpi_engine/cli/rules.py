"""`kpi rules`: list, show, test, lint, schema."""

from __future__ import annotations

from typing import Annotated

import typer

from kpi_engine.cli.app import app
from kpi_engine.cli.edges import colour_wanted, indicator_of, rulebook_of, tell
from kpi_engine.cli.options import ListFormat, RulesFolder, one_of
from kpi_engine.exits import Exit

rules_app = typer.Typer(help="Look at the rules: list, show, test, lint, schema.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")

RulesFormat = Annotated[
    ListFormat,
    typer.Option(
        "--format", parser=one_of(ListFormat), metavar="|".join(ListFormat), help="How to write the rules."
    ),
]


@rules_app.command("list")
def rules_list(rules: RulesFolder = None, form: RulesFormat = ListFormat.TEXT) -> None:
    """Every measure with its targets."""
    from kpi_engine.reports import explain as reports

    rulebook = rulebook_of(rules)
    if form is ListFormat.JSON:
        typer.echo(reports.rules_json(rulebook.indicators.values()), nl=False)
    else:
        typer.echo(reports.rules_list(rulebook, colour=colour_wanted()), nl=False)


@rules_app.command("show")
def rules_show(
    measure: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
    rules: RulesFolder = None,
    form: RulesFormat = ListFormat.TEXT,
) -> None:
    """One measure: lead, source, readings, targets, how it is measured."""
    from kpi_engine.reports import explain as reports

    rulebook = rulebook_of(rules)
    indicator = indicator_of(rulebook, measure)
    if form is ListFormat.JSON:
        typer.echo(reports.rule_json(indicator), nl=False)
    else:
        typer.echo(reports.rules_show(indicator, rulebook, colour=colour_wanted()), nl=False)


@rules_app.command("test")
def rules_test(rules: RulesFolder = None) -> None:
    """Run the examples that every rule carries."""
    from kpi_engine.examples import run_examples

    outcomes = list(run_examples(rulebook_of(rules)))
    wrong = [o for o in outcomes if o.faults]
    for one in wrong:
        for fault in one.faults:
            typer.echo(f"✗ {one.indicator.file}:{one.example.line}: {one.example.name}: {fault}")
    measures = len({o.indicator.id for o in outcomes})
    typer.echo(f"{len(outcomes) - len(wrong)} of {len(outcomes)} examples of {measures} measures hold.")
    raise typer.Exit(Exit.USAGE_OR_RULEBOOK if wrong else Exit.OK)


@rules_app.command("lint")
def rules_lint(rules: RulesFolder = None) -> None:
    """Faults of the rules folder, and what could be said better."""
    from kpi_engine.rulebook.lint import lint

    rulebook = rulebook_of(rules)
    advice = lint(rulebook)
    for one in advice:
        tell(one, err=False)
    typer.echo(f"{rulebook.folder}: {len(rulebook.indicators)} measures, no fault, {len(advice)} to look at.")


@rules_app.command("schema")
def rules_schema() -> None:
    """The shape of rule files as JSON Schema, for editors."""
    import json

    from kpi_engine.rulebook.lint import json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
