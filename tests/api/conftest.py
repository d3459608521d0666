"""A running hub with two zones in it, one for all tests of a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.town import Town, lively, running


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Registered, and something has happened to everybody. Read it, or change only what is your own."""
    folder: Path = tmp_path_factory.mktemp("town")
    with running(folder / "state") as it:
        lively(it)
        yield it
