"""A small, faultless rules folder, and ways to spoil one thing in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.errors import RuleBookInvalid
from kpi_engine.rulebook.load import load_rulebook

if TYPE_CHECKING:
    from pathlib import Path

    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.finding import Finding

FILES = {
    "plan.yaml": """\
id: small-plan
title: A small plan
start: 2023-06-30
end: 2025-06-30
authorities:
  - {code: E99999999, name: Example Borough, made_up: yes}
""",
    "sources.yaml": """\
documents:
  - {id: the-plan, title: The plan, published: 2023-06}
""",
    "baselines.yaml": """\
baselines:
  - id: referrals-2022-23
    authority: E99999999
    first: 2022-04
    last: 2022-06
    months: [1, 2, 3]
    source: Invented for the tests.
""",
    "milestones.yaml": """\
milestones:
  - id: posts-advertised
    title: Posts are advertised
    actions: ["1.10"]
    lead: Head of Service
    due: 2023-10-31
    same_as: permanent-staff
    source: {document: the-plan, at: action 1.10, figure: by October}
""",
    "unmeasured.yaml": """\
unmeasured:
  - {item: 1.2 a, text: Better morale, reason: No return holds it.}
""",
    "returns/cover.yaml": """\
template_version: 1.10
sheet: Start here
fields:
  - {id: month, label: Month, type: date, name: kpi_month, required: yes}
not_known: [n/k, not known]
nil_label: None this month
no_figure_reasons: {Not known yet: no_value}
""",
    "returns/posts.yaml": """\
id: posts
sheet: Posts
kind: snapshot
grain: one post at month end
key: [post_id]
columns:
  - {id: post_id, heading: Post ID, type: id, help: The number of the post.}
  - id: team
    heading: Team
    type: choice
    quotable: yes
    values:
      Children in Care: [CIC]
      Fostering: []
    help: The team of the post.
  - {id: permanent, heading: Permanent, type: yes_no, help: Whether the contract is permanent.}
  - {id: left_on, heading: Left on, type: date, blank: not_happened, help: The last day.}
  - {id: hours, heading: Hours, type: decimal, least: 0, most: 40, help: Hours a week.}
checks:
  - {when: left_on > period.end, doubt: [left_on], message: Left after month end., fix: Check it.}
""",
    "returns/referrals.yaml": """\
id: referrals
sheet: Referrals
kind: events
grain: one referral
key: [referral_id]
dated_by: [received_on]
columns:
  - {id: referral_id, heading: Referral ID, type: id, help: Its number.}
  - {id: received_on, heading: Received on, type: date, help: The day.}
""",
    "indicators/permanent-staff.yaml": """\
id: permanent-staff
title: Staff on permanent contracts
short: Permanent staff
actions: ["1.10"]
lead: Head of Service
better: higher
source: {document: the-plan, at: action 1.10, figure: 85% permanent staff}
measure:
  kind: proportion
  table: posts
  where: team == "Children in Care" and left_on is None
  numerator: permanent
targets:
  - {at_least: 85%, by: 2023-12-31}
examples:
  - {name: 17 of 20, period: 2023-12, given: {numerator: 17, denominator: 20}, expect: pass}
  - {name: an empty sheet is never a pass, period: 2023-12, given: {}, expect: not_assessed}
  - name: rows
    period: 2023-12
    rows:
      - {is: counted, post_id: P1, team: Children in Care, permanent: yes}
      - {is: not_counted, post_id: P2, team: CIC, permanent: no}
      - {is: outside, post_id: P3, team: Fostering, permanent: yes}
""",
    "indicators/more-referrals.yaml": """\
id: more-referrals
title: More referrals
short: Referrals
actions: ["2.1"]
lead: Head of Service
better: higher
source: {document: the-plan, at: action 2.1, figure: 40% more referrals}
measure:
  kind: change
  table: referrals
  window: year_to_date
  baseline: referrals-2022-23
  change_as: percent
targets:
  - {at_least: +40%, by: 2024-03-31}
examples:
  - {name: 14 on 10, period: 2024-03, given: {numerator: 14, baseline: 10}, expect: pass}
  - {name: an empty sheet is never a pass, period: 2024-03, given: {}, expect: not_assessed}
  - name: rows
    period: 2024-03
    rows:
      - {is: counted, referral_id: R1, received_on: 2024-03-01}
      - {is: counted, referral_id: R2, received_on: 2024-03-31}
      - {is: outside, referral_id: R3, received_on: 2024-04-01}
""",
}
STAFF = "indicators/permanent-staff.yaml"
REFERRALS = "indicators/more-referrals.yaml"
POSTS = "returns/posts.yaml"


def write(folder: Path, **changed: str) -> Path:
    """The small rules folder, written out."""
    for name, text in {**FILES, **changed}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


MARK = "«"


def marked(name: str, before: str, after: str) -> str:
    """`line:column` of the mark in `after`, once that stands in the file in place of `before`."""
    text = FILES[name].replace(before, after)
    index = text.index(MARK)
    return f"{text.count(chr(10), 0, index) + 1}:{index - text.rfind(chr(10), 0, index)}"


def spoilt(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    """The small rules folder with `changes` (what stood, what stands now, less any mark) in one file."""
    write(folder)
    text = FILES[name]
    for before, after in changes:
        assert text.count(before) == 1, f"{before!r} stands {text.count(before)} times"
        text = text.replace(before, after.replace(MARK, ""))
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def faults(folder: Path) -> tuple[Finding, ...]:
    """Every fault of the folder; none if it loads."""
    try:
        load_rulebook(folder, "rules")
    except RuleBookInvalid as error:
        return error.findings
    return ()


def said(folder: Path) -> list[str]:
    """Every fault as `file:line:column code message`."""
    return [f"{fault.where} {fault.code} {fault.message}" for fault in faults(folder)]


def loaded(folder: Path) -> RuleBook:
    """The rulebook of the folder."""
    return load_rulebook(folder, "rules")
