"""The sections on pictures, and the draft of the impact assessment."""

from collections.abc import Iterable

from safezone_model.figures import Text, text_of

from safezone_hub.privacy.document import Block, Heading, Paragraph, Table, both, joined
from safezone_hub.privacy.inventory import Inventory
from safezone_hub.privacy.values import InForce, PrivacyModel, number

_LEFT_OPEN = both("평가자가 적음", "left to the assessor")


def images(model: PrivacyModel, in_force: InForce) -> Iterable[Block]:
    yield Heading(2, both("영상(CCTV)의 의무", "Duties for pictures (CCTV)"))
    days = in_force.cctv_days
    yield Paragraph(
        both(
            "카메라 쪽의 보관 기간: " + (f"{number(days)}일" if days is not None else "허브에 알려지지 않음"),
            "Retention on the cameras' side: "
            + (f"{number(days)} days" if days is not None else "not known to the hub"),
        )
    )
    by = {"hub": both("허브", "hub"), "operator": both("운영자", "operator")}
    yield Table(
        (both("의무", "duty"), both("이 허브에서는", "on this hub"), both("맡은 쪽", "whose part")),
        tuple(
            (text_of(each["duty"]), text_of(each["hub"]), by[each["by"]]) for each in model.duties["images"]
        ),
    )


def assessment(model: PrivacyModel) -> Iterable[Block]:
    yield Heading(2, both("개인정보 영향평가 초안", "Draft of a privacy impact assessment"))
    yield Paragraph(
        both(
            "데이터 모델에서 만든 초안입니다. 위험의 크기와 남은 위험은 평가자가 판단하여 적습니다.",
            "A draft generated from the data model. How large a risk is, and what of it remains, is for the assessor to judge.",
        ),
        warning=True,
    )
    rows = tuple(
        (
            risk["id"],
            text_of(risk["threat"]),
            _affected(model.inventory, risk["affects"]),
            text_of(risk["control"]),
            text_of(risk["asks"]),
            _LEFT_OPEN,
        )
        for risk in model.risks
    )
    yield Table(
        (
            both("번호", "id"),
            both("위협", "threat"),
            both("해당 항목", "affected items"),
            both("지금의 대책", "existing control"),
            both("평가자에게 묻는 것", "asked of the assessor"),
            both("남은 위험", "residual risk"),
        ),
        rows,
    )


def _affected(inventory: Inventory, categories: Iterable[str]) -> Text:
    """Each category with the data that hold it."""
    texts = []
    for category in categories:
        names = ", ".join(name for name, entry in inventory.entries.items() if category in entry.members)
        word = inventory.word("categories", category)
        texts.append(both(f"{word.ko}: {names}", f"{word.en}: {names}"))
    return joined(texts, "; ")
