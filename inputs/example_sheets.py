"""What the made-up borough writes into each sheet of a month's return."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from inputs.example_borough import BUSINESS_SUPPORT, CHAMPIONS, CIC, PERMANENT
from inputs.example_children import ADOPTION, SPECIAL_GUARDIANSHIP, supervisions_of
from inputs.example_dice import after, by
from kpi_engine.terms.period import add_months

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inputs.example_borough import Borough
    from inputs.example_children import Child
    from kpi_engine.terms.period import Period
    from kpi_engine.terms.table import Value

Line = dict[str, "Value"]
STARTERS_DAYS = 120
ORDERS_MONTHS = 36


def sheets_of(borough: Borough, month: Period) -> dict[str, list[Line]]:
    """The rows of every case sheet, by its id in rules/returns."""
    return {
        "workforce": _workforce(borough, month.end),
        "starters": _starters(borough, month.end),
        "court_cases": _court_cases(borough, month),
        "midway_reviews": _midway_reviews(borough, month),
        "reviews": _reviews(borough, month),
        "care_orders": _care_orders(borough, month.end),
        "foster_carers": _foster_carers(borough, month.end),
        "placements": _placements(borough, month.end),
        "audits": _audits(borough, month),
        "adoption": _adoption(borough, month),
        "permanency_meetings": _permanency_meetings(borough, month),
        "children_in_care": _children_in_care(borough, month),
        "matched_and_sg": _matched_and_sg(borough, month),
        "pf_champions": _pf_champions(month),
        "pf_referrals": _pf_referrals(borough, month),
        "pf_arrangements": _pf_arrangements(borough, month),
        "supervision": _supervision(borough, month),
    }


def counts_of(sheets: Mapping[str, list[Line]], month: Period) -> dict[str, Line]:
    """The few measures whose counts are sent beside the case lists."""
    in_cic = [r for r in sheets["workforce"] if r["team"] == CIC and r["status"] == "filled"]
    cared_for = sheets["children_in_care"]
    in_care = [r for r in cared_for if not r["left_care_on"] or _day(r, "left_care_on") > month.end]
    a_year = [r for r in sheets["foster_carers"] if add_months(_day(r, "approved_on"), 12) <= month.end]
    return {
        "cic-permanent-workforce": _share([r["contract"] == PERMANENT for r in in_cic]),
        "foster-carer-annual-reviews": _share([_in_date(r, month.end) for r in a_year]),
        "life-story-books": _share([r["has_life_story_book"] is True for r in in_care]),
        "pf-champions": {"number": sum(r["ended_on"] is None for r in sheets["pf_champions"])},
        "pf-referrals-increase": {"number": len(sheets["pf_referrals"])},
    }


def _share(counted: list[bool]) -> Line:
    return {"number": sum(counted), "out_of": len(counted)}


def _day(row: Line, column: str) -> date:
    value = row[column]
    if not isinstance(value, date):
        raise TypeError(column)
    return value


def _in_date(row: Line, last: date) -> bool:
    since = "last_review_on" if row["last_review_on"] else "approved_on"
    return add_months(_day(row, since), 12) >= last


# ── People who work here ─────────────────────────────────────────────────────


def _workforce(borough: Borough, last: date) -> list[Line]:
    rows, holders = list[Line](), {person.post: person for person in borough.people if person.holds(last)}
    for post in borough.posts:
        person = holders.get(post)
        rows.append(
            {
                "post_id": post.id,
                "person_id": person.id if person else None,
                "team": post.team,
                "role": post.role,
                "status": "filled" if person else "vacant",
                "contract": person.contract if person else None,
                "fte": Decimal(post.fte),
            }
        )
    return rows


def _starters(borough: Borough, last: date) -> list[Line]:
    return [
        {
            "worker_id": person.id,
            "joined_as": person.joined_as,
            "front_line": person.post.role != BUSINESS_SUPPORT,
            "started_on": person.began_on,
            "trained_on": by(by(person.trained_on, person.left_on), last),
            "left_on": by(person.left_on, last),
        }
        for person in borough.people
        if after(last, -STARTERS_DAYS) <= person.began_on <= last
    ]


# ── Children ─────────────────────────────────────────────────────────────────


def _children_in_care(borough: Borough, month: Period) -> list[Line]:
    return [
        {
            "child_id": child.id,
            "came_into_care_on": child.came_on,
            "left_care_on": by(child.left_on, month.end),
            "has_life_story_book": child.book_on <= month.end,
            "consents": child.consents if child.asked_on <= month.end else None,
            "views_shared": bool(child.consents) and by(child.views_on, month.end) is not None,
        }
        for child in borough.children
        if child.in_care(month.start, month.end)
    ]


def _care_orders(borough: Borough, last: date) -> list[Line]:
    rows, earliest = list[Line](), after(add_months(last, -ORDERS_MONTHS), 1)
    for child in borough.children:
        order = child.care_order
        if order is None or not _granted(child, last) or order.granted_on < earliest:
            continue
        third = child.reviews[2] if len(child.reviews) > 2 else None
        left = by(child.left_on, last)
        rows.append(
            {
                "child_id": child.id,
                "order_on": order.granted_on,
                "plan": order.plan,
                "match_wanted_from": by(by(order.match_wanted_from, child.left_on), last),
                "plan_changed_on": by(by(order.plan_changed_on, child.left_on), last),
                "matched_on": by(child.matched_on, last),
                "third_review_on": by(third, last),
                "left_care_on": left,
                "left_care_reason": child.left_reason if left else None,
            }
        )
    return rows


def _granted(child: Child, last: date) -> bool:
    order = child.care_order
    return order is not None and order.granted_on <= min(last, child.left_on or last)


def _court_cases(borough: Borough, month: Period) -> list[Line]:
    return [
        {
            "case_id": order.case_id,
            "issued_on": order.issued_on,
            "concluded_on": order.granted_on,
            "smart_child_centred_plan": order.smart_plan,
        }
        for child in borough.children
        if (order := child.care_order) and _granted(child, month.end) and order.granted_on >= month.start
    ]


def _reviews(borough: Borough, month: Period) -> list[Line]:
    return [
        {
            "child_id": child.id,
            "review_number": number,
            "held_on": held_on,
            "plan_identified_on": by(child.plan_identified_on, month.end),
        }
        for child in borough.children
        for number, held_on in enumerate(child.reviews, 1)
        if month.start <= held_on <= month.end
    ]


def _midway_reviews(borough: Borough, month: Period) -> list[Line]:
    return [
        {"review_id": f"EX-MR-{number:05d}", "held_on": held_on, "audited_on": by(audited_on, month.end)}
        for number, (held_on, audited_on) in enumerate(borough.midway_reviews, 1)
        if month.quarter.start <= held_on <= month.end
    ]


def _adoption(borough: Borough, month: Period) -> list[Line]:
    rows = list[Line]()
    for child in borough.children:
        adoption = child.adoption
        if adoption is None:
            continue
        tests = [add_months(adoption.need_arose_on, 3)]
        if adoption.order_on is not None:
            tests.append(add_months(adoption.order_on, 1))
        if not any(month.start <= day <= month.end for day in tests):
            continue
        matched, ended = by(child.matched_on, month.end), by(adoption.need_ended_on, month.end)
        rows.append(
            {
                "child_id": child.id,
                "newborn": adoption.newborn,
                "need_arose_on": adoption.need_arose_on,
                "need_ended_on": ended,
                "need_ended_reason": adoption.need_ended_reason if ended else None,
                "matched_on": matched,
                "early_permanence": adoption.early_permanence and matched is not None,
                "adoption_order_on": by(adoption.order_on, month.end),
                "letter_given_on": by(adoption.letter_on, month.end),
            }
        )
    return rows


def _placements(borough: Borough, last: date) -> list[Line]:
    return [
        {"placement_id": placement.id, "in_borough": placement.in_borough, "provider": placement.provider}
        for placement in borough.placements
        if placement.began_on <= last and (placement.ended_on is None or placement.ended_on > last)
    ]


def _matched_and_sg(borough: Borough, month: Period) -> list[Line]:
    rows = list[Line]()
    for child in borough.children:
        left, matched = by(child.left_on, month.end), by(child.matched_on, month.end)
        if child.left_reason == SPECIAL_GUARDIANSHIP and left is not None:
            arrangement, ended = "Special guardianship", None
        elif matched is not None and child.care_order and child.care_order.plan != ADOPTION:
            arrangement, ended = "Matched foster placement", left
        else:
            continue
        if ended is None or ended >= month.start:
            rows.append(
                {
                    "child_id": child.id,
                    "arrangement": arrangement,
                    "ended_on": ended,
                    "has_story_or_home_book": child.home_book and child.book_on <= month.end,
                }
            )
    return rows


def _supervision(borough: Borough, month: Period) -> list[Line]:
    return [
        {"case_id": child.id, "supervised_on": day, "feedback_obtained": obtained, "feedback_good": good}
        for child, day, obtained, good in supervisions_of(borough.children, month)
    ]


# ── Carers, private fostering, meetings, audits ──────────────────────────────


def _foster_carers(borough: Borough, last: date) -> list[Line]:
    rows = list[Line]()
    for household in borough.households:
        if household.approved_on > last or household.ended_on <= last:
            continue
        held = [review for review in household.reviews if review.held_on <= last]
        latest = held[-1] if held else None
        signed_off_on = by(latest.signed_off_on, last) if latest else None
        rows.append(
            {
                "household_id": household.id,
                "approved_on": household.approved_on,
                "last_review_on": latest.held_on if latest else None,
                "review_before_on": held[-2].held_on if len(held) > 1 else None,
                "signed_off_on": signed_off_on,
                "on_hold": household.on_hold,
                "grade": latest.grade if latest and signed_off_on else None,
            }
        )
    return rows


def _pf_champions(month: Period) -> list[Line]:
    return [
        {
            "champion_id": f"EX-PF-{number:02d}",
            "partnership": ("HSCP", "CSP")[number % 2],
            "appointed_on": appointed_on,
            "ended_on": by(ended_on, month.end),
        }
        for number, (appointed_on, ended_on) in enumerate(CHAMPIONS, 1)
        if appointed_on <= month.end and (ended_on is None or ended_on >= month.start)
    ]


def _pf_referrals(borough: Borough, month: Period) -> list[Line]:
    return [
        {
            "referral_id": referral.id,
            "received_on": referral.received_on,
            "child_id": referral.child_id,
            "repeat": referral.repeat,
            "outcome": referral.outcome if referral.decided_on <= month.end else None,
        }
        for referral in borough.referrals
        if month.start <= referral.received_on <= month.end
    ]


def _pf_arrangements(borough: Borough, month: Period) -> list[Line]:
    return [
        {"child_id": one.child_id, "started_on": one.began_on, "ended_on": by(one.ended_on, month.end)}
        for one in borough.arrangements
        if one.began_on <= month.end and (one.ended_on is None or one.ended_on >= month.start)
    ]


def _permanency_meetings(borough: Borough, month: Period) -> list[Line]:
    return [
        {
            "meeting_id": meeting.id,
            "held_on": meeting.held_on,
            "raa_present": meeting.raa_present,
            "stepped_up_or_edging": meeting.edging_into_care,
            "managers_due": meeting.managers_due,
            "managers_present": meeting.managers_present,
        }
        for meeting in borough.meetings
        if month.start <= meeting.held_on <= month.end
    ]


def _audits(borough: Borough, month: Period) -> list[Line]:
    return [
        {"audit_id": one.id, "kind": one.kind, "issued_on": one.issued_on, "reported_to": one.reported_to}
        for one in borough.audits
        if month.start <= one.issued_on <= month.end
    ]
