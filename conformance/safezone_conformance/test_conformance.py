"""What pytest collects: one test a case. See ``plugin``."""

from typing import Any

import pytest

from safezone_conformance.case import Case
from safezone_conformance.session import Unusable
from safezone_conformance.verdicts import Verdict
from safezone_conformance.wording import failure_text


def test_case(conformance_case: Case, conformance_run: Any) -> None:
    try:
        kept = conformance_run.result(conformance_case)
    except Unusable as error:
        pytest.exit(str(error), returncode=2)
    match kept.verdict:
        case Verdict.NOT_APPLICABLE:
            pytest.skip(f"NOT APPLICABLE: {kept.why}")
        case Verdict.SKIPPED:
            pytest.skip(kept.why)
        case Verdict.FAIL | Verdict.INCONCLUSIVE:
            pytest.fail(
                failure_text(
                    conformance_case, kept, conformance_run.record(conformance_case), conformance_run.repeat
                ),
                pytrace=False,
            )
