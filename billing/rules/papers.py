"""What of an invoice's face may be corrected (修正), and the words that tell a copy or a correction from the original."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

# part of the face and its field, joined by _ → how people call it. Sums, days and the registration number are never here:
# a wrong sum is mended by a new charge, a wrong T-number by an issuer's new row and new invoices.
CORRECTABLE: Mapping[str, str] = {
    "recipient_client": "宛名の法人名",
    "recipient_name": "宛名の拠点名",
    "recipient_postcode": "宛先の郵便番号",
    "recipient_address": "宛先の住所",
    "issuer_name": "発行者の名称",
    "issuer_postcode": "発行者の郵便番号",
    "issuer_address": "発行者の住所",
    "issuer_telephone": "発行者の電話",
    "issuer_hours": "発行者の受付時間",
    "issuer_bank": "振込先",
    "issuer_account_holder": "口座名義",
}

Face = Mapping[str, Any]
# One changed field: its key, how people call it, what stood there and what stands there now.
Change = Mapping[str, str]


def face_values(face: Face) -> dict[str, str]:
    """What the correctable fields say on a face."""
    return {field: face[part][name] for field, part, name in _fields()}


def changes_of(face: Face, values: Mapping[str, str]) -> list[dict[str, str]]:
    """What differs between a face and new values, in the order of CORRECTABLE; other keys of `values` are ignored."""
    now = face_values(face)
    return [
        {"field": field, "label": label, "before": now[field], "after": values[field]}
        for field, label in CORRECTABLE.items()
        if values[field] != now[field]
    ]


def corrected_face(face: Face, changes: Sequence[Change]) -> dict[str, Any]:
    """The face with the changes carried out. Raises ValueError for a field that may not be corrected."""
    fresh: dict[str, Any] = {**face, "recipient": dict(face["recipient"]), "issuer": dict(face["issuer"])}
    for change in changes:
        if change["field"] not in CORRECTABLE:
            raise ValueError(change["field"])
        part, _, name = change["field"].partition("_")
        fresh[part][name] = change["after"]
    return fresh


def change_words(changes: Sequence[Change]) -> str:
    """宛先の住所「A」→「B」、… as one sentence says it."""
    return "、".join(f"{change['label']}「{change['before']}」→「{change['after']}」" for change in changes)


def correction_note(day: dt.date, changes: Sequence[Change]) -> str:
    """The note of a corrected invoice."""
    return f"{_day(day)}に次のとおり修正しました。{change_words(changes)}。金額と明細は変わりません。"


def copy_note(day: dt.date, shown: dt.date, *, is_corrected: bool) -> str:
    """The note of a copy made on `day` of the invoice issued, or last corrected, on `shown`."""
    what = "修正した請求書" if is_corrected else "発行の原本"
    joint = "に" if is_corrected else ""
    return f"この書面は{_day(day)}に再発行した写しです。内容は{_day(shown)}{joint}{what}と同じです。"


def fiscal_year_words(year: int) -> str:
    """2025年度分（2025年4月〜2026年3月）."""
    return f"{year}年度分（{year}年4月〜{year + 1}年3月）"


def _fields() -> list[tuple[str, str, str]]:
    return [(field, *field.split("_", 1)) for field in CORRECTABLE]  # type: ignore[misc]


def _day(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
