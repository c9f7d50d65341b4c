"""Second factor and limits of sign-in. All of it lives by wall time, and in the database, not in the cache."""

import hashlib
import hmac
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django_otp.models import Device, ThrottlingMixin
from django_otp.oath import TOTP

from accounts.models.people import User
from lib import clock
from lib.encrypted import seal, unseal
from lib.ids import uuid7

PLACE = "accounts_totpdevice.seed"
STEP_SECONDS = 30


class TotpDevice(ThrottlingMixin, Device):  # type: ignore[misc]
    """An authenticator app. The seed is sealed; a step's code is taken once, also when two sessions come at once."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    seed = models.TextField(editable=False)
    last_step = models.BigIntegerField(default=-1, editable=False)
    created_at = models.DateTimeField(default=clock.wall, editable=False)

    objects: ClassVar[models.Manager["TotpDevice"]] = models.Manager()

    class Meta:
        verbose_name = "認証アプリ"

    @classmethod
    def with_key(cls, user: User, key: bytes, *, name: str) -> "TotpDevice":
        """An unsaved device with the key (20 bytes) sealed in."""
        device = cls(user=user, name=name, confirmed=True)
        device.seed = seal(key.hex(), place=PLACE, row=device.public_id)
        return device

    def get_throttle_factor(self) -> float:
        return 1.0

    def verify_token(self, token: Any) -> bool:
        """Whether the six digits are right now (one step of tolerance) and were not used before."""
        allowed, _ = self.verify_is_allowed()
        if not allowed or not str(token).isdigit():
            return False
        key = bytes.fromhex(unseal(self.seed, place=PLACE, row=self.public_id))
        totp = TOTP(key, step=STEP_SECONDS, digits=6)
        totp.time = clock.wall_seconds()
        totp.drift = 0
        if not totp.verify(int(token), tolerance=1, min_t=self.last_step + 1):
            self.throttle_increment()
            return False
        step = totp.t()
        fresh = TotpDevice.objects.filter(pk=self.pk, last_step__lt=step).update(
            last_step=step, throttling_failure_count=0, throttling_failure_timestamp=None
        )
        return bool(fresh == 1)


class RecoveryCode(models.Model):
    """A single-use code for a lost authenticator, 120 bits, kept as a keyed hash and shown once."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="recovery_codes")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=clock.wall, editable=False)
    used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "回復コード"


def recovery_digest(code: str) -> str:
    """The keyed hash of a recovery code; spaces, hyphens and case make no difference."""
    plain = "".join(code.split()).replace("-", "").upper()
    return hmac.new(settings.PASSWORD_PEPPER.encode(), b"recovery:" + plain.encode(), hashlib.sha256).hexdigest()


class SignInFailure(models.Model):
    """A failed password, for the limits: by ID and address, and by address."""

    login_key = models.CharField(max_length=64)
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField(default=clock.wall)

    class Meta:
        indexes = [
            models.Index(fields=["login_key", "at"], name="failure_login"),
            models.Index(fields=["address", "at"], name="failure_address"),
        ]
