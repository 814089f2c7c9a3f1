"""Stamps whose clock stands in another place: which session a day with a time of day belongs to.

The midnights of London, written in UTC, are 23:00 of the evening before all summer; closes of New York, on a clock in
Tokyo, are in the next morning. The days of the week tell: no exchange trades on Sunday and rests on Friday at the same
evening hour, or trades from Tuesday to Saturday.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, DateArray, IntArray
from engine.core.errors import DataError
from engine.data.sessions import weekdays

_NOON: Final = 12 * 60
_EARLIEST_MIDNIGHT: Final = 13 * 60
"""At which a zone eleven hours further east begins its day; later ones are those of exchanges."""
_MONDAY, _FRIDAY, _SATURDAY, _SUNDAY = 0, 4, 5, 6
_DAILY_ROWS, _OTHER_ROWS = 8, 24
"""More than a week of days; of months, whose ends fall on any day, as many as leave no chance."""
_DAY: Final = np.timedelta64(1, "D")
_REMEDY: Final = "write the dates of the sessions, without times"


def session_days(file: str, days: DateArray, minutes: IntArray, *, zoned: bool) -> tuple[DateArray, tuple[str, ...]]:
    """Return the session of each stamp, and what was concluded.

    Parameters
    ----------
    file : its name, for messages
    days : (T,) as they are written, each stamp once
    minutes : (T,) of the day on the same clock; below 0 where there is no time
    zoned : whether the stamps say the zone of their clock

    Raises
    ------
    DataError
        When they are not on the exchange's clock, and nothing proves where the sessions are.

    """
    if (minutes < 0).all():
        return days, ()
    evening, morning = minutes >= _NOON, (minutes >= 0) & (minutes < _NOON)
    if _lies_a_day_late(days[morning]):
        if not zoned or evening.any():
            found = (
                f"stamps in the morning on Saturdays (first {_first(days[morning], _SATURDAY)}) and none on a Monday"
            )
            raise DataError(f"{file}: found {found}, expected session dates; {_REMEDY}")
        return days - _DAY, (f"{file}: stamps from Tuesday to Saturday mornings are read as the day before",)
    begun = days[morning & (minutes > 0)]
    if _is_far_east(begun):
        found = f"stamps in the morning on Sundays (first {_first(begun, _SUNDAY)}) and none on a Friday"
        raise DataError(f"{file}: found {found}, expected session dates; {_REMEDY}")
    if not _may_be_midnights(minutes[evening]):
        return days, ()
    return _move_evenings(file, days, minutes, evening, zoned=zoned)


def _move_evenings(
    file: str, days: DateArray, minutes: IntArray, evening: BoolArray, *, zoned: bool
) -> tuple[DateArray, tuple[str, ...]]:
    """Return the days with midnights of a zone further east on the day that begins there."""
    own = set(weekdays(days[evening]).tolist())
    around, enough = _are_around_midnight(minutes), _are_enough(days[evening])
    eastern = _SUNDAY in own and not own & {_FRIDAY, _SATURDAY}
    if not zoned:
        if not (around or eastern):
            return days, ()
        found = f"evening stamps on Sundays (first {_first(days[evening], _SUNDAY)}) and none on a Friday"
        found = "stamps at 23:00 beside others at 0:00" if around else found
        raise DataError(f"{file}: found {found}, expected session dates; they are midnights elsewhere: {_REMEDY}")
    closes = _FRIDAY in own and not own & {_SATURDAY, _SUNDAY} and enough
    if (around and not closes) or (eastern and enough):
        note = f"{file}: evening stamps are midnights of a zone further east and are read as the day after"
        return np.where(evening, days + _DAY, days), (note,)
    if closes and not around:
        return days, ()
    at = int(np.flatnonzero(evening)[0])
    clock = f"{minutes[at] // 60:02d}:{minutes[at] % 60:02d}"
    found = f"the stamp {days[at]} {clock}, which may be the midnight of a zone further east"
    raise DataError(f"{file}: found {found}, expected days of the week that tell; {_REMEDY}")


def _lies_a_day_late(days: DateArray) -> bool:
    """Tell whether days run from Tuesday to Saturday."""
    return set(weekdays(days).tolist()) == {1, 2, 3, _FRIDAY, _SATURDAY} and _are_enough(days)


def _is_far_east(days: DateArray) -> bool:
    """Tell whether days run from Sunday to Thursday, as Tokyo's midnights do on a clock in New York."""
    return set(weekdays(days).tolist()) == {_SUNDAY, _MONDAY, 1, 2, 3} and _are_enough(days)


def _are_enough(days: DateArray) -> bool:
    """Tell whether there are so many days that the days of the week on which there is none are so by rule."""
    steps = np.abs(np.diff(np.sort(days)).astype(np.int64))
    return len(days) >= (_DAILY_ROWS if len(steps) and np.median(steps) <= 2 else _OTHER_ROWS)


def _may_be_midnights(minutes: IntArray) -> bool:
    """Tell whether evening times are at quarters of an hour, and of one or two neighbouring hours."""
    return (
        len(minutes) > 0
        and not (minutes % 15).any()
        and int(minutes.max() - minutes.min()) <= 60
        and int(minutes.min()) >= _EARLIEST_MIDNIGHT
    )


def _are_around_midnight(minutes: IntArray) -> bool:
    """Tell the midnights of a zone one hour further east in summer only: they are at 23:00 and at 0:00."""
    return set(np.unique(minutes).tolist()) == {0, 23 * 60}


def _first(days: DateArray, weekday: int) -> np.datetime64:
    first: np.datetime64 = days[weekdays(days) == weekday].min()
    return first
