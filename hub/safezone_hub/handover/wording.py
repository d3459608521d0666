"""What a hand-over says in words, Korean and English, and whom a service calls for."""

from collections.abc import Mapping
from typing import Any

from safezone_model import SERVICES

Text = dict[str, str]

# «{who}» is the child by name and grade, or «an unknown child».
_HAPPENED: dict[str, tuple[str, str]] = {
    "tag_call": ("{who}가 태그의 긴급호출 단추를 눌렀습니다.", "{who} pressed the call button of the tag."),
    "bell_call": (
        "비상벨이 눌렸습니다. 누른 사람은 알 수 없습니다.",
        "An emergency bell was pressed, by whom is unknown.",
    ),
    "phone_call_112": (
        "{who}가 휴대전화 단축번호로 112에 전화했습니다.",
        "{who} called 112 by the phone's speed dial.",
    ),
    "danger_entry": ("{who}가 위험지역에 들어갔습니다.", "{who} entered a danger area."),
    "route_deviation": ("{who}가 등록된 길을 벗어났습니다.", "{who} left the registered routes."),
    "tag_silent": (
        "{who}의 태그와 휴대전화 신호가 끊겼습니다.",
        "Nothing is heard any more of the tag and the phone of {who}.",
    ),
    "not_arrived": ("{who}의 등교가 확인되지 않았습니다.", "{who} has not been seen arriving at school."),
    "missing_report": ("{who}가 실종되었다는 신고가 들어왔습니다.", "{who} was reported missing."),
}
_MEDICAL = (" 의료 도움을 청하는 호출입니다.", " The call asks for medical help.")
_UNKNOWN_CHILD = ("신원을 모르는 어린이", "An unknown child")
_SOMEBODY = ("어린이", "A child")

STATES: dict[str, tuple[str, str]] = {
    "open": ("접수", "open"),
    "acknowledged": ("확인", "acknowledged"),
    "dispatched": ("출동", "dispatched"),
    "on_scene": ("현장 도착", "on scene"),
    "resolved": ("종결", "resolved"),
    "false_alarm": ("오인 신고", "false alarm"),
    "withdrawn": ("취소", "withdrawn"),
}
_NEAR: dict[str, tuple[str, str]] = {
    "bell": ("비상벨", "emergency bell"),
    "pole": ("전주", "pole"),
    "reader": ("리더기", "reader"),
    "camera": ("카메라", "camera"),
}
_BASIS: dict[str, tuple[str, str]] = {
    "phone": ("휴대전화 측위", "position fix of a phone"),
    "reader": ("리더기의 태그 감지", "tag seen by a reader"),
    "place": ("마지막으로 확인된 장소", "last known place"),
    "bell": ("비상벨의 설치 위치", "where the emergency bell stands"),
    "unknown": ("위치의 근거는 알 수 없음", "what the position rests on is not known"),
}
DRILL = (
    "훈련입니다({drill}). 실제로 출동하지 마십시오.",
    "THIS IS A DRILL ({drill}). Do not send anybody.",
)
HANDLING = (
    "어린이의 위치정보가 들어 있습니다. 이 사건의 대응에만 쓰고, 대응이 끝나면 지우며, 다른 곳에 넘기지 마십시오.",
    "Holds a child's location. Use it for this incident only, delete it when the response is over, pass it on to nobody.",
)
_INSTRUCTION = (
    "{callback}에 연락하고 현장으로 가 주십시오. 실제 위치가 표시한 점에서 {radius} m 안일 확률은 68 %입니다.",
    "Contact {callback} and go to the scene. The true position is within {radius} m of the point shown with 68 % probability.",
)
_INSTRUCTION_BLIND = (
    "{callback}에 연락해 주십시오. 정확한 위치를 모릅니다.",
    "Contact {callback}. The exact position is not known.",
)
_INSTRUCTION_CLOSED = (
    "상황이 끝났습니다. 이 사건으로 받은 어린이의 정보를 지워 주십시오.",
    "The incident is over. Delete what you were given of the child.",
)
_NEEDED = {
    "police": ("경찰(112)", "police (112)"),
    "fire": ("소방·구급(119)", "fire and ambulance service (119)"),
}


def both(pair: tuple[str, str], **values: object) -> Text:
    """A pair of words as ``{ko, en}``, filled."""
    return {
        lang: text.format(**values) if values else text for lang, text in zip(("ko", "en"), pair, strict=True)
    }


def needed(incident: Mapping[str, Any]) -> list[str]:
    """Whom the incident calls for: the police always, 119 when medical or when the desk or the policy decided so."""
    called = any(entry.get("action") == "call_119" for entry in incident.get("history", ()))
    fire = bool(incident.get("medical")) or incident.get("level") == "fire119" or called
    return ["police", "fire"] if fire else ["police"]


def needed_text(services: list[str]) -> Text:
    names = [_NEEDED[name] for name in services]
    return {"ko": ", ".join(ko for ko, _ in names), "en": ", ".join(en for _, en in names)}


def title(service: str) -> Text:
    known = SERVICES.get(service)
    return {"ko": known.title_ko, "en": known.title_en} if known else {"ko": service, "en": service}


def happened(service: str, name: str | None, grade: int | None, medical: bool, closed: bool) -> Text:
    """What happened, one sentence. A closing message names nobody."""
    if name is not None and grade is not None:
        who = (f"{name} 어린이({grade}학년)", f"{name} (grade {grade})")
    else:
        who = _SOMEBODY if closed else _UNKNOWN_CHILD
    words = _HAPPENED.get(service)
    if words is None:
        known = title(service)
        words = (f"{known['ko']}.", f"{known['en'].capitalize()}.")
    out = {}
    for i, lang in enumerate(("ko", "en")):
        # Not str.format on the whole: a name may hold braces.
        out[lang] = words[i].replace("{who}", who[i]) + (_MEDICAL[i] if medical else "")
    return out


def where(zone: str, road: str | None, near: Mapping[str, Any] | None, place: str | None) -> Text:
    """The place in words: zone, school or danger area, road, nearest bell or pole."""
    out = {}
    for i, lang in enumerate(("ko", "en")):
        parts = [zone] + [part for part in (place, road) if part]
        if near is not None:
            kind = _NEAR.get(str(near["kind"]), (str(near["kind"]),) * 2)[i]
            metres = round(float(near["distance_m"]))
            parts.append(
                f"{kind} {near['id']}에서 {metres} m"
                if lang == "ko"
                else f"{metres} m from {kind} {near['id']}"
            )
        out[lang] = ", ".join(parts)
    return out


def basis(name: str) -> Text:
    return both(_BASIS.get(name, _BASIS["unknown"]))


def instruction(callback: str, accuracy_m: float | None, closed: bool) -> Text:
    """What the receiver should do."""
    if closed:
        return both(_INSTRUCTION_CLOSED)
    if accuracy_m is None:
        pair, radius = _INSTRUCTION_BLIND, ""
    else:
        pair, radius = _INSTRUCTION, str(round(accuracy_m))
    return {
        lang: text.replace("{radius}", radius).replace("{callback}", callback)
        for lang, text in zip(("ko", "en"), pair, strict=True)
    }
