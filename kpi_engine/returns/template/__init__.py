"""The return template: the empty workbook that a team fills, and the filled one that examples need."""

from kpi_engine.returns.template.write import (
    Filling,
    build_return,
    save_return,
    write_new,
    write_return,
    write_template,
)

__all__ = ["Filling", "build_return", "save_return", "write_new", "write_return", "write_template"]
