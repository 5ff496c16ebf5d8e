"""Results, written out. Nothing here decides."""
