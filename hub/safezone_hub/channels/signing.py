"""The signature of a webhook: made here, and checked by receivers with ``verify``.

A receiver needs only the standard library: copy this file. It checks the signature over the bytes as
received, then drops what it has had before by ``Safezone-Id``.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping

ID, TIMESTAMP, SIGNATURE = "Safezone-Id", "Safezone-Timestamp", "Safezone-Signature"
TOLERANCE_S = 300.0


def signed_headers(secret: str | None, id_: str, at: float, body: bytes) -> dict[str, str]:
    """The headers of one try at ``at`` (seconds since 1970). Without a secret there is no signature.
    ValueError when the secret is not base64url."""
    headers = {ID: id_, TIMESTAMP: str(int(at))}
    if secret is not None:
        headers[SIGNATURE] = "v1=" + _digest(secret, id_, headers[TIMESTAMP], body)
    return headers


def verify(
    secret: str, headers: Mapping[str, str], body: bytes, now: float, tolerance_s: float = TOLERANCE_S
) -> bool:
    """Whether the body came from the hub that shares ``secret``, at most ``tolerance_s`` before or after
    ``now`` (seconds since 1970). ``headers`` in any spelling of their case. Compares in constant time.

    Several signatures may stand in the header, separated by commas, while a secret is being replaced.
    """
    given = {name.lower(): value for name, value in headers.items()}
    id_, timestamp = given.get(ID.lower(), ""), given.get(TIMESTAMP.lower(), "")
    if not id_ or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    if abs(now - int(timestamp)) > tolerance_s:
        return False
    try:
        expected = ("v1=" + _digest(secret, id_, timestamp, body)).encode()
    except ValueError:
        return False
    signatures = given.get(SIGNATURE.lower(), "").split(",")
    # No early end: how long it takes says nothing about which signature was near.
    matches = [hmac.compare_digest(signature.strip().encode(), expected) for signature in signatures]
    return any(matches)


def _digest(secret: str, id_: str, timestamp: str, body: bytes) -> str:
    try:
        key = base64.b64decode(secret + "=" * (-len(secret) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the secret is not base64url") from None
    return hmac.digest(key, f"{id_}.{timestamp}.".encode() + body, "sha256").hex()
