"""rules/escalations.yaml: what loads, and every fault at its line and column."""
# ruff: noqa: E501  (one fault, one line)

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kpi_engine.rulebook.document import read_yaml
from kpi_engine.rulebook.escalations import read_escalations
from kpi_engine.rulebook.load import load_rulebook
from kpi_engine.rulebook.pack import (
    NO_PACK,
    NUMBER,
    TEXT,
    Expected,
    FieldTest,
    Join,
    Op,
    Pattern,
    Reference,
)
from kpi_engine.rulebook.wanted import Known
from tests.rulebook.rules_folder import MARK, loaded, said, write

if TYPE_CHECKING:
    from kpi_engine.rulebook.pack import Pack

REPOSITORY = Path(__file__).parents[2]

PACK = """\
facts:
  raised: {kind: text, severity: number, about: text, seq: number}
  outranked: {kind: text, about: text, seq: number}
rules:
  - id: miss
    title: Missed
    because: a target was missed
    when:
      v: {is: verdict, status: fail, reason: ""}
    then: {is: raised, kind: miss, severity: 2, about: $v.indicator, seq: $v.seq}
    examples:
      - name: a miss
        given: [{is: verdict, indicator: m, seq: 1, status: fail}]
        expect: [{follows: {is: exception, kind: miss, about: m}}, {never: {is: exception, severity: 3}}]
  - id: twice
    title: Missed twice
    because: twice is no chance
    when:
      a: {is: verdict, status: fail, target: [dated, undated]}
      b: {is: verdict, status: fail, indicator: $a.indicator, seq: $a.seq + 1}
    unless:
      c: {is: commentary, standing: {not: missing}, indicator: $a.indicator}
    then: {is: raised, kind: twice, severity: 3, about: $b.indicator, seq: $b.seq}
    examples: [{name: nothing, given: [], expect: [{never: {is: raised}}]}]
  - id: outranked
    because: only the worst is told
    when:
      low: {is: raised, severity: {at_most: 2}}
      high: {is: raised, severity: 3, about: $low.about, seq: $low.seq}
    then: {is: outranked, kind: $low.kind, about: $low.about, seq: $low.seq}
    examples: [{name: nothing, given: [], expect: [{never: {is: raised}}]}]
  - id: exception
    because: what stands is told
    when:
      r: {is: raised}
    unless:
      o: {is: outranked, kind: $r.kind, about: $r.about, seq: $r.seq}
    then: {is: exception, kind: $r.kind, severity: $r.severity, about: $r.about, seq: $r.seq}
    examples: [{name: nothing, given: [], expect: [{never: {is: raised}}]}]
"""
EXAMPLES = "    examples: [{name: nothing, given: [], expect: [{never: {is: raised}}]}]\n"


def told(tmp_path: Path, text: str) -> list[str]:
    return said(write(tmp_path, **{"escalations.yaml": text.replace(MARK, "")}))


def one_fault(tmp_path: Path, text: str, fault: str) -> None:
    """The one fault of the text is `fault`, at the mark."""
    index = text.index(MARK)
    place = f"{text.count(chr(10), 0, index) + 1}:{index - text.rfind(chr(10), 0, index)}"
    assert told(tmp_path, text) == [f"rules/escalations.yaml:{place} {fault}"]


def pack(tmp_path: Path, text: str = PACK) -> Pack:
    return loaded(write(tmp_path, **{"escalations.yaml": text})).escalations


def rule(body: str, *, name: str = "extra") -> str:
    """The pack with one more rule, of one line for each of its keys."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"{PACK}  - id: {name}\n    because: it is tried\n{lines}{EXAMPLES}"


# ── What loads ───────────────────────────────────────────────────────────────


def test_a_rulebook_needs_no_escalations(tmp_path: Path) -> None:
    book = loaded(write(tmp_path))
    assert (book.escalations, book.boards, book.audiences) == (NO_PACK, {}, {})


def test_rules_are_read_as_they_are_written(tmp_path: Path) -> None:
    read = pack(tmp_path)
    assert read.file == "escalations.yaml"
    assert read.types["raised"] == {"kind": TEXT, "severity": NUMBER, "about": TEXT, "seq": NUMBER}
    assert "verdict" in read.types
    assert "exception" in read.types
    miss, twice, outranked, _ = read.rules
    assert (miss.title, miss.because, miss.line) == ("Missed", "a target was missed", 5)
    assert miss.when[0].tests == (
        FieldTest("status", Op.IS, ("fail",)),
        FieldTest("reason", Op.IS, ("",)),
    )
    assert miss.then.type == "raised"
    assert miss.then.fields == (
        ("kind", "miss"),
        ("severity", 2),
        ("about", Reference("v", "indicator")),
        ("seq", Reference("v", "seq")),
    )
    assert twice.when[0].tests[1] == FieldTest("target", Op.IS, ("dated", "undated"))
    assert twice.when[1].joins == (
        Join("indicator", Reference("a", "indicator")),
        Join("seq", Reference("a", "seq", 1)),
    )
    assert twice.unless == (
        Pattern(
            "c",
            "commentary",
            (FieldTest("standing", Op.NOT, ("missing",)),),
            (Join("indicator", Reference("a", "indicator")),),
        ),
    )
    assert outranked.when[0].tests == (FieldTest("severity", Op.AT_MOST, (2,)),)


def test_examples_are_read_with_their_line(tmp_path: Path) -> None:
    (example_,) = pack(tmp_path).rules[0].examples
    assert (example_.name, example_.line) == ("a miss", 12)
    assert [(type_, dict(fields)) for type_, fields in example_.given] == [
        ("verdict", {"indicator": "m", "seq": 1, "status": "fail"})
    ]
    assert example_.expects == (
        Expected("exception", (("kind", "miss"), ("about", "m"))),
        Expected("exception", (("severity", 3),), never=True),
    )


def test_strata_are_as_few_as_negation_allows(tmp_path: Path) -> None:
    strata = pack(tmp_path).strata
    assert [[one.id for one in stratum] for stratum in strata] == [
        ["miss", "twice", "outranked"],
        ["exception"],
    ]


def test_fields_are_told_a_name_that_the_rules_declare(tmp_path: Path) -> None:
    text = PACK.replace("$v.indicator", "return").replace(
        "status: fail, reason", "indicator: more-referrals, reason"
    )
    assert told(tmp_path, text) == []


def test_the_shipped_escalations_load() -> None:
    read = load_rulebook(REPOSITORY / "rules").escalations
    assert len(read.rules) == sum(len(stratum) for stratum in read.strata) > 20


# ── Faults at their place ────────────────────────────────────────────────────

CHANGES = [
    # The shape of the file
    (
        "severity: {at_most: 2}",
        "severity: {«atmost: 2}",
        "B110 rules.2.when.low.severity.atmost: not known; did you mean at_most?",
    ),
    (
        "{not: missing}",
        "{«nott: missing}",
        "B110 rules.1.unless.c.standing.nott: not known; did you mean not?",
    ),
    ("{not: missing}", "{«but: missing}", "B110 rules.1.unless.c.standing.but: not known."),
    (
        "{at_most: 2}",
        "«{at_most: 2, at_least: 1}",
        (
            "B112 rules.2.when.low.severity: cannot stand here: "
            "a test has exactly one of not, at_least, at_most, more_than, less_than."
        ),
    ),
    ("[dated, undated]", "[dated, «[undated]]", "B112 rules.1.when.a.target.1: wants text."),
    (
        "      r: {",
        "      «R2: {",
        'B112 rules.3.when.R2: "R2" cannot stand here: write small letters, digits and underscores, such as matched_on.',
    ),
    ("    title: Missed\n", "    «titel: Missed\n", "B110 rules.0.titel: not known; did you mean title?"),
    (
        "seq: number}\n  out",
        "seq: «numbr}\n  out",
        'B112 facts.raised.seq: "numbr" is not allowed; write number or text; did you mean number?',
    ),
    ("      r: {is: raised}", "      r: «{}", "B111 rules.3.when.r.is: missing."),
    ("id: twice", "id: «miss", "B131 rules.1.id: miss is used before, in line 5."),
    ("      o: {", "      «r: {", "B131 rules.3.unless.r: r is used before, in line 35."),
    # Names
    (
        "{is: commentary",
        "{is: «comentary",
        "B160 rules.1.unless.c.is: there is no fact type comentary; did you mean commentary?",
    ),
    ("{is: commentary", "{is: «[commentary]", "B160 rules.1.unless.c.is: wants the name of one fact type."),
    (
        "{is: verdict, indicator",
        "{is: «verdct, indicator",
        "B160 rules.0.examples.0.given.0.is: there is no fact type verdct; did you mean verdict?",
    ),
    (
        "status: fail, reason",
        "«stats: fail, reason",
        "B161 rules.0.when.v.stats: verdict has no field stats; did you mean status?",
    ),
    ("seq: $v.seq}", "seq: $v.seq, «family: x}", "B161 rules.0.then.family: raised has no field family."),
    (
        "about: m}}",
        "«abut: m}}",
        "B161 rules.0.examples.0.expect.0.follows.abut: exception has no field abut; did you mean about?",
    ),
    ("$a.seq + 1", "$a.«sq + 1", "B161 rules.1.when.b.seq: verdict has no field sq; did you mean seq?"),
    (
        "  outranked: {",
        "  «commentary: {x: text}\n  outranked: {",
        "B162 facts.commentary: commentary is a fact that every check states.",
    ),
    (
        "  outranked: {",
        "  «exception: {x: text}\n  outranked: {",
        "B162 facts.exception: exception is a fact that reports read.",
    ),
    (
        "status: fail, reason",
        "indicator: «permanent-stuff, reason",
        "B132 rules.0.when.v.indicator: there is no indicator permanent-stuff; did you mean permanent-staff?",
    ),
    (
        "about: $v.indicator",
        "about: «posts-advertized",
        "B132 rules.0.then.about: there is no indicator or milestone posts-advertized; did you mean posts-advertised?",
    ),
    (
        "    because: twice",
        "    tell: [«the-board]\n    because: twice",
        "B132 rules.1.tell.0: there is no board the-board.",
    ),
    # Values
    (
        "severity: 2",
        "severity: «two",
        'B163 rules.0.then.severity: "two" is text; raised.severity holds a whole number.',
    ),
    (
        "severity: 2",
        "severity: «2.5",
        'B163 rules.0.then.severity: "2.5" is text; raised.severity holds a whole number.',
    ),
    (
        "seq: 1, status",
        "seq: «one, status",
        'B163 rules.0.examples.0.given.0.seq: "one" is text; verdict.seq holds a whole number.',
    ),
    (
        "{not: missing}",
        "{«at_least: 3}",
        "B163 rules.1.unless.c.standing.at_least: commentary.standing holds text, which is never more or less; write a word, a list or not:.",
    ),
    (
        "seq: $a.seq + 1",
        "seq: «$a.indicator",
        "B166 rules.1.when.b.seq: verdict.seq holds a number, verdict.indicator text.",
    ),
    (
        "indicator: $a.indicator, seq",
        "indicator: $a.indicator «+ 1, seq",
        "B163 rules.1.when.b.indicator: verdict.indicator holds text; only to a number can 1 be added.",
    ),
    (
        "status: fail, reason",
        "status: «failed, reason",
        'B164 rules.0.when.v.status: verdict.status is never "failed"; it is fail, not_assessed, not_due or pass; did you mean fail?',
    ),
    (
        "[dated, undated]",
        "[dated, «undate]",
        'B164 rules.1.when.a.target.1: verdict.target is never "undate"; it is dated, none or undated; did you mean undated?',
    ),
    (
        "{not: missing}",
        "{not: [missing, «gone]}",
        'B164 rules.1.unless.c.standing.not.1: commentary.standing is never "gone"; it is as_last_month, given or missing.',
    ),
    (
        "severity: 2",
        "severity: «9007199254740993",
        'B178 rules.0.then.severity: "9007199254740993" is beyond 9,007,199,254,740,992 either way.',
    ),
    ("kind: twice", "kind: «" + "x" * 201, "B178 rules.1.then.kind: a text of 201 characters; 200 at most."),
    # References
    (
        "indicator: $a.indicator, seq",
        "indicator: $«x.indicator, seq",
        "B165 rules.1.when.b.indicator: there is no x in when:.",
    ),
    (
        "indicator: $a.indicator, seq",
        "indicator: «$a, seq",
        'B165 rules.1.when.b.indicator: "$a" is no reference; write $name.field, or with + 1 or - 1 after it.',
    ),
    (
        "status: fail, target",
        "status: fail, seq: $«b.seq, target",
        "B165 rules.1.when.a.seq: b comes later; refer to a fact that is named before this one.",
    ),
    ("about: $b.indicator", "about: $«c.indicator", "B165 rules.1.then.about: there is no c in when:."),
    (
        "[dated, undated]",
        "[dated, «$a.target]",
        'B165 rules.1.when.a.target.1: "$a.target" refers to another fact; a value is wanted here.',
    ),
    (
        "indicator: $a.indicator, seq",
        "indicator: «$a.seq, seq",
        "B166 rules.1.when.b.indicator: verdict.indicator holds text, verdict.seq a number.",
    ),
    (
        "standing: {not: missing}",
        "standing: «$a.status",
        "B166 rules.1.unless.c.standing: commentary.standing and verdict.status have no word in common.",
    ),
    (
        "then: {is: outranked, kind: $low.kind, about",
        "then: «{is: outranked, about",
        "B167 rules.2.then: outranked wants kind too.",
    ),
    # What can never be
    (
        "severity: 3, about: $low",
        "severity: «4, about: $low",
        'B169 rules.2.when.high.severity: no rule gives raised with severity "4".',
    ),
    (
        "severity: {at_most: 2}",
        "kind: «mis",
        'B169 rules.2.when.low.kind: no rule gives raised with kind "mis"; did you mean miss?',
    ),
    (
        "{never: {is: exception, severity: 3",
        "{never: {is: exception, kind: «mis",
        'B169 rules.0.examples.0.expect.1.never.kind: no rule gives exception with kind "mis"; did you mean miss?',
    ),
    (
        "severity: {at_most: 2}",
        "severity: «{more_than: 3}",
        "B170 rules.2.when.low.severity: raised.severity is always 2 or 3; this leaves none of it.",
    ),
    (
        "low: {is: raised, severity: {at_most: 2}",
        "«low: {is: raised, kind: miss, severity: 3",
        "B170 rules.2.when.low: no rule gives raised with all of these values together.",
    ),
    (
        "standing: {not: missing}",
        "standing: «{not: [given, missing, as_last_month]}",
        "B170 rules.1.unless.c.standing: this unless: never holds; commentary.standing is always as_last_month, given or missing; this leaves none of it.",
    ),
    (
        "c: {is: commentary, standing: {not: missing}",
        "«c: {is: verdict, status: [fail, pass]",
        "B171 rules.1.unless.c: a of when: is always such a fact itself.",
    ),
    # Rules beside each other
    (
        "r: {is: raised}\n    unless:\n      o: {is: outranked",
        "r: {is: raised}\n    unless:\n      «o: {is: exception",
        "B172 rules.3.unless.o: exception follows from this rule itself: exception -> exception.",
    ),
    ("kind: twice", "kind: «miss", "B175 rules.1.then.kind: miss raises miss already, in line 5."),
    (
        "  - id: twice\n    title: Missed twice\n",
        "  - «id: twice\n",
        "B176 rules.1: a rule that raises twice wants a title.",
    ),
]


@pytest.mark.parametrize(("before", "after", "fault"), CHANGES)
def test_a_fault_is_told_where_it_stands(tmp_path: Path, before: str, after: str, fault: str) -> None:
    assert PACK.count(before) == 1, f"{before!r} stands {PACK.count(before)} times"
    one_fault(tmp_path, PACK.replace(before, after), fault)


def then(*fields: str, type_: str = "outranked") -> str:
    """A consequence: its fields, or by default those of the type outranked."""
    return f"then: {{is: {type_}, {', '.join(fields or ('kind: $v.reason', 'about: return', 'seq: 1'))}}}"


ADDED = [
    # Facts that nothing gives
    (
        "when:\n  v: {is: verdict}\n  s: {is: «state}\n" + then(),
        "B168 rules.4.when.s.is: no check states and no rule gives state.",
    ),
    (
        "when:\n  v: {is: verdict}\nunless:\n  s: {is: «state, state: watch}\n" + then(),
        "B168 rules.4.unless.s.is: no check states and no rule gives state.",
    ),
    # Tests that exclude each other
    (
        "when:\n  v: {is: verdict, status: «{not: [pass, fail, not_due, not_assessed]}}\n" + then(),
        (
            "B170 rules.4.when.v.status: verdict.status is always fail, not_assessed, not_due or pass; "
            "this leaves none of it."
        ),
    ),
    (
        "when:\n  v: {is: verdict, status: fail}\n  m: {is: milestone, status: «$v.status}\n" + then(),
        (
            "B170 rules.4.when.m.status: milestone.status is done, done_late, not_due, not_reported, overdue "
            "or undated here, and what it must equal is fail."
        ),
    ),
    (
        "when:\n  v: {is: verdict, gap: {at_least: 200}}\n  w: {is: verdict, gap: $v.gap + 3}\n"
        "  m: {is: milestone, days: $w.gap}\n  r: {is: raised, severity: «$m.days - 100}\n" + then(),
        (
            "B170 rules.4.when.r.severity: raised.severity is 2 or 3 here, "
            "and what it must equal is at least 103."
        ),
    ),
    (
        "when:\n  v: {is: verdict, indicator: more-referrals}\n"
        "unless:\n  r: {is: raised, kind: «$v.indicator}\n" + then(),
        (
            "B170 rules.4.unless.r.kind: this unless: never holds; raised.kind is miss or twice here, "
            "and what it must equal is more-referrals."
        ),
    ),
    # Words that the consequence never holds
    (
        "when:\n  v: {is: verdict, status: [pass, fail]}\n"
        + then("indicator: $v.indicator", "seq: 1", "state: «$v.status", 'note: ""', type_="state"),
        (
            "B164 rules.4.then.state: state.state is action_needed, missed_improving, missed_unclear, not_due, "
            "not_reported, nothing_due, on_track or watch; $v.status can be fail, pass."
        ),
    ),
    (
        "when:\n  v: {is: verdict}\n"
        + then(
            "milestone: posts-advertised",
            "seq: 1",
            "status: «$v.status",
            "days: 1",
            'same_as: ""',
            type_="milestone",
        ),
        (
            "B164 rules.4.then.status: milestone.status is done, done_late, not_due, not_reported, overdue "
            "or undated; $v.status can be fail, not_assessed, pass."
        ),
    ),
    (
        "when:\n  v: {is: verdict}\n"
        + then("indicator: $v.indicator", "seq: 1", "state: watch", "note: «$v.indicator", type_="state"),
        (
            'B164 rules.4.then.note: state.note is "", cannot_say, not_at_this_rate, off_course or on_course; '
            "$v.indicator can be any text."
        ),
    ),
    # An unless: that when: always satisfies
    (
        "when:\n  v: {is: verdict, status: fail, gap: -3}\nunless:\n"
        "  «w: {is: verdict, status: {not: pass}, gap: {less_than: 0}, seq: $v.seq}\n" + then(),
        "B171 rules.4.unless.w: v of when: is always such a fact itself.",
    ),
    (
        "when:\n  v: {is: verdict}\n  w: {is: verdict, seq: $v.seq + 1}\nunless:\n"
        "  «x: {is: verdict, seq: $w.seq - 1}\n" + then(),
        "B171 rules.4.unless.x: v of when: is always such a fact itself.",
    ),
    # Facts that follow from themselves
    (
        "when:\n  v: {is: verdict}\n  «s: {is: state, state: watch}\n"
        + then("indicator: $v.indicator", "seq: 1", "state: watch", 'note: ""', type_="state"),
        "B170 rules.4.when.s: such a state only ever follows from this rule itself.",
    ),
    (
        "when:\n  o: {is: outranked}\n" + then("kind: $o.kind", "about: $o.about", "seq: «$o.seq + 1"),
        "B173 rules.4.then.seq: each outranked would give one more, its seq +1, without end.",
    ),
]


@pytest.mark.parametrize(("body", "fault"), ADDED)
def test_a_rule_that_cannot_do_what_it_says_is_told(tmp_path: Path, body: str, fault: str) -> None:
    one_fault(tmp_path, rule(body), fault)


def added(tmp_path: Path, body: str) -> list[str]:
    """The faults of the pack with this rule, less their file."""
    return [line.removeprefix("rules/escalations.yaml:") for line in told(tmp_path, rule(body))]


@pytest.mark.parametrize(
    "body",
    [
        # a different fact than the one matched
        "when:\n  v: {is: verdict}\nunless:\n  w: {is: verdict, indicator: $v.indicator, seq: $v.seq + 1}\n"
        + then(),
        "when:\n  v: {is: verdict}\nunless:\n  w: {is: verdict, status: fail}\n" + then(),
        # as large as a number that a check states, and no larger
        "when:\n  o: {is: outranked}\n  v: {is: verdict, seq: $o.seq + 1}\n"
        + then("kind: $o.kind", "about: $o.about", "seq: $o.seq + 1"),
        "when:\n  v: {is: verdict}\n" + then("kind: $v.reason", "about: return", "seq: $v.seq - 1"),
        # from one outranked to the next, begun by the rule above
        "when:\n  o: {is: outranked}\n" + then("kind: $o.kind", "about: return", "seq: $o.seq"),
        'when:\n  v: {is: verdict, in_doubt: {at_least: 7}, gap: {not: [0, 1]}, reason: {not: ""}}\n'
        + then(),
        'when:\n  f: {is: finding, code: R101, sheet: posts}\n  g: {is: finding, sheet: ""}\n'
        + then("kind: $f.code", "about: return", "seq: 1"),
    ],
)
def test_what_could_look_wrong_and_is_not_loads(tmp_path: Path, body: str) -> None:
    assert added(tmp_path, body) == []


def test_codes_and_sheets_are_those_there_are(tmp_path: Path) -> None:
    body = "when:\n  f: {is: finding, code: [R101, R1011], sheet: {not: post}}\n" + then(
        "kind: $f.code", "about: return", "seq: 1"
    )
    assert added(tmp_path, body) == [
        "43:37 B132 rules.4.when.f.code.1: there is no code R1011; did you mean R111?",
        "43:58 B132 rules.4.when.f.sheet.not: there is no sheet post; did you mean posts?",
    ]


@pytest.mark.parametrize(
    "body",
    [
        (
            "when:\n  low: {is: raised, severity: {at_most: 2}}\n"
            "  high: {is: raised, severity: 3, about: $low.about, seq: $low.seq}\n"
            "then: {is: outranked, kind: $low.kind, about: $low.about, seq: $low.seq}"
        ),
        # by other names, in another order, joined from the other side
        (
            "when:\n  x: {is: raised, severity: 3}\n"
            "  y: {is: raised, severity: {less_than: 3}, about: $x.about, seq: $x.seq}\n"
            "then: {is: outranked, seq: $x.seq, kind: $y.kind, about: $y.about}"
        ),
    ],
)
def test_the_same_rule_in_other_words_is_told(tmp_path: Path, body: str) -> None:
    assert added(tmp_path, body) == ["40:5 B174 rules.4: says the same as outranked in line 25."]


def test_a_rule_that_differs_in_one_join_is_another_rule(tmp_path: Path) -> None:
    body = (
        "when:\n  x: {is: raised, severity: 3}\n"
        "  y: {is: raised, severity: {less_than: 3}, about: $x.about, seq: $x.seq - 1}\n"
        "then: {is: outranked, seq: $x.seq, kind: $y.kind, about: $y.about}"
    )
    assert added(tmp_path, body) == []


def test_a_circle_through_unless_is_told_at_each_unless_with_the_rules_round_it(tmp_path: Path) -> None:
    body = "when:\n  r: {is: raised}\nunless:\n  e: {is: exception}\n"
    assert added(tmp_path, body + then("kind: $r.kind", "about: return", "seq: 1")) == [
        "37:7 B172 rules.3.unless.o: outranked follows from this rule itself: exception -> extra -> exception.",
        "45:7 B172 rules.4.unless.e: exception follows from this rule itself: extra -> exception -> extra.",
    ]


def test_a_rule_beyond_the_engine_is_told(tmp_path: Path) -> None:
    many = "".join(f"  v{i}: {{is: verdict, seq: {i}}}\n" for i in range(16))
    (found,) = added(tmp_path, f"when:\n{many}" + then("kind: $v1.reason", "about: return", "seq: 1"))
    assert found == "40:5 B177 rules.4: 16 facts in when: and unless: together; 15 at most."
    lists = ", ".join(f"{field}: [{', '.join(map(str, range(15)))}]" for field in ("seq", "gap"))
    (found,) = added(tmp_path, f"when:\n  v: {{is: verdict, {lists}}}\n" + then())
    assert found == "40:5 B177 rules.4: its lists allow 225 choices of a value from each; 200 at most."


def test_more_rules_than_the_engine_holds_are_told(tmp_path: Path) -> None:
    last = PACK[PACK.index("  - id: exception") :]
    many = "".join(last.replace("id: exception", f"id: exception-{i}") for i in range(500))
    (found,) = told(tmp_path, PACK + many)
    assert found == "rules/escalations.yaml:5:3 B177 rules: 504 rules; 500 at most."


@pytest.mark.parametrize(
    ("declared", "fault"),
    [
        (
            "  extra: {«is: text}\n",
            "B163 facts.extra.is: is: names the type of a fact; call the field something else.",
        ),
        ("  extra: «{}\n", "B163 facts.extra: a fact has at least one field."),
    ],
)
def test_a_fact_type_that_cannot_be_is_told(tmp_path: Path, declared: str, fault: str) -> None:
    one_fault(tmp_path, PACK.replace("rules:\n", f"{declared}rules:\n"), fault)


# ── All at once ──────────────────────────────────────────────────────────────


def test_all_faults_of_all_rules_are_told_in_one_pass(tmp_path: Path) -> None:
    text = (
        PACK.replace("    because: twice is no chance\n", "")
        .replace("status: fail, reason", "statu: fail, reason")
        .replace("is: outranked, kind: $r", "is: outranke, kind: $r")
    )
    folder = write(tmp_path, **{"escalations.yaml": text, "milestones.yaml": "milestones: none\n"})
    assert [line.split(" ")[:2] for line in said(folder)] == [
        ["rules/escalations.yaml:9:24", "B161"],
        ["rules/escalations.yaml:15:5", "B111"],
        ["rules/escalations.yaml:36:15", "B160"],
        ["rules/milestones.yaml:1:13", "B112"],
    ]


def test_a_fault_in_one_rule_is_no_fault_of_another(tmp_path: Path) -> None:
    found = told(tmp_path, PACK.replace("{is: raised, kind: twice", "{is: raized, kind: twice"))
    assert [line.split(" ")[1] for line in found] == ["B160"]


def test_empty_text_is_written_in_quotes(tmp_path: Path) -> None:
    found = told(tmp_path, PACK.replace('reason: ""', "reason: "))
    assert [line.split(" ")[1] for line in found] == ["B106"]


# ── Whatever is written ──────────────────────────────────────────────────────

KNOWN = Known(frozenset({"permanent-staff"}), frozenset(), frozenset({"posts"}), frozenset())


def read(text: str) -> tuple[Pack | None, list[str]]:
    file, found = read_yaml(
        text.encode("utf-8", "replace"), "escalations.yaml", "escalations", empty_text=True
    )
    if file is None:
        return None, [one.code for one in found]
    result = read_escalations(file, KNOWN)
    return result.pack, [one.code for one in (*found, *result.findings)]


TYPES = 4


@st.composite
def layered(draw: st.DrawFn) -> str:
    """A pack whose rules only ever negate types of a lower number; every other chance is left open."""
    lines = ["facts:", *(f"  t{i}: {{name: text, n: number}}" for i in range(TYPES)), "rules:"]

    def add(name: str, *parts: str) -> None:
        lines.extend([f"  - id: {name}", "    because: it is tried", *(f"    {part}" for part in parts)])
        lines.append("    examples: [{name: none, given: [], expect: [{never: {is: t0, n: 0}}]}]")

    for i in range(TYPES):
        for n in (i, i + 50):
            add(
                f"base-{n}",
                f"when: {{v: {{is: verdict, seq: {n}}}}}",
                f"then: {{is: t{i}, name: $v.indicator, n: {n}}}",
            )
    for j in range(draw(st.integers(0, 6))):
        made = draw(st.integers(0, TYPES - 1))
        when = draw(st.lists(st.integers(0, made), min_size=1, max_size=3))
        unless = draw(st.lists(st.integers(0, made - 1), max_size=2)) if made else []
        joins = [""] + [f", name: $p{draw(st.integers(0, i - 1))}.name" for i in range(1, len(when))]
        add(
            f"rule-{j}",
            f"when: {{{', '.join(f'p{i}: {{is: t{t}{joins[i]}}}' for i, t in enumerate(when))}}}",
            f"unless: {{{', '.join(f'u{i}: {{is: t{t}, n: {t}, name: $p0.name}}' for i, t in enumerate(unless))}}}",
            f"then: {{is: t{made}, name: $p{len(when) - 1}.name, n: {100 + j}}}",
        )
    order = draw(st.permutations(range(lines.count("    because: it is tried"))))
    head, *rules = "\n".join(lines).split("\n  - ")
    return "\n  - ".join([head, *(rules[i] for i in order)]) + "\n"


@settings(deadline=None, max_examples=150)
@given(layered())
def test_a_pack_without_circles_loads_and_negates_only_what_is_complete(text: str) -> None:
    pack, codes = read(text)
    assert codes == []
    assert pack is not None
    place = {rule.id: i for i, stratum in enumerate(pack.strata) for rule in stratum}
    assert sorted(place) == sorted(rule.id for rule in pack.rules)
    lowest = dict.fromkeys(place, 0)
    for rule in pack.rules:
        for maker in pack.rules:
            if any(pattern.type == maker.then.type for pattern in rule.unless):
                assert place[maker.id] < place[rule.id]
                lowest[rule.id] = max(lowest[rule.id], place[maker.id] + 1)
            if any(pattern.type == maker.then.type for pattern in rule.when):
                assert place[maker.id] <= place[rule.id]
                lowest[rule.id] = max(lowest[rule.id], place[maker.id])
    assert len(pack.strata) <= TYPES
    for stratum in pack.strata:
        ids = [rule.id for rule in stratum]
        assert ids == [rule.id for rule in pack.rules if rule.id in ids]


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(PACK)), st.integers(0, 30), st.text(max_size=12))
@example(PACK.index("$v.seq"), 6, "$v.seq + 99999999999999999999")
@example(PACK.index("$v.seq"), 6, "$v." + "s" * 5000)
@example(PACK.index("fail"), 4, "٣")
@example(PACK.index("severity: 2"), 11, "severity: ٣")
@example(PACK.index("verdict"), 7, "{is: x}")
def test_junk_gives_findings_and_never_an_error(at: int, length: int, junk: str) -> None:
    pack, codes = read(PACK[:at] + junk + PACK[at + length :])
    assert (pack is None) == bool(codes)


VALUES = st.recursive(
    st.sampled_from(["a", "$a.seq", "$v.seq + 1", "fail", "3", "verdict", "raised", "x"])
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["is", "not", "at_least", "status", "seq", "a", "kind"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from(["id", "title", "because", "when", "unless", "then", "tell", "examples"]), VALUES
    ),
    st.dictionaries(st.sampled_from(["raised", "verdict", "x", "Y!"]), VALUES, max_size=3),
)
def test_values_of_any_form_give_findings_and_never_an_error(body: object, facts: object) -> None:
    text = json.dumps({"facts": facts, "rules": [body, body]}, ensure_ascii=True)
    pack, codes = read(text)
    assert pack is None
    assert codes
