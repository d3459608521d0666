"""Schools by rule: one in each gu by its median, and places by an index whose parts are each seen to count."""

from pathlib import Path

import msgspec
import pytest
from safezone_sim.city.choice import CityError, choose_schools, in_order_of_place
from safezone_sim.city.places import (
    ACCIDENT_FILE,
    APART_M,
    CAMERA_FILE,
    ZONE_FILE,
    PlaceDataError,
    vulnerable_places,
)
from safezone_sim.map.model import Frame
from safezone_sim.scenario import City, Scenario
from safezone_sim.schools import SCHOOL_FILE, all_schools

HEAD = "neis_code,name,gu,lon,lat,foundation,pupils_2024,classes_2024\n"


def _choosing(town: Scenario, how: str, places: int = 5) -> Scenario:
    city = City(select=how, places=places)  # type: ignore[arg-type]
    return msgspec.structs.replace(town, city=city)


def test_one_in_each_gu_is_the_nearest_to_the_median(town: Scenario, tmp_path: Path) -> None:
    sizes = {"가구": (100, 300, 900), "나구": (200, 400)}
    rows = [
        f"{9000000 + i},학교{i},{gu},127.0{i},37.5,PUBLIC,{n},1"
        for i, (gu, n) in enumerate((gu, n) for gu, ns in sizes.items() for n in ns)
    ]
    (tmp_path / SCHOOL_FILE).write_text(HEAD + "\n".join(rows), encoding="utf-8")
    chosen = choose_schools(_choosing(town, "one-per-gu"), tmp_path)
    assert [(s.gu, s.pupils) for s in chosen.schools] == [
        ("가구", 300),
        ("나구", 200),
    ]  # 300: the middle, then the lower code
    with pytest.raises(CityError, match=SCHOOL_FILE):
        choose_schools(_choosing(town, "one-per-gu"), None)


def _town_of_places(folder: Path) -> None:
    """Zones A-D 3 km apart: A has accidents, B neighbours, C nothing, D many cameras."""
    spots = {"A": 127.00, "B": 127.04, "C": 127.08, "D": 127.12}
    zones = [*spots.items(), *((f"B{i}", 127.04 + i / 1e4) for i in range(4))]
    (folder / ZONE_FILE).write_text(
        "name,lat,lon\n" + "".join(f"{n},37.5,{lon}\n" for n, lon in zones), encoding="utf-8"
    )
    (folder / ACCIDENT_FILE).write_text(
        "lon,lat,deaths,serious_injuries,minor_injuries,reported_injuries\n" + "127.0,37.5,0,1,0,0\n" * 3,
        encoding="utf-8",
    )
    (folder / CAMERA_FILE).write_text("lon,lat,cameras\n" + "127.12,37.5,20\n" * 3, encoding="utf-8")


def test_accidents_zones_and_missing_cameras_each_raise_the_index(tmp_path: Path) -> None:
    _town_of_places(tmp_path)
    found = {p.name[0]: p for p in vulnerable_places(tmp_path, 4)}
    assert found["A"].index > found["C"].index > found["D"].index
    assert found["B"].index > found["C"].index
    assert (found["A"].accidents, found["A"].casualties) == (3, 9.0)
    assert (found["B"].zones, found["D"].cameras) == (5, 60)


def test_a_missing_file_is_named(town: Scenario, tmp_path: Path) -> None:
    _town_of_places(tmp_path)
    (tmp_path / CAMERA_FILE).unlink()
    with pytest.raises(PlaceDataError, match=CAMERA_FILE):
        vulnerable_places(tmp_path, 2)
    (tmp_path / SCHOOL_FILE).write_text(HEAD + "9000001,학교,가구,127.0,37.5,PUBLIC,60,3", encoding="utf-8")
    with pytest.raises(CityError, match=CAMERA_FILE):  # what the command shows
        choose_schools(_choosing(town, "places"), tmp_path)
    (tmp_path / CAMERA_FILE).write_text("lon,lat\n127,37\n")
    with pytest.raises(PlaceDataError, match="cameras"):
        vulnerable_places(tmp_path, 2)


@pytest.mark.realmap
def test_seoul_gives_25_gu_and_five_places_apart(town: Scenario, map_dir: Path) -> None:
    assert len({s.gu for s in choose_schools(_choosing(town, "one-per-gu"), map_dir).schools}) == 25
    chosen = choose_schools(_choosing(town, "places"), map_dir)
    assert len(chosen.places) == 5 < len(chosen.schools)
    for i, a in enumerate(chosen.places):
        frame = Frame.at(a.lon, a.lat)
        for b in chosen.places[i + 1 :]:
            x, y = (b.lon - a.lon) * frame.m_per_deg_lon, (b.lat - a.lat) * frame.m_per_deg_lat
            assert x * x + y * y >= (0.999 * APART_M) ** 2
    every = all_schools(map_dir)
    assert sorted(s.code for s in in_order_of_place(every)) == [s.code for s in every]
