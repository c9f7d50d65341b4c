"""The judge: pure functions from facts to violations, each a sentence that names what is wrong and where.

Everything is at rest when the judge looks: no fault waits, nothing is under way, the last usage file has been read.
"""

from collections.abc import Callable, Iterable, Sequence

from tests.campaign.facts import Facts
from tests.campaign.judges.bookings import (
    every_purchase_is_found,
    no_double_booking,
    no_lost_wish,
    no_orphan,
    no_phantom,
    nothing_in_flight,
    one_live_part,
)
from tests.campaign.judges.changes import (
    changed_at_what_was_confirmed,
    every_change_ends,
    the_old_lives_until_the_new_is_sure,
)
from tests.campaign.judges.log import every_change_has_its_event
from tests.campaign.judges.mails import everybody_was_told, mails_are_true
from tests.campaign.judges.money import (
    charged_what_it_costs,
    every_yen_once,
    money_owed_is_watched,
    within_what_was_confirmed,
)

JUDGES: Sequence[Callable[[Facts], Iterable[str]]] = (
    no_double_booking,
    no_orphan,
    no_phantom,
    every_purchase_is_found,
    no_lost_wish,
    nothing_in_flight,
    charged_what_it_costs,
    money_owed_is_watched,
    every_yen_once,
    every_change_has_its_event,
    within_what_was_confirmed,
    every_change_ends,
    the_old_lives_until_the_new_is_sure,
    changed_at_what_was_confirmed,
    one_live_part,
    mails_are_true,
    everybody_was_told,
)


def judge(facts: Facts) -> list[str]:
    """Every violation, with the name of the promise that it breaks."""
    return [f"{check.__name__}: {said}" for check in JUDGES for said in check(facts)]
