"""Why a verdict is what it is, what a finding's code means, and what the rules say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.cells import cell_len

from kpi_engine.reports.figures import OP_WORDS, exact, shown, target_shown
from kpi_engine.reports.page import WIDTH, cut, padded, painted, plain, wrapped
from kpi_engine.reports.records import Json, readings_record, written
from kpi_engine.reports.wording import (
    beside_words,
    doubt_range,
    gap_words,
    held_words,
    is_signed,
    many,
    mark,
    needed_words,
    parts_words,
    sentence,
    target_words,
    unit_of,
    value_words,
)
from kpi_engine.rulebook.book import Unit
from kpi_engine.terms.codes import CODES
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.measurement import Reason, Source
from kpi_engine.terms.period import in_words
from kpi_engine.terms.verdict import Status, TargetInForce

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kpi_engine.rulebook.book import Citation, Indicator, Reading, RuleBook, Target
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.verdict import Verdict

Evidence = tuple[str, str]
"""An outcome (counted, not_counted, in_doubt, left_out, outside) and a cell's address."""

_SOURCES = {
    Source.ROWS: "counted from the rows",
    Source.COUNTS: "taken from the Counts sheet: the cover declares that there is no case list",
    Source.STATED: "as stated in the return",
}
_EFFECTS = {
    Severity.REFUSE: "The return, or the one sheet named, is not used.",
    Severity.DOUBT: "The row stays, but can never improve a verdict.",
    Severity.FLAG: "Printed; it changes no verdict.",
}


def explain_measure(  # noqa: PLR0913  (four of them have a default)
    checked: Checked,
    rulebook: RuleBook,
    indicator_id: str,
    evidence: Sequence[Evidence] = (),
    *,
    trend: Sequence[str] = (),
    exceptions: Sequence[str] = (),
    colour: bool = False,
) -> str:
    """The whole way from the plan's words to the verdict on one measure, 80 columns wide.

    `trend` are the lines on the months behind it, `exceptions` those on its state and exceptions, each
    after the blanks that it is set in. Without a verdict in `checked` (no
    month is known) only the rule is told. KeyError if no rule has this id.
    """
    indicator = rulebook.indicators[indicator_id]
    verdict = next((v for v in checked.verdicts if v.indicator == indicator_id), None)
    lines = [painted(cut(plain(indicator.title), WIDTH), "bold", colour=colour)]
    said = [indicator.id, f"action {', '.join(indicator.actions)}", indicator.lead]
    lines += wrapped("; ".join(said), 0, 2)
    if verdict is not None:
        sign = mark(verdict)
        text = f"{sign.shape} {verdict.period.label}: {sentence(verdict, indicator)}"
        lines += [painted(line, sign.style, colour=colour) for line in wrapped(text, 0, 2)]
    sections = _rule_sections(indicator, rulebook)
    if verdict is not None:
        sections += [
            ("Target that judges", _judging(verdict, indicator)),
            ("Figure", _figure(verdict, indicator)),
            ("Beside it", _beside(verdict, indicator)),
            ("Margin" if verdict.status is Status.PASS else "What it would take", _turn(verdict, indicator)),
            ("Month by month", list(trend)),
            ("State and exceptions", list(exceptions)),
            ("Rows", _evidence(evidence)),
        ]
    return _sections(lines, sections, colour=colour)


def explain_code(code: str, *, colour: bool = False) -> str | None:
    """The catalogue's entry on a finding's code, `<word>` for what varies; None if there is no such code."""
    entry = CODES.get(code)
    if entry is None:
        return None
    sections = [
        ("What it does", [_EFFECTS[entry.severity]]),
        ("What it says", [_template(entry.message)]),
        ("What to do", [_template(entry.fix)]),
    ]
    head = wrapped(f"{code}  {entry.title}", 0, 6)
    return _sections([painted(line, "bold", colour=colour) for line in head], sections, colour=colour)


def rules_list(rulebook: RuleBook, *, colour: bool = False) -> str:
    """One measure a row: id, short title, targets. The id is never cut."""
    indicators = rulebook.indicators.values()
    room = max((cell_len(indicator.id) for indicator in indicators), default=0)
    title = cut(f"{many(len(indicators), 'measure')}  {plain(rulebook.plan.title)}", WIDTH)
    lines = [painted(title, "bold", colour=colour)]
    for indicator in indicators:
        targets = "; ".join(_step(target, indicator) for target in indicator.targets) or "no target"
        lead = f"{padded(indicator.id, room)}  "
        lines += _beside_lead(lead, f"{plain(indicator.short)}: {targets}")
    return "\n".join(lines) + "\n"


def rules_show(indicator: Indicator, rulebook: RuleBook, *, colour: bool = False) -> str:
    """One rule in words: the plan's phrase, readings, targets, and what stands beside."""
    lines = [painted(cut(plain(indicator.title), WIDTH), "bold", colour=colour)]
    covers = f"covers {', '.join(indicator.covers)}" if indicator.covers else ""
    said = [indicator.id, indicator.short, f"action {', '.join(indicator.actions)}", covers, indicator.lead]
    lines += wrapped("; ".join(part for part in said if part), 0, 2)
    sections = _rule_sections(indicator, rulebook)
    measure = indicator.measure
    window = measure.window.value.replace("_", " ")
    sections.append(("Measured", [f"{measure.kind.value} from the sheet {measure.table}; window: {window}."]))
    sections.append(("Always beside it", [side.title for side in indicator.beside]))
    sections.append(("Examples", [example.name for example in indicator.examples]))
    sections.append(("File", [indicator.file]))
    return _sections(lines, sections, colour=colour)


def rules_json(indicators: Iterable[Indicator]) -> str:
    """The rules as a JSON array of objects: id, title, short, actions, lead, targets, source, readings."""
    return written([_rule(indicator) for indicator in indicators])


def rule_json(indicator: Indicator) -> str:
    """One rule as a JSON object, as in `rules_json`."""
    return written(_rule(indicator))


# ── What the rule says ───────────────────────────────────────────────────────


def _rule_sections(indicator: Indicator, rulebook: RuleBook) -> list[tuple[str, list[str]]]:
    used = [_reading(r) for r in indicator.readings if r.in_use]
    unused = [f"{_reading(r)} Declared, not in use." for r in indicator.readings if not r.in_use]
    steps = [_step(target, indicator) + _own_source(target, rulebook) for target in indicator.targets]
    return [
        ("What the plan says", [f"“{indicator.source.figure}”", _cited(indicator.source, rulebook)]),
        ("How it is read", [*used, *unused]),
        ("Targets", steps or ["none: the figure is shown without a verdict"]),
    ]


def _reading(reading: Reading) -> str:
    agreed = f" by {reading.by}" if reading.by else ""
    when = f", {in_words(reading.on)}" if reading.on else ""
    return f"{reading.text} ({reading.status}{agreed}{when})"


def _cited(source: Citation, rulebook: RuleBook) -> str:
    document = rulebook.documents.get(source.document)
    if document is None:
        return f"{source.document}, {source.at}"
    return ", ".join(part for part in (document.title, document.published, source.at) if part)


def _own_source(target: Target, rulebook: RuleBook) -> str:
    return "" if target.source is None else f" (“{target.source.figure}”, {_cited(target.source, rulebook)})"


def _step(target: Target, indicator: Indicator) -> str:
    measure = indicator.measure
    if target.value is None:
        figure = f"{OP_WORDS[target.op]} what the return states ({target.column})"
    else:
        held = TargetInForce(target.op.value, target.value, target.by)
        figure = target_shown(held, unit_of(measure), signed=is_signed(measure))
    if target.by is not None:
        figure += f" by {in_words(target.by)}{' (assumed)' if target.by_assumed else ''}"
    return figure if target.end is None else f"{figure}, until {in_words(target.end)}"


def _rule(indicator: Indicator) -> Json:
    unit = unit_of(indicator.measure)
    return {
        "id": indicator.id,
        "title": indicator.title,
        "short": indicator.short,
        "actions": list(indicator.actions),
        "lead": indicator.lead,
        "unit": unit.value,
        "targets": [
            {
                "op": target.op.value,
                "value": None if target.value is None else exact(target.value, unit),
                "column": target.column,
                "by": None if target.by is None else target.by.isoformat(),
                "by_assumed": target.by_assumed,
                "then": target.then,
                "end": None if target.end is None else target.end.isoformat(),
                "source": _source(target.source or indicator.source),
            }
            for target in indicator.targets
        ],
        "source": _source(indicator.source),
        "readings": readings_record(indicator.readings),
    }


def _source(source: Citation) -> Json:
    return {"document": source.document, "at": source.at, "figure": source.figure}


# ── What was measured ────────────────────────────────────────────────────────


def _judging(verdict: Verdict, indicator: Indicator) -> list[str]:
    def said(target: TargetInForce) -> str:
        when = "the plan gives no date" if target.by is None else f"due by {in_words(target.by)}"
        return f"{target_words(target, indicator)}; {when}"

    lines = [f"In force: {said(verdict.target)}" if verdict.target else "None in force."]
    if verdict.coming:
        left = "" if verdict.days_left is None else f" ({many(verdict.days_left, 'day')} left)"
        lines.append(f"Coming: {said(verdict.coming)}{left}")
    return lines


def _figure(verdict: Verdict, indicator: Indicator) -> list[str]:
    first, last = verdict.window
    months = first.label if first == last else f"{first.label} to {last.label}"
    figure, parts = value_words(verdict, indicator), parts_words(verdict, indicator)
    lines = [f"{months}: {f'{figure} ({parts})' if figure and parts else figure or parts or 'no figure'}"]
    measured = verdict.measured
    if measured is None:
        return lines
    held = held_words(verdict, indicator)
    lines += [f"Holds {held}."] if held else []
    if measured.missing:
        lines.append(f"Missing: {', '.join(month.label for month in measured.missing)}.")
    if measured.reason is None:
        lines.append(f"{_SOURCES[measured.source].capitalize()}.")
    lines += [f"{o.period.label}: sheet {o.sheet} of {o.file}" for o in measured.origins]
    if measured.in_doubt:
        span = doubt_range(verdict, indicator)
        lines.append(f"{many(measured.in_doubt, 'row')} in doubt{f': it may be {span}' if span else ''}.")
    if measured.left_out:
        lines.append(f"{many(measured.left_out, 'row')} left out, as the rule says.")
    return lines


def _beside(verdict: Verdict, indicator: Indicator) -> list[str]:
    return [
        f"{measure.title}: {beside_words(measured, measure)}"
        for measure in indicator.beside
        for measured in verdict.beside
        if measured.measure == measure.id
    ]


def _turn(verdict: Verdict, indicator: Indicator) -> list[str]:
    if verdict.reason is Reason.ROWS_IN_DOUBT and verdict.measured is not None:
        return [f"Put right the {many(verdict.measured.in_doubt, 'row')} in doubt."]
    if verdict.status is Status.NOT_ASSESSED:
        return []
    lines = [text for text in (gap_words(verdict, indicator), needed_words(verdict)) if text]
    if verdict.small and verdict.denominator:
        step = shown(100 / verdict.denominator, Unit.NUMBER)
        lines.append(f"Small numbers: one row moves this by {step} points.")
    return lines


def _evidence(evidence: Sequence[Evidence]) -> list[str]:
    """The addresses of each outcome, in the order that the outcomes come."""
    by_outcome: dict[str, list[str]] = {}
    for outcome, address in evidence:
        by_outcome.setdefault(outcome.replace("_", " "), []).append(address)
    return [f"{outcome} ({len(found)}): {', '.join(found)}" for outcome, found in by_outcome.items()]


# ── Lines ────────────────────────────────────────────────────────────────────


def _sections(lines: list[str], sections: Iterable[tuple[str, Sequence[str]]], *, colour: bool) -> str:
    for title, body in sections:
        if body:
            lines = [*lines, "", painted(title, "bold", colour=colour)]
            lines += [line for text in body for line in wrapped(text, 2 + _set_in(text), 4 + _set_in(text))]
    return "\n".join(lines) + "\n"


def _set_in(text: str) -> int:
    """The blanks that a line of a tree begins with."""
    return min(len(text) - len(text.lstrip(" ")), WIDTH // 2)


def _beside_lead(lead: str, text: str) -> list[str]:
    """`text` beside `lead`, or below it where the lead leaves less than half a line."""
    if cell_len(lead) > WIDTH // 2:
        return [lead.rstrip(), *wrapped(text, 4)]
    first, *more = wrapped(text, cell_len(lead))
    return [lead + first.lstrip(), *more]


def _template(text: str) -> str:
    """`text` with `<word>` for what varies; a word that only adds to another is left out."""
    return re.sub(r"\{(\w+)[^{}]*\}", r"<\1>", re.sub(r"(?<=\w)\{\w+\}", "", text))
