"""Everything that a written pack says of each measure, read back out of the files of every format."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import lxml.etree  # type: ignore[import-untyped]
import lxml.html  # type: ignore[import-untyped]
import openpyxl
import pikepdf

from kpi_engine.terms.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kpi_engine.rulebook.book import Indicator

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MONTH: Final = rf"(?:{'|'.join(MONTHS)})"
_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_C: Final = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_EXCEL_DAY_0: Final = 693_594
_TARGET_COLOUR, _GREY, _INK = "#A8123A", "#616161", "#1F2933"
Column: Final = {
    "latest": "latest",
    "figure": "latest",
    "count": "met",
    "of": "whole",
    "counts": "counts",
    "gap": "gap",
    "before": "previous",
    "previous": "previous",
    "state": "state",
    "target": "target",
    "note": "note",
    "facts": "facts",
    "figures beside": "besides",
    "months": "months",
}
"""What a column or key is called in any format, and which statement stands in it."""


@dataclass(frozen=True, slots=True)
class Pack:
    """One pack as it went out."""

    board: str
    period: Period
    audience: str


@dataclass(frozen=True, slots=True)
class Said:
    """One text about one measure: what kind of statement it is, and where it stands."""

    pack: Pack
    form: str
    measure: str
    field: str
    text: str


def months_named(text: str) -> list[Period]:
    """The months that a text names in full: `March 2025`."""
    return [
        Period.parse(f"{year}-{MONTHS.index(name) + 1:02d}")
        for name, year in re.findall(rf"({_MONTH}) (\d{{4}})", text)
    ]


class Reader:
    """Reads a pack's files; it knows the rulebook's titles, as everybody does."""

    def __init__(self, indicators: Iterable[Indicator]) -> None:
        """`indicators` are those of the rulebook."""
        self.indicators = {one.id: one for one in indicators}
        self.by_short = {one.short: one.id for one in self.indicators.values()}
        self.sides = {side.title: side.id for one in self.indicators.values() for side in one.beside}

    def named(self, text: str) -> str | None:
        """The measure whose short title a text begins with."""
        found = [short for short in self.by_short if text.startswith(short)]
        return self.by_short[max(found, key=len)] if found else None

    def read(self, pack: Pack, form: str, content: bytes) -> list[Said]:
        """Every statement about a measure in one file."""
        texts: Mapping[str, Any] = {
            "json": self._json, "csv": self._csv, "html": self._html, "docx": self._word, "xlsx": self._excel,
            "pdf": self._pdf,
        }  # fmt: skip
        return [
            Said(pack, form, measure, field, " ".join(text.split()))
            for measure, field, text in texts[form](content)
            if text.strip()
        ]

    def _labelled(self, label: str, text: str) -> tuple[str, str]:
        """A label with its text: a figure beside, a month's own, or words."""
        if label in self.sides:
            return f"beside {self.sides[label]}", text
        month = months_named(label)
        if month and re.fullmatch(rf"{_MONTH} \d{{4}}", label):
            return f"behind {month[0]}", text
        return f"said {label}", text

    # ── JSON and CSV ─────────────────────────────────────────────────────────

    def _json(self, content: bytes) -> Iterator[tuple[str, str, str]]:
        report = json.loads(content)
        for row in (*report["action"], *report["headlines"]):
            yield from self._row(row["anchor"].removeprefix("measure-"), row)
        for one in report["measures"]:
            name = one["id"]
            yield from self._row(name, one["row"])
            yield name, "latest", one["figure"]
            yield name, "state", one["badge"]["words"]
            yield name, "note", one["note"]
            yield from ((name, "fact", text) for text in one["facts"])
            yield name, "sentence", f"{one['sentence']} {one['no_picture']}"
            for fact in (*one["beside"], *one["months"], *one["details"], *one["exceptions"]):
                yield name, *self._labelled(fact["label"], fact["text"])
            picture = one["picture"] or {"points": [], "alt": "", "title": ""}
            yield name, "alt", picture["alt"]
            for point in picture["points"]:
                yield name, f"month {point['period']}", point["shown"]
                yield name, f"month {point['period']}", point["counts"]
                yield name, f"value {point['period']}", point["value"] or ""
        for line in report["changes"]:
            yield from self._changed(line)

    @staticmethod
    def _row(name: str, row: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        yield name, "state", row["badge"]["words"]
        for key, value in row.items():
            if key in {"latest", "counts", "gap", "before", "target"}:
                yield name, Column[key], value

    def _changed(self, line: str) -> Iterator[tuple[str, str, str]]:
        """`Now on track: A (was missed) and B (was met, at risk).`: the state before."""
        for match in re.finditer(r"\(was ([^)]*)\)", line):
            before = line[: match.start()].rstrip()
            found = [short for short in self.by_short if before.endswith(short)]
            assert found, line
            yield self.by_short[max(found, key=len)], "state before", match[1].capitalize()

    @staticmethod
    def _csv(content: bytes) -> Iterator[tuple[str, str, str]]:
        for row in csv.DictReader(io.StringIO(content.decode())):
            name = row["id"]
            text = {key: value.removeprefix("'") for key, value in row.items()}
            if row["row"] == "judged":
                yield name, "state", text["state"]
                for key in ("figure", "counts", "gap", "before", "target"):
                    yield name, Column[key], text[key]
            else:
                yield name, f"month {row['period']}", text["figure"]
                yield name, f"month {row['period']}", text["counts"]
                yield name, f"value {row['period']}", text["value"]

    # ── HTML ─────────────────────────────────────────────────────────────────

    def _html(self, content: bytes) -> Iterator[tuple[str, str, str]]:
        page = lxml.html.fromstring(content.decode())
        for row in page.xpath("//tr[@id]"):
            name = row.get("id").partition("measure-")[2]
            for cell in row.xpath("./td"):
                (label,) = cell.xpath("./span[@class='label']/text()") or [""]
                yield from self._cell(name, label, cell)
            for mark in row.xpath("./th//span[contains(@class,'badge')]"):
                yield name, "state", _state(mark.text_content())
        for card in page.xpath("//article"):
            yield from self._card(card.get("id").removeprefix("measure-"), card)
        for line in page.xpath("//dl[@class='last']//dd"):
            yield from self._changed(line.text_content())

    @staticmethod
    def _cell(name: str, label: str, cell: Any) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401
        counts = cell.xpath(".//span[@class='counts']")
        for span in (*counts, *cell.xpath("./span[@class='label']")):
            if span in counts:
                yield name, "counts", span.text_content()
            span.drop_tree()
        field = Column.get(label.lower(), f"said {label}")
        yield name, field, _state(cell.text_content()) if field == "state" else cell.text_content()

    def _card(self, name: str, card: Any) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401
        yield name, "latest", card.xpath("string(.//p[@class='big'])")
        yield name, "state", _state(card.xpath("string(.//span[contains(@class,'filled')])"))
        yield name, "note", card.xpath("string(.//p[@class='note'])")
        yield from ((name, "fact", li.text_content()) for li in card.xpath(".//ul[@class='facts']/li"))
        for kind in ("sentence", "undrawn", "title"):
            yield name, "sentence", card.xpath(f"string(.//p[@class='{kind}'])")
        for li in card.xpath(".//ul[@class='why']/li"):
            yield name, "sentence", li.text_content()
        for pair in card.xpath(".//dl/div"):
            yield name, *self._labelled(pair.xpath("string(dt)"), pair.xpath("string(dd)"))
        for attribute in card.xpath(
            ".//@alt | .//@title | .//@aria-label | .//@*[starts-with(name(),'data-')]"
        ):
            yield name, "sentence", str(attribute)
        for row in card.xpath(".//table[@class='figures']/tbody/tr"):
            (month,) = months_named(row.xpath("string(th)"))
            heads = [
                head.text_content() for head in card.xpath(".//table[@class='figures']//th[@scope='col']")
            ]
            for head, cell in zip(heads[1:], row.xpath("td"), strict=True):
                if head in {"Figure", "Counts"}:
                    yield name, f"month {month}", cell.text_content()
        for figure in card.xpath(".//figure/svg"):
            yield name, "alt", figure.xpath("string(desc)")
            yield from _drawn(name, figure, months_named(figure.xpath("string(title)")))
        for icon in card.xpath(".//ul[@class='icons']//text()"):
            yield name, "icon", str(icon)

    # ── Excel ────────────────────────────────────────────────────────────────

    def _excel(self, content: bytes) -> Iterator[tuple[str, str, str]]:
        book = openpyxl.load_workbook(io.BytesIO(content))
        for sheet in book:
            heads = [str(cell.value) for cell in sheet[1]]
            for row in sheet.iter_rows(min_row=2):
                cells = {head: _excel_text(cell) for head, cell in zip(heads, row, strict=True)}
                name = cells.get("Measure id") or self.named(
                    cells.get("Measure", "") or cells.get("About", "")
                )
                if sheet.title == "Readme":
                    yield from self._changed(cells["Text"])
                elif name in self.indicators and sheet.title == "Series":
                    month = Period.of(row[heads.index("Month")].value.date())  # type: ignore[union-attr]
                    yield name, f"value {month}", cells["Figure"].removesuffix("%")
                    yield name, f"month {month}", cells["As shown"]
                    yield name, f"month {month}", _of(cells["Count"], cells["Of"])
                elif name in self.indicators:
                    yield from self._excel_row(name, cells)
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            for part in parts.namelist():
                if part.startswith(("xl/charts/", "xl/drawings/drawing")):
                    yield from self._excel_part(lxml.etree.fromstring(parts.read(part)))

    def _excel_row(self, name: str, cells: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
        for head, text in cells.items():
            field = Column.get(head.lower(), f"said {head}")
            if field in {"besides", "months"}:
                for part in re.split(r"; (?=[^;]*: )", text):
                    label, _, told = part.partition(": ")
                    yield name, *self._labelled(label, told)
            elif field == "facts":
                yield from ((name, "fact", part) for part in text.split("; "))
            elif field == "state":
                yield name, field, _state(text)
            elif head in {"In words", "Chart"}:
                yield name, "alt", text
            elif field not in {"met", "whole"}:
                yield name, field, text
        yield name, "counts", _of(cells.get("Count", ""), cells.get("Of", ""))

    def _excel_part(self, part: Any) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401
        """The figures that a chart keeps a copy of, and what is said of it to those who do not see it."""
        title = "".join(part.xpath("//*[local-name()='title']//*[local-name()='t']/text()"))
        name = self.named(title)
        for series in part.iter(f"{_C}ser"):
            days = [int(v.text) for v in series.findall(f"{_C}cat//{_C}pt/{_C}v")]
            points = series.findall(f"{_C}val//{_C}pt")
            if "Figure" not in "".join(series.find(f"{_C}tx").itertext()):
                continue
            shares = "%" in "".join(part.xpath("//*[local-name()='numFmt']/@formatCode"))
            for point in points:
                month = Period((_at(days[int(point.get("idx"))])).first)
                value = Fraction(point.findtext(f"{_C}v")) * (100 if shares else 1)
                assert name is not None, title
                yield name, f"value {month}", f"{float(value):.10g}"
        for told in part.xpath("//@descr | //@title"):
            owner = self.named(str(told))
            if owner is not None:
                yield owner, "alt", str(told)

    # ── Word ─────────────────────────────────────────────────────────────────

    def _word(self, content: bytes) -> Iterator[tuple[str, str, str]]:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            body = lxml.etree.fromstring(parts.read("word/document.xml"))[0]
        name: str | None = None
        for element in body:
            if element.tag == f"{_W}tbl":
                yield from self._word_table(element)
            style, text = _style(element), _text(element)
            if style.startswith("Heading") or style == "Title":
                name = self.named(text) if style == "Heading2" else None
                if name is not None:
                    yield name, "state", _state(text.removeprefix(self.indicators[name].short))
            elif name is not None:
                yield from self._word_line(name, style, text)
                yield from ((name, "alt", str(told)) for told in element.xpath(".//@descr"))
            if "(was " in text and element.tag == f"{_W}p" and name is None:
                yield from self._changed(text)

    def _word_table(self, table: Any) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401
        rows = [
            [[_text(p) for p in c.iter(f"{_W}p")] for c in r.findall(f"{_W}tc")]
            for r in table.iter(f"{_W}tr")
        ]
        heads = [" ".join(cell) for cell in rows[0]]
        for row in rows[1:]:
            name = self.named(" ".join(row[0]))
            if name is None or heads[0] != "Measure":
                continue
            for head, cell in zip(heads[1:], row[1:], strict=True):
                field = Column.get(head.lower(), f"said {head}")
                if field == "latest":
                    yield name, "latest", cell[0]
                    yield from ((name, "counts", text) for text in cell[1:])
                else:
                    yield name, field, _state(" ".join(cell)) if field == "state" else " ".join(cell)

    def _word_line(self, name: str, style: str, text: str) -> Iterator[tuple[str, str, str]]:
        if "Fact" in style:
            label, _, told = text.partition(":\t")
            yield name, *self._labelled(label, told)
        elif style == "Latest" and "  " in text:
            figure, _, facts = text.partition("  ")
            yield name, "latest", figure
            yield from ((name, "fact", fact.rstrip(".")) for fact in re.split(r"\. (?=[A-Z0-9])", facts))
        else:
            yield name, "note" if style == "Latest" else "sentence", text

    # ── PDF ──────────────────────────────────────────────────────────────────

    def _pdf(self, content: bytes) -> Iterator[tuple[str, str, str]]:
        """What its structure says in place of pictures; its words are compared with those of the page."""
        with pikepdf.open(io.BytesIO(content)) as book:
            for item in book.objects:
                if isinstance(item, pikepdf.Dictionary):
                    for key in ("/Alt", "/ActualText", "/E", "/TU", "/Contents"):
                        told = str(item.get(key, "")) if isinstance(item.get(key), pikepdf.String) else ""
                        name = self.named(told)
                        if name is not None:
                            yield name, "alt", told


def loose_texts(form: str, content: bytes) -> list[str]:
    """What a file says beside its pages: properties, metadata, names, attachments."""
    if form == "pdf":
        with pikepdf.open(io.BytesIO(content)) as book:
            told = [str(value) for value in (book.trailer.get("/Info") or {}).values()]
            return [*told, bytes(book.Root.Metadata.read_bytes()).decode(), *book.attachments]
    if form in {"docx", "xlsx"}:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            odd = [
                name for name in parts.namelist() if name.startswith(("docProps", "customXml", "xl/comments"))
            ]
            told = [parts.read(name).decode() for name in odd]
            if form == "xlsx":
                told += re.findall(r"<definedName [^>]*>[^<]*", parts.read("xl/workbook.xml").decode())
            return told
    return []


def _state(text: str) -> str:
    return re.sub(r"^[^\w]*", "", text.strip()).strip()


def _of(met: str, whole: str) -> str:
    return f"{met} of {whole}" if met and whole else met


def _excel_text(cell: Any) -> str:  # noqa: ANN401
    """A cell as precisely as it is kept, which may be more than it shows."""
    value = cell.value
    if not isinstance(value, int | float):
        return "" if value is None else str(value)
    share = "%" in cell.number_format
    text = f"{value * (100 if share else 1):.10g}"
    sign = "+" if cell.number_format.startswith("+") and value > 0 else ""
    return f"{sign}{text}{'%' if share else ''}"


def _at(day: int) -> Period:
    from datetime import date  # noqa: PLC0415

    return Period.of(date.fromordinal(day + _EXCEL_DAY_0))


def _style(element: Any) -> str:  # noqa: ANN401
    found = element.xpath("./*[local-name()='pPr']/*[local-name()='pStyle']/@*")
    return str(found[0]) if found else ""


def _text(element: Any) -> str:  # noqa: ANN401
    return "".join("\t" if e.tag == f"{_W}tab" else e.text or "" for e in element.iter(f"{_W}t", f"{_W}tab"))


# ── A drawing, read with a ruler ─────────────────────────────────────────────


def _drawn(name: str, svg: Any, ends: Sequence[Period]) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401
    """Each month's figure from its height: labels at the right say what two heights mean."""
    months = [Period(n) for n in range(ends[0].first, ends[-1].first + 1)] if ends else []
    scale = sorted(_scale(svg))
    places = [
        tuple(map(Fraction, place.split()))
        for line in svg.xpath(f".//path[@stroke='{_INK}'][@stroke-width='2']/@d")
        for place in re.split("[ML]", line)[1:]
    ]
    if len(scale) < 2 or not places or not months:
        return
    (low_y, low), (high_y, high) = scale[0], scale[-1]
    if low_y == high_y:
        return
    per = (high - low) / (high_y - low_y)
    first, last = min(x for x, _ in places), max(x for x, _ in places)
    for x, y in places:
        step = (last - first) / max(1, len(months) - 1)
        at = round((x - first) / step) if step else 0
        if len(places) == len(months):
            value = low + (y - low_y) * per
            # Labels are to one decimal and places too, and both ends of the scale may be out.
            off = (abs(per) / 5 + Fraction(1, 20)) * (1 + 2 * abs(y - low_y) / abs(high_y - low_y))
            yield name, f"drawn {months[at]}", f"{float(value - off):.4f} {float(value + off):.4f}"


def _scale(svg: Any) -> Iterator[tuple[Fraction, Fraction]]:  # noqa: ANN401
    """Heights of the target and limits, and the figures that their labels give."""
    labels = {
        what: Fraction(figure)
        for text in svg.xpath(".//text/text()")
        for figure, what in re.findall(
            r"^([+-]?[\d.]+)%?(?: days)? (target|upper limit|average|lower limit)$", text
        )
    }
    rows = [
        Fraction(match[1])
        for line in svg.xpath(f".//path[@stroke='{_GREY}'][@stroke-dasharray='3 3']/@d")
        if (match := re.match(r"M[\d.]+ ([\d.]+)H", line))
    ]
    if rows and "upper limit" in labels and "lower limit" in labels:
        yield rows[-2], labels["upper limit"]
        yield rows[-1], labels["lower limit"]
    for line in svg.xpath(f".//path[@stroke='{_TARGET_COLOUR}']/@d")[-1:]:
        if "target" in labels and (match := re.match(r"M[\d.]+ ([\d.]+)H[\d.]+$", line)):
            yield Fraction(match[1]), labels["target"]
