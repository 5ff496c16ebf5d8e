"""The exact threshold passes, one row less does not; and no figure shown says otherwise."""

from __future__ import annotations

import csv
import io
import json
import re
from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpi_engine.check import judged
from kpi_engine.reports.text import to_text
from kpi_engine.reports.to_csv import to_csv
from kpi_engine.reports.to_json import to_json
from kpi_engine.returns.template import Filling
from kpi_engine.rulebook.book import Kind, Operator
from kpi_engine.terms.verdict import Status
from kpi_engine.verdicts.targets import Step
from tests.properties.small_return import COUNCIL, MONTH, VALIDATED, Workbook, inline, read, rulebook, written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kpi_engine.rulebook.book import Indicator
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.table import Value

SHARES = {i.id: i for i in rulebook().indicators.values() if i.measure.kind in (Kind.PROPORTION, Kind.SUMS)}
FLAT = {i.id: i for i in rulebook().indicators.values() if i.id not in SHARES}
NAME_SHOWN = 20
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
Figures = dict[str, tuple[int, int | None]]


def threshold(indicator: Indicator) -> Fraction:
    (target,) = indicator.targets
    assert target.value is not None
    return target.value


def smallest_met(indicator: Indicator) -> int:
    """The smallest count that meets a target which is no share."""
    limit = threshold(indicator)
    if indicator.measure.kind is Kind.CHANGE:
        baseline = next(
            b.total
            for b in rulebook().baselines
            if b.id == indicator.measure.baseline and b.total is not None
        )
        limit = baseline * (1 + limit) if indicator.measure.change_as == "percent" else baseline + limit
    at_least = indicator.targets[0].op is Operator.AT_LEAST
    return -(-limit.numerator // limit.denominator) if at_least else limit.numerator // limit.denominator + 1


def from_counts(figures: Figures) -> Workbook:
    """A return without case lists: every figure stands on the Counts sheet."""
    sheets = {i.measure.table for i in rulebook().indicators.values()}
    declared = "; ".join(rulebook().contract.sheets[sheet].sheet for sheet in sorted(sheets))
    lines: Mapping[str, Mapping[str, Value]] = {
        name: {"number": number, "out_of": out_of} for name, (number, out_of) in figures.items()
    }
    cover = {**VALIDATED, "no_case_list": declared}
    return written(Filling(COUNCIL, cover=cover, counts=lines), only={"counts"})


BASE: dict[str, Workbook] = {}


def checked(figures: Figures, folder: Path) -> Checked:
    """The check of those figures; the workbook is built once, its counts are written over."""
    if not BASE:
        BASE["counts"] = from_counts(dict.fromkeys(rulebook().indicators, (1, 1)))
    workbook = BASE["counts"]
    lines = re.findall(r'<c r="A(\d+)"[^>]*><is><t[^>]*>(.*?)</t>', workbook.parts[workbook.sheets["Counts"]])
    row_of = {words: row for row, words in lines}
    for name, (number, out_of) in figures.items():
        workbook = workbook.with_cell("Counts", f"C{row_of[name]}", f"><v>{number}</v>")
        cell = inline("") if out_of is None else f"><v>{out_of}</v>"
        workbook = workbook.with_cell("Counts", f"D{row_of[name]}", cell)
    return judged([read(workbook, folder)], rulebook(), MONTH)


def statuses(done: Checked) -> dict[str, Status]:
    return {verdict.indicator: verdict.status for verdict in done.verdicts}


@settings(max_examples=15, suppress_health_check=SLOW)
@given(st.integers(1, 900))
def test_exact_threshold_passes_and_one_less_does_not(tmp_path: Path, size: int) -> None:
    exact: Figures = {
        name: (threshold(i).numerator * size, threshold(i).denominator * size) for name, i in SHARES.items()
    }
    exact |= {name: (smallest_met(i), None) for name, i in FLAT.items()}
    short: Figures = {name: (number - 1, out_of) for name, (number, out_of) in exact.items()}
    assert set(statuses(checked(exact, tmp_path)).values()) == {Status.PASS}
    assert Status.PASS not in statuses(checked(short, tmp_path)).values()


# ── What is shown ────────────────────────────────────────────────────────────


@st.composite
def near_the_threshold(draw: st.DrawFn) -> Figures:
    """Figures that rounding would carry over their target, or to 0% or 100%."""
    figures: Figures = {
        name: (max(0, smallest_met(i) + draw(st.integers(-1, 1))), None) for name, i in FLAT.items()
    }
    for name, indicator in SHARES.items():
        whole = draw(st.one_of(st.integers(1, 400), st.integers(9000, 100_000)))
        at = draw(st.sampled_from([threshold(indicator), Fraction(0), Fraction(1)]))
        figures[name] = min(whole, max(0, int(whole * at) + draw(st.integers(-2, 2)))), whole
    return figures


@settings(max_examples=40, suppress_health_check=SLOW)
@given(near_the_threshold())
def test_no_shown_figure_contradicts_its_verdict(tmp_path: Path, figures: Figures) -> None:
    done = checked(figures, tmp_path)
    said = statuses(done)
    text = to_text(done, rulebook(), subject="inputs", everything=True)
    record = {m["id"]: m for m in json.loads(to_json(done, rulebook()))["measures"]}
    table = {line["id"]: line for line in csv.DictReader(io.StringIO(to_csv(done, rulebook())))}
    for name, (number, whole) in figures.items():
        indicator = rulebook().indicators[name]
        if said[name] is Status.NOT_ASSESSED:
            continue  # a change whose earlier months no return gives
        shown = figure_in(text, indicator)
        assert Fraction(record[name]["numerator"]) == number
        exact = Fraction(record[name]["value"]) if record[name]["value"] is not None else None
        for figure in (shown, Fraction(table[name]["value"].lstrip("'")), exact):
            assert figure is not None
            assert met(indicator, figure) is (said[name] is Status.PASS), (name, figure)
            if whole is not None:
                assert (figure == 0) is (number == 0)
                assert (figure == 100) is (number == whole)


def met(indicator: Indicator, figure: Fraction) -> bool:
    """Whether a figure as shown, per cent as a number out of 100, meets the target."""
    (target,) = indicator.targets
    percent = (indicator.measure.change_as or indicator.measure.unit) == "percent"
    limit = threshold(indicator) * (100 if percent else 1)
    return Step(target.op, limit, target.by).met(figure)


def figure_in(text: str, indicator: Indicator) -> Fraction:
    """The figure of the measure's row: what stands after its target. A long name may be cut."""
    row = re.compile(rf"[●■~] .*?  {re.escape(indicator.short[:NAME_SHOWN])}")
    (line,) = [one for one in text.splitlines() if row.match(one)]
    figures = re.findall(r"[+-]?\d+(?:\.\d+)?%?", row.sub("", line))
    return Fraction(figures[1].strip("%+"))
