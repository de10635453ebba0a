"""Places in a recording as people type them: ``14:05:30``, ``+90s``, ``43%``, ``#4711``, ``end``. Times are UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from engine.playhead import Recording

NS = 1_000_000_000
EXAMPLES = "14:05:30, 2026-11-22 14:05, +90s, -2m, 43%, #4711, start or end"

_SPAN = re.compile(r"^([+-])(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?$")
_CLOCK = re.compile(r"^(?:(\d{4})-(\d\d)-(\d\d)[ T])?(\d{1,2}):(\d\d)(?::(\d\d(?:\.\d+)?))?$")


class PlaceError(ValueError):
    """No place in the recording; says in one line what was expected."""


def place(text: str, recording: Recording, time: int) -> int:
    """Number of the last command that had been applied at the place; ``time`` (ns) is where the recording is now.

    Raises:
        PlaceError: the text says no place, or one outside of the recording.
    """
    word = text.strip().lower()
    if word in ("start", "end"):
        return 0 if word == "start" else recording.last
    if re.fullmatch(r"#\d+", word):
        return _inside(int(word[1:]), recording)
    if re.fullmatch(r"\d+(\.\d+)?%", word) and float(word[:-1]) <= 100:
        return round(recording.last * float(word[:-1]) / 100)
    if (span := _SPAN.match(word)) is not None:
        sign, hours, minutes, seconds = span.groups()
        length = int(hours or 0) * 3_600 + int(minutes or 0) * 60 + float(seconds or 0)
        return recording.number_at(time + round(length * NS) * (-1 if sign == "-" else 1))
    if (clock := _CLOCK.match(text.strip())) is not None:
        return recording.number_at(_moment(clock, recording, time))
    raise PlaceError(f"{text!r} is no place in a recording: {EXAMPLES}")


def stamp(time: int) -> str:
    """A time (ns) as it is shown: date and time of day, UTC."""
    return (datetime.fromtimestamp(time // NS, UTC)).strftime("%Y-%m-%d %H:%M:%S")


def _inside(number: int, recording: Recording) -> int:
    if number > recording.last:
        raise PlaceError(f"the recording ends with command #{recording.last}")
    return number


def _moment(clock: re.Match[str], recording: Recording, time: int) -> int:
    """The time (ns) that a match of ``_CLOCK`` means: without a date the nearest within the recording."""
    year, month, day, hour, minute, second = clock.groups()
    try:
        of_day = timedelta(hours=int(hour), minutes=int(minute), seconds=float(second or 0))
        if year is not None:
            days = [datetime(int(year), int(month), int(day), tzinfo=UTC)]
        else:
            first, here = (datetime.fromtimestamp(at // NS, UTC) for at in (recording.start, time))
            midnight = first.replace(hour=0, minute=0, second=0)
            days = [midnight + timedelta(days=n) for n in range((here - midnight).days + 2)]
    except ValueError as error:
        raise PlaceError(f"{clock[0]!r}: {error}") from error
    if of_day >= timedelta(days=1):
        raise PlaceError(f"{clock[0]!r}: a day ends at 23:59:59")
    wanted = [round((midnight + of_day).timestamp() * NS) for midnight in days]
    inside = [at for at in wanted if recording.start - NS < at <= recording.end + NS]
    if not inside:
        raise PlaceError(f"the recording goes from {stamp(recording.start)} to {stamp(recording.end)} UTC")
    return min(inside, key=lambda at: abs(at - time))
