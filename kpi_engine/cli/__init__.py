"""The commands: they read arguments, call one function each, print, and exit; they decide nothing."""

# In the order of `kpi --help`.
from kpi_engine.cli import check, explain, exceptions, report, series, template, rules  # noqa: I001
from kpi_engine.cli import setup, run, audit, measure, doctor
from kpi_engine.cli.app import app

__all__ = [
    "app",
    "audit",
    "check",
    "doctor",
    "exceptions",
    "explain",
    "measure",
    "report",
    "rules",
    "run",
    "series",
    "setup",
    "template",
]
