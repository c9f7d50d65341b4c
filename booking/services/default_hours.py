"""Hours and sale openings as the suppliers announce them, from `data/`; what the portal does not reach is left out.

A supplier that has any row of a table, from whatever hand, is left alone there.
"""

import csv
import datetime as dt
from collections.abc import Mapping

from django.conf import settings

from booking.models import SaleOpening, SupplierHours
from booking.suppliers.registry import KINDS
from lib.dated import between
from lib.verbs import inside


@inside
def add_supplier_hours() -> int:
    """Hours and maintenance of suppliers that have none; how many rows."""
    ruled = set(SupplierHours.objects.values_list("supplier", flat=True))
    fresh = [
        SupplierHours(**_dated(row), supplier=row["supplier"], kind=row["kind"], begins=row["begins"], ends=row["ends"])
        for row in _rows("supplier_hours")
        if row["supplier"] not in ruled
    ]
    SupplierHours.objects.bulk_create(fresh)
    return len(fresh)


@inside
def add_sale_openings() -> int:
    """Openings of sale of suppliers that have none; how many rows."""
    ruled = set(SaleOpening.objects.values_list("supplier", flat=True))
    fresh = [
        SaleOpening(
            **_dated(row),
            supplier=row["supplier"],
            days_before=int(row["days_before"]) if row["days_before"] else None,
            months_before=int(row["months_before"]) if row["months_before"] else None,
            opens=row["opens"],
        )
        for row in _rows("sale_openings")
        if row["supplier"] not in ruled
    ]
    SaleOpening.objects.bulk_create(fresh)
    return len(fresh)


def _rows(name: str) -> list[dict[str, str]]:
    with (settings.BASE_DIR / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["supplier"] in KINDS]


def _dated(row: Mapping[str, str]) -> dict[str, object]:
    first, last = (dt.date.fromisoformat(row[name]) if row[name] else None for name in ("valid_from", "valid_to"))
    return {"valid": between(first, last), "source": row["source"], "confidence": row["confidence"]}
