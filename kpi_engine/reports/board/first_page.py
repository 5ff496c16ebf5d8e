"""Page one: the sentence, the tallies, what is asked, what changed, how complete the data are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.reports.board.commentary import ask
from kpi_engine.reports.board.measures import anchor_of, figure_words
from kpi_engine.reports.board.report import Ask, Tally
from kpi_engine.reports.board.words import ALWAYS_TOLD, MEANINGS, WORST_WORDS, state_badge
from kpi_engine.reports.wording import (
    STATE_MARKS,
    aim,
    change_words,
    listed,
    many,
    missed_sentence,
    target_words,
)
from kpi_engine.terms.measurement import Reason
from kpi_engine.terms.returned import Validated
from kpi_engine.terms.state import Change, State
from kpi_engine.terms.verdict import Status
from kpi_engine.variation import Variation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kpi_engine.escalation.outcome import BoardException
    from kpi_engine.reports.board.brief import Brief
    from kpi_engine.rulebook.book import Indicator
    from kpi_engine.terms.checked import ReturnRead

_NOT_JUDGED = (
    (State.NOT_REPORTED, "could not be judged"),
    (State.NOT_DUE, "not due yet"),
    (State.NOTHING_DUE, "with nothing due"),
)


def lead_sentence(brief: Brief) -> str:
    """The first sentence: every miss is counted."""
    names = [one.id for one in brief.told]
    now = brief.escalated.now
    return missed_sentence([now.verdicts[name] for name in names], [now.states[name] for name in names])


def rest_sentence(brief: Brief) -> str:
    """The worst measure in a few words, and what the first sentence does not count."""
    action = in_need(brief)
    worst = _worst_words(brief, action[0]) if action else ""
    rest = [
        f"{number} {'is ' if number == 1 else 'are '}{words}" if state is not State.NOT_REPORTED
        else f"{number} {words}"
        for state, words in _NOT_JUDGED
        if (number := _number(brief, state))
    ]  # fmt: skip
    kept = len(brief.indicators) - len(brief.told)
    if kept:
        rest.append(f"{kept} {'is' if kept == 1 else 'are'} kept back")
    others = f"Of the others, {listed(rest)}." if rest else ""
    return " ".join(text for text in (worst, others) if text)


def _number(brief: Brief, state: State) -> int:
    return sum(brief.state(one.id) is state for one in brief.indicators)


def _worst_words(brief: Brief, worst: Indicator) -> str:
    chart = brief.trend(worst.id).chart
    verdict, tail = brief.verdict(worst.id), WORST_WORDS[chart.variation if chart is not None else None]
    target = aim(verdict)
    if target is None or verdict.value is None or not brief.figure(worst.id) or brief.low(worst.id):
        return f"{worst.short}: target missed{tail}."
    figure = figure_words(verdict, worst)
    return f"{worst.short} stands at {figure} against a target of {target_words(target, worst)}{tail}."


def in_need(brief: Brief) -> tuple[Indicator, ...]:
    """The measures that need action, the worst first.

    The severest exception decides, then a real change for the worse, then headline measures. Where
    anything is kept back the order would tell of it, so there exceptions do not count.
    """
    severity: dict[str | None, int] = {}
    for one in () if brief.keeps_back else brief.exceptions():
        severity[one.indicator] = max(severity.get(one.indicator, 0), one.severity)

    def key(one: Indicator) -> tuple[int, bool, bool]:
        chart = brief.trend(one.id).chart
        worsening = chart is not None and chart.variation is Variation.CONCERN
        return -severity.get(one.id, 0), not worsening, not one.headline

    return tuple(sorted((i for i in brief.told if brief.state(i.id) is State.ACTION_NEEDED), key=key))


def carded(brief: Brief) -> tuple[str, ...]:
    """The measures that have a card: those that need action as on page one, then others with exceptions."""
    raised = brief.raised_on()
    if brief.keeps_back:
        raised = tuple(one.id for one in brief.indicators if one.id in raised)
    return tuple(dict.fromkeys([*(one.id for one in in_need(brief)), *raised]))


def tallies(brief: Brief) -> tuple[Tally, ...]:
    """How many measures have each state: the five of page one always, the others where there are any."""
    return tuple(
        Tally(state, state_badge(state), _number(brief, state), MEANINGS[state])
        for state in STATE_MARKS
        if state in ALWAYS_TOLD or _number(brief, state)
    )


def asks(brief: Brief) -> tuple[Ask, ...]:
    """What the board is asked to decide, of the measures that need it most first."""
    every = (brief.rulebook.indicators[name] for name in carded(brief))
    return tuple(Ask(text, one.short, anchor_of(one.id)) for one in every if (text := ask(brief, one)))


# ── What changed ─────────────────────────────────────────────────────────────


def changes(brief: Brief) -> tuple[str, ...]:
    """What is otherwise than in the report's last revision, if it had one, and than in the period before."""
    return (*_since_revision(brief), *_since_before(brief))


def _since_revision(brief: Brief) -> Iterator[str]:
    if brief.revised is None:
        return
    moved = [
        f"{one.short} (now {_status_words(now)}, was {_status_words(was)})"
        for one in brief.told
        if brief.disclosure[one.id].last
        and (was := brief.revised.before.get(one.id)) is not None
        and (now := brief.escalated.now.verdicts[one.id].status) is not was
    ]
    what = f"Changed: {listed(moved)}." if moved else "No verdict that is told here has changed."
    yield f"{brief.revised.because} {what}"


def _status_words(status: Status) -> str:
    return status.value.replace("_", " ")


def _since_before(brief: Brief) -> tuple[str, ...]:
    if brief.escalated.before is None:
        return ("There is no earlier period to compare with.",)
    moved = dict(_moves(brief))
    said = [f"Now {words}: {listed(names)}." for words, names in _grouped(list(moved.values()))]
    told = [one for one in brief.exceptions() if one.indicator not in moved]
    gone = [one for one in brief.gone() if one.indicator not in moved]
    for change, word in ((Change.NEW, "New"), (Change.WORSE, "Worse"), (Change.BETTER, "Better")):
        said += _exceptions(brief, word, [one for one in told if one.change is change])
    said += _exceptions(brief, "Gone", gone)
    return tuple(said) or (f"Nothing has changed since {_before_words(brief)}.",)


def _before_words(brief: Brief) -> str:
    return change_words(Change.GONE, brief.escalated.now.period).removeprefix("gone since ")


def _moves(brief: Brief) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each measure whose state is another: the new state, and the measure with the state it had.

    Where its last figure may not stand beside, nothing is known of whether its last state might be said.
    """
    before = brief.escalated.before
    for one in brief.told:
        if not brief.disclosure[one.id].last:
            continue
        was, state = before.states[one.id].state if before is not None else None, brief.state(one.id)
        if was is not None and state is not None and was is not state:
            had = STATE_MARKS[was].words
            yield one.id, (STATE_MARKS[state].words, f"{one.short} (was {had[0].lower()}{had[1:]})")


def _grouped(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    groups: dict[str, list[str]] = {mark.words: [] for mark in STATE_MARKS.values()}
    for words, name in pairs:
        groups[words].append(name)
    return [(f"{words[0].lower()}{words[1:]}", names) for words, names in groups.items() if names]


def _exceptions(brief: Brief, word: str, group: Sequence[BoardException]) -> list[str]:
    """One line: each kind of exception with what it is about."""
    kinds: dict[str, list[str]] = {}
    for one in group:
        about = about_words(brief, one)
        kinds.setdefault(one.title, []).extend([about] if about else [])
    said = [f"{title} ({'; '.join(names)})" if names else title for title, names in kinds.items()]
    return [f"{word}: {'; '.join(said)}."] if said else []


def about_words(brief: Brief, one: BoardException) -> str:
    """The short title of what an exception is about; empty for the whole return."""
    book = brief.rulebook
    if one.indicator is not None:
        return book.indicators[one.indicator].short
    return book.milestones[one.milestone].title if one.milestone is not None else ""


# ── How complete the data are ────────────────────────────────────────────────


def completeness(brief: Brief) -> str:
    """How many measures could be judged, how many on figures that are not validated, what was refused."""
    verdicts = [brief.escalated.now.verdicts[one.id] for one in brief.told]
    judged = [v for v in verdicts if v.status is not Status.NOT_ASSESSED or v.reason is Reason.NOTHING_DUE]
    unsure = sum(v.status in {Status.PASS, Status.FAIL} and v.validated is not Validated.YES for v in judged)
    said = [f"{len(judged)} of {many(len(verdicts), 'measure')} reported"]
    if unsure:
        said.append(f"{unsure} on figures that are not validated")
    refused = sum(r.refused and not r.replaced for r in returns_of(brief))
    if refused:
        said.append(f"{many(refused, 'return')} refused")
    return f"{'; '.join(said)}."


def returns_of(brief: Brief) -> list[ReturnRead]:
    """The returns of the period, and those whose month nobody can tell."""
    months = brief.escalated.now.period.months
    return [r for r in brief.checked.run.returns if r.period is None or r.period in months]


def title_of(brief: Brief) -> str:
    """The report's title, with the full month or quarter."""
    return f"Exception report, {brief.escalated.now.period.label}"
