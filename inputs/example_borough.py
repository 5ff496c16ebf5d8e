"""The made-up borough but for its children: posts and people, carers, private fostering, meetings.

Simulated day by day, or month by month where a month has a figure to keep to. As with the
children, every fact has its day, and a month's return shows what has happened by its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from inputs.example_children import children_of_all_years, midway_reviews_of, placements_of
from inputs.example_dice import FIRST_DAY, LAST_DAY, Dice, Path, after, along, days, working
from kpi_engine.terms.period import Period, span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inputs.example_children import Child, Placement

FIRST_MONTH, LAST_MONTH = Period.parse("2023-04"), Period.parse("2025-03")
MONTHS = span(FIRST_MONTH, LAST_MONTH)
"""The months there are returns for."""


# ── Posts and the people in them ─────────────────────────────────────────────

PERMANENT = "permanent"
OTHER_CONTRACTS = (*["agency"] * 7, *["fixed_term"] * 2, "secondee_in")
CIC = "Children in Care"
OTHER_TEAMS = {  # team: posts, of them filled permanently, filled otherwise
    "Edge of Care": (8, 6, 1),
    "Fostering and Kinship": (18, 15, 2),
    "Assessment": (24, 18, 4),
    "Safeguarding": (18, 13, 4),
    "Young Adults Service": (12, 10, 1),
}
CIC_POSTS = 40
# The story: people of Children in Care by contract, permanent and other, at the end of each month.
CIC_PEOPLE = (
    (28, 7), (28, 7), (29, 7), (29, 7), (30, 6), (30, 6), (31, 5), (32, 5), (32, 5),  # to December 2023
    (32, 5), (31, 5), (30, 5), (30, 5), (29, 5), (29, 5), (29, 5), (28, 6), (27, 6),  # to September 2024
    (27, 6), (26, 6), (26, 6), (25, 6), (24, 6), (23, 6),
)  # fmt: skip
BUSINESS_SUPPORT = "Business support"
ROLES = (
    *["Social worker"] * 6,
    "Team manager",
    "Personal adviser",
    "Family or support worker",
    BUSINESS_SUPPORT,
)
JOINED_AS = (*["Newly appointed"] * 6, "Moved within the council")
TRAINED_IN_TIME: Path = ((date(2023, 1, 1), 0.6), (date(2023, 10, 1), 0.85), (date(2025, 3, 1), 0.9))
HALF = "0.5"


@dataclass(frozen=True, slots=True)
class Post:
    """A post of the establishment; of a shared one, either half."""

    seat: int
    id: str
    team: str
    role: str
    fte: str


@dataclass(slots=True)
class Person:
    """Somebody's time in one post."""

    id: str
    post: Post
    contract: str
    joined_as: str
    began_on: date
    trained_on: date
    left_on: date | None = None

    def holds(self, day: date) -> bool:
        """Whether in post at the end of `day`."""
        return self.began_on <= day and (self.left_on is None or self.left_on > day)


def _posts() -> tuple[Post, ...]:
    dice, posts = Dice("posts"), list[Post]()
    for team, number in ((CIC, CIC_POSTS), *((team, size[0]) for team, size in OTHER_TEAMS.items())):
        for place in range(number):
            # Two people share the first post of Children in Care, and stay, so that it is never vacant.
            shared = team == CIC and place < 2
            role = ROLES[0] if shared else ROLES[place % len(ROLES)]
            fte = HALF if shared else dice.pick(("1", "1", "1", "1", "0.8", "0.6"))
            seat = len(posts) + 1
            posts.append(Post(seat, f"EX-P-{1 if shared else seat:03d}", team, role, fte))
    return tuple(posts)


def _people(posts: Sequence[Post]) -> tuple[Person, ...]:
    """Everybody in post since before the first return, steered to each month's figures."""
    dice, people = Dice("people"), list[Person]()
    for month in (FIRST_MONTH.plus(-1), *MONTHS):
        for team in (CIC, *OTHER_TEAMS):
            number = max(0, month.first - FIRST_MONTH.first)
            permanent, other = CIC_PEOPLE[number] if team == CIC else OTHER_TEAMS[team][1:]
            of_team = [post for post in posts if post.team == team]
            _staff(dice, people, of_team, month, {True: permanent, False: other})
    return tuple(people)


def _staff(
    dice: Dice, people: list[Person], posts: Sequence[Post], month: Period, wanted: dict[bool, int]
) -> None:
    """Let people of one team leave, by chance and as wanted, then join until there are as many as wanted."""
    for permanent, target in wanted.items():
        staying = [p for p in people if p.post in posts and p.left_on is None]
        held = [p for p in staying if (p.contract == PERMANENT) == permanent]
        moving = [p for p in held if p.post.fte != HALF]
        by_chance = sum(dice.chance(0.012 if permanent else 0.09) for _ in moving)
        for _ in range(max(by_chance, len(held) - target)):
            leaver = dice.pick([p for p in moving if p.left_on is None])
            leaver.left_on = working(after(month.start, dice.number(4, 12)))
    for permanent, target in wanted.items():
        staying = [p for p in people if p.post in posts and p.left_on is None]
        taken = {p.post for p in staying}
        free = [post for post in posts if post not in taken]
        for _ in range(target - sum((p.contract == PERMANENT) == permanent for p in staying)):
            post = free.pop(0 if free[0].fte == HALF else dice.number(0, len(free) - 1))
            people.append(_joins(dice, len(people) + 1, post, month, permanent=permanent))


def _joins(dice: Dice, number: int, post: Post, month: Period, *, permanent: bool) -> Person:
    at_first = month < FIRST_MONTH
    began_on = working(after(month.start, -dice.low(100, 3000) if at_first else dice.number(15, 27)))
    contract = PERMANENT if permanent else dice.pick(OTHER_CONTRACTS)
    joined = "Agency" if contract == "agency" else dice.pick(JOINED_AS)
    in_time = dice.chance(along(TRAINED_IN_TIME, began_on))
    trained_on = after(began_on, dice.low(4, 45) if in_time else dice.number(52, 90))
    return Person(f"EX-W-{number:04d}", post, contract, joined, began_on, working(trained_on))


# ── Foster carers ────────────────────────────────────────────────────────────

APPROVED_A_DAY = 0.061
REVIEWED_IN_TIME: Path = ((date(2022, 4, 1), 0.74), (date(2024, 3, 1), 0.66), (date(2024, 4, 1), 0.82))
GRADES = ("Outstanding", *["Good"] * 6, *["Requires improvement"] * 3, "Inadequate")


@dataclass(frozen=True, slots=True)
class CarerReview:
    """One annual review of a household."""

    held_on: date
    signed_off_on: date
    grade: str | None


@dataclass(frozen=True, slots=True)
class Household:
    """One household approved to foster. What lies after `ended_on` has not happened."""

    id: str
    approved_on: date
    ended_on: date
    on_hold: bool
    reviews: tuple[CarerReview, ...]


def _households() -> tuple[Household, ...]:
    dice, made = Dice("foster carers"), list[Household]()
    for day in days(FIRST_DAY, LAST_DAY):
        if dice.chance(APPROVED_A_DAY) and working(day) == day:
            ended_on = after(day, dice.number(200, 7000))
            reviews = tuple(_carer_reviews(dice, day, ended_on))
            made.append(Household(f"EX-F-{len(made) + 1:03d}", day, ended_on, dice.chance(0.04), reviews))
    return tuple(made)


def _carer_reviews(dice: Dice, approved_on: date, ended_on: date) -> Iterator[CarerReview]:
    day = approved_on
    while True:
        in_time = dice.chance(along(REVIEWED_IN_TIME, after(day, 365)))
        day = working(after(day, 365 - dice.low(0, 40) if in_time else 368 + dice.low(0, 150)))
        if day > min(ended_on, LAST_DAY):
            return
        grade = dice.pick(GRADES) if dice.chance(0.3) else None
        yield CarerReview(day, after(day, dice.number(7, 35)), grade)


# ── Private fostering ────────────────────────────────────────────────────────

REFERRALS = (2, 2, 3, 3, 2, 4, 5, 6, 3, 5, 5, 4, 4, 3, 4, 4, 2, 4, 4, 4, 0, 4, 3, 4)
"""Month by month: 44 in 2023/24, with the campaign of October 2023, and 40 in 2024/25."""
KNOWN_CHILDREN: Path = ((date(2023, 4, 1), 9), (date(2023, 9, 30), 9), (date(2025, 3, 31), 14.9))
"""Children privately fostered; 9 on 30 June 2023 is the baseline in rules/baselines.yaml."""
CHAMPIONS = (  # appointed, stood down
    *[(date(2023, 6, 12), date(2025, 2, 14)), *[(date(2023, 6, 12), None)] * 5],
    *[(date(2023, 7, 17), None)] * 3,
    *[(date(2023, 8, 21), None)] * 3,
    (date(2024, 1, 22), date(2024, 10, 11)),
)


@dataclass(frozen=True, slots=True)
class Referral:
    """One private fostering referral; the outcome is known once `decided_on` has come."""

    id: str
    child_id: str
    received_on: date
    repeat: bool
    decided_on: date
    outcome: str


@dataclass(slots=True)
class Arrangement:
    """One child privately fostered."""

    child_id: str
    began_on: date
    ended_on: date | None = None


def _private_fostering() -> tuple[tuple[Referral, ...], tuple[Arrangement, ...]]:
    dice, referrals, children = Dice("private fostering"), list[Referral](), list[str]()
    arrangements = [
        Arrangement(f"EX-C-{5001 + n}", working(after(FIRST_MONTH.start, -dice.number(20, 500))))
        for n in range(int(KNOWN_CHILDREN[0][1]))
    ]
    for month, number in zip(MONTHS, REFERRALS, strict=True):
        if month == month.year.months[0]:
            children.clear()
        for day in sorted(working(after(month.start, dice.number(2, 26))) for _ in range(number)):
            again = bool(children) and dice.chance(0.12)
            child = dice.pick(children) if again else f"EX-C-{5101 + len(referrals)}"
            children.append(child)
            current = [a for a in arrangements if a.ended_on is None]
            decided_on = min(working(after(day, dice.number(8, 30))), LAST_DAY)
            room = int(along(KNOWN_CHILDREN, decided_on)) - len(current)
            begins = child not in {a.child_id for a in arrangements} and (room > 0 or dice.chance(0.3))
            if begins and room <= 0:
                current[0].ended_on = decided_on
            if begins:
                arrangements.append(Arrangement(child, decided_on))
            outcome = "Privately fostered" if begins else "Not privately fostered"
            number_so_far = f"EX-R-{len(referrals) + 1:03d}"
            referrals.append(Referral(number_so_far, child, day, again, decided_on, outcome))
    return tuple(referrals), tuple(arrangements)


# ── Meetings and audits ──────────────────────────────────────────────────────

RAA_PRESENT: Path = ((date(2023, 4, 1), 0.8), (date(2024, 12, 1), 0.97), (date(2025, 1, 1), 1.0))
MANAGERS_PRESENT: Path = ((date(2023, 4, 1), 0.82), (date(2024, 6, 1), 0.97), (date(2025, 3, 1), 1.0))
THEMED, IRO_REPORT = "Themed audit of annual reviews", "IRO monthly report"
NO_MEETINGS = Period.parse("2024-08")
NO_IRO_REPORT = (Period.parse("2023-08"), Period.parse("2024-08"))
THEMED_AUDIT = ("2023-06", "2023-09", "2024-01", "2024-06", "2024-12", "2025-03")
"""None in the third quarter of 2023/24."""
THEMED_FOR_OTHERS = "2024-09"


@dataclass(frozen=True, slots=True)
class Meeting:
    """One permanency planning meeting."""

    id: str
    held_on: date
    raa_present: bool
    edging_into_care: bool
    managers_due: int
    managers_present: int


@dataclass(frozen=True, slots=True)
class Audit:
    """One audit or report."""

    id: str
    kind: str
    issued_on: date
    reported_to: str | None


def _meetings() -> tuple[Meeting, ...]:
    dice, made = Dice("meetings"), list[Meeting]()
    for month in MONTHS:
        number = 0 if month == NO_MEETINGS else dice.number(5, 9)
        for day in sorted(working(after(month.start, dice.number(2, 26))) for _ in range(number)):
            due = dice.number(2, 5)
            present = sum(dice.chance(along(MANAGERS_PRESENT, month.start)) for _ in range(due))
            raa = dice.chance(along(RAA_PRESENT, day))
            made.append(Meeting(f"EX-M-{len(made) + 1:03d}", day, raa, dice.chance(0.6), due, present))
    return tuple(made)


def _audits() -> tuple[Audit, ...]:
    made = list[Audit]()

    def issue(month: Period, day: int, kind: str, reported_to: str | None) -> None:
        made.append(Audit(f"EX-A-{len(made) + 1:03d}", kind, working(after(month.start, day)), reported_to))

    for month in MONTHS:
        if month not in NO_IRO_REPORT:
            issue(month, 9, IRO_REPORT, "AD for Safeguarding")
        if str(month) in THEMED_AUDIT:
            issue(month, 19, THEMED, "AD for Safeguarding")
        if str(month) == THEMED_FOR_OTHERS:
            issue(month, 19, THEMED, "Other")
        if month.start.month % 4 == 1:
            issue(month, 23, "Other", None)
    return tuple(made)


# ── The borough ──────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Borough:
    """Everything that the returns are written from."""

    children: tuple[Child, ...]
    placements: tuple[Placement, ...]
    midway_reviews: tuple[tuple[date, date | None], ...]
    posts: tuple[Post, ...]
    people: tuple[Person, ...]
    households: tuple[Household, ...]
    referrals: tuple[Referral, ...]
    arrangements: tuple[Arrangement, ...]
    meetings: tuple[Meeting, ...]
    audits: tuple[Audit, ...]


def simulate() -> Borough:
    """The borough from its first day to its last; the same every time."""
    children, posts = children_of_all_years(), _posts()
    referrals, arrangements = _private_fostering()
    return Borough(
        children=children,
        placements=placements_of(children),
        midway_reviews=midway_reviews_of(children),
        posts=posts,
        people=_people(posts),
        households=_households(),
        referrals=referrals,
        arrangements=arrangements,
        meetings=_meetings(),
        audits=_audits(),
    )
