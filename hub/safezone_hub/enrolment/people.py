"""The zone's children and guardians, as far as an enrolment asks for them."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from safezone_hub.enrolment.case import Claim, Seat

Body = Mapping[str, Any]
_CHANNELS = ("sms", "email")  # in this order of preference


@dataclass(frozen=True)
class People:
    """Registry bodies of one zone, with secrets: a guardian's item is put again whole."""

    zone: str
    children: Mapping[str, Body] = field(default_factory=dict)
    guardians: Mapping[str, Body] = field(default_factory=dict)
    consents: Mapping[tuple[str, str], str] = field(default_factory=dict)  # (child, guardian) -> id

    @classmethod
    def from_items(cls, zone: str, items: Iterable[Body]) -> "People":
        children: dict[str, Body] = {}
        guardians: dict[str, Body] = {}
        consents: dict[tuple[str, str], str] = {}
        for item in items:
            if item["zone"] != zone:
                continue
            if item["kind"] == "child":
                children[item["id"]] = item
            elif item["kind"] == "guardian":
                guardians[item["id"]] = item
            elif item["kind"] == "consent":
                consents[item["child"], item["guardian"]] = item["id"]
        return cls(zone, children, guardians, consents)

    def child_at(self, seat: Seat) -> str | None:
        """The child of that seat and name. Looks at every child, whether it was found before or not."""
        found = None
        wanted = (seat.grade, seat.class_, seat.number, plain_name(seat.name))
        for id_, child in self.children.items():
            if (child["grade"], child["class"], child["number"], plain_name(child["name"])) == wanted:
                found = id_
        return found

    def guardian_for(self, child: str, claim: Claim) -> str | None:
        """The child's guardian on file whom the claim speaks of; None too for one who is barred."""
        for id_, guardian in sorted(self.guardians.items()):
            if child not in guardian["children"] or plain_name(guardian["name"]) != plain_name(claim.name):
                continue
            if self.is_barred(child, id_):
                continue
            if claim.contact is None or claim.in_person or claim_contact(claim) in _contact_keys(guardian):
                return id_
        return None

    def is_barred(self, child: str, guardian: str) -> bool:
        return guardian in self.children[child].get("barred", ())

    def resembles_barred(self, child: str, name: str, contact: tuple[str, str] | None) -> bool:
        """Whether somebody new has the name or the contact of a guardian who is barred from the child."""
        barred = (self.guardians.get(g) for g in self.children[child].get("barred", ()))
        key = contact_key(*contact) if contact is not None else None
        return any(
            g is not None and (plain_name(g["name"]) == plain_name(name) or key in _contact_keys(g))
            for g in barred
        )

    def guardian_reached_at(self, name: str, contact: tuple[str, str] | None) -> str | None:
        """A guardian of any child of the zone, with this name and contact."""
        if contact is None:
            return None
        return next(
            (
                id_
                for id_, guardian in sorted(self.guardians.items())
                if plain_name(guardian["name"]) == plain_name(name)
                and contact_key(*contact) in _contact_keys(guardian)
            ),
            None,
        )

    def contact_of(self, guardian: str, wanted: tuple[str, str] | None) -> tuple[str, str] | None:
        """Where the school reaches the guardian, as it stands on file: the wanted one, or the preferred one."""
        on_file = [(c["channel"], c["address"]) for c in self.guardians[guardian].get("contacts", ())]
        if wanted is not None:
            return next((c for c in on_file if contact_key(*c) == contact_key(*wanted)), None)
        return next((c for channel in _CHANNELS for c in on_file if c[0] == channel), None)


def plain_name(name: str) -> str:
    """A name without its spaces, composed, whatever the case."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def contact_key(channel: str, address: str) -> tuple[str, str]:
    """A contact in one form: a telephone number by its digits, in Korea's own form."""
    if channel == "sms":
        digits = "".join(c for c in address if c.isascii() and (c.isdigit() or c == "+"))
        return channel, f"0{digits[3:]}" if digits.startswith("+82") else digits
    return channel, address.strip().casefold()


def claim_contact(claim: Claim) -> tuple[str, str]:
    return contact_key(*claim.contact) if claim.contact is not None else ("", "")


def _contact_keys(guardian: Body) -> set[tuple[str, str]]:
    return {
        contact_key(c["channel"], c["address"])
        for c in guardian.get("contacts", ())
        if c["channel"] in _CHANNELS
    }
