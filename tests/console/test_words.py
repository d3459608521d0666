"""The catalogue is complete: every message of the pages has its English, and none is left over."""

from safezone_console.language import words
from safezone_console.messages import found, held


def test_every_message_has_its_english_and_none_is_left_over() -> None:
    used = {text for text, _ in found()}
    assert len(used) > 300
    catalogue = {str(m.id): str(m.string) for m in held() if m.id}
    assert sorted(used - catalogue.keys()) == []
    assert sorted(catalogue.keys() - used) == []
    assert [text for text, english in catalogue.items() if not english.strip()] == []


def test_names_in_braces_are_those_of_the_korean() -> None:
    import re

    english = words("en").messages
    wrong = [
        k for k, v in english.items() if set(re.findall(r"{(\w+)}", k)) != set(re.findall(r"{(\w+)}", v))
    ]
    assert wrong == []


def test_unknown_language_is_korean() -> None:
    assert words("xx")("훈련 시작") == "훈련 시작"
    assert words("en")("훈련 시작") == "START"
