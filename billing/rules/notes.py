"""備考 of an invoice: only what its lines need."""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from billing.rules.days import CORRECTION_MARK, REFUND_MARK, TRANSFER_MARK, marks


class Noted(Protocol):
    """What the notes look at: lines that are alike."""

    @property
    def department_code(self) -> str: ...
    @property
    def nature(self) -> str: ...
    @property
    def tax_class(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def relation(self) -> str: ...
    @property
    def late_for(self) -> dt.date | None: ...
    @property
    def is_back(self) -> bool: ...
    @property
    def part(self) -> int: ...


def notes_of(rows: Sequence[Noted], *, carried: int, payable: int, rounding: str) -> list[str]:
    """The notes for these lines; `carried` and `payable` in yen, `rounding` as the contract words it."""
    natures, classes = {row.nature for row in rows}, {row.tax_class for row in rows}
    late = sorted({(row.late_for, marks(0, row.late_for, "", "")[0]) for row in rows if row.late_for})
    marked = {mark for row in rows for mark in marks(-1 if row.is_back else 1, None, row.relation, row.kind)}
    rates = "10％は10/110、8％は8/108" if "reduced" in classes else "10％は10/110"
    ends = "四捨五入しました" if rounding == "四捨五入" else "切り捨てました"
    notes = [
        f"金額は税込です。消費税額は税率ごとの合計から1回だけ計算し、1円未満を{ends}（{rates}）。",
    ]
    if any(row.department_code for row in rows):
        notes.append("所属は利用日のものです。")
    if "intermediary" in natures:
        notes.append("媒介者交付特例（媒）は、手配先に代わって当社が請求書を交付するものです。")
    if "reduced" in classes:
        notes.append("※は軽減税率（8％）の対象です。")
    if "advance" in natures:
        notes.append("立替金（立替）は、当社が立て替えた運賃・料金で、当社の売上げに含みません。")
    if late:
        words = "".join(f"【{word}】" for _, word in late)
        notes.append(f"{words}は、前の期間の締め後に確定したものです。締めた請求書は変わりません。")
    if len({row.part for row in rows}) > 1:
        notes.append("年度（4月から翌年3月）ごとに分けて記載しました。消費税額は請求書全体で1回だけ計算しました。")
    if TRANSFER_MARK in marked:
        notes.append("【付替】は、締めの後に登録された所属の変更により、拠点の間で移したものです（元＝元の請求書）。")
    if CORRECTION_MARK in marked:
        notes.append("【訂正】は、請求済みの金額との差額です。")
    if REFUND_MARK in marked:
        notes.append(
            "【返還】は対価の返還で、同じ税率から差し引きました（△と−は減額、元＝元の請求書）。適格返還請求書を兼ねます。"
        )
    if carried:
        notes.append("前回繰越は、前回の請求書の△の金額です。明細と消費税額には含みません。")
    if payable < 0:
        notes.append("ご請求金額が△のため、お支払いは不要です。△の金額は次回の請求書に繰り越します。")
    return notes
