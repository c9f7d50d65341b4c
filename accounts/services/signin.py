"""Sign-in: limits kept in PostgreSQL, and the events of every attempt."""

import datetime as dt

from django.db.models import Q

from accounts.models import SignInFailure, User, login_key
from audit.services import record
from lib import clock
from lib.actor import Actor
from lib.verbs import verb

WINDOW = dt.timedelta(minutes=5)
PER_ID_AND_ADDRESS = 5
PER_ADDRESS = 30


def is_limited(*, login_id: str, address: str) -> bool:
    """Whether passwords are refused unread: 5 failures of the ID from the address, or 30 from the address, in 5 minutes.

    (security decision B5: strangers elsewhere cannot lock a person out.)
    """
    recent = SignInFailure.objects.filter(at__gt=clock.wall() - WINDOW, address=address or None)
    same_id = recent.filter(login_key=login_key(login_id)[:64]).count()
    return same_id >= PER_ID_AND_ADDRESS or recent.count() >= PER_ADDRESS


@verb
def record_password_failure(actor: Actor, *, login_id: str, limited: bool) -> None:
    """A wrong password, or one that was refused unread."""
    known = User.objects.filter(login_key=login_key(login_id)[:64]).first()
    if not limited:
        SignInFailure.objects.create(login_key=login_key(login_id)[:64], address=actor.address or None)
    record(
        actor,
        "accounts.signin.limited" if limited else "accounts.signin.password_wrong",
        objects=[known] if known else [],
        personal={"login": login_id[:64], "address": actor.address},
    )


@verb
def record_password_accepted(actor: Actor, user: User) -> None:
    """The password was right; the second factor is still missing. Failures of this ID from here are forgotten."""
    here = Q(login_key=user.login_key, address=actor.address or None)
    SignInFailure.objects.filter(here | Q(at__lt=clock.wall() - dt.timedelta(days=1))).delete()
    record(actor, "accounts.signin.password_ok", objects=[user])


@verb
def complete_sign_in(actor: Actor, user: User, *, method: str) -> None:
    """The person is fully signed in by `method` (totp or recovery_code)."""
    User.objects.filter(pk=user.pk).update(previous_sign_in_at=clock.wall())
    record(
        actor, "accounts.signin.completed", objects=[user], data={"method": method}, personal={"address": actor.address}
    )


@verb
def complete_step_up(actor: Actor, user: User, *, method: str) -> None:
    """The person gave the second factor once more, by `method` (totp or recovery_code)."""
    record(actor, "accounts.step_up.completed", objects=[user], data={"method": method})


@verb
def record_sign_out(actor: Actor, user: User, *, reason: str) -> None:
    """The session ended: by the person, or by its idle or absolute limit."""
    record(actor, "accounts.signout.done", objects=[user], data={"reason": reason})


@verb
def record_password_change(actor: Actor, user: User, *, way: str) -> None:
    """A new password was set, by `way` change or reset."""
    User.objects.filter(pk=user.pk).update(password_changed_at=clock.wall())
    record(actor, "accounts.password.changed", objects=[user], data={"way": way})
