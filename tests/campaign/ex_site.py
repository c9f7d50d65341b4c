"""The supplier's own site as a person uses it: buys a ride with the trip number, changes it, and gives it back."""

import datetime as dt
import html
import re
from dataclasses import dataclass

import httpx

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


class NotBought(Exception):
    """No seat, too late, or the site said no."""


@dataclass(frozen=True)
class Bought:
    """What the person came away with."""

    number: str
    price: int
    page: str


class ExSite:
    """One member, signed in."""

    def __init__(self, url: str, member: str) -> None:
        self.client = httpx.Client(base_url=url, follow_redirects=True, timeout=15)
        self.client.post("/ex/login", data={"member_id": member, "password": "sandbox"})

    def buy(self, *, day: dt.date, origin: str, destination: str, at: str, trip_number: str) -> Bought:
        """The first train from a time on with a seat. Raises NotBought."""
        asked = {"date": day.isoformat(), "from": origin, "to": destination, "time": at}
        return self._take("/ex/purchase", asked, {"trip_no": trip_number})

    def change(self, bought: Bought, *, day: dt.date, origin: str, destination: str, at: str) -> Bought:
        """Another train instead, the first from a time on with a seat; the number stays. Raises NotBought."""
        asked = {"date": day.isoformat(), "from": origin, "to": destination, "time": at}
        return self._take("/ex/change", {**asked, "change": bought.page.rpartition("/")[2]}, {})

    def _take(self, address: str, asked: dict[str, str], more: dict[str, str]) -> Bought:
        offers = re.findall(r'href="(/ex/reserve\?[^"]+)"', self.client.get("/ex/search", params=asked).text)
        if not offers:
            raise NotBought
        reserve = self.client.get(html.unescape(offers[0]))
        price = re.search(r"<dt>金額</dt><dd>([0-9,]+)円", reserve.text.rpartition("変更後")[2])
        confirm = self.client.post("/ex/confirm", data={**_hidden(reserve), **more})
        done = self.client.post(address, data=_hidden(confirm))
        number = re.search(r'id="azukari">(\d+)<', done.text)
        if number is None or price is None or not done.url.path.startswith("/ex/bookings/"):
            raise NotBought
        return Bought(number[1], int(price[1].replace(",", "")), done.url.path)

    def refund(self, bought: Bought) -> int:
        """Give it back; the fee in yen. Raises NotBought when that is not possible any more."""
        page = self.client.get(f"{bought.page}/refund")
        fields = _hidden(page)
        if "fee" not in fields:
            raise NotBought
        self.client.post(f"{bought.page}/refund", data=fields)
        return int(fields["fee"])


def _hidden(page: httpx.Response) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in HIDDEN.findall(page.text)}
