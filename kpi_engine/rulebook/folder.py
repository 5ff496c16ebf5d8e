"""The rules folder: which files it holds, which it lacks, and the digest of them all."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kpi_engine.errors import RuleBookInvalid
from kpi_engine.rulebook.document import read_yaml
from kpi_engine.rulebook.nearest import nearest
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kpi_engine.rulebook.document import RuleFile
    from kpi_engine.terms.finding import Finding

PLAN, SOURCES, BASELINES = "plan.yaml", "sources.yaml", "baselines.yaml"
MILESTONES, UNMEASURED = "milestones.yaml", "unmeasured.yaml"
COVER, CALENDAR = "returns/cover.yaml", "returns/calendar.yaml"
REBASES, INDICATORS, RETURNS = "rebases.yaml", "indicators", "returns"
ESCALATIONS, BOARDS = "escalations.yaml", "boards.yaml"
_FILES: Final = (PLAN, SOURCES, BASELINES, MILESTONES, UNMEASURED, REBASES, ESCALATIONS, BOARDS)
_SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Gathered:
    """The rule files by their names in the folder, what is wrong with them, and the digest of all bytes."""

    files: Mapping[str, RuleFile]
    present: frozenset[str]
    findings: tuple[Finding, ...]
    digest: str

    def within(self, part: str) -> tuple[str, ...]:
        """The files of `indicators` or `returns` that are there, readable or not; less cover and calendar."""
        return tuple(name for name in sorted(self.present) if is_one_of(part, name))


def is_one_of(part: str, name: str) -> bool:
    """Whether a file is an indicator's or a sheet's, as `part` is `indicators` or `returns`."""
    return name.startswith(f"{part}/") and name not in (COVER, CALENDAR)


def gather(folder: Path, name: str) -> Gathered:
    """Every rule file of the folder, read as plain text values; `name` is the folder's in findings.

    Raises RuleBookInvalid where there is no folder to read.
    """
    wrong = _unusable(folder)
    if wrong:
        raise RuleBookInvalid([finding("B101", file=name, what=wrong)])
    files: dict[str, RuleFile] = {}
    present: set[str] = set()
    found: list[Finding] = []
    digest = hashlib.sha256()
    for relative in sorted(_rule_files(folder)):
        shown = f"{name.rstrip('/')}/{relative}"
        if not _expected(relative):
            found.append(finding("B107", file=shown, hint=_renamed(relative)))
            continue
        present.add(relative)
        try:
            raw = (folder / relative).read_bytes()
        except OSError as error:
            found.append(finding("B102", file=shown, what=f"cannot be read ({error.strerror})"))
            continue
        digest.update(f"{relative}\0{len(raw)}\0".encode())
        digest.update(raw)
        # A fact's field may hold no text at all: `same_as: ""`.
        file, faults = read_yaml(raw, shown, Path(relative).stem, empty_text=relative == ESCALATIONS)
        found += faults
        if file is not None:
            files[relative] = file
    missing = [needed for needed in (PLAN, SOURCES, COVER) if needed not in present]
    found += [finding("B101", file=name, what=f"{needed} is missing") for needed in missing]
    for part in (INDICATORS, RETURNS):
        if not any(is_one_of(part, one) for one in present):
            found.append(finding("B101", file=name, what=f"{part}/ has no .yaml file to read"))
    return Gathered(files, frozenset(present), tuple(found), digest.hexdigest())


def _unusable(folder: Path) -> str:
    try:
        if not folder.exists():
            return "There is no such folder"
        if not folder.is_dir():
            return "This is a file, not a folder"
        if not any((folder / part).exists() for part in (PLAN, SOURCES, INDICATORS, RETURNS)):
            return "This folder holds no rules"
    except (OSError, ValueError):
        return "This folder cannot be read"
    return ""


def _rule_files(folder: Path) -> Iterator[str]:
    """The YAML files in the folder and one level below, as relative names; hidden ones are not looked at."""
    for part in _visible(folder):
        if part.is_dir():
            inner = (one for one in _visible(part) if one.suffix.lower() in _SUFFIXES)
            yield from (f"{part.name}/{one.name}" for one in inner)
        elif part.suffix.lower() in _SUFFIXES:
            yield part.name


def _visible(folder: Path) -> list[Path]:
    try:
        return [one for one in folder.iterdir() if not one.name.startswith(".")]
    except OSError:
        return []


def _expected(relative: str) -> bool:
    part, _, name = relative.rpartition("/")
    if part:
        return part in (INDICATORS, RETURNS) and name.endswith(".yaml")
    return relative in _FILES


def _renamed(relative: str) -> str:
    part, _, name = relative.rpartition("/")
    if name.lower().endswith(".yml") or not name.endswith(".yaml"):
        return f"; name it {Path(name).stem}.yaml."
    near = nearest(part or name, (INDICATORS, RETURNS) if part else _FILES)
    return f"; did you mean {near}{'/' if part else ''}?" if near is not None else "."
