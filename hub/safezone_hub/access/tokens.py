"""Bearer tokens: opaque, random, kept as a digest only. Scoped, expiring, revocable.

A token reads ``szt_<id>_<secret>``: the id finds its row and may be shown in lists and logs; the secret
(32 random bytes, base64url) is shown once, when the token is made, and is never stored. The book is a
copy in memory of the store's rows; whoever changes it writes the row first and takes it in after the commit.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from safezone_hub.access.principals import SERVICE, Principal

PREFIX = "szt"
_TOKEN = re.compile(rf"{PREFIX}_([a-z0-9]{{12}})_([A-Za-z0-9_-]{{43}})\Z")
_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_NOBODYS = hashlib.sha256(b"").digest()

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """One token without its secret. ``expires_at`` in seconds since 1970."""

    id: str
    digest: bytes
    role: str
    principal: str
    zone: str  # empty: every zone
    scopes: frozenset[str]  # empty: everything the role may do
    expires_at: float
    revoked: bool = False

    def as_row(self) -> Row:
        """The row of ``Batch.tokens``, where a principal is named ``role/id``."""
        scopes = msgspec.json.encode(sorted(self.scopes)).decode()
        return (
            self.id,
            self.digest,
            self.role,
            f"{self.role}/{self.principal}",
            self.zone,
            scopes,
            self.expires_at,
            int(self.revoked),
        )

    @classmethod
    def from_row(cls, row: Row) -> "Token":
        id_, digest, role, principal, zone, scopes, expires_at, revoked = row
        named = frozenset(msgspec.json.decode(scopes, type=list[str]))
        holder = principal.partition("/")[2]
        return cls(id_, bytes(digest), role, holder, zone, named, expires_at, bool(revoked))

    def is_valid(self, now: float) -> bool:
        return not self.revoked and now < self.expires_at

    def holder(self) -> Principal:
        return Principal(self.role, self.principal, self.zone, self.scopes, self.id, self.expires_at)


def new_token(
    role: str, principal: str, zone: str, scopes: Iterable[str], expires_at: float
) -> tuple[str, Token]:
    """A fresh token: what its holder keeps, and what the hub keeps."""
    id_ = "".join(secrets.choice(_ID_LETTERS) for _ in range(12))
    secret = secrets.token_urlsafe(32)
    token = Token(id_, _digest(secret), role, principal, zone, frozenset(scopes), expires_at)
    return f"{PREFIX}_{id_}_{secret}", token


class TokenBook:
    """Who a presented token is. Read from any thread: a change replaces one entry of a dict."""

    def __init__(self, service_token: str, rows: Iterable[Row] = ()) -> None:
        self._service = hashlib.sha256(service_token.encode()).digest()
        self._tokens = {token.id: token for token in map(Token.from_row, rows)}

    def find(self, presented: str, now: float) -> Principal | None:
        """The holder of a valid token, else None; takes as long for a wrong secret as for a wrong id."""
        if hmac.compare_digest(hashlib.sha256(presented.encode()).digest(), self._service):
            return SERVICE
        match = _TOKEN.match(presented)
        if match is None:
            return None
        token = self._tokens.get(match[1])
        same = hmac.compare_digest(_digest(match[2]), token.digest if token is not None else _NOBODYS)
        return token.holder() if token is not None and same and token.is_valid(now) else None

    def is_valid(self, principal: Principal, now: float) -> bool:
        """Whether a principal found earlier may still go on: for what lasts, as a stream does."""
        if principal.token is None:
            return True
        token = self._tokens.get(principal.token)
        return token is not None and token.is_valid(now)

    def get(self, id_: str) -> Token | None:
        return self._tokens.get(id_)

    def put(self, token: Token) -> None:
        """Take in a token whose row is committed."""
        self._tokens[token.id] = token

    def replace(self, tokens: Iterable[Token]) -> None:
        """All of them anew, as the store has them now."""
        self._tokens = {token.id: token for token in tokens}

    def token_of(self, presented: str) -> Token | None:
        """The token with the id that is presented, whatever its secret: to know where it belongs, not who holds it."""
        match = _TOKEN.match(presented)
        return self._tokens.get(match[1]) if match is not None else None

    def revoked(self, id_: str) -> Token | None:
        """The token as it will be when revoked; None if there is none."""
        token = self._tokens.get(id_)
        return replace(token, revoked=True) if token is not None else None

    def drop(self, role: str, principal: str) -> None:
        """Forget all tokens of somebody whose rows the store has destroyed."""
        for token in self.of(role, principal):
            self._tokens.pop(token.id, None)

    def of(self, role: str, principal: str) -> list[Token]:
        """A principal's tokens: to revoke them when the principal goes."""
        return [t for t in list(self._tokens.values()) if (t.role, t.principal) == (role, principal)]

    def __iter__(self) -> Iterator[Token]:
        """All tokens by id, revoked and expired ones too."""
        return iter(sorted(self._tokens.values(), key=lambda token: token.id))


def _digest(secret: str) -> bytes:
    # No salt and no slow hash: the secret has 256 random bits, there is nothing to guess.
    return hashlib.sha256(secret.encode()).digest()
