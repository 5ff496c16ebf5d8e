"""The settings of a monthly run: where everything lies, who hears of it, and by what rules."""

from __future__ import annotations

import getpass
import os
import re
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from kpi_engine.automation.settings_file import Given, Security, at_place, read_given
from kpi_engine.errors import KpiError
from kpi_engine.rulebook.nearest import did_you_mean
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from kpi_engine.automation.settings_file import GivenMail, Places
    from kpi_engine.reports.board.pack import PackFormat
    from kpi_engine.rulebook.book import RuleBook
    from kpi_engine.terms.finding import Finding
    from kpi_engine.terms.period import Period

__all__ = [
    "Mail",
    "Security",
    "Settings",
    "held_against",
    "place_of",
    "read_settings",
    "settings_of_flags",
    "with_flags",
]

FOLDERS: Final = ("inbox", "out", "processed", "refused", "rules_kept", "log", "work", "outbox")
FILES: Final = ("history", "audit")
_PORTS: Final = {Security.TLS: 465, Security.STARTTLS: 587}


@dataclass(frozen=True, slots=True)
class Mail:
    """The host that notices leave by; `password_env` names the variable with the password ("": none)."""

    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    security: Security
    user: str
    password_env: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run goes by; every path is absolute.

    `boards` and `formats` empty: all. `authority` "": the history's council, else the plan's first.
    `rest` is how many seconds a file must have lain still. `meetings` are days by board.
    `outside` says how each place outside `root` was written.
    """

    root: Path
    inbox: Path
    out: Path
    processed: Path
    refused: Path
    rules_kept: Path
    log: Path
    work: Path
    outbox: Path
    history: Path
    audit: Path
    rules: Path | None = None
    boards: tuple[str, ...] = ()
    formats: tuple[PackFormat, ...] = ()
    authority: str = ""
    first_month: Period | None = None
    rest: int = 60
    allow_missing_commentary: bool = False
    meetings: Mapping[str, tuple[date, ...]] = field(default_factory=lambda: MappingProxyType({}))
    who: str = ""
    mail: Mail | None = None
    outside: Mapping[Path, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that a run works in, in the order of kpi.toml."""
        return tuple(getattr(self, name) for name in FOLDERS)

    def relative(self, path: Path) -> str:
        """`path` as written files give it, with `/`: from the root; outside it, as the settings give it."""
        for place, written in self.outside.items():
            if place == path or place in path.parents:
                return PurePosixPath(written, *path.relative_to(place).parts).as_posix()
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name


def place_of(settings: Settings, file: str) -> Path | None:
    """Where a path that the log gives lies; None for one that no run writes to."""
    parts = PurePosixPath(file).parts
    if not parts or ".." in parts[1:]:
        return None
    for folder in (settings.out, settings.processed, settings.refused, settings.rules_kept):
        written = PurePosixPath(settings.relative(folder))
        if PurePosixPath(file).is_relative_to(written):
            inner = PurePosixPath(file).relative_to(written).parts
            return None if ".." in inner else folder.joinpath(*inner)
    return None


def read_settings(path: Path) -> Settings:
    """The settings of a kpi.toml; its folder is the root. Raises KpiError with every fault at once."""
    given, places, faults = read_given(path)
    if given is None:
        raise KpiError(faults)
    settings, faults = _settled(given, _absolute(path), str(path), places)
    if faults:
        raise KpiError(faults)
    return settings


def with_flags(
    settings: Settings,
    *,
    inbox: Path | None = None,
    out: Path | None = None,
    history: Path | None = None,
    boards: Sequence[str] = (),
) -> Settings:
    """The settings with what the command line gives instead. Raises KpiError where two places collide."""
    given = {"inbox": inbox, "out": out, "history": history}
    flags = {name: path for name, path in given.items() if path is not None}
    outside = {place: text for place, text in settings.outside.items() if place in _kept(settings, flags)}
    for path in flags.values():
        if not _absolute(path).is_relative_to(settings.root):
            outside[_absolute(path)] = path.as_posix()
    changed = replace(
        settings,
        inbox=_absolute(flags.get("inbox", settings.inbox)),
        out=_absolute(flags.get("out", settings.out)),
        history=_absolute(flags.get("history", settings.history)),
        boards=tuple(dict.fromkeys(boards)) or settings.boards,
        outside=MappingProxyType(outside),
    )
    faults = tuple(_collisions(changed, None, "", {}))
    if faults:
        raise KpiError(faults)
    return changed


def settings_of_flags(
    *, inbox: Path, out: Path, history: Path | None = None, boards: Sequence[str] = ()
) -> Settings:
    """The settings of a run without a kpi.toml; the folder that holds `out` is the root."""
    root = _absolute(out).parent
    settings, _ = _settled(Given(), root / "kpi.toml", "", {})
    return with_flags(settings, inbox=inbox, out=out, history=history, boards=boards)


def held_against(settings: Settings, rulebook: RuleBook) -> tuple[Finding, ...]:
    """What the settings name that the rules do not know: boards and the council."""
    codes = [council.code for council in rulebook.plan.authorities]
    named = [
        *(("boards", board, rulebook.boards) for board in settings.boards),
        *(("meetings", board, rulebook.boards) for board in settings.meetings),
        *(("authority", code, codes) for code in (settings.authority,) if code),
    ]
    return tuple(
        finding("A124", at=at, found=word, hint=did_you_mean(word, known))
        for at, word, known in named
        if word not in known
    )


# ── From what was written to what holds ──────────────────────────────────────


def _settled(given: Given, config: Path, name: str, places: Places) -> tuple[Settings, tuple[Finding, ...]]:
    root = config.parent
    written = {key: getattr(given, key) for key in (*FOLDERS, *FILES, "rules")}
    paths = {key: _absolute(root / text) for key, text in written.items() if text is not None}
    outside = {
        path: Path(written[key]).as_posix() for key, path in paths.items() if not path.is_relative_to(root)
    }
    settings = Settings(
        root=root,
        **{key: paths[key] for key in (*FOLDERS, *FILES)},
        rules=paths.get("rules"),
        boards=tuple(given.boards),
        formats=tuple(given.formats),
        authority=given.authority,
        first_month=given.first_month,
        rest=given.rest,
        allow_missing_commentary=given.allow_missing_commentary,
        meetings=MappingProxyType({board: tuple(sorted(days)) for board, days in given.meetings.items()}),
        who=given.who or _login(),
        mail=_mail(given.mail),
        outside=MappingProxyType(outside),
    )
    faults = (*_collisions(settings, config, name, places), *_half_a_login(given, name, places))
    return settings, faults


def _mail(given: GivenMail | None) -> Mail | None:
    if given is None:
        return None
    return Mail(
        host=given.host,
        port=given.port or _PORTS[given.security],
        sender=given.sender,
        to=tuple(given.to),
        security=given.security,
        user=given.user,
        password_env=given.password_env or "",
    )


def _half_a_login(given: Given, name: str, places: Places) -> Iterator[Finding]:
    mail = given.mail
    if mail is not None and bool(mail.user) != bool(mail.password_env):
        has, wants = ("user", "password_env") if mail.user else ("password_env", "user")
        yield at_place("A123", name, places, ("mail", has), what=f"stands without {wants}")


def _collisions(settings: Settings, config: Path | None, name: str, places: Places) -> Iterator[Finding]:
    """Places that are the same or lie one inside the other, and those of the wrong kind.

    A run empties `work`, looks at all that is in the inbox, and lets others read `out`: nothing else may
    lie in them.
    """
    folders: dict[str, Path] = {key: getattr(settings, key) for key in FOLDERS}
    files: dict[str, Path] = {key: getattr(settings, key) for key in FILES}
    if settings.rules is not None:
        folders["rules"] = settings.rules
    for key in (key for key, path in folders.items() if path.exists() and not path.is_dir()):
        yield at_place("A123", name, places, (key,), what="is a file, not a folder")
    for key in (key for key, path in files.items() if path.is_dir()):
        yield at_place("A123", name, places, (key,), what="is a folder, not a file")
    if config is not None:
        files["kpi.toml"] = config
    for inner, how, outer in _touching(folders, files):
        at = (inner if inner != "kpi.toml" else outer,)
        yield at_place("A125", name, places, at, inner=inner, how=how, outer=outer)


def _touching(folders: Mapping[str, Path], files: Mapping[str, Path]) -> Iterator[tuple[str, str, str]]:
    """Every two that are the same place or lie one inside the other: the inner, how, and the outer."""
    for (key, path), (other, beside) in combinations({**folders, **files}.items(), 2):
        parts, others = _parts(path), _parts(beside)
        if parts == others:
            inner, how, outer = other, "is the same place as", key
        elif other in folders and parts[: len(others)] == others:
            inner, how, outer = key, "lies inside", other
        elif key in folders and others[: len(parts)] == parts:
            inner, how, outer = other, "lies inside", key
        else:
            continue
        yield inner, how, outer


def _parts(path: Path) -> tuple[str, ...]:
    # Two names that differ in case alone are one place on some disks; links are followed.
    return tuple(part.casefold() for part in path.resolve().parts)


def _kept(settings: Settings, flags: Mapping[str, Path]) -> frozenset[Path | None]:
    names = (*FOLDERS, *FILES, "rules")
    return frozenset(getattr(settings, name) for name in names if name not in flags)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  (without following links, as the user sees it)


def _login() -> str:
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
    return re.sub(r"[^\w.@\\ -]", "?", name)
