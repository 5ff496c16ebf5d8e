"""What a cell may hold that no team would type: as it is stored, kind and content."""

from __future__ import annotations

from html import escape

CANARY = "Ana Canary"
"""A name: whatever cell of a case it stands in, it is printed nowhere."""


def inline(text: str) -> tuple[str, str]:
    """A cell of text."""
    return "inlineStr", f'<is><t xml:space="preserve">{escape(text, quote=False)}</t></is>'


def number(text: str) -> tuple[str, str]:
    """A cell stored as a number."""
    return "", f"<v>{text}</v>"


NUMBERS = (
    *(
        "1e308",
        "-1e308",
        "1E400",
        "1e-400",
        "NaN",
        "INF",
        "-0",
        "0x10",
        "1_000",
        "１２",
        "1,5",
        "+5",
        "٣",
        "1 2",
    ),
    *(
        "99999999999999999999",
        "9007199254740993",
        "2958465",
        "2958466",
        "-1",
        "0",
        "60",
        "59.5",
        "0.1",
        "1e5",
    ),
    *("1" * 5000, "0." + "3" * 5000, "1e999999999", "-1e-999999999"),
)
TEXTS = (
    *(
        "31/09/2024",
        "2024-02-30",
        "02/13/2024",
        "1.4.2024",
        "00/00/0000",
        "29/02/2023",
        "31/12/9999",
        "today",
    ),
    *(
        "n/k",
        "*",
        "<5",
        "tbc",
        "0 of 0",
        "85%",
        "100 %",
        "1e3",
        "½",
        "twelve",
        "¬",
        "permenant",
        "Y e s",
        "Yes?",
    ),
    *("=cmd|'/C calc'!A0", "=1+1", "+1", "-2+3", "@SUM(1)", "\t=1", '=HYPERLINK("http://x.invalid","x")'),
    *(
        "\u202egnp.exe",
        "Y\u202aes\u202c",
        "\u2066Yes\u2069",
        "per\u200bma\u200cnent x",
        "\ufeffq",
        "\u0000".strip("\0"),
    ),
    *(
        "<script>alert(1)</script>",
        "</script><!--",
        "<img src=x onerror=alert(1)>",
        "]]>",
        "&lt;b&gt;",
        "{{7*7}}",
    ),
    *(
        '#import "x"',
        "#{sys}",
        "$ x $",
        "\\u{0}",
        "*_`~",
        "</w:t></w:r><w:r><w:t>",
        "'; DROP TABLE t; --",
        "%s%n",
    ),
    *(
        "_x0007_",
        "_x0000_",
        "_xD800_",
        "_x005F_x0007_",
        "e\u0301" * 40,
        "👩‍👩‍👧" * 20,
        "Ⅻ",
        "ﬁlled",
        "ﷺ" * 300,
    ),
    *(
        "x" * 32_767,
        "x" * 40_000,
        CANARY,
        "943 476 5919",
        "10/04/2012",
        "a\nb",
        "../../etc/passwd",
        "CON",
    ),
    *("total", "Grand total", "Notes:", "None this month", "Child ID", "Matched on"),
)
STORED = (
    *(("e", f"<v>{error}</v>") for error in ("#N/A", "#REF!", "#DIV/0!", "#NAME?", "#WHAT!", "")),
    *(("", f"<f>{formula}</f>") for formula in ("1+1", "NOW()", "[1]Sheet!A1", "A7", "")),
    ("e", "<f>1/0</f><v>#DIV/0!</v>"),
    ("str", "<f>A1&amp;A2</f><v>nothing of the kind</v>"),
    ("str", "<f>A1</f><v></v>"),
    *(("b", f"<v>{value}</v>") for value in ("2", "yes", "")),
    *(("s", f"<v>{index}</v>") for index in ("999999", "-1", "1.5", "", "x", "1e3")),
    *(
        ("d", f"<v>{day}</v>")
        for day in ("2024-02-30", "2024-02-29T12:00:00", "today", "0001-01-01", "-2024-01-01")
    ),
    *(("zz", "<v>1</v>"), ("inlineStr", "<v>1</v>"), ("inlineStr", "<is></is>"), ("n", "<v>1</v><v>2</v>")),
    ("inlineStr", "<is><r><t>q</t></r><r><rPr><b/></rPr><t>q7</t></r><rPh><t>no</t></rPh></is>"),
    ("inlineStr", "<is><t>Yes</t></is><v>No</v>"),
    ("", '<f t="array" ref="A1:XFD1048576">1</f><v>#VALUE!</v>'),
)
HOSTILE = (
    *((f"number {text[:20]}", number(text)) for text in NUMBERS),
    *((f"text {text[:20]!r}", inline(text)) for text in TEXTS),
    *((f"stored t={kind} {inner[:40]}", (kind, inner)) for kind, inner in STORED),
)
