"""What may not stand in a return: a person's details as a column, and words by which a child may be known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kpi_engine.returns.spelling import normal, tidy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PERSONAL = re.compile(
    r"\b(surname|forename|(first|given|middle|last|family|full) ?name|known as|names?"
    r"|dob|d\.o\.b\.?|date of birth|birth ?date|birthday|born( on)?|age|nhs( (no|number))?|upn"
    r"|(national insurance|ni) (no|number)|post ?code)(?!\w)"
    r"|\b(address|((e-?mail|(tele)?phone|mobile)( (address|number|no\.?))?))$"
)
# "Team name" is nobody's; "Child name" is.
_NOBODYS_NAME = re.compile(
    r"^(team|provider|agency|sheet|file|school|plan|court|measure|service|(local )?authority|council|borough"
    r"|placement|partnership|area|ward) name$"
)
_FEW = r"(?:[1-5]|one|two|three|four|five)"
_CHILD = (
    r"(?:child(?:ren)?|siblings?|brothers?|sisters?|bab(?:y|ies)|infants?|newborns?|girls?|boys?|twins?"
    r"|young (?:person|people)|teenagers?|asylum[- ]seek\w+)"
)
_FEW_CHILDREN = re.compile(
    rf"(?<![\w.,/%-]){_FEW}(?![\w%/-]|[.,]\d)(?:\s+[a-z'-]+){{0,3}}?\s+{_CHILD}\b", re.IGNORECASE
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*"
_DATE = re.compile(
    rf"\b\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{2,4}}\b|\b\d{{4}}-\d{{2}}-\d{{2}}\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}\b|\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?\b(?! ?%)",
    re.IGNORECASE,
)
_CASE_NUMBER = re.compile(r"\b[A-Za-z]{1,4}-?\d{3,}[\w-]*\b|\b\d{5,}\b", re.ASCII)
_CAPITALISED = re.compile(r"\b([A-Z][a-z]+(?:[-'][A-Z][a-z]+)?)\s+([A-Z][a-z]+(?:[-'][A-Z][a-z]+)?)\b")
_NAME = re.compile(r"[^\W\d_]{2,}(?:[ '-]+[^\W\d_]{2,}){1,3}")
_WORD = re.compile(r"[A-Za-z]+")
_MONTHS = "January February March April May June July August September October November December"
# Words that begin sentences; with a title after them they make no name.
_OPENERS = (
    "A After All An As At Before Both By During Each For From His Her If In It Its Most New No Of On Once "
    "Our Since So Some That The Their There These They This Those To Two Under Until We When Where While With"
)
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"


def is_personal_heading(text: str) -> bool:
    """Whether a heading asks for a person's details: a name, a birth date, an address."""
    heading = normal(text).replace("_", " ")
    return bool(_PERSONAL.search(heading)) and not _NOBODYS_NAME.match(heading)


def looks_like_name(identifier: str) -> bool:
    """Whether an identifier is two to four words without a digit."""
    return bool(_NAME.fullmatch(identifier))


def vocabulary(texts: Iterable[str]) -> frozenset[str]:
    """The words of `texts`, casefolded: capitalised pairs of them are titles and teams, not people."""
    words = (word.casefold() for text in (*texts, _MONTHS, _DAYS, _OPENERS) for word in _WORD.findall(text))
    return frozenset(words)


def telling_words(text: str, ordinary: frozenset[str]) -> Iterator[str]:
    """The code of every way in which `text` might let a child be recognised; `ordinary` from `vocabulary`."""
    plain = tidy(text)
    if _FEW_CHILDREN.search(plain):
        yield "R402"
    if _DATE.search(plain):
        yield "R403"
    if _CASE_NUMBER.search(plain):
        yield "R404"
    if any(not {first.casefold(), last.casefold()} <= ordinary for first, last in _pairs(plain)):
        yield "R405"


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Neighbouring capitalised words; "Met Jane Smith" has two pairs, and the second may be the name."""
    start = 0
    while match := _CAPITALISED.search(text, start):
        yield match[1], match[2]
        start = match.start(2)
