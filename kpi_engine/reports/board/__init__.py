"""The board exception report: one value, already worded and suppressed, and one writer a format."""
