"""Every fault the engine can find: its code, severity, words and remedy.

R1xx workbook and sheets, R2xx cell values, R3xx between cells, rows and
months, R4xx privacy, B1xx rulebook, V1xx series and charts, H1xx history, P1xx packs for boards,
A1xx automated runs.
`kpi explain CODE` prints the entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from kpi_engine.terms.finding import Finding, Severity

REFUSE, DOUBT, FLAG = Severity.REFUSE, Severity.DOUBT, Severity.FLAG


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of fault; `message` and `fix` are `str.format` templates."""

    severity: Severity
    title: str
    message: str
    fix: str


# The order of entries is the order of the documentation.
CODES = MappingProxyType(
    {
        # The workbook and its sheets, the 100s
        "R101": Code(
            REFUSE,
            "Not an Excel workbook",
            "This is not an Excel workbook{detail}.",
            "Save it from Excel as .xlsx and send it again.",
        ),
        "R102": Code(
            REFUSE,
            "Password protected",
            "The workbook is protected by a password.",
            "Remove the password in Excel and save it again.",
        ),
        "R103": Code(
            REFUSE,
            "Excel format that is not read",
            "The workbook is in {format} format, which is not read.",
            "In Excel choose Save As, Excel Workbook (.xlsx), and send that.",
        ),
        "R104": Code(
            REFUSE,
            "File that cannot be opened",
            "The file cannot be opened: {why}.",
            "Check that the file is there, is whole and may be read.",
        ),
        "R105": Code(
            REFUSE,
            "File too large",
            "The file is larger than {cap} MB.",
            "Take out pictures and sheets that are not part of the return, and save it again.",
        ),
        "R106": Code(
            REFUSE,
            "Damaged workbook",
            "The workbook is damaged: {what}.",
            "Open it in Excel, let Excel repair it, check the figures and save it again.",
        ),
        "R107": Code(
            REFUSE,
            "Unpacks too far",
            "The workbook unpacks to far more than a return holds ({what}).",
            "Do not open it. Ask the sender whether it comes from Excel.",
        ),
        "R108": Code(
            REFUSE,
            "Document type declaration",
            "The part {part} declares a document type, as no workbook from Excel does.",
            "Do not open it. Ask the sender whether it comes from Excel.",
        ),
        "R109": Code(
            REFUSE,
            "Unsafe part name",
            "The workbook holds a part whose name points outside it.",
            "Do not open it. Ask the sender whether it comes from Excel.",
        ),
        "R110": Code(
            REFUSE,
            "Part stored twice",
            "The workbook holds the part {part} twice.",
            "Open it in Excel, check the figures and save it again.",
        ),
        "R111": Code(
            REFUSE,
            "Part that cannot be unpacked",
            "A part of the workbook is {how}.",
            "Save it from Excel as .xlsx, without a password, and send it again.",
        ),
        "R112": Code(
            REFUSE,
            "Missing part",
            "The workbook names {what} that is not in it.",
            "Open it in Excel, let Excel repair it, check the figures and save it again.",
        ),
        "R113": Code(
            REFUSE,
            "Too much content",
            "The workbook holds more than {cap} {what}.",
            "Take out what is not part of the return, and save it again.",
        ),
        "R114": Code(
            REFUSE,
            "No sheets",
            "The workbook holds no sheet of cells.",
            "Send the workbook that holds the return.",
        ),
        "R115": Code(
            REFUSE,
            "Two sheets of one name",
            "Two sheets have this name.",
            "Open it in Excel, rename one of the two and save it again.",
        ),
        "R116": Code(
            REFUSE,
            "Two values in one cell",
            "Two values are stored for one cell; which of them is meant cannot be told.",
            "Open the workbook in Excel, check the cell and save it again.",
        ),
        "R117": Code(
            REFUSE,
            "Address that does not exist",
            "The sheet stores {what} at an address that does not exist.",
            "Open the workbook in Excel, let Excel repair it, check the sheet and save it again.",
        ),
        "R118": Code(
            REFUSE,
            "Rows out of order",
            "A row is stored twice, or after a later row.",
            "Open the workbook in Excel, check the sheet and save it again.",
        ),
        "R119": Code(
            FLAG,
            "Cells out of order",
            "The cells of a row are not stored from left to right; they were read by their addresses.",
            "Nothing, if the figures are right; saving from Excel puts them in order.",
        ),
        "R120": Code(
            FLAG,
            "Links to other workbooks",
            "The workbook has links to other workbooks; they are not followed.",
            "Paste the linked figures as values.",
        ),
        "R121": Code(
            FLAG,
            "Macros",
            "The workbook holds macros; they are never run.",
            "Save it as Excel Workbook (.xlsx) if the macros are not needed.",
        ),
        "R122": Code(
            REFUSE,
            "Cell that cannot be read",
            "The cell is stored as {what}.",
            "Open the workbook in Excel, check the cell and save it again.",
        ),
        "R123": Code(
            FLAG,
            "Unknown style",
            "The cell has a style that is not in the workbook; whether it is a date cannot be told.",
            "Open the workbook in Excel, check the cell and save it again.",
        ),
        "R124": Code(
            FLAG,
            "Further faults of one kind",
            "{count} more of {other} in this sheet are not listed.",
            "Put the listed ones right and read the return again.",
        ),
        "R125": Code(
            REFUSE,
            "Return that cannot be read here",
            "Reading the workbook ended the program twice; it may need more memory than there is.",
            "Ask for a workbook with nothing in it but the return, or read it on a larger machine.",
        ),
        "R126": Code(
            FLAG,
            "Rows gone from the end of a sheet",
            "The file says that the sheet reaches to row {reach}, and row {last} is the last it holds.",
            "Look whether rows are missing at its end; open the workbook in Excel and save it again.",
        ),
        "R196": Code(
            FLAG,
            "No marked copy",
            "A part of the workbook that holds no cells is damaged, so no copy of it can be marked.",
            "Open the workbook in Excel and save it again.",
        ),
        "R197": Code(
            REFUSE,
            "Copy of another kind",
            "The copy must have the ending of the original, {ending}.",
            "Give it a name that ends in {ending}.",
        ),
        "R198": Code(
            REFUSE,
            "File that is there already",
            "A file of this name is there already; nothing is overwritten.",
            "Choose another name, or move the file away first.",
        ),
        "R199": Code(
            REFUSE,
            "File that cannot be written",
            "The file cannot be written: {why}.",
            "Choose a folder that is there and may be written to.",
        ),
        "R130": Code(
            FLAG,
            "Sheet under another name",
            "This sheet stands under another name; it was read as {meant} because it holds that table.",
            "Give the sheet its name back.",
        ),
        "R131": Code(
            REFUSE,
            "Sheet missing",
            "The sheet {meant} is missing.",
            "Add the sheet from the template, or declare on the cover that there is no case list for it.",
        ),
        "R132": Code(
            FLAG,
            "Sheet not known",
            "The sheet {which} is not part of the return and is not read{maybe}.",
            "Rename the sheet if it is part of the return; otherwise nothing.",
        ),
        "R133": Code(
            REFUSE,
            "One table in two places",
            "More than one sheet could be {meant} ({places}); none of them is used.",
            "Keep one and delete or rename the others.",
        ),
        "R134": Code(
            REFUSE,
            "No table found",
            "No row of this sheet holds the headings of {meant}.",
            "Copy the headings from the template into one row above the data.",
        ),
        "R135": Code(
            FLAG,
            "Column missing",
            "The column {heading} is missing{maybe}; measures that need it are not assessed.",
            "Add the column, or give its heading the name in the template.",
        ),
        "R136": Code(
            FLAG,
            "Heading not known",
            "The heading of this column is not known and the column is not read{maybe}.",
            "Rename the heading if the column is part of the return; otherwise delete the column.",
        ),
        "R137": Code(
            FLAG,
            "Heading twice",
            "The heading {heading} stands more than once; none of those columns is used and measures that need it are not assessed.",
            "Keep the right column and delete the others.",
        ),
        "R138": Code(
            FLAG,
            "Merged headings",
            "The heading of {heading} is merged with others; which column it means cannot be told, so it is not used.",
            "Unmerge the cells of the heading row and give each column its own heading.",
        ),
        "R139": Code(
            FLAG,
            "Hidden sheet",
            "The sheet is hidden; it was read all the same.",
            "Show the sheet and check it.",
        ),
        "R140": Code(
            FLAG,
            "Hidden columns",
            "Hidden columns ({columns}) were read all the same.",
            "Show the columns and check them.",
        ),
        "R141": Code(
            FLAG,
            "Hidden or filtered rows",
            "{count} hidden or filtered rows were read all the same.",
            "Clear the filter, show the rows and check them.",
        ),
        "R142": Code(
            FLAG,
            "Values without a heading",
            "{count} cells outside the columns of the table hold something; they are not read.",
            "Give the column its heading, or delete what is not part of the return.",
        ),
        "R143": Code(
            FLAG, "Row of totals", "This row holds totals, not a case; it is not read.", "Delete the row."
        ),
        "R144": Code(
            FLAG,
            "Text beneath the table",
            "Text stands beneath the table; it is not read as a row.",
            "Delete it, or move it to the commentary.",
        ),
        "R145": Code(
            FLAG,
            "Headings repeated",
            "The headings stand again in the middle of the table; this row is not read as a case.",
            "Delete the row.",
        ),
        "R146": Code(
            REFUSE,
            "Nil cell not understood",
            "Beside the words {label} stands something other than yes or no, so the sheet is not used.",
            "Write yes, or leave the cell empty.",
        ),
        "R147": Code(
            FLAG,
            "Rows after a gap",
            "Rows beneath an empty row were read as part of the table.",
            "Delete the empty rows, or delete the rows beneath them if they are not part of the return.",
        ),
        "R148": Code(
            REFUSE,
            "Rows above the headings",
            "Rows stand above the headings, as if the headings had been sorted in among them; the sheet is not used.",
            "Move the headings above the data, or delete what stands above them.",
        ),
        "R150": Code(
            REFUSE,
            "Not a return",
            "This workbook holds neither the cover nor any sheet of the return.",
            "Check that the right file was sent.",
        ),
        "R151": Code(
            FLAG,
            "Other template",
            "The workbook was made from {which} template, not version {version}.",
            "Fill in the current template; `kpi template` makes it.",
        ),
        "R152": Code(
            REFUSE,
            "Authority not stated",
            "The cover does not say which authority the return is from.",
            "Fill in {label} on the cover.",
        ),
        "R153": Code(
            REFUSE,
            "Authority not known",
            "The authority on the cover is not one that these rules read{maybe}.",
            "Write its name or its ONS code as in plan.yaml.",
        ),
        "R154": Code(
            REFUSE,
            "Month not stated",
            "The cover does not say which month the return is for.",
            "Fill in {label} on the cover, such as 2024-03.",
        ),
        "R155": Code(
            REFUSE,
            "Month not understood",
            "The month on the cover cannot be read.",
            "Write it as 2024-03, March 2024 or 01/03/2024.",
        ),
        "R156": Code(
            FLAG,
            "Month against file name",
            "The cover says {month}, the file name {named}; the cover holds.",
            "Check the month, or rename the file.",
        ),
        "R157": Code(
            FLAG,
            "Cover cell not understood",
            "{label} cannot be read; it counts as not stated.",
            "Write a date as 31/03/2024.",
        ),
        "R158": Code(
            FLAG,
            "Declaration not understood",
            "The cover declares that there is no case list for a sheet that is not a case sheet of the return{maybe}.",
            "Write the sheets' names, with a semicolon between them.",
        ),
        "R159": Code(
            FLAG,
            "Case list declared absent",
            "The cover declares no case list for {meant}, yet the sheet has rows; the rows are used.",
            "Take the declaration away, or delete the rows.",
        ),
        "R160": Code(
            FLAG,
            "Validation half stated",
            "The cover says only who validated the figures or only when; they count as not validated.",
            "Fill in both, or neither.",
        ),
        "R161": Code(
            REFUSE,
            "Cover missing",
            "The cover sheet {meant} is missing.",
            "Fill in the cover of the template.",
        ),
        "R170": Code(
            REFUSE,
            "One table in two workbooks",
            "{meant} of {month} stands in {files}; none of them is used.",
            "Send one, or name the other file on the cover of the one that replaces it.",
        ),
        "R171": Code(
            FLAG,
            "Replaced return",
            "This return is not used: {by} replaces it.",
            "Nothing, if that is meant.",
        ),
        "R172": Code(
            FLAG,
            "Replaces a file that is not there",
            "The cover names a file that it replaces, and no other return of {month} has that name.",
            "Check the name of the file.",
        ),
        "R173": Code(
            REFUSE,
            "Two authorities",
            "The returns are from more than one authority ({names}).",
            "Check each authority's returns in a run of its own.",
        ),
        "R174": Code(
            FLAG,
            "The same file twice",
            "This file and {other} are the same; it is used once.",
            "Nothing, or delete one of them.",
        ),
        "R175": Code(
            DOUBT,
            "Two workbooks disagree",
            "{what} of {month} stands in two workbooks ({files}) and differs; it is in doubt.",
            "Keep it in one of them.",
        ),
        # R2xx: cell values
        "R201": Code(
            DOUBT,
            "Error in a cell",
            "{heading} holds an error of Excel; an error is not a blank.",
            "Put the formula right, or write the value.",
        ),
        "R202": Code(
            DOUBT,
            "Not calculated",
            "{heading} holds a formula that was never calculated.",
            "Open the workbook in Excel and save it.",
        ),
        "R203": Code(
            DOUBT,
            "Not known",
            "{heading} is empty or says not known in {count} of its cells; such rows are in doubt.",
            "Fill them in as soon as they are known.",
        ),
        "R204": Code(
            DOUBT,
            "Not a date",
            "{heading} reads {shown}; a date is a date cell or dd/mm/yyyy.",
            "Write the date as 31/03/2024; the order of day and month is never guessed.",
        ),
        "R205": Code(
            DOUBT,
            "No such day",
            "{heading} reads {shown}, which is not a real day from 1950 to 2149.",
            "Check the date and write it as 31/03/2024.",
        ),
        "R206": Code(
            DOUBT,
            "Number in place of a date",
            "{heading} holds a number that is not formatted as a date.",
            "Format the cell as a date and check the day it then shows.",
        ),
        "R207": Code(
            DOUBT,
            "Not a number",
            "{heading} reads {shown}; a plain number is asked for.",
            "Write digits only, such as 12.",
        ),
        "R208": Code(
            DOUBT,
            "Percentage in place of a number",
            "{heading} reads {shown}; a percentage is not read as a number.",
            "Write the number itself; for a share write the two counts.",
        ),
        "R209": Code(
            DOUBT,
            "Not a whole number",
            "{heading} reads {shown}; a whole number is asked for.",
            "Write whole numbers; for a share write the two counts.",
        ),
        "R210": Code(
            DOUBT,
            "Number out of bounds",
            "{heading} reads {shown}; it must be {bounds}.",
            "Check the number.",
        ),
        "R211": Code(
            DOUBT,
            "Value not in the list",
            "{heading} reads {shown}, which is not in its list{maybe}.",
            "Choose one of: {allowed}.",
        ),
        "R212": Code(
            DOUBT,
            "Neither yes nor no",
            "{heading} reads {shown}; it takes yes or no.",
            "Write yes or no, or leave it empty if it is not known.",
        ),
        "R213": Code(
            DOUBT,
            "Not an identifier",
            "{heading} holds {shown}; an identifier is text or a whole number.",
            "Format the column as text and write the identifier again.",
        ),
        "R214": Code(
            FLAG,
            "Leading zeros lost",
            "{count} identifiers in {heading} are numbers and shorter than others; leading zeros may be lost.",
            "Format the column as text and paste the identifiers again.",
        ),
        "R215": Code(
            FLAG,
            "Numbers stored as text",
            "{count} numbers of {heading} are stored as text; they were read as numbers.",
            "Nothing, if they are right.",
        ),
        "R216": Code(
            DOUBT,
            "Merged cells",
            "Cells of {heading} are merged; the rows beneath the first are in doubt.",
            "Unmerge them and write the value in every row.",
        ),
        "R217": Code(
            FLAG,
            "Share in place of a percentage",
            "{heading} reads {shown}; it is read as a percentage, below one per cent.",
            "If a share is meant write it as a percentage: 85, not 0.85.",
        ),
        # R3xx: between cells, rows and months
        "R301": Code(
            DOUBT,
            "Date in the future",
            "{heading} reads {shown}, a day after {last}.",
            "Check the date; leave out what happened after the month.",
        ),
        "R302": Code(DOUBT, "Cells that contradict each other", "{message}", "{fix}"),
        "R303": Code(
            FLAG, "Row repeated", "This row repeats row {first}; the two count once.", "Delete one of them."
        ),
        "R304": Code(
            DOUBT,
            "Two different rows for one case",
            "This row has the same identifier as row {first} but differs from it.",
            "Keep the right row, or correct the identifier of the other.",
        ),
        "R305": Code(
            FLAG,
            "Identifiers that look alike",
            "The identifier of this row differs from that of row {first} only in capitals or leading zeros.",
            "Write the same identifier the same way.",
        ),
        "R306": Code(
            FLAG,
            "Event outside the month",
            "Nothing in this row happened in {month}; it does not count.",
            "Send only what happened in the month, so that nothing counts twice.",
        ),
        "R307": Code(
            FLAG,
            "Older than the sheet reaches",
            "The date of this row lies before the {months} months that the sheet covers.",
            "Nothing, or delete the row.",
        ),
        "R308": Code(
            DOUBT,
            "Row that adds up the others",
            "{heading} of this row is the sum of all the other rows; it may be a total.",
            "Delete the row if it is a total.",
        ),
        "R309": Code(
            FLAG,
            "Nothing to report, yet rows",
            "The sheet says {label} and holds {count} rows.",
            "Take away the tick, or the rows.",
        ),
        "R310": Code(
            DOUBT,
            "Part more than the whole",
            "The number is more than what it is out of; the line is in doubt.",
            "Check both figures.",
        ),
        "R311": Code(
            DOUBT,
            "Counts are asked for",
            "This measure is a share: it asks for two counts, a number and what it is out of.",
            "Write both counts; a percentage is never turned into counts.",
        ),
        "R312": Code(
            FLAG,
            "Nothing out of nothing",
            "The line says 0 out of 0 without a reason.",
            "Choose the reason in {heading}.",
        ),
        "R313": Code(
            FLAG,
            "Line for nothing known",
            "The line is for {what} that these rules do not have, and is not read{maybe}.",
            "Copy the identifier from the template.",
        ),
        "R314": Code(
            DOUBT,
            "Two lines for one thing",
            "There are two different lines for {what}; it is in doubt.",
            "Keep one.",
        ),
        "R315": Code(
            FLAG,
            "Reason not known",
            "The reason in {heading} is not in the list; it counts as not given.",
            "Choose one of: {allowed}.",
        ),
        "R320": Code(
            FLAG,
            "Last month's figures again",
            "{meant} of {month} holds exactly the figures of {before}.",
            "Check that this month's figures were sent.",
        ),
        "R321": Code(
            FLAG,
            "One event in two months",
            "{count} events of {meant} stand in the returns of {month} and of {before}.",
            "Take each event out of the month in which it did not happen.",
        ),
        "R322": Code(
            FLAG,
            "Reported late",
            "{count} rows of {meant} date back more than {months} months before {month}, and the return of {before} lacked them.",
            "Say in the commentary why they were reported late.",
        ),
        "R323": Code(
            FLAG,
            "Rows gone since the month before",
            "{count} rows that {meant} held in the return of {before} are missing in that of {month}, though their dates are not too old for it.",
            "Put them back, unless each was a mistake; then say so in the commentary.",
        ),
        "R390": Code(
            FLAG,
            "A figure falls behind a target that is met",
            "{measure} meets its target while the figure beside it fell: {beside}, from {then} to {now}.",
            "Say so wherever the target is reported as met.",
        ),
        "R391": Code(
            FLAG,
            "Targets met on lists that no count confirms",
            "{count} of the targets met rest on lists alone: {measures}. A row that a list lacks, or has too many, would not show.",
            "Fill in their lines on {counts} from the system that holds the cases; where list and count differ, the measure is not assessed.",
        ),
        # Privacy, the 400s
        "R401": Code(
            REFUSE,
            "Personal details",
            "A column of this sheet is headed as a person's details (a name, date of birth, address or the like). The return has no such column, and none of it was used.",
            "Delete the column, save the file, send it again and delete the copies that were sent.",
        ),
        "R402": Code(
            FLAG,
            "Small number of children",
            "The commentary gives a small number of children, who might be recognised.",
            "Say it without the number, or say fewer than six.",
        ),
        "R403": Code(
            FLAG,
            "Date in the commentary",
            "The commentary gives a date, by which a child might be recognised.",
            "Name the month or leave it out.",
        ),
        "R404": Code(
            FLAG,
            "Identifier in the commentary",
            "The commentary holds what looks like a case number.",
            "Take it out.",
        ),
        "R405": Code(
            FLAG,
            "Name in the commentary",
            "The commentary may hold a person's name.",
            "Take it out; write the role.",
        ),
        "R406": Code(
            FLAG,
            "Name in place of an identifier",
            "{count} identifiers in {heading} look like names.",
            "Use the council's own case numbers.",
        ),
        # B1xx: the rulebook
        "B101": Code(
            REFUSE,
            "Rules folder that cannot be used",
            "{what}.",
            "Name a folder that holds plan.yaml, sources.yaml, indicators/ and returns/.",
        ),
        "B102": Code(
            REFUSE,
            "Rule file that cannot be read",
            "The file {what}.",
            "Save it as UTF-8 text, readable, in its folder of the rules.",
        ),
        "B103": Code(
            REFUSE,
            "Not YAML",
            "Not YAML: {what}.",
            "Check quotes, colons, brackets and the indentation at and just before this place.",
        ),
        "B104": Code(
            REFUSE,
            "YAML that rules do not use",
            "{at}: {what}.",
            "Write the keys and values out in full, in one document of plain keys, lists and text.",
        ),
        "B105": Code(
            REFUSE,
            "Key written twice",
            "{at}: written twice (first in line {first}).",
            "Keep the one that is meant.",
        ),
        "B106": Code(REFUSE, "Empty value", "{at}: has no value.", "Write the value, or leave the key out."),
        "B107": Code(
            REFUSE,
            "File that nothing reads",
            "No part of the rules is read from this file{hint}",
            "Rename it, move it, or take it out of the rules folder.",
        ),
        "B110": Code(
            REFUSE,
            "Unknown key",
            "{at}: not known{hint}",
            "See the field reference in the README of the rules, or take the key out.",
        ),
        "B111": Code(
            REFUSE,
            "Missing key",
            "{at}: missing.",
            "Add the key; the field reference in the README of the rules says what it holds.",
        ),
        "B112": Code(
            REFUSE,
            "Wrong value",
            "{at}: {what}",
            "Write one of the values that the field reference in the README of the rules allows.",
        ),
        "B120": Code(
            REFUSE,
            "Expression that cannot be read",
            "{at}: {what}",
            "Write comparisons of columns joined by and, or, not; text in quotes.",
        ),
        "B121": Code(
            REFUSE,
            "Not part of the rule language",
            "{at}: {what}",
            "Use comparisons, and, or, not, in, is None, dates, months(), days(), earliest(), latest().",
        ),
        "B122": Code(
            REFUSE,
            "Unknown column",
            "{at}: {what}",
            "Use a column that the sheet's file in returns/ declares, or declare it there.",
        ),
        "B123": Code(
            REFUSE,
            "Value that the column never holds",
            "{at}: {what}",
            "Use a value that the sheet's file in returns/ lists, or list it there.",
        ),
        "B124": Code(
            REFUSE,
            "Types that do not fit",
            "{at}: {what}",
            "Compare dates with dates, numbers with numbers and text with text.",
        ),
        "B125": Code(
            REFUSE,
            "Expression too long or too deep",
            "{at}: {what}",
            "Say it shorter, or split it into where:, left_out: and numerator:.",
        ),
        "B130": Code(
            REFUSE,
            "File name is not the id",
            "{at}: this is {found}, but the file is named {stem}.",
            "Give both the same name; an id that has history is never renamed.",
        ),
        "B131": Code(
            REFUSE, "Id used twice", "{at}: {found} is used before, in {where}.", "Give it an id of its own."
        ),
        "B132": Code(
            REFUSE,
            "Names what is not there",
            "{at}: there is no {what} {found}{hint}",
            "Correct the name, or declare what it names.",
        ),
        "B133": Code(
            REFUSE,
            "Does not fit the kind of measure",
            "{at}: {what}",
            "The field reference in the README of the rules says what each kind of measure wants.",
        ),
        "B134": Code(
            REFUSE,
            "Target that cannot be meant",
            "{at}: {what}",
            "Write a percentage for a share and a plain number for anything else.",
        ),
        "B135": Code(
            REFUSE,
            "Dates out of order",
            "{at}: {what}",
            "Put the dates in order; append a new step, never overwrite one.",
        ),
        "B136": Code(
            REFUSE,
            "Examples missing",
            "{at}: {what}",
            "Add the example: a rule without it can be wrong and nobody is told.",
        ),
        "B137": Code(
            REFUSE,
            "Example that cannot be",
            "{at}: {what}",
            "Correct the example so that the measure and the return could hold it.",
        ),
        "B138": Code(
            REFUSE,
            "Same words twice",
            "{at}: {found} already stands for {where}.",
            "Use words that stand for one thing only.",
        ),
        "B139": Code(
            REFUSE,
            "Contract that contradicts itself",
            "{at}: {what}",
            "Correct the sheet's file in returns/.",
        ),
        "B150": Code(
            FLAG,
            "Undated target without a reading",
            "{at}: a target has no date and no reading says how it is judged.",
            "Add a reading: what was decided where the plan is silent.",
        ),
        "B151": Code(
            FLAG,
            "Column that nothing uses",
            "The column {found} is used by no measure, key or check.",
            "Take it out: a return asks for no more than the rules need.",
        ),
        "B152": Code(
            FLAG,
            "Headings hard to tell apart",
            "The headings {found} and {other} are hard to tell apart.",
            "Reword one of them.",
        ),
        "B153": Code(
            FLAG,
            "Declared but never used",
            "The {what} {found} is used by no rule.",
            "Take it out, or use it.",
        ),
        "B154": Code(
            FLAG,
            "Indicator without a target",
            "{found} has no target: it is shown without a verdict.",
            "Add a target, or say in a reading why there is none.",
        ),
        "B155": Code(
            FLAG,
            "Short name used twice",
            "{found} has the same short name as {other}.",
            "Give each its own: boards read the short name only.",
        ),
        "B156": Code(
            FLAG,
            "Column without help",
            "The column {found} has no help for the person who fills it in.",
            "Say in one sentence what belongs there.",
        ),
        "B160": Code(
            REFUSE,
            "Unknown fact type",
            "{at}: {what}",
            "Write a type that checks state (see the README of the rules), or declare it under facts:.",
        ),
        "B161": Code(
            REFUSE,
            "Unknown field of a fact",
            "{at}: {type} has no field {found}{hint}",
            "Write a field of that fact; the README of the rules and facts: list them.",
        ),
        "B162": Code(
            REFUSE,
            "Fact type declared anew",
            "{at}: {found} is a fact that {who}.",
            "Give the fact a name of its own.",
        ),
        "B163": Code(
            REFUSE,
            "Value of the wrong type",
            "{at}: {what}",
            "Write a whole number where the field holds one, and text where it holds text.",
        ),
        "B164": Code(
            REFUSE, "Word that the field never holds", "{at}: {what}", "Write a word that the field can hold."
        ),
        "B165": Code(
            REFUSE,
            "Reference that leads nowhere",
            "{at}: {what}",
            "Refer to a fact of when: by its name: $a.seq, or $a.seq + 1.",
        ),
        "B166": Code(
            REFUSE,
            "Fields that are never equal",
            "{at}: {what}",
            "Join fields that hold the same kind of thing.",
        ),
        "B167": Code(
            REFUSE,
            "Fact that lacks a field",
            "{at}: {type} wants {found} too.",
            "Give every field of the fact a value or a reference.",
        ),
        "B168": Code(
            REFUSE,
            "Fact that nothing states",
            "{at}: no check states and no rule gives {found}.",
            "Add the rule that gives it, or take this one out.",
        ),
        "B169": Code(
            REFUSE,
            "Value that no rule gives",
            "{at}: no rule gives {what}",
            "Write a value that a rule gives, or add that rule.",
        ),
        "B170": Code(
            REFUSE, "Rule that can never fire", "{at}: {what}", "Correct the tests that exclude each other."
        ),
        "B171": Code(
            REFUSE,
            "Rule that its own unless: always stops",
            "{at}: {what}",
            "Tell the two facts apart by a field, or take the unless: out.",
        ),
        "B172": Code(
            REFUSE,
            "Rule that hangs on its own absence",
            "{at}: {what}",
            "Let unless: look only for facts that do not follow from this rule.",
        ),
        "B173": Code(
            REFUSE,
            "Number that grows without end",
            "{at}: {what}",
            "Match the next fact in when: and refer to its number.",
        ),
        "B174": Code(
            REFUSE,
            "Same rule twice",
            "{at}: says the same as {found} in line {line_of}.",
            "Keep one of them.",
        ),
        "B175": Code(
            REFUSE,
            "Kind of exception raised twice",
            "{at}: {found} raises {kind} already, in line {line_of}.",
            "Give each rule a kind of its own, or make one rule of both.",
        ),
        "B176": Code(
            REFUSE,
            "Exception without a title",
            "{at}: a rule that raises {found} wants a title.",
            "Add title: what reports call the exception.",
        ),
        "B177": Code(
            REFUSE,
            "More than the engine holds",
            "{at}: {what}",
            "Split the rule, write shorter lists, or let a fact under facts: stand for what several rules share.",
        ),
        "B178": Code(
            REFUSE, "Value beyond the engine", "{at}: {what}", "Write a smaller number or a shorter text."
        ),
        "B180": Code(
            FLAG,
            "Audience of no board",
            "The audience {found} is that of no board.",
            "Take it out, or give it to a board.",
        ),
        "B181": Code(
            FLAG,
            "Board that hears nothing",
            "No exception ever reaches {found}.",
            "Widen what it reads or hears, or take it out.",
        ),
        "B182": Code(
            FLAG,
            "Exception that no board hears",
            "No board hears {found}.",
            "Tell a board, or take the rule out.",
        ),
        # V1xx: series of figures and their charts
        "V101": Code(
            REFUSE, "Date twice", "The series has two values for {date}.", "Keep one value for each date."
        ),
        "V102": Code(
            REFUSE,
            "Value that is not finite",
            "The value for {date} is not a finite number.",
            "Give a number, or nothing where the figure is missing.",
        ),
        "V103": Code(
            REFUSE,
            "Baseline too short",
            "A fixed baseline of fewer than {least} rows is asked for.",
            "Fix the limits after {least} rows or more, or not at all.",
        ),
        "V104": Code(
            REFUSE, "Two targets from one date", "The target has two steps from {date}.", "Keep one."
        ),
        "V105": Code(
            REFUSE, "Target that is not finite", "A target is not a finite number.", "Give a number."
        ),
        "V106": Code(
            REFUSE,
            "Rebase date not in the series",
            "No point of the series has the rebase date {date}; nothing is rebased there.",
            "Give the date of the first point of the new group.",
        ),
        "V110": Code(
            FLAG,
            "Trial limits",
            "Only {count} of {full} values since {since}: the limits are on trial.",
            "Nothing; they settle as values come in.",
        ),
        "V111": Code(
            FLAG,
            "Too few values for a chart",
            "Only {count} of {least} values since {since} to draw limits from: too few for a verdict.",
            "Nothing; the chart begins when there are enough.",
        ),
        "V112": Code(
            FLAG,
            "No variation",
            "All {count} values since {since} are equal; there is no range to expect.",
            "Check that the figure is measured afresh each time.",
        ),
        "V113": Code(
            FLAG,
            "Hardly any variation",
            "Most values since {since} equal the one before: screening would have left no range, so the limits come from all moving ranges.",
            "Read the flags with care.",
        ),
        "V114": Code(
            FLAG,
            "Limits that cannot be drawn",
            "The values since {since} have no moving range: no two stand next to each other.",
            "Fill in the missing figures.",
        ),
        "V115": Code(
            FLAG,
            "Missing figures",
            "{count} figures are missing ({dates}); nothing is bridged over them.",
            "Fill them in if they are known.",
        ),
        "V116": Code(
            FLAG,
            "Latest figure missing",
            "There is no figure for {date}, the latest date.",
            "Fill it in if it is known.",
        ),
        "V117": Code(
            FLAG,
            "Small numbers",
            "The figure is out of as few as {least}. In 24 months in which nothing changes, 18% of stable series show a false flag, 47% at 95% of 20 children.",
            "Read a flag as a question, not as an answer.",
        ),
        "V118": Code(
            FLAG,
            "Rebase to be considered",
            "The points from {date} on lie on one side of the average and are stable among themselves.",
            "If the cause is known and lasting, record a rebase from that date, with the reason and who decided it.",
        ),
        "V119": Code(
            REFUSE,
            "Rebase outside the figures",
            "The rebase of {measure} from {first} lies outside its figures ({begin} to {end}): its chart cannot be drawn.",
            "Correct the month in rebases.yaml, or give the returns of that month too.",
        ),
        "V120": Code(
            REFUSE,
            "Columns missing",
            "The first line must name the columns {columns}, each once; {missing} cannot be found.",
            "Write the names of the columns in the first line, with commas between them.",
        ),
        "V121": Code(
            REFUSE,
            "Line that cannot be read",
            "This line is not CSV with as many fields as the first line.",
            "Check commas and quotation marks.",
        ),
        "V122": Code(REFUSE, "Series not named", "This line names no series.", "Fill in series_id."),
        "V123": Code(
            REFUSE, "Not a date", "{name} holds something other than a date.", "Write the date as 2024-03-31."
        ),
        "V124": Code(
            REFUSE,
            "Not a number",
            "{name} holds something other than a number.",
            "Write a plain number such as 79.5, or leave the field empty.",
        ),
        "V125": Code(
            REFUSE,
            "Value not in the list",
            "{name} holds something other than {allowed}.",
            "Write {allowed}.",
        ),
        "V126": Code(
            REFUSE,
            "Series without a configuration",
            "The configuration has no line for this series.",
            "Add its line to {config}.",
        ),
        "V127": Code(
            REFUSE,
            "Series configured twice",
            "An earlier line configures this series.",
            "Keep one line for each series.",
        ),
        "V128": Code(
            FLAG,
            "Configured, without values",
            "No line of {series} belongs to this series.",
            "Nothing, or delete the line.",
        ),
        "V129": Code(
            REFUSE,
            "Further faults",
            "{count} more faults are not listed.",
            "Put the listed ones right and try again.",
        ),
        "V130": Code(
            FLAG,
            "Months with nothing due",
            "Nothing was due in {dates}; such months are gaps, not zeros.",
            "Nothing, if that is right.",
        ),
        # H1xx: the history
        "H101": Code(
            REFUSE,
            "No history there",
            "There is no history of this name.",
            "Check the name; `kpi record` makes a history.",
        ),
        "H102": Code(
            REFUSE,
            "Not a history",
            "This file is not a history ({what}); it was left as it is.",
            "Name the file that `kpi record` made, or a new one.",
        ),
        "H103": Code(
            REFUSE,
            "Damaged history",
            "The history is damaged ({what}); it was left as it is.",
            "Put the last copy in its place, or record the returns again in a new file.",
        ),
        "H104": Code(
            REFUSE,
            "History of a later version",
            "The history has layout {layout}, which a later version made; this one knows layouts up to {known}. It was left as it is.",
            "Use the later version.",
        ),
        "H105": Code(
            REFUSE,
            "History to be brought up to date",
            "The history is empty or has the layout of an earlier version.",
            "Record a return in it: that brings it up to date, and nothing is lost.",
        ),
        "H106": Code(
            REFUSE,
            "History in use",
            "Others have been using the history for more than {seconds} seconds.",
            "Try again when they have finished.",
        ),
        "H107": Code(
            REFUSE,
            "History that cannot be used",
            "The history cannot be opened or written: {what}.",
            "Check that its folder is there, may be written to and has room.",
        ),
        "H110": Code(
            FLAG,
            "Measured by other rules",
            "{months} in the history were measured by other rules or another version of the program.",
            "Record their returns again, so that all months follow one set of rules.",
        ),
        # P1xx: packs for boards
        "P101": Code(
            REFUSE,
            "No explanation where action is needed",
            "{measure} ({id}) needs action, and the return for {month} does not say why or what will be done: the report waits for it.",
            "Fill in why and action for {id} on the Commentary sheet of that return, or let it print that no explanation is given: --allow-missing-commentary, in kpi.toml allow_missing_commentary = true.",
        ),
        "P110": Code(
            REFUSE,
            "Format that wants a library",
            "The {format} needs {library}, which is not installed.",
            "Install it by: pip install 'kpi-engine[{extra}]'.",
        ),
        # A1xx: the monthly run
        "A101": Code(
            REFUSE,
            "Another run is at work",
            "Another run {whose}, is at work; this one has done nothing.",
            "Wait until it has finished: the next run goes on.",
        ),
        "A102": Code(
            FLAG,
            "A run was broken off",
            "An earlier run{whose} was broken off.",
            "Nothing: this run has put in order what that one left.",
        ),
        "A103": Code(
            REFUSE,
            "No room",
            "There is no room left on the disk.",
            "Make room there, and run it again; nothing is lost.",
        ),
        "A104": Code(
            REFUSE,
            "Folder that cannot be used",
            "This cannot be written: {what}.",
            "Check that its folder is there, may be written to and is open in no other program; then run it again. Nothing is lost.",
        ),
        "A105": Code(
            REFUSE,
            "Name too long",
            "The name is too long for the disk.",
            "Give the folders shorter names in kpi.toml, or the file, and run it again; nothing is lost.",
        ),
        "A106": Code(
            REFUSE,
            "Something in the way",
            "Something else stands in the way here: {what}. It was left as it is.",
            "Find out who put it there, move it away, and run it again; nothing is lost.",
        ),
        "A107": Code(
            REFUSE,
            "Log changed during a run",
            "The file is shorter than before, or another program has written to it.",
            "Run `kpi audit verify`, put the last copy in its place, and run it again.",
        ),
        "A108": Code(
            REFUSE,
            "Broken-off run that cannot be put in order",
            "What a broken-off run left in this folder cannot be put in order: {what}. Nothing was changed.",
            "Put back the history and this folder from the same copy, or ask whoever looks after the program.",
        ),
        "A109": Code(
            FLAG,
            "Replaced during the run",
            "The file in the inbox was replaced during the run, and the new one was left there.",
            "Nothing: the next run takes it.",
        ),
        # Settings, mail and the schedule, A120 to A129
        "A110": Code(FLAG, "New return", "Taken as a return of {month}.", "Nothing."),
        "A111": Code(
            FLAG,
            "Late return",
            "It came {days} after the return of {month} was due, on {due}.",
            "Send it by its due day; a month with another due day is an exception in returns/calendar.yaml.",
        ),
        "A112": Code(
            FLAG,
            "Corrected return",
            "Taken for {month} in place of {names}, {why}.",
            "Nothing, if that is meant; if not, send the right figures with this file's name on the cover.",
        ),
        "A113": Code(
            FLAG,
            "Return that joins its month",
            "Taken for {month}, beside {names}.",
            "Nothing, if that is meant.",
        ),
        "A114": Code(
            FLAG,
            "Return that is there already",
            "This file is the same, byte for byte, as {other}, which {stands}; it is not used again.",
            "Nothing; to go back to replaced figures, save the workbook anew and name on its cover the file that it replaces.",
        ),
        "A115": Code(
            FLAG,
            "Early return",
            "{month} has not ended yet: the file waits in the inbox until {until}.",
            "Nothing, or correct the month on the cover.",
        ),
        "A116": Code(REFUSE, "Month that takes no return", "{what}.", "{remedy}"),
        "A117": Code(
            REFUSE,
            "Return of another council",
            "The return is of {theirs}; here the returns of {ours} are reported.",
            "Report each council in a folder of its own.",
        ),
        "A118": Code(
            REFUSE,
            "One sheet in two files",
            "{meant} of {month} stands in {files} too; this file is not used.",
            "Send the sheet in one workbook, or name on its cover the file that it replaces.",
        ),
        "A119": Code(
            REFUSE,
            "Return that cannot be used",
            "The file is not used: its findings say why.",
            "Correct what they name, and send it again.",
        ),
        "A120": Code(
            REFUSE,
            "Settings that cannot be read",
            "The settings cannot be read: {why}.",
            "Name the kpi.toml with --config; `kpi init` makes one.",
        ),
        "A121": Code(
            REFUSE,
            "Settings that are not TOML",
            "The settings are not TOML: {what}.",
            "Text stands in quotes, a list in [ ], and a table begins with its name in [ ].",
        ),
        "A122": Code(
            REFUSE,
            "Unknown setting",
            "There is no setting {at}{hint}",
            "Correct the name, or take the line out.",
        ),
        "A123": Code(
            REFUSE,
            "Setting that cannot be used",
            "{at} {what}.",
            "Correct the line; the comments that `kpi init` writes say what each setting takes.",
        ),
        "A124": Code(
            REFUSE,
            "Setting that the rules do not know",
            "{at} names {found}, which the rules do not know{hint}",
            "Write an id of boards.yaml, or an authority's code of plan.yaml.",
        ),
        "A125": Code(
            REFUSE,
            "Two settings, one place",
            "{inner} {how} {outer}.",
            "Give each a place of its own, beside the others.",
        ),
        "A126": Code(
            FLAG,
            "Mail not sent",
            "A notice waits in the outbox: {why}.",
            "Nothing, if the mail host was only away: the next run tries again. Else correct [mail].",
        ),
        "A127": Code(
            FLAG,
            "Letter that cannot be read",
            "{count} files in the outbox are no letters of ours and were left there.",
            "Take them out of the outbox.",
        ),
        "A128": Code(
            FLAG,
            "Mail taken for some only",
            "The mail host did not take a notice for {count} of {of} addresses; the others have it.",
            "Correct the addresses under to in [mail].",
        ),
        "A129": Code(
            REFUSE,
            "Job that cannot be scheduled",
            "{what}",
            "Move the folder to a path of plain letters, digits, spaces and dashes.",
        ),
        # The audit log, A130 to A149
        "A130": Code(
            REFUSE,
            "Audit log that cannot be read",
            "The audit log cannot be read: {why}.",
            "Check that it is there and may be read.",
        ),
        "A131": Code(
            REFUSE,
            "Changed line of the audit log",
            "This line was changed after it was written: its content does not give its hash.",
            "Find who changed it and when, and put the last good copy of the log in its place.",
        ),
        "A132": Code(
            REFUSE,
            "Line that is no entry of the audit log",
            "This line is not an entry as the program writes one.",
            "Take it that the entry is lost or was never one; compare with the last good copy of the log.",
        ),
        "A133": Code(
            REFUSE,
            "Last line of the audit log is cut off",
            "The last line has no end: its writing was cut off, or its end was taken away.",
            "Run kpi run, which finishes what was cut off; if it is still so then, put the last good copy in its place.",
        ),
        "A134": Code(
            REFUSE,
            "Entries gone from the audit log",
            "The entry that this line was written after is not in the log{gone}.",
            "Find who removed it and when, and put the last good copy of the log in its place.",
        ),
        "A135": Code(
            REFUSE,
            "Entry of the audit log that was replaced",
            "This line was not written after the line before it: one of the two was replaced, and sealed anew.",
            "Compare both with the last good copy of the log.",
        ),
        "A136": Code(
            REFUSE,
            "Entry put into the audit log",
            "This line does not belong here: the rest of the log was written without it.",
            "Find who put it there and when, and put the last good copy of the log in its place.",
        ),
        "A137": Code(
            REFUSE,
            "Entry of the audit log out of its place",
            "This line was moved: its place in the log is another.",
            "Put the last good copy of the log in its place.",
        ),
        "A138": Code(
            REFUSE,
            "Entry twice in the audit log",
            "This line is line {of} again.",
            "Put the last good copy of the log in its place.",
        ),
        "A139": Code(
            REFUSE,
            "Number out of turn in the audit log",
            "This entry has number {number} where {meant} is due: it was not written by the program.",
            "Compare with the last good copy of the log.",
        ),
        "A140": Code(
            FLAG,
            "Clock set back",
            "This entry was made at {then}, before the one above it ({before}): the clock of the machine was set back.",
            "Nothing, if that is known; the order of the entries does not depend on the clock.",
        ),
        "A141": Code(
            REFUSE,
            "Head that the audit log does not know",
            "{what}.",
            "{remedy}",
        ),
        "A142": Code(
            REFUSE,
            "Missing file",
            "This is not there; entry {number} of the audit log says that it was written.",
            "{remedy}",
        ),
        "A143": Code(
            REFUSE,
            "Changed file",
            "This is not as it was written: {what}.",
            "{remedy}",
        ),
        "A144": Code(
            REFUSE,
            "File that no entry names",
            "This is in no entry of the audit log: no run wrote it, or its entry is gone.",
            "Find where it is from and move it elsewhere; it is no proof of anything.",
        ),
        "A145": Code(
            REFUSE,
            "Record missing from the history",
            "Entry {number} of the audit log recorded {month}, and the history {why}.",
            "Put the last good copy of the history in its place.",
        ),
        "A146": Code(
            FLAG,
            "Record that no entry names",
            "The history holds {month}, of which the audit log knows nothing: somebody recorded it by hand (kpi record, {who}, {at}).",
            "Nothing, if that was meant; it counts in later reports.",
        ),
        "A147": Code(
            FLAG,
            "Run that was cut off",
            "A run was cut off before its end, so some of what follows may come from that.",
            "Run kpi run, which finishes it, and verify again.",
        ),
        "A148": Code(
            REFUSE,
            "Report that cannot be made again",
            "{what}.",
            "{remedy}",
        ),
        "A149": Code(
            REFUSE,
            "Nothing can be purged",
            "{what}.",
            "{remedy}",
        ),
        "A150": Code(
            REFUSE,
            "run.json that cannot be read",
            "What the report was made from cannot be read: {why}.",
            "Put the file back from a copy; kpi audit verify says what else is not as it was.",
        ),
        "A151": Code(
            FLAG,
            "Archived return that is not as it was",
            "A return for {month} is no longer there as it was archived, and nobody purged it; its month stands as the history has it.",
            "Put the file back from a copy; kpi audit verify names everything that is missing.",
        ),
        "A152": Code(
            FLAG,
            "File not taken this time",
            "The file was not taken: {why}.",
            "The next run tries again.",
        ),
        "A153": Code(
            REFUSE,
            "Rules that changed meanwhile",
            "The rules were changed while the run was at work.",
            "Nothing was written; run it again once the rules are saved.",
        ),
        "A154": Code(
            REFUSE,
            "History that changed meanwhile",
            "Somebody else recorded months while the run was at work.",
            "Leave recording to kpi run alone while it runs; the next run puts things in order.",
        ),
        "A155": Code(
            REFUSE,
            "Rules that their own examples contradict",
            "{count} examples in the rules do not hold, so the rules may not say what is meant.",
            "Run kpi rules test, and put right the rule or the example.",
        ),
        "A160": Code(
            FLAG,
            "File that has not rested",
            "The file was written less than {rest} ago, so it may still be on its way in.",
            "Nothing: a later run takes it.",
        ),
        "A161": Code(
            FLAG,
            "File that is open",
            "Somebody has the file open: {lock} lies beside it.",
            "Save and close it; if nobody has it open, delete that file.",
        ),
        "A162": Code(
            FLAG,
            "File from the future",
            "The file was written at a time that the clock of this machine has not reached yet.",
            "Set the clock right; if it is right, open the file, save it and close it.",
        ),
        "A163": Code(FLAG, "File that cannot be taken", "{what}.", "{remedy}"),
        "A164": Code(FLAG, "File left alone", "{what}: it stays in the inbox.", "{remedy}"),
        "A165": Code(REFUSE, "Corrections that contradict each other", "{what}.", "{remedy}"),
        "A166": Code(
            FLAG,
            "Return replaced as it came",
            "{names} came with it and replaces it, so no report was made from it.",
            "Nothing, if that is meant.",
        ),
        "A167": Code(
            FLAG,
            "Correction that lacks sheets",
            "It does not hold what the return that it replaces held: {meant}. {month} is now without.",
            "Send what is missing in a workbook of its own, or a whole return that replaces this one.",
        ),
        "A168": Code(
            FLAG,
            "Name that stands in another month",
            "A return of this name was taken for {other}.",
            "If it was this one with the wrong month on its cover, send the right return of {other}, with this name as the file that it replaces.",
        ),
        "A169": Code(
            FLAG,
            "No calendar",
            "The rules have no returns/calendar.yaml: nothing is late, and nothing is awaited.",
            "Add one; rules/README.md says what it holds.",
        ),
    }
)


def finding(  # noqa: PLR0913  (a finding has many places; all are keywords)
    code: str,
    *,
    file: str = "",
    sheet: str = "",
    cell: str = "",
    found: str | None = None,
    line: int | None = None,
    column: int | None = None,
    severity: Severity | None = None,
    **words: object,
) -> Finding:
    """A Finding from the catalogue, its templates filled with `words`."""
    entry = CODES[code]
    message = entry.message.format(**words, found=found)
    return Finding(
        code=code,
        severity=severity or entry.severity,
        message=message[:-1] if message.endswith("?.") else message,  # where a hint asks
        fix=entry.fix.format(**words, found=found),
        file=file,
        sheet=sheet,
        cell=cell,
        found=found,
        line=line,
        column=column,
    )
