"""A small rulebook and one check of it that holds every kind of answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

from kpi_engine.rulebook.book import (
    Authority,
    Better,
    Citation,
    Contract,
    Document,
    Indicator,
    Kind,
    Measure,
    MilestoneRule,
    Operator,
    Over,
    Plan,
    Reading,
    RuleBook,
    Target,
    Unit,
    Window,
)
from kpi_engine.terms.checked import Checked, ReturnRead, Run
from kpi_engine.terms.expression import ALWAYS
from kpi_engine.terms.finding import Finding, Severity
from kpi_engine.terms.measurement import Measurement, Origin, Parts, Reason
from kpi_engine.terms.period import Period
from kpi_engine.terms.returned import Validated
from kpi_engine.terms.verdict import MilestoneStatus, MilestoneVerdict, Status, TargetInForce, Verdict
from kpi_engine.verdicts.targets import Step

MARCH = Period.parse("2024-03")
FEBRUARY = Period.parse("2024-02")
SHARE = Measure(
    id="permanent-staff",
    title="Children in Care workforce on permanent contracts",
    kind=Kind.PROPORTION,
    table="workforce",
    where=ALWAYS,
    left_out=None,
    numerator=ALWAYS,
    weight=None,
    numerator_sum=None,
    denominator_sum=None,
    since=None,
    value=None,
    unit=Unit.PERCENT,
    window=Window.MONTH,
    window_from_table=False,
    over=Over.LAST,
    when_none=Reason.NO_DENOMINATOR,
    baseline=None,
    change_as=None,
    columns=frozenset(),
)
COUNT = replace(SHARE, kind=Kind.COUNT, numerator=None, unit=Unit.NUMBER, over=Over.SUM)
CHANGE = replace(COUNT, kind=Kind.CHANGE, baseline="before", change_as=Unit.PERCENT)
ROLLING = replace(SHARE, window=Window.ROLLING_12_MONTHS, over=Over.SUM)
STATED_DAYS = replace(SHARE, kind=Kind.STATED, numerator=None, value="days", unit=Unit.DAYS)
ESTABLISHED = replace(
    SHARE, id="permanent-share-of-posts", title="Permanent share of established posts, vacancies included"
)


def target(value: str, op: Operator = Operator.AT_LEAST, by: date | None = None) -> Target:
    return Target(op, Fraction(value), None, by, by_assumed=False, then="maintain", end=None, source=None)


def indicator(  # noqa: PLR0913  (a rule has many parts; all are keywords)
    id_: str,
    short: str,
    measure: Measure,
    *targets: Target,
    title: str = "A measure of the plan",
    lead: str = "Head of Service, Children in Care",
    headline: bool = False,
    beside: tuple[Measure, ...] = (),
) -> Indicator:
    return Indicator(
        id=id_,
        title=title,
        short=short,
        actions=("1.10",),
        covers=("1.10 impact 1",),
        lead=lead,
        better=Better.LOWER if targets and targets[0].op is Operator.AT_MOST else Better.HIGHER,
        headline=headline,
        source=Citation("plan", "action 1.10, impact measures", "85% permanent staff by December 2023"),
        readings=(
            Reading("Headcount of people filling a post judges; vacancies are in neither part.", "assumed"),
            Reading("Full-time equivalents judge.", "agreed", "the Director", date(2024, 1, 9), in_use=False),
        ),
        measure=replace(measure, id=id_),
        beside=beside,
        warn_if_falls=None,
        targets=targets,
        examples=(),
        file=f"indicators/{id_}.yaml",
    )


def rulebook(*indicators: Indicator, milestones: tuple[MilestoneRule, ...] = ()) -> RuleBook:
    return RuleBook(
        plan=Plan(
            "plan",
            "Post-Ofsted Action Plan",
            date(2023, 6, 30),
            date(2025, 6, 30),
            (Authority("E99999999", "Example Borough", made_up=True),),
            (),
        ),
        documents={"plan": Document("plan", "Post-Ofsted Action Plan", "June 2023", "")},
        contract=Contract("1", "Start here", (), {}, frozenset(), "None this month", {}),
        indicators={one.id: one for one in indicators},
        milestones={one.id: one for one in milestones},
        baselines=(),
        unmeasured=(),
        digest="0123456789abcdef" * 4,
        folder="rules",
    )


def in_force(one: Indicator) -> TargetInForce | None:
    if not one.targets or one.targets[0].value is None:
        return None
    step = one.targets[0]
    return TargetInForce(step.op.value, step.value or Fraction(0), step.by)


def figure(
    id_: str, low: Parts | None, high: Parts | None = None, *, in_doubt: int = 0, months: int = 1
) -> Measurement:
    return Measurement(
        id_,
        MARCH,
        low=low,
        high=high or low,
        in_doubt=in_doubt,
        months=tuple(MARCH.plus(i + 1 - months) for i in range(months)),
        origins=(Origin(MARCH, "returns_2024-03.xlsx", "Workforce"),),
    )


def parts(numerator: str | int, denominator: str | int | None = None) -> Parts:
    return Parts(Fraction(numerator), None if denominator is None else Fraction(denominator))


def share(one: Indicator, counted: str | int, whole: str | int, **more: object) -> Verdict:
    """A share judged exactly, with every figure filled in."""
    held = in_force(one)
    value = Fraction(counted) / Fraction(whole)
    met = held is not None and Step(one.targets[0].op, held.value, held.by).met(value)
    base = Verdict(
        indicator=one.id,
        period=MARCH,
        window=(MARCH, MARCH),
        status=Status.PASS if met else Status.FAIL,
        reason=None,
        detail="",
        target=held,
        measured=figure(one.id, parts(counted, whole)),
        value=value,
        best=value,
        numerator=Fraction(counted),
        denominator=Fraction(whole),
        gap=None if held is None else value - held.value,
        small=Fraction(whole) < 20,
        validated=Validated.YES,
    )
    return replace(base, **more)  # type: ignore[arg-type]  # any field of a Verdict


def unassessed(one: Indicator, reason: Reason, detail: str) -> Verdict:
    return Verdict(one.id, MARCH, (MARCH, MARCH), Status.NOT_ASSESSED, reason, detail, target=in_force(one))


STAFF = indicator(
    "permanent-staff",
    "Permanent staff, CIC",
    SHARE,
    target("17/20", by=date(2023, 12, 31)),
    title="Children in Care workforce on permanent contracts",
    headline=True,
    beside=(ESTABLISHED,),
)
REVIEWS = indicator("carer-reviews", "Foster carer annual reviews", SHARE, target("19/20"), headline=True)
REFERRALS = indicator(
    "pf-referrals", "PF referrals", CHANGE, target("2/5", by=date(2024, 12, 31)), headline=True
)
MATCHED = indicator("matched", "Matched within 6 months", ROLLING, target("1"), headline=True)
WAIT = indicator("adoption-days", "Days to adoption", STATED_DAYS, target("426", Operator.AT_MOST))
BOOKS = indicator("life-story-books", "Life story books", SHARE, target("19/20"))
LETTERS = indicator("later-life-letters", "Later life letters", ROLLING, target("1"))
CHAMPIONS = indicator("pf-champions", "Private fostering champions", COUNT, target("12"))
TRAINING = indicator("pf-training", "Training within 7 weeks", SHARE, target("1"))
FEEDBACK = indicator("supervision-feedback", "Good feedback on supervision", SHARE, target("7/10"))
PLACEMENTS = indicator(
    "placements",
    "Net new foster placements",
    replace(CHANGE, change_as=Unit.NUMBER),
    target("20", by=date(2025, 6, 30)),
)


def milestone(id_: str, title: str, due: date | None, same_as: str | None = None) -> MilestoneRule:
    return MilestoneRule(
        id_, title, ("1.1",), (), "Director", due, None, same_as, Citation("plan", "1.1", ""), ()
    )


BOOK = rulebook(
    STAFF, REVIEWS, REFERRALS, MATCHED, WAIT, BOOKS, LETTERS, CHAMPIONS, TRAINING, FEEDBACK, PLACEMENTS,
    milestones=(
        milestone("support-officer", "Business support officer in post", date(2024, 1, 31)),
        milestone("slip", "Systemic learning programme for reviewing officers", date(2023, 6, 30)),
        milestone("awareness", "Private fostering awareness campaign", date(2024, 5, 15)),
        milestone("terms", "Terms of reference agreed", date(2024, 12, 31)),
        milestone("manager", "Permanent team manager", None),
        milestone("champions", "Twelve champions", date(2023, 8, 31), "pf-champions"),
    ),
)  # fmt: skip

MISSING_SHEET = "The sheet Children in care is not in returns_2024-03.xlsx."
VERDICTS = (
    share(
        STAFF, 16, 20, needed=1,
        beside=(figure(ESTABLISHED.id, parts(16, 30), parts(18, 30), in_doubt=2),),
    ),
    share(REVIEWS, 143, 150),
    replace(
        share(REFERRALS, 12, 10),
        status=Status.NOT_DUE, reason=Reason.NOT_IN_FORCE, detail="Due by 31 December 2024.",
        target=None, coming=in_force(REFERRALS), value=Fraction(1, 5), best=Fraction(1, 5), denominator=None,
        gap=Fraction(-1, 5), baseline=Fraction(10), needed=2, days_left=275, on_course=False, small=False,
    ),
    replace(
        share(MATCHED, 40, 42),
        status=Status.NOT_ASSESSED, reason=Reason.ROWS_IN_DOUBT, best=Fraction(1),
        detail="2 rows in doubt: met if counted for the measure, missed if counted against it.",
        measured=figure("matched", parts(40, 42), parts(42, 42), in_doubt=2, months=9),
    ),
    replace(
        share(WAIT, 683, 1),
        numerator=None, denominator=None, small=False,
        measured=figure("adoption-days", parts(683)),
    ),
    unassessed(BOOKS, Reason.SHEET_MISSING, MISSING_SHEET),
    share(
        LETTERS, 41, 42, needed=1,
        measured=figure("later-life-letters", parts(41, 42), in_doubt=1, months=9),
    ),
    replace(
        share(CHAMPIONS, 14, 1),
        denominator=None, small=False, measured=figure("pf-champions", parts(14)), validated=Validated.NO,
    ),
    unassessed(TRAINING, Reason.NOTHING_DUE, "Nothing fell due."),
    unassessed(FEEDBACK, Reason.SHEET_MISSING, MISSING_SHEET),
    replace(
        share(PLACEMENTS, 155, 1),
        status=Status.NOT_DUE, reason=Reason.NOT_IN_FORCE, detail="Due by 30 June 2025.", target=None,
        coming=in_force(PLACEMENTS), value=Fraction(-3), best=Fraction(-3), denominator=None,
        gap=Fraction(-23), baseline=Fraction(158), days_left=456, small=False,
    ),
)  # fmt: skip
FINDINGS = (
    Finding(
        "R203", Severity.DOUBT, "This is not a date.", "Type the date again, as 30/09/2023.",
        "returns_2024-03.xlsx", "Foster carers", "E12", found="31/09/2023",
    ),
    Finding(
        "R205", Severity.DOUBT, "More managers were present than were due.", "Check the two cells.",
        "returns_2024-03.xlsx", "Foster carers", "C7:D7",
    ),
    Finding(
        "R130", Severity.REFUSE, "The sheet is missing.", "Put back the sheet Children in care.",
        "returns_2024-03.xlsx", "Children in care",
    ),
    Finding("R121", Severity.FLAG, "The workbook holds macros; they are never run.", "Save it as .xlsx.",
            "returns_2024-03.xlsx"),
)  # fmt: skip
CHECKED = Checked(
    authority="Example Borough",
    made_up=True,
    period=MARCH,
    verdicts=VERDICTS,
    milestones=(
        MilestoneVerdict(
            "support-officer", MilestoneStatus.OVERDUE, date(2024, 1, 31), None, date(2024, 6, 1), 60
        ),
        MilestoneVerdict(
            "slip", MilestoneStatus.DONE_LATE, date(2023, 6, 30), date(2023, 7, 12), None, None
        ),
        MilestoneVerdict("awareness", MilestoneStatus.NOT_DUE, date(2024, 5, 15), None, None, -45),
        MilestoneVerdict("terms", MilestoneStatus.NOT_DUE, date(2024, 12, 31), None, None, -275),
        MilestoneVerdict("manager", MilestoneStatus.UNDATED, None, None, None, None),
        MilestoneVerdict("champions", MilestoneStatus.OVERDUE, date(2023, 8, 31), None, None, 213),
    ),
    findings=FINDINGS,
    earlier_findings=(replace(FINDINGS[0], file="returns_2024-02.xlsx"),),
    series={FEBRUARY: (replace(share(STAFF, 17, 20), period=FEBRUARY, window=(FEBRUARY, FEBRUARY)),)},
    run=Run(
        "0.1.0", BOOK.digest, "rules",
        (
            ReturnRead("returns_2024-02.xlsx", "fedcba9876543210" * 4, FEBRUARY, refused=False),
            ReturnRead("returns_2024-03.xlsx", "9876543210fedcba" * 4, MARCH, refused=False),
        ),
    ),
)  # fmt: skip
