"""The usage file of エクスプレス予約: every yen once, whoever was first, the person or the file."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.services import set_member_number
from booking.errors import BadFeed
from booking.models import Charge, ChargeKind, ChargeSource, Connection, Feed, FeedRow, Reservation, ReservationState
from booking.services import cancelling, feeds, handoff
from booking.tasks import BOOKER
from lib import clock, jst
from lib.errors import NotPermitted, Stale
from sandbox.ex.usage import usage_file as sandbox_file
from tests.booking.usage_file import fee, ledger, purchase, refund, row, states, usage_file
from tests.factories import SETUP, START, acting, person
from tests.signin import sign_in

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState


def test_the_file_confirms_what_the_person_entered(traveller, ride, take):
    handoff.enter_number(acting(traveller), ride, number="2001", price=ride.price)
    rows = take(purchase(ride))
    assert states(rows) == ["matched"]
    assert rows[0].reservation == ride
    assert ledger() == [(ChargeKind.FARE, ride.price)]


@pytest.mark.parametrize("more", [310, -310])
def test_another_sum_adds_the_difference(more, traveller, ride, take):
    entered = ride.price - 400
    handoff.enter_number(acting(traveller), ride, number="2001", price=entered)
    rows = take(purchase(ride, amount=entered + more))
    assert states(rows) == ["added"]
    assert f"{more:,}円" in rows[0].reason
    assert ledger() == [(ChargeKind.FARE, entered), (ChargeKind.DIFFERENCE, more)]
    assert Charge.objects.latest("pk").source == ChargeSource.FEED
    assert Reservation.objects.get(pk=ride.pk).price == entered + more


def test_a_number_without_a_sum_gets_its_sum_from_the_file(traveller, ride, take):
    handoff.enter_number(acting(traveller), ride, number="2001", price=None)
    assert ledger() == []
    assert states(take(purchase(ride))) == ["added"]
    assert ledger() == [(ChargeKind.FARE, ride.price)]


def test_a_purchase_that_nobody_told_of_is_found(traveller, ride, take):
    rows = take(purchase(ride, number="2007", 列車名="のぞみ099"))
    assert states(rows) == ["added"]
    ride.refresh_from_db()
    assert (ride.state, ride.number, ride.is_estimate) == (R.TICKETED, "2007", False)
    assert ride.segments.get().service == "のぞみ99号"
    assert ledger() == [(ChargeKind.FARE, ride.price)]


def test_the_number_entered_after_the_file_changes_nothing_more(traveller, ride, take):
    seen = Reservation.objects.get(pk=ride.pk)
    take(purchase(ride))
    with pytest.raises(Stale):
        handoff.enter_number(acting(traveller), seen, number="2001", price=ride.price)
    assert ledger() == [(ChargeKind.FARE, ride.price)]


def test_a_refund_takes_back_the_fare_and_keeps_the_fee(traveller, ride, take):
    take(purchase(ride))
    rows = take(refund(ride, ride.price), fee(ride))
    assert states(rows) == ["added", "added"]
    ride.refresh_from_db()
    assert (ride.state, ride.cancel_fee) == (R.CANCELLED, 320)
    assert ledger() == [(ChargeKind.FARE, ride.price), (ChargeKind.REFUND, -ride.price), (ChargeKind.REFUND_FEE, 320)]


def test_a_refund_before_its_purchase_in_the_file_stands_in_the_order_of_time(traveller, ride, take):
    rows = take(
        fee(ride) | {"操作日時": "2026/11/1 9:07"},
        refund(ride, ride.price) | {"操作日時": "2026/11/1 9:06"},
        purchase(ride) | {"操作日時": "2026/11/1 9:05"},
    )
    assert states(rows) == ["added", "added", "added"]
    assert sum(amount for _, amount in ledger()) == 320


def test_a_refund_that_the_person_has_entered_is_known(traveller, ride, take):
    handoff.enter_number(acting(traveller), ride, number="2001", price=ride.price)
    ride.refresh_from_db()
    cancelling.record_own_cancellation(acting(traveller), ride, fee=320, source=ChargeSource.ENTERED)
    before = ledger()
    assert states(take(purchase(ride), refund(ride, ride.price), fee(ride))) == ["matched", "matched", "matched"]
    assert ledger() == before
    assert sum(amount for _, amount in before) == 320


def test_a_refund_of_another_sum_than_entered_leaves_the_fee_alone(traveller, ride, take):
    bought = purchase(ride), refund(ride, ride.price), fee(ride)
    handoff.enter_number(acting(traveller), ride, number="2001", price=ride.price - 400)
    cancelling.record_own_cancellation(acting(traveller), ride, fee=0, source=ChargeSource.ENTERED)
    assert states(take(*bought)) == ["added", "added", "added"]
    assert sum(amount for _, amount in ledger()) == 320


def test_a_change_at_the_supplier_costs_what_the_last_train_costs(traveller, ride, take):
    handoff.enter_number(acting(traveller), ride, number="2001", price=ride.price)
    old = purchase(ride)
    changed = refund(ride, ride.price), purchase(ride, amount=ride.price + 870, 列車名="のぞみ041")
    assert states(take(old, *(row | {"操作日時": old["操作日時"].replace("9:05", "9:20")} for row in changed))) == [
        "matched",
        "added",
        "added",
    ]
    assert sum(amount for _, amount in ledger()) == ride.price + 870


def test_the_same_file_is_refused_the_second_time(traveller, ride, take):
    take(purchase(ride))
    with pytest.raises(BadFeed, match="すでに取り込んでいます"):
        take(purchase(ride))
    assert Feed.objects.count() == 1
    assert ledger() == [(ChargeKind.FARE, ride.price)]


def test_the_same_row_in_two_files_or_twice_in_one_counts_once(traveller, ride, take):
    bought = purchase(ride)
    assert states(take(bought, bought)) == ["added", "repeated"]
    assert states(take(bought, purchase(ride, number="2099", day=1))) == ["repeated", "unmatched"]
    assert ledger() == [(ChargeKind.FARE, ride.price)]


def test_a_row_whose_status_alone_has_changed_is_the_same_row(traveller, ride, take):
    assert states(take(purchase(ride))) == ["added"]
    assert states(take(purchase(ride, ステータス="出場"))) == ["repeated"]


def test_a_member_whom_nobody_has_is_left_to_the_desk(traveller, ride, take):
    rows = take(purchase(ride, 個人会員番号="0000-0099-9999-9999", 出張番号=""))
    assert states(rows) == ["unmatched"]
    assert rows[0].reason == "会員番号に当たる利用者がいません。"
    assert ledger() == []


def test_another_persons_card_never_settles_the_trip(traveller, ride, take):
    set_member_number(SETUP, person(), supplier="ex_card", number="0000009010000002", first=START)
    rows = take(purchase(ride, 個人会員番号="0000-0090-1000-0002"))
    assert states(rows) == ["unmatched"]
    assert rows[0].reason == "当てはまる予約がありません。"
    ride.refresh_from_db()
    assert ride.state == R.HANDED_OFF


BROKEN = [
    ({"操作": "変更"}, "操作「変更」は扱えません。"),
    ({"金額": "一万円"}, "金額「一万円」を読み取れません。"),
    ({"金額": ""}, "金額「」を読み取れません。"),
    ({"お預かり番号": "20A1"}, "お預かり番号「20A1」を読み取れません。"),
    ({"個人会員番号": ""}, "個人会員番号がありません。"),
    ({"乗車日": "2026/2/30"}, "日付「2026/2/30」を読み取れません。"),
    ({"操作日時": "2026/11/1 25:00"}, "操作日時「2026/11/1 25:00」を読み取れません。"),
    ({"操作日時": ""}, "操作日時「」を読み取れません。"),
]


def test_broken_rows_are_listed_with_line_and_reason_and_the_rest_goes_in(traveller, ride, take):
    rows = take(*[purchase(ride) | broken for broken, _ in BROKEN], purchase(ride))
    assert [(row.line, row.reason) for row in rows[:-1]] == [
        (line, reason) for line, (_, reason) in enumerate(BROKEN, start=2)
    ]
    assert states(rows) == [*["bad"] * len(BROKEN), "added"]
    assert ledger() == [(ChargeKind.FARE, ride.price)]


def test_a_row_too_long_to_be_kept_is_left_to_the_desk_and_the_rest_goes_in(traveller, ride, take):
    rows = take(purchase(ride, number="2055", 出発駅="駅" * 60), purchase(ride))
    assert states(rows) == ["unmatched", "added"]
    assert "長すぎる" in rows[0].reason
    assert ledger() == [(ChargeKind.FARE, ride.price)]


def test_a_row_that_was_cut_off_is_bad(traveller, ride, take):
    content = usage_file(purchase(ride)) + "2026/11/1 9:05,購入,0000".encode("cp932")
    assert states(take(content=content)) == ["added", "bad"]


NO_FILE = [
    ("utf-16", lambda text: text.encode("utf-16"), "Shift_JIS"),
    ("utf-8", lambda text: text.encode(), "Shift_JIS"),
    ("broken after the mark of UTF-8", lambda text: b"\xef\xbb\xbf" + text.encode("cp932"), "Shift_JIS"),
    ("binary", lambda text: b"\x89PNG\r\n\x1a\n\x00\x00", "Shift_JIS"),
    ("empty", lambda text: b"", "列が足りません"),
    ("no column of the sum", lambda text: text.replace("金額", "料金").encode("cp932"), "（金額）"),
    ("no CSV", lambda text: text.encode("cp932") + b"x" * 140000, "CSV"),
]


@pytest.mark.parametrize(("name", "content", "word"), NO_FILE, ids=[name for name, _, _ in NO_FILE])
def test_what_is_no_usage_file_is_refused_beside_its_field(name, content, word, traveller, ride, desk):
    whole = content(usage_file(purchase(ride)).decode("cp932"))
    with pytest.raises(BadFeed, match=word) as refused:
        feeds.upload_feed(desk, Connection.objects.get(code="ex"), file_name="ex.csv", content=whole)
    assert refused.value.field == "file"
    assert refused.value.message.endswith("。")
    assert not Feed.objects.exists()


def test_a_file_saved_again_as_utf_8_with_its_mark_is_read(traveller, ride, take):
    assert states(take(content=usage_file(purchase(ride), encoding="utf-8-sig"))) == ["added"]


def test_a_character_that_the_file_cannot_hold_harms_nothing(traveller, ride, take):
    with pytest.raises(UnicodeEncodeError):
        "𠮷".encode("cp932")
    assert states(take(content=usage_file(purchase(ride, 会員氏名="?ダ タロウ")))) == ["added"]


def test_a_claim_that_was_lost_meanwhile_writes_nothing(traveller, ride, desk):
    ex = Connection.objects.get(code="ex")
    feed = feeds.upload_feed(desk, ex, file_name="ex.csv", content=usage_file(purchase(ride)))
    with pytest.raises(Stale):
        feeds.take_in(BOOKER, feed, token=feed.public_id)
    assert not FeedRow.objects.exists()
    assert ledger() == []


def test_only_who_may_import_can_upload(traveller, ride):
    with pytest.raises(NotPermitted):
        feeds.upload_feed(
            acting(traveller), Connection.objects.get(code="ex"), file_name="x.csv", content=usage_file(row())
        )


def test_the_operator_uploads_it_on_the_page_and_sees_each_row(traveller, ride):
    operator = sign_in(Client(), person("operator"))

    def upload():
        file = SimpleUploadedFile("ex.csv", usage_file(purchase(ride)), content_type="text/csv")
        return operator.post(reverse("booking:feeds"), {"connection": "ex", "file": file})

    taken = upload()
    assert taken.status_code == 303
    feeds.import_feed(BOOKER, Feed.objects.get().pk)
    shown = operator.get(taken["Location"]).content.decode()
    assert "金額を計上" in shown
    assert f"{ride.price:,}" in shown

    again = upload()
    assert again.status_code == 422
    assert "すでに取り込んでいます" in again.content.decode()


def test_what_the_sandbox_itself_writes_is_read(traveller, ride, take):
    segment = ride.segments.get()
    day = jst.day_of(segment.departs).isoformat()
    kept = {
        "date": day, "from": segment.from_name, "to": segment.to_name, "train_name": "のぞみ99号", "seat": "reserved",
        "departs_at": f"{day}T10:00:00+09:00", "arrives_at": f"{day}T15:00:00+09:00",
    }  # fmt: skip
    member = {"member_id": "9010000001", "card_no": "0000009010000001", "name_kana": "シケン タロウ", "seiri": ""}
    now = clock.now().astimezone(clock.JST)
    operation = {
        "booking": 1, "kind": "購入", "at": now.isoformat(), "member_id": "9010000001", "trip_no": ride.trip.number,
        "number": "2001", "ride": kept, "amount_yen": 23390,
    }  # fmt: skip
    content = sandbox_file([operation], [member], [{"key": 1, "state": "bought"}], now)
    assert states(take(content=content)) == ["added"]
    assert ledger() == [(ChargeKind.FARE, 23390)]


def test_a_refund_that_is_told_before_its_purchase_leaves_the_fee_alone_in_the_end(traveller, ride, take):
    handoff.enter_number(acting(traveller), ride, number="2001", price=None)
    now = clock.now().astimezone(clock.JST)
    later = {"操作日時": f"{now.year}/{now.month}/{now.day} 11:00"}
    take(
        purchase(ride, operation="取消", amount=23_280, **later),
        purchase(ride, operation="払戻手数料", amount=320, **later),
    )
    take(purchase(ride, amount=23_280))
    ride.refresh_from_db()
    assert ride.state == "cancelled"
    assert sum(charge.amount for charge in ride.charges.all()) == 320
