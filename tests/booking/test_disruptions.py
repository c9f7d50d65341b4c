"""運休・欠航: entered once by an operator, told to everybody who is on it, followed until they have acted."""

import datetime as dt
import html

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.services import grant_proxy
from audit.models import Event, OutgoingMail
from booking.errors import BadDisruption, DisruptionKnown
from booking.models import AffectedBooking, Disruption, ReservationState, Trip
from booking.queries.disruptions import affected, disruption_list, own_disruptions
from booking.queries.work import work_items
from booking.services.disruptions import (
    DisruptionFacts,
    correct_disruption,
    enter_disruption,
    record_follow_up,
    state_fee,
    tell_newcomers,
    withdraw_disruption,
)
from booking.tasks import sweep_disruptions
from lib import clock
from lib.errors import NotPermitted, Stale
from tests import factories
from tests.factories import SETUP, START, acting, person
from tests.signin import sign_in

pytestmark = pytest.mark.django_db
R = ReservationState


def in_days(n):
    return clock.today() + dt.timedelta(days=n)


@pytest.fixture
def ex(db):
    return factories.connection("ex", "handoff")


@pytest.fixture
def riders(ex):
    """Three people of different offices on のぞみ21号 in ten days, one of them with a number still to come."""
    made = []
    for state in (R.TICKETED, R.TICKETED, R.HANDED_OFF):
        more = {"number": "", "booked_at": None, "ticketed_at": None} if state == R.HANDED_OFF else {}
        ride = factories.reservation(
            factories.trip(day=in_days(10)), ex, state=state, title="のぞみ21号", price=15_640, **more
        )
        factories.segment(ride)
        made.append(ride)
    return made


def facts(**changes):
    told = {
        "kind": "stopped",
        "source": "JR東海 公式サイト",
        "announced_at": clock.now(),
        "free_refund_until": in_days(20),
        "free_change_until": in_days(20),
        "message": "台風のため運休します。",
    }
    return DisruptionFacts(**{**told, **changes})


def entered(desk, service="のぞみ21号", *, day=None, **changes):
    return enter_disruption(desk, supplier="ex", service=service, day=day or in_days(10), facts=facts(**changes))


def told():
    return sorted(OutgoingMail.objects.filter(kind="disruption").values_list("to_address", flat=True))


def test_everybody_on_it_is_told_once_in_whatever_way_the_train_is_written(desk, riders):
    other_day = factories.reservation(factories.trip(day=in_days(11)), riders[0].connection, title="のぞみ21号")
    factories.segment(other_day)
    entered(desk, "ノゾミ21号".replace("ノゾミ", "のぞみ") + " ")
    assert told() == sorted(ride.trip.traveller.email for ride in riders)
    assert Event.objects.filter(code="booking.disruption.told").count() == 3
    sweep_disruptions()
    assert len(told()) == 3


@pytest.mark.parametrize("typed", ["のぞみ021号", "のぞみ 21", "のぞみ２１号"])
def test_how_a_train_is_typed_makes_no_difference(desk, riders, typed):
    assert len(affected(entered(desk, typed))) == 3


def test_the_proxy_who_booked_is_told_too_while_they_are_one(desk, riders):
    deputy = person()
    Trip.objects.filter(pk=riders[0].trip_id).update(applicant=deputy)
    Trip.objects.filter(pk=riders[1].trip_id).update(applicant=person())
    grant_proxy(SETUP, principal=riders[0].trip.traveller, deputy=deputy, first=START, reason="秘書")
    entered(desk)
    assert deputy.email in told()
    assert len(told()) == 4
    [mail] = OutgoingMail.objects.filter(to_person=deputy.public_id)
    assert riders[0].trip.traveller.name in mail.body


def test_the_same_train_of_the_same_day_is_refused_a_second_time(desk, riders):
    entered(desk)
    with pytest.raises(DisruptionKnown) as refusal:
        entered(desk, "のぞみ21")
    assert refusal.value.field == "service"
    assert Disruption.objects.count() == 1
    assert len(told()) == 3


def test_who_comes_onto_it_later_is_told_by_the_sweeper(desk, riders):
    disruption = entered(desk)
    late = factories.reservation(factories.trip(day=in_days(10)), riders[0].connection, title="のぞみ21号", number="9")
    factories.segment(late)
    sweep_disruptions()
    assert late.trip.traveller.email in told()
    assert len(told()) == 4
    assert tell_newcomers(SETUP, disruption) == 0


def test_the_sweeper_asks_no_more_for_many_disruptions_than_for_one(desk, riders, django_assert_num_queries):
    entered(desk)
    with CaptureQueriesContext(connection) as one:
        sweep_disruptions()
    for n in range(3):
        entered(desk, f"のぞみ{201 + n}号")
    with django_assert_num_queries(len(one)):
        sweep_disruptions()


def test_a_disruption_that_cannot_be_told_does_not_keep_the_next_from_being_told(desk, riders):
    broken, other = entered(desk), entered(desk, "ひかり501号")
    trips = [factories.trip(day=in_days(10)) for _ in range(2)]
    for trip, name in zip(trips, ("のぞみ21号", "ひかり501号"), strict=True):
        factories.segment(factories.reservation(trip, riders[0].connection, title=name, number=name), service=name)
    User.objects.filter(pk=trips[0].traveller_id).update(email="")
    sweep_disruptions()
    assert other.bookings.count() == 1
    assert broken.bookings.count() == len(riders)


def test_a_correction_is_told_again_to_those_who_are_still_on_it(desk, riders):
    disruption = entered(desk)
    riders[0].segments.update(live=False)
    type(riders[0]).objects.filter(pk=riders[0].pk).update(state=R.CANCELLED, cancelled_at=clock.now())
    correct_disruption(desk, disruption, version=1, facts=facts(free_refund_until=in_days(30)))
    again = OutgoingMail.objects.filter(subject__contains="続報")
    assert sorted(again.values_list("to_address", flat=True)) == sorted(r.trip.traveller.email for r in riders[1:])
    with pytest.raises(Stale):
        correct_disruption(desk, disruption, version=1, facts=facts())
    assert again.count() == 2


def test_a_withdrawal_is_told_and_ordinary_terms_hold_again(desk, riders):
    disruption = entered(desk)
    withdraw_disruption(desk, disruption, version=1)
    disruption.refresh_from_db()
    assert OutgoingMail.objects.filter(subject__contains="取り下げ").count() == 3
    assert not disruption.is_refund_free()
    assert own_disruptions(acting(riders[0].trip.traveller)) == []
    with pytest.raises(Stale):
        withdraw_disruption(desk, disruption, version=2)


def test_the_free_days_end_with_their_last_day(desk, riders):
    disruption = entered(desk, free_refund_until=in_days(3), free_change_until=None)
    assert disruption.is_refund_free(in_days(3))
    assert not disruption.is_refund_free(in_days(4))
    assert not disruption.is_change_free()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"announced_at": dt.timedelta(hours=1)}, "announced_on"),
        ({"free_refund_until": -1}, "free_refund_until"),
        ({"free_change_until": 101}, "free_change_until"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(desk, riders, wrong, field):
    [(name, off)] = wrong.items()
    value = clock.now() + off if isinstance(off, dt.timedelta) else in_days(off)
    with pytest.raises(BadDisruption) as refusal:
        entered(desk, **{name: value})
    assert refusal.value.field == field
    assert not Disruption.objects.exists()
    assert told() == []


def test_only_operators_enter_correct_withdraw_and_follow_up(desk, riders):
    disruption = entered(desk)
    own = acting(riders[0].trip.traveller)
    for step in (
        lambda: entered(own, "のぞみ1号"),
        lambda: correct_disruption(own, disruption, version=1, facts=facts()),
        lambda: withdraw_disruption(own, disruption, version=1),
        lambda: record_follow_up(own, disruption.bookings.first(), note="済み", seen=""),
    ):
        with pytest.raises(NotPermitted):
            step()
    disruption.refresh_from_db()
    assert disruption.version == 1


def test_a_fee_that_should_not_be_is_the_desks_work_until_it_was_seen_to(desk, riders):
    entered(desk)
    state_fee(acting(riders[0].trip.traveller), riders[0], fee=320)
    assert "free_fee" in [item.kind for item in work_items(desk)]
    record_follow_up(desk, AffectedBooking.objects.get(stated_fee=320), note="EXに確認。払戻は無料。", seen="")
    assert "free_fee" not in [item.kind for item in work_items(desk)]


def test_a_fee_cannot_be_stated_where_no_rule_says_free(desk, riders):
    with pytest.raises(BadDisruption):
        state_fee(acting(riders[0].trip.traveller), riders[0], fee=320)
    assert not AffectedBooking.objects.exists()


def test_the_list_counts_who_acted_and_who_did_nothing(desk, riders):
    entered(desk)
    type(riders[0]).objects.filter(pk=riders[0].pk).update(state=R.CANCELLED, cancelled_at=clock.now())
    [row] = disruption_list(desk)
    assert (row.people, row.acted, row.idle) == (3, 1, 2)
    assert [item.kind for item in work_items(desk)].count("disruption") == 1


def test_a_traveller_sees_what_stands_on_their_own_trips_only(desk, riders):
    entered(desk)
    [notice] = own_disruptions(acting(riders[0].trip.traveller))
    assert notice.trip == riders[0].trip
    assert own_disruptions(acting(person())) == []


# -- The desk's pages ---------------------------------------------------------------------------------------------------
def fields(**changes):
    def day(name, value):
        return dict(zip((f"{name}_y", f"{name}_m", f"{name}_d"), (value.year, value.month, value.day), strict=True))

    return {
        "supplier": "ex", "service": "のぞみ21号", "kind": "stopped", "source": "JR東海 公式サイト", "announced_at": "0:00",
        "message": "台風のため運休します。", **day("day", in_days(10)), **day("announced_on", clock.today()),
        **day("free_refund_until", in_days(20)), **changes,
    }  # fmt: skip


def text_of(answer):
    return html.unescape(answer.content.decode())


@pytest.fixture
def desk_client(client, db):
    sign_in(client, person("operator"))
    return client


def test_who_is_on_it_and_the_very_message_stand_before_the_button(desk_client, riders):
    answer = desk_client.post("/disruptions/new/", fields())
    shown = text_of(answer)
    assert answer.status_code == 200
    assert all(ride.trip.traveller.name in shown for ride in riders)
    assert "3件の予約に知らせる" in shown
    assert not Disruption.objects.exists()
    assert told() == []

    sent = desk_client.post("/disruptions/new/", fields(seen=answer.context["look"].seal))
    assert sent.status_code == 303
    mail = OutgoingMail.objects.get(to_address=answer.context["look"].people[0].trip.traveller.email)
    assert (mail.subject, mail.body) == (answer.context["look"].subject, answer.context["look"].body)


def test_what_was_changed_after_the_look_is_looked_at_again(desk_client, riders):
    seal = desk_client.post("/disruptions/new/", fields()).context["look"].seal
    answer = desk_client.post("/disruptions/new/", fields(seen=seal, message="別の文です。"))
    assert answer.status_code == 200
    assert "別の文です。" in text_of(answer)
    assert not Disruption.objects.exists()


def test_a_train_that_nobody_is_on_is_told_from_one_that_does_not_exist(desk_client, riders):
    known = text_of(desk_client.post("/disruptions/new/", fields(service="のぞみ1号")))
    assert "この便・列車の予約は、いまありません" in known
    assert "時刻表にも" not in known


def test_an_unknown_train_is_named_with_what_runs_that_day_and_can_still_be_kept(desk_client, riders):
    answer = desk_client.post("/disruptions/new/", fields(service="のぞみ999号"))
    shown = text_of(answer)
    assert "この列車は、時刻表にも予約にもありません" in shown
    assert "この日に予約のある列車: のぞみ21号" in shown
    seal = answer.context["look"].seal
    assert desk_client.post("/disruptions/new/", fields(service="のぞみ999号", seen=seal)).status_code == 303
    assert told() == []


def test_a_second_entry_keeps_what_was_typed_and_says_why(desk, desk_client, riders):
    entered(desk)
    seal = desk_client.post("/disruptions/new/", fields()).context["look"].seal
    answer = desk_client.post("/disruptions/new/", fields(seen=seal))
    assert answer.status_code == 422
    assert "すでに登録されています" in text_of(answer)
    assert "台風のため運休します。" in text_of(answer)
