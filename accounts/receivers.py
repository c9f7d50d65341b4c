"""Third parties' signals, heard inside this room only: what allauth and Django say about sign-in and sign-out."""

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from accounts.services.sessions import actor_of
from accounts.services.signin import record_sign_out


@receiver(user_logged_out)
def person_left(sender: object, request: HttpRequest | None, user: Any, **_: object) -> None:  # noqa: ARG001
    if isinstance(user, User) and request is not None:
        actor = getattr(request, "actor", None) or actor_of(request)
        record_sign_out(actor, user, reason="person")
