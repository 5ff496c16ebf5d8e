"""results.csv and results.parquet: the whole history in long form beside the reports, for dashboards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.automation.files import erase, make_folder, writing
from kpi_engine.history.export import export_csv, export_parquet
from kpi_engine.history.file import open_history

if TYPE_CHECKING:
    from kpi_engine.automation.settings import Settings

CSV, PARQUET = "results.csv", "results.parquet"


def export_results(settings: Settings) -> None:
    """Write both anew, each whole or not at all; nothing without a history."""
    if not settings.history.exists():
        return
    with writing(settings.out.name):
        make_folder(settings.out, settings.out, settings.out.name)
    with open_history(settings.history) as history:
        for export, name in ((export_csv, CSV), (export_parquet, PARQUET)):
            with writing(name):
                erase(settings.out / f"{name}.part")  # a link there would be written through
            export(history, settings.out / name)
            with writing(name):
                (settings.out / name).chmod(0o600)
