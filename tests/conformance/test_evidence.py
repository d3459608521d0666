"""Evidence of a real run against the bundled hub: what verification accepts, and every forgery it must not."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safezone_conformance.evidence import verify as verifying
from safezone_conformance.evidence.keys import load_key
from safezone_conformance.evidence.manifest import write_manifest
from safezone_conformance.evidence.verify import Report, verify
from safezone_conformance.folder import dumps
from safezone_zoo.stable import Kept, Stable

from tests.conformance.running import conform, fill_in, run, verdicts

CASES = "TC-HUB-CALL-01 or TC-HUB-CALL-02"


@pytest.fixture(scope="module")
def good(clean_hub: Kept, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a lab's nonce and a run of two cases that pass."""
    folder = tmp_path_factory.mktemp("good")
    fill_in(folder, clean_hub)
    conform(folder, "key", "--out", "vendor.key")
    conform(folder, "key", "--out", "lab.key")
    conform(folder, "nonce", "--key", "lab.key", "--lab", "시험소", "--for", "안전존", "--out", "nonce.json")
    run(folder, "-k", CASES, "--nonce", "nonce.json")
    return folder


@pytest.fixture(scope="module")
def failed(stable: Stable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run against a hub that tells one press twice."""
    folder = tmp_path_factory.mktemp("failed")
    with stable.hub("calls-once-for-each-relay") as hub:
        fill_in(folder, hub)
        conform(folder, "key", "--out", "vendor.key")
        run(folder, "-k", "TC-HUB-CALL-02", expect=1)
    return folder


def _copy(folder: Path, to: Path) -> Path:
    shutil.copytree(folder / "out", to / "out")
    return to / "out"


def _sign_again(folder: Path, out: Path) -> None:
    """As a forger with the vendor's key does."""
    claims = json.loads((out / "manifest.json").read_text())["claims"]
    write_manifest(out, claims, load_key(folder / "vendor.key"))


def _kinds(report: Report) -> set[str]:
    return {p.kind for p in report.problems}


def _edit(path: Path, change: Callable[[Any], Any]) -> None:
    path.write_text(dumps(change(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")


def test_an_honest_partial_run_is_sound_and_called_partial(good: Path) -> None:
    report = verify(good / "out")
    assert report.sound and _kinds(report) == {"partial"}
    assert report.checked == 2 and [k.verdict for k in report.recomputed] == ["PASS", "PASS"]
    assert report.kind == "self-declaration"


def test_the_failure_says_what_was_sent_expected_and_came(failed: Path) -> None:
    row = verdicts(failed)["cases"]["TC-HUB-CALL-02"]
    assert row["verdict"] == "FAIL" and row["failed"] == ["HUB-CALL-012"]
    page = (failed / "out" / "report.html").read_text(encoding="utf-8")
    assert "HUB-CALL-012" in page and "tag.called" in page and "-k TC-HUB-CALL-02" in page
    report = verify(failed / "out")
    assert report.sound and [k.verdict for k in report.recomputed] == ["FAIL"]


def test_no_token_and_no_secret_of_the_ixit_reaches_the_evidence(good: Path) -> None:
    from safezone_zoo.zygote import TOKEN

    for path in (good / "out").rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


def test_a_verdict_edited_and_signed_again_is_caught(failed: Path, tmp_path: Path) -> None:
    out = _copy(failed, tmp_path)
    _edit(out / "cases" / "TC-HUB-CALL-02.json", lambda row: {**row, "verdict": "PASS", "findings": []})
    assert "altered" in _kinds(verify(out))
    _sign_again(failed, out)
    report = verify(out)
    assert [p.text.en for p in report.problems if p.kind == "altered"] == [
        "TC-HUB-CALL-02: the verdict stated is PASS, worked out again it is FAIL"
    ]


def _lines(out: Path, case: str) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for line in (out / "cases" / f"{case}.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def _write_lines(out: Path, case: str, rows: list[dict[str, Any]]) -> None:
    text = "\n".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in rows) + "\n"
    (out / "cases" / f"{case}.jsonl").write_text(text, encoding="utf-8")


def test_an_exchange_edited_and_signed_again_is_caught(failed: Path, tmp_path: Path) -> None:
    """The second alert is cut out of the record, numbers set right, verdict made to match, all signed again."""
    out = _copy(failed, tmp_path)
    head, *entries = _lines(out, "TC-HUB-CALL-02")
    alerts = [e for e in entries if e["d"] == "in" and '"type":"alert"' in str(e["c"].get("payload"))]
    assert len(alerts) == 2
    entries.remove(alerts[1])
    for number, entry in enumerate(entries):
        entry["n"] = number
    _write_lines(out, "TC-HUB-CALL-02", [head | {"entries": len(entries)}, *entries])
    _edit(
        out / "cases" / "TC-HUB-CALL-02.json",
        lambda row: {**row, "verdict": "PASS", "findings": [f for f in row["findings"] if f["ok"]]},
    )
    _sign_again(failed, out)
    report = verify(out)
    assert (
        not report.sound and report.kind == "nothing"
    )  # the case's ack of that alert is still in the record


def test_a_message_with_a_byte_changed_is_caught(good: Path, tmp_path: Path) -> None:
    out = _copy(good, tmp_path)
    head, *entries = _lines(out, "TC-HUB-CALL-01")
    alert = next(e for e in entries if e["d"] == "in" and '"type":"alert"' in str(e["c"].get("payload")))
    alert["c"]["payload"] = alert["c"]["payload"].replace('"seq":', '"seq":1')
    _write_lines(out, "TC-HUB-CALL-01", [head, *entries])
    _sign_again(good, out)
    report = verify(out)
    assert "altered" in _kinds(report) and [
        k.verdict for k in report.recomputed if k.case == "TC-HUB-CALL-01"
    ] == ["FAIL"]


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda out: (out / "junit.xml").unlink(), "incomplete"),
        (lambda out: (out / "extra.txt").write_text("x"), "altered"),
        (lambda out: (out / "report.html").write_text("x"), "altered"),
        (lambda out: (out / "manifest.sig").unlink(), "incomplete"),
        (lambda out: (out / "cases" / "TC-HUB-CALL-01.jsonl").unlink(), "incomplete"),
        (lambda out: (out / "run.json").write_text("{}"), "unreadable"),
    ],
)
def test_files_that_are_missing_added_or_changed_are_told(
    good: Path, tmp_path: Path, spoil: Callable[[Path], object], kind: str
) -> None:
    out = _copy(good, tmp_path)
    spoil(out)
    assert kind in _kinds(verify(out))


def test_a_patched_suite_is_caught(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "suite_digest", lambda: "0" * 64)
    assert "stale" in _kinds(verify(good / "out"))


def test_only_a_whole_run_with_the_labs_nonce_is_countersigned(good: Path, failed: Path) -> None:
    assert "not whole" in conform(good, "countersign", "out", "--key", "lab.key", "--lab", "시험소", expect=2)
    conform(failed, "key", "--out", "lab.key")
    assert "not a run with a nonce" in conform(
        failed, "countersign", "out", "--key", "lab.key", "--lab", "시험소", expect=2
    )


def test_another_signer_than_the_one_wanted_is_told(good: Path) -> None:
    output = conform(good, "verify", "out", "--signer", "lab.key.pub", expect=2)
    assert "signer" in output and "wanted" in output


def test_an_expired_nonce_is_refused(good: Path, tmp_path: Path, clean_hub: Kept) -> None:
    fill_in(tmp_path, clean_hub)
    shutil.copy(good / "lab.key", tmp_path)
    conform(
        tmp_path,
        "nonce",
        "--key",
        "lab.key",
        "--lab",
        "시험소",
        "--for",
        "x",
        "--days",
        "0.01",
        "--out",
        "nonce.json",
    )
    _edit(tmp_path / "nonce.json", lambda n: {**n, "expires_at": n["expires_at"] + 1e6})
    assert "altered" in run(tmp_path, "-k", CASES, "--nonce", "nonce.json", expect=2)
