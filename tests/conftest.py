"""Shared by all tests: where real map data are, if there are any."""

import os
from pathlib import Path

import pytest


def map_dir_or_none() -> Path | None:
    """The directory of SAFEZONE_MAP_DIR, or ../shared/maps beside the checkout; None if neither is there."""
    named = os.environ.get("SAFEZONE_MAP_DIR")
    candidate = Path(named) if named else Path(__file__).parents[2] / "shared" / "maps"
    return candidate if (candidate / "schools-seoul.csv").exists() else None


@pytest.fixture(scope="session")
def map_dir() -> Path:
    """Real map data; the test skips without them."""
    found = map_dir_or_none()
    if found is None:
        pytest.skip("no real map data: set SAFEZONE_MAP_DIR")
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left alone with a whole day at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
