"""`kpi init`: a kpi.toml that loads, folders for their owner alone, and nothing overwritten."""

from __future__ import annotations

import re
import stat
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from kpi_engine.automation.init import CONFIG, KPI_TOML, init
from kpi_engine.automation.settings import read_settings
from kpi_engine.automation.settings_file import Given, GivenMail
from kpi_engine.errors import KpiError
from tests.cli.run import kpi

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ["inbox", "log", "out", "outbox", "processed", "refused", "rules-kept", "work"]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def uncommented(text: str) -> str:
    """The file with every setting that is commented out in force."""
    return re.sub(r"^# (?=\[|[a-z_-]+ = )", "", text, flags=re.MULTILINE)


def test_what_it_writes_loads_and_means_the_defaults(tmp_path: Path) -> None:
    init(tmp_path)
    written = read_settings(tmp_path / CONFIG)
    (tmp_path / CONFIG).write_text("", encoding="utf-8")
    assert written == read_settings(tmp_path / CONFIG)


def test_what_it_shows_in_comments_loads_too(tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text(uncommented(KPI_TOML), encoding="utf-8")
    read = read_settings(tmp_path / CONFIG)
    assert read.mail is not None
    assert (read.mail.port, list(read.meetings)) == (587, ["achieving-excellence-board"])


def test_every_setting_stands_in_it_with_its_default() -> None:
    text = uncommented(KPI_TOML)
    keys = re.findall(r"^([a-z_]+) = ", text.replace("[meetings]", "meetings = "), re.MULTILINE)
    assert set(keys) | {"mail"} == set(Given.model_fields) | set(GivenMail.model_fields)
    for name, field in Given.model_fields.items():
        if isinstance(field.default, (bool, int)):
            assert f"\n# {name} = {str(field.default).lower()}\n" in KPI_TOML


def test_every_setting_has_a_line_that_says_why() -> None:
    lines = uncommented(KPI_TOML).splitlines()
    for before, line in pairwise(lines):
        if re.match(r"[a-z_]+ = ", line):
            assert before.startswith("#") or re.match(r"[a-z_]+ = |\[", before), line


def test_the_folders_are_for_their_owner_alone(tmp_path: Path) -> None:
    made = init(tmp_path / "new/kpi")
    root = tmp_path / "new/kpi"
    assert sorted(path.name for path in made) == [*FOLDERS[:1], CONFIG, *FOLDERS[1:]]
    assert {mode(root / name) for name in FOLDERS} | {mode(root)} == {0o700}
    assert mode(root / CONFIG) == 0o600


def test_a_kpi_toml_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text("rest = 5", encoding="utf-8")
    with pytest.raises(FileExistsError):
        init(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [CONFIG]
    told = kpi("init", tmp_path)
    assert told.code == 2
    assert "nothing was overwritten" in " ".join(told.err.split())
    assert (tmp_path / CONFIG).read_text() == "rest = 5"


def test_a_link_in_its_place_stays_too(tmp_path: Path) -> None:
    (tmp_path / CONFIG).symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        init(tmp_path)


def test_folders_that_are_there_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir(mode=0o755)
    (tmp_path / "inbox/returns.xlsx").write_bytes(b"x")
    made = init(tmp_path)
    assert tmp_path / "inbox" not in made
    assert (mode(tmp_path / "inbox"), (tmp_path / "inbox/returns.xlsx").read_bytes()) == (0o755, b"x")


def test_a_file_where_a_folder_should_be_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "inbox").write_text("", encoding="utf-8")
    with pytest.raises(KpiError, match="inbox is a file"):
        init(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["inbox"]


def test_the_command_says_what_it_made_and_what_comes_next(tmp_path: Path) -> None:
    told = kpi("init", tmp_path / "kpi")
    assert told.code == 0
    assert told.out.splitlines()[0] == str(tmp_path / "kpi" / CONFIG)
    assert len(told.out.splitlines()) == 9
    assert "--dry-run" in told.err
    assert "kpi schedule --print" in told.err
