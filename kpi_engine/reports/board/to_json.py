"""A board report as one JSON object, schema `kpi-board/1` (schema_kpi_board_1.json says what keys mean)."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from kpi_engine.reports.board.report import Grid
from kpi_engine.reports.records import Json, written

if TYPE_CHECKING:
    from kpi_engine.reports.board.report import BoardReport

SCHEMA = "kpi-board/1"


def to_board_json(report: BoardReport) -> str:
    """The report as one object, two blanks deep, ended by a newline; drawings are left out.

    Texts are final; what is kept back is `[c]` here too. Figures of charts are decimals, as text.
    """
    return written({"schema": SCHEMA, **_fields(report)})


def _fields(value: object) -> Json:
    names = (field.name for field in fields(value) if field.name != "svg")  # type: ignore[arg-type]  # a dataclass
    return {name: _record(getattr(value, name)) for name in names}


def _record(value: object) -> object:
    if isinstance(value, Grid):
        rows = [{"head": _record(head), "cells": _record(cells)} for head, cells in value.rows]
        return {"columns": _record(value.columns), "rows": rows}
    if is_dataclass(value):
        return _fields(value)
    if isinstance(value, tuple):
        return [_record(one) for one in value]
    return f"{value:f}" if isinstance(value, Decimal) else value
