"""17.2: the headers of a webhook's POST, checked by the suite's own code."""

import hmac
import re

from safezone_conformance.hub_bench import Hooked, HubBench
from safezone_conformance.identity import raw_key

TOLERANCE_S = 300.0


def wrong_with(t: HubBench, post: Hooked, secret: str) -> str:
    """What is wrong with identity, time or signature of a POST; "" if nothing is."""
    id_, at = post.headers.get("safezone-id", ""), post.headers.get("safezone-timestamp", "")
    if not id_:
        return "no Safezone-Id"
    if re.fullmatch(r"[0-9]{1,12}", at) is None or abs(int(at) - t.unix(post.t)) > TOLERANCE_S:
        return f"Safezone-Timestamp {at!r} is not the time of this try"
    digest = hmac.digest(raw_key({"secret": secret}), f"{id_}.{at}.".encode() + post.body, "sha256").hex()
    given = [each.strip() for each in post.headers.get("safezone-signature", "").split(",")]
    return "" if f"v1={digest}" in given else f"Safezone-Signature {given} is not that of these bytes"
