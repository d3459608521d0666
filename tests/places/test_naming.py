"""Places in words, Korean and English; and road names in Latin letters."""

from dataclasses import dataclass

import pytest
from safezone_hub.places.naming import Landmark, describe, landmarks
from safezone_hub.places.romanise import romanise

from .nets import cross, net_of, street

BELL = Landmark("bell", "B-7", 100.0, 26.0)


def test_road_and_nearest_bell_with_side_and_distance() -> None:
    address = describe(cross(), [BELL, Landmark("camera", "K-1", 300.0, 0.0)], 100.0, 3.0)
    assert address.text("ko") == "새말로, 비상벨 B-7 남쪽 23 m"
    assert address.text("en") == "Saemal-ro, 23 m south of bell B-7"
    assert address.body() == {"road": "새말로", "near": {"kind": "bell", "id": "B-7", "distance_m": 23.0}}


def test_from_the_school_a_bell_is_told_and_a_pole_is_not() -> None:
    address = describe(cross(), [BELL], 100.0, 3.0, school=(-100.0, 0.0))
    assert address.text("ko") == "새말로, 학교에서 동쪽으로 200 m, 비상벨 B-7 남쪽 23 m"
    pole = describe(cross(), [Landmark("reader", "R-2", 100.0, 26.0)], 100.0, 3.0, school=(-100.0, 0.0))
    assert pole.text("en") == "Saemal-ro, 200 m east of the school"
    assert pole.body()["near"]["id"] == "R-2"


@pytest.mark.parametrize(
    ("dx", "dy", "ko", "en"),
    [
        (0, 30, "북쪽", "north"),
        (30, 30, "북동쪽", "north-east"),
        (30, 0, "동쪽", "east"),
        (30, -30, "남동쪽", "south-east"),
        (0, -30, "남쪽", "south"),
        (-30, -30, "남서쪽", "south-west"),
        (-30, 2, "서쪽", "west"),
        (-30, 30, "북서쪽", "north-west"),
    ],
)
def test_the_side_is_seen_from_the_landmark(dx: float, dy: float, ko: str, en: str) -> None:
    address = describe(None, [Landmark("bell", "b", 0.0, 0.0)], dx, dy)
    assert f"비상벨 b {ko}" in address.text("ko")
    assert f"m {en} of bell b" in address.text("en")


def test_beside_it_needs_no_side() -> None:
    address = describe(None, [Landmark("reader", "R-2", 0.0, 0.0)], 1.0, 1.0)
    assert (address.text("ko"), address.text("en")) == ("리더 R-2 바로 옆", "right beside reader R-2")


def test_off_the_road_it_is_only_near_it() -> None:
    address = describe(net_of(street((-100, 0), (100, 0), name="새말로")), [], 0.0, 45.0)
    assert (address.text("ko"), address.text("en")) == ("새말로 부근", "near Saemal-ro")
    assert address.body() == {"road": "새말로"}


def test_with_nothing_known_nothing_is_said() -> None:
    address = describe(None, [Landmark("bell", "b", 4000.0, 0.0)], 0.0, 0.0)
    assert (address.text("ko"), address.body()) == ("", {})


def test_equally_near_a_bell_is_named_first() -> None:
    things = [Landmark("camera", "a", 10.0, 0.0), Landmark("bell", "b", -10.0, 0.0)]
    near = describe(None, things, 0.0, 0.0).near
    assert near is not None
    assert near.id == "b"


@dataclass(frozen=True)
class Thing:
    id: str
    type: str
    x: float | None
    y: float | None
    position: str | None = None


def test_only_what_stands_in_the_street_is_a_landmark() -> None:
    things = [
        Thing("b", "bell", 0, 0),
        Thing("k", "camera", 0, 0),
        Thing("pole", "reader", 0, 0, "pole"),
        Thing("gate", "reader", 0, 0, "gate"),
        Thing("inside", "reader", 0, 0, "interior"),
        Thing("phone", "phone", None, None),
        Thing("nowhere", "bell", None, None),
    ]
    assert [t.id for t in landmarks(things)] == ["b", "k", "pole"]


@pytest.mark.parametrize(
    ("hangul", "latin"),
    [
        ("새말로", "Saemal-ro"),
        ("종로", "Jong-ro"),
        ("종로3가", "Jong-ro 3-ga"),
        ("신도림로19길", "Sindorim-ro 19-gil"),
        ("당산로12가길", "Dangsan-ro 12ga-gil"),
        ("가산디지털1로", "Gasandijiteol 1-ro"),
        ("강남대로", "Gangnam-daero"),
        ("신림로", "Sillim-ro"),  # ㄴ + ㄹ
        ("별내로", "Byeollae-ro"),  # ㄹ + ㄴ
        ("왕십리로", "Wangsimni-ro"),  # ㅂ + ㄹ
        ("독립문로", "Dongnimmun-ro"),  # ㄱ + ㄹ, ㅂ + ㅁ
        ("백마로", "Baengma-ro"),  # ㄱ + ㅁ
        ("낙원로", "Nagwon-ro"),  # carried over
        ("해돋이로", "Haedoji-ro"),  # ㄷ + 이
        ("압구정로", "Apgujeong-ro"),
        ("묵호로", "Mukho-ro"),
        ("서부간선도로", "Seobuganseondoro"),
        ("안양천 자전거도로", "Anyangcheon Jajeongeodoro"),
        ("Olympic Road 3", "Olympic Road 3"),
    ],
)
def test_road_names_in_latin_letters(hangul: str, latin: str) -> None:
    assert romanise(hangul) == latin
