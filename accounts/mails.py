"""Mails of this room. Plain text, links only to the portal's own origin."""

from django.template.loader import render_to_string

from accounts.models import User
from audit.services import queue_mail
from lib.actor import Actor
from lib.verbs import verb


@verb
def queue_reset_mail(actor: Actor, user: User, *, url: str) -> None:
    """The link to set a new password; good for an hour."""
    queue_mail(
        actor,
        kind="password_reset",
        to_person=user.public_id,
        to_address=user.email,
        subject="パスワード再設定のご案内",
        body=render_to_string("accounts/mail/password_reset.txt", {"user": user, "url": url}),
        about=user,
    )
