"""The section «what is held»: schemas and tables, with keys, periods and who may see them."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from safezone_model import MESSAGES
from safezone_model.figures import Text, text_of

from safezone_hub.access.rules import OPERATIONS
from safezone_hub.privacy.document import Block, Heading, Paragraph, Said, Table, both, joined
from safezone_hub.privacy.inventory import Entry, Inventory
from safezone_hub.privacy.values import NOTHING, InForce, PrivacyModel, filled, number

_TITLES = {
    "envelope": both("메시지의 봉투", "envelope of every message"),
    "handover": both("다른 기관에 넘기는 문서", "document handed to another authority"),
}


def held(model: PrivacyModel, in_force: InForce) -> Iterable[Block]:
    inventory = model.inventory
    yield Heading(2, both("무엇을 가지고 있는가", "What is held"))
    yield Paragraph(
        both(
            "표준의 모든 등록 항목과 메시지에서 개인정보인 멤버입니다. 개인정보가 없는 것은 뺐습니다.",
            "The members of the standard's registry and messages that are personal. What holds none is left out.",
        )
    )
    head = (
        both("자료", "data"),
        both("개인정보 항목", "personal items"),
        both("목적", "purpose"),
        both("근거", "legal basis"),
        both("잠그는 키", "sealed under"),
        both("보관", "kept"),
        both("볼 수 있는 사람", "who may see it"),
        both("받는 곳", "recipients"),
    )
    rows = [
        _entry_row(inventory, entry, in_force) for entry in inventory.entries.values() if entry.personal()
    ]
    yield Table(head, tuple(rows))
    yield Heading(3, both("저장소의 표", "Tables of the store"))
    yield Table(
        (
            both("표", "table"),
            both("내용", "content"),
            both("개인정보의 종류", "kinds of personal data"),
            both("잠그는 키", "sealed under"),
            both("보관", "kept"),
        ),
        tuple(
            (
                table.name,
                table.what,
                _all(inventory, "categories", table.holds),
                _all(inventory, "seals", table.seal),
                joined([_kept(inventory, name, in_force) for name in table.kept], "; "),
            )
            for table in inventory.tables.values()
        ),
    )


def _entry_row(inventory: Inventory, entry: Entry, in_force: InForce) -> tuple[Said, ...]:
    items = [
        both(
            f"{inventory.word('categories', category).ko}: {', '.join(members)}",
            f"{inventory.word('categories', category).en}: {', '.join(members)}",
        )
        for category, members in entry.personal().items()
    ]
    return (
        _title(entry.name),
        joined(items, "; "),
        entry.purpose,
        inventory.word("bases", entry.basis),
        _all(inventory, "seals", entry.seal),
        _kept(inventory, entry.kept, in_force),
        _viewers(inventory, entry.operations),
        _all(inventory, "roles", entry.recipients),
    )


def _title(name: str) -> Text:
    """The schema's title and its name."""
    short = name.partition("/")[2] or name
    if short in MESSAGES:
        return both(f"{MESSAGES[short].title_ko} ({name})", f"{MESSAGES[short].title_en} ({name})")
    titles = _registry_titles()
    known = titles.get(short, _TITLES.get(name, both(short, short)))
    return both(f"{known.ko} ({name})", f"{known.en} ({name})")


@cache
def _registry_titles() -> Mapping[str, Text]:
    kinds = json.loads((files("safezone_model") / "registry.json").read_text(encoding="utf-8"))["kinds"]
    return {kind["kind"]: text_of(kind["title"]) for kind in kinds}


def _viewers(inventory: Inventory, operations: Iterable[str]) -> Text:
    """Roles that may make one of the calls, with the circumstances the access table asks for."""
    found: dict[str, list[str]] = {}
    for operation in operations:
        for role, circumstance in OPERATIONS.get(operation, {}).items():
            if circumstance != "-" and circumstance not in found.setdefault(role, []):
                found[role].append(circumstance)
    texts = []
    for role, circumstances in found.items():
        if circumstances:
            who = inventory.word("roles", role)
            when = _all(inventory, "circumstances", circumstances, both(" 또는 ", " or "))
            texts.append(both(f"{who.ko}({when.ko})", f"{who.en} ({when.en})"))
    return joined(texts, "; ") if texts else NOTHING


def _all(inventory: Inventory, section: str, keys: Iterable[str], between: Said = ", ") -> Text:
    words: list[Said] = [inventory.word(section, key) for key in keys]
    return joined(words, between) if words else NOTHING


def _kept(inventory: Inventory, name: str, in_force: InForce) -> Text:
    return filled(
        inventory.word("kept", name),
        retention_h=number(in_force.retention_h),
        notices_days=number(in_force.notices_days),
        fact_months=number(in_force.fact_months),
        seen_days=number(in_force.seen_days),
    )
