"""Which cameras see a place: the nearest in order first, by the preset nearest to its bearing."""

from collections.abc import Container

import pytest
from safezone_hub.geometry import angle_between_deg, bearing_deg
from safezone_hub.places.sight import rank_cameras
from safezone_hub.registry import Camera

QUARTERS = (("n", 0.0), ("e", 90.0), ("s", 180.0), ("w", 270.0))


def camera(
    id_: str,
    x: float,
    y: float,
    presets: tuple[tuple[str, float], ...] = QUARTERS,
    fov: float = 90.0,
    view: float = 50.0,
) -> Camera:
    return Camera(id_, x, y, view, fov, presets)


def ranked(
    cameras: list[Camera],
    at: tuple[float, float] = (0.0, 0.0),
    accuracy: float = 5.0,
    busy: Container[str] = (),
    down: Container[str] = (),
    doubtful: Container[str] = (),
    most: int = 3,
) -> list[tuple[str, str | None]]:
    found = rank_cameras(cameras, *at, accuracy, busy, down, lambda id_: id_ not in doubtful, most)
    assert all(0.0 <= score <= 1.0 for _, _, score in found)
    return [(c.id, preset) for c, preset, _ in found]


def test_the_nearest_comes_first_with_the_preset_towards_the_place() -> None:
    cameras = [camera("far", 0, 40), camera("near", 20, 0), camera("out", 0, 90)]
    assert ranked(cameras) == [("near", "w"), ("far", "s")]


@pytest.mark.parametrize("x", [-31.0, -7.0, 12.0, 44.0])
@pytest.mark.parametrize("y", [-23.0, 6.0, 19.0])
def test_the_preset_is_the_one_with_the_closest_bearing(x: float, y: float) -> None:
    presets = tuple((f"p{i}", i * 45.0) for i in range(8))
    ((_, preset),) = ranked([camera("k", x, y, presets, 60.0)])
    towards = bearing_deg(x, y, 0.0, 0.0)
    assert preset == min(presets, key=lambda p: angle_between_deg(p[1], towards))[0]


def test_a_place_between_the_presets_is_not_seen() -> None:
    narrow = camera("narrow", -14, -14, QUARTERS, fov=60.0)  # looks north and east; the place is north-east
    assert ranked([narrow], accuracy=0.0) == []
    assert ranked([camera("below", 1, 1, (("e", 90.0),), fov=30.0)], accuracy=0.0) == [("below", "e")]


def test_a_fixed_camera_that_looks_all_round_needs_no_preset() -> None:
    dome, fixed = camera("dome", 10, 0, (), 360.0), camera("fixed", 5, 0, (), 60.0)
    assert ranked([dome, fixed]) == [("dome", None)]


def test_down_never_busy_late_doubtful_last() -> None:
    cameras = [camera("a", 10, 0), camera("b", 20, 0), camera("c", 30, 0), camera("d", 40, 0)]
    order = [id_ for id_, _ in ranked(cameras, busy={"b"}, down={"a"}, doubtful={"c"}, most=9)]
    assert order == ["d", "b", "c"]
    assert ranked(cameras[:1], busy={"a"}) == [("a", "w")]
    assert ranked(cameras[:1], doubtful={"a"}) == [("a", "w")]


def test_after_the_nearest_those_that_see_more_of_the_doubt_go_first() -> None:
    nearest = camera("nearest", 5, 0)
    narrow = camera("narrow", 0, 30, QUARTERS, fov=20.0)
    wide = camera("wide", 0, 36, QUARTERS, fov=90.0)
    assert [i for i, _ in ranked([nearest, narrow, wide], accuracy=15.0)] == ["nearest", "wide", "narrow"]
    # A place known exactly: all see all of it, and the nearer goes first.
    assert [i for i, _ in ranked([nearest, narrow, wide], accuracy=0.0)] == ["nearest", "narrow", "wide"]


def test_one_that_may_see_the_child_comes_after_those_that_see_the_place() -> None:
    sees, may_see, cannot = camera("sees", 45, 0), camera("may", 0, 55), camera("cannot", 0, 85)
    assert ranked([may_see, sees, cannot], accuracy=30.0) == [("sees", "w"), ("may", "s")]
    assert ranked([may_see, sees, cannot], accuracy=2.0) == [("sees", "w")]
    # … even a busy or doubtful one.
    assert ranked([may_see, sees], accuracy=30.0, busy={"sees"})[0][0] == "sees"
    assert ranked([may_see, sees], accuracy=30.0, doubtful={"sees"})[0][0] == "sees"


def test_at_most_so_many() -> None:
    cameras = [camera(str(n), 5.0 * n, 0) for n in range(1, 6)]
    assert [i for i, _ in ranked(cameras, most=2)] == ["1", "2"]
    assert ranked(cameras, most=0) == []


def test_more_of_the_doubt_and_nearer_scores_higher() -> None:
    def score(c: Camera, accuracy: float) -> float:
        return rank_cameras([c], 0, 0, accuracy, (), (), lambda _: True, 1)[0][2]

    assert score(camera("a", 10, 0), 5.0) > score(camera("a", 40, 0), 5.0)
    assert score(camera("a", 20, 0), 5.0) > score(camera("a", 20, 0), 40.0)
