"""What the made-up borough says in words: its milestones, and why targets were missed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from inputs.example_dice import by
from kpi_engine.terms.period import add_months

if TYPE_CHECKING:
    from inputs.example_sheets import Line
    from kpi_engine.terms.period import Period

MILESTONES: dict[str, tuple[date | None, date | None]] = {  # done on, expected on (while not done)
    "edge-of-care-manager": (date(2023, 11, 20), date(2023, 11, 30)),
    "permanent-team-manager": (date(2023, 9, 4), date(2023, 9, 29)),
    "fostering-social-worker": (date(2023, 10, 2), date(2023, 9, 29)),
    "international-social-workers": (None, date(2025, 9, 30)),
    "grow-your-own-pipeline": (date(2024, 9, 2), date(2024, 9, 30)),
    "business-support-officer": (date(2023, 5, 15), date(2023, 5, 31)),
    "slip-programme-for-iros": (date(2023, 7, 14), date(2023, 6, 30)),
    "iro-best-in-class-support": (date(2024, 1, 15), None),
    "iro-triangulation": (None, date(2025, 6, 30)),
    "placement-planning": (date(2023, 12, 1), None),
    "pf-champions-appointed": (date(2023, 8, 21), date(2023, 8, 31)),
    "pf-referrals-up": (date(2024, 3, 28), date(2024, 3, 31)),
    "life-story-tracked-by-panel": (date(2023, 10, 16), None),
    "life-story-tracked-in-supervision": (date(2024, 2, 5), None),
    "permanency-terms-of-reference": (date(2024, 4, 22), date(2024, 4, 30)),
}
CAMPAIGN, CAMPAIGNS = "pf-awareness-campaign", (date(2023, 10, 9), date(2024, 10, 7))


class Comment(NamedTuple):
    """What is said of a measure in its months, the first and the last included."""

    measure: str
    first: str
    last: str
    why: str
    action: str
    lead: str
    ask: str | None
    months_to_recover: int


COMMENTS = (
    Comment(
        "cic-permanent-workforce", "2024-08", "2025-03",
        "Experienced workers have left for neighbouring boroughs, and posts advertised twice found nobody. "
        "More posts are empty than a year ago, which the share of people in post does not show.",
        "A retention payment has been agreed, and exit interviews are read every month.",
        "Head of Service, Children in Care",
        "Agree to advertise the vacant posts together, with a recruitment partner.", 6,
    ),
    Comment(
        "matched-within-6-months", "2023-06", "2023-12",
        "Family finding has begun only after the final hearing in too many cases.",
        "Family finding now begins when proceedings are issued.",
        "Head of Service for Engagement, Safeguarding and Quality Assurance", None, 6,
    ),
    Comment(
        "matched-within-6-months", "2024-01", "2025-03",
        "There are fewer carers for brothers and sisters and for older children. The waiting list has grown.",
        "The longest waits are taken through a tracking meeting each fortnight.",
        "Head of Service for Engagement, Safeguarding and Quality Assurance",
        "Note the growing waiting list, and support a campaign for carers of older children.", 12,
    ),
    Comment(
        "matched-both", "2024-12", "2025-03",
        "Children whose third review comes early miss that day even where six months would have been met.",
        "Reviewing officers ask for the family finding plan at the second review.",
        "Head of Service for Engagement, Safeguarding and Quality Assurance", None, 12,
    ),
    Comment(
        "matched-by-third-review", "2024-12", "2025-03",
        "Third reviews are held on time, but matches wait for the panel after them.",
        "The panel meets every fortnight from April.",
        "Head of Service for Engagement, Safeguarding and Quality Assurance",
        "Agree to a second panel each month until the waiting list is halved.", 9,
    ),
    Comment(
        "newborns-early-permanence", "2025-01", "2025-03",
        "Numbers are small: a single late referral from a hospital brings the share below the target.",
        "The midwifery service and the court team have agreed to refer before the birth.",
        "AD for Safeguarding", None, 6,
    ),
    Comment(
        "life-story-matched-and-sg", "2025-01", "2025-02",
        "Special guardians were not told that a life story is theirs to ask for.",
        "Every special guardianship plan now names who writes it.",
        "Head of Corporate Parenting", None, 12,
    ),
    Comment(
        "life-story-matched-and-sg", "2025-03", "2025-03",
        "Books for children under special guardianship wait for one worker who writes them all.",
        "Two more workers are trained in life story work by the summer.",
        "Head of Corporate Parenting", None, 9,
    ),
    Comment(
        "foster-carer-annual-reviews", "2023-12", "2024-03",
        "A reviewing officer left in the autumn, and reviews that fell due were held late.",
        "An interim reviewing officer works through the overdue reviews, the longest first.",
        "Head of Corporate Parenting", None, 3,
    ),
    Comment(
        "foster-carer-annual-reviews", "2024-12", "2025-01",
        "Winter illness put off reviews, and cover was not arranged.",
        "The postponed reviews have new dates, and a duty rota covers absence.",
        "Head of Corporate Parenting", None, 2,
    ),
    Comment(
        "pf-referrals-increase", "2025-02", "2025-03",
        "Referrals from schools have fallen back since the second campaign, and none came over Christmas.",
        "Champions visit the schools that have not referred.",
        "Private Fostering SSW", "Encourage partner agencies to refer.", 6,
    ),
    Comment(
        "pf-champions", "2025-02", "2025-03",
        "A champion has stood down and the partnership has not named another.",
        "The partnership names a champion at its next meeting.",
        "ADs for Safeguarding and CSP", None, 2,
    ),
    Comment(
        "life-story-books", "2023-06", "2024-06",
        "Books are begun late for new arrivals.",
        "Books are begun at the first review, and tracked by the permanency panel.",
        "Service Managers for CIC and Young Adults Services", None, 9,
    ),
    Comment(
        "views-shared", "2023-06", "2025-03",
        "Views are gathered, but not always written into the plan in the same month.",
        "The template of the plan asks for them on its first page.",
        "Principal Social Worker and ASPIRE", None, 6,
    ),
)  # fmt: skip


def milestones_of(month: Period) -> dict[str, Line]:
    """The Milestones sheet as it stands at the end of `month`."""
    lines: dict[str, Line] = {}
    for milestone, (done_on, expected_on) in MILESTONES.items():
        done = by(done_on, month.end)
        lines[milestone] = {"done_on": done, "expected_on": None if done else expected_on}
    lines[CAMPAIGN] = {"done_on": max((day for day in CAMPAIGNS if day <= month.end), default=None)}
    return lines


def commentary_of(month: Period) -> dict[str, Line]:
    """The Commentary sheet of `month`."""
    return {
        one.measure: {
            "why": one.why,
            "action": one.action,
            "lead": one.lead,
            "back_on_track": add_months(month.end, one.months_to_recover),
            "ask": one.ask,
        }
        for one in COMMENTS
        if one.first <= str(month) <= one.last
    }
