"""Days and times as people in Japan read them."""

import datetime as dt

import jpholiday

from lib.clock import JST

WEEKDAYS = "月火水木金土日"


def local(moment: dt.datetime) -> dt.datetime:
    """The moment in Asia/Tokyo."""
    return moment.astimezone(JST)


def at(day: dt.date, hour: int = 0, minute: int = 0) -> dt.datetime:
    """A moment given by a day and a time in Japan."""
    return dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=JST)


def day_of(moment: dt.datetime) -> dt.date:
    """The calendar day in Japan on which the moment falls."""
    return local(moment).date()


def weekday(day: dt.date) -> str:
    """月 … 日."""
    return WEEKDAYS[day.weekday()]


def short_day(day: dt.date) -> str:
    """12月10日(木)."""
    return f"{day.month}月{day.day}日({weekday(day)})"


def long_day(day: dt.date) -> str:
    """2026年12月10日(木)."""
    return f"{day.year}年{short_day(day)}"


def day_range(first: dt.date, last: dt.date) -> str:
    """12月10日(木)–11日(金); a single day when both are the same."""
    if first == last:
        return short_day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{short_day(first)}–{last.day}日({weekday(last)})"
    return f"{short_day(first)}–{short_day(last)}"


def clock_time(moment: dt.datetime) -> str:
    """10:40 in Japan."""
    return local(moment).strftime("%H:%M")


def short_moment(moment: dt.datetime) -> str:
    """11月24日(火) 10:42 in Japan."""
    return f"{short_day(day_of(moment))} {clock_time(moment)}"


def is_holiday(day: dt.date) -> bool:
    """A public holiday of Japan (weekends are not)."""
    return bool(jpholiday.is_holiday(day))


def is_business_day(day: dt.date) -> bool:
    """Monday to Friday, no public holiday, not 12/29-1/3."""
    return day.weekday() < 5 and not is_holiday(day) and (day.month, day.day) not in YEAR_END


YEAR_END = frozenset({(12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3)})


def next_business_day(day: dt.date) -> dt.date:
    """The day itself, or the first business day after it."""
    while not is_business_day(day):
        day += dt.timedelta(days=1)
    return day


def fiscal_year(day: dt.date) -> int:
    """年度: 1 April to 31 March, named by the year in which it begins."""
    return day.year if day.month >= 4 else day.year - 1
