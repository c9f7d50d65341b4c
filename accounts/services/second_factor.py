"""The second factor: authenticator app and recovery codes."""

import base64
import os

from django.db import transaction

from accounts.errors import CodeTooSoon, CodeWrong
from accounts.models import RecoveryCode, TotpDevice, User
from accounts.models.security import recovery_digest
from audit.services import record
from lib import clock
from lib.actor import Actor
from lib.verbs import verb

KEY_BYTES = 20
CODES = 10
CODE_BYTES = 15


@verb
def enrol_totp(actor: Actor, user: User, *, key: bytes, name: str) -> TotpDevice:
    """Tie an authenticator app to the person; `key` is 20 random bytes that the app has learned."""
    device = TotpDevice.with_key(user, key, name=name)
    device.save()
    record(actor, "accounts.totp.enrolled", objects=[user])
    return device


@verb
def issue_recovery_codes(actor: Actor, user: User) -> list[str]:
    """Ten new single-use codes, shown once; earlier ones are dead."""
    RecoveryCode.objects.filter(user=user, used_at=None).update(used_at=clock.wall())
    codes = [base64.b32encode(os.urandom(CODE_BYTES)).decode() for _ in range(CODES)]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=recovery_digest(code)) for code in codes)
    record(actor, "accounts.recovery_codes.issued", objects=[user], data={"count": len(codes)})
    return ["-".join(code[n : n + 6] for n in range(0, len(code), 6)) for code in codes]


def check_totp(actor: Actor, user: User, code: str) -> TotpDevice:
    """The device whose present code this is. Raises CodeWrong or CodeTooSoon; a failure is an event that stays."""
    devices: list[TotpDevice] = list(TotpDevice.objects.filter(user=user, confirmed=True))
    for device in devices:
        if device.verify_token(code):
            return device
    record_wrong_code(actor, user)
    waiting = any(not device.verify_is_allowed()[0] for device in devices)
    raise CodeTooSoon(field="code") if waiting and _repeated(devices) else CodeWrong(field="code")


def _repeated(devices: list[TotpDevice]) -> bool:
    return any(device.throttling_failure_count > 2 for device in devices)


@verb
def record_wrong_code(actor: Actor, user: User) -> None:
    """A second factor failed."""
    record(actor, "accounts.signin.second_factor_wrong", objects=[user])


def spend_recovery_code(actor: Actor, user: User, code: str) -> int:
    """Use up a recovery code; how many are left. Raises CodeWrong; the failure is an event that stays."""
    with transaction.atomic():
        spent = RecoveryCode.objects.filter(user=user, digest=recovery_digest(code), used_at=None).update(
            used_at=clock.wall()
        )
        if spent:
            left = RecoveryCode.objects.filter(user=user, used_at=None).count()
            record(actor, "accounts.recovery_code.used", objects=[user], data={"left": left})
            return left
    record_wrong_code(actor, user)
    raise CodeWrong("回復コードが違うか、すでに使われています。別の回復コードを入力してください。", field="code")
