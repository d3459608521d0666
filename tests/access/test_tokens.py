"""Tokens: what is kept of them, when they are good, and that nobody finds one by trying."""

import re
import time

from safezone_hub.access import Token, TokenBook, new_token
from safezone_hub.access.principals import SERVICE

NOW = 1_772_000_000.0


def test_a_token_is_long_random_and_kept_as_a_digest_only() -> None:
    shown, token = new_token("guardian", "g1", "z1", [], NOW + 60)
    assert re.fullmatch(r"szt_[a-z0-9]{12}_[A-Za-z0-9_-]{43}", shown)
    secret = shown.split("_", 2)[2]
    row = token.as_row()
    assert row[0] == token.id and row[3] == "guardian/g1"
    assert all(secret.encode() not in (v if isinstance(v, bytes) else str(v).encode()) for v in row)
    assert new_token("guardian", "g1", "z1", [], NOW + 60)[0] != shown


def test_a_row_gives_the_token_back() -> None:
    _, token = new_token("operator", "o-1", "z1", ["getPosition", "getIncident"], NOW + 60)
    assert Token.from_row(token.as_row()) == token
    _, wide = new_token("admin", "root", "", [], NOW + 60)
    assert Token.from_row(wide.as_row()).holder().zone == ""


def test_book_finds_the_holder_only_by_the_whole_token_while_it_is_good() -> None:
    shown, token = new_token("guardian", "g1", "z1", ["getPosition"], NOW + 60)
    book = TokenBook("service", [token.as_row()])
    holder = book.find(shown, NOW)
    assert holder is not None
    assert (holder.name, holder.zone, holder.scopes) == ("guardian/g1", "z1", frozenset({"getPosition"}))
    other, _ = new_token("guardian", "g1", "z1", [], NOW + 60)
    swapped = f"szt_{token.id}_{other.split('_', 2)[2]}"
    for wrong in (
        "",
        "service2",
        shown[:-1],
        shown + "A",
        shown.upper(),
        swapped,
        other,
        f" {shown}",
        token.id,
    ):
        assert book.find(wrong, NOW) is None, wrong
    assert book.find(shown, NOW + 59.9) is not None
    assert book.find(shown, NOW + 60) is None


def test_revoked_token_is_refused_at_once_and_after_a_restart() -> None:
    shown, token = new_token("school", "s1", "z1", [], NOW + 60)
    book = TokenBook("service", [token.as_row()])
    holder = book.find(shown, NOW)
    gone = book.revoked(token.id)
    assert holder is not None and gone is not None
    assert book.find(shown, NOW) is not None, "not before its row is committed"
    book.put(gone)
    assert book.find(shown, NOW) is None and not book.is_valid(holder, NOW)
    assert TokenBook("service", [gone.as_row()]).find(shown, NOW) is None


def test_service_token_is_the_administrator_and_does_not_expire() -> None:
    book = TokenBook("a service token", [])
    assert book.find("a service token", NOW + 1e9) is SERVICE
    assert SERVICE.role == "admin" and book.is_valid(SERVICE, NOW + 1e9)


def test_dropped_holder_has_no_tokens_left() -> None:
    shown, token = new_token("guardian", "g1", "z1", [], NOW + 60)
    other, kept = new_token("guardian", "g2", "z1", [], NOW + 60)
    book = TokenBook("service", [token.as_row(), kept.as_row()])
    book.drop("guardian", "g1")
    assert book.find(shown, NOW) is None and book.find(other, NOW) is not None
    assert [t.id for t in book] == [kept.id]


def test_wrong_secret_takes_as_long_as_unknown_id() -> None:
    """Loose: medians within a factor of three; what must not be is an early return."""
    _, token = new_token("guardian", "g1", "z1", [], NOW + 60)
    book = TokenBook("service", [token.as_row()])
    wrong_secret = f"szt_{token.id}_{'A' * 43}"
    unknown = f"szt_{'a' * 12}_{'A' * 43}"

    def median_s(presented: str) -> float:
        times = []
        for _ in range(501):
            began = time.perf_counter()
            book.find(presented, NOW)
            times.append(time.perf_counter() - began)
        return sorted(times)[250]

    a, b = median_s(wrong_secret), median_s(unknown)
    assert max(a, b) < 3 * min(a, b)
