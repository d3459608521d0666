"""Writes everything a run leaves: verdicts.json, junit.xml, report.html, and the signed manifest last."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safezone_conformance.evidence.junit import junit
from safezone_conformance.evidence.manifest import write_manifest
from safezone_conformance.evidence.report import report_html
from safezone_conformance.folder import Folder, Head, dumps, write_whole
from safezone_conformance.run import Tally
from safezone_conformance.verdicts import Verdict, warnings_of


def verdicts_json(head: Head, tally: Tally) -> dict[str, Any]:
    """The machine's view: ``verdicts_version`` 1."""
    return {
        "verdicts_version": 1,
        "role": head.role,
        "implementation": dict(head.implementation),
        "standard": head.standard,
        "suite": {"version": head.suite_version, "sha256": head.suite_digest},
        "catalogue_sha256": head.catalogue_digest,
        "began_at": head.began_at,
        "clock_offset_s": head.offset_s,
        "counts": {v.value: tally.count(v) for v in Verdict},
        "warnings": tally.warnings,
        "partial": tally.partial,
        "missing": list(tally.missing),
        "unclaimed": list(tally.unclaimed),
        "exit_code": tally.exit_code,
        "strict": tally.strict,
        "waivers": [w.as_json() for w in tally.waivers],
        "cases": {
            k.case: {
                "verdict": k.verdict.value,
                "why": k.why,
                "took_s": k.took_s,
                "failed": sorted({f.requirement for f in k.findings if not f.ok and f.level == "MUST"}),
                "warned": sorted({f.requirement for f in warnings_of(k.findings)}),
            }
            for k in tally.kept
        },
    }


def claims_of(head: Head, tally: Tally) -> dict[str, Any]:
    """What the signer says of the run."""
    return {
        "role": head.role,
        "implementation": dict(head.implementation),
        "counts": {v.value: tally.count(v) for v in Verdict},
        "partial": tally.partial,
        "exit_code": tally.exit_code,
        "waivers": [w.as_json() for w in tally.waivers],
        "finished_at": time.time(),
    }


def write_evidence(
    out: Path, head: Head, tally: Tally, key: Ed25519PrivateKey, proformas: Mapping[str, str], repeat: str
) -> None:
    """``proformas``: file name → text of the ICS and of the IXIT without its secrets."""
    folder = Folder(out)
    for name, text in proformas.items():
        write_whole(out / name, text)
    write_whole(out / "verdicts.json", dumps(verdicts_json(head, tally)))
    write_whole(out / "junit.xml", junit(tally.kept, folder, repeat))
    write_whole(out / "report.html", report_html(head, tally, folder))
    write_manifest(out, claims_of(head, tally), key)
