"""The suite against small equipment over the wire: clean devices pass and replay alike, each defect fails its case."""

import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from safezone_conformance.equipment_bench import device_from, shortened
from safezone_conformance.equipment_session import EquipmentSession
from safezone_conformance.proforma import write_ics, write_ixit
from safezone_conformance.session import Unusable

from tests.conformance.equipment import NONCE, RIG, SECRET, TAGS, again, chosen, ics, ixit, run_on, run_split
from tests.conformance.running import conform

QUICK = {
    "bell": ["TC-BELL-BELL-01", "TC-BELL-BELL-03", "TC-BELL-BELL-06", "TC-BELL-BELL-09", "TC-DEV-RETRY-05", "TC-DEV-STATUS-01"],
    "camera": ["TC-CAMERA-CAM-0", "TC-DEV-RETRY-04", "TC-DEV-TIME"],
    "phone": ["TC-PHONE-CALL", "TC-PHONE-LAW", "TC-PHONE-PHONE-04", "TC-DEV-SEQ"],
    "tag": ["TC-TAG-CALL-02", "TC-TAG-CALL-03"],
}  # fmt: skip
DEFECTS = [
    ("bell", "lamp-early", "TC-BELL-BELL-06[accepted]", "BELL-BELL-006"),
    ("bell", "bounce", "TC-BELL-BELL-03", "BELL-BELL-003"),
    ("bell", "ram-counter", "TC-BELL-BELL-02", "BELL-BELL-002"),
    ("bell", "no-siren", "TC-BELL-BELL-05[online]", "BELL-BELL-005"),
    ("bell", "test-rings", "TC-BELL-BELL-09", "BELL-BELL-009"),
    ("phone", "mocks", "TC-PHONE-PHONE-04", "PHONE-PHONE-004"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("role", QUICK)
def test_clean_device_passes_and_every_verdict_replays(role: str) -> None:
    results = run_split(role, chosen(role, QUICK[role]), devices=4)
    assert results
    assert {r.case.name: (r.outcome.verdict, r.outcome.why, r.left) for r in results} == {
        r.case.name: ("PASS", "", ()) for r in results
    }
    assert all(again(r, role) == "PASS" for r in results)


@pytest.mark.slow
def test_reader_behind_the_shipped_gateway_passes() -> None:
    results = run_split("reader", chosen("reader", ["TC-READER-CALL-01", "TC-READER-LINK", "TC-READER-TAG-01", "TC-READER-RETRY-02",
                                                    "TC-READER-TAG-06"]), devices=5, gateway=True)  # fmt: skip
    assert {r.case.name: (r.outcome.verdict, r.outcome.why) for r in results} == {
        r.case.name: ("PASS", "") for r in results
    }


@pytest.mark.slow
@pytest.mark.parametrize(("role", "defect", "name", "requirement"), DEFECTS)
def test_defect_fails_its_case_by_its_requirement(
    role: str, defect: str, name: str, requirement: str
) -> None:
    [result] = run_on(role, [c for c in chosen(role) if c.name == name], [defect])
    assert result.outcome.verdict == "FAIL"
    assert requirement in {f.requirement for f in result.outcome.findings if not f.ok}
    assert again(result, role) == "FAIL"


@pytest.mark.slow
def test_unsupported_stimulus_is_inconclusive_and_replays() -> None:
    [result] = run_on("reader", [c for c in chosen("reader") if c.name == "TC-READER-LINK-01"])
    assert result.outcome.verdict == "INCONCLUSIVE"
    assert "unsupported" in result.outcome.why
    assert again(result, "reader") == "INCONCLUSIVE"


@pytest.mark.slow
def test_no_device_is_unusable(tmp_path: Path) -> None:
    values = {
        "stimulus.command": f'exec {sys.executable} -c \'import sys; [print(chr(123)+chr(34)+"n"+chr(34)+":1,"+chr(34)+"ok"+chr(34)+":true}}", flush=True) for l in sys.stdin]\'',
        "device.start_s": 1.0,
    }
    session = EquipmentSession(ics("bell"), ixit("bell", tmp_path, {}, **values), NONCE, None, tmp_path)
    try:
        with pytest.raises(Unusable, match=r"no device has connected to mqtt://127.0.0.1:\d+ within 1 s"):
            session.run(chosen("bell", ["TC-BELL-BELL-01"])[0])
    finally:
        session.close()


def test_bad_secret_is_unusable(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"device\.secret: must be base64url of 32 to 64 bytes"):
        EquipmentSession(
            ics("bell"), ixit("bell", tmp_path, {}, **{"device.secret": "short"}), NONCE, None, tmp_path
        )


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("mosquitto")
    if program is None:
        pytest.skip("no mosquitto here")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    file = tmp_path / "mosquitto.conf"
    file.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = subprocess.Popen([program, "-c", str(file)], stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 0.1).close()
            break
        except OSError:
            time.sleep(0.05)
    yield f"mqtt://127.0.0.1:{port}"
    process.terminate()
    process.wait()


@pytest.mark.slow
def test_device_at_a_broker_of_the_vendor(mosquitto: str, tmp_path: Path) -> None:
    session = EquipmentSession(
        ics("bell"), ixit("bell", tmp_path, {}, **{"broker.url": mosquitto}), NONCE, None, tmp_path
    )
    try:
        verdicts = [
            session.run(c).outcome
            for c in chosen("bell", ["TC-BELL-BELL-01", "TC-DEV-ENV-01", "TC-DEV-RETRY-04"])
        ]
    finally:
        session.close()
    assert [v.verdict for v in verdicts] == [
        "PASS",
        "PASS",
        "INCONCLUSIVE",
    ]  # the rig cannot cut the network of another's broker
    assert "stimulus network" in verdicts[2].why


@pytest.mark.slow
def test_command_runs_a_bell_and_its_evidence_verifies(tmp_path: Path) -> None:
    text = write_ics("bell")
    for name in ("vendor", "product", "version"):
        text = text.replace(f'{name} = ""', f'{name} = "small"')
    (tmp_path / "ics.toml").write_text(text.replace("= false", "= true"))
    command = f"exec {sys.executable} {RIG} {tmp_path / 'device'} {SECRET}"
    filled = write_ixit("bell")
    for old, new in (
        ('zone = ""', 'zone = "small-1"'), ('\nid = ""', '\nid = "bell-1"'), ('keyid = ""', 'keyid = "k1"'),
        ('secret = "env:SAFEZONE_DEVICE_SECRET"', f'secret = "{SECRET}"'), ("port = 18830", "port = 0"), ('way = "operator"', 'way = "command"'),
        ('command = ""', f'command = "{command}"'), ("heartbeat_s = 600.0", "heartbeat_s = 10.0"),
    ):  # fmt: skip
        assert old in filled, old
        filled = filled.replace(old, new)
    (tmp_path / "ixit.toml").write_text(filled)
    conform(
        tmp_path,
        "run",
        "--ics",
        "ics.toml",
        "--ixit",
        "ixit.toml",
        "--out",
        "out",
        "-n",
        "2",
        "-k",
        "TC-BELL-BELL-01 or TC-DEV-SEQ-01",
        expect=None,
    )
    kept = sorted(p.name for p in (tmp_path / "out" / "cases").glob("*.json"))
    assert kept == ["TC-BELL-BELL-01.json", "TC-DEV-SEQ-01.json"]
    assert '"verdict": "PASS"' in (tmp_path / "out" / "cases" / "TC-DEV-SEQ-01.json").read_text()
    assert SECRET not in "".join(p.read_text() for p in (tmp_path / "out").rglob("*.json*"))
    conform(tmp_path, "verify", "out", expect=None)


def test_device_of_the_ixit() -> None:
    device = device_from(dict(ixit("camera", Path("."), {}).values), "camera")
    assert dict(device.presets) == {"gate": 120.0, "yard": 270.0, "road": 30.0}
    reader = device_from(dict(ixit("reader", Path("."), {}).values), "reader")
    assert (reader.antenna("inner"), reader.antenna("single"), len(reader.tags)) == (
        "in",
        "out",
        len(TAGS.split()),
    )


def test_what_is_shortened_is_named() -> None:
    said = [s.en for s in shortened({"phases.offline_s": 20.0, "phases.repeats_s": 190.0})]
    assert said == ["phases.offline_s = 20: in full 3600"]


def test_every_requirement_of_equipment_has_a_case_in_every_class_it_binds() -> None:
    from safezone_conformance.case import by_id

    held = {
        role: {r for c in chosen(role) for r in c.verifies}
        for role in ("reader", "tag", "bell", "camera", "phone")
    }
    for requirement in by_id().values():
        if requirement.role in held and not requirement.why_not_tested:
            assert requirement.id in held[requirement.role], requirement.id
        if requirement.role in ("device", "sender", "all") and not requirement.why_not_tested:
            assert any(requirement.id in h for h in held.values()), requirement.id


def test_threads_end_with_the_session(tmp_path: Path) -> None:
    before = threading.active_count()
    session = EquipmentSession(ics("bell"), ixit("bell", tmp_path, {}), NONCE, None, tmp_path)
    session.close()
    assert threading.active_count() == before
