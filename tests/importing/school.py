"""A registered school to import into, and spreadsheets as its office would save them."""

from typing import Any

from safezone_hub.importing import KnownIds, Parsed, read_csv

from tests.hub.hub_world import LAT, LON, ZONE, area, world

LAT_LON = f"{LAT},{LON}"
NOW = 1772582400.0


def registered(*children: str, more: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    """The zone with its areas, desk and equipment, one child ``c1`` at 3-1-1, an agency, and what else is given."""
    agency = {
        "kind": "agency", "id": "guro", "zone": ZONE, "name": "구로", "service": "police", "nature": "simulated", "format": "json",
    }  # fmt: skip
    elsewhere = {"kind": "staff", "id": "s-far", "zone": "z2", "name": "다른 학교", "nature": "simulated"}
    return [
        *world(*(children or ("c1",)), drill=False),
        agency,
        elsewhere,
        area("home2", "home", 10, 10, 50),
        *(more or []),
    ]


def read(text: str, kind: str = "child", items: list[dict[str, Any]] | None = None, **more: Any) -> Parsed:
    """Read a text as UTF-8. Lines may be indented."""
    lines = "\n".join(line.strip() for line in text.strip().splitlines())
    known = KnownIds.from_items(ZONE, items if items is not None else registered())
    return read_csv(lines.encode(), kind, ZONE, known, **more)


def faults(parsed: Parsed) -> list[tuple[int, str]]:
    """Where the errors are: line and column; nothing else came out."""
    assert parsed.errors
    assert parsed.items == []
    assert parsed.credentials == []
    return [(error.line, error.column) for error in parsed.errors]


def of(parsed: Parsed, kind: str) -> list[dict[str, Any]]:
    assert parsed.errors == []
    return [item for item in parsed.items if item["kind"] == kind]
