"""A return changed, from a seed: damaged, with hostile cells, with lost rows, or with other valid values."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING

from tests.fuzz.cells import CELLS
from tests.fuzz.damage import BYTES, MEMBERS, XML
from tests.fuzz.rows import COLUMNS, ROWS
from tests.fuzz.sheets import SAME, SHEETS
from tests.fuzz.valid import VALID
from tests.fuzz.where import ANYWHERE

if TYPE_CHECKING:
    from tests.fuzz.bases import Base
    from tests.fuzz.package import Package


class Family(StrEnum):
    """What is asked of the verdicts after a change."""

    CONTAINER = "container"  # no better without a finding
    XML = "XML"  # the same
    CELLS = "cells"  # the same
    ROWS = "rows"  # the same
    COLUMNS = "columns"  # the same
    SHEETS = "sheets"  # the same
    SAME = "the same again"  # not another verdict, nor another figure
    VALID = "valid to valid"  # the verdict and parts of the second path


SHARES = {
    Family.CONTAINER: 14,
    Family.XML: 20,
    Family.CELLS: 20,
    Family.ROWS: 12,
    Family.COLUMNS: 6,
    Family.SHEETS: 6,
    Family.SAME: 4,
    Family.VALID: 18,
}


@dataclass(frozen=True)
class Mutated:
    """A workbook changed: `sheets` are those touched (none: any may be), `what` was done to them."""

    family: Family
    kind: str
    data: bytes
    sheets: frozenset[str]
    what: str


def mutated(base: Base, seed: int, only: Family | None = None) -> Mutated:
    """The change of that seed, the same for ever; of the one family if one is asked for."""
    random = Random(seed)
    family = only or random.choices(list(SHARES), weights=list(SHARES.values()))[0]
    if family is Family.CONTAINER:
        return _in_archive(random, base)
    if family is Family.XML:
        kind, change = random.choice(list(XML.items()))
        package, what = change(random, _as_stored(base.package, base))
        return Mutated(family, kind, package.packed(), ANYWHERE, what)
    make = random.choice(KINDS[family])
    package, sheets, what = make(random, base.package)
    return Mutated(family, make.__name__, _as_stored(package, base).packed(), sheets, what)


def _as_stored(package: Package, base: Base) -> Package:
    return package.with_shared_texts() if base.shares_texts else package


def _in_archive(random: Random, base: Base) -> Mutated:
    package = _as_stored(base.package, base)
    if random.random() < 0.5:
        kind, change = random.choice(list(MEMBERS.items()))
        package, what = change(random, package)
        return Mutated(Family.CONTAINER, kind, package.packed(), ANYWHERE, what)
    name, harm = random.choice(list(BYTES.items()))
    method = random.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))
    return Mutated(Family.CONTAINER, name, harm(random, package.packed(method)), ANYWHERE, "")


KINDS = {
    Family.CELLS: CELLS,
    Family.ROWS: ROWS,
    Family.COLUMNS: COLUMNS,
    Family.SHEETS: SHEETS,
    Family.SAME: SAME,
    Family.VALID: VALID,
}
