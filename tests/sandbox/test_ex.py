"""エクスプレス予約 as people use it, and the usage file of the corporation."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.sandbox.running import Running, check_answer, operation_of

MEMBER = "9012345678"
CORPORATION = ("9000000001", "sandbox-ex")


@pytest.fixture
def person(box: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=box.address, follow_redirects=True) as client:
        sign_in(client)
        yield client


def sign_in(client: httpx.Client, member: str = MEMBER, password: str = "sandbox") -> httpx.Response:
    client.follow_redirects = True
    return client.post("/ex/login", data={"member_id": member, "password": password})


def text(page: httpx.Response) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)))


def hidden(page: httpx.Response) -> dict[str, str]:
    return {
        name: html.unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    }


def search(client: httpx.Client, day: str = "2026-12-11", time: str = "14:00", **more: str) -> httpx.Response:
    return client.get("/ex/search", params={"date": day, "from": "博多", "to": "新横浜", "time": time} | more)


def choose(page: httpx.Response, seat: str = "普通車指定席", skip: int = 0) -> str:
    """The address behind the nth seat of a kind in the list of trains."""
    return html.unescape(re.findall(rf'<a href="([^"]+)" aria-label="[^"]+ {seat} [^"]+">', page.text)[skip])


def buy(client: httpx.Client, trip_no: str = "T26120418", *, skip: int = 0, **more: str) -> httpx.Response:
    reserve = client.get(choose(search(client, **more), skip=skip))
    confirm = client.post("/ex/confirm", data=hidden(reserve) | {"trip_no": trip_no})
    return client.post("/ex/purchase", data=hidden(confirm))


def usage(box: Running, first: str = "2026-12-01", last: str = "2026-12-31") -> list[dict[str, str]]:
    response = box.client.get(f"/ex/corporate/usage.csv?from={first}&to={last}", auth=CORPORATION)
    check_answer(*operation_of("GET", "/ex/corporate/usage.csv"), response)
    raw = response.content.decode("cp932")
    assert raw.count("\n") == raw.count("\r\n")
    return list(csv.DictReader(io.StringIO(raw, newline="")))


def test_every_page_says_that_it_is_for_practice_and_needs_no_script(person: httpx.Client):
    for address in ("/ex/login", "/ex/top", "/ex/search", "/ex/bookings"):
        page = person.get(address)
        assert "これは練習用の見本サイトです(実在のエクスプレス予約ではありません)" in page.text
        assert "<script" not in page.text
        assert page.headers["cache-control"] == "no-store"


def test_a_wrong_password_or_id_is_refused_and_the_id_is_kept(box: Running):
    with httpx.Client(base_url=box.address) as client:
        for member, password in ((MEMBER, "wrong"), ("8012345678", "sandbox"), ("90", "sandbox")):
            page = sign_in(client, member, password)
            assert page.status_code == 401
            assert f'value="{member}"' in page.text


def test_pages_behind_the_sign_in_lead_to_it(box: Running):
    for address in ("/ex/top", "/ex/search", "/ex/bookings", "/ex/bookings/1"):
        assert box.client.get(address).headers["location"] == "/ex/login"


def test_an_added_member_is_greeted_by_name(box: Running):
    member = {"member_id": "1234567890", "card_no": "1111222233334444", "name_kana": "ヤマダ ハナコ", "seiri": "A0012"}
    assert box.call("POST", "/_control/members", member).status_code == 201
    with httpx.Client(base_url=box.address) as client:
        assert "ヤマダ ハナコ" in sign_in(client, "1234567890").text


def test_trains_are_listed_with_classes_and_prices(person: httpx.Client):
    page = search(person)
    assert "のぞみ" in page.text
    assert "満席" in page.text or "円" in page.text
    for seat in ("普通車指定席", "普通車自由席", "グリーン車"):
        assert f" {seat} " in page.text


def test_nozomi_has_no_free_seats_when_all_are_reserved(person: httpx.Client):
    page = person.get("/ex/search", params={"date": "2026-12-28", "from": "博多", "to": "新横浜", "time": "06:00"})
    assert "のぞみ" in page.text
    assert not re.search(r'aria-label="のぞみ\d+号 普通車自由席', page.text)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"date": "2026-11-30", "from": "東京", "to": "博多", "time": "09:00"}, "乗車日が過ぎています"),
        ({"date": "2026-12-11", "from": "東京", "to": "東京", "time": "09:00"}, "違う到着駅"),
        ({"date": "2026-12-11", "from": "仙台", "to": "東京", "time": "09:00"}, "出発駅と到着駅を選んで"),
        ({"date": "x", "from": "東京", "to": "博多", "time": "09:00"}, "乗車日と出発時刻を正しく"),
    ],
)
def test_a_search_that_cannot_be_is_answered_on_the_form_with_what_was_typed(
    person: httpx.Client, query: dict[str, str], message: str
):
    page = person.get("/ex/search", params=query)
    assert page.status_code == 422
    assert message in page.text
    assert f'value="{query["date"]}"' in page.text


def test_a_purchase_ends_with_a_number_and_stands_in_the_list(box: Running, person: httpx.Client):
    page = buy(person)
    assert "購入しました" in page.text
    assert re.search(r'id="azukari">2001<', page.text)
    listed = text(person.get("/ex/bookings"))
    assert "お預かり番号 2001" in listed
    assert "T26120418" in listed
    truth = box.truth()["bookings"][0]
    assert (truth["number"], truth["reference"], truth["state"]) == (f"{MEMBER}/2001", "T26120418", "bought")


def test_the_same_confirm_page_sent_twice_buys_once(box: Running, person: httpx.Client):
    confirm = person.post("/ex/confirm", data=hidden(person.get(choose(search(person)))) | {"trip_no": "T1"})
    addresses = {person.post("/ex/purchase", data=hidden(confirm)).url.path for _ in range(2)}
    assert len(addresses) == 1
    assert len(box.truth()["bookings"]) == 1


def test_a_trip_number_that_cannot_be_is_said_beside_the_form(person: httpx.Client):
    reserve = person.get(choose(search(person)))
    page = person.post("/ex/confirm", data=hidden(reserve) | {"trip_no": "出張-1"})
    assert page.status_code == 422
    assert "半角英数字12文字以内" in page.text
    assert 'value="出張-1"' in page.text


def test_nobody_sees_another_members_booking(box: Running, person: httpx.Client):
    address = buy(person).url.path
    with httpx.Client(base_url=box.address) as stranger:
        sign_in(stranger, "9099999999")
        assert stranger.get(address).status_code == 404
        assert stranger.post(f"{address}/refund", data={"fee": "320"}).status_code == 404


def test_a_forged_offer_buys_nothing(box: Running, person: httpx.Client):
    page = person.post("/ex/purchase", data={"offer": "x.y", "trip_no": "T1", "once": "1"})
    assert page.status_code == 422
    assert box.truth()["bookings"] == []


def test_the_last_purchase_is_four_minutes_before_departure(box: Running, person: httpx.Client):
    box.now("2026-12-11T13:00")
    page = search(person, time="13:00")
    departs = re.findall(r"<td>(\d\d:\d\d) →", page.text)[0]
    confirm = person.post("/ex/confirm", data=hidden(person.get(choose(page))) | {"trip_no": ""})
    hour, minute = map(int, departs.split(":"))
    box.now(
        f"2026-12-11T{hour:02d}:{minute - 3:02d}" if minute >= 3 else f"2026-12-11T{hour - 1:02d}:{minute + 57:02d}"
    )
    page = person.post("/ex/purchase", data=hidden(confirm))
    assert page.status_code == 409
    assert "発車4分前を過ぎた" in page.text


def test_purchase_change_and_refund_stand_in_the_usage_file(box: Running, person: httpx.Client):
    first = buy(person)
    key = first.url.path.rpartition("/")[2]
    reserve = person.get(choose(search(person, time="16:00", change=key), "グリーン車"))
    confirm = person.post("/ex/confirm", data=hidden(reserve))
    changed = person.post("/ex/change", data=hidden(confirm))
    assert "変更しました" in changed.text
    refund = person.get(f"/ex/bookings/{key}/refund")
    assert "払戻手数料 320円" in text(refund)
    assert "払戻しました" in person.post(f"/ex/bookings/{key}/refund", data=hidden(refund)).text

    rows = usage(box)
    assert [row["操作"] for row in rows] == ["購入", "取消", "購入", "取消", "払戻手数料"]
    assert list(rows[0]) == [
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
        ),
        *(
            "お預かり番号",
            "乗車日",
            "出発駅",
            "到着駅",
            "金額",
            "運賃種別",
            "列車名",
            "座席種別",
            "出発時刻",
            "到着時刻",
        ),
        "ステータス",
    ]
    bought = rows[0]
    assert re.fullmatch(r"2026/12/1 9:\d\d", bought["操作日時"])
    assert (bought["個人会員番号"], bought["会員氏名"]) == ("0000-0090-1234-5678", "ミトウロク")
    assert (bought["乗車日"], bought["出発駅"], bought["到着駅"]) == ("2026/12/11", "博多", "新横浜")
    assert re.fullmatch(r"のぞみ\d{3}", bought["列車名"])
    assert {row["お預かり番号"] for row in rows} == {"2001"}
    assert {row["出張番号"] for row in rows} == {"T26120418"}
    assert int(rows[1]["金額"]) == -int(bought["金額"])
    assert rows[2]["座席種別"] == "グリーン"
    assert sum(int(row["金額"]) for row in rows) == 320


def test_a_ride_is_marked_used_once_it_is_over(box: Running, person: httpx.Client):
    buy(person)
    assert usage(box)[0]["ステータス"] == ""
    box.now("2026-12-12T09:00")
    assert usage(box)[0]["ステータス"] == "出場"


def test_after_departure_the_express_part_is_kept(box: Running, person: httpx.Client):
    key = buy(person, time="06:00").url.path.rpartition("/")[2]
    ride = box.truth()["ex"]["bookings"][0]["ride"]
    box.now("2026-12-11T12:00")
    kept = ride["price_yen"] - ride["base_fare_yen"]
    assert f"払戻手数料 {kept:,}円" in text(person.get(f"/ex/bookings/{key}/refund"))
    assert person.get("/ex/search", params={"change": key}).status_code == 409
    box.now("2026-12-12T00:01")
    assert person.get(f"/ex/bookings/{key}/refund").status_code == 409


def test_a_refund_whose_fee_changed_meanwhile_asks_again(box: Running, person: httpx.Client):
    key = buy(person, time="06:00").url.path.rpartition("/")[2]
    refund = person.get(f"/ex/bookings/{key}/refund")
    box.now("2026-12-11T12:00")
    page = person.post(f"/ex/bookings/{key}/refund", data=hidden(refund))
    assert page.status_code == 409
    assert box.truth()["bookings"][0]["state"] == "bought"


def test_a_number_comes_again_once_the_ride_is_over(box: Running, person: httpx.Client):
    numbers = [buy(person, skip=skip) for skip in (0, 1)]
    assert [re.findall(r'id="azukari">(\d+)<', page.text) for page in numbers] == [["2001"], ["2002"]]
    box.now("2026-12-12T09:00")
    assert 'id="azukari">2001<' in buy(person, day="2026-12-18").text


def test_the_usage_file_is_for_the_corporation_and_for_four_months(box: Running):
    address = "/ex/corporate/usage.csv?from=2026-09-01&to=2026-12-31"
    assert box.client.get(address).status_code == 401
    assert box.client.get(address, auth=CORPORATION).status_code == 200
    assert box.client.get(address.replace("09-01", "08-31"), auth=CORPORATION).status_code == 400
    assert box.client.get("/ex/corporate/usage.csv?from=2026-12-02&to=2026-12-01", auth=CORPORATION).status_code == 400
    assert "ダウンロードする" in box.client.get("/ex/corporate", auth=CORPORATION).text


def test_the_usage_file_is_cut_by_day_of_operation(box: Running, person: httpx.Client):
    buy(person)
    assert len(usage(box, "2026-12-01", "2026-12-01")) == 1
    assert usage(box, "2026-12-02", "2026-12-31") == []


def test_an_expired_session_leads_back_to_the_sign_in_and_buys_nothing(box: Running, person: httpx.Client):
    box.fault("ex", "purchase", "session_expired")
    assert buy(person).url.path == "/ex/login"
    assert box.truth()["bookings"] == []
    assert person.get("/ex/top").url.path == "/ex/login"


def test_at_night_the_site_sells_without_a_seat_map(box: Running, person: httpx.Client):
    box.now("2026-12-02T00:30")
    assert "座席表からの座席の指定はできません" in search(person).text
    assert "購入しました" in buy(person).text


def test_a_change_reaches_three_months_from_the_purchase(box: Running, person: httpx.Client):
    key = buy(person).url.path.rpartition("/")[2]
    reserve = person.get(choose(search(person, day="2027-03-02", change=key)))
    page = person.post("/ex/change", data=hidden(person.post("/ex/confirm", data=hidden(reserve))))
    assert page.status_code == 409
    assert "3か月以内" in page.text


def test_sale_opens_one_year_before_at_half_past_five(box: Running, person: httpx.Client):
    box.now("2026-12-11T05:00")
    assert "列車はありません" in search(person, day="2027-12-11").text
    box.now("2026-12-11T05:31")
    assert "のぞみ" in search(person, day="2027-12-11").text


def test_signing_out_ends_the_session(person: httpx.Client):
    person.post("/ex/logout")
    assert person.get("/ex/top").url.path == "/ex/login"


def test_rows_of_a_file_come_late_or_doubled_or_out_of_order_and_the_next_file_is_whole(
    box: Running, person: httpx.Client
):
    for number in range(6):
        buy(person, f"T2612{number:04d}")
    whole = usage(box)
    numbers = [row["出張番号"] for row in whole]

    box.fault("ex", "usage", "rows_late", share=0.5)
    assert usage(box) == whole[:3]
    box.fault("ex", "usage", "rows_missing", share=0.5)
    some = [row["出張番号"] for row in usage(box)]
    assert set(some) < set(numbers)
    box.fault("ex", "usage", "rows_doubled", share=1)
    assert [row["出張番号"] for row in usage(box)] == [number for number in numbers for _ in range(2)]
    box.fault("ex", "usage", "rows_shuffled")
    shuffled = [row["出張番号"] for row in usage(box)]
    assert sorted(shuffled) == numbers != shuffled

    assert usage(box) == whole
