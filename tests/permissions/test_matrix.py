"""Every address for everybody: the answer of the matrix, nothing changed by a refusal, and a stranger's look recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from django.core.cache import cache
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Proxy
from audit.models import Event
from lib import clock
from lib.dated import between
from tests.factories import START
from tests.permissions.matrix import SIGNED_IN, VIEWERS, Row, rows
from tests.permissions.stage import Stage
from tests.permissions.watching import Answer

pytestmark = pytest.mark.django_db
REFUSED = {"in", "code", "403", "404"}
# Reading these leaves a row: who took which file.
LEAVES_A_ROW = {"billing:usage_csv": {"billing_usagedownload"}}


def addresses(patterns: Sequence[URLPattern | URLResolver], rooms: tuple[str, ...] = ()) -> Iterator[str]:
    """The names of all addresses that the portal answers; one without a name stands as its pattern."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, (*rooms, *filter(None, [pattern.namespace])))
        else:
            yield ":".join((*rooms, pattern.name or str(pattern.pattern)))


def ask(stage: Stage, viewer: str, row: Row) -> Answer:
    # All come from one address, which may ask ten times a minute for a new password.
    cache.clear()
    with stage.browser(viewer) as client:
        url = stage.url(row.name)
        if row.method == "GET":
            return Answer(lambda: client.get(url))
        body = stage.body(row.name)
        return Answer(lambda: client.post(url, body))


def test_every_address_stands_in_the_matrix_and_the_matrix_names_no_other():
    table = rows()
    assert sorted(addresses(get_resolver().url_patterns)) == sorted({row.address for row in table})
    assert len({(row.name, row.method) for row in table}) == len(table)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.method} {row.name}")
def test_everybody_gets_what_the_matrix_says_and_a_refusal_changes_nothing_but_is_recorded(stage: Stage, row: Row):
    found = {viewer: ask(stage, viewer, row) for viewer in VIEWERS}
    assert {viewer: answer.word for viewer, answer in found.items()} == row.answers
    about = stage.object_of(row.name)
    for viewer, answer in found.items():
        if answer.word in REFUSED and row.name != "account_logout":
            assert not answer.changed, viewer
        elif row.method == "GET":
            assert answer.changed <= LEAVES_A_ROW.get(row.address, set()), viewer
        whose = stage.people[viewer].public_id if viewer in SIGNED_IN else None
        expected = {
            "404": [("audit.access.refused", whose, [about.public_id])] if about else [],
            "403": [("audit.page.refused", whose, [])],
        }
        assert answer.refusals == expected.get(answer.word, []), viewer


def test_what_does_not_exist_is_answered_like_what_is_not_ones_own_and_is_no_event(stage: Stage):
    names = {row.name: row for row in rows() if "404" in row.answers.values() and "@" not in row.name}
    with stage.browser("other") as client:
        for name, row in names.items():
            url = stage.url(name).replace(str(stage.object_of(name).public_id), "01900000-0000-7000-8000-000000000000")
            answer = client.get(url) if row.method == "GET" else client.post(url)
            assert answer.status_code == 404, name
        assert not Event.objects.filter(code="audit.access.refused").exists()


def test_a_refusal_names_nothing_of_what_it_refuses(stage: Stage):
    secrets = [stage.trip.number, stage.own.name, stage.invoice.number, stage.mail.subject, "のぞみ21号"]
    for row in rows():
        if row.method == "GET" and row.answers["other"] == "404":
            text = ask(stage, "other", row).text
            assert not [secret for secret in secrets if secret in text], row.name


def test_an_ended_proxy_opens_nothing_any_more(stage: Stage):
    Proxy.objects.update(valid=between(START, clock.today().replace(day=1)))
    opened = {
        row.name: row for row in rows() if row.answers["proxy"] in {"200", "303"} and row.answers["other"] == "404"
    }
    assert opened
    for row in opened.values():
        assert ask(stage, "proxy", row).word == "404", row.name
