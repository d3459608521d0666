"""What of the IXIT a case may know: plain numbers, kept with the evidence so that a replay has the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Settings:
    """``time_scale`` multiplies every limit, ``network_s`` is added. ``offset_s``: clock of the system minus ours.

    ``absence``: ``fence`` (a later message was processed, and ``absence_s`` passed) or ``deadline`` (the whole limit).
    ``provisioning``: ``api`` or ``csv`` (the vendor imported the subjects beforehand, which were made at ``subjects_at``,
    seconds since 1970). ``subjects_prefix`` begins every
    id of the suite. ``hub_id`` is what GET /v1/hub said. ``has``: the items of the ICS answered with yes. ``values``: every
    other value of the IXIT that a case may read, none of them secret.
    """

    time_scale: float = 1.0
    network_s: float = 0.5
    offset_s: float = 0.0
    absence: str = "fence"
    absence_s: float = 1.0
    provisioning: str = "api"
    subjects_prefix: str = "ct"
    subjects_at: float = 0.0
    hub_id: str = ""
    has: frozenset[str] = frozenset()
    values: Mapping[str, Any] = field(default_factory=dict)
