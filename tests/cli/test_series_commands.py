"""record, history, trend, chart and spc as a person runs them."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Kpi = Callable[..., tuple[int, str, str]]

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "tests" / "variation" / "reference"


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight months of the example returns."""
    folder = tmp_path_factory.mktemp("months")
    for file in sorted((ROOT / "inputs").glob("returns_2024-0[1-8].xlsx")):
        shutil.copy(file, folder)
    return folder


@pytest.fixture(scope="module")
def kpi() -> Kpi:
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    def run(*words: object) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "kpi_engine", *map(str, words)],
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture(scope="module")
def history(kpi: Kpi, months: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("history") / "kpi.db"
    code, out, err = kpi("record", months, "--history", file, "--who", "performance team")
    assert code == 0, err
    assert "8 months written" in out
    return file


def test_the_same_returns_again_change_nothing_and_say_so(kpi: Kpi, months: Path, history: Path) -> None:
    before = history.read_bytes()
    code, out, _ = kpi("record", months, "--history", history)
    assert (code, out.count("unchanged; nothing written")) == (0, 8)
    assert history.read_bytes() == before


def test_a_history_fills_in_the_months_that_are_not_given(kpi: Kpi, months: Path, history: Path) -> None:
    march = months / "returns_2024-03.xlsx"
    alone = json.loads(kpi("check", march, "--format", "json")[1])
    helped = json.loads(kpi("check", march, "--history", history, "--format", "json")[1])
    together = json.loads(kpi("check", months, "--period", "2024-03", "--format", "json")[1])
    assert alone["measures"] != helped["measures"]
    assert helped["measures"] == together["measures"]


def test_check_never_writes_to_the_history(kpi: Kpi, months: Path, history: Path) -> None:
    before = history.read_bytes()
    kpi("check", months, "--history", history)
    kpi("trend", months, "--history", history)
    assert history.read_bytes() == before


def test_a_history_that_is_not_there_is_told_and_not_made(kpi: Kpi, months: Path, tmp_path: Path) -> None:
    code, _, err = kpi("check", months, "--history", tmp_path / "none.db")
    assert code == 2
    assert "none.db" in err
    assert list(tmp_path.iterdir()) == []


def test_history_is_listed_shown_and_exported(kpi: Kpi, history: Path, tmp_path: Path) -> None:
    assert "performance team"[:10] in kpi("history", "list", "--history", history)[1]
    assert len(json.loads(kpi("history", "list", "--history", history, "--format", "json")[1])) == 8
    shown = kpi("history", "show", "cic-permanent-workforce", "--history", history)[1]
    assert "8 months, 0 changed" in shown
    code, _, err = kpi("history", "show", "no-such-measure", "--history", history)
    assert (code, "no-such-measure" in err) == (2, True)
    out = tmp_path / "results.csv"
    assert kpi("history", "export", "--history", history, "--csv", out)[0] == 0
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["period"] for row in rows} == {f"2024-0{n}" for n in range(1, 9)}


def test_trend_tells_every_measure_or_those_asked(kpi: Kpi, months: Path) -> None:
    code, out, _ = kpi("trend", months)
    assert code == 0
    assert out.count("expected range") + out.count("trial") > 5
    one = json.loads(kpi("trend", "cic-permanent-workforce", months, "--format", "json")[1])
    assert one["measures"][0]["id"] == "cic-permanent-workforce"
    assert all(len(line) <= 80 for line in out.splitlines())


def test_a_trend_needs_no_return_where_there_is_a_history(kpi: Kpi, months: Path, history: Path) -> None:
    asked = ("cic-permanent-workforce", "matched-within-6-months")
    alone = kpi("trend", *asked, "--history", history, "--format", "json")
    beside_returns = kpi("trend", *asked, months, "--format", "json")
    assert (alone[0], alone[1]) == (0, beside_returns[1])
    assert kpi("trend", "cic-permanent-workforce", "--history", history)[1].count("Permanent staff") == 1
    assert kpi("trend", "cic-permanent-workforce")[0] == 2


def test_explain_names_the_rule_and_the_limits(kpi: Kpi, months: Path) -> None:
    out = kpi("explain", "cic-permanent-workforce", months)[1]
    assert "Month by month" in out
    assert "expected range" in out


def test_a_chart_is_drawn_once_and_never_over_another(kpi: Kpi, months: Path, tmp_path: Path) -> None:
    out = tmp_path / "chart.svg"
    assert kpi("chart", "cic-permanent-workforce", months, "--svg", out)[0] == 0
    assert ET.parse(out).getroot().tag.endswith("svg")  # noqa: S314  (our own file)
    code, _, err = kpi("chart", "cic-permanent-workforce", months, "--svg", out)
    assert (code, "nothing was overwritten" in err) == (2, True)


def test_spc_gives_the_reference_s_answers(kpi: Kpi, tmp_path: Path) -> None:
    points, summary = tmp_path / "points.csv", tmp_path / "summary.csv"
    code, _, err = kpi(
        *("spc", REFERENCE / "series.csv", "--config", REFERENCE / "config.csv"),
        *("--profile", "nhsr-0.2.2", "--points", points, "--summary", summary),
    )
    assert code == 0, err
    with (REFERENCE / "summary.csv").open(encoding="utf-8", newline="") as file:
        wanted = [(r["series_id"], r["variation_type"]) for r in csv.DictReader(file)]
    with summary.open(encoding="utf-8", newline="") as file:
        assert [(r["series_id"], r["variation_type"]) for r in csv.DictReader(file)] == wanted


def test_spc_on_a_faulty_file_says_where_and_writes_nothing(kpi: Kpi, tmp_path: Path) -> None:
    series = tmp_path / "series.csv"
    series.write_text("series_id,date,value\na,2024-01-01,x\n", encoding="utf-8")
    out = tmp_path / "points.csv"
    code, _, err = kpi(
        *("spc", series, "--config", REFERENCE / "config.csv", "--points", out),
        *("--summary", tmp_path / "summary.csv"),
    )
    assert (code, "series.csv:2" in err, out.exists()) == (2, True, False)


@pytest.mark.parametrize(
    ("words", "said"), [(("exceptions",), "exceptions:"), (("explain", "pf-champions"), "Why not:")]
)
def test_a_history_alone_tells_exceptions_and_explains(
    kpi: Kpi, history: Path, words: tuple[str, ...], said: str
) -> None:
    code, out, err = kpi(*words, "--history", history)
    assert code in {0, 1, 3}, err
    assert said in out
