"""Periods of days or calendar months from a first moment, by arithmetic alone.

A month later is the same day of the month at the same time of day (UTC); where the month is too
short, its last day. Days are counted from 1970-01-01 as in the proleptic Gregorian calendar
(H. Hinnant, "chrono-compatible low-level date algorithms").
"""

from __future__ import annotations

from enum import IntEnum

from chain.rules import DAY_MS


class Unit(IntEnum):
    DAYS = 1
    MONTHS = 2


DAYS_PER_ERA = 146_097
"""400 years."""


def date_of(day: int) -> tuple[int, int, int]:
    """Year, month (1 to 12) and day of the month, of a day since 1970-01-01."""
    shifted = day + 719_468  # from 0000-03-01, so that a leap day ends a year
    era, of_era = divmod(shifted, DAYS_PER_ERA)
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    of_month = of_year - (153 * month + 2) // 5 + 1
    calendar = month + 3 if month < 10 else month - 9
    return year + era * 400 + (calendar <= 2), calendar, of_month


def day_number(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 of a date."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * DAYS_PER_ERA + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def days_in(year: int, month: int) -> int:
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    return day_number(*following, 1) - day_number(year, month, 1)


def period_start(start_ms: int, unit: int, every: int, period: int) -> int:
    """When period `period` (from 0) begins."""
    if unit == Unit.DAYS:
        return start_ms + period * every * DAY_MS
    day, rest = divmod(start_ms, DAY_MS)
    year, month, of_month = date_of(day)
    years, month0 = divmod(month - 1 + period * every, 12)
    year += years
    of_month = min(of_month, days_in(year, month0 + 1))
    return day_number(year, month0 + 1, of_month) * DAY_MS + rest


def period_at(start_ms: int, unit: int, every: int, time_ms: int) -> int:
    """The period that a moment is in; -1 before the first."""
    if time_ms < start_ms:
        return -1
    if unit == Unit.DAYS:
        return (time_ms - start_ms) // (every * DAY_MS)
    year, month, _ = date_of(start_ms // DAY_MS)
    now_year, now_month, _ = date_of(time_ms // DAY_MS)
    period = ((now_year - year) * 12 + now_month - month) // every
    return period - (period_start(start_ms, unit, every, period) > time_ms)
