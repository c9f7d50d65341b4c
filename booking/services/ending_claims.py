"""Money owed that does not come, or comes as another sum: what one operator asks and another agrees to."""

import datetime as dt

from accounts.models import Confirmation, User
from accounts.queries import open_confirmation
from accounts.services import give_confirmation
from audit.changes import advance
from audit.services import record
from booking.errors import BadClaim
from booking.models import ClaimReason, ClaimState, RefundClaim
from booking.permissions import RECORD
from booking.queries.claims import CLAIM_END
from booking.services.claims import ask_claim_end, digest_of, held_claim
from booking.services.refunds import at_the_desk, check_refund, enter_refund, kept_already
from booking.states import CLAIM_MOVES
from lib import clock
from lib.actor import Actor
from lib.errors import NotPermitted
from lib.verbs import inside, verb


@verb
def ask_claim_close(actor: Actor, claim: RefundClaim, *, reason: str, note: str) -> Confirmation:
    """Ask for money owed to be given up, for a reason of the short list and in words.

    Raises NotPermitted, BadClaim (it has ended), AlreadyAsked; ValueError without words.
    """
    if not note.strip():
        raise ValueError("giving money up says why")
    _, reservation = at_the_desk(actor, claim.reservation)
    held = held_claim(reservation)
    if held is None or held != claim:
        raise BadClaim
    held.reservation = reservation
    return ask_claim_end(
        actor,
        held,
        word="返金なしで終える",
        facts=[("理由の区分", str(ClaimReason(reason).label))],
        payload={"act": "close", "reason": str(reason)},
        reason=note,
    )


@verb
def decide_claim_end(actor: Actor, claim: RefundClaim) -> None:
    """Agree, as the second person, to what was asked about money owed: that it does not come, or that another sum came.

    Raises NotPermitted, BadClaim (it has ended, or nothing was asked), SamePerson, Changed (the ledger, since it was
    asked), BadRefund.
    """
    if not actor.may(RECORD):
        raise NotPermitted
    desk, reservation = at_the_desk(actor, claim.reservation)
    held = held_claim(reservation)
    asked = open_confirmation(CLAIM_END, claim.public_id)
    if held is None or held != claim or asked is None:
        raise BadClaim
    held.reservation = reservation
    give_confirmation(actor, asked, digest=digest_of(held))
    if asked.payload["act"] == "close":
        _close(desk, held, asked)
        return
    kept, booked_on = asked.payload["kept"], dt.date.fromisoformat(asked.payload["booked_on"])
    check_refund(reservation, kept=kept, booked_on=booked_on)
    enter_refund(
        desk,
        reservation,
        kept=kept - kept_already(reservation),
        booked_on=booked_on,
        source=asked.payload["source"],
        note=asked.reason,
        said_by=asked.decided_by,
    )


@verb
def explain_claim(actor: Actor, claim: RefundClaim, *, note: str) -> None:
    """Say why another sum came than was expected, where a usage file or a cancellation settled it.

    Raises NotPermitted, and BadClaim when it is not settled or was explained before; ValueError without words.
    """
    if not note.strip():
        raise ValueError("a reason has words")
    if not actor.may(RECORD) or actor.id is None:
        raise NotPermitted
    unexplained = RefundClaim.objects.filter(pk=claim.pk, state=ClaimState.SETTLED, note="")
    if not unexplained.update(note=note, said_by=User.objects.get(public_id=actor.id)):
        raise BadClaim
    reservation = claim.reservation
    record(
        actor,
        "booking.claim.explained",
        objects=[claim, reservation, reservation.trip],
        data={"expected": claim.expected},
    )


@inside
def _close(actor: Actor, claim: RefundClaim, asked: Confirmation) -> None:
    reason = asked.payload["reason"]
    advance(
        claim,
        ClaimState.CLOSED,
        code="booking.claim.closed",
        allowed=CLAIM_MOVES,
        actor=actor,
        about=[claim.reservation, claim.reservation.trip],
        data={"reason": reason, "expected": claim.expected},
        reason=reason,
        note=asked.reason,
        said_by=asked.decided_by,
        ended_at=clock.now(),
    )
