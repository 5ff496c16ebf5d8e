"""The children of the made-up borough: a life in care is drawn on the day a child arrives.

Every fact has its day. A month's return shows what has happened by the month's end, so that
each return agrees with the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from inputs.example_dice import FIRST_DAY, LAST_DAY, Dice, Path, after, along, by, days, working
from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ARRIVALS_A_DAY = 0.37
FOSTERING, ADOPTION, CONNECTED = "Long-term fostering", "Adoption", "Connected carer"
OTHER_MATCH, NO_MATCH = "Other match wanted", "No match wanted"
PLANS = (*[FOSTERING] * 9, *[ADOPTION] * 4, *[CONNECTED] * 4, OTHER_MATCH, *[NO_MATCH] * 3)
SPECIAL_GUARDIANSHIP, ADOPTED = "Special guardianship", "Adopted"
LEFT_OTHERWISE = (*["Turned 18"] * 6, *["Returned home"] * 3, "Other")

# The story: shares and days by the day a thing began.
MATCHED_IN_TIME: Path = ((date(2021, 4, 1), 0.8), (date(2022, 10, 1), 0.84), (date(2024, 9, 1), 0.3))
LATE_MATCH_DAYS: Path = ((date(2021, 4, 1), 900), (date(2024, 9, 1), 1500))
PROCEEDINGS_ON_TIME: Path = ((date(2022, 9, 1), 0.7), (date(2024, 8, 1), 0.97))
SMART_PLAN: Path = ((date(2022, 9, 1), 0.88), (date(2024, 8, 1), 0.98))
PLAN_BY_SECOND: Path = ((date(2022, 9, 1), 0.86), (date(2023, 12, 1), 0.97), (date(2024, 1, 1), 1.0))
EARLY_PERMANENCE: Path = ((date(2022, 9, 1), 0.75), (date(2023, 12, 1), 1.0))
LETTER_IN_TIME: Path = ((date(2024, 1, 31), 0.8), (date(2024, 2, 1), 1.0))
BOOK_DAYS: Path = ((date(2022, 1, 1), 420), (date(2023, 6, 1), 330), (date(2024, 6, 1), 150))
HOME_BOOK: Path = ((date(2015, 1, 1), 0.9), (date(2023, 4, 1), 0.99))
IN_BOROUGH: Path = ((date(2022, 4, 1), 151), (date(2023, 6, 30), 158), (date(2025, 3, 31), 171.6))
"""Foster placements in borough; 158 on 30 June 2023 is the baseline in rules/baselines.yaml."""


@dataclass(frozen=True, slots=True)
class CareOrder:
    """Proceedings that ended in a full care order, and the plan that it was made on."""

    case_id: str
    issued_on: date
    granted_on: date
    smart_plan: bool
    plan: str
    match_wanted_from: date | None
    plan_changed_on: date | None


@dataclass(frozen=True, slots=True)
class Adoption:
    """The way of a child with a plan of adoption."""

    newborn: bool
    need_arose_on: date
    need_ended_on: date | None
    need_ended_reason: str | None
    early_permanence: bool
    order_on: date | None
    letter_on: date | None


@dataclass(frozen=True, slots=True)
class Child:
    """One time in care. What lies after `left_on` has not happened."""

    id: str
    came_on: date
    left_on: date | None
    left_reason: str | None
    fostered: bool
    reviews: tuple[date, ...]
    plan_identified_on: date | None
    book_on: date
    home_book: bool
    asked_on: date
    consents: bool | None
    views_on: date | None
    care_order: CareOrder | None
    matched_on: date | None
    adoption: Adoption | None

    def in_care(self, first: date, last: date) -> bool:
        """Whether in care on any day from `first` to `last`."""
        return self.came_on <= last and (self.left_on is None or self.left_on >= first)


@dataclass(slots=True)
class Placement:
    """One foster placement of one child."""

    id: str
    child: Child
    in_borough: bool
    provider: str
    began_on: date
    ended_on: date | None = None


def children_of_all_years() -> tuple[Child, ...]:
    """Everybody who came into care from the first day to the last, in the order of arrival."""
    dice, children = Dice("children"), list[Child]()
    for day in days(FIRST_DAY, LAST_DAY):
        if dice.chance(ARRIVALS_A_DAY):
            children.append(_life(dice, len(children) + 1, day))
    return tuple(children)


def _life(dice: Dice, number: int, came_on: date) -> Child:
    newborn = dice.chance(0.09)
    stays = newborn or dice.chance(0.62)
    proceedings = newborn or (stays and dice.chance(0.8))
    order = _care_order(dice, number, came_on, newborn=newborn) if proceedings else None
    early = newborn and dice.chance(along(EARLY_PERMANENCE, came_on))
    matched_on = _match(dice, came_on, order, newborn=newborn, early=early)
    left_on, reason = _leaving(dice, came_on, order, matched_on, stays=stays)
    matched_on = by(matched_on, left_on)
    second_in_time = dice.chance(along(PLAN_BY_SECOND, came_on))
    reviews = _reviews(dice, came_on, left_on)
    identified = reviews[1:2] if second_in_time else reviews[2:3]
    asked_on = after(came_on, dice.low(3, 50))
    return Child(
        id=f"EX-C-{number:04d}",
        came_on=came_on,
        left_on=left_on,
        left_reason=reason,
        fostered=dice.chance(0.78),
        reviews=reviews,
        plan_identified_on=identified[0] if identified else None,
        book_on=after(came_on, dice.low(0, int(along(BOOK_DAYS, came_on)))),
        home_book=dice.chance(along(HOME_BOOK, came_on)),
        asked_on=asked_on,
        consents=None if dice.chance(0.03) else dice.chance(0.92),
        views_on=None if dice.chance(0.015) else after(asked_on, dice.low(0, 120)),
        care_order=order,
        matched_on=matched_on,
        adoption=_adoption(dice, order, matched_on, left_on, reason, newborn=newborn, early=early),
    )


def _care_order(dice: Dice, number: int, came_on: date, *, newborn: bool) -> CareOrder:
    issued_on = working(after(came_on, dice.number(4, 12)))
    in_time = dice.chance(along(PROCEEDINGS_ON_TIME, came_on))
    granted_on = working(after(issued_on, dice.number(126, 182) if in_time else dice.number(190, 280)))
    plan = ADOPTION if newborn else dice.pick(PLANS)
    changed = plan != NO_MATCH and dice.chance(0.08)
    later = plan not in {NO_MATCH, ADOPTION} and not changed and dice.chance(0.08)
    return CareOrder(
        case_id=f"EX-L-{number:04d}",
        issued_on=issued_on,
        granted_on=granted_on,
        smart_plan=dice.chance(along(SMART_PLAN, came_on)),
        plan=plan,
        match_wanted_from=working(after(granted_on, dice.number(20, 300))) if later else None,
        plan_changed_on=working(after(granted_on, dice.number(30, 400))) if changed else None,
    )


def _match(dice: Dice, came_on: date, order: CareOrder | None, *, newborn: bool, early: bool) -> date | None:
    if order is None or order.plan == NO_MATCH or order.plan_changed_on is not None:
        return None
    if newborn:
        return working(after(came_on, dice.number(24, 80) if early else dice.number(120, 300)))
    wanted_from = order.match_wanted_from or order.granted_on
    if dice.chance(along(MATCHED_IN_TIME, order.granted_on)):
        return working(after(wanted_from, dice.low(1, 178)))
    return working(after(wanted_from, 187 + dice.low(0, int(along(LATE_MATCH_DAYS, order.granted_on)))))


def _leaving(
    dice: Dice, came_on: date, order: CareOrder | None, matched_on: date | None, *, stays: bool
) -> tuple[date | None, str | None]:
    if not stays:
        left_on, reason = after(came_on, dice.low(6, 260)), "Returned home"
    elif order is None:
        left_on, reason = after(came_on, dice.low(300, 3600)), dice.pick(LEFT_OTHERWISE)
    elif dice.chance(0.05):
        left_on, reason = after(order.granted_on, dice.number(15, 170)), "Returned home"
    elif order.plan == ADOPTION and matched_on is not None:
        left_on, reason = after(max(matched_on, order.granted_on), dice.number(220, 400)), ADOPTED
    elif order.plan == CONNECTED and matched_on is not None and dice.chance(0.5):
        left_on, reason = after(matched_on, dice.number(150, 420)), SPECIAL_GUARDIANSHIP
    else:
        left_on, reason = after(came_on, dice.low(700, 5400)), dice.pick(LEFT_OTHERWISE)
    left_on = working(left_on)
    return (left_on, reason) if left_on <= LAST_DAY else (None, None)


def _reviews(dice: Dice, came_on: date, left_on: date | None) -> tuple[date, ...]:
    last = left_on or LAST_DAY
    held, day = list[date](), working(after(came_on, dice.number(20, 28)))
    while day <= last:
        held.append(day)
        gap = dice.number(76, 91) if len(held) == 1 else dice.number(155, 182)
        day = working(after(day, gap))
    return tuple(held)


def _adoption(  # noqa: PLR0913  (what a life has led to so far)
    dice: Dice,
    order: CareOrder | None,
    matched_on: date | None,
    left_on: date | None,
    reason: str | None,
    *,
    newborn: bool,
    early: bool,
) -> Adoption | None:
    if order is None or order.plan != ADOPTION:
        return None
    arose = after(order.issued_on, dice.number(0, 12)) if newborn else order.granted_on
    adopted_on = left_on if reason == ADOPTED else None
    in_time = adopted_on is not None and dice.chance(along(LETTER_IN_TIME, adopted_on))
    ended: tuple[date | None, str | None] = (None, None)
    if matched_on is None:
        ended = min(_ends(order, left_on), default=ended)
    return Adoption(
        newborn=newborn,
        need_arose_on=arose,
        need_ended_on=ended[0],
        need_ended_reason=ended[1],
        early_permanence=early and matched_on is not None,
        order_on=adopted_on,
        letter_on=adopted_on and after(adopted_on, dice.number(2, 27) if in_time else dice.number(40, 120)),
    )


def _ends(order: CareOrder, left_on: date | None) -> Iterator[tuple[date, str]]:
    if order.plan_changed_on is not None and (left_on is None or order.plan_changed_on <= left_on):
        yield order.plan_changed_on, "Plan changed"
    if left_on is not None:
        yield left_on, "Left care"


# ── Where they live, and the supervision of their cases ──────────────────────

IN, OUT = (
    (*["In-house"] * 12, *["Connected carer"] * 5, *["Independent fostering agency"] * 3),
    (*["Independent fostering agency"] * 12, *["Connected carer"] * 4, *["In-house"] * 4),
)
PLACED_FROM = IN_BOROUGH[0][0]


def placements_of(children: Sequence[Child]) -> tuple[Placement, ...]:
    """Foster placements from April 2022 on; moves fill the borough to the number it has room for."""
    dice, made, current = Dice("placements"), list[Placement](), dict[str, Placement]()

    def begin(child: Child, day: date, *, inside: bool) -> None:
        if child.id in current:
            current[child.id].ended_on = day
        provider = dice.pick(IN if inside else OUT)
        made.append(Placement(f"EX-PL-{len(made) + 1:04d}", child, inside, provider, day))
        current[child.id] = made[-1]

    for day in days(PLACED_FROM, LAST_DAY):
        for child in children:
            if child.fostered and child.left_on == day and child.id in current:
                current.pop(child.id).ended_on = day
        wanted = int(along(IN_BOROUGH, day)) - sum(p.in_borough for p in current.values())
        arrived = [c for c in children if c.fostered and _to_be_placed(c, day)]
        for child in arrived:
            begin(child, day, inside=wanted > 0)
            wanted -= 1
        if dice.chance(0.25):
            moved = dice.pick(list(current.values()))
            begin(moved.child, day, inside=moved.in_borough)
        while wanted > 0:
            begin(dice.pick([p for p in current.values() if not p.in_borough]).child, day, inside=True)
            wanted -= 1
    return tuple(made)


def _to_be_placed(child: Child, day: date) -> bool:
    return child.came_on == day or (day == PLACED_FROM and child.in_care(day, day) and child.left_on != day)


GOOD_FEEDBACK: Path = ((date(2023, 4, 1), 0.62), (date(2024, 3, 1), 0.75), (date(2025, 3, 1), 0.69))


def supervisions_of(children: Sequence[Child], month: Period) -> Iterator[tuple[Child, date, bool, bool]]:
    """Of about half the children in care in `month`: day of supervision, feedback obtained, feedback good."""
    dice = Dice(f"supervision {month}")
    for child in children:
        if not child.in_care(month.start, month.end) or not dice.chance(0.5):
            continue
        first, last = max(month.start, child.came_on), min(month.end, child.left_on or month.end)
        day = working(after(first, dice.number(0, (last - first).days)))
        good = dice.chance(along(GOOD_FEEDBACK, month.start))
        obtained = good or dice.chance(0.5)
        if day >= first:
            yield child, day, obtained, good


MIDWAY_AUDITED: Path = ((date(2023, 4, 1), 16), (date(2023, 10, 1), 12), (date(2024, 4, 1), 8.9))
"""One midway review of so many is audited."""


def midway_reviews_of(children: Sequence[Child]) -> tuple[tuple[date, date | None], ...]:
    """The days of midway reviews and, of some, of their audit, which ends within the quarter."""
    dice, held = Dice("midway reviews"), list[date]()
    for child in children:
        for review in child.reviews[1:]:
            day = working(after(review, dice.number(75, 95)))
            if dice.chance(0.5) and day <= (child.left_on or LAST_DAY):
                held.append(day)
    audited = list[tuple[date, date | None]]()
    for number, day in enumerate(sorted(held)):
        audit = None
        if number % int(along(MIDWAY_AUDITED, day)) == 0:
            within = working(Period.of(day).quarter.end)
            audit = max(day, min(working(after(day, dice.number(5, 25))), within))
        audited.append((day, audit))
    return tuple(audited)
