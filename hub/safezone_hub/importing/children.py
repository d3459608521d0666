"""Rows of children, each with its home, its tag and phone, and up to three guardians. Checks run on faulty rows
too, so that one upload tells of everything that is wrong."""

from typing import Any

from safezone_hub.importing.columns import GUARDIANS_MAX
from safezone_hub.importing.draft import Draft, Family, Row
from safezone_hub.importing.placing import contacts_of, keys_of, near_school

HOME_RADIUS_M = 50.0
_PLACE_ROLES = ("academy", "playground")


def read_child(row: Row, draft: Draft) -> None:
    id_ = draft.own_id(row, "c")
    _check_seat(row, draft)
    home = _home(row, draft, id_)
    for place in row.get("places", ()):
        area = draft.known.get("area", place)
        if area is None or area["role"] not in _PLACE_ROLES:
            row.fault(
                "places",
                f"등록된 학원·놀이터 구역이 아니다: {place}.",
                f"no academy or playground registered as {place}",
            )
    families = [family for n in range(1, GUARDIANS_MAX + 1) if (family := _family(row, draft, n)) is not None]
    for n, family in enumerate(families):
        if family in families[:n]:
            row.fault(
                "name", f"같은 보호자가 두 번 있다: {family.id}.", f"the same guardian twice: {family.id}"
            )
        family.children.append(id_)
    _check_barred(row, draft, families)
    for type_ in ("tag", "phone"):
        if row.has(type_):
            _bind(row, draft, id_, type_)
    if home is None or not row.ok:
        return
    draft.add(
        row, "child", id_, name=row["name"], grade=row["grade"], class_=row["class"], number=row["number"],
        home=home, places=row.get("places", []), routes=[], home_by=row.get("home_by"), barred=row.get("barred"),
    )  # fmt: skip


def finish(draft: Draft) -> None:
    """Guardians come after all rows: by then siblings have added themselves."""
    for family in draft.families.values():
        if family.known:
            draft.put(family.row, {**family.body, "children": family.children})
        else:
            key = draft.key_for(family.row, "guardian", "guardian", family.id, family.name)
            draft.add(family.row, "guardian", family.id, **family.body, children=family.children, key=key)


def _check_seat(row: Row, draft: Draft) -> None:
    """No two children at one grade, class and number."""
    if not row.has("grade", "class", "number"):
        return
    seat = (row["grade"], row["class"], row["number"])
    first = draft.seen_before("seat", seat, row.line)
    if first is not None:
        row.fault(
            "number",
            f"{first}번째 줄과 학년·반·번호가 같다.",
            f"the same grade, class and number as on line {first}",
        )
    elif seat in draft.seats:
        other = draft.seats[seat]
        row.fault(
            "number", f"이 학년·반·번호로 이미 등록된 어린이가 있다: {other}.",
            f"another child is registered with this grade, class and number: {other}",
        )  # fmt: skip


def _home(row: Row, draft: Draft, child: str) -> str | None:
    """The home's area: one that is registered, or one made from a position."""
    if {"home", "home_lat", "home_lon"} & row.faulty:
        return None
    named, placed = row.has("home"), row.has("home_lat") or row.has("home_lon")
    if named == placed:
        row.fault(
            "home", "집 구역의 아이디와 집의 위도·경도 가운데 하나를 쓴다.",
            "give either the id of a home area, or latitude and longitude of the home",
        )  # fmt: skip
        return None
    if named:
        area = draft.known.get("area", row["home"])
        if area is None or area["role"] != "home":
            row.fault(
                "home", "등록된 집 구역이 아니다. 위도·경도를 대신 쓸 수 있다.",
                "no home area is registered as this; latitude and longitude do as well",
            )  # fmt: skip
            return None
        return str(row["home"])
    if not row.has("home_lat", "home_lon"):
        missing = "home_lon" if row.has("home_lat") else "home_lat"
        row.fault(missing, "위도와 경도를 함께 쓴다.", "give latitude and longitude together")
        return None
    if not near_school(row, draft, "home_lat", "home_lon"):
        return None
    id_ = draft.derived_id("area", f"home-{child}")
    centre = {"lat": row["home_lat"], "lon": row["home_lon"]}
    radius = row.get("home_radius_m", HOME_RADIUS_M)
    draft.add(row, "area", id_, role="home", name="집", center=centre, radius_m=radius)
    return id_


# ------------------------------------------------------------------- guardians


def _family(row: Row, draft: Draft, n: int) -> Family | None:
    """The guardian of these columns: registered, named by an earlier row, or new. None if none, or a faulty one."""
    prefix = f"guardian{n}_"
    names = [prefix + part for part in ("id", "name", "phone", "email", "legal", "language")]
    if not any(row.shown[name] for name in names) or row.faulty.intersection(names):
        return None
    wanted = row.get(prefix + "id")
    registered = draft.known.get("guardian", wanted) if wanted is not None else None
    name: str | None = row.get(prefix + "name") or (
        str(registered["name"]) if registered is not None else None
    )
    if name is None:
        row.fault(prefix + "name", "보호자의 이름을 쓴다.", "give the guardian's name")
        return None
    contacts = contacts_of(row, prefix)
    found = wanted or _same_guardian(draft, name, contacts)
    family = draft.families.get(found) if found is not None else None
    if family is None:
        family = _begun(row, draft, prefix, found, name)
        if family is None:
            return None
        draft.families[family.id] = family
    if family.name != name:
        row.fault(
            prefix + "id", f"이 아이디의 보호자는 이름이 다르다(등록부 또는 {family.row.line}번째 줄).",
            f"the guardian of this id has another name (in the registry, or on line {family.row.line})",
        )  # fmt: skip
        return None
    _take_details(row, draft, prefix, family, contacts)
    return family


def _same_guardian(draft: Draft, name: str, contacts: list[dict[str, str]]) -> str | None:
    """A guardian of the same name with one of these contacts: siblings have the same parents."""
    return next((g for key in keys_of(contacts) if (g := draft.guardians.get((name, key))) is not None), None)


def _begun(row: Row, draft: Draft, prefix: str, wanted: str | None, name: str) -> Family | None:
    """The first mention of a guardian in this file."""
    body = draft.known.get("guardian", wanted) if wanted is not None else None
    if wanted is not None and body is not None:
        return Family(wanted, str(body["name"]), row, dict(body), list(body["children"]), known=True)
    if wanted is not None and draft.known.has("guardian", wanted):
        row.fault(prefix + "id", "다른 구역의 보호자 아이디다.", "the id of a guardian of another zone")
        return None
    fresh: dict[str, Any] = {"name": name, "nature": row.get("nature", "real"), "contacts": None}
    return Family(wanted or draft.fresh_id("guardian", "g"), name, row, fresh)


def _take_details(
    row: Row, draft: Draft, prefix: str, family: Family, contacts: list[dict[str, str]]
) -> None:
    """Add what this row says of the guardian. A registered one is not changed on the way: its contact is its proof."""
    kept = family.body.get("contacts") or []
    known = keys_of(list(kept))
    fresh = [c for c, key in zip(contacts, keys_of(contacts), strict=True) if key not in known]
    if family.known and fresh:
        column = prefix + ("phone" if fresh[0]["channel"] == "sms" else "email")
        row.fault(
            column, f"등록된 연락처와 다르다({family.id}). 바꾸려면 등록부에서 먼저 바꾼다.",
            f"not the contact that {family.id} is registered with: change it in the registry first",
        )  # fmt: skip
    if not family.known:
        family.body["contacts"] = [*kept, *fresh] or None
        for key in keys_of(fresh):
            draft.guardians.setdefault((family.name, key), family.id)
    for part in ("legal", "language"):
        value, before = row.get(prefix + part), family.body.get(part)
        if value is None:
            continue
        if before is None and not family.known:
            family.body[part] = value
        elif value != (True if before is None and part == "legal" else before):
            row.fault(
                prefix + part, f"같은 보호자를 다르게 적었다(등록부 또는 {family.row.line}번째 줄).",
                f"said otherwise of the same guardian (in the registry, or on line {family.row.line})",
            )  # fmt: skip


def _check_barred(row: Row, draft: Draft, families: list[Family]) -> None:
    for barred in row.get("barred", ()):
        if draft.known.get("guardian", barred) is None:
            row.fault("barred", f"등록되지 않은 보호자다: {barred}.", f"no guardian registered as {barred}")
        elif any(family.id == barred for family in families):
            row.fault(
                "barred", f"보호자로도 적혀 있다: {barred}. 둘 가운데 하나를 지운다.",
                f"{barred} is named as a guardian too: remove one of the two",
            )  # fmt: skip


# ------------------------------------------------------------------- tag and phone


def _bind(row: Row, draft: Draft, child: str, type_: str) -> None:
    """The child's tag or phone: a registered one that is free, or a new one."""
    thing = row[type_]
    first = draft.seen_before("thing", thing, row.line)
    if first is not None:
        row.fault(type_, f"{first}번째 줄에서 이미 쓴 아이디다.", f"used on line {first} already")
        return
    device = draft.known.get("device", thing)
    if device is None and draft.known.has("device", thing):
        row.fault(type_, "다른 구역의 장치 아이디다.", "the id of a device of another zone")
        return
    if device is not None and device["type"] != type_:
        row.fault(type_, f"다른 종류의 장치다: {device['type']}.", f"that device is a {device['type']}")
        return
    bindings = [binding for binding in draft.known.all("binding") if binding["thing"] == thing]
    if any("until" not in binding for binding in bindings):
        row.fault(
            type_,
            "다른 어린이에게 배정되어 있다. 먼저 그 배정을 끝낸다.",
            "bound to another child: end that binding first",
        )
        return
    begins = draft.moment() if bindings else None
    if bindings and begins is None:
        row.fault(
            type_,
            "전에 다른 어린이가 쓰던 것이다. 배정을 따로 등록한다.",
            "was another child's: register the binding by itself",
        )
        return
    if device is None:
        key = draft.key_for(row, type_, "dev", thing, "") if type_ == "phone" else None
        draft.add(row, "device", thing, type=type_, nature=row.get("nature", "real"), key=key)
    draft.add(
        row, "binding", draft.derived_id("binding", f"b-{thing}"), child=child, thing=thing, from_=begins
    )
