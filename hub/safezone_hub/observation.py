"""What the rules are given and what they give back. Values only."""

from dataclasses import dataclass

import msgspec

from safezone_hub.messages import Data
from safezone_hub.state import Cite


class Observation(msgspec.Struct, frozen=True, gc=False):
    """One accepted message of a device, times corrected for its clock."""

    zone: str
    device: str
    source: str
    id: str
    type: str
    data: Data
    at: float  # when it happened, never after ``received_at``
    received_at: float
    offset_s: float  # the device's clock minus ours
    exercise: str | None
    flags: tuple[str, ...] = ()

    @property
    def cite(self) -> Cite:
        return (self.source, self.id)

    @property
    def drill_unknown(self) -> bool:
        return "drill_unknown" in self.flags


@dataclass(frozen=True, slots=True)
class Where:
    """A position in the zone's plane, with its 68 % radius."""

    x: float
    y: float
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class Tell:
    """Effect: tell a service's recipients. The texts and signatures come later (``notices``)."""

    service: str
    child: str | None
    event_at: float
    evidence: tuple[Cite, ...]
    exercise: str | None
    to_guardians: bool
    posts: tuple[str, ...]  # which posts of the control side: desk, supervisor, fire119, school
    place: str | None = None
    position: Where | None = None
    device: str | None = None
    incident: str | None = None
    linked: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()
    near: bool = False
    flags: tuple[str, ...] = ()
    sent_at: float = 0.0
    reporter: str | None = None  # a guardian who knows already, because the report is its own

    @property
    def to_desk(self) -> bool:
        return "desk" in self.posts


@dataclass(frozen=True, slots=True)
class TurnCamera:
    """Effect: turn a camera towards an incident."""

    camera: str
    preset: str
    incident: str
    hold_s: float
    exercise: str | None
    sent_at: float


@dataclass(frozen=True, slots=True)
class SavePosition:
    """Effect: one point of a child's path."""

    child: str
    at: float
    x: float
    y: float
    accuracy_m: float
    basis: str
    device: str


@dataclass(frozen=True, slots=True)
class Settle:
    """Effect: a message down needs no more repeats."""

    message: str
    by: str  # role/id of whoever settles it


@dataclass(frozen=True, slots=True)
class ReleaseCamera:
    """Effect: a camera may go back to what it looked at before."""

    camera: str
    incident: str
    exercise: str | None
    sent_at: float


@dataclass(frozen=True, slots=True)
class IncidentChanged:
    """Effect: keep an incident as it now is, and show it to who follows it."""

    id: str
    action: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """Effect: give an incident, as it now is, to an agency."""

    incident: str
    agency: str


@dataclass(frozen=True, slots=True)
class Count:
    """Effect: one more of something, for the zone's statistics."""

    name: str


Effect = Tell | TurnCamera | ReleaseCamera | SavePosition | Settle | IncidentChanged | HandOver | Count
