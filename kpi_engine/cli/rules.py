"""`kpi rules`: list, show, test, lint, schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

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
    from kpi_engine.escalation.examples import run_escalation_examples
    from kpi_engine.examples import run_examples

    rulebook = rulebook_of(rules)
    tried = [
        *(_Tried(o.indicator.file, o.example.line, o.example.name, o.faults) for o in run_examples(rulebook)),
        *(
            _Tried(rulebook.escalations.file, o.example.line, o.example.name, o.faults)
            for o in run_escalation_examples(rulebook.escalations)
        ),
    ]
    wrong = [one for one in tried if one.faults]
    for one in wrong:
        for fault in one.faults:
            typer.echo(f"✗ {one.file}:{one.line}: {one.name}: {fault}")
    measures, escalations = len(rulebook.indicators), len(rulebook.escalations.rules)
    beside = f" and {escalations} escalation rules" if escalations else ""
    typer.echo(f"{len(tried) - len(wrong)} of {len(tried)} examples of {measures} measures{beside} hold.")
    raise typer.Exit(Exit.USAGE_OR_RULEBOOK if wrong else Exit.OK)


class _Tried(NamedTuple):
    """One example, where it stands, and what is wrong."""

    file: str
    line: int
    name: str
    faults: Sequence[str]


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
