"""The simulated devices, certified by the suite's own command over a real broker, like any vendor's."""

import sys
import tomllib
from pathlib import Path

import pytest
from safezone_conformance.evidence.verify import verify
from safezone_conformance.proforma import read_ics, read_ixit
from safezone_zoo.kennel import KINDS, Kind, proformas

from tests.conformance.running import run, verdicts

LAB = Path(__file__).parents[2] / "conformance" / "lab"
# A few of each class, chosen to be short; `python -m safezone_zoo devices` runs all of them.
SOME = {
    "gate-reader": "TC-READER-TAG-04 or TC-DEV-STATUS-05",
    "pole-reader": "TC-READER-CALL-03 or TC-READER-TAG-05",
    "tag": "TC-TAG-CALL-02",
    "bell": "TC-BELL-BELL-03 or TC-BELL-BELL-07 or TC-DEV-RETRY-05",
    "camera": "TC-CAMERA-CAM-01 or TC-CAMERA-CAM-04",
    "phone": "TC-PHONE-CALL-01 or TC-DEV-SEQ-02",
}
by_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)


@by_kind
def test_ics_and_ixit_of_the_lab_are_those_of_the_kennel(kind: Kind) -> None:
    for name, text in proformas(kind, short=False).items():
        assert (LAB / kind.name / name).read_text(encoding="utf-8") == text, (
            "python -m safezone_zoo lab conformance/lab"
        )
        tomllib.loads(text)
    assert read_ics(LAB / kind.name / "ics.toml").has == kind.ics.has
    read_ixit(LAB / kind.name / "ixit.toml", kind.role)


@pytest.mark.slow
@by_kind
def test_a_simulated_device_passes_over_the_wire_and_its_evidence_is_sound(
    kind: Kind, tmp_path: Path
) -> None:
    for name, text in proformas(kind, short=True, start=f"{sys.executable} -m safezone_sim.lab").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    run(tmp_path, "-k", SOME[kind.name])
    found = {
        name: row["verdict"]
        for name, row in verdicts(tmp_path)["cases"].items()
        if row["verdict"] != "NOT_RUN"
    }
    assert found and set(found.values()) <= {"PASS", "NOT_APPLICABLE"}, found
    report = verify(tmp_path / "out")
    assert report.sound, report.problems
    assert {k.verdict for k in report.recomputed} <= {"PASS", "NOT_APPLICABLE"}
