"""宿泊税 and 入湯税 of one person-night in yen: bands of the table come in, amounts with their bands go out.

Pure. Which body's tax counts is the data's word (`combine` of the municipality's bands): `alone` and `total` stand for
themselves (in `total` the prefecture's part is inside), `add` comes on top of the prefecture's. Without bands of the
municipality the prefecture's count; without either there is no tax. What the table cannot say gives None, never a guess.
Nights that are cancelled have no tax, since nobody lodges: whoever asks leaves them out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from lib import yen
from lib.yen import Yen

# Bodies that have, or have decided on, a tax whose amount the table does not hold: municipality code or prefecture ->
# from which night on nobody here can say. The table was made up in February 2026 (`data/README.md`, gaps).
AMOUNT_UNKNOWN: Mapping[str, dt.date] = {
    "千葉県": dt.date(2026, 2, 1),
    "013960": dt.date(2026, 2, 1),  # 留寿都村
    "014095": dt.date(2026, 2, 1),  # 赤井川村
    "143847": dt.date(2026, 2, 1),  # 湯河原町
    "143821": dt.date(2028, 4, 1),  # 箱根町
}


@dataclass(frozen=True, slots=True)
class Band:
    """One row of the table: what a body takes of a room price (without consumption tax and meals) in lower..upper."""

    body: str
    kind: str
    level: str
    prefecture: str
    municipality_code: str
    lower: int
    upper: int | None
    tax_yen: int | None
    tax_percent: Decimal | None
    cap: int | None
    combine: str
    first: dt.date | None
    last: dt.date | None
    source: str
    confidence: str

    def holds_on(self, night: dt.date) -> bool:
        return (self.first is None or self.first <= night) and (self.last is None or night <= self.last)

    @property
    def words(self) -> str:
        """福岡市 室料20,000円未満 200円, 沖縄県 室料の2%(上限2,000円): the rule as people say it."""
        if self.tax_percent is not None:
            cap = f"（上限{self.cap:,}円）" if self.cap is not None else ""
            return f"{self.body} 室料の{self.tax_percent.normalize():f}%{cap}"
        if self.upper is not None:
            reach = f" 室料{self.upper + 1:,}円未満" if not self.lower else f" 室料{self.lower:,}〜{self.upper:,}円"
        else:
            reach = f" 室料{self.lower:,}円以上" if self.lower else ""
        return f"{self.body}{reach} {self.tax_yen or 0:,}円"


@dataclass(frozen=True, slots=True)
class Levy:
    """What one body takes for the night, and by which band."""

    yen: Yen
    band: Band


def room_only_base(inclusive: int) -> Yen:
    """The price that 宿泊税 is counted on, from a tax-inclusive room price of one person: × 100/110, cut below 1 yen.

    The base is the room alone, without consumption tax and meals (confidence high). That 10 % are inside, and that the
    fraction is cut, are assumptions (medium): no body's rule of rounding was seen. Meals inside the price must be taken
    out before; the portal does not know their part, so with breakfast inside the base is too high.
    """
    return yen.part(inclusive, 100, 110)


def stay_tax(
    bands: Sequence[Band], *, municipality_code: str, prefecture: str, night: dt.date, base: int
) -> tuple[Levy, ...] | None:
    """What each body takes for a night at `base` yen; empty where none does, None where it is not known.

    `bands` may hold other nights, other bodies and 入湯税; they are passed over. `municipality_code` is of the city
    (never of a ward), six digits; empty when the place is not known.
    """
    if not municipality_code:
        return None
    valid = [band for band in bands if band.kind == "stay" and band.holds_on(night)]
    own = [band for band in valid if band.level != "pref" and band.municipality_code == municipality_code]
    wide = [band for band in valid if band.level == "pref" and band.prefecture == prefecture]
    if not own and _is_unknown(municipality_code, night):
        return None
    counted = [own] if own else []
    if not own or own[0].combine == "add":
        if not wide and _is_unknown(prefecture, night):
            return None
        counted += [wide] if wide else []
    levies = [_levy(body, base) for body in counted]
    return None if None in levies else tuple(levy for levy in levies if levy is not None)


def bathing_tax(bands: Sequence[Band], *, municipality_code: str, night: dt.date) -> Levy | None:
    """入湯税 of a night in a house with a mineral bath: the municipality's, else the standard amount; None without a row."""
    valid = [band for band in bands if band.kind == "bathing" and band.holds_on(night)]
    own = [band for band in valid if band.municipality_code == municipality_code]
    standard = [band for band in valid if not band.municipality_code]
    return _levy(own or standard, 0)


def _is_unknown(body: str, night: dt.date) -> bool:
    since = AMOUNT_UNKNOWN.get(body)
    return since is not None and since <= night


def _levy(bands: Sequence[Band], base: int) -> Levy | None:
    for band in bands:
        if band.lower <= base and (band.upper is None or base <= band.upper):
            return Levy(_amount(band, base), band)
    return None


def _amount(band: Band, base: int) -> Yen:
    if band.tax_percent is None:
        amount = Yen(band.tax_yen or 0)
    else:
        share = Fraction(band.tax_percent) / 100
        amount = yen.part(base, share.numerator, share.denominator)
    return amount if band.cap is None else Yen(min(amount, band.cap))
