"""What a step wants done. The hub carries effects out in their order, in the commit that keeps the case."""

from dataclasses import dataclass, field
from typing import Any, Literal

from safezone_hub.enrolment.case import SchoolCode

Why = Literal["not_found", "invalid", "conflict", "forbidden", "locked"]


@dataclass(frozen=True, slots=True)
class SendCode:
    """Send a text with a pin to a contact that the school has on file."""

    channel: str
    address: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ShowCode:
    """Show a code or pin to the member of the school who asked for it, this once."""

    code: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SaveCode:
    """The school code has changed: uses, tries."""

    code: SchoolCode


@dataclass(frozen=True, slots=True)
class PutItems:
    """Register these items, all of them. A new guardian's carries its wire key."""

    items: tuple[dict[str, Any], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class IssueToken:
    """Make a token and show it to the parent, this once."""

    role: str
    principal: str
    zone: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """The step is refused. The words say nothing that the other side may not know."""

    why: Why
    ko: str
    en: str
    retry_after_s: float | None = None
    tries_left: int | None = None


Effect = SendCode | ShowCode | SaveCode | PutItems | IssueToken | Refuse
