"""What the registry holds already, as far as an import must know it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from safezone_hub.importing.values import Seat, plain_number

Body = Mapping[str, Any]
Contact = tuple[str, str]  # channel, address in one form


@dataclass(frozen=True)
class KnownIds:
    """Ids of the whole hub by kind, since ids are unique over all zones; bodies of one zone only.

    Guardians' bodies come with their keys: a guardian who gets a second child is stored again whole.
    """

    zone: str
    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    bodies: Mapping[str, Mapping[str, Body]] = field(default_factory=dict)

    @classmethod
    def from_items(
        cls, zone: str, items: Iterable[Body], taken: Iterable[tuple[str, str]] = ()
    ) -> "KnownIds":
        """From the zone's items, or every item of the registry. ``taken``: kinds and ids of others."""
        ids: dict[str, set[str]] = {}
        for kind, id_ in taken:
            ids.setdefault(kind, set()).add(id_)
        bodies: dict[str, dict[str, Body]] = {}
        for item in items:
            ids.setdefault(item["kind"], set()).add(item["id"])
            if item["zone"] == zone:
                bodies.setdefault(item["kind"], {})[item["id"]] = item
        return cls(zone, {kind: frozenset(found) for kind, found in ids.items()}, bodies)

    def has(self, kind: str, id_: str) -> bool:
        """Whether the id is taken anywhere on the hub."""
        return id_ in self.ids.get(kind, ())

    def get(self, kind: str, id_: str) -> Body | None:
        """The zone's own item."""
        return self.bodies.get(kind, {}).get(id_)

    def all(self, kind: str) -> Iterable[Body]:
        return self.bodies.get(kind, {}).values()

    def seats(self) -> dict[Seat, str]:
        """Which child sits where."""
        return {(c["grade"], c["class"], c["number"]): c["id"] for c in self.all("child")}

    def guardians_by_contact(self) -> dict[tuple[str, Contact], str]:
        """Guardians by name and each of their contacts."""
        return {
            (guardian["name"], contact_key(contact["channel"], contact["address"])): guardian["id"]
            for guardian in self.all("guardian")
            for contact in guardian.get("contacts", ())
        }


def contact_key(channel: str, address: str) -> Contact:
    """A contact in one form, to tell whether two are the same."""
    return channel, plain_number(address) if channel == "sms" else address.casefold()
