"""Rows of readers, bells, cameras, phones and tags."""

from typing import Any

from safezone_hub.importing.columns import ANTENNAS_MAX
from safezone_hub.importing.draft import Draft, Row
from safezone_hub.importing.placing import near_school

_NEEDS_PLACE = ("reader", "bell", "camera")


def read_device(row: Row, draft: Draft) -> None:
    id_ = draft.own_id(row, "d")
    type_ = row.get("type")
    placement = _placement(row, draft, type_)
    antennas = [antenna for n in range(1, ANTENNAS_MAX + 1) if (antenna := _antenna(row, n)) is not None]
    if type_ == "reader" and not row.shown["antenna1_id"]:
        row.fault("antenna1_id", "리더기의 안테나를 쓴다.", "give the reader's antenna")
    if len({antenna["id"] for antenna in antennas}) < len(antennas):
        row.fault("antenna2_id", "두 안테나의 이름이 같다.", "both antennas have the same name")
    if type_ not in (None, "reader") and antennas:
        row.fault("antenna1_id", "안테나는 리더기에만 쓴다.", "only readers have antennas")
    for column in ("presets", "fov_deg", "view_m", "camera_points", "snapshot_url", "live_url"):
        if row.has(column) and type_ not in (None, "camera"):
            row.fault(column, "카메라에만 쓴다.", "only cameras have this")
    if type_ is None or not row.ok:
        return
    presets = [{"id": name, "bearing_deg": bearing} for name, bearing in row.get("presets", ())]
    draft.add(
        row, "device", id_, type=type_, nature=row.get("nature", "real"), press_counter=row.get("press_counter"),
        key=None if type_ == "tag" else draft.key_for(row, type_, "dev", id_, ""),
        placement=placement, antennas=antennas or None, presets=presets or None, fov_deg=row.get("fov_deg"),
        view_m=row.get("view_m"), camera_points=row.get("camera_points"), snapshot_url=row.get("snapshot_url"),
        live_url=row.get("live_url"),
    )  # fmt: skip


def _placement(row: Row, draft: Draft, type_: str | None) -> dict[str, Any] | None:
    if {"lat", "lon", "type"} & row.faulty:
        return None
    if not row.has("lat", "lon"):
        if type_ in _NEEDS_PLACE or row.has("lat") or row.has("lon"):
            row.fault(
                "lat" if not row.has("lat") else "lon",
                "위도와 경도를 함께 쓴다.",
                "give latitude and longitude",
            )
        return None
    if type_ not in _NEEDS_PLACE:
        row.fault("lat", "휴대전화와 태그는 자리가 없다.", "phones and tags have no place of their own")
        return None
    if not near_school(row, draft, "lat", "lon"):
        return None
    position, area = row.get("position"), row.get("area")
    if position in ("gate", "interior") and area is None and "area" not in row.faulty:
        row.fault("area", "문·실내 리더기가 속한 구역을 쓴다.", "name the area that the reader belongs to")
    if area is not None and draft.known.get("area", area) is None:
        row.fault("area", "등록되지 않은 구역이다.", "no such area is registered")
    placement = {"lat": row["lat"], "lon": row["lon"], "position": position, "area": area}
    return {name: value for name, value in placement.items() if value is not None}


def _antenna(row: Row, n: int) -> dict[str, Any] | None:
    """An antenna; where it has no place of its own it hangs where the reader does."""
    prefix = f"antenna{n}_"
    names = {part: prefix + part for part in ("id", "side", "lat", "lon", "range_m")}
    if not any(row.shown[name] for name in names.values()) or row.faulty.intersection(names.values()):
        return None
    complete = True
    for part in ("id", "side", "range_m"):
        if not row.has(names[part]):
            row.fault(
                names[part], "안테나의 이름·쪽·범위를 모두 쓴다.", "give name, side and range of the antenna"
            )
            complete = False
    if row.has(names["lat"]) != row.has(names["lon"]):
        row.fault(names["lat"], "위도와 경도를 함께 쓴다.", "give latitude and longitude together")
        complete = False
    lat, lon = row.get(names["lat"], row.get("lat")), row.get(names["lon"], row.get("lon"))
    if not complete or lat is None or lon is None:
        return None
    return {
        "id": row[names["id"]],
        "side": row[names["side"]],
        "lat": lat,
        "lon": lon,
        "range_m": row[names["range_m"]],
    }
