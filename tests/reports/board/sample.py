"""A board report made by hand, open and suppressed: what the writers of every format are tried on."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from kpi_engine.reports.board.report import (
    Ask,
    Badge,
    BoardReport,
    Fact,
    FindingLine,
    Grid,
    GridCell,
    Icon,
    Measure,
    Milestone,
    Other,
    Picture,
    Point,
    Row,
    Source,
    Tally,
    Tone,
)
from kpi_engine.reports.chart import described, icon_svg, title_of, to_svg
from kpi_engine.rulebook.book import Operator, Unit
from kpi_engine.rulebook.pack import SECTIONS
from kpi_engine.terms.measurement import Parts
from kpi_engine.terms.period import Period
from kpi_engine.terms.state import State
from kpi_engine.trend import Month, Trend
from kpi_engine.variation import AssuranceIcon, Direction, VariationIcon, chart

ACTION = Badge("■", "Action needed", Tone.BAD)
IMPROVING = Badge("▲", "Missed, improving", Tone.IMPROVING)
UNCLEAR = Badge("◇", "Missed, could be chance", Tone.UNCLEAR)
WATCH = Badge("◆", "Met, at risk", Tone.WATCH)
ON_TRACK = Badge("●", "On track", Tone.GOOD)
NOT_REPORTED = Badge("?", "Not reported", Tone.PLAIN)

CONCERN = Icon(icon_svg(VariationIcon.CONCERN_LOW), "Getting worse: special cause of concern, low")
CHANCE = Icon(icon_svg(VariationIcon.COMMON_CAUSE), "No clear change: chance alone")
BETTER = Icon(icon_svg(VariationIcon.IMPROVEMENT_HIGH), "Improving: special cause, high")
FAILS = Icon(icon_svg(AssuranceIcon.FAIL), "The target will not be met without a change")
UNSURE = Icon(icon_svg(AssuranceIcon.INCONSISTENT), "The target may be met or missed by chance")
PASSES = Icon(icon_svg(AssuranceIcon.PASS), "The target can be expected to be met")


def _trend(measure: str, short: str, counted: list[int], of: int, target: Fraction) -> Trend:
    first = Period.parse("2023-04")
    months = tuple(
        Month(first.plus(n), Fraction(c, of), Parts(Fraction(c), Fraction(of)), None, 0, target)
        for n, c in enumerate(counted)
    )
    points = [(m.period.end, m.value) for m in months]
    drawn = chart(points, better=Direction.INCREASE, target=target)
    return Trend(
        measure=measure,
        indicator=measure,
        title=short,
        short=short,
        beside=False,
        unit=Unit.PERCENT,
        rolling=False,
        months=months,
        chart=drawn,
        op=Operator.AT_LEAST,
        no_target="",
        rebases=(),
        warnings=(),
        faults=(),
    )


def _share(x: Fraction | float | None) -> Decimal | None:
    return None if x is None else round(Decimal(float(x)) * 100, 1)


def _picture(trend: Trend) -> Picture:
    points = []
    for month, point in zip(trend.months, trend.chart.points if trend.chart else (), strict=True):
        points.append(
            Point(
                period=str(month.period),
                label=month.period.label,
                value=_share(point.value),
                shown=f"{_share(point.value)}%",
                counts=f"{month.parts.numerator} of {month.parts.denominator}" if month.parts else "",
                target=_share(point.target),
                mean=_share(point.mean),
                lower=_share(point.lower),
                upper=_share(point.upper),
                flag="",
            )
        )
    return Picture(to_svg(trend, heading=False), title_of(trend), described(trend), "per cent", tuple(points))


def _measure(  # noqa: PLR0913, PLR0917
    measure: str,
    short: str,
    badge: Badge,
    figure: str,
    counts: str,
    target: str,
    trend_words: str,
    picture: Picture | None,
    icons: tuple[Icon | None, Icon | None] = (None, None),
    *,
    exceptions: tuple[Fact, ...] = (),
) -> Measure:
    anchor = f"measure-{measure}"
    lead = "Head of Service for Engagement, Safeguarding and Quality Assurance"
    return Measure(
        id=measure,
        anchor=anchor,
        title=f"{short}: the whole title of the measure as the rules give it",
        short=short,
        badge=badge,
        note="",
        headline=badge is ACTION,
        figure=figure,
        facts=(f"in March 2025 ({counts})", f"Target {target} by 31 December 2023", "Last month 68%"),
        sentence="Latest 7 months all below the average of 69%; the target is above the range (up to 73%).",
        exceptions=exceptions,
        beside=(Fact("Children past 6 months and still unmatched at month end", "22"),),
        details=(
            Fact("Why off track", "Family finding took longer than planned in two teams."),
            Fact("Action", "A second panel each month from May."),
            Fact("Lead", lead),
            Fact("Back on track", "31 July 2025"),
            Fact("The board is asked to", "Agree to a second panel each month."),
            Fact("Source", "Post-Ofsted Action Plan, action 1.6, impact measures"),
        ),
        months=(),
        picture=picture,
        no_picture="" if picture else "Not drawn: the figures are kept back.",
        variation=icons[0],
        assurance=icons[1],
        row=Row(
            anchor,
            short,
            badge,
            target,
            figure,
            counts,
            "41 points below",
            trend_words,
            lead,
            "31 July 2025",
            "68%",
        ),
    )


def sample() -> BoardReport:
    """A report with something in every place."""
    falling = _trend(
        "matched-within-6-months",
        "Matched within 6 months",
        [40 - n // 2 for n in range(24)],
        52,
        Fraction(1),
    )
    steady = _trend(
        "cic-permanent-workforce",
        "Permanent staff, CIC",
        [24 + (n * 5) % 4 for n in range(24)],
        33,
        Fraction(85, 100),
    )
    good = _trend(
        "life-story-books", "Life story books", [380 + (n * 7) % 9 for n in range(24)], 396, Fraction(95, 100)
    )
    measures = (
        _measure(
            "matched-within-6-months",
            "Matched within 6 months",
            ACTION,
            "59%",
            "30 of 52",
            "100%",
            "↘ Getting worse",
            _picture(falling),
            (CONCERN, FAILS),
            exceptions=(
                Fact("Missed three times running (new)", "three months running are more than a bad month"),
                Fact(
                    "Out of reach at the present rate", "the target lies above everything the chart expects"
                ),
            ),
        ),
        _measure(
            "cic-permanent-workforce",
            "Permanent staff, CIC",
            UNCLEAR,
            "79%",
            "26 of 33",
            "at least 85%",
            "→ No clear change",
            _picture(steady),
            (CHANCE, UNSURE),
        ),
        _measure(
            "life-story-books",
            "Life story books",
            ON_TRACK,
            "96%",
            "381 of 396",
            "at least 95%",
            "→ No clear change",
            _picture(good),
            (CHANCE, PASSES),
        ),
        _measure(
            "pf-champions",
            "PF champions",
            IMPROVING,
            "11",
            "",
            "at least 12",
            "↗ Improving",
            None,
            (BETTER, FAILS),
        ),
        _measure(
            "views-shared",
            "Children's views shared",
            WATCH,
            "100%",
            "332 of 332",
            "100%",
            "→ No clear change",
            None,
        ),
        _measure(
            "team-managers-at-ppm",
            "Team managers at meetings",
            NOT_REPORTED,
            "[x]",
            "",
            "100%",
            "cannot say",
            None,
        ),
    )
    return BoardReport(
        council="Example Borough (made-up)",
        made_up=True,
        plan="Post-Ofsted Action Plan, June 2023",
        title="Exception report, March 2025",
        board="Achieving Excellence Board",
        lead="Independent Scrutineer",
        meeting="17 April 2025",
        meeting_on="2025-04-17",
        period="2025-03",
        period_label="March 2025",
        audience="internal",
        public=False,
        marking="OFFICIAL",
        sections=SECTIONS,
        lead_sentence="3 of 6 targets were missed; 1 needs action.",
        rest_sentence="Matching within 6 months has fallen to 59% and is getting worse.",
        tallies=(
            Tally(State.ACTION_NEEDED, ACTION, 1, "Target missed, and getting worse or out of reach"),
            Tally(State.MISSED_IMPROVING, IMPROVING, 1, "Target missed, but a real improvement shows"),
            Tally(
                State.MISSED_UNCLEAR,
                UNCLEAR,
                1,
                "Target missed; month-to-month ups and downs could explain it",
            ),
            Tally(State.WATCH, WATCH, 1, "Target met, but it may not last"),
            Tally(State.ON_TRACK, ON_TRACK, 1, "Target met"),
            Tally(State.NOT_REPORTED, NOT_REPORTED, 1, "No figure could be judged"),
        ),
        asks=(
            Ask(
                "Agree to a second panel each month.",
                "Matched within 6 months",
                "measure-matched-within-6-months",
            ),
        ),
        action=(measures[0].row,),
        headlines=(measures[1].row,),
        changes=("Matched within 6 months: missed three times running (new).", "Gone: PF champions overdue."),
        completeness="5 of 6 measures reported; 1 on figures that are not validated.",
        measures=measures,
        exceptions=("measure-matched-within-6-months",),
        others=(
            Other(
                "Milestone overdue",
                "Terms of reference agreed",
                "a dated promise has passed",
                "same as last month",
            ),
        ),
        grid=Grid(
            columns=(CONCERN, CHANCE, BETTER),
            rows=(
                (FAILS, (GridCell(("Matched within 6 months",)), GridCell(()), GridCell(("PF champions",)))),
                (UNSURE, (GridCell(()), GridCell(("Permanent staff, CIC",)), GridCell(()))),
                (PASSES, (GridCell(()), GridCell(("Life story books",)), GridCell(()))),
            ),
        ),
        milestones=(
            Milestone(
                "edge-of-care-manager",
                "Edge of Care service manager recruited",
                Badge("●", "done", Tone.GOOD),
                "31 October 2023",
                "2023-10-31",
                "",
                "20 October 2023",
                "Head of Service, Children in Care",
                "",
            ),
            Milestone(
                "terms-of-reference",
                "Terms of reference agreed",
                Badge("■", "overdue", Tone.BAD),
                "30 June 2023",
                "2023-06-30",
                "30 September 2025",
                "",
                "AD for Safeguarding",
                "640 days overdue",
            ),
            Milestone(
                "pipeline",
                "Step Up and ASYE social workers assigned",
                Badge("○", "undated", Tone.PLAIN),
                "",
                "",
                "",
                "",
                "Head of Service, Children in Care",
                "the plan gives no date",
            ),
        ),
        findings=(
            FindingLine(
                "R204", "doubt", "A date cannot be read.", "3", "Care orders!D7, Care orders!D9, Reviews!C4"
            ),
            FindingLine("R310", "flag", "Two rows repeat each other.", "1", "Placements!A12"),
        ),
        quality=("One return was read: return-2025-03.xlsx.", "1 measure is in doubt."),
        how_to_read=(
            Fact("Expected range", "Where most months lie if nothing changes."),
            Fact("■ Action needed", "The target was missed and it is not chance."),
        ),
        symbols=(Fact("[x]", "not available"),),
        sources=(
            Source(
                "Post-Ofsted Action Plan",
                "June 2023",
                (
                    Fact(
                        "Matched within 6 months",
                        "action 1.6, impact measures: Matching to be completed within 6 months",
                    ),
                ),
            ),
        ),
        run=(
            Fact("Engine", "kpi 0.1.0"),
            Fact("Rules", "0123456789abcdef"),
            Fact("Returns", "return-2025-03.xlsx 0123456789ab"),
            Fact("Exceptions", "durable-rules 2.0.28"),
        ),
    )


def suppressed() -> BoardReport:
    """The same for the public: one measure kept back altogether."""
    whole = sample()
    closed = whole.measures[0]
    closed = replace(
        closed,
        figure="[c]",
        facts=("in March 2025: missed", "Target 100% by 31 December 2023"),
        sentence="Getting worse.",
        beside=(),
        picture=None,
        no_picture="Not drawn: the figures are kept back so that no child can be recognised.",
        row=replace(closed.row, latest="[c]", counts="[c]", gap="[c]", before="[c]"),
    )
    return replace(
        whole,
        board="Corporate Parenting Advisory Committee",
        audience="public",
        public=True,
        rest_sentence="Matching within 6 months is getting worse.",
        action=(closed.row,),
        measures=(closed, *whole.measures[1:]),
        findings=(FindingLine("R204", "doubt", "A date cannot be read.", "some", ""),),
        symbols=(Fact("[c]", "kept back so that no child can be recognised"), Fact("[x]", "not available")),
    )


def hostile() -> BoardReport:
    """Text that would do harm if it were markup in any format."""
    bad = (
        '=HYPERLINK("x") <script>alert(1)</script> #import "x" $1^2$ *b* _i_ ]]> & \\ @cite {{7*7}} {% raw %}'
    )
    whole = sample()
    first = whole.measures[0]
    first = replace(first, sentence=bad, details=(Fact("Why off track", bad), Fact("Action", bad)))
    return replace(
        whole,
        council=bad[:60],
        asks=(Ask(bad, first.short, first.anchor),),
        measures=(first, *whole.measures[1:]),
    )
