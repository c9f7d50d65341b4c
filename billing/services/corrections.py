"""Correcting a charge that was recorded wrongly: one operator asks, another agrees, and the ledger gets the difference."""

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.models import Confirmation
from accounts.queries import open_confirmation
from accounts.services import ask_confirmation, give_confirmation, lapse_confirmation
from billing.errors import NoDifference, NotAsked, NotCorrectable
from billing.permissions import CORRECT_CHARGES
from billing.queries.corrections import CORRECT, Standing, standing_of
from booking.models import Charge, ChargeSource, Reservation
from booking.services.claims import watch_refund
from booking.services.corrections import correct_charge
from booking.services.ledger import reverse_charge
from lib import jst, yen
from lib.actor import Actor
from lib.errors import NotPermitted
from lib.verbs import inside, verb

TITLE = 80


@verb
def ask_charge_correction(actor: Actor, charge: Charge, *, difference: int, reason: str) -> Confirmation:
    """Ask for `difference` yen (signed) to be added to what stands of a charge.

    A request that later charges have outrun lapses, and this one stands in its place. Raises NotPermitted,
    NotCorrectable (half of a transfer, a reversal, a correction, reversed already), NoDifference, AlreadyAsked.
    """
    now = _standing(actor, charge)
    if not difference:
        raise NoDifference(field="amount")
    payload = {"act": "correct", "difference": difference}
    return _ask(actor, now, word="訂正", after=now.amount + difference, payload=payload, reason=reason)


@verb
def ask_charge_reversal(actor: Actor, charge: Charge, *, reason: str) -> Confirmation:
    """Ask for a charge that was recorded by mistake to be taken back, with its corrections. Raises as its sister."""
    now = _standing(actor, charge)
    return _ask(actor, now, word="取消", after=0, payload={"act": "reverse"}, reason=reason)


@verb
def decide_charge_correction(actor: Actor, charge: Charge) -> Sequence[Charge]:
    """Agree, as the second person, to what was asked about a charge, and write it into the ledger.

    Returns what was written: one correction, or the reversals of the charge and of its corrections. Raises NotPermitted,
    NotAsked, NotCorrectable, SamePerson, Changed (the ledger, since it was asked).
    """
    if not actor.may(CORRECT_CHARGES):
        raise NotPermitted
    if charge.reservation_id:
        # Cancellations move the reservation: whoever is first, the other one sees it.
        Reservation.objects.select_for_update(no_key=True).get(pk=charge.reservation_id)
    asked = open_confirmation(CORRECT, charge.public_id)
    if asked is None:
        raise NotAsked
    now = standing_of(charge)
    give_confirmation(actor, asked, digest=now.digest)
    if now.refusal:
        raise NotCorrectable(now.refusal)
    return _carry_out(actor, now, asked)


@inside
def _carry_out(actor: Actor, now: Standing, asked: Confirmation) -> Sequence[Charge]:
    if asked.payload["act"] == "correct":
        made = [correct_charge(actor, now.charge, difference=asked.payload["difference"], reason=asked.reason)]
    else:
        made = [reverse_charge(actor, row, source=ChargeSource.OPERATOR) for row in (now.charge, *now.corrections)]
    if now.charge.reservation is not None:
        watch_refund(actor, now.charge.reservation)
    return made


def _standing(actor: Actor, charge: Charge) -> Standing:
    if not actor.may(CORRECT_CHARGES):
        raise NotPermitted
    now = standing_of(charge)
    if now.refusal:
        raise NotCorrectable(now.refusal)
    return now


@inside
def _ask(
    actor: Actor, now: Standing, *, word: str, after: int, payload: Mapping[str, Any], reason: str
) -> Confirmation:
    charge = now.charge
    earlier = open_confirmation(CORRECT, charge.public_id)
    if earlier is not None and earlier.digest != now.digest:
        lapse_confirmation(actor, earlier, why="changed")
    facts = [
        ("費用", charge.description),
        ("利用者", f"{charge.person.name} {charge.person.login_id}" if charge.person else "拠点あて"),
        ("利用日", jst.long_day(charge.used_on)),
        ("いまの金額", yen.text(now.amount)),
        (f"{word}後の金額", yen.text(after)),
        ("差額", yen.text(after - now.amount)),
    ]
    return ask_confirmation(
        actor,
        kind=CORRECT,
        subject=charge,
        title=f"費用の{word} {charge.description[:TITLE]}",
        facts=facts,
        payload=payload,
        digest=now.digest,
        reason=reason,
    )
