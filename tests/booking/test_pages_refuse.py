"""Bad input on the pages: a clear Japanese message beside the field or item, nothing lost, nothing booked twice."""

import datetime as dt
import html

import pytest

from booking.models import ReservationState, SupplierCall, Trip
from booking.services import handoff
from lib import clock
from tests import world
from tests.factories import acting, contract, person
from tests.signin import sign_in
from tests.world import drafted, searched, submitted, token, work_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def traveller(sandbox, client):
    contract()
    world.connect(sandbox.url)
    user = world.with_numbers(person())
    sign_in(client, user)
    return user


def fields(who, **changes):
    out_on = clock.today() + dt.timedelta(days=20)
    back_on = out_on + dt.timedelta(days=1)
    typed = {
        "traveller": str(who.public_id),
        "purpose": "団地再生協議",
        "origin": "横浜",
        "destination": "福岡",
        "trip_type": "round",
        "nights": "1",
        "kinds": ["air", "rail"],
        **{f"out_on_{part}": value for part, value in zip("ymd", (out_on.year, out_on.month, out_on.day), strict=True)},
        **{f"back_on_{p}": value for p, value in zip("ymd", (back_on.year, back_on.month, back_on.day), strict=True)},
    }
    return {**typed, **changes}


def text_of(answer):
    return html.unescape(answer.content.decode())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"origin": "ナンデモ市"}, "場所が見つかりません"),
        ({"out_on_y": "2026", "out_on_m": "1", "out_on_d": "5"}, "行きの日が過ぎています"),
        ({"out_on_m": "2", "out_on_d": "30"}, "2月30日はありません"),
        ({"back_on_y": "2026", "back_on_m": "1", "back_on_d": "5"}, "帰りの日が行きより前です"),
        ({"back_on_y": "2027", "back_on_m": "8", "back_on_d": "5"}, "契約期間"),
        ({"nights": "5"}, "泊数を1以下に"),
        ({"nights": "１泊"}, None),
        ({"purpose": ""}, "用務を入力してください"),
        ({"traveller": "00000000-0000-0000-0000-000000000000"}, "選び直してください"),
        ({"kinds": [], "nights": "0"}, "探すものを1つ以上"),
        ({"back_on_y": "", "back_on_m": "", "back_on_d": ""}, "帰りの日を入力するか"),
        ({"destination": "横浜"}, "出発地と用務地が同じ"),
    ],
)
def test_a_search_that_cannot_be_says_why_and_keeps_what_was_typed(client, traveller, changes, words):
    typed = fields(traveller, **changes)
    answer = client.post("/search/", typed)
    if words is None:
        assert answer.status_code == 303
        return
    assert answer.status_code == 422
    page = text_of(answer)
    assert words in page
    assert "エラー" in page
    assert typed["purpose"] in page


def test_nights_where_no_hotel_can_be_had_are_refused_beside_the_nights(client, traveller):
    answer = client.post("/search/", fields(traveller, destination="与那国"))
    assert answer.status_code == 422
    assert "泊数を0に" in text_of(answer) or "場所が見つかりません" in text_of(answer)


def test_a_forged_offer_is_answered_on_the_results_page(client, traveller):
    search = searched(traveller)
    answer = client.post(f"/search/{search.public_id}/choose/", {"out": f"{search.public_id}.0"})
    assert answer.status_code == 422
    assert "選んだ候補が見つかりません" in text_of(answer)
    assert not Trip.objects.exists()


def test_no_choice_at_all_is_answered_on_the_results_page(client, traveller):
    search = searched(traveller)
    answer = client.post(f"/search/{search.public_id}/choose/", {})
    assert answer.status_code == 422
    assert "候補を1つ以上選んでください" in text_of(answer)


def test_without_consent_nothing_is_booked(client, traveller):
    trip = drafted(traveller, searched(traveller))
    answer = client.post(f"/trips/{trip.public_id}/confirm/", {"version": 1, "total": 1})
    assert answer.status_code == 422
    assert "同意するときはチェック" in text_of(answer)
    assert not SupplierCall.objects.exists()


def test_a_double_click_books_once_and_leads_to_the_trip(client, traveller):
    trip = drafted(traveller, searched(traveller))
    page = client.get(f"/trips/{trip.public_id}/confirm/")
    total = page.context["page"].total
    sent = {"version": trip.version, "total": total, "consent": "on"}
    first, second = (client.post(f"/trips/{trip.public_id}/confirm/", sent) for _ in range(2))
    assert first.status_code == second.status_code == 303
    assert second.headers["Location"] == f"/trips/{trip.public_id}/"
    assert SupplierCall.objects.count() == 2


def test_another_tabs_choice_asks_again(client, traveller):
    search = searched(traveller)
    trip = drafted(traveller, search)
    total = client.get(f"/trips/{trip.public_id}/confirm/").context["page"].total
    drafted(traveller, search, out=token(search, "out", "jal_online", n=3))
    sent = {"version": 1, "total": total, "consent": "on"}
    answer = client.post(f"/trips/{trip.public_id}/confirm/", sent, follow=True)
    assert "別の画面で選び直されています" in text_of(answer)
    assert not SupplierCall.objects.exists()


def test_the_confirm_page_says_when_an_offer_has_run_out(client, traveller, time_machine_at):
    trip = drafted(traveller, searched(traveller))
    with time_machine_at(clock.wall() + dt.timedelta(minutes=22)):
        page = client.get(f"/trips/{trip.public_id}/confirm/")
        assert "候補の有効時間が過ぎました" in text_of(page)
        sent = {"version": 1, "total": page.context["page"].total, "consent": "on"}
        answer = client.post(f"/trips/{trip.public_id}/confirm/", sent)
    assert answer.status_code == 422
    assert "もう一度探してください" in text_of(answer)


def test_a_sold_out_flight_stands_on_the_trips_page_with_the_next_step(client, traveller, sandbox):
    sandbox.fault("jal-online", "book", "sold_out")
    trip = submitted(traveller, drafted(traveller, searched(traveller)))
    work_off()
    page = text_of(client.get(f"/trips/{trip.public_id}/"))
    assert "を予約できませんでした" in page
    assert "お金はかかっていません" in page
    assert "代わりを探す" in page


def test_a_supplier_that_is_down_says_so_beside_the_others_results(client, traveller, sandbox):
    sandbox.fault("jal-online", "availability", "error_503", times=50)
    search = searched(traveller)
    page = text_of(client.get(f"/search/{search.public_id}/"))
    assert "いまは回答がありません" in page
    assert "のぞみ" in page


@pytest.mark.parametrize(
    ("number", "price", "words"),
    [
        ("12", "23000", "4桁から6桁の数字"),
        ("ABCD", "23000", "4桁から6桁の数字"),
        ("", "23000", "お預かり番号を入力してください"),
        ("2001", "二万円", "数字だけで入力してください"),
        ("2001", "999999", "確認した上限は"),
    ],
)
def test_a_number_or_sum_that_cannot_be_is_refused_beside_its_field(client, traveller, number, price, words):
    trip = submitted(traveller, drafted(traveller, searched(traveller)))
    ride = trip.reservations.get(supplier="ex")
    answer = client.post(f"/reservations/{ride.public_id}/handoff/", {"number": number, "price": price})
    assert answer.status_code == 422
    page = text_of(answer)
    assert words in page
    assert f'value="{number}"' in page or not number
    ride.refresh_from_db()
    assert ride.state == ReservationState.HANDED_OFF


def test_a_number_that_belongs_to_another_booking_is_refused(client, traveller):
    first, second = (submitted(traveller, drafted(traveller, searched(traveller, days=d))) for d in (20, 30))
    handoff.enter_number(acting(traveller), first.reservations.get(supplier="ex"), number="2001", price=None)
    ride = second.reservations.get(supplier="ex")
    answer = client.post(f"/reservations/{ride.public_id}/handoff/", {"number": "2001"})
    assert answer.status_code == 422
    assert "すでに登録されています" in text_of(answer)
