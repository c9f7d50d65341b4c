"""States of a confirmation by a second person."""

from collections.abc import Mapping

from django.db import models


class ConfirmationState(models.TextChoices):
    ASKED = "asked", "確認待ち"
    GIVEN = "given", "確認済"
    REFUSED = "refused", "差戻し"
    WITHDRAWN = "withdrawn", "取り下げ"
    LAPSED = "lapsed", "失効"


CONFIRMATION_MOVES: Mapping[str, frozenset[str]] = {
    ConfirmationState.ASKED: frozenset(
        {
            ConfirmationState.GIVEN,
            ConfirmationState.REFUSED,
            ConfirmationState.WITHDRAWN,
            ConfirmationState.LAPSED,
        }
    ),
}
