"""What people see of a supplier that does not answer: searches say so, and what they wish waits for it."""

import datetime as dt
import time

import pytest

from audit.models import Event
from booking.errors import SupplierAway
from booking.models import CallState, CallVerb, Connection, ReservationState, SupplierCall
from booking.services import driving
from booking.services.breaker import FAILURES
from booking.services.searching import WAITS, ask_supplier, open_search
from booking.tasks import BOOKER
from lib import clock
from tests import factories, world
from tests.factories import acting, person
from tests.faults.flights import charged, flight_before, held, is_in, open_call, sent
from tests.world import wish

pytestmark = pytest.mark.django_db(transaction=True)
R = ReservationState


@pytest.fixture
def traveller(sandbox, settings):
    settings.SUPPLIER_READ_SECONDS = settings.SUPPLIER_WRITE_SECONDS = 2
    factories.contract()
    world.connect(sandbox.url)
    return world.with_numbers(person())


def resting(**fields):
    """JALオンライン rests; the row says since when."""
    facts = {"rests_because": "away", "next_try_at": clock.wall() + dt.timedelta(minutes=1), **fields}
    Connection.objects.filter(code="jal").update(rests_since=clock.wall(), **facts)


def awake():
    Connection.objects.filter(code="jal").update(rests_since=None, rests_because="", next_try_at=None)


def due(flight):
    SupplierCall.objects.filter(reservation=flight).exclude(state=CallState.DONE).update(next_try_at=clock.wall())
    driving.carry_out(BOOKER, flight.calls.exclude(state=CallState.DONE).get().pk)


def test_a_search_waits_for_a_supplier_that_asks_to_come_again_in_a_moment(traveller, sandbox):
    sandbox.fault("jal-online", "availability", "too_many", seconds=1)
    search = open_search(acting(traveller), wish(traveller))
    out = search.answers.get(connection__code="jal", part="out")
    ask_supplier(BOOKER, out.pk)
    back = search.answers.get(connection__code="jal", part="back")
    ask_supplier(BOOKER, back.pk)
    for one in (out, back):
        one.refresh_from_db()
        assert (one.state, one.claim_token) == ("asked", None)
        assert dt.timedelta(0) < one.next_try_at - clock.wall() < dt.timedelta(seconds=2)
    time.sleep(1.2)
    for one in (out, back):
        ask_supplier(BOOKER, one.pk)
        one.refresh_from_db()
        assert (one.state, bool(one.offers)) == ("answered", True)


def test_a_search_does_not_wait_for_ever(traveller, sandbox):
    sandbox.fault("jal-online", "availability", "too_many", seconds=0.01, times=99)
    search = open_search(acting(traveller), wish(traveller))
    out = search.answers.get(connection__code="jal", part="out")
    for _ in range(WAITS):
        ask_supplier(BOOKER, out.pk)
        time.sleep(0.2)
    out.refresh_from_db()
    assert out.state == "failed"
    assert "少し待って、もう一度探してください。" in out.message


def test_a_search_says_at_once_that_the_supplier_does_not_answer_and_since_when(traveller, sandbox):
    resting()
    search = open_search(acting(traveller), wish(traveller))
    for one in search.answers.all():
        ask_supplier(BOOKER, one.pk)
    told = search.answers.filter(connection__code="jal")
    since = clock.now().astimezone(clock.JST)
    assert {one.state for one in told} == {"failed"}
    assert "いまJALオンラインは応答していません（" in told[0].message
    assert any(f"{since - dt.timedelta(minutes=late):%H:%M}から" in told[0].message for late in (0, 1))
    assert sent(sandbox, "availability") == 0
    assert not search.answers.exclude(connection__code="jal").exclude(state="answered").exists()


@pytest.mark.parametrize("verb", [CallVerb.BOOK, CallVerb.TICKET, CallVerb.CANCEL])
def test_a_write_waits_while_the_connection_rests_and_is_carried_out_afterwards(verb, traveller, sandbox):
    flight = flight_before(traveller, verb)
    state = flight.state
    resting()
    events = Event.objects.filter(code="booking.call.sent").count()
    for _ in range(12):
        due(flight)
    assert is_in(flight, state)
    assert (open_call(flight).sent_at, sent(sandbox, str(verb))) == (None, 0)
    assert Event.objects.filter(code="booking.call.sent").count() == events
    assert open_call(flight).next_try_at > clock.wall() + dt.timedelta(seconds=50)

    awake()
    due(flight)
    assert sent(sandbox, str(verb)) == 1
    assert flight.calls.get(verb=verb).state == CallState.DONE


def test_failures_on_the_way_cost_the_wish_nothing_either(traveller, sandbox):
    flight = flight_before(traveller, CallVerb.BOOK)
    sandbox.fault("jal-online", "*", "error_503", times=100)
    for _ in range(FAILURES + 3):
        due(flight)
        Connection.objects.filter(code="jal").exclude(rests_since=None).update(next_try_at=clock.wall())
    assert is_in(flight, R.BOOKING)
    sandbox.control("DELETE", "faults")
    Connection.objects.filter(code="jal").update(next_try_at=clock.wall())
    due(flight)
    assert is_in(flight, R.TICKETING)
    assert held(sandbox, flight) == ["held"]
    ends = Event.objects.filter(code__in=["booking.connection.rested", "booking.connection.answered"]).order_by("-pk")
    assert list(ends.values_list("code", flat=True)[:2]) == ["booking.connection.answered", "booking.connection.rested"]


def too_late(flight, verb):
    """The moment that matters to the person is over."""
    past = clock.now() - dt.timedelta(seconds=5)
    if verb == CallVerb.BOOK:
        flight.offer["valid_until"] = past.isoformat()
    elif verb == CallVerb.TICKET:
        flight.hold_until = past
    else:
        flight.terms = [{"until": past.isoformat(), "fee": 0, "note": ""}, {"until": None, "fee": 40000, "note": ""}]
        flight.calls.filter(verb=verb).update(max_yen=500)
    flight.save()


@pytest.mark.parametrize(
    ("verb", "ends", "words"),
    [
        (CallVerb.BOOK, R.FAILED, "候補の有効時間が過ぎました。予約はしていません。"),
        (CallVerb.TICKET, R.BOOKED, "発券の期限が来ました。発券はしていません。"),
        (CallVerb.CANCEL, R.TICKETED, "取消にかかる額が変わる時刻になりました。取り消していません。"),
    ],
)
def test_what_cannot_be_sent_before_it_matters_no_more_is_refused_in_clear_words(verb, ends, words, traveller, sandbox):
    flight = flight_before(traveller, verb)
    resting()
    due(flight)
    too_late(flight, verb)
    due(flight)
    assert is_in(flight, ends)
    assert words in flight.problem
    assert sent(sandbox, str(verb)) == 0


@pytest.mark.parametrize(
    ("verb", "ends", "there"),
    [
        (CallVerb.BOOK, R.TICKETING, "held"),
        (CallVerb.TICKET, R.TICKETED, "ticketed"),
        (CallVerb.CANCEL, R.CANCELLED, "cancelled"),
    ],
)
def test_who_was_turned_away_is_not_told_that_nothing_was_done_before_the_supplier_was_asked(
    verb, ends, there, traveller, sandbox
):
    flight = flight_before(traveller, verb)
    sandbox.fault("jal-online", str(verb), "error_503", after=True)
    due(flight)
    assert held(sandbox, flight) == [there]
    resting()
    too_late(flight, verb)
    due(flight)
    assert is_in(flight, R.UNKNOWN)
    awake()
    due(flight)
    assert is_in(flight, ends)
    assert held(sandbox, flight) == [there]
    if verb == CallVerb.CANCEL:
        assert sum(charged(flight)) == sandbox.truth()["bookings"][0]["fee_yen"] > 0


@pytest.mark.parametrize(("verb", "ends"), [(CallVerb.BOOK, R.FAILED), (CallVerb.CANCEL, R.TICKETED)])
def test_who_was_turned_away_and_has_nothing_there_is_told_so_after_asking(verb, ends, traveller, sandbox):
    flight = flight_before(traveller, verb)
    flight.connection.quiet_seconds = 0
    flight.connection.save()
    sandbox.fault("jal-online", str(verb), "error_503")
    due(flight)
    resting()
    too_late(flight, verb)
    due(flight)
    awake()
    due(flight)
    assert is_in(flight, R.UNKNOWN)
    due(flight)
    assert is_in(flight, ends)
    assert "手配先に確かめたところ" in flight.problem
    assert sent(sandbox, str(verb)) == 1


def test_a_no_to_the_second_try_does_not_say_that_the_first_was_not_taken(traveller, sandbox):
    flight = flight_before(traveller, CallVerb.BOOK)
    flight.connection.quiet_seconds = 0
    flight.connection.save()
    sandbox.fault("jal-online", "book", "error_503")
    due(flight)
    sandbox.fault("jal-online", "book", "sold_out")
    due(flight)
    assert is_in(flight, R.UNKNOWN)
    due(flight)
    due(flight)
    assert is_in(flight, R.FAILED)
    assert "手配先に確かめたところ" in flight.problem


def test_a_no_to_the_question_before_the_second_try_is_no_answer_to_the_wish(traveller, sandbox):
    flight = flight_before(traveller, CallVerb.BOOK)
    sandbox.fault("jal-online", "book", "error_503", after=True)
    due(flight)
    assert held(sandbox, flight) == ["held"]
    sandbox.fault("jal-online", "find", "price_changed")
    due(flight)
    assert is_in(flight, R.BOOKING)
    due(flight)
    assert is_in(flight, R.TICKETING)
    assert held(sandbox, flight) == ["held"]


def test_a_stopped_connection_does_not_end_a_call_that_was_turned_away_before(traveller, sandbox):
    flight = flight_before(traveller, CallVerb.CANCEL)
    sandbox.fault("jal-online", "cancel", "error_503", after=True)
    due(flight)
    Connection.objects.filter(code="jal").update(active=False, paused_because="設定")
    due(flight)
    assert is_in(flight, R.UNKNOWN)
    Connection.objects.filter(code="jal").update(active=True, paused_because="")
    awake()
    due(flight)
    assert is_in(flight, R.CANCELLED)


def test_what_a_supplier_said_while_it_turned_us_away_is_kept(traveller, sandbox):
    flight = flight_before(traveller, CallVerb.TICKET)
    sandbox.fault("jal-online", "ticket", "error_503")
    due(flight)
    assert [each["status"] for each in open_call(flight).exchanges] == [503]


def test_a_wish_waits_for_a_day_at_most(traveller):
    flight = flight_before(traveller, CallVerb.CANCEL)
    resting()
    due(flight)
    assert is_in(flight, R.CANCELLING)
    flight.calls.update(created_at=clock.now() - dt.timedelta(days=1, seconds=1))
    due(flight)
    assert is_in(flight, R.TICKETED)


def test_asking_about_an_unknown_call_waits_too(traveller, sandbox):
    flight = flight_before(traveller, CallVerb.BOOK)
    sandbox.fault("jal-online", "book", "lose_after")
    driving.carry_out(BOOKER, open_call(flight).pk)
    assert is_in(flight, R.UNKNOWN)
    resting()
    for _ in range(3):
        due(flight)
    assert is_in(flight, R.UNKNOWN)
    assert (sent(sandbox, "find"), open_call(flight).asks) == (0, 0)
    assert open_call(flight).next_try_at > clock.wall() + dt.timedelta(seconds=50)
    awake()
    due(flight)
    assert is_in(flight, R.TICKETING)


def test_a_page_that_asks_for_a_fee_says_that_the_supplier_does_not_answer(traveller):
    flight = flight_before(traveller, CallVerb.TICKET)
    resting(rests_because="busy")
    flight.connection.refresh_from_db()
    with pytest.raises(SupplierAway, match="いまJALオンラインは混み合っています"):
        driving.quote_cancel(flight)
