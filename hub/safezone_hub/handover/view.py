"""What a hand-over needs to know beside the incident itself. Values only; the caller looks them up."""

from dataclasses import dataclass

from safezone_hub.clock import parse_time


@dataclass(frozen=True, slots=True)
class ChildFacts:
    """What responders need to find a child and speak to it, and nothing more.

    Left out on purpose: id, class and number, home, places, routes, guardians and their numbers. Whoever needs a
    guardian calls the desk back, which knows the custody bars.
    """

    name: str
    grade: int
    description: str = ""  # what a missing report says of clothes and the like


@dataclass(frozen=True, slots=True)
class Callback:
    """Who answers questions: the desk, never a guardian. ``contact`` is a telephone number or a mail address."""

    name: str
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Issued:
    """An earlier message of the same incident. ``sent``: seconds since 1970, or RFC 3339."""

    version: int
    sent: float | str


@dataclass(frozen=True, slots=True)
class HandoverView:
    """Everything the incident does not say. Times are seconds since 1970.

    ``child`` is None when the child is unknown or may not be told to this agency. ``place`` names a school or a
    danger area, never a home or an academy: with the child's name it would be an address.
    """

    zone_name: str
    timezone: str
    now: float
    sender: str  # CAP sender: unique by a domain name, as in hub1@safezone.example.org
    callback: Callback
    child: ChildFacts | None = None
    place: str | None = None
    evidence_at: float | None = None  # when the child or the call was last where ``position`` says
    basis: str = "unknown"  # phone, reader, place, bell or unknown: what the position rests on
    legal_basis: str = "rescue"  # consent, rescue, court or duty
    base_url: str = ""  # of the hub's API, without /v1; without it no links are given
    earlier: tuple[Issued, ...] = ()


def moment(value: float | str) -> float:
    """Seconds since 1970 of a number or an RFC 3339 text. ValueError when there is no such moment."""
    return parse_time(value) if isinstance(value, str) else float(value)
