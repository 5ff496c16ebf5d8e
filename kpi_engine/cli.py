"""The commands. They read arguments, call one function each, print, and exit; they decide nothing."""

from __future__ import annotations

import os
import re
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from kpi_engine.errors import KpiError, ReturnUnreadable
from kpi_engine.exits import BOTH, Exit, exit_code
from kpi_engine.terms.period import Period
from kpi_engine.terms.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kpi_engine.rulebook.book import Indicator, RuleBook
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.finding import Finding

_CODE = re.compile(r"[A-Z]\d{3}", re.IGNORECASE)

app = typer.Typer(
    name="kpi",
    help="Check monthly returns against the targets of an action plan.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
rules_app = typer.Typer(help="Look at the rules: list, show, test, lint, schema.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")


class Format(StrEnum):
    """How a check is written out."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    GITHUB = "github"
    JUNIT = "junit"


class ListFormat(StrEnum):
    """How rules are written out."""

    TEXT = "text"
    JSON = "json"


class FailOn(StrEnum):
    """Which statuses give a code other than 0."""

    FAIL = "fail"
    NOT_ASSESSED = "not_assessed"


def _period(text: str) -> Period:
    try:
        return Period.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


_Listed = TypeVar("_Listed", bound=StrEnum)


def _one_of(listed: type[_Listed]) -> Callable[[str], _Listed]:
    """The parser of an option that takes one of a list."""

    def parse(text: str) -> _Listed:
        try:
            return listed(text)
        except ValueError:
            raise typer.BadParameter(f"{text!r} is not one of {', '.join(listed)}.") from None

    return parse


Paths = Annotated[
    list[Path],
    typer.Argument(metavar="PATH", help="Workbooks, or folders read recursively.", show_default=False),
]
RulesFolder = Annotated[
    Path | None,
    typer.Option(
        "--rules",
        metavar="FOLDER",
        help="Folder of rules. [default: ./rules, else the shipped rules]",
        show_default=False,
    ),
]
HistoryIfAny = Annotated[
    Path | None,
    typer.Option(
        "--history",
        metavar="FILE",
        help="Fills in the months that no return is given for.",
        show_default=False,
    ),
]
PeriodOption = Annotated[
    Period | None,
    typer.Option(
        "--period",
        parser=_period,
        metavar="PERIOD",
        help="2023-12, 2023/24-Q3 or 2023/24. [default: the latest month given]",
        show_default=False,
    ),
]


def _version(asked: bool) -> None:  # noqa: FBT001  (typer's callback)
    if asked:
        from importlib.metadata import version

        typer.echo(f"kpi {version('kpi-engine')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Check monthly returns against the targets of an action plan."""


# ── check ────────────────────────────────────────────────────────────────────


@app.command()
def check(  # noqa: PLR0913, PLR0917  (a command's options)
    paths: Paths,
    period: PeriodOption = None,
    rules: RulesFolder = None,
    form: Annotated[
        Format,
        typer.Option(
            "--format", parser=_one_of(Format), metavar="|".join(Format), help="How to write the result."
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
            parser=_one_of(FailOn),
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
    from kpi_engine.check import held_in, judged, read_returns
    from kpi_engine.reports.text import to_text

    rulebook = rulebook_of(rules)
    if annotate is not None and not (len(paths) == 1 and paths[0].is_file()):
        raise typer.BadParameter("--annotate takes exactly one workbook.")
    returns = read_returns(existing(paths), rulebook, progress())
    if not returns:
        nothing_found(paths)
    if annotate is not None:
        _annotated(paths[0], returns[0].findings, annotate)
    held = or_refuse(lambda: held_in(history, returns, rulebook))
    checked = or_refuse(lambda: judged(returns, rulebook, period, held))
    if form is Format.TEXT:
        words = [str(path) for path in paths]
        again = [*words, *_options(period, rules)]
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


def _options(period: Period | None, rules: Path | None) -> list[str]:
    """The options that chose what was checked, to be typed again."""
    chosen = ["--period", str(period)] if period is not None else []
    return [*chosen, "--rules", str(rules)] if rules is not None else chosen


def _written(checked: Checked, rulebook: RuleBook, form: Format, *, series: bool) -> str:
    if form is Format.JSON:
        from kpi_engine.reports.to_json import to_json

        return to_json(checked, rulebook, series=series)
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
        typer.echo("No marked copy: the workbook cannot be read.", err=True)
        return
    except KpiError as error:
        _refuse(error.findings)
    count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
    typer.echo(f"Marked copy: {out} ({count}).", err=True)


# ── explain ──────────────────────────────────────────────────────────────────


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
    _indicator(rulebook, subject)
    if not paths and history is None:
        typer.echo(rules_show(rulebook.indicators[subject], rulebook, colour=colour_wanted()), nl=False)
        return
    from kpi_engine.cases import cases_behind
    from kpi_engine.check import held_in, judged, read_returns
    from kpi_engine.recorded import recorded
    from kpi_engine.reports.trend_text import explain_trend
    from kpi_engine.trend import revisions, trends

    returns = read_returns(existing(paths), rulebook, progress()) if paths else ()
    if paths and not returns:
        nothing_found(paths)
    if history is not None and not paths:
        checked = or_refuse(lambda: recorded(history, rulebook, [subject], period))
    else:
        held = or_refuse(lambda: held_in(history, returns, rulebook))
        checked = or_refuse(lambda: judged(returns, rulebook, period, held))
    if checked is None:
        nothing_found([history] if history is not None else [])
    evidence = cases_behind(returns, rulebook, checked, subject) if cases else ()
    trend = trends(rulebook, checked.measured, checked.period, only=[subject]) if checked.period else ()
    lines = [line for one in trend for line in explain_trend(one, revisions(one))]
    text = explain_measure(checked, rulebook, subject, evidence, trend=lines, colour=colour_wanted())
    typer.echo(text, nl=False)


# ── template ─────────────────────────────────────────────────────────────────


@app.command()
def template(
    out: Annotated[Path, typer.Argument(metavar="OUT.xlsx", show_default=False)],
    month: Annotated[
        Period, typer.Option("--month", parser=_period, metavar="MONTH", help="The month, such as 2024-04.")
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
        _refuse(before.findings)
    code = authority or codes[0]
    or_refuse(lambda: write_template(rulebook, month, out, authority=code, last_month=before))
    typer.echo(f"Template for {month.label}: {out}", err=True)


# ── rules ────────────────────────────────────────────────────────────────────

RulesFormat = Annotated[
    ListFormat,
    typer.Option(
        "--format", parser=_one_of(ListFormat), metavar="|".join(ListFormat), help="How to write the rules."
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
    indicator = _indicator(rulebook, measure)
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
        _tell(one, err=False)
    typer.echo(f"{rulebook.folder}: {len(rulebook.indicators)} measures, no fault, {len(advice)} to look at.")


@rules_app.command("schema")
def rules_schema() -> None:
    """The shape of rule files as JSON Schema, for editors."""
    import json

    from kpi_engine.rulebook.lint import json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


# ── doctor ───────────────────────────────────────────────────────────────────


@app.command()
def doctor(rules: RulesFolder = None) -> None:
    """Look at this installation: versions, engine, rules."""
    from kpi_engine.doctor import examine

    checks = examine(rulebook_of(rules))
    for one in checks:
        typer.echo(f"{'●' if one.well else '■'} {one.subject:<17} {one.found}")
    raise typer.Exit(Exit.OK if all(one.well for one in checks) else Exit.INTERNAL_ERROR)


# ── What every command needs ─────────────────────────────────────────────────


def rulebook_of(given: Path | None) -> RuleBook:
    """The rules asked for, else ./rules, else the shipped ones."""
    from kpi_engine.rulebook.load import find_rules, load_rulebook

    folder = find_rules(given)
    shown = "the shipped rules" if folder.is_absolute() and given is None else None
    return or_refuse(lambda: load_rulebook(folder, shown))


def _indicator(rulebook: RuleBook, measure: str) -> Indicator:
    from difflib import get_close_matches

    if measure in rulebook.indicators:
        return rulebook.indicators[measure]
    close = get_close_matches(measure, rulebook.indicators, n=1, cutoff=0.4)
    hint = f" Did you mean {close[0]}?" if close else " kpi rules list shows them all."
    raise typer.BadParameter(f"{measure!r} is no measure.{hint}")


T = TypeVar("T")


def or_refuse(act: Callable[[], T]) -> T:
    """What `act` gives; a fault after which nothing can go on is told, and ends the command with code 2."""
    try:
        return act()
    except KpiError as error:
        _refuse(error.findings)


def _refuse(findings: Sequence[Finding]) -> NoReturn:
    for one in findings:
        _tell(one, err=True)
    count = "1 fault" if len(findings) == 1 else f"{len(findings)} faults"
    typer.echo(f"{count}. Nothing was checked and nothing was written.", err=True)
    raise typer.Exit(Exit.USAGE_OR_RULEBOOK)


def _tell(one: Finding, *, err: bool) -> None:
    typer.echo(f"{one.where}: {one.code} {one.message}".removeprefix(": "), err=err)
    if one.fix:
        typer.echo(f"    {one.fix}", err=err)


def existing(paths: Sequence[Path]) -> Sequence[Path]:
    """The paths, unless none of them is there: then a name was mistyped and there is no return at all."""
    return paths if any(path.exists() or path.is_symlink() for path in paths) else ()


def nothing_found(paths: Sequence[Path]) -> NoReturn:
    """Say that there is no return, and end with code 4."""
    given = ", ".join(str(path) for path in paths)
    hint = (
        "Give .xlsx workbooks, or a folder of them."
        if existing(paths)
        else "There is no such file or folder."
    )
    typer.echo(f"No return found in {given}. {hint}", err=True)
    raise typer.Exit(Exit.NO_RETURN_FOUND)


def colour_wanted() -> bool:
    """Whether standard output is a terminal that may be coloured."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def progress() -> Callable[[int, int], None]:
    """Say on standard error how far the reading is, after a second of it; redrawn only on a terminal."""
    began = time.monotonic()
    live = sys.stderr.isatty()
    said = 0

    def told(done: int, of: int) -> None:
        nonlocal said
        if time.monotonic() - began < 1 or (said and not live):
            return
        said += 1
        start, end = ("\r", "\n" if done == of else "") if live else ("", "\n")
        typer.echo(f"{start}Reading returns: {done} of {of}{end}", nl=False, err=True)

    return told
