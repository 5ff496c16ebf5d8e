"""Where commands meet the outside: rules and returns come in, faults and progress go out."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer

from kpi_engine.errors import KpiError
from kpi_engine.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kpi_engine.rulebook.book import Indicator, RuleBook
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.returned import Return


def rulebook_of(given: Path | None) -> RuleBook:
    """The rules asked for, else ./rules, else the shipped ones."""
    from kpi_engine.rulebook.load import find_rules, load_rulebook

    folder = find_rules(given)
    shown = "the shipped rules" if folder.is_absolute() and given is None else None
    return or_refuse(lambda: load_rulebook(folder, shown))


def indicator_of(rulebook: RuleBook, measure: str) -> Indicator:
    """The measure of that id; a misspelt one is refused with the nearest."""
    from difflib import get_close_matches

    if measure in rulebook.indicators:
        return rulebook.indicators[measure]
    close = get_close_matches(measure, rulebook.indicators, n=1, cutoff=0.4)
    hint = f" Did you mean {close[0]}?" if close else " kpi rules list shows them all."
    raise typer.BadParameter(f"{measure!r} is no measure.{hint}")


def checked_on(
    paths: Sequence[Path],
    rulebook: RuleBook,
    period: Period | None,
    history: Path | None,
    ids: Sequence[str] = (),
) -> tuple[Sequence[Return], Checked]:
    """The returns in `paths` and their check, `history` filling in; a history alone answers too.

    `ids` are the measures wanted of a history alone (none: all). Without anything to check, the command ends.
    """
    from kpi_engine.check import held_in, judged, read_returns
    from kpi_engine.recorded import recorded

    if not paths and history is None:
        raise typer.BadParameter("give workbooks or folders, or --history FILE.")
    if not paths and history is not None:
        known = or_refuse(lambda: recorded(history, rulebook, ids, period))
        return ((), known) if known is not None else nothing_found([history])
    returns = read_returns(existing(paths), rulebook, progress())
    if not returns:
        nothing_found(paths)
    held = or_refuse(lambda: held_in(history, returns, rulebook))
    return returns, or_refuse(lambda: judged(returns, rulebook, period, held))


def typed_again(period: Period | None, rules: Path | None, history: Path | None) -> list[str]:
    """The options that chose what was checked, as they are typed."""
    given = (("--period", period), ("--rules", rules), ("--history", history))
    return [word for name, value in given if value is not None for word in (name, str(value))]


T = TypeVar("T")


def or_refuse(act: Callable[[], T]) -> T:
    """What `act` gives; a fault after which nothing can go on is told, and ends the command with code 2."""
    try:
        return act()
    except KpiError as error:
        refuse(error.findings)


def refuse(findings: Sequence[Finding]) -> NoReturn:
    """Tell every fault, and end with code 2."""
    for one in findings:
        tell(one, err=True)
    count = "1 fault" if len(findings) == 1 else f"{len(findings)} faults"
    typer.echo(f"{count}. Nothing was checked and nothing was written.", err=True)
    raise typer.Exit(Exit.USAGE_OR_RULEBOOK)


def tell(one: Finding, *, err: bool) -> None:
    """One finding: where, code, what, and what to do."""
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
