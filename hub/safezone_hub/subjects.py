"""Whose a row is: the personal things it speaks of, under whose keys the store seals it.

A subject is ``kind/id`` of a child, a guardian, a home (area), a phone or a tag. What speaks of
several becomes unreadable when any one of them is erased.
"""

from safezone_hub import items
from safezone_hub.registry import Registry, ZoneView


def of_child(child: str | None) -> tuple[str, ...]:
    """Of what speaks of one child, or of none."""
    return (f"child/{child}",) if child is not None else ()


def of_item(item: items.Item) -> tuple[str, ...]:
    """Of a registry item."""
    match item:
        case items.Child():
            return (f"child/{item.id}",)
        case items.Guardian():
            return (f"guardian/{item.id}", *(f"child/{child}" for child in sorted(item.children)))
        case items.Binding() | items.Absence() | items.Consent():
            return (f"child/{item.child}",)
        case items.Area() if item.role == "home":
            return (f"area/{item.id}",)
        case items.Device() if item.type in ("tag", "phone"):
            return (f"device/{item.id}",)
    return ()


def of_thing(view: ZoneView, id_: str) -> tuple[str, ...]:
    """Of a device's state: a phone's or a tag's own, nobody's otherwise."""
    device = view.devices.get(id_)
    return (f"device/{id_}",) if device is None or device.type in ("tag", "phone") else ()


def of_sender(registry: Registry, view: ZoneView, role: str, id_: str) -> tuple[str, ...]:
    """Of a message: a guardian's own, or that of the phone or tag it is about; only of who is registered."""
    if role == "guardian":
        return (f"guardian/{id_}",) if registry.has("guardian", id_) else ()
    return of_thing(view, id_) if id_ in view.devices else ()


def erased_with(view: ZoneView, child: str) -> tuple[list[str], list[str], list[str]]:
    """What goes with a child: its things, its home if nobody else lives there, guardians of no other child."""
    things = [t for t in view.things_of(child) if all(b.child == child for b in view.bindings.get(t, ()))]
    home = view.children[child].home if child in view.children else ""
    shared = any(other.home == home for other in view.children.values() if other.id != child)
    homes = [home] if home in view.areas and view.areas[home].role == "home" and not shared else []
    others = {r.id for c, rows in view.guardians.items() if c != child for r in rows}
    guardians = [r.id for r in view.guardians.get(child, []) if r.id not in others]
    return things, homes, guardians
