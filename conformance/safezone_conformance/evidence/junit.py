"""JUnit XML, as build servers read it."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable

from safezone_conformance.case import Case, cases
from safezone_conformance.folder import Folder, Kept
from safezone_conformance.verdicts import Verdict
from safezone_conformance.wording import failure_text


def junit(kept: Iterable[Kept], folder: Folder, repeat: str) -> str:
    """One test case each: FAIL is a failure, INCONCLUSIVE an error, what does not apply is skipped."""
    rows = list(kept)
    suite = ET.Element(
        "testsuite", name="safezone conformance", tests=str(len(rows)),
        failures=str(sum(k.verdict is Verdict.FAIL for k in rows)),
        errors=str(sum(k.verdict is Verdict.INCONCLUSIVE for k in rows)),
        skipped=str(sum(k.verdict in (Verdict.NOT_APPLICABLE, Verdict.SKIPPED) for k in rows)),
        time=f"{sum(k.took_s for k in rows):.3f}",
    )  # fmt: skip
    for one in rows:
        test = ET.SubElement(
            suite, "testcase", classname=one.case.partition("[")[0], name=one.case, time=f"{one.took_s:.3f}"
        )
        case: Case | None = cases().get(one.case)
        if one.verdict in (Verdict.NOT_APPLICABLE, Verdict.SKIPPED):
            ET.SubElement(test, "skipped", message=f"{one.verdict}: {one.why}")
        elif one.verdict is not Verdict.PASS:
            kind = "failure" if one.verdict is Verdict.FAIL else "error"
            broken = ", ".join(f.requirement for f in one.findings if not f.ok and f.level == "MUST")
            found = ET.SubElement(test, kind, message=_clean(broken or one.why), type=one.verdict.value)
            if case is not None:
                try:
                    record = folder.record(one.case)
                except (OSError, ValueError):
                    record = None
                found.text = _clean(failure_text(case, one, record, repeat))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _clean(text: str) -> str:
    """Without the control characters that XML does not allow."""
    return "".join(c for c in text if c in "\t\n\r" or ord(c) >= 32)
