"""The words a parent reads."""

from dataclasses import fields

import pytest
from safezone_hub.enrolment import CONSENT_ITEMS, consent_texts, words
from safezone_hub.enrolment.words import ConsentText, Words, code_text, pin_text
from safezone_hub.items import ConsentItems
from safezone_model.figures import law


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_each_item_of_consent_says_all_that_the_law_asks(lang: str) -> None:
    texts = consent_texts(lang)  # type: ignore[arg-type]
    assert tuple(t.item for t in texts) == CONSENT_ITEMS == tuple(ConsentItems.__struct_fields__)
    for text in texts:
        for field in fields(ConsentText):
            assert getattr(text, field.name).strip(), (text.item, field.name)
        assert law()["fact_records"]["default"][lang] in text.period  # type: ignore[index]
    assert law()["retention"]["default"][lang] in texts[0].period  # type: ignore[index]
    assert len({t.refusal for t in texts}) == 3


def test_a_pin_fits_one_sms_and_names_nobody() -> None:
    assert len(pin_text("123456", 10, "ko").encode("cp949")) <= 90
    assert len(pin_text("123456", 10, "en")) <= 160
    for lang in ("ko", "en"):
        assert "123456" in pin_text("123456", 10, lang)  # type: ignore[arg-type]
        assert "K7QM-42XP" in code_text("K7QM-42XP", lang)  # type: ignore[arg-type]


def test_every_refusal_is_in_both_languages() -> None:
    refusals = [value for value in vars(words).values() if isinstance(value, Words)]
    assert len(refusals) > 10
    for refusal in refusals:
        assert any("가" <= c <= "힣" for c in refusal.ko)
        assert not any("가" <= c <= "힣" for c in refusal.en)
