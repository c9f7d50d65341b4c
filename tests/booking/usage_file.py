"""A usage file of エクスプレス予約 as the sandbox writes it, row by row."""

import csv
import datetime as dt
import io

from booking.models import Charge, FeedRow, Reservation
from lib import clock, jst
from sandbox.ex.usage import COLUMNS

MEMBER = "0000-0090-1000-0001"


def row(**cells: str | int) -> dict[str, str]:
    """One row with what every row has."""
    plain = {
        "部署会員番号": "0000-0000-0000-0001", "会員種別": "02", "会員氏名": "シケン タロウ", "受付箇所": "PC",
        "運賃種別": "EX予約", "座席種別": "普通", "個人会員番号": MEMBER,
    }  # fmt: skip
    return {**plain, **{name: str(value) for name, value in cells.items()}}


def purchase(
    ride: Reservation, *, number: str = "2001", amount: int | None = None, operation: str = "購入", day: int = 0,
    **more: str | int,
) -> dict[str, str]:  # fmt: skip
    """A ride of the portal as the supplier reports it, bought today; `day` moves the ride by days."""
    segment = ride.segments.get()
    now, on = clock.now().astimezone(clock.JST), segment.travel_on + dt.timedelta(days=day)
    assert ride.price is not None
    cells: dict[str, str | int] = {
        "操作日時": f"{now.year}/{now.month}/{now.day} 9:05",
        "操作": operation,
        "出張番号": ride.trip.number,
        "お預かり番号": number,
        "乗車日": f"{on.year}/{on.month}/{on.day}",
        "出発駅": segment.from_name,
        "到着駅": segment.to_name,
        "金額": ride.price if amount is None else amount,
        "列車名": "のぞみ021",
        "出発時刻": jst.clock_time(segment.departs),
        "到着時刻": jst.clock_time(segment.arrives),
    }
    return row(**{**cells, **more})


def usage_file(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS, encoding: str = "cp932") -> bytes:
    """The file, with a header row and CRLF."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def states(rows: list[FeedRow]) -> list[str]:
    """What became of the rows."""
    return [row.state for row in rows]


def ledger() -> list[tuple[str, int]]:
    """Every charge, in the order of recording."""
    return list(Charge.objects.order_by("pk").values_list("kind", "amount"))


def refund(ride: Reservation, amount: int, **more: str | int) -> dict[str, str]:
    """The refund of `amount` yen."""
    return purchase(ride, amount=-amount, operation="取消", **more)


def fee(ride: Reservation, amount: int = 320, **more: str | int) -> dict[str, str]:
    """What was kept of a refund."""
    return purchase(ride, amount=amount, operation="払戻手数料", **more)
