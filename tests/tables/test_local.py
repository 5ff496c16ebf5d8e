"""DuckDB over files: nothing outside the folder is read, and nothing is left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from kpi_engine.errors import KpiError
from kpi_engine.measures.local import LocalSession
from tests.tables.lakes import opened

if TYPE_CHECKING:
    from pathlib import Path


def test_nothing_outside_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "outside.csv").write_text("a\n1\n")
    (tmp_path / "lake" / "linked.csv").symlink_to(tmp_path / "outside.csv")
    with opened(tmp_path / "lake") as session:
        for path in ("../outside.csv", "linked.csv"):
            with pytest.raises(KpiError):
                session.table(path, f"{tmp_path}/lake/{path}")
        with pytest.raises(duckdb.PermissionException):
            session.ask("SELECT * FROM read_text('/etc/hostname')")
        with pytest.raises(duckdb.Error):
            session.ask("SELECT * FROM duckdb_secrets() UNION ALL SELECT 1 FROM 'https://127.0.0.1/x.csv'")


@pytest.mark.parametrize("setting", ["enable_external_access = true", "allowed_directories = ['/']"])
def test_the_settings_are_locked(tmp_path: Path, setting: str) -> None:
    with opened(tmp_path) as session, pytest.raises((duckdb.Error, KpiError)):
        session.ask(f"SET {setting}")


def test_what_memory_does_not_hold_is_kept_from_others_and_removed(tmp_path: Path) -> None:
    session = LocalSession(tmp_path, memory="60MB")
    try:
        grouped = "SELECT hash(range) || 'of a case' AS h, COUNT(*) FROM range(1500000) GROUP BY h"
        assert session.ask(f"SELECT COUNT(*) FROM ({grouped})") == [(1_500_000,)]  # noqa: S608  (numbers)
        assert session.spilled.stat().st_mode & 0o777 == 0o700
    finally:
        session.close()

    assert not session.spilled.exists()
    assert not list(tmp_path.iterdir())


def test_texts_come_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('\ufeffa,b\n"1,""x""\nA",\u00e9\n007,\n', encoding="utf-8")
    with opened(tmp_path) as session:
        assert session.table("t", str(tmp_path / "t.csv")) == ("a", "b")
        assert sorted(session.ask("SELECT a, b FROM t")) == [("007", None), ('1,"x"\nA', "\u00e9")]


def test_what_is_not_there_is_no_table(tmp_path: Path) -> None:
    with opened(tmp_path) as session:
        assert session.table("t", str(tmp_path / "t.parquet")) is None
        assert session.table("u", str(tmp_path)) is None
