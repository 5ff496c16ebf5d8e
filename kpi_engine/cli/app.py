"""The root command, which all others join."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="kpi",
    help="Check monthly returns against the targets of an action plan.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
