"""A place's share of a school's day: what stands there, who lives or walks there, what happens there, and no more."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from safezone_sim.city.area import Area, share_of
from safezone_sim.city.choice import CityError, choose_schools
from safezone_sim.city.places import RADIUS_M, VulnerablePlace
from safezone_sim.city.school import SchoolColumns, SchoolTask, play_school
from safezone_sim.map.model import Frame
from safezone_sim.scenario import City, Scenario
from safezone_sim.schools import School, all_schools
from shapely.geometry import LineString, Point


def _place(lon: float, lat: float) -> VulnerablePlace:
    return VulnerablePlace("곳", lon, lat, 0.9, 3, 4.0, 2, 1)


def _beside(school: School, east_m: float) -> VulnerablePlace:
    frame = Frame.at(school.lon, school.lat)
    lon, lat = frame.to_lonlat(np.array([east_m, 0.0])).tolist()
    return _place(lon, lat)


def test_of_a_place_are_those_who_live_or_walk_there_and_what_stands_there(one_day: SchoolColumns) -> None:
    world = one_day.day.world
    place = _beside(world.school, 950.0)
    share = share_of(Area((place,), (world.school,)), world)
    centre = Point(950.0, 0.0)
    near = {r.child for r in world.routes if LineString(r.line).distance(centre) <= RADIUS_M + 0.5}
    surely = {r.child for r in world.routes if LineString(r.line).distance(centre) <= RADIUS_M - 0.5}
    ours = {p.id for p, yes in zip(world.subscribers, share.children.tolist(), strict=True) if yes}
    assert surely <= ours <= near and 0 < len(ours) < len(world.subscribers)
    assert {d.id for d in share.devices} == {
        d.id for d in world.devices if np.hypot(d.x - 950.0, d.y) <= RADIUS_M
    }
    assert share.places[1]["children"] == len(ours)
    table = one_day.messages()
    kept = share.messages(table)
    phones = {p.phone for p in world.subscribers if p.id in ours and p.phone}
    senders = set(kept["device"].to_pylist())
    assert senders == {d.id for d in share.devices} | phones
    everyone = table["device"].to_pylist()
    assert len(kept) == sum(name in senders for name in everyone) < len(table)
    within = share.truth(one_day.truth)
    xy = world.map.frame.to_xy(one_day.truth.lon, one_day.truth.lat)
    inside = np.hypot(xy[:, 0] - 950.0, xy[:, 1]) <= RADIUS_M
    assert len(within) == pytest.approx(int(inside.sum()), abs=2) and 0 < len(within) < len(one_day.truth)


def test_a_camera_near_two_schools_counts_at_the_nearer(one_day: SchoolColumns) -> None:
    world = one_day.day.world
    place = _beside(world.school, 0.0)
    alone = share_of(Area((place,), (world.school,)), world)
    twin = replace(world.school, code="9999999")
    far = replace(twin, lon=world.school.lon + 0.05)
    with_far = share_of(Area((place,), (world.school, far)), world)
    assert {d.id for d in alone.devices} == {d.id for d in with_far.devices}
    kinds = [d.type for d in share_of(Area((place,), (twin, world.school)), world).devices]
    assert "camera" in [d.type for d in alone.devices] and "camera" not in kinds and "reader" in kinds


def test_what_is_written_and_counted_is_the_share(
    calling: Scenario, town_dir: Path, one_day: SchoolColumns, tmp_path: Path
) -> None:
    world = one_day.day.world
    near, far = _beside(world.school, 950.0), _beside(world.school, 9000.0)
    part = play_school(
        SchoolTask(
            calling, world.school, town_dir, "schematic", tmp_path, area=Area((near, far), (world.school,))
        )
    )
    assert list(part["places"]) == [1]
    assert 0 < part["children"] < len(world.subscribers)
    assert part["readers"] < sum(d.type == "reader" for d in world.devices)
    folder = tmp_path / "messages" / f"school={world.zone}"
    table = pq.read_table(folder / "messages.parquet", partitioning=None)
    assert int(table["count"].to_numpy().astype(int).sum()) == sum(part["messages"].values())
    folder = tmp_path / "truth" / f"school={world.zone}"
    walks = pq.read_table(folder / "walks.parquet", partitioning=None)
    assert len(walks) == part["walks"] and len(set(walks["person"].to_pylist())) <= part["children"]
    assert len(pq.read_table(folder / "events.parquet", partitioning=None)) == part["truth_rows"]
    none = share_of(Area((far,), (world.school,)), world)
    assert none.empty and none.places == {} and len(none.messages(one_day.messages())) == 0


def test_places_that_no_school_reaches_are_refused(
    town: Scenario, town_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = msgspec.structs.replace(town, city=City(select="places", places=1))
    found = (_place(128.5, 35.0),)
    monkeypatch.setattr("safezone_sim.city.choice.vulnerable_places", lambda folder, count: found)
    with pytest.raises(CityError, match="no school"):
        choose_schools(asked, town_dir)
    near = (_beside(all_schools(town_dir)[1], 1200.0),)
    monkeypatch.setattr("safezone_sim.city.choice.vulnerable_places", lambda folder, count: near)
    assert [s.code for s in choose_schools(asked, town_dir).schools] == ["9000002"]
