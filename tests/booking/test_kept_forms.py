"""What was typed before a session ended stands in the form again, on every page on which something is typed."""

from urllib.parse import urlencode

import pytest

from booking.models import ChargeSource
from booking.services.cancelling import record_own_cancellation
from booking.services.changing import confirm_change
from lib import clock, kept
from tests.booking.changes import bought_train, looked, proposed
from tests.factories import acting, person
from tests.signin import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def comes_back(client, user, page: str, **fields: str) -> str:
    """The page, for somebody who had typed this before being signed out."""
    sign_in(client, user)
    session = client.session
    session[kept.KEY] = {"page": page, "fields": urlencode(fields), "at": clock.wall_seconds()}
    session.save()
    answer = client.get(page)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_sum_that_was_kept_of_a_train(traveller, client):
    ride = bought_train(traveller)
    assert 'value="6789"' in comes_back(client, traveller, f"/reservations/{ride.public_id}/cancel/", fee="6789")


def test_the_number_and_sum_of_a_changed_train(traveller, client):
    ride = bought_train(traveller)
    change = proposed(traveller, looked(traveller, ride, air=False), supplier="ex", n=5)
    confirm_change(acting(traveller), change, max_cost=0, max_fee=0)
    page = comes_back(client, traveller, f"/changes/{change.public_id}/", number="2345", price="6789")
    assert 'value="2345"' in page
    assert 'value="6789"' in page


def test_the_words_of_a_disruption(client, traveller):
    page = comes_back(client, person("operator"), "/disruptions/new/", message="台風のため運休です。", day_y="2027")
    assert "台風のため運休です。" in page
    assert 'value="2027"' in page


def test_what_the_desk_records_of_a_train(traveller, client):
    ride = bought_train(traveller)
    desk = person("operator")
    page = comes_back(client, desk, f"/reservations/{ride.public_id}/cancel/", fee="6789", refunded="no")
    assert 'value="6789"' in page
    word = acting(desk).for_person(traveller.public_id)
    record_own_cancellation(word, ride, fee=320, source=ChargeSource.OPERATOR, refunded=False)
    page = comes_back(client, desk, f"/reservations/{ride.public_id}/refund/", kept="345")
    assert 'value="345"' in page
