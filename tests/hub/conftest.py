"""A running hub and a client of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from safezone_hub.serve import Hub, build_hub

from tests.hub.hub_world import Client


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    running = build_hub(tmp_path / "state", token="test-token")
    yield running
    running.stop()


@pytest.fixture
def client(hub: Hub) -> Iterator[Client]:
    connection = Client(hub.broker.port)
    yield connection
    connection.close()
