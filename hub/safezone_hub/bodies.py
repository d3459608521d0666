"""Registry items as they were given, kept small: JSON bytes, the long ones compressed, in place of a tree of dicts.

A child's routes as lists of lists of numbers took more memory than everything else the hub knows of the child. Bodies
are read by people and exports, never by a rule (``registry`` compiles those their own view), so that reading one may
cost some microseconds.
"""

import sys
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

Body = dict[str, Any]
ItemKey = tuple[str, str]  # kind, id
Kept = tuple[str, bytes]  # zone, JSON or what zlib made of it

LONG_BYTES = 400
_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode


class Bodies:
    """Items by kind and id. What is given out is the reader's own: changing it changes nothing here."""

    def __init__(self) -> None:
        self._kept: dict[ItemKey, Kept] = {}

    def __contains__(self, key: ItemKey) -> bool:
        return key in self._kept

    def keep(self, body: Body) -> None:
        text = _encode(body)
        kind, zone = sys.intern(body["kind"]), sys.intern(body["zone"])
        self._kept[kind, body["id"]] = zone, zlib.compress(text, 1) if len(text) > LONG_BYTES else text

    def get(self, key: ItemKey) -> Body | None:
        kept = self._kept.get(key)
        return None if kept is None else opened(kept)

    def pop(self, key: ItemKey) -> Body | None:
        kept = self._kept.pop(key, None)
        return None if kept is None else opened(kept)

    def drop(self, zone: str) -> None:
        """Forget all of a zone's."""
        self._kept = {key: kept for key, kept in self._kept.items() if kept[0] != zone}

    def of(self, *, kind: str | None = None, zone: str | None = None) -> Iterator[Body]:
        """Those of a kind, of a zone, or both, in the order in which they came."""
        for (k, _), kept in self._kept.items():
            if (kind is None or k == kind) and (zone is None or kept[0] == zone):
                yield opened(kept)

    def held(self) -> dict[ItemKey, Kept]:
        """Everything as it stands now, for who reads beside the engine (``opened``) and asks later what changed."""
        return dict(self._kept)

    def as_held(self, key: ItemKey) -> Kept | None:
        return self._kept.get(key)


def opened(kept: Kept) -> Body:
    """The item."""
    text = kept[1]
    # JSON begins with a brace, what zlib makes with 0x78.
    body: Body = _decode(text if text[:1] == b"{" else zlib.decompress(text))
    return body
