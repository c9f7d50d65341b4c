"""Which adapter speaks for a supplier, and what it can do."""

from collections.abc import Callable
from typing import Any, TypeVar

from booking.suppliers.ex import Ex
from booking.suppliers.jal_online import JalOnline
from booking.suppliers.types import Link
from booking.suppliers.yado_net import YadoNet

Capability = TypeVar("Capability")

ADAPTERS: dict[str, Callable[[Link], Any]] = {"jal_online": JalOnline, "ex": Ex, "yado_net": YadoNet}
KINDS: dict[str, str] = {"jal_online": "air", "ex": "rail", "yado_net": "stay"}


class NotOffered(LookupError):
    """The supplier cannot do this at all, or nobody knows the supplier: an operator must act."""


def adapter_for(supplier: str, link: Link, capability: type[Capability]) -> Capability:
    """The adapter of a supplier, as the capability asked for. Raises NotOffered."""
    make = ADAPTERS.get(supplier)
    return capable(make(link) if make else None, capability)


def capable(adapter: object, capability: type[Capability]) -> Capability:
    """The same adapter, as another of its capabilities. Raises NotOffered."""
    if not isinstance(adapter, capability):
        raise NotOffered(type(adapter).__name__)
    return adapter


def can(supplier: str, capability: type) -> bool:
    """Whether the supplier's adapter has the capability."""
    make = ADAPTERS.get(supplier)
    return make is not None and isinstance(make(Link("http://127.0.0.1:9", "")), capability)
