"""What a person's authenticator app shows."""

from django_otp.oath import TOTP

from accounts.models import TotpDevice, User
from accounts.services import enrol_totp
from lib import clock
from tests.factories import SETUP

KEY = b"12345678901234567890"


def enrol(user: User) -> TotpDevice:
    """Give the person an authenticator app with a known key."""
    return enrol_totp(SETUP, user, key=KEY, name="試験")


def code_now(*, steps: int = 0) -> str:
    """The six digits that the app shows now, or some steps of 30 seconds away."""
    totp = TOTP(KEY, step=30, digits=6)
    totp.time = clock.wall_seconds() + 30 * steps
    return f"{totp.token():06d}"


def wrong_code() -> str:
    """Six digits that the app does not show in these minutes."""
    shown = {code_now(steps=steps) for steps in range(-3, 4)}
    return next(
        code for code in ("000000", "111111", "222222", "333333", "444444", "555555", "666666") if code not in shown
    )
