"""ご利用実績データ: the corporation's usage file, one row per operation."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime
from typing import Any

from sandbox.messages import Json

DEPARTMENT_NO = "0000-0000-0000-0001"
COLUMNS = (
    *(
        "操作日時",
        "操作",
        "部署会員番号",
        "個人会員番号",
        "会員種別",
        "会員氏名",
        "出張番号",
        "整理番号",
        "受付箇所",
        "お預かり番号",
    ),
    *("乗車日", "出発駅", "到着駅", "金額", "運賃種別", "列車名", "座席種別", "出発時刻", "到着時刻", "ステータス"),
)
SEATS = {"reserved": "普通", "nonreserved": "自由", "green": "グリーン"}


def usage_file(operations: list[Json], members: list[Json], bookings: list[Json], now: datetime) -> bytes:
    """The file in cp932 with CRLF. The status of a ride is that of `now`."""
    by_id = {member["member_id"]: member for member in members}
    by_key = {booking["key"]: booking for booking in bookings}
    last_purchase = {row["booking"]: number for number, row in enumerate(operations) if row["kind"] == "購入"}
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for number, row in enumerate(operations):
        live = last_purchase.get(row["booking"]) == number and by_key[row["booking"]]["state"] == "bought"
        status = _status(row["ride"], now) if live and row["kind"] == "購入" else ""
        writer.writerow(_cells(row, by_id[row["member_id"]], status))
    return out.getvalue().encode("cp932", errors="replace")


def _cells(row: Json, member: Json, status: str) -> list[Any]:
    ride = row["ride"]
    at, day = datetime.fromisoformat(row["at"]), date.fromisoformat(ride["date"])
    name, number = re.fullmatch(r"(\D+)(\d+)号", ride["train_name"]).groups()  # type: ignore[union-attr]
    return [
        f"{at.year}/{at.month}/{at.day} {at.hour}:{at.minute:02d}",
        row["kind"],
        DEPARTMENT_NO,
        "-".join(re.findall(r"\d{4}", member["card_no"])),
        "02",
        member["name_kana"],
        row["trip_no"],
        member["seiri"],
        "PC",
        row["number"],
        f"{day.year}/{day.month}/{day.day}",
        ride["from"],
        ride["to"],
        row["amount_yen"],
        "払戻手数料" if row["kind"] == "払戻手数料" else "EX予約",
        f"{name}{int(number):03d}",
        SEATS[ride["seat"]],
        ride["departs_at"][11:16],
        ride["arrives_at"][11:16],
        status,
    ]


def _status(ride: Json, now: datetime) -> str:
    """Everybody rides what they bought: 入場 from departure, 出場 from arrival."""
    if now >= datetime.fromisoformat(ride["arrives_at"]):
        return "出場"
    return "入場" if now >= datetime.fromisoformat(ride["departs_at"]) else ""
