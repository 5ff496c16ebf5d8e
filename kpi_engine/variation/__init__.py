"""Series of figures -> variation and assurance: XmR charts by the Making Data Count method."""

from kpi_engine.variation.charted import (
    Assurance,
    AssuranceIcon,
    Chart,
    Direction,
    Evidence,
    Flag,
    Point,
    Rule,
    SpecialCause,
    Variation,
    VariationIcon,
)
from kpi_engine.variation.notes import small_numbers
from kpi_engine.variation.profiles import PROFILES, Profile
from kpi_engine.variation.revised import Revised, revised
from kpi_engine.variation.words import plain, sentence
from kpi_engine.variation.xmr import chart

__all__ = [
    "PROFILES",
    "Assurance",
    "AssuranceIcon",
    "Chart",
    "Direction",
    "Evidence",
    "Flag",
    "Point",
    "Profile",
    "Revised",
    "Rule",
    "SpecialCause",
    "Variation",
    "VariationIcon",
    "chart",
    "plain",
    "revised",
    "sentence",
    "small_numbers",
]
