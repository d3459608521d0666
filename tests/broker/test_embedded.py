"""The embedded broker: loopback only, and back on its feet when its process dies."""

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from safezone_hub.broker import Access, EmbeddedBroker, ExternalBroker, NotLoopback, check_loopback, connect
from safezone_hub.link import Arrivals

from tests.broker.clients import Device
from tests.broker.peers import wait_until


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    running = EmbeddedBroker(tmp_path, "127.0.0.1")
    yield running
    running.stop()


def test_killed_it_comes_back_on_the_same_ports_and_the_link_with_it(broker: EmbeddedBroker) -> None:
    arrived: Arrivals = []
    back = threading.Event()
    link = connect(broker, "hub", arrived.extend, back.set)
    ports = (broker.port, broker.port5)
    for n in (1, 2):
        first = broker.pid
        back.clear()
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not broker.is_running() or broker.restarts == n, "the loss to be seen")  # noqa: B023
        wait_until(lambda: broker.restarts == n, "a new process")  # noqa: B023
        assert (broker.port, broker.port5) == ports
        assert broker.pid != first
        assert broker.health() == "ok"
        assert back.wait(10), "expected the link to come back"
        device = Device(broker.port, f"gs-{n}")
        device.publish("safezone/v1/z1/dev/gs/up", b"%d" % n)
        wait_until(lambda: len(arrived) == n, f"message {n} through the new process")  # noqa: B023
        device.close()
    link.close()


def test_what_is_said_while_it_is_away_arrives_when_it_is_back(broker: EmbeddedBroker) -> None:
    link = connect(broker, "hub", lambda _: None)
    os.kill(broker.pid, signal.SIGKILL)
    wait_until(lambda: not link.is_connected() or broker.restarts, "the loss to be seen")
    wait_until(lambda: broker.restarts == 1, "a new process")
    device = Device(broker.port, "gs")
    device.subscribe("safezone/v1/z1/dev/gs/down")
    wait_until(link.is_connected, "the link to come back")
    link.publish("safezone/v1/z1/dev/gs/down", b"after")
    link.flush()
    wait_until(lambda: ("safezone/v1/z1/dev/gs/down", b"after") in device.arrived, "the message down")
    device.close()
    link.close()


def test_health_names_the_trouble_until_it_can_start_again(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    broker = EmbeddedBroker(folder, "127.0.0.1")
    shutil.rmtree(folder)
    os.kill(broker.pid, signal.SIGKILL)
    wait_until(lambda: "No such file" in broker.health(), "the health text to say why")
    assert not broker.is_running()
    folder.mkdir()
    wait_until(broker.is_running, "the broker once it can start")
    assert broker.health() == "ok"
    broker.stop()


def test_stopped_it_stays_so_and_its_ports_are_free(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path, "127.0.0.1")
    broker.stop()
    again = EmbeddedBroker(tmp_path, "127.0.0.1", broker.port, broker.port5)
    assert (again.port, again.restarts, broker.restarts) == (broker.port, 0, 0)
    again.stop()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "hub.example.org", "::", ""])
def test_beyond_the_loopback_it_is_refused_with_the_way_to_mosquitto(host: str, tmp_path: Path) -> None:
    with pytest.raises(NotLoopback, match=r"safezone hub mosquitto .*safezone hub serve --broker mqtts://"):
        EmbeddedBroker(tmp_path, host)


def test_loopback_by_any_name() -> None:
    assert [check_loopback(h) for h in ("localhost", "127.0.0.2", "::1")] == ["127.0.0.1", "127.0.0.2", "::1"]


# ------------------------------------------------------------------- addresses of another broker


def test_an_address_is_read_and_its_password_never_shown(tmp_path: Path) -> None:
    broker = ExternalBroker("mqtts://hub:p%40ss%2F@broker.example.org", environment={})
    assert (broker.host, broker.port, broker.port5) == ("broker.example.org", 8883, None)
    assert (broker.access.username, broker.access.password) == ("hub", "p@ss/")
    assert broker.access.tls is not None
    assert broker.access.tls.check_hostname
    assert broker.url == "mqtts://hub@broker.example.org:8883"
    assert "p@ss" not in repr(broker.access) + repr(vars(broker))


def test_a_password_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from-file\n", encoding="utf-8")
    both = {"SAFEZONE_BROKER_PASSWORD": "from-environment"}
    url = "mqtt://hub@127.0.0.1:1884"
    assert ExternalBroker(url, password_file=file, environment=both).access.password == "from-file"
    assert ExternalBroker(url, environment=both).access.password == "from-environment"
    assert ExternalBroker("mqtt://localhost", environment=both).access == Access()
    file.write_text("\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no password in"):
        ExternalBroker(url, password_file=file)


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:1883",
        "http://x",
        "mqtt://",
        "mqtt://h/topic",
        "mqtts://u:geheim@h:99999",
        "mqtts://h?x=1",
        "",
    ],
)
def test_no_address_is_said_so_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"no (broker URL|port)") as caught:
        ExternalBroker(url)
    assert "geheim" not in str(caught.value)


def test_positions_do_not_cross_a_network_in_clear_unless_someone_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotLoopback, match="mqtts://"):
        ExternalBroker("mqtt://hub:x@broker.example.org")
    assert ExternalBroker("mqtt://hub:x@broker.example.org", plain=True).port == 1883
    with pytest.raises(ValueError, match="need mqtts"):
        ExternalBroker("mqtt://127.0.0.1", ca=tmp_path / "ca.pem")
    (tmp_path / "ca.pem").write_text("no certificate", encoding="utf-8")
    with pytest.raises(ValueError, match="not usable for TLS"):
        ExternalBroker("mqtts://h", ca=tmp_path / "ca.pem")
