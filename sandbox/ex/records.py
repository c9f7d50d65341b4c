"""What エクスプレス予約 remembers: members, bookings, and operations as they come into the usage file."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sandbox.clock import at
from sandbox.disruptions import is_stopped
from sandbox.inventory.rail import Ride
from sandbox.messages import Json, Refusal
from sandbox.world import World

MEMBERS, BOOKINGS, OPERATIONS = "ex.members", "ex.bookings", "ex.operations"
FEE_YEN = 320
LAST_PURCHASE = timedelta(minutes=4)
FIRST_NUMBER = 2001
SALE_OPENS = "05:30"


class Records:
    """Verbs over the records. Call them with the state's lock held."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._state = world.state

    def member(self, member_id: str) -> Json | None:
        """A member; an unknown id that begins with 90 becomes one."""
        known = self._state.table(MEMBERS).get(member_id)
        if known is None and member_id.startswith("90"):
            known = {"member_id": member_id, "card_no": f"000000{member_id}", "name_kana": "ミトウロク", "seiri": ""}
            self.add_member(known)
        return known

    def add_member(self, member: Json) -> None:
        """Adds or replaces a member."""
        self._state.write((MEMBERS, member["member_id"], member))

    def members(self) -> list[Json]:
        """All members."""
        return list(self._state.table(MEMBERS).values())

    def bookings(self, member_id: str = "") -> list[Json]:
        """All bookings (of a member), oldest first."""
        return [one for one in self._state.table(BOOKINGS).values() if member_id in ("", one["member_id"])]

    def booking(self, member_id: str, key: str) -> Json:
        """A member's own booking. Raises Refusal NOT_FOUND."""
        booking = self._state.table(BOOKINGS).get(key)
        if booking is None or booking["member_id"] != member_id:
            raise Refusal(404, "NOT_FOUND", "この予約は見つかりません。")
        return booking

    def operations(self) -> list[Json]:
        """All operations, oldest first."""
        return list(self._state.table(OPERATIONS).values())

    def purchase(self, member_id: str, ride: Json, trip_no: str) -> Json:
        """Buys; money is due at once. One row 購入."""
        self.refuse_late(ride)
        key = len(self._state.table(BOOKINGS)) + 1
        booking: Json = {
            "key": key,
            "member_id": member_id,
            "number": self._free_number(member_id),
            "trip_no": trip_no,
            "state": "bought",
            "bought_at": self._world.clock.now().isoformat(),
            "ride": ride,
            "fee_yen": 0,
        }
        self._write(booking, ("購入", ride, ride["price_yen"]))
        return booking

    def change(self, booking: Json, ride: Json) -> Json:
        """Changes to another ride, free of charge. Two rows, 取消 and 購入; the お預かり番号 stays."""
        self.refuse_change(booking)
        self.refuse_late(ride)
        if ride["date"] > _months_later(datetime.fromisoformat(booking["bought_at"]).date(), 3).isoformat():
            raise Refusal(409, "NOT_CHANGEABLE", "変更できるのは、最初の購入から3か月以内の列車です。")
        changed = booking | {"ride": ride}
        old = booking["ride"]
        self._write(changed, ("取消", old, -old["price_yen"]), ("購入", ride, ride["price_yen"]))
        return changed

    def refund(self, booking: Json, expected_fee: int) -> Json:
        """Refunds. 取消 with the whole price, and a row 払戻手数料 with what is kept, if anything is."""
        fee = self.refund_fee(booking)
        if fee != expected_fee:
            raise Refusal(409, "FEE_CHANGED", f"払戻手数料が{fee:,}円に変わりました。もう一度確かめてください。")
        ride = booking["ride"]
        refunded = booking | {"state": "cancelled", "fee_yen": fee}
        kept = [("払戻手数料", ride, fee)] if fee else []
        self._write(refunded, ("取消", ride, -ride["price_yen"]), *kept)
        return refunded

    def refund_fee(self, booking: Json) -> int:
        """What a refund costs now: 320 until departure; then, until the day is over, the express part (自由席: 320)."""
        ride, now = booking["ride"], self._world.clock.now()
        if booking["state"] == "cancelled":
            raise Refusal(409, "ALREADY_CANCELLED", "払戻済みです。")
        if self.is_stopped(ride):
            return 0
        if now >= at(date.fromisoformat(ride["date"]), "24:00"):
            raise Refusal(409, "TOO_LATE", "乗車日を過ぎたため、払戻できません。")
        if now < datetime.fromisoformat(ride["departs_at"]) or ride["seat"] == "nonreserved":
            return FEE_YEN
        return max(FEE_YEN, int(ride["price_yen"]) - int(ride["base_fare_yen"]))

    def refuse_change(self, booking: Json) -> None:
        """Raises Refusal when a booking cannot be changed any more."""
        if booking["state"] == "cancelled":
            raise Refusal(409, "ALREADY_CANCELLED", "払戻済みの予約は変更できません。")
        late = self._world.clock.now() >= datetime.fromisoformat(booking["ride"]["departs_at"])
        if late and not self.is_stopped(booking["ride"]):
            raise Refusal(409, "TOO_LATE", "発車時刻を過ぎたため、変更できません。")

    def is_stopped(self, ride: Json) -> bool:
        """Whether the train does not run on its day."""
        return is_stopped(self._world, "ex", ride["train_name"], ride["date"])

    def refuse_late(self, ride: Json) -> None:
        """Raises Refusal unless on sale: from one year before, 05:30, until 4 minutes before departure."""
        now = self._world.clock.now()
        if self.is_stopped(ride):
            raise Refusal(409, "SOLD_OUT", "この列車は運休になりました。")
        if now > datetime.fromisoformat(ride["departs_at"]) - LAST_PURCHASE:
            raise Refusal(409, "TOO_LATE", "発車4分前を過ぎたため、購入できません。")
        if now < at(_months_later(date.fromisoformat(ride["date"]), -12), SALE_OPENS):
            raise Refusal(409, "NOT_ON_SALE", "乗車日の1年前の5時30分に発売します。")

    def _write(self, booking: Json, *rows: tuple[str, Json, int]) -> None:
        now = self._world.clock.now().isoformat()
        first = len(self._state.table(OPERATIONS)) + 1
        copied = {name: booking[name] for name in ("member_id", "number", "trip_no")}
        changes = [
            (
                OPERATIONS,
                str(serial),
                {"at": now, "kind": kind, "booking": booking["key"], **copied, "ride": ride, "amount_yen": amount},
            )
            for serial, (kind, ride, amount) in enumerate(rows, start=first)
        ]
        self._state.write((BOOKINGS, str(booking["key"]), booking), *changes)

    def _free_number(self, member_id: str) -> str:
        """The lowest number from 2001 that none of the member's rides of today or later carries: numbers come again."""
        today = self._world.clock.today().isoformat()
        taken = {one["number"] for one in self.bookings(member_id) if one["ride"]["date"] >= today}
        number = FIRST_NUMBER
        while str(number) in taken:
            number += 1
        return str(number)


def ride_record(ride: Ride, seat: str, price_yen: int, base_fare_yen: int) -> Json:
    """A ride as it is remembered."""
    return {
        "train_id": ride.train_id,
        "train_name": ride.title,
        "date": ride.day.isoformat(),
        "from": ride.origin,
        "to": ride.destination,
        "departs_at": ride.departs_at.isoformat(),
        "arrives_at": ride.arrives_at.isoformat(),
        "seat": seat,
        "price_yen": price_yen,
        "base_fare_yen": base_fare_yen,
    }


def _months_later(day: date, months: int) -> date:
    """The same day of another month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first_of_next = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (first_of_next - timedelta(days=1)).day))
