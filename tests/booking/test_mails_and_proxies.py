"""What travellers are told by mail, and what a proxy may do."""

import datetime as dt

import pytest

from accounts.errors import NoProxy
from accounts.models import Role
from accounts.services import grant_proxy
from audit.models import Event, OutgoingMail
from booking.models import Trip
from booking.services import cancelling, driving
from booking.services.searching import open_search
from lib import clock
from lib.errors import NotPermitted
from tests import world
from tests.factories import SETUP, START, acting, contract, person
from tests.world import drafted, searched, submitted, token, wish, work_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def traveller(sandbox):
    contract()
    world.connect(sandbox.url)
    return world.with_numbers(person(name="青木 千尋"))


def test_the_result_is_mailed_once_when_everything_has_come_to_rest(traveller):
    trip = submitted(traveller, drafted(traveller, searched(traveller)))
    assert not OutgoingMail.objects.exists()
    work_off()
    mail = OutgoingMail.objects.get()
    assert mail.to_address == traveller.email
    assert trip.number in mail.subject
    for words in ("発券済", "予約確定", "番号待ち", f"/trips/{trip.public_id}/"):
        assert words in mail.body
    flight = trip.reservations.get(supplier="jal_online")
    assert flight.number in mail.body


def test_a_part_that_could_not_be_had_is_told_with_its_reason(traveller, sandbox):
    sandbox.fault("jal-online", "book", "sold_out")
    trip = submitted(traveller, drafted(traveller, searched(traveller)))
    work_off()
    assert trip.reservations.get(supplier="jal_online").problem in OutgoingMail.objects.get().body


def test_a_cancellation_is_told_with_what_it_cost(traveller):
    search = searched(traveller)
    trip = submitted(traveller, drafted(traveller, search, out=token(search, "out", "jal_online", has="セイバー")))
    work_off()
    flight = trip.reservations.get()
    fee = driving.quote_cancel(flight).fee
    cancelling.claim_cancellation(acting(traveller), flight, max_fee=fee)
    work_off()
    assert f"{fee:,}円" in OutgoingMail.objects.get(kind="cancelled").body


def test_a_proxy_books_for_the_principal_and_both_stand_in_the_log(traveller):
    deputy = person()
    grant_proxy(SETUP, principal=traveller, deputy=deputy, first=START, reason="試験")
    search = open_search(acting(deputy), wish(traveller, nights=0))
    assert search.asked_by == deputy
    event = Event.objects.filter(code="booking.search.opened").get()
    assert (event.actor_id, event.acting_for) == (deputy.public_id, traveller.public_id)
    assert Trip.objects.visible_to(acting(deputy)).count() == 0


def test_without_a_valid_grant_nobody_books_for_another(traveller):
    stranger, past = person(), person()
    yesterday = clock.today() - dt.timedelta(days=1)
    grant_proxy(SETUP, principal=traveller, deputy=past, first=START, last=yesterday, reason="試験")
    for actor in (acting(stranger), acting(past)):
        with pytest.raises(NoProxy):
            open_search(actor, wish(traveller))


def test_operators_do_not_travel_by_the_portal(traveller):
    operator = person(Role.OPERATOR)
    with pytest.raises(NotPermitted):
        open_search(acting(operator), wish(operator))
