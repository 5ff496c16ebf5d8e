"""Which parts, cards and links a board report has: what every writer goes by."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from kpi_engine.reports.board.report import TITLES
from kpi_engine.rulebook.pack import SECTIONS
from tests.reports.board.sample import sample

WHOLE = sample()


def test_parts_stand_in_their_order_and_explain_themselves_before_the_sources() -> None:
    parts = list(WHOLE.parts)
    assert [part for part in parts if part in SECTIONS] == list(WHOLE.sections)
    assert ("measures", "grid") in pairwise(parts)
    assert ("how_to_read", "sources") in pairwise(parts)
    assert list(TITLES) == [part for part in TITLES if part in {*SECTIONS, "grid", "how_to_read"}]


def test_a_report_of_one_section_is_that_and_how_to_read_it() -> None:
    one = replace(WHOLE, sections=("exceptions",), grid=None)
    assert list(one.parts.values()) == ["Exceptions in full", "How to read this report"]


def test_each_measure_has_one_card_exceptions_first() -> None:
    *others, last = (one.anchor for one in WHOLE.measures)
    both = replace(WHOLE, sections=("exceptions", "measures"), exceptions=(last,))
    assert list(both.cards.items()) == [(last, "exceptions"), *((one, "measures") for one in others)]
    assert [one.anchor for one in both.in_full("measures")] == others
    assert list(replace(both, sections=("measures",)).cards) == [*others, last]
    assert list(replace(both, sections=("exceptions",)).cards) == [last]


def test_an_exception_without_its_measure_has_no_card() -> None:
    assert "gone" not in replace(WHOLE, exceptions=("gone",)).cards


def test_a_short_title_of_two_measures_is_no_link() -> None:
    first, second, *others = WHOLE.measures
    assert WHOLE.linked[first.short] == first.anchor
    alike = replace(WHOLE, measures=(first, replace(second, short=first.short), *others))
    assert first.short not in alike.linked
    assert not replace(WHOLE, sections=()).linked
