"""A history in words and as JSON: what is recorded, one measure's months, and what a recording did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_engine.history.record import Outcome
from kpi_engine.reports.figures import exact
from kpi_engine.reports.page import WIDTH, cut, padded, painted, plain, wrapped
from kpi_engine.reports.records import written
from kpi_engine.reports.wording import REASON_WORDS, beside_words, is_signed, many, unit_of
from kpi_engine.rulebook.book import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kpi_engine.history.file import Journal
    from kpi_engine.history.read import MonthFigure, RecordedMonth, Stored
    from kpi_engine.history.record import Done, Recorded
    from kpi_engine.rulebook.book import Measure
    from kpi_engine.terms.measurement import Measurement, Parts

_DIGEST = 8  # letters of a digest that tell one from another at a glance


# ── kpi record ───────────────────────────────────────────────────────────────


def recorded_text(recorded: Recorded, *, file: str) -> str:
    """What a recording did, a line a month, and how the file `file` is kept."""
    lines = [f"{one.period}  {_done(one)}" for one in recorded.months]
    written_now = sum(one.outcome not in _NOTHING_WRITTEN for one in recorded.months)
    lines += wrapped(f"{many(written_now, 'month')} written to {file}{_kept(recorded.journal)}.")
    return "\n".join(lines) + "\n"


_NOTHING_WRITTEN = frozenset({Outcome.UNCHANGED, Outcome.NOT_RECORDED})


def _kept(journal: Journal | None) -> str:
    return "" if journal is None else f" ({journal.said})"


def _done(one: Done) -> str:
    if one.outcome is Outcome.NOT_RECORDED:
        return "not recorded: no return of this month could be used"
    label = _label(one.revision, one.recalculation)
    said = {
        Outcome.NEW: "recorded",
        Outcome.REVISED: "corrected; the earlier figures stay",
        Outcome.RECALCULATED: "measured again, by other rules or another version",
        Outcome.UNCHANGED: "unchanged; nothing written",
    }[one.outcome]
    older = f"; r{one.newest} stands" if one.newest > one.revision else ""
    return f"{label}  {said}{older}"


def _label(revision: int, recalculation: int) -> str:
    return f"r{revision}" + (f".{recalculation}" if recalculation else "")


# ── kpi history list ─────────────────────────────────────────────────────────


def history_list(
    months: Sequence[RecordedMonth], *, file: str, journal: Journal, colour: bool = False
) -> str:
    """Every record of every month: which stands now (`●`), when, by whom and from what.

    No line is over 80 columns; only names are cut.
    """
    councils = sorted({m.authority for m in months})
    current = sum(m.current for m in months)
    facts = (plain(file), ", ".join(councils), f"{many(current, 'month')}, {many(len(months), 'record')}")
    title = "  ".join(fact for fact in facts if fact)
    lines = [painted(cut(title, WIDTH), "bold", colour=colour)]
    lines += wrapped(f"Kept {journal.said}. Times are UTC; ● stands now; r2 is a correction of r1.")
    for council in councils:
        of_council = [m for m in months if m.authority == council]
        lines += ["", *_listed(council, of_council, colour=colour)]
    return "\n".join(lines) + "\n"


def _listed(council: str, months: Sequence[RecordedMonth], *, colour: bool) -> list[str]:
    rows = [
        (
            "●" if m.current else " ",
            str(m.period),
            _label(m.revision, m.recalculation),
            f"{m.at:%Y-%m-%d %H:%M}",
            cut(plain(m.who), 12),
            m.rulebook[:_DIGEST],
            plain(", ".join(r.file for r in m.returns)),
        )
        for m in months
    ]
    heads = ("", "month", "record", "recorded", "by", "rules", f"returns of {council}")
    widths = [max(len(head), *(len(row[i]) for row in rows)) for i, head in enumerate(heads[:-1])]

    def line(cells: Sequence[str]) -> str:
        fixed = "  ".join(padded(cell, width) for cell, width in zip(cells[:-1], widths, strict=True))
        return cut(f"{fixed}  {cells[-1]}", WIDTH).rstrip()

    return [painted(line(heads), "bold", colour=colour), *map(line, rows)]


def history_list_json(months: Iterable[RecordedMonth]) -> str:
    """The same as a JSON list, every digest whole."""
    return written(
        [
            {
                "authority": m.authority,
                "period": str(m.period),
                "revision": m.revision,
                "recalculation": m.recalculation,
                "current": m.current,
                "validated": m.validated.value,
                "measures": m.measures,
                "recorded_at": m.at.isoformat(),
                "recorded_by": m.who,
                "engine_version": m.engine,
                "rulebook_digest": m.rulebook,
                "returns": [{"file": r.file, "digest": r.digest, "refused": r.refused} for r in m.returns],
            }
            for m in months
        ]
    )


# ── kpi history show ─────────────────────────────────────────────────────────


def history_show(
    figures: Sequence[MonthFigure],
    measure: str,
    rule: Measure | None,
    *,
    title: str = "",
    colour: bool = False,
) -> str:
    """The months of one measure, as first reported and, where it differs, as it stands now.

    `rule` is the measure's rule, for its unit; None where the rules have it no
    more: then the figures stand as bare parts. No line is over 80 columns.
    """
    name = cut(f"{measure}  {plain(title)}".rstrip(), WIDTH)
    rows = [(str(one.period), *_both(one, rule), _standing(one)) for one in figures]
    heads = ("month", "as reported", "as it stands now", "record")
    widths = [max(len(head), *(len(row[i]) for row in rows), 0) for i, head in enumerate(heads)]
    room = (WIDTH - widths[0] - widths[3] - 6) // 2
    widths[1:3] = [min(width, room) for width in widths[1:3]]
    lines = [
        "  ".join(padded(cut(cell, width), width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (heads, *rows)
    ]
    changed = sum(bool(row[2]) for row in rows)
    closing = f"{many(len(rows), 'month')}, {changed} changed since they were first reported."
    return "\n".join([painted(name, "bold", colour=colour), *lines, closing]) + "\n"


def _both(one: MonthFigure, rule: Measure | None) -> tuple[str, str]:
    reported = _said(one.reported, rule, "not measured then")
    now = _said(one.now, rule, "measured no more")
    same = one.reported is not None and one.now is not None and _alike(one.reported, one.now)
    return reported, "" if same else now


def _alike(one: Stored, other: Stored) -> bool:
    first, second = one.measured, other.measured
    return (first.low, first.high, first.reason) == (second.low, second.high, second.reason)


def _standing(one: MonthFigure) -> str:
    return "" if one.now is None else _label(one.now.revision, one.now.recalculation)


def _said(stored: Stored | None, rule: Measure | None, otherwise: str) -> str:
    if stored is None:
        return otherwise
    if rule is not None:
        return beside_words(stored.measured, rule)
    return _bare(stored.measured)


def _bare(measured: Measurement) -> str:
    if measured.low is None or measured.high is None:
        return REASON_WORDS[measured.reason] if measured.reason else "no figure"
    low, high = _parts(measured.low), _parts(measured.high)
    return low if low == high else f"{low} to {high}"


def _parts(parts: Parts) -> str:
    below = "" if parts.denominator is None else f" of {exact(parts.denominator)}"
    return exact(parts.numerator) + below


def history_show_json(figures: Iterable[MonthFigure], measure: str, rule: Measure | None) -> str:
    """The same as one JSON object; amounts are exact text, values in `unit` (null: not known any more)."""
    unit = None if rule is None else Unit.NUMBER if is_signed(rule) else unit_of(rule)
    months = [
        {
            "period": str(one.period),
            "as_reported": _record(one.reported, unit),
            "now": _record(one.now, unit),
        }
        for one in figures
    ]
    return written({"id": measure, "unit": None if unit is None else unit.value, "months": months})


def _record(stored: Stored | None, unit: Unit | None) -> dict[str, object] | None:
    if stored is None:
        return None
    measured = stored.measured
    return {
        "revision": stored.revision,
        "recalculation": stored.recalculation,
        "low": _figure(measured.low, unit),
        "high": _figure(measured.high, unit),
        "in_doubt": measured.in_doubt,
        "left_out": measured.left_out,
        "source": measured.source.value,
        "reason": measured.reason.value if measured.reason else None,
        "detail": measured.detail,
        "validated": stored.validated.value,
        "stated_target": None
        if measured.stated_target is None
        else exact(measured.stated_target, unit or Unit.NUMBER),
    }


def _figure(parts: Parts | None, unit: Unit | None) -> dict[str, str | None] | None:
    if parts is None:
        return None
    return {
        "numerator": exact(parts.numerator),
        "denominator": None if parts.denominator is None else exact(parts.denominator),
        "value": None if parts.value is None else exact(parts.value, unit or Unit.NUMBER),
    }
