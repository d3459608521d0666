"""The lab's part: a nonce issued before a run, and a counter-signature after it. Together they make a certificate.

The nonce shows that the run was not made before it was asked for: every id and key in it is derived from the nonce. The
counter-signature shows that the lab worked out every verdict again. Neither is a certificate of TTA.
"""

import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safezone_conformance.evidence.keys import is_signed, public_text, sign
from safezone_conformance.evidence.manifest import CERTIFICATE, digest_of
from safezone_conformance.folder import dumps, write_whole

DAY_S = 86400.0


class NonceProblem(ValueError):
    """A nonce that cannot be used; the message says why."""


def _signed_part(content: Mapping[str, Any]) -> bytes:
    return dumps({k: v for k, v in content.items() if k != "signature"}).encode()


def issue_nonce(
    key: Ed25519PrivateKey, lab: str, vendor: str, days: float, now: float | None = None
) -> dict[str, Any]:
    """A signed nonce for one vendor, good for so many days."""
    moment = time.time() if now is None else now
    content: dict[str, Any] = {
        "nonce": secrets.token_hex(32), "issued_at": moment, "expires_at": moment + days * DAY_S, "lab": lab, "for": vendor,
        "key": public_text(key.public_key()),
    }  # fmt: skip
    return content | {"signature": sign(key, _signed_part(content))}


def read_nonce(path: Path) -> dict[str, Any]:
    """NonceProblem if it is none, or if its signature is not that of the key it names."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NonceProblem(f"{path}: cannot be read: {error}") from None
    problem = wrong_with_nonce(content)
    if problem:
        raise NonceProblem(f"{path}: {problem}")
    found: dict[str, Any] = content
    return found


def wrong_with_nonce(content: Any) -> str:
    """Why this is no nonce as a lab issues it, "" if it is one."""
    if not isinstance(content, dict) or not {
        "nonce",
        "issued_at",
        "expires_at",
        "lab",
        "for",
        "key",
        "signature",
    } <= set(content):
        return "not a nonce: made by safezone conform nonce"
    try:
        if len(bytes.fromhex(content["nonce"])) != 32:
            return "the nonce is not 32 bytes"
    except ValueError:
        return "the nonce is not hexadecimal"
    if not is_signed(content["key"], content["signature"], _signed_part(content)):
        return "the lab's signature does not fit: it was altered"
    return ""


def countersign(
    folder: Path, key: Ed25519PrivateKey, lab: str, findings: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the certificate: the lab's signature over the manifest and what it found. Checks nothing: see ``verify``."""
    from safezone_conformance.evidence.manifest import MANIFEST, SIGNATURE

    content: dict[str, Any] = {
        "kind": "certificate", "lab": lab, "signed_at": time.time(), "manifest_sha256": digest_of(folder / MANIFEST),
        "signature_sha256": digest_of(folder / SIGNATURE), "found": dict(findings), "key": public_text(key.public_key()),
    }  # fmt: skip
    content |= {"signature": sign(key, _signed_part(content))}
    write_whole(folder / CERTIFICATE, dumps(content))
    return content


def read_certificate(folder: Path) -> tuple[dict[str, Any] | None, str]:
    """The counter-signature beside a run, and what is wrong with it. (None, "") where there is none."""
    from safezone_conformance.evidence.manifest import MANIFEST, SIGNATURE

    path = folder / CERTIFICATE
    if not path.exists():
        return None, ""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not is_signed(content["key"], content["signature"], _signed_part(content)):
            return content, "the lab's signature does not fit the certificate"
        if content["manifest_sha256"] != digest_of(folder / MANIFEST) or content[
            "signature_sha256"
        ] != digest_of(folder / SIGNATURE):
            return content, "the certificate is of another manifest"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return None, f"the certificate cannot be read: {error!r}"
    return content, ""
