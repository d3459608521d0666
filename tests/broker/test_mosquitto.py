"""What the written configuration makes a real Mosquitto do."""

import os
import ssl
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner
from safezone_hub import items
from safezone_hub.broker import ExternalBroker, NotLoopback, connect
from safezone_hub.link import Arrivals, Refused
from safezone_hub.mosquitto import (
    AccountKeeper,
    Gateway,
    Listener,
    MosquittoFiles,
    Principal,
    Tls,
    mosquitto_command,
    password_line,
    password_of,
    principals_of,
    running_pid,
)

from tests.broker.clients import Device
from tests.broker.peers import wait_until
from tests.brokers import MosquittoServer, mosquitto_server, needs_mosquitto
from tests.hub.hub_world import CLOCK, ZONE, world

GATE = Principal("z1", "dev", "gate", "g" * 43)
BELL = Principal("z1", "dev", "bell", "b" * 43)
MOTHER = Principal("z1", "guardian", "g-1", "m" * 43)
UP, DOWN = "safezone/v1/{}/up", "safezone/v1/{}/down"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MosquittoServer]:
    with mosquitto_server(
        tmp_path / "mq", [GATE, BELL, MOTHER], gateways=[Gateway("relay", "z1")]
    ) as running:
        yield running


def device(server: MosquittoServer, principal: Principal, password: str | None = None) -> Device:
    return Device(server.port, "", principal.username, password or password_of(principal))


# ------------------------------------------------------------------- who may do what


@needs_mosquitto
def test_a_principal_publishes_its_own_up_and_nothing_else(server: MosquittoServer) -> None:
    arrived: Arrivals = []
    link = connect(server.hub_broker(), "hub", arrived.extend)
    gate = device(server, GATE)
    own = UP.format(GATE.username)
    for foreign in (
        UP.format(BELL.username),
        UP.format("z2/dev/gate"),
        UP.format("z1/desk/gate"),
        own + "/more",
        own.replace("v1", "v2"),
    ):
        gate.publish(foreign, b"forged")
    gate.publish(own, b"legal")
    wait_until(lambda: arrived == [(own, b"legal")], "the legal message, and it alone")
    gate.close()
    link.close()


@needs_mosquitto
def test_a_principal_reads_its_own_down_and_nothing_else(server: MosquittoServer) -> None:
    link = connect(server.hub_broker(), "hub", lambda _: None)
    mother, relay = device(server, MOTHER), Device(server.port, "", "relay", _password(server, "relay"))
    for wanted in ("#", "safezone/v1/+/+/+/down", UP.format(GATE.username), DOWN.format(MOTHER.username)):
        mother.subscribe(wanted)
    gate = device(server, GATE)
    gate.publish(UP.format(GATE.username), b"not for guardians")
    for to in (GATE, BELL, MOTHER):
        link.publish(DOWN.format(to.username), to.id.encode())
    link.flush()
    wait_until(lambda: mother.arrived, "the own notice")
    link.publish(DOWN.format(MOTHER.username), b"last")
    link.flush()
    wait_until(lambda: mother.arrived[-1][1] == b"last", "the last notice")
    assert {topic for topic, _ in mother.arrived} == {DOWN.format(MOTHER.username)}
    for each in (mother, relay, gate):
        each.close()
    link.close()


@needs_mosquitto
def test_a_gateway_speaks_for_its_zone_only(server: MosquittoServer) -> None:
    arrived: Arrivals = []
    link = connect(server.hub_broker(), "hub", arrived.extend)
    relay = Device(server.port, "", "relay", _password(server, "relay"))
    relay.subscribe("safezone/v1/+/+/+/down")
    relay.publish(UP.format("z2/dev/gate"), b"another zone")
    relay.publish(UP.format(GATE.username), b"relayed")
    wait_until(lambda: arrived == [(UP.format(GATE.username), b"relayed")], "the relayed message alone")
    for to in ("z2/dev/gate", "z1/dev/gate"):
        link.publish(DOWN.format(to), b"down")
    link.flush()
    wait_until(lambda: relay.arrived == [(DOWN.format("z1/dev/gate"), b"down")], "its zone's message alone")
    relay.close()
    link.close()


@needs_mosquitto
@pytest.mark.parametrize("one_connection_each", [True, False])
def test_wildcards_in_a_username_widen_nothing(one_connection_each: bool, tmp_path: Path) -> None:
    """The registry allows no such id; if an account came about all the same, it could do nothing."""
    wide = ["+/+/+", "z1/dev/+", "z1/#"]
    arrived: Arrivals = []
    with mosquitto_server(tmp_path / "mq", [GATE], one_connection_each=one_connection_each) as server:
        with (server.files.folder / "passwords").open("a", encoding="utf-8") as file:
            file.writelines(password_line(username, "known") + "\n" for username in wide)
        assert server.files.reload()
        wait_until(
            lambda: not Device(server.port, "probe", wide[-1], "known").refused, "the accounts to be read"
        )
        link = connect(server.hub_broker(), "hub", arrived.extend)
        gate = device(server, GATE)
        gate.subscribe(DOWN.format(GATE.username))
        others = [Device(server.port, f"client-{n}", username, "known") for n, username in enumerate(wide)]
        for other in others:
            assert other.refused is None, other.refused
            other.subscribe("#")
            other.publish(UP.format(GATE.username), b"forged")
        gate.publish(UP.format(GATE.username), b"legal")
        wait_until(lambda: arrived == [(UP.format(GATE.username), b"legal")], "the legal message alone")
        link.publish(DOWN.format(GATE.username), b"down")
        link.flush()
        wait_until(lambda: gate.arrived == [(DOWN.format(GATE.username), b"down")], "the message down")
        assert [other.arrived for other in others] == [[]] * len(wide)
        for other in (*others, gate):
            other.close()
        link.close()


@needs_mosquitto
def test_nobody_comes_in_without_the_password_or_with_anothers(server: MosquittoServer) -> None:
    attempts = [
        (None, None),
        (GATE.username, "wrong"),
        (GATE.username, password_of(BELL)),
        (GATE.username, GATE.secret),
        ("z1/dev/nobody", password_of(GATE)),
        ("hub", password_of(GATE)),
    ]
    for username, password in attempts:
        refused = Device(server.port, "", username, password)
        assert refused.refused == "Not authorized", (username, refused.refused)
        refused.close()
    with pytest.raises(Refused, match="wrong username or password"):
        connect(ExternalBroker(f"mqtt://hub:guess@127.0.0.1:{server.port}"), "hub", lambda _: None)


@needs_mosquitto
def test_nobody_pushes_the_hub_off_by_its_client_id(server: MosquittoServer) -> None:
    arrived: Arrivals = []
    losses: list[bool] = []
    link = connect(server.hub_broker(), "hub-hub", arrived.extend, lambda: losses.append(True))
    for stolen in ("hub-hub", "hub", BELL.username):
        gate = Device(server.port, stolen, GATE.username, password_of(GATE))
        gate.publish(UP.format(GATE.username), stolen.encode())
        gate.close()
    wait_until(lambda: len(arrived) == 3, "three messages on one connection")
    assert losses == []
    link.close()


@needs_mosquitto
def test_what_is_too_large_or_retained_does_no_harm(server: MosquittoServer) -> None:
    arrived: Arrivals = []
    link = connect(server.hub_broker(), "hub", arrived.extend)
    own = UP.format(GATE.username)
    for payload, retain in ((b"x" * 82_000, False), (b"kept", True)):
        rude = device(server, GATE)
        rude._mqtt.publish(own, payload, qos=1, retain=retain)
        assert rude.lost.wait(10), "expected the connection to be ended"
        rude.close()
    gate = device(server, GATE)
    gate.publish(own, b"x" * 66_000)  # a little over the standard's limit is the hub's to count
    wait_until(lambda: [(t, len(p)) for t, p in arrived] == [(own, 66_000)], "the message a little too large")
    gate.close()
    link.close()


# ------------------------------------------------------------------- accounts that come and go


@needs_mosquitto
def test_accounts_follow_the_registry_while_it_runs(server: MosquittoServer) -> None:
    fresh = Principal("z1", "dev", "new", "n" * 43)
    rotated = GATE._replace(secret="r" * 43)
    gate, bell, mother = (device(server, each) for each in (GATE, BELL, MOTHER))
    registry = [rotated, MOTHER, fresh]
    keeper = AccountKeeper(server.files, lambda: registry, gather_s=0.05)
    keeper.changed()
    assert bell.lost.wait(10), "expected the removed principal to be parted with"
    assert gate.lost.wait(10), "expected the principal with another key to come in anew"
    assert device(server, BELL).refused == device(server, GATE).refused == "Not authorized"
    for each in (rotated, fresh):
        assert device(server, each).refused is None
    assert not mother.lost.is_set()
    assert keeper.problem is None
    registry.append(Principal("z1", "dev", "+", "n" * 43))
    keeper.changed()
    wait_until(lambda: "no name for an account" in (keeper.problem or ""), "the keeper to say why not")
    registry.pop()
    wait_until(lambda: keeper.problem is None, "the keeper to try again")
    keeper.stop()


@needs_mosquitto
def test_the_hash_is_what_mosquitto_passwd_checks(tmp_path: Path) -> None:
    """Mosquitto's own tool makes the same line from the same salt, apart from the salt itself."""
    file = tmp_path / "passwords"
    file.write_text("", encoding="utf-8")
    subprocess.run(["mosquitto_passwd", "-b", str(file), GATE.username, "secret"], check=True)
    theirs = file.read_text(encoding="utf-8").strip()
    import base64

    salt = base64.b64decode(theirs.split("$")[3])
    assert password_line(GATE.username, "secret", salt) == theirs


def test_a_password_is_the_documented_derivation() -> None:
    import base64
    import hashlib
    import hmac

    key = base64.urlsafe_b64decode(GATE.secret + "=")
    mac = hmac.new(key, b"safezone/v1/mqtt-password\nz1/dev/gate", hashlib.sha256).digest()
    assert password_of(GATE) == base64.urlsafe_b64encode(mac).decode().rstrip("=")


def test_files_are_private_complete_and_unchanged_when_nothing_changed(tmp_path: Path) -> None:
    files = MosquittoFiles(tmp_path / "mq")
    files.write_configuration([Listener()])
    assert files.update([BELL, GATE])
    first = (files.folder / "passwords").read_bytes()
    assert not MosquittoFiles(tmp_path / "mq").update([GATE, BELL])
    assert files.update([GATE])
    lines = (files.folder / "passwords").read_text(encoding="utf-8").splitlines()
    assert [line.partition(":")[0] for line in lines] == ["hub", GATE.username]
    assert set(lines) < set(first.decode().splitlines())
    for name in ("passwords", "access", "mosquitto.conf", "hub.password"):
        assert stat.S_IMODE((files.folder / name).stat().st_mode) == 0o600, name
    text = b"".join(path.read_bytes() for path in files.folder.iterdir() if path.is_file())
    assert GATE.secret.encode() not in text
    assert password_of(GATE).encode() not in text


def test_no_account_for_a_name_that_could_be_more_than_a_name(tmp_path: Path) -> None:
    files = MosquittoFiles(tmp_path)
    for id_ in ("+", "a/b", "a:b", "a\nhub", "#", ""):
        with pytest.raises(ValueError, match="no name for an account"):
            files.update([GATE._replace(id=id_)])
    assert not (tmp_path / "passwords").exists()


def test_principals_are_whoever_has_a_key_in_the_registry() -> None:
    bodies: list[dict[str, Any]] = world("c1")
    for body in bodies:
        items.read_item(body)
    found = {principal.username for principal in principals_of(bodies)}
    assert {f"{ZONE}/dev/gs", f"{ZONE}/guardian/g-c1", f"{ZONE}/desk/d112", f"{ZONE}/clock/{CLOCK}"} < found
    assert f"{ZONE}/dev/t-c1" not in found  # a tag signs nothing


def test_a_pid_file_of_an_ended_mosquitto_points_at_nobody(tmp_path: Path) -> None:
    file = tmp_path / "mosquitto.pid"
    assert running_pid(file) is None
    file.write_text(f"{os.getpid()}\n", encoding="ascii")  # a process, but no Mosquitto
    assert running_pid(file) is None
    file.write_text("no number", encoding="ascii")
    assert not MosquittoFiles(tmp_path).reload()


# ------------------------------------------------------------------- TLS


class Authority:
    """A certificate authority, and files of what it issues."""

    def __init__(self, folder: Path) -> None:
        self._ca, self._folder = trustme.CA(), folder
        folder.mkdir()
        self.file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def issue(self, name: str) -> tuple[Path, Path]:
        """Certificate chain and key for a host name."""
        issued = self._ca.issue_cert(name)
        chain, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        for n, part in enumerate(issued.cert_chain_pems):
            part.write_to_path(str(chain), append=bool(n))
        issued.private_key_pem.write_to_path(str(key))
        return chain, key


@needs_mosquitto
def test_over_tls_with_the_right_authority_and_no_other(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    arrived: Arrivals = []
    with mosquitto_server(tmp_path / "mq", [GATE], tls=Tls(*ours.issue("localhost"))) as server:
        password = server.password_file
        link = connect(
            ExternalBroker(server.tls_url, ca=ours.file, password_file=password), "hub", arrived.extend
        )
        context = ssl.create_default_context(cafile=str(ours.file))
        assert server.tls_port is not None
        gate = Device(server.tls_port, "", GATE.username, password_of(GATE), tls=context, host="localhost")
        gate.subscribe(DOWN.format(GATE.username))
        large = b"x" * 60_000
        for n in range(40):
            gate.publish(UP.format(GATE.username), large + b"%d" % n)
            link.publish(DOWN.format(GATE.username), large + b"%d" % n)
            link.flush()
        wait_until(lambda: [p for _, p in arrived] == [large + b"%d" % n for n in range(40)], "all of it up")
        wait_until(
            lambda: [p for _, p in gate.arrived] == [large + b"%d" % n for n in range(40)], "all of it down"
        )
        gate.close()
        link.close()
        with pytest.raises(Refused, match="certificate is refused"):
            connect(
                ExternalBroker(server.tls_url, ca=theirs.file, password_file=password), "hub", arrived.extend
            )
        wrong_name = server.tls_url.replace("localhost", "127.0.0.1")
        with pytest.raises(Refused, match="certificate is refused"):
            connect(ExternalBroker(wrong_name, ca=ours.file, password_file=password), "hub", arrived.extend)


@needs_mosquitto
def test_over_tls_with_client_certificates_where_they_are_asked_for(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    certificate, key = ours.issue("hub.example.org")
    foreign_certificate, foreign_key = theirs.issue("hub.example.org")
    tls = Tls(*ours.issue("localhost"), client_ca=ours.file)
    with mosquitto_server(tmp_path / "mq", tls=tls) as server:
        known: dict[str, Any] = {"ca": ours.file, "password_file": server.password_file}
        assert _lets_in(ExternalBroker(server.tls_url, certificate=certificate, key=key, **known))
        assert not _lets_in(ExternalBroker(server.tls_url, **known))
        foreign = ExternalBroker(server.tls_url, certificate=foreign_certificate, key=foreign_key, **known)
        assert not _lets_in(foreign)


def _lets_in(broker: ExternalBroker) -> bool:
    try:
        link = connect(broker, "hub", lambda _: None)
    except Refused:
        return False
    # Under TLS 1.3 the refusal may be cut short by the end of the connection: then the link goes on trying.
    connected = link.is_connected()
    link.close()
    return connected


def test_a_listener_that_others_reach_needs_tls(tmp_path: Path) -> None:
    with pytest.raises(NotLoopback, match="--tls-certificate"):
        MosquittoFiles(tmp_path).write_configuration([Listener("0.0.0.0", 8883)])
    assert not (tmp_path / "mosquitto.conf").exists()


# ------------------------------------------------------------------- the command


def test_the_command_writes_what_mosquitto_takes(tmp_path: Path) -> None:
    state, out = tmp_path / "state", tmp_path / "mq"
    state.mkdir()
    asked: list[Path] = []

    def principals(folder: Path) -> list[Principal]:
        asked.append(folder)
        return [GATE, MOTHER]

    command = mosquitto_command(principals)
    chain, key = Authority(tmp_path / "ca").issue("broker.example.org")
    options = [
        "--state",
        str(state),
        "--out",
        str(out),
        "--tls-certificate",
        str(chain),
        "--tls-key",
        str(key),
    ]
    done = CliRunner().invoke(command, [*options, "--gateway", "relay:z1"])
    assert done.exit_code == 0, done.output
    assert asked == [state]
    assert "--broker mqtts://hub@HOST:8883" in done.output
    text = (out / "mosquitto.conf").read_text(encoding="utf-8")
    for line in (
        "allow_anonymous false", "persistence true", "autosave_interval 1", "max_inflight_messages 0",
        "max_queued_messages 100000", "max_packet_size 81920", "listener 8883 0.0.0.0", "listener 1883 127.0.0.1",
        f"certfile {chain}", f"keyfile {key}",
    ):  # fmt: skip
        assert line in text.splitlines(), line
    assert GATE.username in (out / "passwords").read_text(encoding="utf-8")
    assert len((out / "relay.password").read_text(encoding="utf-8").strip()) == 43
    kept = (out / "hub.password").read_bytes()
    assert CliRunner().invoke(command, options).exit_code == 0
    assert (out / "hub.password").read_bytes() == kept


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--local-port", "0"], "nothing to listen on"),
        (["--tls-certificate", __file__], "go together"),
        (["--gateway", "relay"], "write NAME:ZONE"),
        (["--gateway", "hub:z1"], "write NAME:ZONE"),
        (["--group", "no-such-group"], "no such group"),
    ],
)
def test_the_command_says_what_does_not_fit(more: list[str], words: str, tmp_path: Path) -> None:
    options = ["--state", str(tmp_path), "--out", str(tmp_path / "mq"), *more]
    done = CliRunner().invoke(mosquitto_command(lambda _: []), options)
    assert done.exit_code != 0
    assert words in done.output


def _password(server: MosquittoServer, name: str) -> str:
    return (server.files.folder / f"{name}.password").read_text(encoding="utf-8").strip()
