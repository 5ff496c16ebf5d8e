"""Many councils as text for a terminal: who needs eyes first, then measure by measure, at most 80 columns."""

from __future__ import annotations

from collections import Counter, defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from kpi_engine.reports.page import ASIDE, WIDTH, command, cut, padded, painted, plain, wrapped
from kpi_engine.reports.wording import SEVERITY_WORDS, held_words, many
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.returned import Validated
from kpi_engine.terms.verdict import Status
from kpi_engine.variation import Variation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kpi_engine.reports.councils_judged import Council, Councils
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.verdict import Verdict

_SHAPES: Final = MappingProxyType({3: ("■", "red"), 2: ("◆", "yellow"), 1: ("○", "blue"), 0: ("●", "green")})
_RANK: Final = MappingProxyType({Severity.REFUSE: 0, Severity.DOUBT: 1, Severity.FLAG: 2})
_HEADS: Final = (
    ("", "", "", "", "Not", "", ""),
    ("Exceptions", "Council", "Pass", "Fail", "assessed", "Better", "Worse"),
)
_NAME: Final = 1  # the column of the council's name, which takes what room is left
_WORDS: Final = 2  # columns of words; the others are of numbers
_BY_MEASURE: Final = ("Pass", "Fail", "Not assessed", "Not due")


def councils_text(
    of: Councils, rulebook: RuleBook, *, engine: str, words: Sequence[str], colour: bool
) -> str:
    """The report of `kpi measure`; `words` are the place and the options as they were typed.

    Ends with a newline; no line is over 80 columns and no number is cut.
    """
    blocks = [
        _heading(of, engine, words[0], colour=colour),
        _table(of, rulebook, colour=colour),
        _measures(of, rulebook, colour=colour),
        _findings(of, words, colour=colour),
        _closing(of, words),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def worst(council: Council) -> int:
    """The severity of the most severe exception; 0 without any."""
    escalated = council.escalated
    return max((one.severity for one in escalated.now.exceptions), default=0) if escalated else 0


def variations(council: Council) -> Counter[Variation]:
    """How many measures' charts say what."""
    trends = council.escalated.now.trends.values() if council.escalated else ()
    return Counter(t.chart.variation for t in trends if t.chart is not None and t.chart.variation is not None)


def _heading(of: Councils, engine: str, place: str, *, colour: bool) -> list[str]:
    period = "month not known" if of.period is None else of.period.label
    made_up = " (made-up figures)" if any(one.checked.made_up for one in of.councils) else ""
    about = f"{period}, {many(len(of.councils), 'council')}{made_up}, {engine}"
    name = cut(plain(place), WIDTH)
    bold = painted(name, "bold", colour=colour)
    fits = cell_len(name) + 2 + cell_len(about) <= WIDTH
    return [f"{bold}  {about}"] if fits else [bold, *wrapped(about)]


# ── A line a council ─────────────────────────────────────────────────────────


def _table(of: Councils, rulebook: RuleBook, *, colour: bool) -> list[str]:
    if not of.councils:
        return []
    councils = sorted(of.councils, key=_urgency)
    rows = {council.code: _cells(council) for council in councils}
    rooms = [max(map(cell_len, column)) for column in zip(*_HEADS, *rows.values(), strict=True)]
    rooms[_NAME] = min(rooms[_NAME], WIDTH - 2 * (len(rooms) - 1) - sum(rooms) + rooms[_NAME])
    lines = [painted(_columns(head, rooms), "bold", colour=colour) for head in _HEADS]
    for council in councils:
        first, line = rows[council.code][0], _columns(rows[council.code], rooms)
        style = _SHAPES[min(worst(council), max(_SHAPES))][1]
        lines.append(painted(line[: len(first)], style, colour=colour) + line[len(first) :])
    lines += wrapped("Exceptions: the gravest of all. Better, worse: charts that show a real change.")
    if any(_unvalidated(council.checked.verdicts) for council in of.councils):
        lines += wrapped("~ of them on figures that are not validated.")
    if partly := sum(_partly(council.checked.verdicts, rulebook) for council in of.councils):
        rest = "rests" if partly == 1 else "rest"
        said = f"{many(partly, 'target')} met {rest} on fewer months than asked: no earlier return is here."
        lines += wrapped(said)
    return lines


def _urgency(council: Council) -> tuple[int, int, int, str]:
    """The most severe exceptions first, then most of them, then most misses."""
    most = worst(council)
    exceptions = council.escalated.now.exceptions if council.escalated else ()
    failed = sum(verdict.status is Status.FAIL for verdict in council.checked.verdicts)
    return -most, -sum(one.severity == most for one in exceptions), -failed, council.code


def _cells(council: Council) -> tuple[str, ...]:
    verdicts, varied, most = council.checked.verdicts, variations(council), worst(council)
    counted = Counter(verdict.status for verdict in verdicts)
    exceptions = council.escalated.now.exceptions if council.escalated else ()
    number, gravest = len(exceptions), sum(one.severity == most for one in exceptions)
    shape, _ = _SHAPES[min(most, max(_SHAPES))]
    word = SEVERITY_WORDS.get(most, "Urgent" if most else "None")
    unsure = _unvalidated(verdicts)
    return (
        f"{shape} {word} {gravest}/{number}" if number else f"{shape} {word}",
        plain(council.checked.authority),
        f"{counted[Status.PASS]} ({unsure}~)" if unsure else str(counted[Status.PASS]),
        str(counted[Status.FAIL]),
        str(counted[Status.NOT_ASSESSED]),
        str(varied[Variation.IMPROVEMENT]),
        str(varied[Variation.CONCERN]),
    )


def _unvalidated(verdicts: Iterable[Verdict]) -> int:
    return sum(v.status is Status.PASS and v.validated is not Validated.YES for v in verdicts)


def _partly(verdicts: Iterable[Verdict], rulebook: RuleBook) -> int:
    """How many targets are met on a part of the months that they are over."""
    met = (v for v in verdicts if v.status is Status.PASS)
    return sum(bool(held_words(verdict, rulebook.indicators[verdict.indicator])) for verdict in met)


def _columns(cells: Sequence[str], rooms: Sequence[int]) -> str:
    return "  ".join(
        padded(cut(cell, room), room, right=n >= _WORDS)
        for n, (cell, room) in enumerate(zip(cells, rooms, strict=True))
    ).rstrip()


# ── A line a measure ─────────────────────────────────────────────────────────


def _measures(of: Councils, rulebook: RuleBook, *, colour: bool) -> list[str]:
    if not of.councils or of.period is None:
        return []
    counted: defaultdict[str, Counter[Status]] = defaultdict(Counter)
    for council in of.councils:
        for verdict in council.checked.verdicts:
            counted[verdict.indicator][verdict.status] += 1
    room = max(len(indicator.short) for indicator in rulebook.indicators.values())
    room = min(room, WIDTH - sum(2 + len(head) for head in _BY_MEASURE))
    head = padded("Measure", room) + "".join(f"  {name}" for name in _BY_MEASURE)
    lines = [painted(head, "bold", colour=colour)]
    for name, indicator in rulebook.indicators.items():
        numbers = (counted[name][s] for s in (Status.PASS, Status.FAIL, Status.NOT_ASSESSED, Status.NOT_DUE))
        shown = "".join(f"  {n:>{len(head)}}" for n, head in zip(numbers, _BY_MEASURE, strict=True))
        lines.append(padded(cut(plain(indicator.short), room), room) + shown)
    return lines


# ── Findings ─────────────────────────────────────────────────────────────────


def _findings(of: Councils, words: Sequence[str], *, colour: bool) -> list[str]:
    """The tables' own faults in full; of those of returns the first of each code, and how many more."""
    lines = []
    for found in of.findings:
        lines += _said(found.code, found.severity, f"{found.message} {found.fix}", colour=colour)
    told: defaultdict[str, list[tuple[str, Finding]]] = defaultdict(list)
    for council in of.councils:
        for found in council.checked.findings:
            told[found.code].append((council.code, found))
    codes = sorted(told, key=lambda code: (min(_RANK[f.severity] for _, f in told[code]), code))
    for code in codes:
        severity = min((found.severity for _, found in told[code]), key=lambda one: _RANK[one])
        whose, first = told[code][0]
        councils = len({council for council, _ in told[code]})
        more = (
            f" {len(told[code]) - 1} more of {code} in {many(councils, 'council')}." if told[code][1:] else ""
        )
        place = f"{first.file or whose}{': ' + first.sheet if first.sheet else ''}"
        lines += _said(code, severity, f"{place}: {first.message} {first.fix}{more}", colour=colour)
    number = len(of.findings) + sum(map(len, told.values()))
    if number:
        title = f"{many(number, 'finding')} on the period judged"
        lines = [painted(title, "bold", colour=colour), *lines]
    if earlier := sum(len(council.checked.earlier_findings) for council in of.councils):
        again = command("kpi measure", *words, "--format", "json", short="the same with --format json")
        lines += wrapped(
            f"{many(earlier, 'finding')} in earlier months not listed. All of them: {again}", 0, 2
        )
    return lines


def _said(code: str, severity: Severity, text: str, *, colour: bool) -> list[str]:
    style = "red" if severity is Severity.REFUSE else "yellow"
    first, *more = wrapped(plain(text), 2 + 4 + 1 + 6 + 2)
    return [f"  {painted(code, style, colour=colour)} {severity:<6}  {first.lstrip()}", *more]


# ── Closing ──────────────────────────────────────────────────────────────────


def _closing(of: Councils, words: Sequence[str]) -> list[str]:
    """What to type next, what made the report, and for whom it is."""
    lines = []
    if of.councils:
        first = min(of.councils, key=_urgency)
        wanted = words if len(of.councils) == 1 else (*words, "--authority", first.code)
        short = f"the same with --authority {first.code} --format json"
        lines += _aside("Why", command("kpi measure", *wanted, "--format", "json", short=short))
        lines += _aside(
            "All", command("kpi measure", *words, "--format", "csv", short="the same with --format csv")
        )
    lines += _aside("Note", "Small counts are shown: for use inside the council and its partners only.")
    lines += _aside("Rules", of.rules)
    lines += _aside("Run", f"kpi {of.engine_version}; rules {of.rulebook_digest[:12]}")
    return lines


def _aside(head: str, text: str) -> list[str]:
    first, *more = wrapped(text, ASIDE)
    return [f"{head:<{ASIDE}}{first.lstrip()}", *more]
