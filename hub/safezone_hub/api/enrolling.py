"""School codes: which row of the cases holds which code, found by the code's digest."""

import hashlib
import hmac
from typing import Any

import msgspec

from safezone_hub.enrolment import CODE_KIND, Enrolment, SchoolCode
from safezone_hub.zones import Zones

CODES_MAX = 100_000


def pepper_of(service_token: str) -> bytes:
    """The secret under which codes and numbers are digested, when the hub is given none of its own."""
    return hmac.new(service_token.encode(), b"safezone enrolment", hashlib.sha256).digest()


class Enrolments:
    """The steps, and which case row holds which school code. The index is used on the engine's thread only."""

    def __init__(self, pepper: bytes) -> None:
        self.steps = Enrolment(pepper)
        self._by_digest: dict[str, tuple[str, str]] | None = None  # digest -> zone, id of the row

    def code(self, zones: Zones, typed: str, now: float) -> SchoolCode | None:
        """The school's code that was typed."""
        held = self._index(zones)
        # The steps want a mapping by digest: they alone know how a typed code becomes one.
        return self.steps.find_code(typed, _Codes(zones, held))

    def added(self, zones: Zones, code: SchoolCode) -> None:
        self._index(zones)[code.digest] = (code.zone, code.id)

    def _index(self, zones: Zones) -> dict[str, tuple[str, str]]:
        if self._by_digest is None:
            self._by_digest = {}
            for zone in sorted(zones.registry.zones):
                for row in zones.store.cases(zone, CODE_KIND, None, None, CODES_MAX):
                    code = msgspec.msgpack.decode(row[4], type=SchoolCode)
                    self._by_digest[code.digest] = (zone, code.id)
        return self._by_digest


class _Codes(dict[str, SchoolCode]):
    """Looks a code up in the store when it is asked for."""

    def __init__(self, zones: Zones, held: dict[str, tuple[str, str]]) -> None:
        super().__init__()
        self._zones, self._held = zones, held

    def get(self, digest: str, default: Any = None) -> Any:
        place = self._held.get(digest)
        return stored_code(self._zones, *place) if place is not None else default


def stored_code(zones: Zones, zone: str, id_: str) -> SchoolCode | None:
    row = zones.case(zone, id_)
    return (
        msgspec.msgpack.decode(row[4], type=SchoolCode) if row is not None and row[1] == CODE_KIND else None
    )
