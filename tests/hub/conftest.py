"""A running hub and a client of it; a database server."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from safezone_hub.serve import Hub, build_hub

from tests.hub.hub_world import Client
from tests.services import NotInstalled, PostgresServer, postgres_server


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


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of the module's own."""
    try:
        with postgres_server() as running:
            yield running
    except NotInstalled as why:
        pytest.skip(str(why))


@pytest.fixture
def database(server: PostgresServer, request: pytest.FixtureRequest) -> str:
    """The name of an empty database."""
    name = f"d{abs(hash(request.node.name)):x}"
    with psycopg.connect(server.dsn(), autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}".encode())
    return name
