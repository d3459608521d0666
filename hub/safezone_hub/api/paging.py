"""Pages of lists: ``{items, next}``, where ``next`` is what to give as ``after`` for the following page."""

from collections.abc import Callable, Sequence
from typing import Any

PAGE_DEFAULT = 100
PAGE_MAX = 1000


def page_size(asked: int | None) -> int:
    """How many to look for; a larger wish is met as far as it goes."""
    return min(asked if asked is not None else PAGE_DEFAULT, PAGE_MAX)


def page(
    rows: Sequence[Any],
    limit: int,
    key: Callable[[Any], str],
    show: Callable[[Any], Any] | None = None,
) -> dict[str, Any]:
    """A page of rows that begin after the page before; ``rows`` may hold more than ``limit``."""
    taken = rows[:limit]
    more = len(rows) > limit
    return {
        "items": [show(row) for row in taken] if show is not None else list(taken),
        "next": key(taken[-1]) if more and taken else None,
    }
