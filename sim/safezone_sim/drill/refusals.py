"""Why a drill refuses what it is asked for: not now, not known, or a value that cannot be."""

from typing import Any


class WrongState(RuntimeError):
    """The session is in a state in which this cannot be done; the text says in which, and which are needed."""


class Unknown(KeyError):
    """No such inject, objective or item."""


class Invalid(ValueError):
    """A value that cannot be: field, value, remedy."""

    def __init__(self, field_name: str, value: Any, detail: str) -> None:
        super().__init__(detail)
        self.field, self.value = field_name, value
