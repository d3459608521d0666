"""Couriers, servers and certificates of the channels' tests; each ends with its test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from safezone_hub.channels import ChannelSettings, Courier

from tests.channels.post import Receiver, Reports, Starting
from tests.channels.smsc import Smsc


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def start(reports: Reports) -> Iterator[Starting]:
    """Starts a courier that tells ``reports``."""
    started: list[Courier] = []

    def begin(settings: ChannelSettings) -> Courier:
        courier = Courier(settings, reports)
        started.append(courier)
        courier.start()
        return courier

    yield begin
    reports.refusing = False
    for courier in started:
        courier.close(patience_s=0.2)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close(wait_s=0.0)


@pytest.fixture
def centre() -> Iterator[Callable[..., Smsc]]:
    """Starts message centres."""
    started: list[Smsc] = []

    def begin(**how: object) -> Smsc:
        smsc = Smsc(**how)  # type: ignore[arg-type]
        started.append(smsc)
        return smsc

    yield begin
    for smsc in started:
        smsc.kill()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path
