"""States: what a board sees of a measure. Declared rules derive them (rules/escalations.yaml)."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The words of page one, from what needs a decision to what needs none."""

    ACTION_NEEDED = "action_needed"
    MISSED_IMPROVING = "missed_improving"
    MISSED_UNCLEAR = "missed_unclear"
    WATCH = "watch"
    NOT_REPORTED = "not_reported"
    NOT_DUE = "not_due"
    NOTHING_DUE = "nothing_due"
    ON_TRACK = "on_track"


class StateNote(StrEnum):
    """What is said beside a state."""

    NONE = ""
    NOT_AT_THIS_RATE = "not_at_this_rate"
    ON_COURSE = "on_course"
    OFF_COURSE = "off_course"
    CANNOT_SAY = "cannot_say"


class Change(StrEnum):
    """An exception against the one of the period before."""

    NEW = "new"
    WORSE = "worse"
    SAME = "same"
    BETTER = "better"
    GONE = "gone"
