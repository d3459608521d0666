"""The signature a receiver checks."""

import hashlib
import hmac

import pytest
from safezone_hub.channels import signed_headers, verify

SECRET, BODY, AT = "c2VjcmV0LXNlY3JldC1zZWNyZXQ", b'{"a":1}', 1_779_148_800.4


def test_signature_is_what_the_document_says() -> None:
    headers = signed_headers(SECRET, "d-1", AT, BODY)
    expected = hmac.new(b"secret-secret-secret", b"d-1.1779148800." + BODY, hashlib.sha256).hexdigest()
    assert headers == {
        "Safezone-Id": "d-1",
        "Safezone-Timestamp": "1779148800",
        "Safezone-Signature": "v1=" + expected,
    }
    assert verify(SECRET, headers, BODY, AT)


def test_any_change_is_noticed() -> None:
    headers = signed_headers(SECRET, "d-1", AT, BODY)
    assert not verify(SECRET[:-1] + "A", headers, BODY, AT)
    assert not verify(SECRET, headers, BODY + b"\n", AT)
    assert not verify(SECRET, headers | {"Safezone-Id": "d-2"}, BODY, AT)
    assert not verify(SECRET, headers | {"Safezone-Timestamp": "1779148801"}, BODY, AT)
    assert not verify(SECRET, headers | {"Safezone-Signature": headers["Safezone-Signature"][3:]}, BODY, AT)
    for name in headers:
        assert not verify(SECRET, {k: v for k, v in headers.items() if k != name}, BODY, AT)


def test_case_of_headers_and_a_second_signature_do_not_matter() -> None:
    headers = signed_headers(SECRET, "d-1", AT, BODY)
    both = {name.lower(): value for name, value in headers.items()}
    both["safezone-signature"] = "v1=" + "0" * 64 + ", " + headers["Safezone-Signature"]
    assert verify(SECRET, both, BODY, AT)


@pytest.mark.parametrize(
    ("now", "good"), [(AT + 299, True), (AT + 302, False), (AT - 299, True), (AT - 302, False)]
)
def test_old_and_future_signatures_are_refused(now: float, good: bool) -> None:
    assert verify(SECRET, signed_headers(SECRET, "d-1", AT, BODY), BODY, now, 300) is good


@pytest.mark.parametrize("timestamp", ["", "soon", "1e9", "-1", "٣٤", "9" * 400])
def test_strange_timestamps_are_refused(timestamp: str) -> None:
    headers = signed_headers(SECRET, "d-1", AT, BODY) | {"Safezone-Timestamp": timestamp}
    assert not verify(SECRET, headers, BODY, AT)


def test_without_secret_there_is_no_signature_and_nothing_to_verify() -> None:
    headers = signed_headers(None, "d-1", AT, BODY)
    assert "Safezone-Signature" not in headers
    assert not verify(SECRET, headers, BODY, AT)
    with pytest.raises(ValueError, match="base64url"):
        signed_headers("no base64 !", "d-1", AT, BODY)
