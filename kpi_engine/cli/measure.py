"""`kpi measure` and `kpi tables`."""

from __future__ import annotations

from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from kpi_engine.cli.app import app
from kpi_engine.cli.edges import (
    colour_wanted,
    nothing_found,
    or_refuse,
    progress,
    refuse,
    returns_in,
    rulebook_of,
    tell,
    typed_again,
)
from kpi_engine.cli.options import Paths, PeriodOption, RulesFolder, one_of
from kpi_engine.errors import KpiError
from kpi_engine.exits import Exit, exit_code
from kpi_engine.terms.finding import Severity

if TYPE_CHECKING:
    from kpi_engine.measures.session import Session
    from kpi_engine.reports.councils_judged import Councils


class SqlEngine(StrEnum):
    """What carries the SQL out."""

    DUCKDB = "duckdb"
    SPARK = "spark"


class MeasureFormat(StrEnum):
    """How many councils are written out."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


class TableFiles(StrEnum):
    """How tables are written."""

    CSV = "csv"
    PARQUET = "parquet"


@app.command()
def measure(  # noqa: PLR0913, PLR0917  (a command's options)
    lake: Annotated[
        str,
        typer.Argument(
            metavar="LAKE", help="A folder of tables; for Spark any address it reads.", show_default=False
        ),
    ],
    engine: Annotated[
        SqlEngine,
        typer.Option(
            "--engine", parser=one_of(SqlEngine), metavar="|".join(SqlEngine), help="What reads them."
        ),
    ] = SqlEngine.DUCKDB,
    master: Annotated[
        str | None,
        typer.Option(
            "--master",
            metavar="URL",
            help="Spark's master, such as local[4] or yarn. [default: as spark-submit says]",
            show_default=False,
        ),
    ] = None,
    remote: Annotated[
        str | None,
        typer.Option(
            "--remote", metavar="sc://HOST:PORT", help="A Spark Connect server.", show_default=False
        ),
    ] = None,
    period: PeriodOption = None,
    authority: Annotated[
        list[str] | None,
        typer.Option(
            "--authority",
            metavar="CODE",
            help="Only this council; may be given again. [default: all]",
            show_default=False,
        ),
    ] = None,
    rules: RulesFolder = None,
    form: Annotated[
        MeasureFormat,
        typer.Option(
            "--format",
            parser=one_of(MeasureFormat),
            metavar="|".join(MeasureFormat),
            help="How to write them.",
        ),
    ] = MeasureFormat.TEXT,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit 0 also when measures fail or could not be assessed.")
    ] = False,
) -> None:
    """Judge a lake: the returns of many councils as tables; verdicts, trend and exceptions of each."""
    from kpi_engine.councils import measure_councils

    given = (("--master", master), ("--remote", remote))
    on_spark = [word for option, value in given if value for word in (option, value)]
    if on_spark and engine is not SqlEngine.SPARK:
        raise typer.BadParameter("--master and --remote go with --engine spark.")
    if master and remote:
        raise typer.BadParameter("give --master or --remote, not both.")
    rulebook = rulebook_of(rules)
    codes = tuple(dict.fromkeys(code.strip().upper() for code in authority or ()))
    with closing(or_refuse(lambda: _session(engine, lake, master, remote))) as session:
        try:
            judged = measure_councils(
                session, lake, rulebook, period=period, only=codes, told=progress("Judging councils")
            )
        except KpiError as error:
            _refuse(error)
    name = "DuckDB" if engine is SqlEngine.DUCKDB else "Spark"
    if form is MeasureFormat.JSON:
        from kpi_engine.reports.councils_json import councils_json

        text = councils_json(judged, rulebook, engine=name)
    elif form is MeasureFormat.CSV:
        from kpi_engine.reports.councils_csv import councils_csv

        text = councils_csv(judged, rulebook)
    else:
        from kpi_engine.reports.councils_text import councils_text

        chosen = ["--engine", "spark", *on_spark] if engine is SqlEngine.SPARK else []
        chosen += [word for code in codes for word in ("--authority", code)]
        words = [lake, *chosen, *typed_again(period, rules, None)]
        text = councils_text(judged, rulebook, engine=name, words=words, colour=colour_wanted())
    typer.echo(text, nl=False)
    raise typer.Exit(_code(judged, exit_zero=exit_zero))


def _session(engine: SqlEngine, lake: str, master: str | None, remote: str | None) -> Session:
    if engine is SqlEngine.SPARK:
        from kpi_engine.measures.spark import on_master, on_remote

        return on_remote(remote) if remote else on_master(master or "")
    from kpi_engine.measures.local import LocalSession

    if not Path(lake).is_dir():
        nothing_found([Path(lake)])
    return LocalSession(Path(lake))


def _refuse(error: KpiError) -> NoReturn:
    """Tell every fault; a place without any table ends the command as one without any return does."""
    if [found.code for found in error.findings] == ["T101"]:
        tell(error.findings[0], err=True)
        raise typer.Exit(Exit.NO_RETURN_FOUND)
    refuse(error.findings)


def _code(judged: Councils, *, exit_zero: bool) -> Exit:
    """Of all the councils' codes the first that applies, in the order of the README's table."""
    codes = {exit_code(council.checked, exit_zero=exit_zero) for council in judged.councils}
    order = (Exit.INTERNAL_ERROR, Exit.MEASURE_FAILS, Exit.NOT_ASSESSED, Exit.OK)
    return next((code for code in order if code in codes), Exit.NO_RETURN_FOUND)


@app.command()
def tables(
    paths: Paths,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="LAKE", help="A folder that is empty or not there yet.", show_default=False
        ),
    ],
    form: Annotated[
        TableFiles,
        typer.Option(
            "--format", parser=one_of(TableFiles), metavar="|".join(TableFiles), help="How to write them."
        ),
    ] = TableFiles.CSV,
    rules: RulesFolder = None,
) -> None:
    """Write workbooks as the tables that `kpi measure` reads, for your eyes alone."""
    from kpi_engine.reports.wording import many
    from kpi_engine.tables.write import TableFormat, write_tables

    rulebook = rulebook_of(rules)
    returns = returns_in(paths, rulebook)
    made = or_refuse(lambda: write_tables(returns, rulebook, out, TableFormat(form.value)))
    for found in made.findings:
        if found.severity is Severity.REFUSE:
            tell(found, err=True)
    of = f"{many(made.months, 'month')} of {many(made.councils, 'council')}"
    typer.echo(f"{many(made.rows, 'row')} of {of}: {out}", err=True)
    lost = any(one.refused or one.authority is None or one.claims is None for one in returns)
    raise typer.Exit(Exit.NOT_ASSESSED if lost else Exit.OK)
