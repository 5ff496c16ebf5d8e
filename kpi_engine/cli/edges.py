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
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from kpi_engine.rulebook.book import Indicator, RuleBook
    from kpi_engine.rulebook.pack import Board
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.returned import Return

_BAR = 24  # characters of the progress bar


def rulebook_of(given: Path | None) -> RuleBook:
    """The rules asked for, else ./rules, else the shipped ones."""
    from kpi_engine.rulebook.load import find_rules, load_rulebook

    folder = find_rules(given)
    shown = "the shipped rules" if folder.is_absolute() and given is None else None
    return or_refuse(lambda: load_rulebook(folder, shown))


def indicator_of(rulebook: RuleBook, measure: str) -> Indicator:
    """The measure of that id; a misspelt one is refused with the nearest."""
    return _known(measure, rulebook.indicators, "measure", " kpi rules list shows them all.")


def board_of(rulebook: RuleBook, board: str) -> Board:
    """The board of that id; a misspelt one is refused with the nearest."""
    return _known(board, rulebook.boards, f"board of boards.yaml ({', '.join(rulebook.boards)})", "")


def returns_in(paths: Sequence[Path], rulebook: RuleBook) -> Sequence[Return]:
    """Every return in `paths`, in order; where there is none, the command ends."""
    from kpi_engine.check import read_returns

    return read_returns(existing(paths), rulebook, progress()) or nothing_found(paths)


def checked_on(  # noqa: PLR0913  (what commands share; the last is a keyword)
    paths: Sequence[Path],
    rulebook: RuleBook,
    period: Period | None,
    history: Path | None,
    ids: Sequence[str] = (),
    *,
    reads: Callable[[Period], Period] = lambda latest: latest,
) -> tuple[Sequence[Return], Checked]:
    """The returns in `paths` and their check, `history` filling in; a history alone answers too.

    `ids` are the measures wanted of a history alone (none: all). `reads` gives the period to judge, from
    the one asked for or else the latest month. Without anything to check, the command ends.
    """
    from kpi_engine.check import gathered, held_in, judged_at
    from kpi_engine.recorded import recorded

    if not paths and history is None:
        raise typer.BadParameter("give workbooks or folders, or --history FILE.")
    if not paths and history is not None:
        known = or_refuse(lambda: recorded(history, rulebook, ids, period))
        if known is None or known.period is None:
            nothing_found([history])
        wanted = reads(known.period)
        if wanted != known.period:
            known = or_refuse(lambda: recorded(history, rulebook, ids, wanted))
        return (), known or nothing_found([history])
    returns = returns_in(paths, rulebook)
    held = or_refuse(lambda: held_in(history, returns, rulebook))
    measured = or_refuse(lambda: gathered(returns, rulebook, held))
    latest = period or max(measured.months, default=None)
    return returns, or_refuse(
        lambda: judged_at(measured, rulebook, None if latest is None else reads(latest))
    )


def typed_again(period: Period | None, rules: Path | None, history: Path | None) -> list[str]:
    """The options that chose what was checked, as they are typed."""
    given = (("--period", period), ("--rules", rules), ("--history", history))
    return [word for name, value in given if value is not None for word in (name, str(value))]


T = TypeVar("T")


def _known(word: str, known: Mapping[str, T], what: str, otherwise: str) -> T:
    """The entry of that id; a misspelt one is refused with the nearest, or with `otherwise`."""
    from difflib import get_close_matches

    if word in known:
        return known[word]
    close = get_close_matches(word, known, n=1, cutoff=0.4)
    hint = f" Did you mean {close[0]}?" if close else otherwise
    raise typer.BadParameter(f"{word!r} is no {what}.{hint}")


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
    from kpi_engine.reports.page import wrapped

    said = f"{one.where}: {one.code} {one.message}".removeprefix(": ")
    for line in (*wrapped(said, hang=4), *(wrapped(one.fix, 4) if one.fix else ())):
        typer.echo(line, err=err)


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


def progress(doing: str = "Reading returns") -> Callable[[int, int], None]:
    """Draw on standard error how far the work is, once it has taken a second; nothing where nobody looks."""
    began = time.monotonic()
    is_seen = sys.stderr.isatty()

    def told(done: int, of: int) -> None:
        if is_seen and time.monotonic() - began >= 1:
            bar = "#" * (_BAR * done // of)
            end = "\n" if done == of else ""
            typer.echo(f"\r{doing} [{bar:.<{_BAR}}] {done} of {of}{end}", nl=False, err=True)

    return told
