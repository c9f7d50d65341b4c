"""Invented data for the page of all parts (`components/gallery.html`), which development and tests look at."""

import datetime as dt
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict

from lib.forms import (
    CheckField,
    ChecksField,
    CodeField,
    DateField3,
    Form,
    NameField,
    RadioField,
    SelectField,
    TextField,
    TimeField,
    UploadField,
    WholeField,
    YenField,
)
from lib.tables import Column, Page, heads, read_sort

COLUMNS = (
    Column("利用日", "day", ("day",)),
    Column("利用者", "person", ("person",)),
    Column("内容"),
    Column("状態"),
    Column("金額", "amount", ("amount",), figures=True),
)


class PartsForm(Form):
    """One field of each kind."""

    silent = frozenset({"payment"})

    purpose = TextField("用務", max_length=80, hint="例:九州支社 団地再生協議", size="full")
    person = NameField("氏名", hint="券面のとおり")
    place = TextField(
        "用務地", max_length=40, hint="駅・空港・市町村", widget=forms.TextInput(attrs={"data-suggest": "/places/"})
    )
    start = DateField3("行き", earliest=lambda: dt.date(2026, 11, 24))
    begins = TimeField("用務の開始", required=False, hint="例:15:00")
    nights = WholeField("泊数", low=0, high=30, unit="泊")
    paid = YenField("買った金額", hint="税込")
    number = CodeField("お預かり番号", max_length=4, pattern="[0-9]{4}", example="4410", size="code")
    budget = SelectField("予算区分", choices=[("1", "技術監理部 一般旅費"), ("2", "団地再生事業")])
    payment = RadioField("支払", choices=[("office", "一括請求"), ("self", "本人立替")], initial="office")
    reasons = ChecksField("理由", choices=[("late", "最終便に間に合わない"), ("near", "会場に近い")])
    feed = UploadField("利用実績のファイル", endings=[".csv"], hint="CSV、10MBまで", required=False)
    note = TextField("連絡", max_length=500, lines=True, required=False)
    agreed = CheckField("取引条件(旅行業約款・取消料)を読み、同意します")


def _wrong_form() -> PartsForm:
    typed = {
        "person": "宮﨑 𠮷彦",
        "place": "福岡",
        "start_y": "2026",
        "start_m": "2",
        "start_d": "30",
        "begins": "25時",
        "nights": "一",
        "paid": "二万円",
        "number": "12",
        "payment": "office",
    }
    return PartsForm(MultiValueDict({name: [value] for name, value in typed.items()}), prefix=None, auto_id="wrong_%s")


def parts_context(request: HttpRequest) -> dict[str, Any]:
    """Context of the gallery; the wrong form stands apart from `form`, so that the page itself is not in error."""
    return {
        "fresh": PartsForm(),
        "wrong": _wrong_form(),
        "heads": heads(COLUMNS, read_sort(request.GET, COLUMNS, "day")),
        "page": Page([], number=4, size=50, total=480),
        "crumbs": [("ホーム", "/"), ("部品", "")],
        "steps": ["条件", "候補", "確認", "承認と予約"],
        "tabs": [
            {"label": "旅程", "url": "?tab=1", "current": True},
            {"label": "履歴", "url": "?tab=2"},
            {"label": "だれが見たか", "url": "?tab=3", "count": 3},
        ],
        "chips": [{"label": "14:00 までに到着", "url": "?"}, {"label": "禁煙の部屋だけ", "url": "?"}],
        "waiting": ["スターフライヤー"],
        "money": [("JAL 313", "40,160円"), ("ホテル 1泊", "12,500円"), ("宿泊税", "200円"), ("合計", "52,860円")],
        "terms": [
            ("戻る金額", "39,840円"),
            ("取消料", "320円"),
            ("承認", "取り直しは不要"),
            ("請求", "12月利用分に 320円"),
        ],
        "flight": [("便", "JAL 313"), ("座席", "21C"), ("確認番号", "")],
        "picked": [
            ("行き", "JAL 313 10:40発 40,160円"),
            ("宿泊", "ホテル博多なぎさ通り 12,700円"),
            ("帰り", "のぞみ52号 17:00発 目安 23,480円"),
        ],
        "day": dt.date(2026, 12, 10),
        "last": dt.date(2026, 12, 11),
        "moment": dt.datetime(2026, 11, 24, 1, 42, tzinfo=dt.UTC),
    }
