"""Spark as a session: the tables it knows, the answers it gives, and the faults it tells without quoting."""

from __future__ import annotations

import socket
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_engine.errors import ExtraMissing, KpiError
from kpi_engine.measures import spark
from kpi_engine.measures.conditions import literal, quoted
from kpi_engine.measures.spark import on_remote, translated

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kpi_engine.measures.session import Session

NAME = "Ann Other"


def written(path: Path, columns: Mapping[str, list[object]]) -> None:
    import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415  (slow to import)
    from pyarrow import parquet  # noqa: PLC0415  (as above)

    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), path)


def codes(fault: pytest.ExceptionInfo[KpiError]) -> list[str]:
    return [one.code for one in fault.value.findings]


# ── Tables ───────────────────────────────────────────────────────────────────


def test_a_parquet_file_is_known_by_its_columns_in_order(session: Session, tmp_path: Path) -> None:
    written(tmp_path / "posts.parquet", {"b": ["x", "y"], "a": [1, None]})

    assert session.table("one_file", str(tmp_path / "posts.parquet")) == ("b", "a")
    assert sorted(session.ask("SELECT b, a FROM one_file"), key=str) == [("x", 1), ("y", None)]


def test_a_partition_is_a_text(session: Session, tmp_path: Path) -> None:
    written(tmp_path / "posts" / "period=2023-12" / "1.parquet", {"a": ["x"], "b": ["z"]})
    written(tmp_path / "posts" / "period=2024-01" / "1.parquet", {"b": ["w"], "a": ["y"]})

    assert set(session.table("parts", str(tmp_path / "posts")) or ()) == {"a", "b", "period"}
    assert sorted(session.ask("SELECT a, b, period FROM parts"), key=str) == [
        ("x", "z", "2023-12"),
        ("y", "w", "2024-01"),
    ]


def test_a_column_that_one_file_lacks_is_never_taken_for_blank(session: Session, tmp_path: Path) -> None:
    written(tmp_path / "posts" / "1.parquet", {"a": ["x"]})
    written(tmp_path / "posts" / "2.parquet", {"a": ["y"], "b": ["z"]})

    with pytest.raises(KpiError) as fault:
        session.table("parts", str(tmp_path / "posts"))
    assert codes(fault) == ["S106"]


def test_a_csv_is_texts_as_they_stand_and_blanks_are_null(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes(
        b'\xef\xbb\xbfid,"team, full",n\r\n1,"said ""so""\nthen",007\r\n2,,""\r\n'
        + "3, back\\slash 'é ,#1\r\n".encode()
    )

    assert session.table("listed", str(path)) == ("id", "team, full", "n")
    assert sorted(session.ask('SELECT id, "team, full", n FROM listed')) == [
        ("1", 'said "so"\nthen', "007"),
        ("2", None, None),
        ("3", " back\\slash 'é ", "#1"),
    ]


@pytest.mark.parametrize("name", ["none.parquet", "none", "none.csv", "empty"])
def test_where_there_is_no_table_there_is_none(session: Session, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()

    assert session.table("nothing", str(tmp_path / name)) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [("torn.parquet", NAME * 99), ("short.csv", f"a,b\n1,2\n{NAME}\n"), ("long.csv", f"a\n{NAME},2\n")],
)
def test_a_broken_table_is_told_without_its_cells(
    session: Session, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)

    def read() -> None:
        session.table("broken", str(tmp_path / name))
        session.ask("SELECT * FROM broken")

    with pytest.raises(KpiError) as fault:
        read()
    assert codes(fault) in (["S106"], ["S107"])
    assert NAME not in str(fault.value)


# ── Questions ────────────────────────────────────────────────────────────────


def test_a_view_is_worked_out_when_it_is_asked(session: Session) -> None:
    session.view("base", "SELECT 'x''y' AS \"a b\", 2 AS n UNION ALL SELECT 'z', 3")
    session.view("over", 'SELECT "a b" AS c, n + 1 AS m FROM base WHERE n > 2')

    assert session.ask("SELECT c, m FROM over") == [("z", 4)]


TEXTS = [
    "O'Brien",
    "''",
    "\\",
    "\\'",
    "\\n",
    '"',
    "`",
    "--",
    "/*",
    "%_",
    "${x}",
    "{{x}}",
    "ünï ☃ 🙂",
    "\n\t",
    " ",
    "",
]


def test_every_text_and_name_reaches_spark_as_it_is(session: Session) -> None:
    listed = ", ".join(f"{literal(text)} AS {quoted(f'c{n} {text}')}" for n, text in enumerate(TEXTS[:-3]))
    names = ", ".join(quoted(f"c{n} {text}") for n, text in enumerate(TEXTS[:-3]))
    last = ", ".join(map(literal, TEXTS[-3:]))

    assert session.ask(f"SELECT {names}, {last} FROM (SELECT {listed}) AS t") == [tuple(TEXTS)]  # noqa: S608


@given(st.lists(st.text() | st.sampled_from(TEXTS)))
def test_what_is_quoted_stays_quoted(texts: list[str]) -> None:
    read = translated(" ".join(map(literal, texts)))

    found, at = [], 0
    while at < len(read):  # as Spark reads it
        end = at + 1
        while read[end] != "'":
            end += 2 if read[end] == "\\" else 1
        found.append(read[at + 1 : end].replace("\\'", "'").replace("\\\\", "\\"))
        at = end + 2
    assert found == texts


@pytest.mark.parametrize("figure", ["1e0", "CAST('1' AS FLOAT)", "TRUE", "DATE '2024-01-01'"])
def test_only_texts_and_exact_numbers_come_back(session: Session, figure: str) -> None:
    with pytest.raises(TypeError):
        session.ask(f"SELECT {figure}")


def test_a_decimal_of_38_digits_comes_back_whole(session: Session) -> None:
    long = "12345678901234567890123.123456789012345"

    assert session.ask(f"SELECT CAST('{long}' AS DECIMAL(38, 15)), {'9' * 38}, NULL") == [
        (Decimal(long), Decimal("9" * 38), None)
    ]


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT CAST('{NAME}' AS INT)",
        f"SELECT CAST('{NAME}' AS DATE)",
        f"SELECT '{NAME}' AS a, nothing",
    ],
)
def test_a_fault_quotes_no_cell(session: Session, capfd: pytest.CaptureFixture[str], sql: str) -> None:
    with pytest.raises(KpiError) as fault:
        session.ask(sql)

    assert codes(fault) == ["S107"]
    assert NAME not in str(fault.value) + "".join(capfd.readouterr())
    assert fault.value.__cause__ is None
    assert fault.value.__suppress_context__


# ── What must be there ───────────────────────────────────────────────────────


@pytest.mark.parametrize("library", ["pyspark", "grpc", "pandas", "pyarrow"])
def test_a_missing_library_is_told_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(ExtraMissing) as fault:
        on_remote("sc://127.0.0.1:1")
    assert codes(fault) == ["S101"]
    assert library in str(fault.value)


@pytest.mark.parametrize(
    "version", ["", 'openjdk version "11.0.2" 2019-01-15', 'java version "1.8.0_392"', "?"]
)
def test_java_that_is_missing_or_too_old_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    if version:
        (tmp_path / "bin").mkdir()
        java = tmp_path / "bin" / "java"
        java.write_text(f"#!/bin/sh\necho '{version}' >&2\n")
        java.chmod(0o700)

    with pytest.raises(KpiError) as fault:
        spark.need_java()
    assert codes(fault) == ["S102"]


def test_an_address_that_does_not_answer_is_told_without_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark, "_PATIENCE", 0.5)
    with socket.socket() as silent:  # takes calls, and never answers one
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(KpiError) as fault:
            on_remote(f"sc://127.0.0.1:{silent.getsockname()[1]}/;token={NAME}")

    assert codes(fault) == ["S104"]
    assert NAME not in str(fault.value)


def test_an_address_of_another_kind_is_told() -> None:
    with pytest.raises(KpiError) as fault:
        on_remote("spark://127.0.0.1:7077")

    assert codes(fault) == ["S104"]
