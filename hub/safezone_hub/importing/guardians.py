"""Rows of guardians of children that are registered already."""

from safezone_hub.importing.draft import Draft, Row
from safezone_hub.importing.placing import child_of, contacts_of, keys_of


def read_guardian(row: Row, draft: Draft) -> None:
    id_ = draft.own_id(row, "g")
    children = _children(row, draft)
    contacts = contacts_of(row)
    for column, key in zip((c for c in ("phone", "email") if row.has(c)), keys_of(contacts), strict=True):
        who = (row.get("name", ""), key)
        first = draft.seen_before("guardian's contact", who, row.line)
        if who in draft.guardians:
            other = draft.guardians[who]
            row.fault(
                column, f"이 이름과 연락처로 이미 등록된 보호자가 있다: {other}.",
                f"a guardian with this name and contact is registered already: {other}",
            )  # fmt: skip
        elif first is not None:
            row.fault(column, f"{first}번째 줄과 같은 보호자다.", f"the same guardian as on line {first}")
    if row.has("quiet_from") != row.has("quiet_until") and not {"quiet_from", "quiet_until"} & row.faulty:
        missing = "quiet_until" if row.has("quiet_from") else "quiet_from"
        row.fault(missing, "시작과 끝을 함께 쓴다.", "give both begin and end")
    for child in children:
        body = draft.known.get("child", child)
        if body is not None and id_ in body.get("barred", ()):
            row.fault(
                "children", f"이 보호자에게 알릴 수 없는 어린이다: {child}.", f"{child} bars this guardian"
            )
    if not row.ok:
        return
    quiet = {"from": row["quiet_from"], "until": row["quiet_until"]} if row.has("quiet_from") else None
    draft.add(
        row, "guardian", id_, name=row["name"], children=children, nature=row.get("nature", "real"),
        key=draft.key_for(row, "guardian", "guardian", id_, row["name"]), language=row.get("language"),
        contacts=contacts or None, quiet=quiet, legal=row.get("legal"),
    )  # fmt: skip


def _children(row: Row, draft: Draft) -> list[str]:
    found: list[str] = []
    for reference in row.get("children", ()):
        child = child_of(draft, reference)
        if child is None:
            shown = "-".join(map(str, reference)) if isinstance(reference, tuple) else reference
            row.fault("children", f"등록되지 않은 어린이다: {shown}.", f"no child registered as {shown}")
        elif child in found:
            row.fault("children", f"같은 어린이가 두 번 있다: {child}.", f"the same child twice: {child}")
        else:
            found.append(child)
    if row.has("children") and not row["children"]:
        row.fault("children", "적어도 한 어린이를 쓴다.", "name at least one child")
    return found
