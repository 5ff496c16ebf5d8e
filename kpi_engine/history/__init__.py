"""What was measured when: one SQLite file, to which records are only ever added."""
