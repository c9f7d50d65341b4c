#!/usr/bin/env python3
"""請求書の照合: 費用台帳(CSV)から請求書を計算し直し、請求書データ(JSON)と比べます。

使い方:  python verify_invoice.py 台帳.csv 請求書.json [請求書.json ...]

請求書ごとに「一致」か、はじめに見つかった違いを1つ示します。終了コード: 0 すべて一致、1 違いあり、2 読めない。
Python 3.9以降の標準ライブラリだけで動き、通信はしません。ファイルを書き換えることもありません。
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

SCHEMA = "invoice-twin/1"
JST = dt.timezone(dt.timedelta(hours=9))
DAY = dt.timedelta(days=1)
# A charge that was recorded while a closing ran may be on that invoice or on the next one.
RUNNING = dt.timedelta(minutes=10)
PERCENT = {"standard": 10, "reduced": 8}  # 税込額に含まれる消費税: 10/110、8/108
# Which day of the charge is 請求の基準日, by 基準. What is not listed is agreed otherwise (check_out) or its original's.
RULE_DAY = {
    **dict.fromkeys(["ride_date", "night", "planned_date", "with_subject", "dispatch_date", "agreed_date"], "利用日"),
    "issue_date": "発券日",
    "happened_on": "発生日",
}
# (field of a line, column of the ledger, what a reader calls it)
SAME = (
    ("amount", "金額", "金額"),
    ("kind", "種別コード", "種別"),
    ("tax_class", "税区分", "税区分"),
    ("nature", "取扱い", "取扱い"),
    ("supplier", "手配先", "手配先"),
    ("used_on", "利用日", "利用日"),
    ("occurred_on", "発生日", "発生日"),
    ("billing_on", "請求の基準日", "請求の基準日"),
    ("rule", "基準", "基準"),
    ("relation", "関係", "元の費用との関係"),
    ("person_login", "ログインID", "利用者のログインID"),
    ("trip_number", "出張番号", "出張番号"),
)


class Different(Exception):
    """違い。文がそのまま結果になる。"""


class Unreadable(Exception):
    """ファイルが読めない、または形が違う。"""


@dataclass(frozen=True)
class Closing:
    """One closed period of one office; `number` is None when there was nothing to bill."""

    number: str | None
    first: dt.date
    last: dt.date
    closed_at: dt.datetime


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def moment(text: str) -> dt.datetime:
    return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=dt.timezone.utc)


def fiscal_year(of: dt.date) -> int:
    """年度: 4月1日から翌年3月31日まで。"""
    return of.year if of.month >= 4 else of.year - 1


def shown(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}円"
    return f"「{value}」" if value not in ("", None) else "空"


def same(where: str, found: Any, expected: Any, source: str = "計算") -> None:
    """The one comparison of this script: what the invoice says, and what it should say."""
    if found != expected:
        raise Different(f"{where}: 請求書 {shown(found)}、{source} {shown(expected)}")


def included_tax(amount: int, percent: int, rounding: str) -> int:
    """The tax inside a sum, rounded once: cut towards zero, or to the nearest yen with halves away from zero."""
    whole = 100 + percent
    size = abs(amount) * percent
    tax = (2 * size + whole) // (2 * whole) if rounding == "nearest" else size // whole
    return -tax if amount < 0 else tax


# -- reading ------------------------------------------------------------------------------------------------------------


def read_ledger(path: str) -> dict[str, dict[str, Any]]:
    """The rows of the ledger by 費用ID. A quote mark that only keeps a spreadsheet from running a cell is taken off."""
    rows: dict[str, dict[str, Any]] = {}
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:  # noqa: PTH123
            for row in csv.DictReader(file):
                plain: dict[str, Any] = {
                    name: cell[1:] if cell[:1] == "'" and cell[1:2] in "=+-@\t\r\n＝＋－＠" else cell
                    for name, cell in row.items()
                }
                plain["金額"] = int(plain["金額"])
                plain["記録"] = moment(plain["記録日時"])
                plain["所属の登録"] = moment(plain["所属の登録日時"]) if plain["所属の登録日時"] else None
                for column in ("利用日", "発生日", "請求の基準日"):
                    day(plain[column])
                if plain["費用ID"] in rows:
                    raise Unreadable(f"{path}: 費用ID {plain['費用ID']} が2行あります。")
                rows[plain["費用ID"]] = plain
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"{path}: 費用台帳として読めません({error})。") from error
    return rows


def read_twin(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            twin: dict[str, Any] = json.load(file)
        if twin["schema"] != SCHEMA:
            raise Unreadable(f"{path}: 知らない形式です({twin['schema']})。")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"{path}: 請求書データとして読めません({error})。") from error
    return twin


# -- the whole set: ledger and all given invoices ------------------------------------------------------------------------


class Books:
    """The ledger with the invoices at hand: which closings there were, and on which invoice each charge stands."""

    def __init__(self, rows: dict[str, dict[str, Any]], twins: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.twins = {twin["invoice"]["number"]: twin for twin in twins}
        self.halves = {(row["元の費用ID"], row["関係"]): row for row in rows.values() if row["元の費用ID"]}
        self.places: dict[str, list[str]] = defaultdict(list)
        for twin in twins:
            for line in twin["lines"]:
                self.places[line["charge"]].append(f"{twin['invoice']['number']} の{line['position']}行目")
        self.closings: dict[str, list[Closing]] = {}
        self.contradiction = ""
        for office in {twin["invoice"]["office"]["code"] for twin in twins}:
            self.closings[office] = self._closings_of(office)
        self.missing = self._missing()

    def _closings_of(self, office: str) -> list[Closing]:
        """Every closing of the office that some twin tells of, in the order of closing."""
        found: dict[dt.datetime, Closing] = {}
        for twin in self.twins.values():
            invoice = twin["invoice"]
            if invoice["office"]["code"] != office or invoice["kind"] != "regular":
                continue
            own = {"number": invoice["number"], "closed_at": invoice["closed_at"], **invoice["period"]}
            for told in [*invoice["closings"], own]:
                closing = Closing(told["number"], day(told["first"]), day(told["last"]), moment(told["closed_at"]))
                if found.setdefault(closing.closed_at, closing) != closing:
                    self.contradiction = f"{office} の {closing.last} 締めについて、請求書データどうしが食い違います。"
        return [found[key] for key in sorted(found)]

    def office_of(self, row: dict[str, Any]) -> str:
        """Whose invoice the charge is on: the office of the department on the day of use. What was moved to another
        office afterwards (付替) stays where it was billed, which the half that takes it back names."""
        back = self.halves.get((row["費用ID"], "transfer_out"))
        return str(back["拠点コード"] if back else row["拠点コード"])

    def candidates(self, row: dict[str, Any]) -> tuple[list[Closing], bool]:
        """The closings that may have taken the charge, and whether it must be one of them.

        A closing takes what has its 請求の基準日 not after the last day, and was known: recorded, and its person's
        department registered. So it is the first such closing; with a department registered later, or while a closing
        ran, one of a few.
        """
        back = self.halves.get((row["費用ID"], "transfer_out"))
        known = row["記録"] if self.is_named(row) else max(row["記録"], row["所属の登録"] or row["記録"])
        found: list[Closing] = []
        for closing in self.closings.get(self.office_of(row), []):
            if closing.last < day(row["請求の基準日"]) or closing.closed_at <= row["記録"]:
                continue
            if back and closing.closed_at > back["記録"]:
                break
            found.append(closing)
            if not back and closing.closed_at - RUNNING > known:
                return found, True
        return found, bool(back and found)

    @staticmethod
    def is_named(row: dict[str, Any]) -> bool:
        """Whether the row names its office itself: it has no traveller, or takes a line back from that office."""
        return row["関係"] == "transfer_out" or not row["ログインID"]

    def _missing(self) -> dict[str, str]:
        """Charges that stand on none of the invoices at hand although one of these should have them: number → first."""
        missing: dict[str, str] = {}
        for key, row in self.rows.items():
            is_one_off = row["種別コード"] == "one_off" and not row["関係"]
            if key in self.places or row["支払"] != "lump" or not row["拠点コード"] or is_one_off:
                continue
            found, must = self.candidates(row)
            numbers = [closing.number for closing in found if closing.number]
            if not must or any(number not in self.twins for number in numbers):
                continue
            office = self.closings[self.office_of(row)]
            given = [closing.number for closing in office if closing.number in self.twins]
            text = f"台帳の費用 {key}({row['利用日']} {row['内容']} {shown(row['金額'])})が、請求書にありません"
            missing.setdefault((numbers or given)[-1] or "", text)
        return missing


# -- one invoice ---------------------------------------------------------------------------------------------------------


def verify(books: Books, twin: dict[str, Any]) -> list[str]:
    """Compare one invoice with the ledger. Raises Different; returns what could not be checked."""
    invoice, lines = twin["invoice"], twin["lines"]
    if books.contradiction:
        raise Different(books.contradiction)
    remarks: list[str] = []
    for position, line in enumerate(lines, 1):
        where = f"明細{line['position']}行目(費用 {line['charge']})"
        same("行番号", line["position"], position)
        if len(books.places[line["charge"]]) > 1:
            raise Different(f"{where}: 同じ費用が2回あります({'、'.join(books.places[line['charge']])})")
        row = books.rows.get(line["charge"])
        if row is None:
            raise Different(f"{where}: 台帳にこの費用がありません(台帳の期間と拠点を確かめてください)")
        for field, column, word in SAME:
            same(f"{where}の{word}", line[field], row[column], "台帳")
        if row["支払"] != "lump":
            raise Different(f"{where}: 本人立替(支払 {row['支払']})なので、請求書に載りません")
        check_relation(books, where, row)
        check_day(where, row)
        remarks += check_office(books, invoice, where, line, row)
        check_marks(books, invoice, where, line)
    if invoice["number"] in books.missing:
        raise Different(books.missing[invoice["number"]])
    check_head(invoice)
    check_sums(twin)
    return [*dict.fromkeys(remarks), *check_carried(books, invoice)]


def check_relation(books: Books, where: str, row: dict[str, Any]) -> None:
    """取消と付替は元の費用と同額(取消と、元の拠点から引く半分は反対の符号)。税区分と取扱いは、訂正も元と同じ。"""
    if not row["元の費用ID"]:
        return
    origin = books.rows.get(row["元の費用ID"])
    if origin is None:
        raise Different(f"{where}: 元の費用 {row['元の費用ID']} が台帳にありません")
    columns = ["税区分", "取扱い", "ログインID", *([] if row["関係"] == "correction" else ["利用日"])]
    for column in columns:
        same(f"{where}の{column}(元の費用と同じはず)", row[column], origin[column], "元の費用")
    sign = {"reversal": -1, "transfer_out": -1, "transfer_in": 1}.get(row["関係"])
    if sign:
        same(f"{where}の金額(元の費用に対して)", row["金額"], sign * origin["金額"], "元の費用から")
    if row["基準"] == "as_original":
        same(f"{where}の請求の基準日(元の費用と同じ日)", row["請求の基準日"], origin["請求の基準日"], "元の費用")


def check_day(where: str, row: dict[str, Any]) -> None:
    """請求の基準日は、基準が指す日。"""
    if row["基準"] in RULE_DAY:
        column = RULE_DAY[row["基準"]]
        same(f"{where}の請求の基準日({column}と同じはず)", row["請求の基準日"], row[column], column)


def check_office(
    books: Books, invoice: dict[str, Any], where: str, line: dict[str, Any], row: dict[str, Any]
) -> list[str]:
    """利用日の所属の拠点が、この請求書の拠点。締めたときに分かっていた費用で、前の締めで請求すべきだったものではない。"""
    office = invoice["office"]["code"]
    back, forth = (books.halves.get((row["費用ID"], half)) for half in ("transfer_out", "transfer_in"))
    if not books.is_named(row):
        if not row["拠点コード"] or not row["所属の初日"]:
            raise Different(f"{where}: 利用日 {row['利用日']} の所属が台帳にありません")
        used_on, last = day(row["利用日"]), row["所属の末日"]
        if used_on < day(row["所属の初日"]) or (last and used_on > day(last)):
            raise Different(f"{where}: 利用日 {row['利用日']} が所属の期間({row['所属の初日']}–{last})の外です")
    if bool(back) != bool(forth):
        raise Different(f"{where}: 付替の片方だけが台帳にあります")
    if back and forth:
        same(f"{where}の付替先の拠点", forth["拠点コード"], row["拠点コード"], "利用日の所属")
    if invoice["kind"] != "regular":
        same(f"{where}の拠点", office, row["拠点コード"], "台帳")
        return []
    closed_at = moment(invoice["closed_at"])
    moved_late = not books.is_named(row) and not back and row["所属の登録"] and row["所属の登録"] > closed_at
    if moved_late and row["拠点コード"] != office:
        # The move was keyed in after this closing: the next closing of the office transfers the charge.
        later = [
            c for c in books.closings[office] if c.closed_at > row["所属の登録"] and c.last >= day(row["請求の基準日"])
        ]
        if later or row["記録"] > closed_at:
            raise Different(
                f"{where}の拠点: 請求書「{office}」、利用日の所属「{row['拠点コード']}」で、付替もありません"
            )
        return ["締めの後に所属が変わった費用があります。次の締めで付替になります。"]
    same(f"{where}の拠点", office, books.office_of(row), "利用日の所属")
    if not (back or moved_late or books.is_named(row)):
        same(f"{where}の所属", line["department_code"], row["所属コード"], "台帳")
    if row["請求の基準日"] > invoice["period"]["last"]:
        raise Different(
            f"{where}: 請求の基準日 {row['請求の基準日']} が、期間の末日 {invoice['period']['last']} より後です"
        )
    found, _ = books.candidates(row)
    if invoice["number"] not in [closing.number for closing in found]:
        due = "、".join(f"{closing.last}締め({closing.number})" for closing in found) or "この締めより後"
        raise Different(f"{where}: この請求書ではなく、{due}で請求する費用です")
    return []


def check_marks(books: Books, invoice: dict[str, Any], where: str, line: dict[str, Any]) -> None:
    """前の期間のものは、その期間の末日を「late_for」に持つ。年度は請求の基準日の年度。"""
    first = day(invoice["period"]["first"])
    billing_on, used_on = day(line["billing_on"]), day(line["used_on"])
    belongs = billing_on if billing_on < first else used_on if line["rule"] == "happened_on" else first
    late_for = line["late_for"] and day(line["late_for"])
    if invoice["kind"] == "regular":
        if belongs >= first:
            same(f"{where}の前の期間の末日", line["late_for"], None)
        else:
            lasts = [c.last for c in books.closings[invoice["office"]["code"]] if c.first <= belongs <= c.last]
            if late_for is None or not belongs <= late_for < first or (lasts and late_for not in lasts):
                raise Different(
                    f"{where}の前の期間の末日: 請求書 {shown(line['late_for'])}、{belongs} を含む期間のはず"
                )
    same(f"{where}の年度", str(line["part"]), str(fiscal_year(billing_on)))
    marks = [
        *(["返還"] if line["amount"] < 0 else []),
        *(["訂正"] if line["kind"] == "correction" else []),
        *(["付替"] if line["relation"].startswith("transfer") else []),
        *([f"{late_for.month}月利用分"] if late_for else []),
    ]
    same(f"{where}の区分", " ".join(line["marks"]), " ".join(marks))


def check_head(invoice: dict[str, Any]) -> None:
    """期間は前の締めから途切れない。番号と年度は末日の年度。一時費用の請求書は、別の番号の列。"""
    if invoice["kind"] != "regular":
        return
    first, last = day(invoice["period"]["first"]), day(invoice["period"]["last"])
    before = [day(told["last"]) for told in invoice["closings"] if day(told["last"]) < last]
    if before and first != max(before) + DAY:
        raise Different(f"期間の初日: 請求書「{first}」、前の締めの末日の翌日「{max(before) + DAY}」")
    same("年度", str(invoice["fiscal_year"]), str(fiscal_year(last)))
    same("請求書番号の年度", invoice["number"].split("-")[0], str(fiscal_year(last)))
    closed_on = moment(invoice["closed_at"]).astimezone(JST).date()
    if closed_on <= last:
        raise Different(f"期間の末日 {last} が過ぎる前({closed_on})に締められています")


def check_sums(twin: dict[str, Any]) -> None:
    """明細から計算し直した合計、税率ごとの消費税額(1回だけ端数処理)、立替金、年度・所属・予算区分ごとの計。"""
    invoice, lines = twin["invoice"], twin["lines"]
    total = sum(line["amount"] for line in lines)
    same("明細の件数", str(twin["sums"]["count"]), str(len(lines)))
    same("明細の合計", twin["sums"]["total"], total)
    same("今回計", invoice["total"], total)
    # 立替金は、発行者の消費税の計算に入れない。
    groups = grouped(lines, lambda line: "advance" if line["nature"] == "advance" else line["tax_class"])
    groups.setdefault("standard", (0, 0))
    told = {row["group"]: row for row in invoice["taxes"]}
    same("税区分の内訳の行", "、".join(sorted(told)), "、".join(sorted(groups)))
    tax = 0
    for group, (count, amount) in groups.items():
        label = told[group]["label"]
        same(f"{label}の件数", str(told[group]["count"]), str(count))
        same(f"{label}の金額", told[group]["amount"], amount)
        expected = included_tax(amount, PERCENT[group], invoice["rounding"]) if group in PERCENT else None
        same(f"{label}の消費税額", told[group]["tax"], expected)
        tax += expected or 0
    same("消費税額の計", invoice["tax"], tax)
    advances = [line for line in lines if line["nature"] == "advance"]
    departments = [line for line in lines if line["department_code"]]
    compare("年度", invoice["parts"], "fiscal_year", grouped(lines, lambda line: line["part"]))
    compare("所属", invoice["departments"], "code", grouped(departments, lambda line: line["department_code"]))
    compare("予算区分", invoice["budgets"], "code", grouped(lines, lambda line: line["budget_code"]))
    compare("立替金の手配先", invoice["advances"], "supplier", grouped(advances, lambda line: line["supplier_name"]))
    people = Counter(code for code, _ in {(line["department_code"], line["person_login"]) for line in departments})
    for row in invoice["departments"]:
        same(f"所属 {row['code']} の人数", str(row["people"]), str(people[row["code"]]))


def grouped(lines: Iterable[dict[str, Any]], key: Any) -> dict[Any, tuple[int, int]]:
    """Count and sum of the lines per key."""
    sums: dict[Any, tuple[int, int]] = {}
    for line in lines:
        count, amount = sums.get(key(line), (0, 0))
        sums[key(line)] = (count + 1, amount + line["amount"])
    return sums


def compare(word: str, told: list[dict[str, Any]], name: str, expected: dict[Any, tuple[int, int]]) -> None:
    found: dict[Any, tuple[int, int]] = {}
    for row in told:
        count, amount = found.get(row[name], (0, 0))
        found[row[name]] = (count + row["count"], amount + row["amount"])
    for key in sorted({*found, *expected}, key=str):
        (told_count, told_amount), (count, amount) = found.get(key, (0, 0)), expected.get(key, (0, 0))
        same(f"{word} {key or '(なし)'} の計", told_amount, amount)
        same(f"{word} {key or '(なし)'} の件数", str(told_count), str(count))


def check_carried(books: Books, invoice: dict[str, Any]) -> list[str]:
    """前回繰越は、前回の請求書が△(マイナス)で終わったときの、その額。ご請求金額は今回計との合計。"""
    before = invoice["carried_from"]
    same("前回繰越", invoice["carried"], min(0, before["payable"]) if before else 0)
    same("ご請求金額", invoice["payable"], invoice["total"] + invoice["carried"])
    if before is None:
        return []
    twin = books.twins.get(before["number"])
    if twin is None:
        return [f"前の請求書 {before['number']} がないので、前回繰越は請求書データの中だけで確かめました。"]
    same(f"前の請求書 {before['number']} のご請求金額", before["payable"], twin["invoice"]["payable"], "その請求書")
    return []


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        print(__doc__)
        return 2
    try:
        rows, twins = read_ledger(arguments[0]), [read_twin(path) for path in arguments[1:]]
        books = Books(rows, twins)
    except Unreadable as error:
        print(error)
        return 2
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        print(f"請求書データの形が違います({type(error).__name__}: {error})。")
        return 2
    worst = 0
    for twin in sorted(twins, key=lambda twin: str(twin["invoice"]["number"])):
        invoice = twin["invoice"]
        name = (
            f"{invoice['number']} {invoice['office']['name']} {invoice['period']['first']}–{invoice['period']['last']}"
        )
        try:
            remarks = verify(books, twin)
        except Different as difference:
            print(f"{name}: 不一致 {difference}")
            worst = max(worst, 1)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            print(f"{name}: 請求書データの形が違います({type(error).__name__}: {error})。")
            worst = 2
        else:
            print(f"{name}: 一致({len(twin['lines'])}件 {invoice['payable']:,}円)")
            for remark in remarks:
                print(f"  {remark}")
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
