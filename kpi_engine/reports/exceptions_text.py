"""Exceptions as text for a terminal: what a board must hear, and why, every line at most 80 columns."""

from __future__ import annotations

from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from kpi_engine.escalation.proof import leaves
from kpi_engine.reports.behind import heard, measures_of
from kpi_engine.reports.page import ASIDE, WIDTH, command, cut, painted, plain, wrapped
from kpi_engine.reports.wording import (
    MILESTONE_MARKS,
    SEVERITY_WORDS,
    STATE_MARKS,
    Mark,
    change_words,
    explained_words,
    listed,
    many,
    missed_sentence,
    state_words,
    states_counted,
    told_sentence,
)
from kpi_engine.terms.period import in_words
from kpi_engine.terms.state import State
from kpi_engine.terms.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.escalation.outcome import BoardException, Escalated, Standing
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.rulebook.pack import Board
    from kpi_engine.terms.checked import Checked

_LABEL: Final = 15  # cells of the labels of a card, two blanks before and after
_NAMED: Final = 3  # measures behind an exception about the return that are named
_BUT: Final = 3  # boards that are not told, from which on those told are named instead
_STYLES: Final = MappingProxyType({3: "red", 2: "yellow", 1: "blue"})
_RETURN: Final = Mark("□", "The return", "magenta")


def exceptions_text(  # noqa: PLR0913  (all but three are keywords)
    escalated: Escalated,
    checked: Checked,
    rulebook: RuleBook,
    *,
    board: Board | None,
    subject: str,
    words: Sequence[str],
    colour: bool,
) -> str:
    """The report of `kpi exceptions` on `subject`, the files or folders as they were typed.

    What `board` hears, or everything where it is None. `words` are what to type again after a
    command's name. Ends with a newline; no line is over 80 columns and no number is cut.
    """
    told, now = heard(escalated.now.exceptions, board), escalated.now
    blocks = [
        _heading(checked, now, board, subject, colour=colour),
        _summary(escalated, rulebook, board, told, colour=colour),
        *_cards(escalated, rulebook, board, told, colour=colour),
        _gone(escalated, rulebook, board, colour=colour),
        _closing(escalated, rulebook, board, tuple(words) or (subject,), told),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


# ── Page one ─────────────────────────────────────────────────────────────────


def _heading(
    checked: Checked, now: Standing, board: Board | None, subject: str, *, colour: bool
) -> list[str]:
    authority = checked.authority + (" (made-up figures)" if checked.made_up else "")
    about = plain(f"Exceptions of {now.period.label}, {authority}")
    name = cut(plain(subject), WIDTH)
    bold = painted(name, "bold", colour=colour)
    fits = cell_len(name) + 2 + cell_len(about) <= WIDTH
    lines = ([f"{bold}  {about}"] if fits else [bold, *wrapped(about)]) if name else wrapped(about)
    return [*lines, *(wrapped(f"What the {board.name} hears.") if board is not None else ())]


def _summary(
    escalated: Escalated,
    rulebook: RuleBook,
    board: Board | None,
    told: Sequence[BoardException],
    *,
    colour: bool,
) -> list[str]:
    """All misses in one sentence, every state with its count, and how many exceptions there are."""
    now = escalated.now
    states = [now.states[name] for name in measures_of(board, rulebook) if name in now.states]
    verdicts = [now.verdicts[state.indicator] for state in states]
    first = wrapped(missed_sentence(verdicts, states))
    lines = [painted(line, "bold", colour=colour) for line in first]
    counted = [(f"{mark} {number}", mark.style) for mark, number in states_counted(states, verdicts)]
    lines += _packed(counted, colour=colour)
    lines += wrapped(_how_many(told, rulebook, board))
    if escalated.before is None and told:
        lines += wrapped("Nothing is known of the period before, so each exception is told as new.")
    return lines


def _how_many(told: Sequence[BoardException], rulebook: RuleBook, board: Board | None) -> str:
    if not rulebook.escalations.rules:
        return "No exceptions: the rules folder declares no escalation rules."
    if not told:
        return f"No exceptions: there is nothing that {'a' if board is None else 'this'} board must hear."
    groups = [(severity, len(list(group))) for severity, group in groupby(told, lambda one: one.severity)]
    words = {3: lambda n: f"{n} urgent", 2: lambda n: f"{n} for boards", 1: lambda n: many(n, "note")}
    return f"{many(len(told), 'exception')}: {listed(words[severity](n) for severity, n in groups)}."


def _packed(items: Sequence[tuple[str, str]], *, colour: bool) -> list[str]:
    """The items in as many lines as they need; none is broken."""
    lines, room = [""], WIDTH
    for text, style in items:
        gap = "   " if lines[-1] else ""
        if gap and cell_len(gap + text) > room:
            lines.append("")
            gap, room = "", WIDTH
        lines[-1] += gap + painted(text, style, colour=colour)
        room -= cell_len(gap + text)
    return lines


# ── Cards ────────────────────────────────────────────────────────────────────


def _cards(
    escalated: Escalated,
    rulebook: RuleBook,
    board: Board | None,
    told: Sequence[BoardException],
    *,
    colour: bool,
) -> list[list[str]]:
    """One card for each thing that exceptions are about, that with the most severe one first."""
    groups: dict[tuple[str | None, str | None], list[BoardException]] = {}
    for one in told:
        groups.setdefault((one.indicator, one.milestone), []).append(one)
    now = escalated.now
    return [
        [
            *_title(group[0], now, rulebook, colour=colour),
            *_told(group, now, rulebook, board, colour=colour),
            *_explanation(group, now, rulebook),
        ]
        for group in groups.values()
    ]


def _title(one: BoardException, now: Standing, rulebook: RuleBook, *, colour: bool) -> list[str]:
    """What the card is about: shape, name, state; below it the figure with its counts and target."""
    if one.indicator is not None:
        indicator, state = rulebook.indicators[one.indicator], now.states[one.indicator]
        mark, name, said = STATE_MARKS[state.state], indicator.short, state_words(state)
        figure = told_sentence(now.verdicts[one.indicator], indicator, now.period)
    elif one.milestone is not None:
        rule, verdict = rulebook.milestones[one.milestone], now.milestones[one.milestone]
        mark, name = MILESTONE_MARKS[verdict.status], rule.title
        said = mark.words.capitalize()
        dates = [f"Milestone, due {in_words(verdict.due)}" if verdict.due else "Milestone without a date"]
        late = verdict.days is not None and verdict.days > 0
        dates += [f"{many(verdict.days or 0, 'day')} overdue"] if late else []
        dates += [f"expected {in_words(verdict.expected_on)}"] if verdict.expected_on else []
        figure = ", ".join(dates) + "."
    else:
        mark, name, said, figure = _RETURN, _RETURN.words, now.period.label, ""
    state_part = f"  {said}"
    name = cut(plain(name), WIDTH - cell_len(f"{mark.shape} {state_part}"))
    head = f"{painted(f'{mark.shape} {name}', 'bold', colour=colour)}"
    lines = [head + painted(state_part, mark.style, colour=colour)]
    return [*lines, *(wrapped(figure, 2) if figure else ())]


def _told(
    group: Sequence[BoardException],
    now: Standing,
    rulebook: RuleBook,
    board: Board | None,
    *,
    colour: bool,
) -> list[str]:
    """Each exception with its change and reason; below those that the same boards hear, which these are."""
    lines = []
    for tell, alike in groupby(group, lambda one: one.tell):
        for one in alike:
            change = change_words(one.change, one.period)
            when = "" if one.period == now.period else f", {one.period.label}"
            because = f": {one.because.rstrip('.')}" if one.because else ""
            text = f"{one.title}{when} ({change}){because}.{_concerned(one, rulebook)}"
            lines += _labelled(SEVERITY_WORDS[one.severity], text, style=_STYLES[one.severity], colour=colour)
        if board is None and rulebook.boards:
            lines += _labelled("Told", _boards(tell, rulebook))
    return lines


def _concerned(one: BoardException, rulebook: RuleBook) -> str:
    """The measures behind an exception about the whole return: the first few, and how many more."""
    if one.indicator is not None or one.milestone is not None:
        return ""
    found = {str(leaf["indicator"]) for leaf in leaves(one.proof) if leaf.type in {"verdict", "reads"}}
    names = [i.short for i in rulebook.indicators.values() if i.id in found]
    if not names:
        return ""
    more = len(names) - _NAMED
    shown = [*names[:_NAMED], f"{more} more"] if more > 0 else names
    return f" {'It concerns' if len(names) > 1 else 'It concerns only'} {listed(shown)}."


def _boards(tell: Sequence[str], rulebook: RuleBook) -> str:
    """`all boards`, `all boards but the Scrutiny Committee`, or their names, whichever is shortest."""
    names = [rulebook.boards[board].name for board in tell]
    others = [board.name for board in rulebook.boards.values() if board.id not in tell]
    if names and not others:
        return "all boards" if len(names) > 1 else names[0]
    if len(others) < min(_BUT, len(names)):
        return f"all boards but {'; '.join(others)}"
    return "; ".join(names) or "no board"


def _explanation(group: Sequence[BoardException], now: Standing, rulebook: RuleBook) -> list[str]:
    """Why, action, lead, back on track and ask; a miss without them says so, unless an exception does."""
    about = group[0].indicator
    if about is None:
        named = group[0].milestone
        return [] if named is None else _labelled("Lead", rulebook.milestones[named].lead)
    given, indicator = now.explanations.get(about), rulebook.indicators[about]
    if given is not None:
        return [line for label, text in explained_words(given, indicator) for line in _labelled(label, text)]
    missed = now.verdicts[about].status is Status.FAIL or now.states[about].state is State.ACTION_NEEDED
    if not missed:
        return []
    said = any(leaf.type == "commentary" for one in group for leaf in leaves(one.proof))
    why = [] if said else _labelled("Why", "No explanation given.")
    return [*why, *_labelled("Lead", indicator.lead)]


def _labelled(label: str, text: str, *, style: str = "", colour: bool = False) -> list[str]:
    first, *more = wrapped(text, 2 + _LABEL)
    head = painted(label, style, colour=colour) + " " * (_LABEL - len(label))
    return [f"  {head}{first.lstrip()}", *more]


# ── Closing ──────────────────────────────────────────────────────────────────


def _gone(escalated: Escalated, rulebook: RuleBook, board: Board | None, *, colour: bool) -> list[str]:
    gone = heard(escalated.gone, board)
    if not gone or escalated.before is None:
        return []
    head = f"Gone since {escalated.before.period.label}"
    return [
        painted(head, "bold", colour=colour),
        *(line for one in gone for line in wrapped(f"{_about(one, rulebook)}: {one.title}", 2, 4)),
    ]


def _about(one: BoardException, rulebook: RuleBook) -> str:
    if one.indicator is not None:
        return rulebook.indicators[one.indicator].short
    return _RETURN.words if one.milestone is None else rulebook.milestones[one.milestone].title


def _closing(
    escalated: Escalated,
    rulebook: RuleBook,
    board: Board | None,
    again: Sequence[str],
    told: Sequence[BoardException],
) -> list[str]:
    """What to type next, which engine answered, and that small counts are not protected here."""
    measures = [one.indicator for one in told if one.indicator is not None]
    lines = []
    for first in measures[:1]:
        explain = f"kpi explain {first}"
        lines += _aside("Why", command(explain, *again, short=f"{explain}, the same files and options"))
    answered = escalated.answered
    said = f"{answered.engine} ({answered.why})" if answered.why else answered.engine
    lines += _aside("Engine", said)
    if board is not None and rulebook.audiences[board.audience].threshold:
        lines += _aside("Note", "Small counts are shown here: not for publication. kpi report protects them.")
    return lines


def _aside(head: str, text: str) -> list[str]:
    first, *more = wrapped(text, ASIDE)
    return [f"{head:<{ASIDE}}{first.lstrip()}", *more]
