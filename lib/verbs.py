"""Markers of public functions in `services`; an architecture test checks that each has exactly one.

A *verb* is one transaction. A *driver* talks to the outside and therefore never runs in one. What is *inside* may only be
called by a verb, in its transaction.
"""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import connection, transaction

P = ParamSpec("P")
R = TypeVar("R")


class WrongPlace(AssertionError):
    """A driver was called in a transaction, or an inside function without one: a programming error."""


def verb(function: Callable[P, R]) -> Callable[P, R]:
    """One transaction around the whole function. Verbs may call verbs: the outermost transaction is the one that counts."""

    @functools.wraps(function)
    def in_transaction(*args: P.args, **kwargs: P.kwargs) -> R:
        with transaction.atomic():
            return function(*args, **kwargs)

    in_transaction.marker = "verb"  # type: ignore[attr-defined]
    return in_transaction


def driver(function: Callable[P, R]) -> Callable[P, R]:
    """Refuses to run in a transaction: a slow supplier must hold no lock and no connection."""

    @functools.wraps(function)
    def outside(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            raise WrongPlace(f"{function.__name__} must not run in a transaction")
        return function(*args, **kwargs)

    outside.marker = "driver"  # type: ignore[attr-defined]
    return outside


def inside(function: Callable[P, R]) -> Callable[P, R]:
    """Refuses to run without a transaction: the change and its record commit together or not at all."""

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if not connection.in_atomic_block:
            raise WrongPlace(f"{function.__name__} must run in a verb's transaction")
        return function(*args, **kwargs)

    checked.marker = "inside"  # type: ignore[attr-defined]
    return checked
