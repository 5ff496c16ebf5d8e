"""A check as text for a terminal: what needs eyes first, every line at most 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from kpi_engine.reports.page import ASIDE, WIDTH, Row, command, cut, padded, painted, plain, table, wrapped
from kpi_engine.reports.wording import (
    MILESTONE_MARKS,
    aim,
    beside_words,
    counts_line,
    many,
    mark,
    notes,
    parts_words,
    target_words,
    value_words,
)
from kpi_engine.terms.finding import Severity
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.period import in_words
from kpi_engine.terms.returned import Validated
from kpi_engine.terms.verdict import MilestoneStatus, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.checked import Checked
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.verdict import MilestoneVerdict, Verdict

CAP = 20  # findings listed unless all are asked for: about a screen
SOON = 60  # days before its date from which a milestone has a row
_SECTIONS = (
    (Status.FAIL, "Targets missed"),
    (Status.NOT_ASSESSED, "Not assessed"),
    (Status.NOT_DUE, "Not due yet"),
    (Status.PASS, "Targets met"),
)
_JUDGED = frozenset({Status.PASS, Status.FAIL})
_RANK = {Severity.REFUSE: 0, Severity.DOUBT: 1, Severity.FLAG: 2}


def to_text(  # noqa: PLR0913  (all but two are keywords with a default)
    checked: Checked,
    rulebook: RuleBook,
    *,
    subject: str = "",
    words: Sequence[str] = (),
    everything: bool = False,
    colour: bool = False,
) -> str:
    """The report of `kpi check` on `subject`, the files or folders as they were typed.

    `words` are what to type again after a command's name: the paths and options that
    chose what was checked (left out: the subject). `everything` gives each measure its
    side figures and sentence and lifts all caps.
    Ends with a newline; no line is over 80 columns and no number is cut.
    """
    again = tuple(words) or (subject,)
    blocks = [
        _heading(checked, subject, colour=colour),
        *_measures(checked, rulebook, every=everything, colour=colour),
        _milestones(checked, rulebook, every=everything, colour=colour),
        _findings(checked, again, every=everything, colour=colour),
        _closing(checked, again, every=everything, colour=colour),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


# ── Heading ──────────────────────────────────────────────────────────────────


def _heading(checked: Checked, subject: str, *, colour: bool) -> list[str]:
    read = checked.run.returns
    name = cut(plain(subject or (read[0].file if len(read) == 1 else many(len(read), "return"))), WIDTH)
    authority = checked.authority + (" (made-up figures)" if checked.made_up else "")
    month = "month not known" if checked.period is None else checked.period.label
    about = plain(f"{month}, {authority}")
    bold = painted(name, "bold", colour=colour)
    fits = cell_len(name) + 2 + cell_len(about) <= WIDTH
    lines = [f"{bold}  {about}"] if fits else [bold, *wrapped(about)]
    judged = [verdict for verdict in checked.verdicts if verdict.status in _JUDGED]
    unsure = sum(verdict.validated is not Validated.YES for verdict in judged)
    said = f"{len(judged)} of {many(len(checked.verdicts), 'measure')} judged"
    lines += wrapped(f"{said}, {unsure} on figures that are not validated." if unsure else f"{said}.")
    for refused in (r for r in read if r.refused):
        lines += wrapped(f"Not used: {refused.file} was refused; the findings say why.", 0, 2)
    return lines


# ── Measures ─────────────────────────────────────────────────────────────────


def _measures(checked: Checked, rulebook: RuleBook, *, every: bool, colour: bool) -> list[list[str]]:
    headline = [v for v in checked.verdicts if rulebook.indicators[v.indicator].headline]
    others = [v for v in checked.verdicts if not rulebook.indicators[v.indicator].headline]
    sections = [("Headline measures", headline)]
    for status, title in _SECTIONS:
        group = [v for v in others if v.status is status]
        if status is Status.NOT_ASSESSED:
            group.sort(key=lambda v: (v.reason is Reason.NOTHING_DUE, v.reason or "", v.detail))
        sections.append((title, group))
    return [
        table(title, ("Target", "Figure"), _rows(group, rulebook, checked.period, every=every), colour=colour)
        for title, group in sections
        if group
    ]


def _rows(
    verdicts: Sequence[Verdict], rulebook: RuleBook, period: Period | None, *, every: bool
) -> list[Row]:
    """One row a verdict; a sentence that several in a row share stands under the last of them."""
    followers: list[Verdict | None] = [*verdicts[1:], None]
    rows = []
    for verdict, follower in zip(verdicts, followers, strict=True):
        indicator = rulebook.indicators[verdict.indicator]
        doubtful = verdict.reason is Reason.ROWS_IN_DOUBT
        below = []
        shared = follower is not None and follower.detail == verdict.detail and not every
        if not shared and (every or _detail_wanted(verdict, period)):
            below.append(verdict.detail)
        if every or indicator.headline:
            below += [
                f"{measure.title}: {beside_words(measured, measure)}"
                for measure in indicator.beside
                for measured in verdict.beside
                if measured.measure == measure.id
            ]
        shown = mark(verdict)
        rows.append(
            Row(
                status=str(shown),
                style=shown.style,
                name=plain(indicator.short),
                target=target_words(aim(verdict), indicator, words=False),
                value="" if doubtful else value_words(verdict, indicator),
                parts="" if doubtful else parts_words(verdict, indicator),
                notes=notes(verdict, indicator, every=every),
                below=tuple(sentence for sentence in below if sentence),
            )
        )
    return rows


def _detail_wanted(verdict: Verdict, period: Period | None) -> bool:
    """Whether the row alone would hide something: why not, months missing, or one month shown of several."""
    gaps = verdict.measured is not None and bool(verdict.measured.missing)
    if verdict.status is Status.NOT_ASSESSED:
        return verdict.reason is not Reason.NOTHING_DUE
    return gaps or verdict.period != period


# ── Milestones ───────────────────────────────────────────────────────────────


def _milestones(checked: Checked, rulebook: RuleBook, *, every: bool, colour: bool) -> list[str]:
    def wanted(verdict: MilestoneVerdict) -> bool:
        left = _days_left(checked, verdict)
        soon = verdict.status is MilestoneStatus.NOT_DUE and left is not None and left <= SOON
        return soon or verdict.status in {MilestoneStatus.OVERDUE, MilestoneStatus.DONE_LATE}

    def said_by_its_measure(verdict: MilestoneVerdict) -> bool:
        return rulebook.milestones[verdict.milestone].same_as is not None and not every

    told = [verdict for verdict in checked.milestones if not said_by_its_measure(verdict)]
    listed = [verdict for verdict in told if every or wanted(verdict)]
    order = list(MILESTONE_MARKS)
    listed.sort(key=lambda verdict: order.index(verdict.status))
    rows = []
    for verdict in listed:
        shown = MILESTONE_MARKS[verdict.status]
        said = _milestone_notes(checked, verdict)
        title = plain(rulebook.milestones[verdict.milestone].title)
        due = "" if verdict.due is None else in_words(verdict.due)
        rows.append(Row(status=str(shown), style=shown.style, name=title, target=due, notes=said))
    lines = table("Milestones", ("Due", ""), rows, colour=colour) if rows else []
    rest = [verdict.status for verdict in told if verdict not in listed]
    counted = [f"{rest.count(s)} {MILESTONE_MARKS[s].words}" for s in MilestoneStatus if s in rest]
    if counted:
        lines += wrapped(f"{'Other milestones' if rows else 'Milestones'}: {', '.join(counted)}.", 0, 2)
    return lines


def _days_left(checked: Checked, verdict: MilestoneVerdict) -> int | None:
    if verdict.due is None or checked.period is None:
        return None
    return (verdict.due - checked.period.end).days


def _milestone_notes(checked: Checked, verdict: MilestoneVerdict) -> tuple[str, ...]:
    left = _days_left(checked, verdict)
    said = []
    if verdict.status is MilestoneStatus.OVERDUE and left is not None:
        said.append(f"{many(-left, 'day')} overdue")
    elif verdict.status is MilestoneStatus.NOT_DUE and left is not None:
        said.append(f"{many(left, 'day')} left")
    elif verdict.status is MilestoneStatus.DONE_LATE and verdict.due and verdict.done_on:
        said.append(f"{many((verdict.done_on - verdict.due).days, 'day')} late")
    if verdict.done_on is None and verdict.expected_on is not None:
        said.append(f"expected {in_words(verdict.expected_on)}")
    return tuple(said)


# ── Findings ─────────────────────────────────────────────────────────────────


def _findings(checked: Checked, again: Sequence[str], *, every: bool, colour: bool) -> list[str]:
    found = [*checked.findings, *(checked.earlier_findings if every else ())]
    kept = found
    if not every and len(found) > CAP:
        worst = sorted(range(len(found)), key=lambda i: (_RANK[found[i].severity], i))[:CAP]
        kept = [found[i] for i in sorted(worst)]
    lines = []
    if found:
        lines.append(painted(cut(_findings_title(found), WIDTH), "bold", colour=colour))
    several = len({finding.file for finding in found}) > 1
    places: dict[tuple[str, str], list[Finding]] = {}
    for finding in kept:
        places.setdefault((finding.file, finding.sheet), []).append(finding)
    for (file, sheet), group in places.items():
        name = f"{file}: {sheet}" if several and file and sheet else sheet or file or "The whole check"
        lines.append(painted(cut(plain(name), WIDTH), "bold", colour=colour))
        lines += _group(group, colour=colour)
    how = command("kpi check", *again, "--all", short="the same with --all")
    if len(kept) < len(found):
        lines += wrapped(f"{len(found) - len(kept)} more, none graver, not listed. All of them: {how}", 0, 2)
    if checked.earlier_findings and not every:
        count = many(len(checked.earlier_findings), "finding")
        lines += wrapped(f"{count} in earlier months not listed. All of them: {how}", 0, 2)
    return lines


def _findings_title(found: Sequence[Finding]) -> str:
    severities = [finding.severity for finding in found]
    counted = [f"{severities.count(severity)} {severity}" for severity in _RANK if severity in severities]
    return f"{many(len(found), 'finding')}: {', '.join(counted)}"


def _group(findings: Sequence[Finding], *, colour: bool) -> list[str]:
    """The findings of one sheet: code, severity, cell; what is wrong; what to do."""
    severest = max(len(finding.severity) for finding in findings)
    cells = [plain(_place(finding)) for finding in findings]
    room = max((cell_len(cell) for cell in cells if cell_len(cell) <= WIDTH // 4), default=0)
    lines = []
    for finding, cell in zip(findings, cells, strict=True):
        style = "red" if finding.severity is Severity.REFUSE else "yellow"
        code = painted(finding.code, style, colour=colour)
        start = f"  {code} {finding.severity:<{severest}}"
        begun = 2 + len(finding.code) + 1 + severest + 2
        indent = begun + (room + 2 if room else 0)
        quoted = finding.found is not None and finding.found not in finding.message
        message = f"“{finding.found}”: {finding.message}" if quoted else finding.message
        first, *more = [*wrapped(message, indent), *wrapped(finding.fix, indent)]
        if cell_len(cell) > room:  # a list of cells: on lines of its own
            place, *on = wrapped(cell, begun)
            lines += [f"{start}  {place.lstrip()}", *on, first, *more]
        else:
            gap = f"  {padded(cell, room)}" if room else ""
            lines += [f"{start}{gap}  {first.lstrip()}".rstrip(), *more]
    return lines


def _place(finding: Finding) -> str:
    return finding.cell if finding.line is None else f"{finding.line}:{finding.column}"


# ── Closing ──────────────────────────────────────────────────────────────────


def _closing(checked: Checked, again: Sequence[str], *, every: bool, colour: bool) -> list[str]:
    lines = [counts_line(checked.verdicts, colour=colour)]
    unwell = [v for s in (Status.FAIL, Status.NOT_ASSESSED) for v in checked.verdicts if v.status is s]
    asides = []
    if unwell:
        first = f"kpi explain {unwell[0].indicator}"
        asides.append(("Why", command(first, *again, short=f"{first}, the same files and options")))
    if not every:
        asides.append(("All", command("kpi check", *again, "--all", short="the same with --all")))
    run = checked.run
    judged = [f"{r.file} {r.digest[:12]}" for r in run.returns if r.period == checked.period or r.refused]
    others = len(run.returns) - len(judged)
    judged += [f"{many(others, 'return')} of other months"] if others else []
    facts = "; ".join([f"kpi {run.engine_version}", f"rules {run.rulebook_digest[:12]}", *judged])
    for head, said in (*asides, ("Rules", run.rules), ("Run", facts)):
        first, *more = wrapped(said, ASIDE)
        lines += [f"{head:<{ASIDE}}{first.lstrip()}", *more]
    return lines
