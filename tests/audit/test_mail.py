"""The outbox: a mail is a row of the change that asks for it, sent once, tried again, given up at last."""

import datetime as dt
import threading

import pytest
from django.core import mail as sent_mails
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from audit.models import Event, MailState, OutgoingMail
from audit.services import queue_mail, send_mail
from audit.services.mail import PAUSES
from audit.tasks import POSTMAN, sweep_mail
from audit.tasks import send_mail as send_task
from lib import clock, durable
from lib.actor import anonymous
from lib.verbs import WrongPlace, verb
from tests import factories

NOWHERE = "django.core.mail.backends.smtp.EmailBackend"


@verb
def write(*, address: str = "aoki@client.example", subject: str = "承認のお願い") -> OutgoingMail:
    person = factories.person()
    return queue_mail(
        anonymous(),
        kind="trial",
        to_person=person.public_id,
        to_address=address,
        subject=subject,
        body="髙﨑𠮷 様\n本文です。",
        about=person,
    )


@pytest.fixture
def no_mail_server(settings):
    """A port on which nothing listens."""
    settings.EMAIL_BACKEND = NOWHERE
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9


@pytest.mark.django_db(transaction=True)
def test_a_mail_is_queued_with_the_change_or_not_at_all():
    with transaction.atomic():
        write()
        transaction.set_rollback(True)
    assert not OutgoingMail.objects.exists()
    write()
    assert OutgoingMail.objects.get().state == MailState.QUEUED
    assert Event.objects.filter(code="audit.mail.queued").count() == 1
    assert sent_mails.outbox == []


@pytest.mark.django_db(transaction=True)
def test_a_queued_mail_is_sent_as_plain_text_and_recorded():
    row = write()
    send_mail(POSTMAN, row.pk)
    (message,) = sent_mails.outbox
    assert (message.to, message.subject) == (["aoki@client.example"], "承認のお願い")
    assert "髙﨑𠮷 様" in message.body
    assert message.extra_headers["Message-ID"] == f"<{row.public_id}@portal>"
    row.refresh_from_db()
    assert (row.state, row.next_try_at) == (MailState.SENT, None)
    assert row.sent_at is not None
    assert Event.objects.filter(code="audit.mail.sent").count() == 1
    send_mail(POSTMAN, row.pk)
    assert len(sent_mails.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_a_mail_once():
    row = write()
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        try:
            send_task(row.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent_mails.outbox) == 1
    assert Event.objects.filter(code="audit.mail.sent").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_sweeper_finds_a_mail_whose_hint_was_lost():
    write()
    sweep_mail()
    assert len(sent_mails.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_a_mail_whose_worker_died_is_sent_when_its_lease_is_over(time_machine):
    time_machine.move_to("2026-12-01T00:00:00Z", tick=False)
    row = write()
    durable.claim(OutgoingMail.objects.all(), row.pk)
    sweep_mail()
    assert sent_mails.outbox == []
    time_machine.shift(46)
    sweep_mail()
    assert len(sent_mails.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_cannot_be_sent_is_tried_again_later_and_given_up_at_last(no_mail_server, time_machine):
    time_machine.move_to("2026-12-01T00:00:00Z", tick=False)
    row = write()
    for tried, pause in enumerate(PAUSES, start=1):
        sweep_mail()
        row.refresh_from_db()
        assert (row.state, row.attempts) == (MailState.QUEUED, tried)
        assert row.next_try_at == clock.wall() + pause
        assert row.error
        time_machine.shift(pause - dt.timedelta(seconds=1))
        sweep_mail()
        row.refresh_from_db()
        assert row.attempts == tried
        time_machine.shift(dt.timedelta(seconds=1))
    sweep_mail()
    row.refresh_from_db()
    assert (row.state, row.next_try_at) == (MailState.FAILED, None)
    time_machine.shift(dt.timedelta(days=9))
    sweep_mail()
    row.refresh_from_db()
    assert row.attempts == len(PAUSES) + 1


@pytest.mark.django_db(transaction=True)
def test_a_mail_goes_out_when_the_server_is_back(no_mail_server, settings, time_machine):
    time_machine.move_to("2026-12-01T00:00:00Z", tick=False)
    row = write()
    sweep_mail()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    time_machine.shift(61)
    sweep_mail()
    row.refresh_from_db()
    assert (row.state, row.error, row.attempts) == (MailState.SENT, "", 2)


@pytest.mark.django_db
def test_sending_never_happens_in_a_transaction():
    row = write()
    with pytest.raises(WrongPlace):
        send_mail(POSTMAN, row.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("subject", ["承認\nBcc: evil@evil.example", "承認\r\nX: y"])
def test_a_subject_of_two_lines_is_refused(subject):
    with pytest.raises(ValueError, match="one line"), transaction.atomic():
        write(subject=subject)
    assert not OutgoingMail.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["", "aoki", "a@b@c", "a@client.example\nBcc: b@evil.example"])
def test_an_address_that_cannot_be_is_refused(address):
    with pytest.raises(ValidationError), transaction.atomic():
        write(address=address)
    assert not OutgoingMail.objects.exists()
