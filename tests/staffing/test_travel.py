"""Patrol ways on the real streets around the pilot schools, beside the straight line."""

from pathlib import Path

import numpy as np
import pytest
from safezone_sim.map.model import Frame
from safezone_sim.schools import find_school
from safezone_sim.staffing.plan import StaffingError
from safezone_sim.staffing.travel import POINTS, lay_ground, read_boxes

pytestmark = pytest.mark.realmap


def test_ways_are_longer_than_straight_lines_and_kept_for_the_next_time(
    map_dir: Path, tmp_path: Path
) -> None:
    school = find_school("7041138", map_dir)
    ground = lay_ground(map_dir, [school], cache_dir=tmp_path)
    frame = Frame.at(school.lon, school.lat)
    boxes = read_boxes(map_dir)
    xy = frame.to_xy(np.array([b[1] for b in boxes]), np.array([b[2] for b in boxes]))
    straight = np.hypot(xy[:, 0], xy[:, 1])
    way = ground.distance_m[:, 0]
    near = (straight > 400) & (straight < 2000) & np.isfinite(way)
    assert near.sum() >= 3
    circuity = way[near] / straight[near]
    assert circuity.min() > 0.9  # both ends were moved to the nearest street
    assert 1.0 < np.median(circuity) < 2.5
    points = ground.points_of([school.code])
    assert len(points) == POINTS
    order = ground.posts(points, np.full(POINTS, 1 / POINTS), 2000)
    assert ground.distance_m[order[0], points].mean() < 2500
    assert len(list(tmp_path.glob("streets-*.npy"))) == 1
    again = lay_ground(map_dir, [school], cache_dir=tmp_path)
    assert np.array_equal(again.distance_m, ground.distance_m)


def test_without_the_list_of_boxes_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StaffingError, match="leave --map-dir"):
        read_boxes(tmp_path)
