"""Checks of places and people that several kinds share."""

import math
from typing import Any

from safezone_hub.geometry import Plane
from safezone_hub.importing.draft import Draft, Row
from safezone_hub.importing.known import Contact, contact_key

FROM_SCHOOL_MAX_M = 20_000.0  # beyond it lies a typing error, or two columns in each other's place


def near_school(row: Row, draft: Draft, lat: str, lon: str) -> bool:
    """Whether two columns name a place that a school's zone can have; a fault otherwise."""
    zone = draft.known.get("zone", draft.zone)
    if zone is None:
        return True  # reported once, for the file
    school = zone["school"]
    distance = math.hypot(*Plane(school["lat"], school["lon"]).xy(row[lat], row[lon]))
    if distance <= FROM_SCHOOL_MAX_M:
        return True
    row.fault(
        lat, f"학교에서 {distance / 1000:.0f} km 떨어져 있다. 위도와 경도를 바꿔 쓰지 않았는지 본다.",
        f"{distance / 1000:.0f} km from the school: look whether latitude and longitude are in each other's place",
    )  # fmt: skip
    return False


def child_of(draft: Draft, reference: Any) -> str | None:
    """The id of a registered child, by id or seat. An id may look like a seat: the id counts first."""
    if isinstance(reference, tuple):
        as_id = "-".join(map(str, reference))
        return as_id if draft.known.get("child", as_id) is not None else draft.seats.get(reference)
    return str(reference) if draft.known.get("child", reference) is not None else None


def contacts_of(row: Row, prefix: str = "") -> list[dict[str, str]]:
    """The contacts in a row's telephone and mail columns."""
    channels = (("phone", "sms"), ("email", "email"))
    return [{"channel": c, "address": row[prefix + name]} for name, c in channels if row.has(prefix + name)]


def keys_of(contacts: list[dict[str, str]]) -> list[Contact]:
    return [contact_key(contact["channel"], contact["address"]) for contact in contacts]
