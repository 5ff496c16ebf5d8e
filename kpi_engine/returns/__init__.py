"""Return workbooks, read, typed and written."""
