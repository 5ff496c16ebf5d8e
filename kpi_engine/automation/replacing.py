"""Which files make a month: what replaces what, and which cannot stand beside each other."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from kpi_engine.returns.spelling import normal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

Fault: TypeAlias = "tuple[str, Mapping[str, str]]"  # a code, and the words of its finding
_Links: TypeAlias = "Mapping[File, frozenset[File]]"


@dataclass(frozen=True, slots=True, eq=False)
class File:
    """A workbook of the month: one that came, one that stands (it came before), or one refused.

    `name` is as people read it, `names` as names are compared. `sheets` are those that it fills; None: not
    known any more. A file that is not `usable` only leads on to what it would have replaced. `other_month`
    is the month in its name, where the cover says another.
    """

    name: str
    names: frozenset[str]
    replaces: str
    sheets: frozenset[str] | None
    came: bool
    usable: bool = True
    other_month: str = ""

    @property
    def stands(self) -> bool:
        """Whether it counts until another replaces it."""
        return self.usable and not self.came

    def called(self, named: str) -> bool:
        """Whether `named` is a name of it, with or without the ending."""
        return bool(named) and any(named in {name, name.rpartition(".")[0]} for name in self.names)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of the files that came: what each takes the place of, or why it is refused.

    `reaches` goes on from there to what those took the place of. `counting` are the files that make the
    month now. `nameless` replace a file that nobody knows.
    """

    replaces: _Links
    reaches: _Links
    counting: frozenset[File]
    refused: Mapping[File, Fault]
    nameless: frozenset[File]


def name_of(text: str) -> str:
    """The form in which names of files are compared: no case, single spaces, accents in one spelling."""
    return normal(unicodedata.normalize("NFC", text))


def settle(
    files: Collection[File], gone: Mapping[str, str], titles: Mapping[str, str], month: str
) -> Settled:
    """What becomes of the files of a month.

    `gone` are the names of files that others replaced before, each with the one that counts now; `titles`
    the sheets' names by id. A file that is refused leaves the month as it was without it.
    """
    links = {one: _links(one, files) for one in files}
    came = [one for one in files if one.came and one.usable]
    refused = {
        one: fault
        for one in came
        if (fault := _outdated(one, links[one], files, gone) or _astray(one, links, files, month))
    }
    while True:
        alive = [one for one in files if one.usable and one not in refused]
        direct = {one: _first(one, links, alive) for one in alive}
        reaches = {one: _closure(one, direct) for one in alive}
        counting = frozenset(alive).difference(*direct.values())
        found = _circles(reaches) or _contested(counting, reaches)
        found = found or _beside_unknown(alive, counting, month) or _doubled(counting, reaches, titles, month)
        if not found:
            break
        refused |= found
    nameless = (one for one in came if one.replaces and not any(_named(one, files)))
    return Settled(direct, reaches, counting, refused, frozenset(nameless).difference(refused))


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, or `a, b and c`; in order."""
    ordered = sorted(set(names))
    return " and ".join([", ".join(ordered[:-1]), ordered[-1]] if len(ordered) > 1 else ordered)


def _named(one: File, files: Iterable[File]) -> list[File]:
    return [other for other in files if other is not one and other.called(one.replaces)]


def _links(one: File, files: Iterable[File]) -> frozenset[File]:
    """What a file says that it replaces, and the standing one whose name it has."""
    if one.stands:
        return frozenset()
    same = [other for other in files if other.stands and one.names & other.names]
    return frozenset({*_named(one, files), *same})


def _outdated(
    one: File, links: frozenset[File], files: Iterable[File], gone: Mapping[str, str]
) -> Fault | None:
    """Why a file is out of date as it comes: another has replaced already what it names, or itself."""
    by_stem = {name.rpartition(".")[0]: heir for name, heir in gone.items()}
    heir = gone.get(one.replaces) or by_stem.get(one.replaces) if one.replaces else None
    what = f"Its cover says that it replaces a file which {heir} has replaced already"
    if not heir or _named(one, files):
        replaced = [gone[name] for name in sorted(one.names) if name in gone]
        replaced += sorted(other.name for other in files if other.stands and one.called(other.replaces))
        if links or not replaced:
            return None
        heir = replaced[0]
        what = f"It has the name of a file which {heir} has replaced already"
    remedy = f"If it is to stand in the place of {heir}, say so on its cover, and send it again."
    return "A165", {"what": what, "remedy": remedy}


def _astray(one: File, links: _Links, files: Collection[File], month: str) -> Fault | None:
    """Why a file may not change a month that was reported before: its name says that it is of another."""
    stands = any(other.stands for other in files)
    if not (stands and one.other_month) or _first(one, links, [other for other in files if other.usable]):
        return None
    what = f"{month}, which its cover names, has a return already, and its name says {one.other_month}"
    remedy = "Correct the month on the cover or the name of the file, and send it again."
    return "A116", {"what": what, "remedy": remedy}


def _first(one: File, links: _Links, alive: Collection[File]) -> frozenset[File]:
    """The files alive that `one` replaces: those it names, or those that refused ones of them name."""
    found: set[File] = set()
    seen = {one}
    ahead = list(links[one])
    for other in ahead:  # it grows as it is walked
        if other in seen:
            continue
        seen.add(other)
        if other in alive:
            found.add(other)
        else:
            ahead += links[other]
    return frozenset(found)


def _closure(one: File, direct: _Links) -> frozenset[File]:
    ahead = list(direct[one])
    for other in ahead:  # it grows as it is walked
        ahead += [further for further in direct[other] if further not in ahead]
    return frozenset(ahead)


def _circles(reaches: _Links) -> dict[File, Fault]:
    return {
        one: _contradiction(f"It and {_others(one, ring)} are each said to replace the other")
        for one in reaches
        if one in reaches[one] and (ring := [other for other in reaches[one] if one in reaches[other]])
    }


def _contested(counting: frozenset[File], reaches: _Links) -> dict[File, Fault]:
    """Files that replace one which another, that stays, replaces too."""
    found: dict[File, Fault] = {}
    for old in sorted(reaches, key=_order):
        tops = [one for one in counting if old in reaches[one]]
        if len(tops) > 1:
            names = listed(one.name for one in tops)
            what = f"More than one file is said to replace {old.name}: {names}"
            for one in reaches:
                if old in reaches[one] and one not in found:
                    found[one] = _contradiction(what)
    return found


def _contradiction(what: str) -> Fault:
    remedy = "Send the one that counts by itself, and name on its cover the file that it replaces."
    return "A165", {"what": what, "remedy": remedy}


def _beside_unknown(alive: Iterable[File], counting: frozenset[File], month: str) -> dict[File, Fault]:
    unknown = [one.name for one in counting if one.sheets is None]
    what = f"{month} holds {listed(unknown)}, which is not kept any more or cannot be read by these rules"
    remedy = "Name that file on the cover as the one replaced, if this return holds all of the month."
    return {one: ("A116", {"what": what, "remedy": remedy}) for one in alive if unknown and one.came}


def _doubled(
    counting: frozenset[File], reaches: _Links, titles: Mapping[str, str], month: str
) -> dict[File, Fault]:
    """Files that hold a sheet which another holds; one that replaces the sheet's file comes before others."""
    found: dict[File, Fault] = {}
    for sheet, title in titles.items():
        held = {one for one in reaches if sheet in (one.sheets or ())}
        holding = sorted(held & counting, key=_order)
        if len(holding) < 2:  # noqa: PLR2004  (two of a kind)
            continue
        heirs = [one for one in holding if one.stands or any(old.stands for old in reaches[one] & held)]
        losing = [one for one in holding if one.came and (len(heirs) != 1 or one not in heirs)]
        for one in losing:
            words = {"meant": repr(title), "month": month, "files": _others(one, holding)}
            found.setdefault(one, ("A118", words))
    return found


def _others(one: File, files: Sequence[File]) -> str:
    return listed(other.name for other in files if other is not one)


def _order(one: File) -> tuple[str, bool]:
    return one.name, one.came
