"""The filler's own workbook with faulty cells marked, and nothing of theirs lost."""
