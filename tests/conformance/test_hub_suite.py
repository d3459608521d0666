"""The bundled hub is certified by the whole suite over the wire, like any vendor's; a sample of the zoo is killed."""

import re
import zlib
from pathlib import Path

import pytest
from safezone_conformance.case import cases
from safezone_conformance.coverage import coverage
from safezone_conformance.evidence.verify import verify
from safezone_conformance.specification import specification
from safezone_zoo.mutant import Mutant, mutants
from safezone_zoo.selftest import standing_problems
from safezone_zoo.stable import Stable, try_mutant

from tests.conformance.running import conform, fill_in, run, verdicts

SAMPLE = 12


@pytest.mark.slow
def test_the_bundled_hub_conforms_and_its_evidence_is_whole(stable: Stable, tmp_path: Path) -> None:
    with stable.hub() as hub:
        fill_in(tmp_path, hub, **{'command = ""': f'command = "{hub.restart_command}"'})
        conform(tmp_path, "key", "--out", "vendor.key")
        conform(tmp_path, "key", "--out", "lab.key")
        conform(
            tmp_path, "nonce", "--key", "lab.key", "--lab", "시험소", "--for", "안전존", "--out", "nonce.json"
        )
        output = run(tmp_path, "--nonce", "nonce.json", expect=None)
    found = verdicts(tmp_path)
    other = {
        name: (row["verdict"], row["failed"], row["why"])
        for name, row in found["cases"].items()
        if row["verdict"] != "PASS"
    }
    assert not other and not found["missing"], f"{other}\n{output[-3000:]}"
    report = verify(tmp_path / "out")
    assert report.whole, report.problems
    assert "certificate" in conform(tmp_path, "countersign", "out", "--key", "lab.key", "--lab", "시험소")
    assert verify(tmp_path / "out").kind == "certificate"
    conform(tmp_path, "verify", "out", "--lab", "lab.key.pub", "--signer", "vendor.key.pub")


def _sample() -> list[Mutant]:
    """The same few on every machine, others whenever the zoo grows."""
    hubs = [m for m in mutants().values() if m.role == "hub" and not m.lawful]
    return sorted(hubs, key=lambda m: zlib.crc32(m.name.encode()))[:SAMPLE]


@pytest.mark.parametrize("one", _sample(), ids=lambda m: m.name)
def test_a_broken_hub_is_failed_by_its_case_for_its_reason(stable: Stable, one: Mutant) -> None:
    killed, result = try_mutant(stable, one)
    assert killed, (
        result.outcome.verdict,
        result.outcome.why,
        [f for f in result.outcome.findings if not f.ok],
    )


def test_every_requirement_has_a_case_or_a_reason() -> None:
    found = coverage()
    assert not found.bare and not found.both


def test_every_mutant_fits_and_every_case_kills_one() -> None:
    assert standing_problems() == []


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_committed_test_specification_is_up_to_date(language: str) -> None:
    path = Path(__file__).parents[2] / "docs" / f"tests.{language}.md"
    assert path.read_text(encoding="utf-8") == specification(language), "run: make docs"


def test_texts_of_cases_are_in_both_languages() -> None:
    for case in cases().values():
        for text in (case.title, *case.before, *case.steps, *case.criteria):
            assert any("가" <= c <= "힣" for c in text.ko), f"{case.name}: {text.ko!r}"
            own_words = re.sub("«[^»]*»", "", text.en)  # what is quoted is as the system must say it
            assert own_words and not any("가" <= c <= "힣" for c in own_words), f"{case.name}: {text.en!r}"
