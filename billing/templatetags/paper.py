"""Filters of documents on paper: figures with △, days without a weekday, days of tables."""

import datetime as dt

from django import template
from django.utils.html import format_html

from lib import jst

register = template.Library()


@register.filter
def paper_yen(amount: int) -> str:
    """76,340; △14,330 below zero, as accounts on paper show it. The unit stands in the head of the table."""
    return f"△{-amount:,}" if amount < 0 else f"{amount:,}"


@register.filter
def plain_day(day: dt.date, after: dt.date | None = None) -> str:
    """2026年12月9日; without the year behind a day of the same year."""
    return f"{day.month}月{day.day}日" if after and after.year == day.year else f"{day.year}年{day.month}月{day.day}日"


@register.filter
def weekday_word(day: dt.date) -> str:
    """月 … 日."""
    return jst.weekday(day)


@register.filter
def table_day(day: dt.date) -> str:
    """12/09 水."""
    return f"{day:%m/%d} {jst.weekday(day)}"


@register.filter
def account(bank: str) -> str:
    """The bank account with its kind and number (普通 1234567) kept on one line."""
    before, *rest = bank.rsplit(" ", 2)
    return format_html('{} <span class="nowrap">{} {}</span>', before, *rest) if len(rest) == 2 else bank
