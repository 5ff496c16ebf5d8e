"""Measurements held against dated targets: verdicts, milestones, and what to watch beside them."""
