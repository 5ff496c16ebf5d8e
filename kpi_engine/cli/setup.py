"""`kpi init` and `kpi schedule`."""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path
from typing import Annotated

import typer

from kpi_engine.automation.schedulers import Scheduler
from kpi_engine.cli.app import app
from kpi_engine.cli.edges import or_refuse
from kpi_engine.cli.options import one_of


def _clock(text: str) -> time:
    if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text, re.ASCII) is None:
        raise typer.BadParameter(f"{text!r} is no time of day; write hours and minutes, such as 05:00.")
    return time.fromisoformat(text)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", show_default=False)] = Path(),
) -> None:
    """Set up monthly runs in a folder: a commented kpi.toml, and the inbox and other folders.

    Nothing is overwritten. FOLDER left out: this folder.
    """
    from kpi_engine.automation.init import CONFIG
    from kpi_engine.automation.init import init as set_up

    try:
        made = or_refuse(lambda: set_up(folder))
    except FileExistsError:
        raise typer.BadParameter(f"{folder / CONFIG} is there already; nothing was overwritten.") from None
    except OSError as error:
        raise typer.BadParameter(f"{folder} cannot be written: {error.strerror}.") from None
    for path in made:
        typer.echo(str(path))
    config = folder / CONFIG
    for n, step in enumerate(
        (
            f"Look through {config}.",
            f"Put returns into {folder / 'inbox'}.",
            f"See what a run would do: kpi run --config {config} --dry-run",
            f"Have it run each day: kpi schedule --print systemd --config {config} (or cron, or windows)",
        ),
        1,
    ):
        typer.echo(f"{n}. {step}", err=True)


@app.command()
def schedule(
    scheduler: Annotated[
        Scheduler,
        typer.Option(
            "--print",
            parser=one_of(Scheduler),
            metavar="|".join(Scheduler),
            help="For whom.",
            show_default=False,
        ),
    ],
    config: Annotated[
        Path, typer.Option("--config", metavar="FILE", help="The kpi.toml of the runs.")
    ] = Path("kpi.toml"),
    at: Annotated[str, typer.Option("--at", metavar="HH:MM", help="The time of day.")] = "05:00",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write it there, not to the terminal.", show_default=False
        ),
    ] = None,
) -> None:
    """Print the job that calls `kpi run` each day, for the scheduler of this machine.

    There is no daemon: kpi runs, ends, and is called again. A run without new returns does nothing, so
    each day is not too often. Nothing is installed; what to do with the text is said below it.
    """
    from kpi_engine.automation.schedule import job_of, next_steps, printed
    from kpi_engine.automation.settings import read_settings

    moment = _clock(at)
    settings = or_refuse(lambda: read_settings(config))
    text = or_refuse(lambda: printed(job_of(settings, config, moment), scheduler))
    if out is None:
        typer.echo(text, nl=False)
    else:
        try:
            with out.open("xb") as file:
                file.write(text)
        except FileExistsError:
            raise typer.BadParameter(f"{out} is there already; nothing was overwritten.") from None
        except OSError as error:
            raise typer.BadParameter(f"{out} cannot be written: {error.strerror}.") from None
    for step in next_steps(scheduler):
        typer.echo(step, err=True)
