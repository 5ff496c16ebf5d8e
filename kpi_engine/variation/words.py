"""A chart in one sentence: its variation, then its assurance. Pass or fail of the month is said elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from kpi_engine.variation.charted import Assurance, Direction, Evidence, Rule, SpecialCause
from kpi_engine.variation.profiles import FEW

if TYPE_CHECKING:
    from kpi_engine.variation.charted import Chart, Figure, Flag

Show: TypeAlias = Callable[[Fraction, int], str]
"""A figure in its unit, to so many decimals."""
_Say: TypeAlias = "Callable[[Figure | None], str]"
_MOST_PLACES = 6
_OUTSIDE = frozenset({SpecialCause.ABOVE_LIMIT, SpecialCause.BELOW_LIMIT})
_HIGH = frozenset(
    {SpecialCause.ABOVE_LIMIT, SpecialCause.RISING, SpecialCause.NEAR_ABOVE, SpecialCause.RUN_ABOVE}
)


def sentence(chart: Chart, *, show: Show | None = None, every: str = "month") -> str:
    """What the chart says, in one sentence, with a full stop.

    `show` writes a figure in its unit (default: plain numbers), `every` names the step of the series.
    Decimals are added, up to six, until figures that differ are written differently.
    """
    write = show or plain
    used: set[Fraction] = set()

    def noted(figure: Figure | None) -> str:
        used.add(Fraction(figure or 0))
        return ""

    _said(chart, noted, every)
    places = 1
    while places < _MOST_PLACES and len({write(x, places) for x in used}) < len(used):
        places += 1
    return _said(chart, lambda figure: write(Fraction(figure or 0), places), every)


def plain(value: Fraction, places: int) -> str:
    """`value` rounded half away from zero, without trailing zeros; 0 only if it is."""
    digits = int(abs(value) * 10**places + Fraction(1, 2))
    if value and not digits:
        return plain(value, places + 1)
    whole, part = divmod(digits, 10**places)
    decimals = f"{part:0{places}d}".rstrip("0") if places else ""
    return ("-" if value < 0 else "") + str(whole) + (f".{decimals}" if decimals else "")


def _said(chart: Chart, say: _Say, every: str) -> str:
    if not chart.points or (chart.evidence is Evidence.TOO_FEW and chart.points[-1].special_cause is None):
        return f"{_count(chart.n, every)} of figures: too few for a chart verdict ({FEW} are needed)."
    parts = [_variation(chart, say, every), *_assurance(chart, say, every)]
    text = "; ".join(parts)
    if chart.evidence is not Evidence.FULL and not chart.still:
        text = f"On trial limits, {_count(chart.n, every)} only: {text[0].lower()}{text[1:]}"
    return text + "."


def _variation(chart: Chart, say: _Say, every: str) -> str:
    latest = chart.points[-1]
    if latest.value is None:
        return f"No figure for the latest {every}"
    if chart.still:
        return f"No variation in {_count(chart.n, every)} at {say(latest.value)}"
    if chart.flags and chart.flags[-1].date == latest.date:
        return _flagged(chart, chart.flags[-1], say, every)
    if latest.lower is None:
        return f"The expected range cannot be drawn: too few {every}s stand next to each other"
    expected = f"the expected range of {say(latest.lower)} to {say(latest.upper)}"
    return f"Latest {every} at {say(latest.value)} is within {expected}: no real change"


def _flagged(chart: Chart, flag: Flag, say: _Say, every: str) -> str:
    latest = say(chart.points[-1].value)
    high = flag.special_cause in _HIGH
    above, spell = "above" if high else "below", f"Latest {len(flag.window)} {every}s"
    if flag.rule is Rule.RUN:
        return f"{spell} all {above} the average of {say(flag.mean)}"
    if flag.rule is Rule.TREND:
        return f"{spell} {'rising' if high else 'falling'} without a break, to {latest}"
    expected = f"the expected range ({say(flag.lower)} to {say(flag.upper)})"
    if flag.rule is Rule.TWO_IN_THREE:
        end = "upper" if high else "lower"
        return (
            f"{_near(chart, flag)} of the latest {len(flag.window)} {every}s near the {end} end of {expected}"
        )
    return f"Latest {every} at {latest} is {above} {expected}"


def _near(chart: Chart, flag: Flag) -> int:
    """The points of the flag's window that are near a limit and not beyond it."""
    return sum(
        p.date in flag.window
        and p.special_cause not in _OUTSIDE
        and None not in {p.value, p.near_lower, p.near_upper}
        and not _between(p.near_lower, p.value, p.near_upper)
        for p in chart.points
    )


def _assurance(chart: Chart, say: _Say, every: str) -> list[str]:
    if chart.target is None or chart.assurance is None:
        return []
    latest, target = chart.points[-1], f"the target of {say(chart.target)}"
    change = "it will not be met without a change"
    if chart.still:
        told = {
            Assurance.CONSISTENT_PASS: f"{target} is met at that figure",
            Assurance.CONSISTENT_FAIL: f"{target} is not met at that figure: {change}",
        }
        return [told[chart.assurance]] if chart.assurance in told else []
    if chart.assurance is Assurance.INCONSISTENT:
        if latest.lower is None:
            return []
        return [
            f"{target} is within the expected range: it will be met in some {every}s and missed in others"
        ]
    outcome = change if chart.assurance is Assurance.CONSISTENT_FAIL else "it can be expected to be met"
    if (chart.assurance is Assurance.CONSISTENT_FAIL) is (chart.better is Direction.INCREASE):
        return [f"{target} is above the expected range (up to {say(latest.upper)}): {outcome}"]
    return [f"{target} is below the expected range (from {say(latest.lower)}): {outcome}"]


def _between(low: Figure | None, value: Figure | None, high: Figure | None) -> bool:
    return low is not None and value is not None and high is not None and low <= value <= high


def _count(number: int, every: str) -> str:
    return f"{number} {every}" + ("" if number == 1 else "s")
