"""Values at dotted paths in JSON: ``messages.0.to``. A number counts in a list. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

INDEX_MAX = 20


def find(document: Any, path: str) -> Any:
    """What stands at a path; None if nothing does."""
    for step in path.split("."):
        if isinstance(document, Mapping):
            document = document.get(step)
        elif isinstance(document, list) and step.isdigit() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document


def text_at(document: Any, path: str) -> str:
    """The text, number or truth value at a path, as text; empty if there is none."""
    value = find(document, path) if path else None
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


def put(document: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Set a value, making what is missing on the way: a list before a number, an object before a name.
    ValueError when the path asks for both at one place, or for a high number."""
    holder: Any = document
    for place, step in enumerate(path):
        if not step:
            raise ValueError("an empty name")
        key: Any = step
        if isinstance(holder, list):
            key = int(step)
            if key > INDEX_MAX:
                raise ValueError("too high a number")
            holder.extend([None] * (key + 1 - len(holder)))
        if place == len(path) - 1:
            holder[key] = value
            return
        inner = holder[key] if isinstance(holder, list) else holder.get(key)
        if inner is None:
            inner = holder[key] = [] if path[place + 1].isdigit() else {}
        if not isinstance(inner, dict | list):
            raise ValueError("a value stands in the way")
        holder = inner


def leaves(table: Mapping[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value in nested tables with its path. A name may itself be dotted."""
    for key, value in table.items():
        path = (*before, *key.split("."))
        if isinstance(value, Mapping) and value:
            yield from leaves(value, path)
        else:
            yield path, value
