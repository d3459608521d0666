"""Schemathesis on the whole API: requests made from the standard's document, every answer held against it.

All of its checks are on (``schemathesis.toml`` says what is beyond a schema). ``SAFEZONE_SCHEMA_EXAMPLES`` gives the
number of random requests an operation, besides the systematic ones.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from safezone_hub.api import Rate
from safezone_hub.api.document import calls

from tests.api.town import TOKEN, Town, lively, running
from tests.hub.hub_world import ZONE

EXAMPLES = os.environ.get("SAFEZONE_SCHEMA_EXAMPLES", "5")
CONFIG = Path(__file__).with_name("schemathesis.toml")
# After these there would be nothing left to ask for.
DESTRUCTIVE = ("eraseChild", "deleteItem", "revokeToken")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """One of its own: what is thrown at it changes it."""
    with running(tmp_path / "state") as it:
        lively(it)
        # So many wrong tokens come from nowhere else; the limit has tests of its own.
        it.hub.http._app.state.services.failed_tokens._rate = Rate(burst=10**6, per_minute=10**6)
        yield it


def _run(town: Town, folder: Path, config: Path, *more: str) -> None:
    run = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"), "--config-file", config, "run",
            f"{town.base}/openapi.json", "-H", f"Authorization: Bearer {TOKEN}", "-n", EXAMPLES, "--seed", "1",
            "--request-timeout", "10", "--continue-on-failure", "--warnings", "off",
            "--report-dir", folder / "report", *more,
        ],
        cwd=folder, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-20000:] + run.stderr[-2000:]
    assert "No issues found" in run.stdout, run.stdout[-2000:]
    assert town.hub.is_running() and town.call("admin", "GET", "/healthz").json()["status"] == "ok"


@pytest.mark.slow
def test_whatever_the_document_allows_or_forbids_is_answered_by_it(town: Town, tmp_path: Path) -> None:
    _run(town, tmp_path, CONFIG, "--phases", "examples,coverage,fuzzing")


@pytest.mark.slow
def test_answers_about_what_exists_are_as_the_document_says(town: Town, tmp_path: Path) -> None:
    """The same with the ids of real children, incidents and notices, so that the answers are full."""
    real = {"zone": ZONE, "child": "c1", "guardian": "g-c1", "incident": town.incidents["c1"],
            "notice": town.notices["g-c1"], "unit": "u1"}  # fmt: skip
    lines = [CONFIG.read_text(encoding="utf-8")]
    for name, call in calls().items():
        scope = call.get("x-scope")
        if scope is not None and scope["of"] in real:
            lines.append(
                f'[[operations]]\ninclude-operation-id = "{name}"\n'
                f'parameters = {{ "path.{scope["parameter"]}" = "{real[scope["of"]]}" }}\n'
            )
    config = tmp_path / "real.toml"
    config.write_text("\n".join(lines), encoding="utf-8")
    skipped = [part for name in DESTRUCTIVE for part in ("--exclude-operation-id", name)]
    _run(town, tmp_path, config, "--phases", "fuzzing", "--mode", "positive", *skipped)
