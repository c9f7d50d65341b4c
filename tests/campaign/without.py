"""Safeguards taken out, one at a time, in the processes of a campaign or of a test: what cannot fail proves nothing.

The portal's code knows nothing of this. CAMPAIGN_WITHOUT names one; `take_out` is called after Django's set-up, and
`statement` is for the owner of the tables.
"""

import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

VARIABLE = "CAMPAIGN_WITHOUT"


def _put(place: Any, **instead: Any) -> None:
    for name, value in instead.items():
        getattr(place, name)  # what was renamed is not taken out any more
        setattr(place, name, value)


def _reword(function: Callable[..., Any], other: Callable[..., Any]) -> None:
    """Others have imported the function by its name: it stays, and does what `other` says, in its own module."""
    inspect.unwrap(function).__code__ = other.__code__


def _nothing() -> None:
    return


def _compare_and_set() -> None:
    from audit import changes

    def advance(obj: Any, to: str, *, code: Any, allowed: Any, actor: Any, why: str = "", about: Any = (),
                data: Any = None, personal: Any = None, **fields: Any) -> None:  # fmt: skip
        type(obj)._default_manager.filter(pk=obj.pk).update(state=to, **fields)
        record(actor, code, objects=[obj, *about], data={"from": obj.state, "to": str(to)})  # type: ignore[name-defined]  # noqa: F821
        obj.state = to

    _reword(changes.advance, advance)


def _claims_of_others() -> None:
    from lib import durable

    def claim(rows: Any, pk: int, *, lease: Any = None) -> Any:
        token = uuid4()  # type: ignore[name-defined]  # noqa: F821
        until = clock.wall() + (lease or _lease())  # type: ignore[name-defined]  # noqa: F821
        taken = rows.filter(pk=pk).update(claim_token=token, claimed_until=until, attempts=F("attempts") + 1)  # type: ignore[name-defined]  # noqa: F821
        return token if taken else None

    _reword(durable.claim, claim)


def _idempotency_key() -> None:
    from dataclasses import replace

    from booking.services import driving

    wish = driving._wish

    def another_each_time(reservation: Any, call: Any) -> Any:
        return replace(wish(reservation, call), reference=f"{reservation.reference}-{os.urandom(2).hex()}")

    _put(driving, _wish=another_each_time)


def _outbox() -> None:
    from audit.services import mail

    def queue_mail(
        actor: Any, *, kind: str, to_person: Any, to_address: str, subject: str, body: str, about: Any
    ) -> None:
        EmailMessage(subject=subject, body=body, from_email=settings.DEFAULT_FROM_EMAIL, to=[to_address]).send()  # type: ignore[name-defined]  # noqa: F821

    _reword(mail.queue_mail, queue_mail)


def _asking_before_a_repeat() -> None:
    from booking.services import driving

    _put(driving, _held_already=lambda *_: None)


def _asking_about_what_was_sent() -> None:
    from booking.models import SupplierCall
    from booking.services import driving
    from lib import clock

    carry_out = driving.carry_out

    def again(actor: Any, call_pk: int) -> None:
        lost = SupplierCall.objects.filter(pk=call_pk, state="open", claimed_until__lt=clock.wall())
        lost.update(sent_at=None, attempts=0)
        carry_out(actor, call_pk)

    _put(driving, carry_out=again)


def _quiet_time() -> None:
    from booking.services import reconciling

    _put(reconciling, _is_quiet=lambda _: True, ASKS=1)


def _end_of_a_lease() -> None:
    from lib import durable

    def overdue(rows: Any, *, limit: int = 200) -> list[int]:
        from lib import clock

        due = rows.filter(claimed_until=None, next_try_at__lte=clock.wall())
        return list(due.order_by("next_try_at").values_list("pk", flat=True)[:limit])

    _put(durable, overdue=overdue)


def _sweeper_of_calls() -> None:
    from booking import tasks

    _put(tasks.sweep_calls, run=lambda: None)


def _sweeper_of_mails() -> None:
    from audit import tasks

    _put(tasks.sweep_mail, run=lambda: None)


def _bound_of_what_was_confirmed() -> None:
    from booking.services import arranging, calls

    for place in (calls, arranging):
        _put(place, is_within_bound=lambda *_, **__: True)


def _new_before_old() -> None:
    from booking.services import following

    _put(following, is_sure=lambda reservation: reservation.state in {"booked", "ticketed", "used"})


def _opening_of_claims() -> None:
    from booking.services import claims

    _put(claims, open_claim=lambda *_, **__: None)


def _mail_of_the_result_once() -> None:
    from booking import mails

    _put(mails, OPEN=frozenset())


@dataclass(frozen=True, slots=True)
class Safeguard:
    """How it is taken out, and the test that then must fail."""

    test: str
    take_out: Callable[[], None] = _nothing
    sql: str = ""


LATE, KILLED = "tests/faults/test_late_supplier.py", "tests/faults/test_killed_worker.py"
SAFEGUARDS: Mapping[str, Safeguard] = {
    "idempotency-key": Safeguard(f"{LATE}::test_an_answer_that_is_lost_or_unreadable_is_asked_for", _idempotency_key),
    "asking-before-a-repeat": Safeguard(
        f"{LATE}::test_a_supplier_that_turned_us_away_is_asked_before_we_try_again", _asking_before_a_repeat
    ),
    "asking-about-what-was-sent": Safeguard(KILLED, _asking_about_what_was_sent),
    "quiet-time": Safeguard(f"{LATE}::test_not_found_counts_only_after_the_quiet_time", _quiet_time),
    "compare-and-set": Safeguard("tests/audit/test_changes.py", _compare_and_set),
    "lease": Safeguard("tests/concurrency/test_races.py", _claims_of_others),
    "end-of-a-lease": Safeguard(KILLED, _end_of_a_lease),
    "sweeper-of-calls": Safeguard("tests/faults/test_lost_hints.py", _sweeper_of_calls),
    "sweeper-of-mails": Safeguard("tests/audit/test_mail.py", _sweeper_of_mails),
    "unique-live-segment": Safeguard("tests/db/test_constraints.py", sql="DROP INDEX one_live_segment"),
    "unique-live-night": Safeguard("tests/db/test_constraints.py", sql="DROP INDEX one_live_night"),
    "outbox": Safeguard("tests/audit/test_mail.py::test_a_mail_is_queued_with_the_change_or_not_at_all", _outbox),
    "bound": Safeguard("tests/booking/test_dearer.py", _bound_of_what_was_confirmed),
    "new-before-old": Safeguard("tests/booking/test_changing.py", _new_before_old),
    "opening-of-claims": Safeguard("tests/booking/test_claims.py", _opening_of_claims),
    "result-at-rest": Safeguard("tests/booking/test_results_told.py", _mail_of_the_result_once),
}


def take_out() -> None:
    """Take out the safeguard that the environment names, if it names one."""
    if name := os.environ.get(VARIABLE):
        SAFEGUARDS[name].take_out()


def statement() -> str:
    """What the owner of the tables must do for that; empty when nothing."""
    name = os.environ.get(VARIABLE)
    return SAFEGUARDS[name].sql if name else ""
