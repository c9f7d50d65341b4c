"""Supplier member numbers of people: sealed, found by a blind index."""

from django.db import models

from accounts.models.people import User
from lib.dated import DatedRow, no_overlap
from lib.encrypted import blind_index, unseal
from lib.ids import uuid7

PLACE = "accounts_membernumber.number"
SUPPLIER_NAMES = {
    "jal_online": "JALオンライン",
    "ex": "エクスプレス予約（会員ID）",
    "ex_card": "エクスプレス予約（個人会員番号）",
    "yado_net": "ヤドネット",
}


class MemberNumber(DatedRow):
    """A person's member number at a supplier (会員番号), such as `jal_online` or `ex`."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="member_numbers")
    supplier = models.CharField("手配先", max_length=20)
    sealed = models.TextField(editable=False)
    index = models.CharField(max_length=64, db_index=True, editable=False)

    class Meta:
        verbose_name = "会員番号"
        constraints = [
            no_overlap("user", "supplier", name="member_number_no_overlap"),
            no_overlap("supplier", "index", name="member_number_is_one_persons"),
        ]

    @property
    def number(self) -> str:
        """The number in clear, digits and letters without separators."""
        return unseal(self.sealed, place=PLACE, row=self.public_id)


def member_index(supplier: str, number: str) -> str:
    """The blind index under which a number of a supplier is found."""
    return blind_index(f"{supplier}:{number}", place=PLACE)
