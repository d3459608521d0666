"""The operator's commands, as a person runs them: beside a hub's folder, with answers to read."""

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from safezone_hub.commands import hub_group

from tests.hub.engine_bench import Bench


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A folder in which a hub has worked."""
    bench = Bench(tmp_path / "hub", "c1", "c2")
    bench.to("15:00")
    for press in range(3):
        bench.call(press)
    bench.fix(500, 0)
    bench.close()
    return tmp_path / "hub"


def run(*words: str) -> Result:
    return CliRunner().invoke(hub_group, list(words))


def test_audit_verify_holds_and_says_so(state: Path) -> None:
    result = run("audit", "verify", "--state", str(state))
    assert result.exit_code == 0 and "온전함 · holds" in result.output


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE log SET wall = wall + 1 WHERE n = (SELECT max(n) - 3 FROM log)",
        "DELETE FROM log WHERE n = (SELECT max(n) - 3 FROM log)",
        "UPDATE log SET body = CAST(x'00' || substr(body, 2) AS BLOB) WHERE n = (SELECT max(n) - 3 FROM log)",
        "DELETE FROM chain WHERE k = (SELECT max(k) - 1 FROM chain)",
    ],
)
def test_audit_verify_finds_what_was_tampered_with(state: Path, tampering: str) -> None:
    with sqlite3.connect(state / "hub.sqlite") as db:
        assert db.execute(tampering).rowcount == 1
    db.close()
    result = run("audit", "verify", "--state", str(state))
    assert result.exit_code == 1 and "BROKEN" in result.output


def test_an_end_cut_off_shows_against_heads_exported_earlier(state: Path, tmp_path: Path) -> None:
    heads = tmp_path / "heads"
    heads.write_text(run("audit", "heads", "--state", str(state)).output, encoding="utf-8")
    with sqlite3.connect(state / "hub.sqlite") as db:
        (last,) = db.execute("SELECT first_n FROM chain WHERE zone = 'z1' ORDER BY k DESC LIMIT 1").fetchone()
        db.execute("DELETE FROM chain WHERE zone = 'z1' AND first_n >= ?", (last,))
        db.execute("DELETE FROM log WHERE zone = 'z1' AND n >= ?", (last,))
    db.close()
    assert run("audit", "verify", "--state", str(state)).exit_code == 0
    result = run("audit", "verify", "--state", str(state), "--heads", str(heads))
    assert result.exit_code == 1 and "[head]" in result.output


@pytest.mark.parametrize("suffix", [".html", ".md"])
def test_privacy_report_names_duties_and_counts_and_no_child(
    state: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"report{suffix}"
    result = run("privacy", "report", "--state", str(state), "--out", str(out))
    assert result.exit_code == 0, result.output
    text = out.read_text(encoding="utf-8")
    for part in ("제16조", "영향평가", "Draft", "provision", "not legal advice"):
        assert part.lower() in text.lower(), part
    assert "아이 c1" not in text and "g-c1" not in text


def test_commands_say_what_is_missing(tmp_path: Path, state: Path) -> None:
    nothing = run("audit", "verify", "--state", str(tmp_path / "nowhere"))
    assert nothing.exit_code == 1 and "No hub kept anything" in nothing.output
    assert not (tmp_path / "nowhere").exists()
    (state / "master.key").unlink()
    lost = run("audit", "verify", "--state", str(state))
    assert lost.exit_code == 1 and "--master-key-file" in lost.output
    wrong = run("privacy", "report", "--state", str(state), "--out", str(tmp_path / "report.pdf"))
    assert wrong.exit_code == 2 and ".html or .md" in wrong.output
