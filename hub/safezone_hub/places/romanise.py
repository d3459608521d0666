"""Korean road names in Latin letters: the Revised Romanization of 2000, and the road-name rules built on it.

Sounds are assimilated within a name («신림» is Sillim) and not across the hyphen before 대로, 로, 길 («종로» is
Jong-ro). Loanwords come out as they are pronounced: «올림픽» is Ollimpik.
"""

import re

_INITIALS = (
    "g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h",
)  # fmt: skip
_VOWELS = (
    "a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo",
    "u", "wo", "we", "wi", "yu", "eu", "ui", "i",
)  # fmt: skip
# A syllable's last consonant: as it ends a word, and what of it stays and what goes over to a vowel after it.
_FINALS = (
    ("", "", ""),  # none
    ("k", "", "g"),
    ("k", "", "kk"),
    ("k", "k", "s"),  # ㄳ
    ("n", "", "n"),
    ("n", "n", "j"),  # ㄵ
    ("n", "", "n"),  # ㄶ
    ("t", "", "d"),
    ("l", "", "r"),
    ("k", "l", "g"),  # ㄺ
    ("m", "l", "m"),  # ㄻ
    ("l", "l", "b"),  # ㄼ
    ("l", "l", "s"),  # ㄽ
    ("l", "l", "t"),  # ㄾ
    ("p", "l", "p"),  # ㄿ
    ("l", "", "r"),  # ㅀ
    ("m", "", "m"),
    ("p", "", "b"),
    ("p", "p", "s"),  # ㅄ
    ("t", "", "s"),
    ("t", "", "ss"),
    ("ng", "ng", ""),
    ("t", "", "j"),
    ("t", "", "ch"),
    ("k", "", "k"),
    ("t", "", "t"),
    ("p", "", "p"),
    ("t", "", ""),  # ㅎ
)
_BEFORE_NASAL = {"k": "ng", "t": "n", "p": "m"}
_FIRST, _LAST = "가", "힣"
_DIEUT, _TIEUT = 7, 25
_SILENT, _RIEUL, _I = 11, 5, 20
_ROAD = re.compile(
    r"^(?P<stem>.*?[^\d\s])\s*(?P<nth>\d*)(?P<kind>대로|로|길)\s*(?P<branch>\d+(?:[가-하](?=길))?)?(?P<lane>길|가)?$"
)
# Words for kinds of road that end like a road's name.
_NO_NAMES = ("간선도로", "고속도로", "순환도로", "산업도로", "진입도로", "전용도로", "자전거도로")
_KINDS = {"대로": "daero", "로": "ro", "길": "gil", "가": "ga"}


def romanise(name: str) -> str:
    """A road's name in Latin letters: «신도림로19길» gives «Sindorim-ro 19-gil». What is not Hangul stays."""
    name = name.strip()
    road = _ROAD.match(name)
    if road is None or name.endswith(_NO_NAMES) or _dangling(road):
        return " ".join(_word(word) for word in name.split())
    stem = " ".join(_word(word) for word in road["stem"].split())
    text = f"{stem} {road['nth']}-{_KINDS[road['kind']]}" if road["nth"] else f"{stem}-{_KINDS[road['kind']]}"
    if road["branch"]:
        text += f" {_letters(road['branch'])}-{_KINDS[road['lane']]}"
    return text


def _dangling(road: re.Match[str]) -> bool:
    """A number without 길 after it, or the other way round."""
    return (road["branch"] is None) != (road["lane"] is None)


def _word(word: str) -> str:
    text = _letters(word)
    return text[:1].upper() + text[1:]


def _letters(text: str) -> str:
    """Hangul as letters, in lower case, sounds assimilated; the rest as it is."""
    out = []
    carried: str | None = None  # the beginning of this syllable, as the one before it left it
    for at, char in enumerate(text):
        if not _FIRST <= char <= _LAST:
            out.append(char)
            carried = None
            continue
        initial, vowel, final = _split(char)
        begin = carried if carried is not None else _INITIALS[initial]
        after = text[at + 1] if at + 1 < len(text) else ""
        end, carried = _meet(final, _split(after)) if _FIRST <= after <= _LAST else (_FINALS[final][0], None)
        out.append(begin + _VOWELS[vowel] + end)
    return "".join(out)


def _split(char: str) -> tuple[int, int, int]:
    """Numbers of a syllable's initial, vowel and final."""
    code = ord(char) - ord(_FIRST)
    return code // 588, code % 588 // 28, code % 28


def _meet(final: int, after: tuple[int, int, int]) -> tuple[str, str | None]:
    """How a final sounds before the next syllable, and how that one begins; None if as it is written."""
    initial, vowel, _ = after
    sound, stays, goes = _FINALS[final]
    if not final:
        return "", None
    if initial == _SILENT:
        if final in (_DIEUT, _TIEUT) and vowel == _I:
            return "", "j" if final == _DIEUT else "ch"
        return stays, goes
    begin = _INITIALS[initial]
    if initial == _RIEUL:
        if sound in ("n", "l"):
            return "l", "l"
        return _BEFORE_NASAL.get(sound, sound), "n"
    if begin in ("n", "m"):
        if sound == "l" and begin == "n":
            return "l", "l"
        return _BEFORE_NASAL.get(sound, sound), None
    return sound, None
