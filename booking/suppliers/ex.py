"""エクスプレス予約 (法人, E予約専用): reached by hand-off and by its usage file; no booking interface exists.

The usage file is the 「ご利用実績データ」 of the corporate site: CSV, Shift_JIS (cp932), columns as documented by JR東海
エクスプレス・カード. A change stands there as 取消 and 購入; nothing in it amends an earlier row.
"""

import csv
import datetime as dt
import io
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from booking.suppliers.errors import Refused
from booking.suppliers.types import BadLine, CancelStep, CopyValue, FeedLine, Link, Offer, Ride
from lib import jst

REQUIRED = ("操作日時", "操作", "個人会員番号", "お預かり番号", "乗車日", "出発駅", "到着駅", "金額")
# When the file or the row was made, in whichever of these columns stands: the documented file has neither.
ISSUED = ("データ作成日時", "発行日時")
OPERATIONS = {"購入": "purchase", "取消": "refund", "払戻手数料": "fee"}
# 払戻手数料 of EX予約サービス, per person and way (expy.jp FAQ 1046).
REFUND_FEE = 320
NUMBER = re.compile(r"[0-9]{4,6}")
DATE_FORMATS = ("%Y/%m/%d", "%Y-%m-%d")


class Ex:
    """The adapter."""

    # Whose trains of the timetable are sold here, ticketless.
    seller = "ex"
    number_label = "お預かり番号"
    number_hint = "EX の完了画面と確認メールにある数字です（例:2001）。"

    def __init__(self, link: Link) -> None:
        self.site_url = link.site_url

    def candidate(self, ride: Ride, *, price: int | None, basis: str) -> Offer:
        """A train of the timetable as an offer: an estimate, since only EX itself knows seats and its own price.

        Terms of EX予約サービス: change free until departure, refund 320 yen before it; after it the reserved part is kept,
        by a table of EX that the portal does not have, so that the price stands for it.
        """
        after = CancelStep(None, price, "発車後は区間ごとの特定額") if price is not None else None
        return Offer(
            supplier="ex",
            title=ride.service,
            detail="普通車指定席",
            price=price,
            is_estimate=True,
            basis=basis,
            rides=[ride],
            steps=[CancelStep(ride.departs, REFUND_FEE, "払戻手数料"), *([after] if after else [])],
            change_words="変更 発車前 無料",
            cancel_words=f"取消 {REFUND_FEE}円",
            seats="EXで確認",
            ticket_form="ICカード",
            changeable=True,
        )

    def values(self, offer: Offer, *, trip_number: str, member: str, name: str) -> Sequence[CopyValue]:
        """What the person types into EX."""
        ride = offer.rides[0]
        day = jst.day_of(ride.departs)
        return [
            CopyValue("乗車日", jst.long_day(day)),
            CopyValue("区間", f"{ride.from_name} → {ride.to_name}"),
            CopyValue(
                "列車",
                ride.service,
                f"{ride.from_name} {jst.clock_time(ride.departs)} 発、{ride.to_name} {jst.clock_time(ride.arrives)} 着",
            ),
            CopyValue("設備", offer.detail),
            CopyValue("出張番号", trip_number, "この出張と結びつけるため、必ず入れてください"),
            CopyValue(
                "会員ID", member or "未登録", name if member else "会員IDが登録されていません。窓口へ連絡してください"
            ),
        ]

    def check_number(self, text: str) -> str:
        """The number without separators. Raises Refused for a number that cannot be."""
        plain = text.strip()
        if not NUMBER.fullmatch(plain):
            raise Refused(
                "お預かり番号は4桁から6桁の数字です。EX の完了画面を確かめて入力してください。", code="BAD_NUMBER"
            )
        return plain

    def read_feed(self, content: bytes) -> Iterator[FeedLine | BadLine]:
        """Lines of the usage file in file order. Raises Refused when it is no such file at all."""
        rows = csv.DictReader(io.StringIO(_decode(content), newline=""))
        try:
            missing = [name for name in REQUIRED if name not in (rows.fieldnames or ())]
            if missing:
                raise Refused(
                    f"利用実績の列が足りません（{'、'.join(missing)}）。EX の「ご利用実績データ」のファイルを選んでください。",
                    code="COLUMNS",
                )
            yield from map(_read, itertools.count(2), rows)
        except csv.Error as error:
            raise Refused(
                "CSV として読み取れません。EX からダウンロードしたファイルを選んでください。", code="CSV"
            ) from error


def _read(number: int, row: Mapping[str, Any]) -> FeedLine | BadLine:
    raw = {name: (value or "").strip() for name, value in row.items() if name and not isinstance(value, list)}
    try:
        return _line(number, raw)
    except ValueError as error:
        return BadLine(number, str(error), raw)


def _decode(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "cp932", errors="strict")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise Refused(
            "文字コードが Shift_JIS ではありません。EX からダウンロードしたファイルを、開いて保存し直さずに選んでください。",
            code="ENCODING",
        )
    return text


def _line(number: int, raw: Mapping[str, str]) -> FeedLine:
    operation = OPERATIONS.get(raw["操作"])
    if operation is None:
        raise ValueError(f"操作「{raw['操作']}」は扱えません。")
    amount = raw["金額"].replace(",", "")
    if not re.fullmatch(r"-?[0-9]{1,7}", amount):
        raise ValueError(f"金額「{raw['金額']}」を読み取れません。")
    if not NUMBER.fullmatch(raw["お預かり番号"]):
        raise ValueError(f"お預かり番号「{raw['お預かり番号']}」を読み取れません。")
    member = re.sub(r"[^0-9]", "", raw["個人会員番号"])
    if not member:
        raise ValueError("個人会員番号がありません。")
    yen = abs(int(amount))
    issued = next(((name, raw[name]) for name in ISSUED if raw.get(name)), None)
    return FeedLine(
        line=number,
        operation=operation,
        member=member,
        number=raw["お預かり番号"],
        trip_number=raw.get("出張番号", "").upper(),
        operated_at=_moment("操作日時", raw["操作日時"]),
        used_on=_day(raw["乗車日"]),
        service=raw.get("列車名", ""),
        from_name=raw["出発駅"],
        to_name=raw["到着駅"],
        departs=raw.get("出発時刻", ""),
        arrives=raw.get("到着時刻", ""),
        amount=-yen if operation == "refund" else yen,
        raw=raw,
        issued_at=_moment(*issued) if issued else None,
    )


def _day(text: str) -> dt.date:
    for pattern in DATE_FORMATS:
        try:
            return dt.datetime.strptime(text, pattern).date()  # noqa: DTZ007  a day in Japan
        except ValueError:
            continue
    raise ValueError(f"日付「{text}」を読み取れません。")


def _moment(name: str, text: str) -> dt.datetime:
    day, _, time = text.partition(" ")
    match = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::[0-9]{2})?", time)
    if not match:
        raise ValueError(f"{name}「{text}」を読み取れません。")
    return jst.at(_day(day), int(match[1]), int(match[2]))
