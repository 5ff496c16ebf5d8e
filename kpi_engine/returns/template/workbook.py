"""The whole template: the cover, a sheet for each part of the contract, the lists, and its bytes."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING, Final

from openpyxl import Workbook
from openpyxl.packaging.custom import StringProperty

from kpi_engine.returns.template.cover import VERSION, add_names, cover_cells, write_cover
from kpi_engine.returns.template.input_rules import add_styles
from kpi_engine.returns.template.lists import lists_of, not_known_word, write_lists
from kpi_engine.returns.template.parts import LISTS, Plan
from kpi_engine.returns.template.sheets import write_sheet
from kpi_engine.rulebook.book import SheetKind

if TYPE_CHECKING:
    from kpi_engine.returns.template import Filling
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.period import Period

SHEET_ORDER: Final = {SheetKind.COUNTS: 1, SheetKind.MILESTONES: 2, SheetKind.COMMENTARY: 3}  # after cases
MODIFIED: Final = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
READABLE: Final = 0o600 << 16  # as zipfile itself stores a part written from memory


def build(rulebook: RuleBook, period: Period, filling: Filling) -> Workbook:
    """The return of a month as an openpyxl workbook."""
    contract = rulebook.contract
    choices = lists_of(rulebook)
    plan = Plan(rulebook, period, filling, choices, cover_cells(contract), not_known_word(contract))
    if unknown := {*filling.rows, *filling.nil} - {*contract.sheets}:
        raise KeyError(min(unknown))
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    add_styles(workbook)
    write_cover(workbook.create_sheet(contract.cover_sheet), plan)
    for spec in sorted(contract.sheets.values(), key=lambda spec: SHEET_ORDER.get(spec.kind, 0)):
        write_sheet(workbook.create_sheet(spec.sheet), spec, plan)
    write_lists(workbook.create_sheet(LISTS), choices)
    add_names(workbook, plan)
    version = StringProperty(name=VERSION, value=contract.template_version)
    workbook.custom_doc_props.append(version)  # type: ignore[attr-defined]  # the stubs lack it
    workbook.properties.title = f"Monthly return, {period.label}"
    workbook.properties.creator = rulebook.plan.title
    return workbook


def packed(workbook: Workbook, period: Period) -> bytes:
    """The workbook's file; every time in it is the start of the period."""
    stamp = datetime.combine(period.start, datetime.min.time())
    workbook.properties.created = stamp
    raw, out = io.BytesIO(), io.BytesIO()
    workbook.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename == "docProps/core.xml":
                data = MODIFIED.sub(rb"\g<1>" + f"{stamp:%Y-%m-%dT%H:%M:%SZ}".encode(), data)
            kept = zipfile.ZipInfo(entry.filename, max(stamp.timetuple()[:6], ZIP_EPOCH))
            kept.compress_type, kept.external_attr = zipfile.ZIP_DEFLATED, READABLE
            target.writestr(kept, data)
    return out.getvalue()
