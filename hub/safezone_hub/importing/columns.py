"""The columns of each kind: names in both languages, what a cell may hold. The one place to add a column."""

from dataclasses import dataclass

from safezone_hub.importing import values
from safezone_hub.importing.faults import Text
from safezone_hub.importing.values import Parser

GUARDIANS_MAX = 3
ANTENNAS_MAX = 2

_NATURES = {"실제": "real", "모의": "simulated", "real": "real", "simulated": "simulated"}
_LANGUAGES = {"한국어": "ko", "영어": "en", "ko": "ko", "en": "en"}
_TYPES = {
    "리더기": "reader", "비상벨": "bell", "카메라": "camera", "휴대전화": "phone", "태그": "tag",
    "reader": "reader", "bell": "bell", "camera": "camera", "phone": "phone", "tag": "tag",
}  # fmt: skip
_POSITIONS = {
    "문": "gate",
    "실내": "interior",
    "거리": "pole",
    "gate": "gate",
    "interior": "interior",
    "pole": "pole",
}
_SIDES = {
    "바깥": "outer",
    "안쪽": "inner",
    "단일": "single",
    "outer": "outer",
    "inner": "inner",
    "single": "single",
}
_UNITS = {
    "순찰차": "patrol", "지구대": "police_box", "파출소": "police_box", "구급차": "ambulance",
    "patrol": "patrol", "police_box": "police_box", "ambulance": "ambulance",
}  # fmt: skip
_RANKS = {"상황요원": "operator", "책임자": "supervisor", "operator": "operator", "supervisor": "supervisor"}


@dataclass(frozen=True, slots=True)
class Column:
    """``name`` is the English header, ``ko`` the Korean one. ``personal`` values are shortened wherever shown."""

    name: str
    ko: str
    parse: Parser
    hint: Text
    required: bool = False
    personal: bool = False

    @property
    def keys(self) -> tuple[str, str]:
        """The header names as they are compared."""
        return header_key(self.name), header_key(self.ko)


def header_key(name: str) -> str:
    """Header names are the same whatever the case, spaces and marks."""
    return "".join(c for c in name.casefold() if c.isalnum())


def _id(ko: str = "비우면 만든다", en: str = "made if empty") -> Column:
    return Column("id", "아이디", values.identifier, Text(ko, en))


def _name(ko: str = "이름", hint_ko: str = "이름", hint_en: str = "name") -> Column:
    return Column("name", ko, values.text(100), Text(hint_ko, hint_en), required=True, personal=True)


def _nature() -> Column:
    return Column(
        "nature",
        "구분",
        values.choice(_NATURES),
        Text("실제 또는 모의(훈련용), 비우면 실제", "real or simulated; empty: real"),
    )


def _place(
    prefix: str = "", ko: str = "", *, required: bool = False, personal: bool = False
) -> tuple[Column, Column]:
    lat = Column(
        f"{prefix}lat",
        f"{ko}위도",
        values.latitude,
        Text("도(예: 37.5086)", "degrees, such as 37.5086"),
        required,
        personal,
    )
    lon = Column(
        f"{prefix}lon",
        f"{ko}경도",
        values.longitude,
        Text("도(예: 126.8913)", "degrees, such as 126.8913"),
        required,
        personal,
    )
    return lat, lon


def _contacts(prefix: str = "", ko: str = "") -> tuple[Column, Column]:
    return (
        Column(
            f"{prefix}phone", f"{ko}전화", values.phone, Text("010-0000-0000", "010-0000-0000"), personal=True
        ),
        Column(
            f"{prefix}email",
            f"{ko}전자우편",
            values.email,
            Text("name@example.org", "name@example.org"),
            personal=True,
        ),
    )


def _legal(prefix: str = "", ko: str = "") -> Column:
    return Column(
        f"{prefix}legal",
        f"{ko}법정대리인",
        values.yes_no,
        Text("예 또는 아니오, 비우면 예", "yes or no; empty: yes"),
    )


def _language(prefix: str = "", ko: str = "") -> Column:
    return Column(f"{prefix}language", f"{ko}언어", values.choice(_LANGUAGES), Text("ko 또는 en", "ko or en"))


def _guardian(n: int) -> tuple[Column, ...]:
    prefix, ko = f"guardian{n}_", f"보호자{n} "
    return (
        Column(
            f"{prefix}id",
            f"{ko}아이디",
            values.identifier,
            Text("이미 등록된 보호자면 그 아이디", "id of a guardian already registered"),
        ),
        Column(f"{prefix}name", f"{ko}이름", values.text(100), Text("이름", "name"), personal=True),
        *_contacts(prefix, ko),
        _legal(prefix, ko),
        _language(prefix, ko),
    )


_CHILD = (
    _id(),
    _name(),
    Column("grade", "학년", values.whole(1, 6, "학년"), Text("1~6", "1 to 6"), required=True),
    Column("class", "반", values.whole(1, 99, "반"), Text("반", "class"), required=True),
    Column("number", "번호", values.whole(1, 99, "번"), Text("번호", "number"), required=True),
    Column(
        "home", "집", values.identifier,
        Text("집 구역의 아이디, 또는 위도·경도", "id of the home area, or latitude and longitude"), personal=True,
    ),
    *_place("home_", "집 ", personal=True),
    Column("home_radius_m", "집 반경", values.decimal(10, 200), Text("미터, 비우면 50", "metres; empty: 50")),
    Column(
        "places", "다니는 곳", values.many(values.identifier),
        Text("학원·놀이터 구역의 아이디, ;로 나눈다", "ids of academies and playgrounds, divided by ;"), personal=True,
    ),
    Column("home_by", "귀가 시각", values.clock_time, Text("19:00", "19:00")),
    Column("tag", "태그", values.identifier, Text("태그의 아이디", "id of the tag")),
    Column("phone", "휴대전화", values.identifier, Text("어린이 휴대전화 단말의 아이디", "device id of the child's phone")),
    *(column for n in range(1, GUARDIANS_MAX + 1) for column in _guardian(n)),
    Column(
        "barred", "접근 금지 보호자", values.many(values.identifier),
        Text("아무것도 알려서는 안 되는 보호자의 아이디", "ids of guardians that must learn nothing"), personal=True,
    ),
    _nature(),
)  # fmt: skip

_GUARDIAN = (
    _id(),
    _name(),
    Column(
        "children", "자녀", values.child_references,
        Text("아이디 또는 학년-반-번호, ;로 나눈다", "ids or grade-class-number, divided by ;"), required=True, personal=True,
    ),
    *_contacts(),
    _legal(),
    _language(),
    Column("quiet_from", "조용한 시각 시작", values.clock_time, Text("22:00", "22:00")),
    Column("quiet_until", "조용한 시각 끝", values.clock_time, Text("07:00", "07:00")),
    _nature(),
)  # fmt: skip


def _antenna(n: int) -> tuple[Column, ...]:
    prefix, ko = f"antenna{n}_", f"안테나{n} "
    return (
        Column(f"{prefix}id", f"{ko}아이디", values.identifier, Text("안테나의 이름", "name of the antenna")),
        Column(
            f"{prefix}side",
            f"{ko}쪽",
            values.choice(_SIDES),
            Text("바깥, 안쪽, 단일", "outer, inner, single"),
        ),
        *_place(prefix, ko),
        Column(
            f"{prefix}range_m",
            f"{ko}범위",
            values.decimal(0.1, 200),
            Text("읽는 거리(미터)", "reading range, metres"),
        ),
    )


_DEVICE = (
    Column("id", "아이디", values.identifier, Text("장치의 아이디", "id of the device"), required=True),
    Column(
        "type", "종류", values.choice(_TYPES), Text("리더기, 비상벨, 카메라, 휴대전화, 태그", "reader, bell, camera, phone, tag"),
        required=True,
    ),
    *_place(),
    Column("position", "위치 구분", values.choice(_POSITIONS), Text("문, 실내, 거리", "gate, interior, pole")),
    Column("area", "구역", values.identifier, Text("문·실내 리더기가 속한 구역", "area a gate or interior reader belongs to")),
    *(column for n in range(1, ANTENNAS_MAX + 1) for column in _antenna(n)),
    Column(
        "press_counter", "누름 횟수", values.yes_no,
        Text("태그·비상벨이 누름을 세는지, 비우면 예", "whether a tag or bell counts presses; empty: yes"),
    ),
    Column("presets", "프리셋", values.many(values.preset), Text("west:270; east:90", "west:270; east:90")),
    Column("fov_deg", "시야각", values.decimal(1, 360), Text("도", "degrees")),
    Column("view_m", "가시거리", values.decimal(1, 1000), Text("미터", "metres")),
    Column("camera_points", "카메라 대수", values.whole(1, 99), Text("비우면 적지 않는다", "left out if empty")),
    Column("snapshot_url", "정지 화면 주소", values.url, Text("http, https, rtsp", "http, https, rtsp")),
    Column("live_url", "실시간 주소", values.url, Text("http, https, rtsp", "http, https, rtsp")),
    _nature(),
)  # fmt: skip

_ABSENCE = (
    Column(
        "child", "어린이", values.child_reference, Text("아이디 또는 학년-반-번호(예: 3-2-15)", "id, or grade-class-number as 3-2-15"),
        required=True, personal=True,
    ),
    Column("date", "날짜", values.day, Text("2026-03-04", "2026-03-04"), required=True),
    Column("until", "마지막 날", values.day, Text("여러 날이면 마지막 날", "last day, if several")),
    Column("reason", "사유", values.text(200), Text("200자 이하", "up to 200 characters"), personal=True),
)  # fmt: skip

_UNIT = (
    _id(),
    Column("name", "이름", values.text(100), Text("예: 구로 1", "such as Guro 1"), required=True),
    Column(
        "type",
        "종류",
        values.choice(_UNITS),
        Text("순찰차, 지구대, 구급차", "patrol, police_box, ambulance"),
        required=True,
    ),
    *_place(required=True),
    Column("agency", "기관", values.identifier, Text("기관의 아이디", "id of the agency")),
    _nature(),
)

_STAFF = (_id(), _name(), _nature())

_OPERATOR = (
    _id(),
    _name(),
    Column("desk", "상황실", values.identifier, Text("상황실의 아이디", "id of the desk"), required=True),
    Column(
        "rank",
        "직급",
        values.choice(_RANKS),
        Text("상황요원 또는 책임자", "operator or supervisor"),
        required=True,
    ),
    _nature(),
)

COLUMNS: dict[str, tuple[Column, ...]] = {
    "child": _CHILD,
    "guardian": _GUARDIAN,
    "device": _DEVICE,
    "absence": _ABSENCE,
    "unit": _UNIT,
    "staff": _STAFF,
    "operator": _OPERATOR,
}
KINDS = tuple(COLUMNS)
