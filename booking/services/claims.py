"""Money owed by suppliers: opened with what brings it about, settled with the refund, or ended by two people."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from accounts.models import Confirmation, User
from accounts.queries import open_confirmation
from accounts.services import ask_confirmation, lapse_confirmation
from audit.changes import advance
from audit.services import record
from booking.models import ClaimState, RefundClaim, Reservation
from booking.permissions import READ_REFUNDS
from booking.queries.claims import CLAIM_END, ClaimFilter, claim_rows, claims, claims_csv
from booking.queries.refunds import kept_in_the_end, net_total
from booking.services.ledger import standing_charges
from booking.states import CLAIM_MOVES
from lib import clock, yen
from lib.actor import Actor, Scope
from lib.errors import NotPermitted
from lib.verbs import inside, verb

TITLE = 60


def standing_total(reservation: Reservation) -> int:
    """What a reservation costs that nothing has taken back yet, fees apart, in yen."""
    return sum(charge.amount for charge in standing_charges(reservation))


@inside
def open_claim(actor: Actor, reservation: Reservation, *, expected: int) -> RefundClaim:
    """The supplier owes `expected` yen of what stands in the ledger; what was owed before is said anew."""
    facts = {"charged": max(net_total(reservation), 0), "expected": expected}
    claim = held_claim(reservation)
    code = "booking.claim.opened" if claim is None else "booking.claim.restated"
    if claim is None:
        claim = RefundClaim.objects.create(reservation=reservation, opened_at=clock.now(), **facts)
    else:
        RefundClaim.objects.filter(pk=claim.pk).update(**facts)
        claim.charged, claim.expected = facts["charged"], expected
        _lapse(actor, claim, why="changed")
    record(actor, code, objects=[claim, reservation, reservation.trip], data=facts)
    return claim


@inside
def watch_refund(actor: Actor, reservation: Reservation) -> None:
    """Hold what is owed against the ledger, which has changed: it is opened, said anew, or has come.

    Money that two people gave up is not asked for again.
    """
    kept = kept_in_the_end(reservation)
    if kept is None:
        return
    missing = max(net_total(reservation) - kept, 0)
    claim = held_claim(reservation)
    if claim is None:
        given_up = reservation.refund_claims.filter(state=ClaimState.CLOSED)
        if missing and standing_total(reservation) > 0 and not given_up.exists():
            open_claim(actor, reservation, expected=missing)
    elif not missing:
        settle_claim(actor, claim)
    elif missing != claim.expected:
        open_claim(actor, reservation, expected=missing)


@inside
def settle_claim(actor: Actor, claim: RefundClaim, *, note: str = "", said_by: User | None = None) -> None:
    """The refund is in the ledger: what was owed has come, and a request to end it otherwise has lost its object."""
    _lapse(actor, claim, why="settled")
    _end(actor, claim, ClaimState.SETTLED, code="booking.claim.settled", note=note, said_by=said_by)


@inside
def void_claim(actor: Actor, reservation: Reservation) -> None:
    """The booking is kept after all: nothing is owed for it. For one that was given back meanwhile it still is."""
    claim = held_claim(reservation)
    if claim is not None and kept_in_the_end(reservation) is None:
        _lapse(actor, claim, why="void")
        _end(actor, claim, ClaimState.VOID, code="booking.claim.voided")


def _end(actor: Actor, claim: RefundClaim, to: ClaimState, *, code: str, **fields: Any) -> None:
    advance(
        claim, to, code=code, allowed=CLAIM_MOVES, actor=actor, about=[claim.reservation, claim.reservation.trip],
        data={"expected": claim.expected}, ended_at=clock.now(), **fields,
    )  # fmt: skip


@inside
def held_claim(reservation: Reservation) -> RefundClaim | None:
    """What is owed for the reservation now, held until the end of the transaction."""
    return RefundClaim.objects.waiting().select_for_update(no_key=True).filter(reservation=reservation).first()


def digest_of(claim: RefundClaim) -> str:
    """The fingerprint of what two people decide on: the claim, and what stands in the ledger."""
    facts = (claim.state, claim.charged, claim.expected, net_total(claim.reservation))
    return hashlib.sha256(repr(facts).encode()).hexdigest()


@inside
def ask_claim_end(
    actor: Actor,
    claim: RefundClaim,
    *,
    word: str,
    facts: Sequence[tuple[str, str]],
    payload: Mapping[str, Any],
    reason: str,
) -> Confirmation:
    """Ask for a second person; a request that the ledger has outrun lapses. Raises NotPermitted, AlreadyAsked."""
    digest, reservation = digest_of(claim), claim.reservation
    _lapse(actor, claim, why="changed", unless=digest)
    trip = reservation.trip
    told = [
        ("予約", reservation.title),
        ("利用者", f"{trip.traveller.name} {trip.traveller.login_id}"),
        ("出張番号", trip.number),
        ("計上した額", yen.text(claim.charged)),
        ("戻る予定の額", yen.text(claim.expected)),
        *facts,
    ]
    return ask_confirmation(
        actor,
        kind=CLAIM_END,
        subject=claim,
        title=f"{word} {reservation.title[:TITLE]}",
        facts=told,
        payload=payload,
        digest=digest,
        reason=reason,
    )


def _lapse(actor: Actor, claim: RefundClaim, *, why: str, unless: str = "") -> None:
    earlier = open_confirmation(CLAIM_END, claim.public_id)
    if earlier is not None and earlier.digest != unless:
        lapse_confirmation(actor, earlier, why=why)


@verb
def download_claims(actor: Actor, wanted: ClaimFilter) -> bytes:
    """The claims as CSV (UTF-8 with BOM), and the record that they left the house. Raises NotPermitted."""
    if actor.scope(READ_REFUNDS) is not Scope.ALL:
        raise NotPermitted
    rows = claim_rows(claims(actor, wanted))
    content = "".join(claims_csv(rows)).encode()
    data = {"rows": len(rows), "sha256": hashlib.sha256(content).hexdigest()}
    record(actor, "booking.claims.downloaded", data=data)
    return content
