"""School codes, pins, and their digests.

A school code is 7 random letters and a check letter, of 31 that are not taken for one another (no I, L, O, 0, 1):
written ``K7QM-42XP``. The check letter finds every single wrong letter and every two in each other's place without
asking the hub, so that a slip of the finger is told from a code that does not hold. Digests are HMAC-SHA256 under a
secret of the hub: 35 bits, or six digits, would be guessed from a plain hash in no time.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Callable

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 8
PIN_DIGITS = 6

Random = Callable[[int], bytes]


def random_code(random: Random) -> str:
    body = [_below(len(LETTERS), random) for _ in range(CODE_LENGTH - 1)]
    return "".join(LETTERS[n] for n in [*body, _check(body)])


def shown_code(code: str) -> str:
    return f"{code[:4]}-{code[4:]}"


def normal_code(typed: str) -> str | None:
    """The code's letters, however typed; None when the check letter says that there is a slip in it."""
    letters = [c for c in unicodedata.normalize("NFKC", typed).upper() if not c.isspace() and c not in "-‐–—"]
    if len(letters) != CODE_LENGTH or any(c not in LETTERS for c in letters):
        return None
    numbers = [LETTERS.index(c) for c in letters]
    return "".join(letters) if _check(numbers[:-1]) == numbers[-1] else None


def random_pin(random: Random) -> str:
    return f"{_below(10**PIN_DIGITS, random):0{PIN_DIGITS}d}"


def normal_pin(typed: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", typed) if not c.isspace())


def digest(pepper: bytes, purpose: str, *parts: str) -> str:
    """Keyed digest of something short. The parts are told apart by their lengths."""
    text = "".join(f"{len(part)}:{part}" for part in (purpose, *parts))
    return hmac.new(pepper, text.encode(), hashlib.sha256).hexdigest()


def _check(numbers: list[int]) -> int:
    # 31 is a prime: with the weights 1 to 7 no single change and no exchange of two adds up to nothing.
    return sum(weight * n for weight, n in enumerate(numbers, start=1)) % len(LETTERS)


def _below(limit: int, random: Random) -> int:
    """A random number below the limit, all equally likely."""
    span = 1 << 32
    while True:
        n = int.from_bytes(random(4), "big")
        if n < span - span % limit:
            return n % limit
