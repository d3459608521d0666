"""The words of an enrolment, Korean and English: messages, refusals, and the three texts of consent.

The consent texts say of each item what it is for, what is processed, how long it is kept, who receives it, and
what refusing means. Their version is a digest of the words: a case keeps the one that was consented to.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal, NamedTuple

from safezone_model.figures import law

from safezone_hub.enrolment.case import ChoiceName

Language = Literal["ko", "en"]

CONSENT_ITEMS: tuple[ChoiceName, ...] = ("collect", "notify_guardians", "provide_112")


class Words(NamedTuple):
    ko: str
    en: str


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One item of consent, in one language."""

    item: ChoiceName
    title: str
    purpose: str
    data: str
    period: str
    recipients: str
    refusal: str


_PERIODS = law()
_POSITIONS, _FACTS = (_PERIODS[key]["default"] for key in ("retention", "fact_records"))

_KO: dict[ChoiceName, tuple[str, str, str, str, str, str]] = {
    "collect": (
        "위치정보의 수집·이용",
        "등하교·귀가 확인과 위험 구역·경로 이탈의 감지, 긴급 호출 때 위치 확인",
        "어린이의 이름·학년·반·번호, 태그와 휴대전화의 위치와 감지 시각, 긴급 호출 기록",
        f"{_POSITIONS['ko']} 뒤 파기. 수집·이용·제공 사실의 기록은 {_FACTS['ko']} 보관",
        "학교와 이 구역의 안전 서비스 운영자. 이 동의만으로는 다른 곳에 제공하지 않음",
        "거부할 수 있다. 거부하면 이 서비스를 이용할 수 없으며 학교생활에 불이익은 없다.",
    ),
    "notify_guardians": (
        "보호자에게 알림",
        "등하교·귀가·학원 출입과 위험을 보호자에게 곧바로 알림",
        "어린이의 이름, 장소와 시각, 위험이 있을 때 위치",
        f"알림 내용은 7일, 알린 사실의 기록은 {_FACTS['ko']}",
        "학교에 등록된 그 어린이의 보호자(접근이 금지된 보호자는 제외)",
        "거부할 수 있다. 거부하면 일상 알림을 받지 못한다. 긴급구조 때의 통보는 법에 따른다.",
    ),
    "provide_112": (
        "112에 제공",
        "위험 구역 진입·경로 이탈·미등교처럼 긴급 호출이 없는 위험에 경찰이 대응",
        "어린이의 이름과 사진이 아닌 인적 사항, 현재 위치와 최근 경로, 가까운 카메라의 화면",
        f"사건이 끝날 때까지. 위치는 {_POSITIONS['ko']} 뒤 파기, 제공 사실의 기록은 {_FACTS['ko']}",
        "관할 경찰의 112 상황실. 제공할 때마다 보호자에게 곧바로 알림",
        "거부할 수 있다. 거부해도 어린이가 긴급 호출을 누르면 법에 따라 112와 119에 위치가 제공된다.",
    ),
}
_EN: dict[ChoiceName, tuple[str, str, str, str, str, str]] = {
    "collect": (
        "Collection and use of location information",
        "to confirm the way to school and home, to notice danger areas and leaving the route, to find the child in an "
        "emergency call",
        "the child's name, grade, class and number; positions and times of tag and phone; records of emergency calls",
        f"destroyed: {_POSITIONS['en']}; records that data were collected, used or provided: {_FACTS['en']}",
        "the school and the operator of this zone's safety service; nobody else by this consent alone",
        "You may refuse. Without it the service cannot be used; your child has no disadvantage at school.",
    ),
    "notify_guardians": (
        "Notices to guardians",
        "to tell guardians at once of arrivals and departures at school, home and academy, and of dangers",
        "the child's name, place and time; in a danger the position",
        f"contents of notices 7 days, the record that you were told {_FACTS['en']}",
        "the child's guardians as registered by the school, except one who is barred",
        "You may refuse. Then there are no everyday notices; in a rescue you are told as the law provides.",
    ),
    "provide_112": (
        "Provision to 112",
        "so that the police can act on a danger without an emergency call: a danger area, leaving the route, not arrived",
        "the child's name and particulars, no photograph; present position and recent path; pictures of nearby cameras",
        f"until the incident is closed; positions: {_POSITIONS['en']}; the record of provision: {_FACTS['en']}",
        "the 112 control room of the police in charge; you are told at once of every provision",
        "You may refuse. If your child calls for help, 112 and 119 get the position all the same, as the law provides.",
    ),
}


def consent_texts(lang: Language) -> list[ConsentText]:
    """The three texts in the order in which they are asked."""
    words = _KO if lang == "ko" else _EN
    return [ConsentText(item, *words[item]) for item in CONSENT_ITEMS]


TEXTS_VERSION = hashlib.sha256(repr((_KO, _EN)).encode()).hexdigest()[:12]


def pin_text(pin: str, minutes: int, lang: Language) -> str:
    """Without any name: telephones are left lying about. The Korean one fits a single SMS of 90 bytes."""
    if lang == "ko":
        return f"[안전구역] 인증번호 {pin} ({minutes}분). 신청하지 않았다면 학교에 알려 주세요."
    return f"[Safe Zone] Your number is {pin} ({minutes} min). If you did not ask for it, tell the school."


def code_text(code: str, lang: Language) -> str:
    """What the school prints on its letter to parents."""
    if lang == "ko":
        return f"등록 코드 {code} · 학부모 등록 화면에 이 코드와 자녀의 학년·반·번호·이름을 입력하세요."
    return f"Enrolment code {code} · enter it with your child's grade, class, number and name."


def written_form(
    child_name: str, guardian_name: str, choices: dict[ChoiceName, bool], day: str, lang: Language
) -> str:
    """The form that the guardian of a young child signs and the school keeps, as text to print."""
    ko = lang == "ko"
    title = (
        "개인위치정보 수집·이용·제공 동의서 (8세 이하 아동의 보호의무자)"
        if ko
        else "Written consent of the guardian of a child up to 8 years"
    )
    lines = [title, ""]
    labels = (
        ("목적", "항목", "기간", "받는 곳", "거부")
        if ko
        else ("Purpose", "Data", "Period", "Recipients", "Refusal")
    )
    yes, no = ("동의함", "동의하지 않음") if ko else ("I consent", "I do not consent")
    for text in consent_texts(lang):
        chosen = choices.get(text.item, False)
        lines += [f"{text.title}: [{'x' if chosen else ' '}] {yes}  [{' ' if chosen else 'x'}] {no}"]
        values = (text.purpose, text.data, text.period, text.recipients, text.refusal)
        lines += [f"  {label}: {value}" for label, value in zip(labels, values, strict=True)]
        lines.append("")
    if ko:
        lines += [
            f"어린이: {child_name}",
            f"보호의무자: {guardian_name} (서명)",
            f"날짜: {day}",
            f"문안: {TEXTS_VERSION}",
        ]
    else:
        lines += [
            f"Child: {child_name}",
            f"Guardian: {guardian_name} (signature)",
            f"Date: {day}",
            f"Text: {TEXTS_VERSION}",
        ]
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------- refusals

MISTYPED = Words("코드를 잘못 입력했다. 다시 확인한다.", "There is a slip in the code: look at it again.")
NO_CODE = Words(
    "쓸 수 없는 코드다. 기한이 지났을 수 있다. 학교에 묻는다.",
    "This code cannot be used; it may have expired. Ask the school.",
)
LOCKED = Words("여러 번 시도했다. 한 시간 뒤에 다시 한다.", "Too many tries: try again in an hour.")
NEEDS_CHILD = Words("자녀의 학년·반·번호·이름을 쓴다.", "Give your child's grade, class, number and name.")
UNSOUND = Words(
    "이름을 쓰고, 연락처는 전화번호나 전자우편 주소로 쓴다.",
    "Give a name, and as contact a telephone number or mail address.",
)
WRONG_PIN = Words("인증번호가 맞지 않다.", "This is not the number.")
PIN_OVER = Words(
    "인증번호를 더 쓸 수 없다. 처음부터 다시 한다. 번호가 오지 않았다면 적은 내용이 학교의 기록과 같은지 보고 학교에 묻는다.",
    "The number can no longer be used: begin again. If none came, see whether what you wrote is what the school has, and ask there.",
)
NOT_NOW = Words("지금은 이 단계가 아니다.", "This is not the step that comes next.")
OVER = Words("기한이 지났다. 처음부터 다시 한다.", "This has lapsed: begin again.")
NO_MORE = Words("더 진행할 수 없다. 학교에 묻는다.", "This cannot go on. Ask the school.")
THREE_CHOICES = Words(
    "세 항목 모두에 동의하거나 동의하지 않음을 고른다.", "Choose yes or no for each of the three items."
)
NEEDS_COLLECT = Words(
    "위치정보의 수집에 동의하지 않으면 알림과 112 제공도 할 수 없다.",
    "Without collection there can be neither notices nor provision to 112.",
)
BARRED = Words(
    "이 이름의 보호자는 이 어린이에 대한 접근이 금지되어 있다. 관리자가 확인해야 한다.",
    "A guardian of this name is barred from this child: the administrator must look into it.",
)
NOT_IN_PERSON = Words("방문 신청이 아니다.", "This is no application in person.")
