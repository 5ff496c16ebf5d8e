"""The order in which escalation rules must run, so that `unless` only looks at what is complete."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpi_engine.rulebook.pack import EscalationRule, Pattern


def strata(rules: Sequence[EscalationRule]) -> tuple[tuple[EscalationRule, ...], ...]:
    """The rules in as few strata as their negations allow, each in the order given.

    A rule is in no earlier stratum than any that derives what its `when` matches, and in a later one than
    any that derives what its `unless` looks for. ValueError if `circles` has anything to say.
    """
    makers = _makers(rules)
    level = [0] * len(rules)
    for _ in range(len(rules) + 1):
        before = list(level)
        for i, rule in enumerate(rules):
            needed = [level[j] for pattern in rule.when for j in makers[pattern.type]]
            needed += [level[j] + 1 for pattern in rule.unless for j in makers[pattern.type]]
            level[i] = max(needed, default=0)
        if level == before:
            return tuple(
                tuple(rule for rule, own in zip(rules, level, strict=True) if own == one)
                for one in sorted(set(level))
            )
    raise ValueError("a rule's unless hangs on the rule itself")


def circles(rules: Sequence[EscalationRule]) -> Iterator[tuple[int, Pattern, tuple[str, ...]]]:
    """Each `unless` whose type hangs on its own rule: the rule's index, the pattern, the circle's ids."""
    makers = _makers(rules)
    for i, rule in enumerate(rules):
        for pattern in rule.unless:
            way = _way_back(rules, makers, makers[pattern.type], i)
            if way:
                yield i, pattern, tuple(rules[j].id for j in (i, *way))


def hangs_on(rules: Sequence[EscalationRule]) -> Mapping[str, frozenset[str]]:
    """For every derived type: the types that its facts follow from, over any number of steps."""
    direct: dict[str, set[str]] = defaultdict(set)
    for rule in rules:
        direct[rule.then.type].update(pattern.type for pattern in rule.when)
    return {one: _closure(one, direct) for one in direct}


def _closure(start: str, direct: Mapping[str, set[str]]) -> frozenset[str]:
    reached: set[str] = set()
    ahead = [start]
    while ahead:
        for one in direct.get(ahead.pop(), ()):
            if one not in reached:
                reached.add(one)
                ahead.append(one)
    return frozenset(reached)


def _makers(rules: Sequence[EscalationRule]) -> Mapping[str, list[int]]:
    """The indexes of the rules that derive each type."""
    makers: dict[str, list[int]] = defaultdict(list)
    for i, rule in enumerate(rules):
        makers[rule.then.type].append(i)
    return makers


def _way_back(
    rules: Sequence[EscalationRule], makers: Mapping[str, list[int]], start: Sequence[int], end: int
) -> tuple[int, ...]:
    """The shortest chain of rules, each needing the next, from one of `start` to `end`; empty if none."""
    came_from: dict[int, int | None] = dict.fromkeys(start)
    ahead = deque(start)
    while ahead:
        here = ahead.popleft()
        if here == end:
            return tuple(_steps(came_from, here))[::-1]
        for pattern in (*rules[here].when, *rules[here].unless):
            for there in makers[pattern.type]:
                if there not in came_from:
                    came_from[there] = here
                    ahead.append(there)
    return ()


def _steps(came_from: Mapping[int, int | None], last: int) -> Iterator[int]:
    here: int | None = last
    while here is not None:
        yield here
        here = came_from[here]
