"""The return template: the empty workbook that a team fills, and the filled one that examples need."""

import os

os.environ.setdefault("OPENPYXL_LXML", "False")  # the same bytes whether or not lxml is installed

from kpi_engine.returns.template.write import (
    Filling,
    build_return,
    save_return,
    write_new,
    write_return,
    write_template,
)

__all__ = ["Filling", "build_return", "save_return", "write_new", "write_return", "write_template"]
