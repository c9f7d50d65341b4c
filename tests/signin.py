"""Signing in, in tests: quickly, as if both factors had been given; or halfway, as after the password alone."""

from __future__ import annotations

from django.conf import settings
from django.test import Client

from accounts.models import User
from accounts.services import person_actor
from accounts.services.sessions import WIDE
from lib import clock
from lib.actor import Channel

BACKEND = settings.AUTHENTICATION_BACKENDS[0]


def sign_in(client: Client, user: User) -> Client:
    """The client holds a session as after password and second factor, with the limits that fit the person's rights."""
    client.force_login(user, backend=BACKEND)
    wide = WIDE & person_actor(user, channel=Channel.WEB).scopes.keys()
    now = clock.wall_seconds()
    change_session(
        client,
        second_factor=str(user.public_id),
        began=now,
        seen=now,
        second_factor_at=now,
        idle=settings.SESSION_IDLE_MINUTES_WIDE if wide else settings.SESSION_IDLE_MINUTES,
        absolute=settings.SESSION_ABSOLUTE_MINUTES_WIDE if wide else settings.SESSION_ABSOLUTE_MINUTES,
    )
    return client


def sign_in_halfway(client: Client, user: User) -> Client:
    """The password was right, the second factor is still missing."""
    client.force_login(user, backend=BACKEND)
    now = clock.wall_seconds()
    change_session(client, began=now, seen=now)
    return client


def change_session(client: Client, **values: object) -> None:
    """Set values of the client's session."""
    session = client.session
    session.update(values)
    session.save()
