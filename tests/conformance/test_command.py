"""``safezone conform`` as a vendor uses it: proformas, a run, resuming, waivers, exit codes, pytest underneath."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from safezone_conformance.proforma import ROLES, ProformaError, read_ics, read_ixit, write_ics, write_ixit
from safezone_zoo.stable import Kept, Stable

from tests.conformance.running import conform, fill_in, run, verdicts


@pytest.mark.parametrize("role", ROLES)
def test_init_writes_files_that_are_read_again(tmp_path: Path, role: str) -> None:
    conform(tmp_path, "init", "--role", role, "--out", ".")
    assert (tmp_path / "vendor.key").stat().st_mode & 0o077 == 0
    with pytest.raises(ProformaError) as caught:
        read_ics(tmp_path / "ics.toml")  # who made it is for the vendor to say
    told = {p.split(": ")[1] for p in caught.value.problems}
    assert {f"implementation.{n}" for n in ("vendor", "product", "version")} == told - {"supports"}
    assert "not overwritten" in conform(tmp_path, "init", "--role", role, "--out", ".", expect=2)


def test_every_wrong_field_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAFEZONE_HUB_TOKEN", raising=False)
    text = (
        write_ixit("hub")
        .replace("time_scale = 1.0", 'time_scale = "slow"')
        .replace('proof = "fence"', 'proof = "hope"')
    )
    (tmp_path / "ixit.toml").write_text(text + "\n[extra]\nx = 1\n", encoding="utf-8")
    with pytest.raises(ProformaError) as caught:
        read_ixit(tmp_path / "ixit.toml", "hub")
    said = "\n".join(caught.value.problems)
    for words in (
        "limits.time_scale = 'slow'",
        "absence.proof = 'hope'",
        "extra.x: no such field",
        "http.token",
        "SAFEZONE_HUB_TOKEN",
    ):
        assert words in said


def test_an_unknown_claim_is_told(tmp_path: Path) -> None:
    (tmp_path / "ics.toml").write_text(write_ics("bell") + "levitates = true\n", encoding="utf-8")
    with pytest.raises(ProformaError, match=r"supports\.levitates: no such item"):
        read_ics(tmp_path / "ics.toml")


def test_no_hub_there_is_undecided_and_says_where(tmp_path: Path, clean_hub: Kept) -> None:
    fill_in(tmp_path, clean_hub, **{clean_hub.http: "http://127.0.0.1:9"})
    assert "127.0.0.1:9" in run(tmp_path, expect=2)


def test_a_run_with_two_workers_leaves_all_its_evidence(tmp_path: Path, clean_hub: Kept) -> None:
    fill_in(tmp_path, clean_hub)
    run(tmp_path, "-n", "2", "-k", "TC-HUB-CALL")
    found = verdicts(tmp_path)
    other = {name: row["why"] for name, row in found["cases"].items() if row["verdict"] != "PASS"}
    assert found["partial"] and not other
    assert {"TC-HUB-CALL-01", "TC-HUB-CALL-02"} <= set(found["cases"])
    tree = ET.parse(tmp_path / "out" / "junit.xml").getroot()
    assert {t.get("name") for t in tree} == set(found["cases"])
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert {
        "run.json",
        "ics.toml",
        "ixit.json",
        "report.html",
        "verdicts.json",
        "cases/TC-HUB-CALL-01.jsonl",
    } <= set(manifest["files"])


def test_a_run_that_broke_off_goes_on_and_a_second_one_is_refused(tmp_path: Path, clean_hub: Kept) -> None:
    fill_in(tmp_path, clean_hub)
    run(tmp_path, "-k", "TC-HUB-CALL-01")
    first = (tmp_path / "out" / "cases" / "TC-HUB-CALL-01.jsonl").read_bytes()
    assert "holds a run already" in run(tmp_path, "-k", "TC-HUB-CALL-02", expect=2)
    run(tmp_path, "-k", "TC-HUB-CALL-01 or TC-HUB-CALL-02", "--resume")
    assert (tmp_path / "out" / "cases" / "TC-HUB-CALL-01.jsonl").read_bytes() == first
    assert set(verdicts(tmp_path)["cases"]) == {"TC-HUB-CALL-01", "TC-HUB-CALL-02"}
    fill_in(tmp_path, clean_hub, **{"time_scale = 1.0": "time_scale = 2.0"})
    assert "another IXIT" in run(tmp_path, "--resume", expect=2)


def test_a_waiver_is_honoured_until_its_day_and_never_under_strict(tmp_path: Path, stable: Stable) -> None:
    with stable.hub("calls-once-for-each-relay") as hub:
        fill_in(tmp_path, hub)
        waiver = '[[waiver]]\ncase = "TC-HUB-CALL-02"\nrequirement = "HUB-CALL-012"\nuntil = "{}"\nby = "시험소"\nreason = "고치는 중"\n'
        (tmp_path / "good.toml").write_text(waiver.format("2999-12-31"), encoding="utf-8")
        (tmp_path / "over.toml").write_text(waiver.format("2020-01-01"), encoding="utf-8")
        (tmp_path / "bad.toml").write_text(waiver.format("someday"), encoding="utf-8")
        run(tmp_path, "-k", "TC-HUB-CALL-02", "--waivers", "good.toml")
        assert "2999-12-31" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
        run(tmp_path, "-k", "TC-HUB-CALL-02", "--waivers", "over.toml", "--resume", expect=1)
        run(tmp_path, "-k", "TC-HUB-CALL-02", "--waivers", "good.toml", "--strict", "--resume", expect=1)
        assert "until = 'someday'" in run(tmp_path, "--waivers", "bad.toml", "--resume", expect=2)


def test_what_is_not_claimed_is_not_applicable_and_no_conformity(tmp_path: Path, clean_hub: Kept) -> None:
    fill_in(tmp_path, clean_hub, **{"everyday = true": "everyday = false"})
    run(tmp_path, "-k", "TC-HUB-CALL-01", expect=2)
    assert verdicts(tmp_path)["unclaimed"] == ["everyday"]


def test_pytest_alone_runs_the_cases(tmp_path: Path, clean_hub: Kept) -> None:
    from safezone_zoo.zygote import TOKEN

    fill_in(tmp_path, clean_hub)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--pyargs", "safezone_conformance", "--safezone-ics", "ics.toml", "--safezone-ixit",
         "ixit.toml", "--safezone-out", "out", "-k", "TC-HUB-CALL-0", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        env={**__import__("os").environ, "SAFEZONE_HUB_TOKEN": TOKEN},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "out" / "cases" / "TC-HUB-CALL-01.jsonl").exists()


def test_pytest_without_an_ics_skips(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--pyargs", "safezone_conformance", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "1 skipped" in done.stdout, done.stdout


def test_subjects_that_the_vendor_imports_serve_as_well_as_the_api(tmp_path: Path, clean_hub: Kept) -> None:
    import httpx
    from safezone_zoo.zygote import TOKEN

    fill_in(tmp_path, clean_hub, **{'provisioning = "api"': 'provisioning = "csv"'})
    assert "safezone conform subjects" in run(tmp_path, "-k", "TC-HUB-CALL-01", expect=2)
    conform(tmp_path, "subjects", "--ics", "ics.toml", "--ixit", "ixit.toml", "--out", "out")
    assert (tmp_path / "out" / "subjects-child.csv").read_text(encoding="utf-8").startswith("id,zone,name")
    items = json.loads((tmp_path / "out" / "subjects.json").read_text(encoding="utf-8"))["items"]
    wanted = [i for i in items if i["zone"] in _zones_of(tmp_path, "TC-HUB-CALL-01", "TC-HUB-CLOCK-00")]
    with httpx.Client(base_url=clean_hub.http, headers={"authorization": f"Bearer {TOKEN}"}) as hub:
        assert hub.post("/v1/registry:import", json={"items": wanted}).status_code == 200
        run(tmp_path, "-k", "TC-HUB-CALL-01")
        exchange = (tmp_path / "out" / "cases" / "TC-HUB-CALL-01.jsonl").read_text(encoding="utf-8")
        assert "registry" not in exchange
        assert (
            hub.get(f"/v1/registry/zone/{wanted[0]['zone']}").status_code == 200
        )  # the vendor's to take away again


def _zones_of(folder: Path, *names: str) -> set[str]:
    from safezone_conformance.identity import Identity

    nonce = bytes.fromhex(json.loads((folder / "out" / "run.json").read_text(encoding="utf-8"))["nonce"])
    return {Identity(nonce, name, "ct").zone for name in names}
