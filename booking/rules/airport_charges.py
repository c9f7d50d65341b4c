"""旅客施設使用料 (PSFC) of one flight: departing and arriving airport, each by its own rule of dates; adult, tax included.

Pure. A charge that counts by day of issue leaves tickets issued before its first day at the older charge, whenever they
fly; one that counts by day of flight does not ask for the ticket. What the table cannot say gives None.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lib.yen import Yen

# Airports that charge since the day, without an amount in the table (`data/README.md`, gaps).
AMOUNT_UNKNOWN: Mapping[str, dt.date] = {"SHM": dt.date(2023, 11, 1)}


@dataclass(frozen=True, slots=True)
class AirportFee:
    """One row of an airport's charge: both days inclusive, None = open; `by_issue`: counts by the ticket's day of issue."""

    airport: str
    yen: int
    first: dt.date | None
    last: dt.date | None
    by_issue: bool

    def has_begun(self, issued_on: dt.date, flown_on: dt.date) -> bool:
        day = min(issued_on, flown_on) if self.by_issue else flown_on
        return self.first is None or self.first <= day


def airport_fee(airport: str, fees: Sequence[AirportFee], *, issued_on: dt.date, flown_on: dt.date) -> Yen | None:
    """What one use of the airport costs; 0 where no charge is known at all, None where there is one of unknown amount.

    `fees` are all rows of the airport, of every day. The newest row that has begun counts; one that has ended counts only
    for a ticket that its successor leaves alone.
    """
    own = sorted((fee for fee in fees if fee.airport == airport), key=lambda fee: fee.first or dt.date.min)
    if not own:
        since = AMOUNT_UNKNOWN.get(airport)
        return None if since is not None and since <= flown_on else Yen(0)
    begun = [fee for fee in own if fee.has_begun(issued_on, flown_on)]
    if not begun:
        return None
    newest = begun[-1]
    if newest is own[-1] and newest.last is not None and newest.last < flown_on:
        return None
    return Yen(newest.yen)


def flight_fee(
    origin: str, destination: str, fees: Sequence[AirportFee], *, issued_on: dt.date, flown_on: dt.date
) -> Yen | None:
    """Both airports of a flight together; None when either is not known."""
    ends = [airport_fee(airport, fees, issued_on=issued_on, flown_on=flown_on) for airport in (origin, destination)]
    known = [end for end in ends if end is not None]
    return Yen(sum(known)) if len(known) == len(ends) else None
