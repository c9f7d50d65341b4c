"""People of every kind around one traveller, and one real object behind every address that names one."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Department, Role, User
from accounts.services import add_dated_row, assign_approver, grant_proxy, publish_text
from audit.models import Event
from audit.services import queue_mail
from billing.models import Invoice, InvoiceDocument, Period
from billing.rules.one_off import OneOffLine
from billing.rules.papers import face_values
from billing.services import ask_charge_correction, ask_invoice_correction, ask_one_off, open_periods, prepare_closing
from booking.models import (
    Change,
    ChargeKind,
    Connection,
    Disruption,
    Feed,
    Part,
    RefundClaim,
    Reservation,
    Search,
    SearchAnswer,
    SupplierCall,
    TaxClass,
    Way,
)
from booking.services.claims import open_claim, settle_claim
from booking.services.disruptions import DisruptionFacts, enter_disruption
from booking.services.ending_claims import ask_claim_close
from booking.services.feeds import upload_feed
from booking.suppliers.types import Offer, Ride
from config.models import Tick
from lib import clock, jst, registry
from lib.actor import Actor
from lib.dated import Confidence
from tests import factories
from tests.accounts.second_factor import code_now, enrol
from tests.accounts.two_people import TRIAL, ask
from tests.billing.world import go_to
from tests.booking.usage_file import purchase, usage_file
from tests.factories import PASSWORD, SETUP, START, acting
from tests.permissions.matrix import VIEWERS
from tests.signin import sign_in, sign_in_halfway
from tests.world import city

TODAY = dt.date(2026, 12, 2)
TRAVEL = dt.date(2026, 12, 16)


class Stage:
    """One traveller of one office with a trip in every state that an address needs, and everybody who may look at it."""

    def __init__(self) -> None:
        go_to(TODAY)
        self.contract = factories.contract()
        self.office = factories.office(name="九州支社")
        home = factories.department(self.office)
        away = factories.department()
        self.own = factories.person(of=home)
        enrol(self.own)
        self.people: dict[str, User] = {
            "half": self.own,
            "own": self.own,
            "proxy": factories.person(of=away),
            "other": factories.person(of=home),
            "approver": factories.person(Role.APPROVER, of=home),
            "admin": factories.person(Role.ADMIN, of=home),
            "admin'": factories.person(Role.ADMIN, of=away),
            "operator": factories.person(Role.OPERATOR, of=away),
            "auditor": factories.person(Role.AUDITOR, of=away),
            "contact": factories.person(Role.BILLING, of=home),
        }
        grant_proxy(SETUP, principal=self.own, deputy=self.people["proxy"], first=START, reason="秘書")
        assign_approver(SETUP, self.own, approver=self.people["approver"], first=START, source="試験")
        publish_text(SETUP, slug="terms", title="旅行業約款", body="文面", first=START, position=1)
        Tick.objects.create(name="beat", at=clock.wall())
        self.jal, self.ex = factories.connection("jal_online"), factories.connection("ex", Way.HANDOFF)
        self.hotels = factories.connection("yado_net")
        self.stopped = factories.connection(
            "yado_net", name="宿の別契約", active=False, paused_because="接続の設定", paused_at=clock.now()
        )
        self._trips()
        self.asked = ask(factories.person(Role.OPERATOR, of=away), self.trip)
        self.disruption = disrupted(self.people["operator"], self.own, self.ex)
        self.told = self.disruption.bookings.get()
        self._money(away)
        self.feed = self._feed()
        self.asked_oneself = ask(self.people["operator"], self.office)
        with transaction.atomic():
            self.mail = queue_mail(
                SETUP, kind="試験", to_person=self.own.public_id, to_address=self.own.email, subject="予約の結果",
                body="予約が確定しました。", about=self.trip,
            )  # fmt: skip
        self.event = Event.objects.earliest("seq")
        values = {"kind": ChargeKind.HANDLING, "tax_class": TaxClass.STANDARD}
        rules = registry.dated_tables["tax-classes"]
        told = {"source": "試験", "confidence": Confidence.HIGH}
        self.rule = add_dated_row(SETUP, rules, values=values, first=START, **told)
        self.coming_rule = add_dated_row(SETUP, rules, values=values, first=TRAVEL, **told)

    def _trips(self) -> None:
        day = TRAVEL
        self.trip = factories.trip(self.own, day=day, authorised_total=200000)
        nothing = {"number": "", "booked_at": None, "ticketed_at": None}
        fare = {"price": 15640, "title": "のぞみ21号"}
        self.handed_off = factories.reservation(
            self.trip, self.ex, state="handed_off", offer=rail_offer(day).as_json(), **nothing, **fare
        )
        factories.segment(self.handed_off, part="out")
        self.ticketed = factories.reservation(self.trip, self.ex, number="2001", **fare)
        factories.segment(self.ticketed, part="back")
        self.booked = factories.reservation(
            self.trip, self.jal, state="booked", ticketed_at=None, hold_until=clock.now() + dt.timedelta(days=2)
        )
        self.waiting_wish = factories.reservation(
            self.trip,
            self.jal,
            state="scheduled",
            not_before=clock.now() + dt.timedelta(hours=8),
            price=9000,
            **nothing,
        )
        self.stopped_wish = factories.reservation(
            self.trip, self.jal, state="scheduled", problem="料金が変わりました。", **nothing
        )
        self.call = self._lost_answer(nothing)
        self.draft = factories.trip(
            self.own, day=day, state="draft", search=self._asked("drafted"), authorised_total=None, submitted_at=None,
            consented_at=None,
        )  # fmt: skip
        chosen = factories.reservation(
            self.draft, self.ex, state="draft", offer=rail_offer(day).as_json(), **nothing, **fare
        )
        factories.segment(chosen)
        self.search = self._asked("open")
        self.answer = SearchAnswer.objects.create(
            search=self.search, connection=self.ex, part=Part.OUT, state="answered", asked_at=clock.now(),
            answered_at=clock.now(), offers=[rail_offer(day).as_json()],
        )  # fmt: skip
        self._changes(rail_offer(day).as_json(), fare)

    def _changes(self, offer: dict[str, Any], fare: dict[str, Any]) -> None:
        """One change that waits to be confirmed, one that was confirmed and is made at the supplier's site."""
        trip = factories.trip(self.own, day=TRAVEL, search=self._asked("changing"), authorised_total=200000)
        rides = {
            part: factories.reservation(trip, self.ex, number=number, offer=offer, **fare)
            for part, number in (("out", "2004"), ("back", "2005"))
        }
        for part, ride in rides.items():
            factories.segment(ride, part=part)
        chosen = {
            "kind": "own",
            "search": self.search,
            "answer": self.answer,
            "offer": offer,
            "created_at": clock.now(),
        }
        self.change = Change.objects.create(reservation=rides["out"], **chosen)
        self.change_at_site = Change.objects.create(
            reservation=rides["back"], state="confirmed", max_cost=0, max_fee=0, confirmed_at=clock.now(), **chosen
        )

    def _lost_answer(self, nothing: dict[str, Any]) -> SupplierCall:
        """A booking whose answer was lost an hour ago."""
        sent = clock.wall() - dt.timedelta(hours=1)
        said = {
            "at": sent.isoformat(), "method": "POST", "path": "/bookings", "request": "{}", "status": 0,
            "answer": "ReadTimeout", "milliseconds": 30000,
        }  # fmt: skip
        return SupplierCall.objects.create(
            reservation=factories.reservation(self.trip, self.jal, state="unknown", price=9000, **nothing), verb="book",
            state="asking", state_before="draft", max_yen=40160, created_at=clock.now(), sent_at=sent,
            next_try_at=clock.wall(), exchanges=[said],
        )  # fmt: skip

    def _asked(self, key: str) -> Search:
        return Search.objects.create(
            asked_by=self.own, traveller=self.own, purpose="団地再生協議", origin=city("横浜"),
            destination=city("福岡"), out_on=TRAVEL, wish_key=key, created_at=clock.now(),
        )  # fmt: skip

    def _money(self, away: Department) -> None:
        open_periods(SETUP, until=TODAY)
        september, october, november = dt.date(2026, 9, 30), dt.date(2026, 10, 31), dt.date(2026, 11, 30)
        factories.charge(self.own, on=september)
        self.to_correct = factories.close(self._period(september)).invoice
        factories.charge(self.own, on=october)
        closed = factories.close(self._period(october))
        self.invoice = closed.invoice
        InvoiceDocument.objects.update(pdf=b"%PDF", sha256="0" * 64, made_at=clock.now(), next_try_at=None)
        self.paper = self.invoice.documents.get()
        clerk = factories.acting(factories.person(Role.OPERATOR))
        ask_invoice_correction(clerk, self.to_correct, values=self._face(self.to_correct), reason="移転")
        self.charge = factories.charge(self.own, on=november)
        self.period = self._period(november)
        self.unprepared = Period.objects.get(office=away.office, last_day=november)
        self._asked_for(acting(factories.person(Role.OPERATOR, of=away)))
        self.refundable, self.unused = self._past_ride("cancelled"), self._past_ride("used")
        self.claim, self.claim_in_doubt = self._owed(self.refundable), self._owed(self._past_ride("cancelled"))
        self.claim_settled = self._owed(self._past_ride("cancelled"))
        with transaction.atomic():
            settle_claim(SETUP, self.claim_settled)
        colleague = acting(factories.person(Role.OPERATOR, of=away))
        ask_claim_close(colleague, self.claim_in_doubt, reason="refused", note="手配先が払戻を認めない")
        prepare_closing(acting(factories.person(Role.OPERATOR, of=away)), self.period)

    def _face(self, invoice: Invoice) -> dict[str, str]:
        """The fields of a correction: another address."""
        return {**face_values(invoice.face), "recipient_address": "福岡県福岡市博多区1-2-3"}

    def _asked_for(self, colleague: Actor) -> None:
        """What an operator wants a second one to agree to."""
        self.wrong = self.invoice.lines.get().charge
        ask_charge_correction(colleague, self.wrong, difference=-160, reason="運賃の誤り")
        self.one_off = ask_one_off(
            colleague, office=self.office, lines=[OneOffLine("初期費用", 330000, "standard")], day=TODAY,
            due_on=dt.date(2027, 1, 29), reference="PO-1", reason="契約書第8条",
        )  # fmt: skip

    def _past_ride(self, state: str) -> Reservation:
        """A train of the day before yesterday, paid for."""
        day = TODAY - dt.timedelta(days=2)
        ride = factories.reservation(
            factories.trip(self.own, day=day), self.ex, state=state, cancelled_at=clock.now(), price=15640
        )
        factories.charge(self.own, amount=15640, on=day, reservation=ride, segment=factories.segment(ride))
        return ride

    def _owed(self, ride: Reservation) -> RefundClaim:
        """The refund of a cancelled ride, of which 320 yen will be kept."""
        with transaction.atomic():
            return open_claim(SETUP, ride, expected=15320)

    def _period(self, last_day: dt.date) -> Period:
        return Period.objects.get(office=self.office, last_day=last_day)

    def _feed(self) -> Feed:
        content = usage_file(purchase(self.ticketed))
        return upload_feed(acting(self.people["operator"]), self.ex, file_name="riyou.csv", content=content)

    @contextmanager
    def browser(self, viewer: str, **client: Any) -> Iterator[Client]:
        """A fresh browser of the viewer; what it brings about is taken back afterwards."""
        with transaction.atomic():
            fresh = Client(raise_request_exception=False, **client)
            if viewer == "half":
                sign_in_halfway(fresh, self.own)
            elif viewer != "anonymous":
                sign_in(fresh, self.people[viewer])
            yield fresh
            transaction.set_rollback(True)

    def everybody(self) -> Iterator[tuple[str, Client]]:
        """Each viewer of the matrix with a browser, one after the other."""
        for viewer in VIEWERS:
            with self.browser(viewer) as client:
                yield viewer, client

    def object_of(self, name: str) -> Any:
        """The object behind an address, None for pages without one."""
        objects = {
            "accounts:person": self.own,
            "accounts:confirmation": self.asked,
            "accounts:refuse_confirmation": self.asked,
            "accounts:withdraw_confirmation": self.asked_oneself,
            "audit:event": self.event,
            "audit:mail": self.mail,
            "billing:prepare": self.unprepared,
            "billing:charge": self.charge,
            "billing:close": self.period,
            "billing:close_progress": self.period,
            "billing:correct_charge": self.charge,
            "billing:decide_correction": self.wrong,
            "billing:decide_one_off": self.one_off,
            "billing:invoice": self.invoice,
            "billing:invoice_csv": self.invoice,
            "billing:invoice_json": self.invoice,
            "billing:invoice_pdf": self.invoice,
            "billing:document_pdf": self.paper,
            "billing:reissue": self.invoice,
            "billing:correct": self.invoice,
            "billing:confirm_correction": self.to_correct,
            "billing:send": self.invoice,
            "billing:invoice_xlsx": self.invoice,
            "billing:ledger@office": self.office,
            "billing:ledger_csv@office": self.office,
            "billing:period": self.period,
            "billing:usage@office": self.office,
            "billing:usage_csv@office": self.office,
            "booking:call": self.call,
            "booking:call_ask": self.call,
            "booking:call_settle": self.call,
            "booking:cancel": self.ticketed,
            "booking:change": self.change.reservation,
            "booking:change_page": self.change,
            "booking:change_number": self.change_at_site,
            "booking:change_drop": self.change,
            "booking:choose": self.search,
            "booking:cancel_trip": self.told.reservation.trip,
            "booking:close_claim": self.claim,
            "booking:confirm": self.draft,
            "booking:decide_claim": self.claim_in_doubt,
            "booking:disruption": self.disruption,
            "booking:disruption_correct": self.disruption,
            "booking:disruption_follow_up": self.told,
            "booking:disruption_withdraw": self.disruption,
            "booking:explain_claim": self.claim_settled,
            "booking:feed": self.feed,
            "booking:give_up": self.handed_off,
            "booking:handoff": self.handed_off,
            "booking:no_show": self.unused,
            "booking:refund": self.refundable,
            "booking:results": self.search,
            "booking:resume_connection": self.stopped,
            "booking:search@again": self.search,
            "booking:stop_waiting": self.waiting_wish,
            "booking:go_on": self.stopped_wish,
            "booking:ticket": self.booked,
            "booking:trip": self.trip,
            "booking:withdraw": self.draft,
        }
        return objects.get(name)

    def url(self, name: str) -> str:
        """The address as a person meets it: with its object, and with what a variant (`name@variant`) asks for."""
        plain, _, variant = name.partition("@")
        if variant:
            return f"{reverse(plain)}?{variant}={self.object_of(name).public_id}"
        if plain in {"accounts:text", "accounts:edit_text"}:
            return reverse(plain, args=["terms"])
        if plain == "account_reset_password_from_key":
            return reverse(plain, kwargs={"uidb36": "1", "key": "no-such-key"})
        if plain in {"accounts:table_history", "accounts:table_end", "accounts:table_withdraw"}:
            row = self.coming_rule if plain.endswith("withdraw") else self.rule
            return reverse(plain, args=["tax-classes", row.pk])
        if plain.startswith("accounts:table_") or plain == "accounts:table":
            return reverse(plain, args=["tax-classes"])
        found = self.object_of(plain)
        return reverse(plain, args=[found.public_id] if found else [])

    def body(self, name: str) -> dict[str, Any]:
        """What a person would send to the address so that it does its work."""
        bodies: dict[str, Callable[[], dict[str, Any]]] = {
            "account_change_password": self._new_passwords,
            "account_login": lambda: {"login": self.own.login_id, "password": PASSWORD},
            "account_reset_password": lambda: {"email": self.own.email},
            "accounts:edit_text": lambda: {"title": "旅行業約款", "body": "新しい文面"},
            "accounts:table_add": self._rule,
            "accounts:table_end": lambda: {**day_fields("last", TODAY), "step": "write"},
            "accounts:table_import": self._rule_file,
            "accounts:second_factor": lambda: {"code": code_now()},
            "accounts:recovery": lambda: {"code": "ABCDEF-ABCDEF-ABCDEF-ABCDEF"},
            "accounts:refuse_confirmation": lambda: {"note": "金額が違います"},
            "billing:correct": lambda: {**self._face(self.invoice), "reason": "移転"},
            "billing:reissue": lambda: {"reason": "紛失"},
            "billing:correct_charge": lambda: {"way": "right", "amount": "40000", "reason": "誤り", "step": "ask"},
            "billing:one_off": self._initial_costs,
            "booking:call_settle": lambda: {"happened": "no", "why": "管理画面で確認"},
            "booking:cancel": lambda: {"fee": "320", "refunded": "no"},
            "booking:change": lambda: {**day_fields("day", TRAVEL), "kinds": "rail"},
            "booking:change_page": lambda: {"max_cost": "0", "max_fee": "0"},
            "booking:change_number": lambda: {"number": "2005", "price": "15640"},
            "booking:choose": lambda: {"out": f"{self.answer.public_id}.0"},
            "booking:close_claim": lambda: {"reason": "offset", "note": "取消料が運賃と同じ額"},
            "booking:explain_claim": lambda: {"note": "手配先が手数料を多く引いた"},
            "booking:confirm": lambda: {"version": 1, "total": 15640, "consent": "on"},
            "booking:disruption_enter": lambda: {
                **self._announced(),
                **day_fields("day", TRAVEL),
                "supplier": "ex",
                "service": "ひかり1号",
            },
            "booking:disruption_correct": self._announced,
            "booking:disruption_withdraw": lambda: {"version": "1"},
            "booking:disruption_follow_up": lambda: {"note": "本人と電話"},
            "booking:feeds": self._upload,
            "booking:give_up": lambda: {"why": "予約をやめた"},
            "booking:go_on": lambda: {"price": "9000"},
            "booking:handoff": lambda: {"number": "2002", "price": "15640"},
            "booking:no_show": self._kept,
            "booking:record": self._recording,
            "booking:refund": self._kept,
            "booking:search": self._wish,
        }
        return bodies[name]() if name in bodies else {}

    def _new_passwords(self) -> dict[str, Any]:
        fresh = "Shiro-kumo-2027-umi"
        return {"oldpassword": PASSWORD, "password1": fresh, "password2": fresh}

    def _initial_costs(self) -> dict[str, Any]:
        return {
            "office": str(self.office.public_id), "reason": "契約書第8条", "step": "ask", "lines-TOTAL_FORMS": "1",
            "lines-INITIAL_FORMS": "0", "lines-0-content": "初期費用", "lines-0-amount": "330000",
            "lines-0-tax_class": "standard", **day_fields("day", TODAY),
        }  # fmt: skip

    def _announced(self) -> dict[str, Any]:
        return {
            "kind": "stopped", "source": "公式サイト", "message": "運休します。", "announced_at": "00:00",
            **day_fields("announced_on", TODAY), **day_fields("free_refund_until", TRAVEL),
        }  # fmt: skip

    def _upload(self) -> dict[str, Any]:
        content = usage_file(purchase(self.ticketed, number="2003"))
        return {"connection": self.ex.code, "file": SimpleUploadedFile("more.csv", content)}

    def _rule(self) -> dict[str, Any]:
        return {
            "kind": "delivery", "tax_class": "standard", "source": "試験", "confidence": "high", "step": "write",
            **day_fields("first", TRAVEL),
        }  # fmt: skip

    def _rule_file(self) -> dict[str, Any]:
        lines = "種別,税区分,初日,末日,出典,確度\n配送料,10%,2026-12-16,,試験,高\n"
        return {"content": base64.b64encode(lines.encode()).decode(), "step": "write"}

    def _kept(self) -> dict[str, Any]:
        return {"kept": "320", **day_fields("booked_on", TODAY)}

    def _recording(self) -> dict[str, Any]:
        return {
            "trip": self.trip.number, "part": "stay", "connection": self.hotels.code, "number": "ABC123",
            "title": "ホテル博多なぎさ通り", "nights": "1", "price": "9000", "stay_tax": "200", "settlement": "lump",
            **day_fields("day", TRAVEL),
        }  # fmt: skip

    def _wish(self) -> dict[str, Any]:
        return {
            "traveller": str(self.own.public_id), "purpose": "団地再生協議", "origin": "横浜", "destination": "福岡",
            "trip_type": "one_way", "nights": "0", "kinds": ["air", "rail"], **day_fields("out_on", TRAVEL),
        }  # fmt: skip


@contextmanager
def staging(clock_file: str) -> Iterator[Stage]:
    """A stage for all tests of a module, in a transaction that is never committed."""
    with pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setenv("CLOCK_FILE", clock_file)
        patch.setitem(registry.confirmation_kinds, TRIAL.code, TRIAL)
        yield Stage()
        transaction.set_rollback(True)


def disrupted(operator: User, traveller: User, by: Connection) -> Disruption:
    """A cancelled train of which one person was told."""
    ride = factories.reservation(factories.trip(traveller, day=TRAVEL), by, title="のぞみ99号", number="2099")
    factories.segment(ride, part="out")
    facts = DisruptionFacts("stopped", "公式サイト", clock.now(), TRAVEL, TRAVEL, "運休します。")
    return enter_disruption(acting(operator), supplier="ex", service=ride.title, day=TRAVEL, facts=facts)


def rail_offer(day: dt.date) -> Offer:
    """A train to hand over."""
    ride = Ride("のぞみ21号", "新横浜", "博多", jst.at(day, 10, 40), jst.at(day, 15, 20))
    return Offer("ex", "のぞみ21号", "普通車指定席", 15640, rides=[ride])


def day_fields(name: str, day: dt.date) -> dict[str, str]:
    """A day in the three fields of a form."""
    return {f"{name}_y": str(day.year), f"{name}_m": str(day.month), f"{name}_d": str(day.day)}
