"""エクスプレス予約 as a site: sign-in, search, purchase, change, refund, usage data. Pages for people, no API."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import date, time
from html import escape

from sandbox.clock import at
from sandbox.ex import pages
from sandbox.ex.records import Records, ride_record
from sandbox.ex.usage import usage_file
from sandbox.inventory.rail import Ride
from sandbox.messages import Answer, Json, Refusal, Request, Route, route
from sandbox.signing import dice, seal, unseal
from sandbox.world import World

SUPPLIER = "ex"
COOKIE = "ex_session"
PASSWORD = "sandbox"
CORPORATION, CORPORATION_PASSWORD = "9000000001", "sandbox-ex"
TRAINS_PER_PAGE = 12
TRIP_NO = r"[0-9A-Za-z]{0,12}"
Page = Callable[[Request, Json], Answer]


class ExSite:
    """Plays エクスプレス予約 over the shared world. Sessions live in memory and end with the process."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rail = world.inventory.rail
        self.records = Records(world)
        self._sessions: dict[str, str] = {}
        self._done: dict[str, int] = {}

    def routes(self) -> list[Route]:
        """The pages of this supplier."""
        member = self._for_members
        found: list[tuple[str, str, str, Callable[[Request], Answer]]] = [
            ("GET", "/", "page", lambda _: pages.redirect("/ex/top")),
            ("GET", "/style.css", "page", lambda _: pages.style()),
            ("GET", "/login", "page", lambda _: self._sign_in_page()),
            ("POST", "/login", "sign_in", self.sign_in),
            ("POST", "/logout", "sign_out", self.sign_out),
            ("GET", "/top", "page", member(self.top)),
            ("GET", "/search", "search", member(self.search)),
            ("GET", "/reserve", "reserve", member(self.reserve)),
            ("POST", "/confirm", "confirm", member(self.confirm)),
            ("POST", "/purchase", "purchase", member(self.purchase)),
            ("POST", "/change", "change", member(self.purchase)),
            ("GET", "/bookings", "page", member(self.bookings)),
            ("GET", "/bookings/{key}", "page", member(self.booking)),
            ("GET", "/bookings/{key}/refund", "page", member(self.refund_page)),
            ("POST", "/bookings/{key}/refund", "refund", member(self.refund)),
            ("GET", "/corporate", "corporate", self.corporate),
            ("GET", "/corporate/usage.csv", "usage", self.usage),
        ]
        return [route(method, f"/ex{path}", SUPPLIER, name, handler) for method, path, name, handler in found]

    def refusal(self, request: Request, refusal: Refusal) -> Answer:
        """A refusal as a page; an expired session leads back to the sign-in."""
        if refusal.code == "SESSION_EXPIRED":
            self._sessions.pop(request.cookie(COOKIE), None)
            return pages.redirect("/ex/login?expired=1", f"{COOKIE}=; Path=/ex; Max-Age=0")
        return pages.message_page(refusal.status, "手続きできませんでした", refusal.message)

    def forget(self) -> None:
        """Ends all sessions."""
        self._sessions.clear()
        self._done.clear()

    def sign_in(self, request: Request) -> Answer:
        """会員ID and password."""
        form = request.form()
        member_id = form.get("member_id", "").strip()
        member = self.records.member(member_id) if re.fullmatch(r"\d{10}", member_id) else None
        if member is None or not hmac.compare_digest(form.get("password", "").encode(), PASSWORD.encode()):
            return self._sign_in_page("会員IDまたはパスワードが正しくありません。", member_id, 401)
        session = secrets.token_urlsafe(24)
        self._sessions[session] = member_id
        return pages.redirect("/ex/top", f"{COOKIE}={session}; Path=/ex; HttpOnly; SameSite=Lax")

    def sign_out(self, request: Request) -> Answer:
        """Ends the session."""
        self._sessions.pop(request.cookie(COOKIE), None)
        return pages.redirect("/ex/login", f"{COOKIE}=; Path=/ex; Max-Age=0")

    def top(self, _request: Request, member: Json) -> Answer:
        """The first page after sign-in."""
        facts = f"<dt>会員氏名</dt><dd>{escape(member['name_kana'])}</dd>"
        facts += f"<dt>整理番号</dt><dd>{escape(member['seiri']) or 'なし'}</dd>"
        links = '<p><a href="/ex/search">新しく予約する</a></p><p><a href="/ex/bookings">予約を確認する</a></p>'
        return pages.page(200, "トップ", f"<dl>{facts}</dl>{links}{self._night_notice()}")

    def search(self, request: Request, member: Json) -> Answer:
        """The search form, and the trains when it is filled in."""
        query = request.query
        title = "変更する列車を探す" if query.get("change") else "新規予約"
        if query.get("change"):
            self.records.refuse_change(self.records.booking(member["member_id"], query["change"]))
        if "date" not in query:
            return pages.page(200, title, pages.search_form(self._rail.stations, query, "") + self._night_notice())
        try:
            rides = self._wanted_rides(query)
        except ValueError as problem:
            return pages.page(422, title, pages.search_form(self._rail.stations, query, str(problem)))
        shown = rides[:TRAINS_PER_PAGE]
        rows = [
            (ride_record(ride, "reserved", 0, 0), self._seat_links(ride, query.get("change", ""))) for ride in shown
        ]
        known = {name: query.get(name, "") for name in ("date", "from", "to", "change")}
        last = shown[-1].departs_at.strftime("%H:%M") if len(rides) > TRAINS_PER_PAGE else ""
        more = pages.address("/ex/search", **(known | {"time": last})) if last else ""
        where = f"{query['from']} → {query['to']}、{pages.day_text(query['date'])}"
        table = (
            pages.train_table(rows, more) if rows else pages.error("この条件で乗り換えなしに行ける列車はありません。")
        )
        again = pages.address("/ex/search", change=query.get("change", ""))
        body = f'<p>{escape(where)}</p>{table}{self._night_notice()}<p><a href="{again}">条件を変えて探す</a></p>'
        return pages.page(200, "列車を選ぶ", body)

    def reserve(self, request: Request, member: Json) -> Answer:
        """The chosen train; asks for the 出張番号."""
        query = request.query
        booking = self._booking_to_change(member, query.get("change", ""))
        ride = self._offered(query.get("offer", ""))
        return self._reserve_page(ride, query.get("offer", ""), booking, "", "")

    def confirm(self, request: Request, member: Json) -> Answer:
        """Everything once more before the purchase."""
        form = request.form()
        offer, trip_no = form.get("offer", ""), form.get("trip_no", "").strip()
        booking = self._booking_to_change(member, form.get("change", ""))
        ride = self._offered(offer)
        if booking is None and not re.fullmatch(TRIP_NO, trip_no):
            return self._reserve_page(ride, offer, None, trip_no, "出張番号は半角英数字12文字以内で入力してください。")
        trip_no = booking["trip_no"] if booking else trip_no
        facts = pages.ride_facts(ride, ("出張番号", trip_no or "なし"))
        old = f"<h2>変更前</h2>{pages.ride_facts(booking['ride'])}<h2>変更後</h2>" if booking else ""
        keep = pages.hidden(offer=offer, trip_no=trip_no, change=form.get("change", ""), once=secrets.token_urlsafe(9))
        action, verb = ("/ex/change", "この内容に変更する") if booking else ("/ex/purchase", "購入する")
        body = f'{old}{facts}<form method="post" action="{action}">{keep}<button>{verb}</button></form>'
        return pages.page(200, "内容を確認する", body)

    def purchase(self, request: Request, member: Json) -> Answer:
        """Buys or changes; the same confirm page sent twice does it once."""
        form = request.form()
        once, trip_no = form.get("once", ""), form.get("trip_no", "")
        if not once or not re.fullmatch(TRIP_NO, trip_no):
            raise Refusal(400, "INVALID_REQUEST", "確認の画面からやり直してください。")
        request.about = trip_no
        if once not in self._done:
            old = self._booking_to_change(member, form.get("change", ""))
            ride = self._offered(form.get("offer", ""))
            new = self.records.change(old, ride) if old else self.records.purchase(member["member_id"], ride, trip_no)
            self._done[once] = new["key"]
        return pages.redirect(f"/ex/bookings/{self._done[once]}?done={'change' if form.get('change') else 'purchase'}")

    def bookings(self, _request: Request, member: Json) -> Answer:
        """予約確認: the member's bookings, the latest ride first."""
        rows = []
        for one in sorted(
            self.records.bookings(member["member_id"]), key=lambda one: one["ride"]["departs_at"], reverse=True
        ):
            ride = one["ride"]
            where = f"{ride['from']} → {ride['to']}"
            when = f"{pages.day_text(ride['date'])} {pages.clock(ride['departs_at'])}"
            state = "購入済" if one["state"] == "bought" else "払戻済"
            link = f'<a href="/ex/bookings/{one["key"]}">お預かり番号 {one["number"]}</a>'
            cells = [
                link,
                when,
                where,
                ride["train_name"],
                escape(one["trip_no"]) or "なし",
                pages.yen(ride["price_yen"]),
                state,
            ]
            rows.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
        columns = ("予約", "乗車日", "区間", "列車", "出張番号", "金額", "状態")
        heads = "".join(f'<th scope="col">{one}</th>' for one in columns)
        table = (
            f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
        )
        return pages.page(200, "予約の確認・変更・払戻", table if rows else "<p>予約はありません。</p>")

    def booking(self, request: Request, member: Json) -> Answer:
        """One booking, with its お預かり番号."""
        booking = self.records.booking(member["member_id"], request.args["key"])
        titles = {"purchase": "購入しました", "change": "変更しました", "refund": "払戻しました"}
        title = titles.get(request.query.get("done", ""), "予約の内容")
        number = f'<p>お預かり番号</p><p class="big" id="azukari">{booking["number"]}</p>'
        state = "購入済" if booking["state"] == "bought" else f"払戻済(払戻手数料 {pages.yen(booking['fee_yen'])})"
        facts = pages.ride_facts(booking["ride"], ("出張番号", booking["trip_no"] or "なし"), ("状態", state))
        key = booking["key"]
        acts = f'<p><a href="/ex/search?change={key}">変更する</a></p>'
        acts += f'<p><a href="/ex/bookings/{key}/refund">払戻する</a></p>'
        return pages.page(200, title, number + facts + (acts if booking["state"] == "bought" else ""))

    def refund_page(self, request: Request, member: Json) -> Answer:
        """What a refund costs now."""
        booking = self.records.booking(member["member_id"], request.args["key"])
        fee = self.records.refund_fee(booking)
        back = booking["ride"]["price_yen"] - fee
        facts = pages.ride_facts(booking["ride"], ("払戻手数料", pages.yen(fee)), ("払戻額", pages.yen(back)))
        form = f'<form method="post">{pages.hidden(fee=str(fee))}<button>払戻する</button></form>'
        return pages.page(200, "払戻の内容を確認する", facts + form)

    def refund(self, request: Request, member: Json) -> Answer:
        """Refunds at the fee that was shown."""
        booking = self.records.booking(member["member_id"], request.args["key"])
        request.about = booking["trip_no"]
        fee = request.form().get("fee", "")
        self.records.refund(booking, int(fee) if re.fullmatch(r"\d{1,6}", fee) else -1)
        return pages.redirect(f"/ex/bookings/{booking['key']}?done=refund")

    def corporate(self, request: Request) -> Answer:
        """The corporation's page with the usage file."""
        if not _is_corporation(request):
            return _ask_corporation()
        today = self._world.clock.today()
        first = today.replace(day=1)
        form = (
            "<p>操作した日を指定して、ご利用実績データ(CSV、Shift_JIS)を取り出します。</p>"
            '<form action="/ex/corporate/usage.csv">'
            f'<label for="from">開始日</label><input id="from" name="from" type="date" value="{first}" required>'
            f'<label for="to">終了日</label><input id="to" name="to" type="date" value="{today}" required>'
            "<div><button>ダウンロードする</button></div></form>"
        )
        return pages.page(200, "ご利用実績データ", form, signed_in=False)

    def usage(self, request: Request) -> Answer:
        """The usage file: operations of the days asked, of this month and the three before."""
        if not _is_corporation(request):
            return _ask_corporation()
        try:
            first, last = (date.fromisoformat(request.query.get(name, "")) for name in ("from", "to"))
        except ValueError:
            return _plain(400, "開始日と終了日を YYYY-MM-DD の形で指定してください。")
        now = self._world.clock.now()
        months = now.year * 12 + now.month - 1 - 3
        oldest = date(months // 12, months % 12 + 1, 1)
        if last < first or first < oldest:
            return _plain(400, f"{oldest} 以降の期間を、開始日・終了日の順に指定してください。")
        wanted = range(first.toordinal(), last.toordinal() + 1)
        operations = [
            row for row in self.records.operations() if date.fromisoformat(row["at"][:10]).toordinal() in wanted
        ]
        body = usage_file(operations, self.records.members(), self.records.bookings(), now)
        name = f'attachment; filename="usage_{first:%Y%m%d}_{last:%Y%m%d}.csv"'
        return Answer(
            200, body, "text/csv; charset=Shift_JIS", (("Content-Disposition", name), ("Cache-Control", "no-store"))
        )

    def _for_members(self, show: Page) -> Callable[[Request], Answer]:
        def handler(request: Request) -> Answer:
            member_id = self._sessions.get(request.cookie(COOKIE))
            member = self.records.member(member_id) if member_id else None
            return show(request, member) if member else pages.redirect("/ex/login")

        return handler

    def _sign_in_page(self, message: str = "", member_id: str = "", status: int = 200) -> Answer:
        return pages.page(status, "ログイン", pages.sign_in_form(message, member_id), signed_in=False)

    def _night_notice(self) -> str:
        """23:30-05:30 the real site sells on with restrictions (no seat map, three people at most)."""
        hour = self._world.clock.now().time()
        if time(5, 30) <= hour < time(23, 30):
            return ""
        return "<p>23時30分から5時30分までは、座席表からの座席の指定はできません。</p>"

    def _wanted_rides(self, query: dict[str, str]) -> list[Ride]:
        """Trains asked for that can still be bought. Raises ValueError with a message for the person."""
        origin, destination = query.get("from", ""), query.get("to", "")
        if origin not in self._rail.stations or destination not in self._rail.stations:
            raise ValueError("出発駅と到着駅を選んでください。")
        if origin == destination:
            raise ValueError("出発駅と違う到着駅を選んでください。")
        try:
            day = date.fromisoformat(query["date"])
            earliest = at(day, time.fromisoformat(query.get("time") or "00:00").strftime("%H:%M"))
        except ValueError:
            raise ValueError("乗車日と出発時刻を正しく入力してください。") from None
        if day < self._world.clock.today():
            raise ValueError("乗車日が過ぎています。今日以降の日を入力してください。")
        rides = [ride for ride in self._rail.rides(origin, destination, day) if ride.departs_at >= earliest]
        return [ride for ride in rides if self._on_sale(ride)]

    def _on_sale(self, ride: Ride) -> bool:
        try:
            self.records.refuse_late(ride_record(ride, "reserved", 0, 0))
        except Refusal:
            return False
        return True

    def _seat_links(self, ride: Ride, change: str) -> dict[str, tuple[str, str]]:
        """For each seat class of the train: address of the next page (empty when full) and what the cell says."""
        cells = {}
        for seat in ride.seats:
            priced = self._priced(ride, seat)
            facts = [ride.train_id, ride.origin, ride.destination, ride.day.isoformat(), seat, priced["price_yen"]]
            offer = seal(self._world.state.seed, SUPPLIER, facts)
            free = seat == "nonreserved" or dice(self._world.state.seed, ride.train_id, ride.day, seat) % 100 >= 5
            text = pages.yen(priced["price_yen"]) if free else "満席"
            cells[seat] = (pages.address("/ex/reserve", offer=offer, change=change) if free else "", text)
        return cells

    def _priced(self, ride: Ride, seat: str) -> Json:
        today = self._world.clock.today()
        price = self._rail.fares.ex(ride.origin, ride.destination, ride.name, seat, today, ride.day)
        return ride_record(ride, seat, price.total_yen, price.base_yen)

    def _offered(self, offer: str) -> Json:
        """The ride of an offer, at today's price. Raises Refusal."""
        train_id, origin, destination, day, seat, price = unseal(self._world.state.seed, SUPPLIER, offer)
        ride = self._rail.ride(train_id, origin, destination, date.fromisoformat(day))
        if ride is None or seat not in ride.seats:
            raise Refusal(422, "OFFER_INVALID", "この列車は選べません。もう一度検索してください。")
        priced = self._priced(ride, seat)
        if priced["price_yen"] != price:
            raise Refusal(409, "PRICE_CHANGED", "料金が変わりました。もう一度検索してください。")
        self.records.refuse_late(priced)
        return priced

    def _booking_to_change(self, member: Json, key: str) -> Json | None:
        if not key:
            return None
        booking = self.records.booking(member["member_id"], key)
        self.records.refuse_change(booking)
        return booking

    def _reserve_page(self, ride: Json, offer: str, booking: Json | None, trip_no: str, message: str) -> Answer:
        field = (
            '<label for="trip_no">出張番号<span class="hint">半角英数字12文字以内。'
            "出張の管理に使う番号があれば入力します</span></label>"
            f'<input id="trip_no" name="trip_no" value="{escape(trip_no)}" autocomplete="off">'
        )
        facts = pages.ride_facts(ride)
        keep = pages.hidden(offer=offer, change=str(booking["key"]) if booking else "")
        ask = f"<p>出張番号: {escape(booking['trip_no']) or 'なし'}</p>" if booking else field
        form = f'<form method="post" action="/ex/confirm">{keep}{ask}<div><button>確認へ進む</button></div></form>'
        return pages.page(422 if message else 200, "予約の内容を入力する", pages.error(message) + facts + form)


def _is_corporation(request: Request) -> bool:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    return scheme.lower() == "basic" and hmac.compare_digest(given, f"{CORPORATION}:{CORPORATION_PASSWORD}".encode())


def _ask_corporation() -> Answer:
    answer = _plain(401, "基本会員IDとパスワードでログインしてください。")
    return Answer(
        401, answer.body, answer.content_type, (("WWW-Authenticate", 'Basic realm="EX corporate", charset="UTF-8"'),)
    )


def _plain(status: int, text: str) -> Answer:
    return Answer(status, text.encode(), "text/plain; charset=utf-8")
