"""Each rule of the judge sees the one violation that is planted for it, and says nothing of a story that went well."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest

from lib.clock import JST
from tests.campaign.facts import (
    Booking,
    ChangeFact,
    ChargeFact,
    ClaimFact,
    EventFact,
    Facts,
    MailFact,
    Supplied,
    TripFact,
)
from tests.campaign.judges import JUDGES, judge

TOLD = """・全日空のない便
   発券済 予約番号 ABC123 20,000円
・宿
   予約確定 予約番号 Y1 8,000円
・のぞみ
   番号待ち 目安 15,000円
"""
GIVEN_BACK = "・全日空のない便\n   予約番号 OLD999\n   取消にかかった額 440円\n"


CHANGED = "次の予約に変更しました。\n\n・宿\n  予約番号 Y3\n  状態 予約確定\n  金額 8,500円\n"
EXCHANGED = "次の予約に変更しました。\n\n・便\n  予約番号 AIR777\n  状態 発券済\n  金額 21,000円\n"
RESULT = "・宿\n   予約確定 予約番号 Y2 9,000円\n・便\n   発券済 予約番号 AIR777 20,000円\n"


def changed(facts: Facts) -> Facts:
    """A second trip: its stay was given back for another one, its flight exchanged for a dearer one."""
    facts.bookings += [
        Booking("r5", "t2", "C-1", "yado_net", "api", "cancelled", "Y2", 9000, "", 500, kept=500),
        Booking("r6", "t2", "C-3", "yado_net", "api", "used", "Y3", 8500, "", 8500),
        Booking("r7", "t2", "C-2", "jal_online", "api", "ticketed", "AIR777", 21000, "", 21000, ticketable=True),
    ]
    facts.supplied += [
        Supplied("yado_net", "Y2", "C-1", "cancelled", 9000, 500),
        Supplied("yado_net", "Y3", "C-3", "confirmed", 8500, 8500),
        Supplied("jal_online", "AIR777", "C-2", "ticketed", 21000, 21000),
    ]
    facts.trips.append(TripFact("t2", "BT-2", "released", 29500))
    facts.confirmed.append("t2")
    facts.changes += [
        ChangeFact("c1", "t2", "r5", "r6", "rebook", "done", 0, 500),
        ChangeFact("c2", "t2", "r7", "r7", "exchange", "done", 1000, 0),
    ]
    moves = [
        ("trip.released", "t2", "draft", "released", {"total": 29000}),
        ("reservation.booking", "r5", "draft", "booking", {}),
        ("reservation.booking", "r7", "draft", "booking", {}),
        ("reservation.booked", "r5", "booking", "booked", {"price": 9000}),
        ("reservation.ticketed", "r7", "booking", "ticketed", {"price": 20000}),
        ("change.confirmed", "c1", "draft", "confirmed", {}),
        ("reservation.booking", "r6", "draft", "booking", {}),
        ("reservation.booked", "r6", "booking", "booked", {"price": 8500}),
        ("reservation.cancelling", "r5", "booked", "cancelling", {}),
        ("reservation.cancelled", "r5", "cancelling", "cancelled", {}),
        ("change.done", "c1", "confirmed", "done", {}),
        ("change.confirmed", "c2", "draft", "confirmed", {}),
        ("trip.raised", "t2", None, None, {"total": 29500}),
        ("reservation.changing", "r7", "ticketed", "changing", {}),
        ("reservation.changed", "r7", "changing", "ticketed", {"price": 21000, "difference": 1000, "fee": 0}),
        ("change.done", "c2", "confirmed", "done", {}),
        ("reservation.used", "r6", "booked", "used", {}),
    ]
    # Between two moves there is room for a mail.
    for n, (code, key, before, after, more) in enumerate(moves):
        states = {"from": before, "to": after} if after else {}
        facts.events.append(EventFact(100 + 10 * n, f"booking.{code}", (key, "t2"), {**states, **more}))
    facts.mails += [
        MailFact("m5", "trip_result", "t2", RESULT, "sent", 1, 141),
        MailFact("m6", "cancelled", "t2", "・宿\n  予約番号 Y2\n  取消にかかった額 500円\n", "sent", 1, 191),
        MailFact("m7", "change", "t2", CHANGED, "sent", 1, 201),
        MailFact("m8", "change", "t2", EXCHANGED, "sent", 1, 251),
        MailFact("m9", "number_morning", "r3", "", "sent", 1, 25),
    ]
    return facts


def good() -> Facts:
    """A trip of a flight, a stay and a ride bought by its person, and a flight that was cancelled: all as it should be."""
    air = Booking("r1", "t1", "R-1", "jal_online", "api", "ticketed", "ABC123", 20000, "", 20000, ticketable=True)
    stay = Booking("r2", "t1", "R-2", "yado_net", "api", "used", "Y1", 8000, "", 8000)
    rail = Booking("r3", "t1", "R-3", "ex", "handoff", "ticketed", "2001", 15000, "", 15000)
    gone = Booking(
        "r4", "t1", "R-4", "jal_online", "api", "cancelled", "OLD999", 12000, "", 440, ticketable=True, kept=440
    )
    moves = [
        ("r1", "booking", "draft", "booking", {}),
        ("r2", "booking", "draft", "booking", {}),
        ("r3", "handed_off", "draft", "handed_off", {}),
        ("r4", "booking", "draft", "booking", {}),
        ("r1", "booked", "booking", "booked", {"price": 20000}),
        ("r2", "booked", "booking", "booked", {"price": 8000}),
        ("r4", "booked", "booking", "booked", {"price": 12000}),
        ("r4", "cancelling", "booked", "cancelling", {}),
        ("r4", "cancelled", "cancelling", "cancelled", {}),
        ("r1", "ticketing", "booked", "ticketing", {}),
        ("r1", "ticketed", "ticketing", "ticketed", {"price": 20000}),
    ]
    later = [
        ("r3", "ticketed", "handed_off", "ticketed", {"price": 15000, "source": "entered"}),
        ("r2", "used", "booked", "used", {}),
    ]

    def event(seq: int, move: tuple[str, str, str, str, dict[str, int]]) -> EventFact:
        key, word, before, after, more = move
        return EventFact(seq, f"booking.reservation.{word}", (key, "t1"), {"from": before, "to": after, **more})

    released = EventFact(1, "booking.trip.released", ("t1",), {"from": "draft", "to": "released", "total": 55000})
    facts = Facts(
        supplied=[
            Supplied("jal_online", "ABC123", "R-1", "ticketed", 20000, 20000),
            Supplied("yado_net", "Y1", "R-2", "confirmed", 8000, 8000),
            Supplied("ex", "2001", "BT-1", "purchased", 15000, 15000),
            Supplied("jal_online", "OLD999", "R-4", "cancelled", 12000, 440),
        ],
        bookings=[air, stay, rail, gone],
        trips=[TripFact("t1", "BT-1", "released", 55000)],
        events=[
            released,
            *(event(n, move) for n, move in enumerate(moves, start=2)),
            *(event(n, move) for n, move in enumerate(later, start=30)),
        ],
        mails=[
            MailFact("m1", "trip_result", "t1", TOLD, "sent", 1, 20),
            MailFact("m2", "cancelled", "t1", GIVEN_BACK, "sent", 1, 21),
        ],
        charges=[ChargeFact(n, amount, own=False, told=True) for n, amount in enumerate((20000, 8000, 15000, 440))],
        lines=[(0, 20000), (1, 8000)],
        unbilled=[2, 3],
        live_parts=[("ride 1/1", 1), ("night 2/2027-03-01", 1)],
        confirmed=["t1"],
    )
    return changed(facts)


def booking(facts: Facts, n: int, **more: object) -> None:
    facts.bookings[n] = replace(facts.bookings[n], **more)


def supplier(facts: Facts, n: int, **more: object) -> None:
    facts.supplied[n] = replace(facts.supplied[n], **more)


def mail(facts: Facts, n: int, **more: object) -> None:
    facts.mails[n] = replace(facts.mails[n], **more)


def event(facts: Facts, seq: int, **data: object) -> None:
    at = next(n for n, each in enumerate(facts.events) if each.seq == seq)
    facts.events[at] = replace(facts.events[at], data={**facts.events[at].data, **data})


def without(facts: Facts, seq: int) -> None:
    facts.events[:] = [each for each in facts.events if each.seq != seq]


def said(facts: Facts, old: str, new: str, n: int = 0) -> None:
    assert old in facts.mails[n].body
    mail(facts, n, body=facts.mails[n].body.replace(old, new))


def owed(facts: Facts, expected: int, *, state: str = "open") -> None:
    facts.claims.append(ClaimFact("k1", "r4", state, expected))


def withheld(facts: Facts, expected: int) -> None:
    booking(facts, 3, charged=12000)
    owed(facts, expected)


def failed_and_told(facts: Facts) -> None:
    event(facts, 12, to="failed")
    said(facts, "発券済 予約番号 ABC123", "予約できず")


def stands_and_told(facts: Facts) -> None:
    event(facts, 200, to="refused")
    facts.changes[0] = replace(facts.changes[0], state="refused")
    said(facts, "次の予約に変更しました。", "変更できませんでした。元の予約はそのまま残っています。", n=4)
    said(facts, "予約番号 Y3\n  状態 予約確定", "予約番号 Y2\n  状態 取消済", n=4)


def booked_anew(facts: Facts, *, lapsed_after: int) -> None:
    """A hold that lapsed so many hours after it was made; what stands was made within the second hour."""
    at = dt.datetime(2027, 3, 1, 9, 0, tzinfo=JST)
    supplier(facts, 0, made=at + dt.timedelta(minutes=90))
    until = at + dt.timedelta(hours=lapsed_after)
    facts.supplied.append(Supplied("jal_online", "LAPSED", "R-1", "expired", 20000, 0, at, until))


PLANTED: list[tuple[str, str, Callable[[Facts], object]]] = [
    ("no_double_booking", "a second booking under one key, even a cancelled one",
     lambda f: f.supplied.append(Supplied("jal_online", "TWIN", "R-1", "cancelled", 20000, 0))),
    ("no_double_booking", "a second booking before the first had lapsed", lambda f: booked_anew(f, lapsed_after=2)),
    ("no_orphan", "a live booking that nobody knows",
     lambda f: f.supplied.append(Supplied("jal_online", "LOST", "R-9", "held", 20000, 0))),
    ("no_orphan", "a live booking that the portal takes for failed", lambda f: booking(f, 0, state="failed")),
    ("no_orphan", "another number than the supplier's", lambda f: booking(f, 0, number="ABC124")),
    ("no_phantom", "a ticket that the supplier only holds", lambda f: supplier(f, 0, state="held")),
    ("no_phantom", "a stay that the supplier does not have", lambda f: f.supplied.pop(1)),
    ("every_purchase_is_found", "a purchase of which nobody knows",
     lambda f: f.supplied.append(Supplied("ex", "2002", "BT-1", "purchased", 9000, 9000))),
    ("every_purchase_is_found", "a purchase that stands twice",
     lambda f: f.bookings.append(replace(f.bookings[2], id="r5", reference="R-5"))),
    ("no_lost_wish", "a confirmed trip that is a draft", lambda f: f.trips.__setitem__(0, replace(f.trips[0], state="draft"))),
    ("no_lost_wish", "a confirmed trip with nothing left", lambda f: f.confirmed.append("t3")),
    ("no_lost_wish", "a part that was never sent", lambda f: booking(f, 0, state="draft")),
    ("no_lost_wish", "a wish whose moment has passed", lambda f: booking(f, 0, state="scheduled")),
    ("no_lost_wish", "a hold that nobody tickets", lambda f: booking(f, 0, state="booked")),
    ("no_lost_wish", "a failure without a reason", lambda f: booking(f, 0, state="failed")),
    ("nothing_in_flight", "a call still open", lambda f: booking(f, 0, open_calls=1)),
    ("nothing_in_flight", "a booking still under way", lambda f: booking(f, 0, state="ticketing")),
    ("nothing_in_flight", "a booking still unknown", lambda f: booking(f, 0, state="unknown")),
    ("charged_what_it_costs", "a yen too much", lambda f: booking(f, 0, charged=20001)),
    ("charged_what_it_costs", "a fee that was not charged", lambda f: booking(f, 3, charged=0)),
    ("money_owed_is_watched", "a refund that did not come, and nobody waits for it",
     lambda f: booking(f, 3, charged=12000)),
    ("money_owed_is_watched", "another sum than is missing", lambda f: withheld(f, 11000)),
    ("money_owed_is_watched", "a claim whose money came", lambda f: owed(f, 11560)),
    ("money_owed_is_watched", "a claim while the supplier has given it back",
     lambda f: withheld(f, 11560)),
    ("money_owed_is_watched", "a cheaper change whose old price stands", lambda f: booking(f, 6, charged=21001)),
    ("every_change_has_its_event", "a claim that ended without a word", lambda f: owed(f, 11560, state="settled")),
    ("every_yen_once", "one charge on two lines", lambda f: f.lines.append((0, 20000))),
    ("every_yen_once", "a line of another amount", lambda f: f.lines.__setitem__(0, (0, 19999))),
    ("every_yen_once", "a charge neither open nor on a line", lambda f: f.unbilled.remove(2)),
    ("every_yen_once", "a charge open and on a line", lambda f: f.unbilled.append(0)),
    ("every_change_has_its_event", "a move that the log does not have", lambda f: without(f, 11)),
    ("every_change_has_its_event", "the last move missing", lambda f: without(f, 31)),
    ("every_change_has_its_event", "a move that is not allowed", lambda f: event(f, 10, to="no_show")),
    ("every_change_has_its_event", "a charge without its event",
     lambda f: f.charges.__setitem__(0, replace(f.charges[0], told=False))),
    ("within_what_was_confirmed", "more bought than was confirmed", lambda f: event(f, 1, total=27999)),
    ("within_what_was_confirmed", "a ticket dearer than confirmed", lambda f: event(f, 12, price=60000)),
    ("within_what_was_confirmed", "an exchange dearer than confirmed", lambda f: event(f, 240, price=21001)),
    ("within_what_was_confirmed", "a new booking beside the old one", lambda f: (
        f.changes.__setitem__(0, replace(f.changes[0], max_fee=501)))),
    ("every_change_has_its_event", "a change that was never confirmed", lambda f: without(f, 150)),
    ("every_change_ends", "a change for ever under way",
     lambda f: f.changes.__setitem__(0, replace(f.changes[0], state="confirmed"))),
    ("the_old_lives_until_the_new_is_sure", "given back before the new one is held",
     lambda f: event(f, 170, to="unknown")),
    ("the_old_lives_until_the_new_is_sure", "done, and the new one could not be had", lambda f: event(f, 170, to="failed")),
    ("the_old_lives_until_the_new_is_sure", "refused, and the old one is gone", lambda f: event(f, 200, to="refused")),
    ("changed_at_what_was_confirmed", "an exchange dearer than shown", lambda f: event(f, 240, difference=1001)),
    ("changed_at_what_was_confirmed", "a higher fee than shown", lambda f: booking(f, 4, charged=501)),
    ("mails_are_true", "a number asked for that was entered", lambda f: mail(f, -1, queued=32)),
    ("mails_are_true", "changed, while it was refused", lambda f: event(f, 250, to="refused")),
    ("mails_are_true", "the old one stands, while it does not", stands_and_told),
    ("mails_are_true", "changed, before it was", lambda f: mail(f, 4, queued=195)),
    ("mails_are_true", "another number after a change", lambda f: said(f, "Y3", "Y2", n=4)),
    ("mails_are_true", "another state after a change", lambda f: said(f, "発券済", "変更中", n=5)),
    ("everybody_was_told", "no mail of a change", lambda f: f.mails.pop(4)),
    ("one_live_part", "two live rides of one wish", lambda f: f.live_parts.append(("ride 3/1", 2))),
    ("mails_are_true", "ticketed, before it was", lambda f: mail(f, 0, queued=11)),
    ("mails_are_true", "another state", lambda f: said(f, "発券済", "予約できず")),
    ("mails_are_true", "another price", lambda f: said(f, "20,000円", "21,000円")),
    ("mails_are_true", "a booking without its number", lambda f: said(f, " 予約番号 ABC123", "")),
    ("mails_are_true", "failed, while the supplier holds it", failed_and_told),
    ("mails_are_true", "cancelled, while it is not", lambda f: mail(f, 1, queued=9)),
    ("mails_are_true", "cancelled, while the supplier holds it", lambda f: supplier(f, 3, state="held")),
    ("mails_are_true", "another fee", lambda f: said(f, "440円", "0円", n=1)),
    ("everybody_was_told", "no mail of the result", lambda f: f.mails.pop(0)),
    ("everybody_was_told", "the result twice", lambda f: f.mails.append(replace(f.mails[0], id="m3"))),
    ("everybody_was_told", "no mail of the cancellation", lambda f: f.mails.pop(1)),
    ("everybody_was_told", "a mail that did not arrive", lambda f: mail(f, 0, delivered=0)),
    ("everybody_was_told", "a mail that nobody wrote", lambda f: f.strangers.append("<x@portal>")),
]  # fmt: skip


def test_a_story_that_went_well_has_no_violation():
    assert judge(good()) == []


def test_a_hold_that_had_lapsed_before_it_was_booked_anew_is_no_double_booking():
    facts = good()
    booked_anew(facts, lapsed_after=1)
    assert judge(facts) == []


@pytest.mark.parametrize(("rule", "plant"), [(rule, plant) for rule, _, plant in PLANTED],
                         ids=[f"{rule}: {what}" for rule, what, _ in PLANTED])  # fmt: skip
def test_a_planted_violation_is_reported(rule, plant):
    facts = good()
    plant(facts)
    found = judge(facts)
    assert rule in {each.partition(":")[0] for each in found}, found


def test_every_rule_has_something_planted():
    assert {check.__name__ for check in JUDGES} == {rule for rule, _, _ in PLANTED}
