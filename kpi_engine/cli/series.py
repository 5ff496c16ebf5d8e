"""`kpi record`, `history`, `trend`, `chart` and `spc`: the commands on series of months."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kpi_engine.cli.app import app
from kpi_engine.cli.edges import (
    checked_on,
    colour_wanted,
    indicator_of,
    nothing_found,
    or_refuse,
    returns_in,
    rulebook_of,
)
from kpi_engine.cli.options import HistoryIfAny, ListFormat, PeriodOption, RulesFolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.period import Period
    from kpi_engine.trend import Trend

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
"""What can only be meant as a measure, unless there is a file or folder of that name."""

history_app = typer.Typer(help="What was recorded: list, show, export.", no_args_is_help=True)
app.add_typer(history_app, name="history")

HistoryFile = Annotated[
    Path,
    typer.Option("--history", metavar="FILE", help="The history's file.", show_default=False),
]
Output = Annotated[ListFormat, typer.Option("--format", help="text or json.")]


# ── record, history ──────────────────────────────────────────────────────────


@app.command()
def record(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", show_default=False)],
    history: HistoryFile,
    who: Annotated[
        str | None, typer.Option("--who", help="Who records. [default: your user name]", show_default=False)
    ] = None,
    rules: RulesFolder = None,
) -> None:
    """Store what the returns measured; a corrected return becomes a new revision and the old one stays."""
    import getpass

    from kpi_engine.check import judged, months_of
    from kpi_engine.history.record import measured_months
    from kpi_engine.history.record import record as store
    from kpi_engine.reports.history_text import recorded_text

    rulebook = rulebook_of(rules)
    returns = returns_in(paths, rulebook)
    checked = or_refuse(lambda: judged(returns, rulebook, None))
    months = measured_months(months_of(returns, rulebook), checked.measured.records, checked.run)
    done = or_refuse(
        lambda: store(
            history,
            months,
            checked.run,
            authority=checked.measured.authority,
            who=who or getpass.getuser(),
            at=datetime.now(UTC),
        )
    )
    typer.echo(recorded_text(done, file=str(history)), nl=False)


@history_app.command("list")
def history_list(history: HistoryFile, form: Output = ListFormat.TEXT) -> None:
    """Every record of every month: which stands, when, by whom and from what."""
    from kpi_engine.history.file import open_history
    from kpi_engine.history.read import recorded_months
    from kpi_engine.reports import history_text

    def listed() -> str:
        with open_history(history) as held:
            months = recorded_months(held)
            if form is ListFormat.JSON:
                return history_text.history_list_json(months)
            return history_text.history_list(
                months, file=str(history), journal=held.journal, colour=colour_wanted()
            )

    typer.echo(or_refuse(listed), nl=False)


@history_app.command("show")
def history_show(
    measure: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
    history: HistoryFile,
    rules: RulesFolder = None,
    form: Output = ListFormat.TEXT,
) -> None:
    """The months of one measure, as first reported and as they stand now."""
    from kpi_engine.history.file import open_history
    from kpi_engine.history.read import authorities, series
    from kpi_engine.measures.plan import measures_of
    from kpi_engine.reports import history_text

    rulebook = rulebook_of(rules)
    rule = measures_of(rulebook).get(measure)

    def shown() -> str:
        with open_history(history) as held:
            figures = [f for council in authorities(held) for f in series(held, council, measure)]
        if not figures:
            raise typer.BadParameter(
                f"{history} holds no month of {measure!r}; kpi rules list shows the ids."
            )
        if form is ListFormat.JSON:
            return history_text.history_show_json(figures, measure, rule)
        title = rule.title if rule is not None else ""
        return history_text.history_show(figures, measure, rule, title=title, colour=colour_wanted())

    typer.echo(or_refuse(shown), nl=False)


@history_app.command("export")
def history_export(
    history: HistoryFile,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="OUT.csv", show_default=False)] = None,
    parquet: Annotated[
        Path | None, typer.Option("--parquet", metavar="OUT.parquet", show_default=False)
    ] = None,
) -> None:
    """Write every record in long form, for Power BI and Excel."""
    from kpi_engine.history.export import export_csv, export_parquet
    from kpi_engine.history.file import open_history

    if csv is None and parquet is None:
        raise typer.BadParameter("say where to write: --csv OUT.csv, --parquet OUT.parquet or both.")

    def exported() -> list[str]:
        with open_history(history) as held:
            done = [(csv, export_csv)] if csv is not None else []
            done += [(parquet, export_parquet)] if parquet is not None else []
            return [f"{out}: {write(held, out)} records" for out, write in done if out is not None]

    for line in or_refuse(exported):
        typer.echo(line, err=True)


# ── trend, chart ─────────────────────────────────────────────────────────────


@app.command()
def trend(  # noqa: PLR0913, PLR0917  (a command's options)
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID...] [PATH...]",
            help="Measures (left out: all), and workbooks or folders (left out: what the history holds).",
        ),
    ] = None,
    period: PeriodOption = None,
    rules: RulesFolder = None,
    history: HistoryIfAny = None,
    everything: Annotated[bool, typer.Option("--all", help="The figures beside each measure too.")] = False,
    form: Output = ListFormat.TEXT,
) -> None:
    """Tell what is really changing (variation), and whether the target can be expected (assurance)."""
    from kpi_engine.measures.plan import measures_of
    from kpi_engine.reports.trend_json import trends_json
    from kpi_engine.reports.trend_text import trend_text

    rulebook = rulebook_of(rules)
    ids = [word for word in what or () if word in measures_of(rulebook)]
    paths = [Path(word) for word in what or () if word not in measures_of(rulebook)]
    for path in paths:
        if not path.exists() and _ID.fullmatch(str(path)):
            indicator_of(rulebook, str(path))
    checked, found = _trends(rulebook, paths, ids, period, history, beside=everything)
    if form is ListFormat.JSON:
        typer.echo(trends_json(found), nl=False)
        return
    subject = " ".join(str(path) for path in paths) or str(history)
    words = [*map(str, paths), *([] if history is None else ["--history", str(history)])]
    typer.echo(trend_text(found, checked, subject=subject, words=words, colour=colour_wanted()), nl=False)


@app.command()
def chart(  # noqa: PLR0913, PLR0917  (a command's options)
    measure: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
    svg: Annotated[Path, typer.Option("--svg", metavar="OUT.svg", show_default=False)],
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[PATH...]", show_default=False)] = None,
    period: PeriodOption = None,
    rules: RulesFolder = None,
    history: HistoryIfAny = None,
) -> None:
    """Draw one measure's chart, with its limits, target and icons."""
    from kpi_engine.measures.plan import measures_of
    from kpi_engine.reports.chart import to_svg

    rulebook = rulebook_of(rules)
    if measure not in measures_of(rulebook):
        raise typer.BadParameter(f"{measure!r} is no measure. kpi rules list shows them all.")
    _, found = _trends(rulebook, paths or [], [measure], period, history, beside=False)
    try:
        with svg.open("x", encoding="utf-8", newline="\n") as out:
            out.write(to_svg(found[0]))
    except FileExistsError:
        raise typer.BadParameter(f"{svg} is there already; nothing was overwritten.") from None
    except OSError as error:
        raise typer.BadParameter(f"{svg} cannot be written: {error.strerror}.") from None
    typer.echo(f"Chart of {measure}: {svg}", err=True)


def _trends(  # noqa: PLR0913  (what the two commands share)
    rulebook: RuleBook,
    paths: Sequence[Path],
    ids: Sequence[str],
    period: Period | None,
    history: Path | None,
    *,
    beside: bool,
) -> tuple[Checked, tuple[Trend, ...]]:
    from kpi_engine.trend import trends

    _, checked = checked_on(paths, rulebook, period, history, ids)
    if checked.period is None:
        nothing_found([*paths, *([history] if history is not None else [])])
    found = trends(rulebook, checked.measured, checked.period, only=ids or None, beside=beside)
    return checked, found


# ── spc ──────────────────────────────────────────────────────────────────────


@app.command()
def spc(
    series: Annotated[Path, typer.Argument(metavar="SERIES.csv", show_default=False)],
    config: Annotated[Path, typer.Option("--config", metavar="CONFIG.csv", show_default=False)],
    points: Annotated[Path, typer.Option("--points", metavar="POINTS.csv", show_default=False)],
    summary: Annotated[Path, typer.Option("--summary", metavar="SUMMARY.csv", show_default=False)],
    profile: Annotated[str, typer.Option("--profile", help="nhsr-0.2.2 or board.")] = "nhsr-0.2.2",
) -> None:
    """Chart any series by the Making Data Count method: points and summary as CSV."""
    from kpi_engine.spc import spc as charted
    from kpi_engine.variation import PROFILES

    if profile not in PROFILES:
        raise typer.BadParameter(f"--profile is one of {', '.join(PROFILES)}.")
    given, options = _text_of(series), _text_of(config)
    made_points, made_summary, findings = or_refuse(
        lambda: charted(given, options, profile, series_name=series.name, config_name=config.name)
    )
    for path, text in ((points, made_points), (summary, made_summary)):
        try:
            path.write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise typer.BadParameter(f"{path} cannot be written: {error.strerror}.") from None
    for one in findings:
        typer.echo(f"{one.where}: {one.code} {one.message}", err=True)


def _text_of(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return file.read()
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{path} is not UTF-8 text; save it as CSV UTF-8.") from None
