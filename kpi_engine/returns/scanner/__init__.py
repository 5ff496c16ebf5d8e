"""A workbook as sheets of cells with addresses: streamed, bounded, and never trusted."""
