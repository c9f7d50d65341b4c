"""Safeguards taken out, one at a time, in a campaign's own processes: a campaign that cannot fail proves nothing.

The portal's code knows nothing of this. CAMPAIGN_WITHOUT names one; `take_out` is called after Django's set-up.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any

VARIABLE = "CAMPAIGN_WITHOUT"


def _put(place: Any, **instead: Any) -> None:
    for name, value in instead.items():
        getattr(place, name)  # what was renamed is not taken out any more
        setattr(place, name, value)


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


SAFEGUARDS: Mapping[str, Callable[[], None]] = {
    "asking-before-a-repeat": _asking_before_a_repeat,
    "asking-about-what-was-sent": _asking_about_what_was_sent,
    "quiet-time": _quiet_time,
    "end-of-a-lease": _end_of_a_lease,
    "sweeper-of-calls": _sweeper_of_calls,
    "sweeper-of-mails": _sweeper_of_mails,
    "bound": _bound_of_what_was_confirmed,
    "new-before-old": _new_before_old,
    "opening-of-claims": _opening_of_claims,
    "result-at-rest": _mail_of_the_result_once,
}


def take_out() -> None:
    """Take out the safeguard that the environment names, if it names one."""
    if name := os.environ.get(VARIABLE):
        SAFEGUARDS[name]()
