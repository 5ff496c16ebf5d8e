"""The parts of a workbook's package: some changed, some added, the others copied as they are."""

from __future__ import annotations

import io
import posixpath
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

from kpi_engine.returns.marked_copy.splice import Splices, plain, tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kpi_engine.returns.marked_copy.splice import Span

TYPES: Final = "[Content_Types].xml"
OFFICE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml."
EMPTY_RELATIONSHIPS: Final = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>'
)
NO_TYPES: Final = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
)
NO_TIME: Final = (1980, 1, 1, 0, 0, 0)  # of a part that the original lacks


@dataclass(slots=True)
class Package:
    """A workbook's archive and, by part, the bytes that are to differ from it."""

    archive: zipfile.ZipFile
    _changed: dict[str, bytes] = field(default_factory=dict)
    _names: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Know the parts by name, whatever their case."""
        self._names = {name.casefold(): name for name in self.archive.namelist()}

    def __contains__(self, part: str) -> bool:
        """Whether there is such a part, added ones too."""
        return self._name(part) in self._changed or part.casefold() in self._names

    def read(self, part: str) -> bytes:
        """The part as it stands now, in an encoding whose ASCII is ASCII."""
        name = self._name(part)
        return self._changed[name] if name in self._changed else plain(self.archive.read(name))

    def write(self, part: str, data: bytes) -> None:
        """Change a part, or add it."""
        self._changed[self._name(part)] = data

    def free(self, pattern: str) -> str:
        """The first part of the pattern (`xl/styles{}.xml`), numbered if need be, that is not there."""
        return next(name for i in ("", *range(1, 10**5)) if (name := pattern.format(i)) not in self)

    def links(self, part: str) -> Iterator[tuple[str, str, str]]:
        """What a part points to within the package: id, type in full, part."""
        rels = _relationships_of(part)
        if rels not in self:
            return
        for span in tree(self.read(rels)).children:
            target, told = span.attributes.get("Target", ""), span.attributes
            if told.get("TargetMode") != "External":
                path = posixpath.normpath(posixpath.join("/", posixpath.dirname(part), target))[1:]
                yield told.get("Id", ""), told.get("Type", ""), path

    def link(self, part: str, kind: str, target: str) -> str:
        """Point from a part to another; gives the new relationship's id."""
        rels = _relationships_of(part)
        data = self.read(rels) if rels in self else EMPTY_RELATIONSHIPS
        root = tree(data)
        taken = {span.attributes.get("Id") for span in root.children}
        new_id = next(f"rIdKpi{i}" for i in range(1, len(taken) + 2) if f"rIdKpi{i}" not in taken)
        splices = Splices(data)
        name = f"{root.prefix}Relationship"
        made = f'<{name} Id="{new_id}" Type={quoteattr(kind)} Target={quoteattr("/" + target)}/>'
        splices.append_to(root, made.encode())
        self.write(rels, splices.made())
        return new_id

    def declare(self, part: str, content_type: str) -> None:
        """Say of what content type an added part is."""
        self._add_type("Override", "PartName", f"/{part}", content_type)

    def declare_ending(self, ending: str, content_type: str) -> None:
        """Say of what content type the parts of an ending are, unless that is said already."""
        root = tree(self._types())
        known = {s.attributes.get("Extension", "").casefold() for s in root.children if s.local == "Default"}
        if ending not in known:
            self._add_type("Default", "Extension", ending, content_type)

    def made(self) -> bytes:
        """The new archive: the old parts in their order, then the added ones."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
            for entry in self.archive.infolist():
                changed = self._changed.get(entry.filename)
                kept = zipfile.ZipInfo(entry.filename, entry.date_time)
                kept.compress_type, kept.external_attr = entry.compress_type, entry.external_attr
                target.writestr(kept, self.archive.read(entry) if changed is None else changed)
            for name, data in self._changed.items():
                if name not in self._names.values():
                    added = zipfile.ZipInfo(name, NO_TIME)
                    added.compress_type = zipfile.ZIP_DEFLATED
                    target.writestr(added, data)
        return out.getvalue()

    def _types(self) -> bytes:
        return self.read(TYPES) if TYPES in self else NO_TYPES

    def _name(self, part: str) -> str:
        return self._names.get(part.casefold(), part)

    def _add_type(self, element: str, key: str, value: str, content_type: str) -> None:
        data = self._types()
        root, splices = tree(data), Splices(data)
        name = f"{root.prefix}{element}"
        made = f"<{name} {key}={quoteattr(value)} ContentType={quoteattr(content_type)}/>".encode()
        first = root.children[0] if root.children else None
        if first:  # Defaults are customarily first; Overrides may stand anywhere
            splices.insert(first.start if element == "Default" else root.close, made)
        else:
            splices.append_to(root, made)
        self.write(TYPES, splices.made())


def namespace(root: Span) -> str:
    """The namespace that the names of a root element are in."""
    key = f"xmlns:{root.prefix[:-1]}" if root.prefix else "xmlns"
    return root.attributes.get(key, "")


def _relationships_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")
