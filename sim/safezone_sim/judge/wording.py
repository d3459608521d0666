"""How the judge names times, places, samples and kinds of evidence, in Korean and in English."""

from typing import NamedTuple

from safezone_sim.judge.register import Zone
from safezone_sim.records import Fix, Press, Stay


class Text(NamedTuple):
    """The same sentence twice."""

    ko: str
    en: str


def joined(parts: list[Text], between: str = " ") -> Text:
    """Texts one after another."""
    return Text(between.join(p.ko for p in parts), between.join(p.en for p in parts))


def clock(t: float) -> str:
    """Seconds after midnight as HH:MM:SS."""
    whole = round(t)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def span(seconds: float) -> Text:
    """A length of time, rounded for reading."""
    if seconds < 90:
        return Text(f"{seconds:.0f}초", f"{seconds:.0f} s")
    if seconds < 5400:
        return Text(f"{seconds / 60:.0f}분", f"{seconds / 60:.0f} min")
    return Text(f"{seconds / 3600:.1f}시간", f"{seconds / 3600:.1f} h")


def place_name(zone: Zone | None, place: str | None) -> str:
    """A place's registered name, else its id."""
    if not place:
        return ""
    area = zone.areas.get(place) if zone else None
    return area.name if area and area.name else place


EVIDENCE = {
    "gate_pass_in": Text("출입구 안테나 바깥→안 순서 통과", "pass at the gate, outer then inner antenna"),
    "gate_pass_out": Text("출입구 안테나 안→바깥 순서 통과", "pass at the gate, inner then outer antenna"),
    "interior_sighting": Text("내부 리더 감지", "sighting by an interior reader"),
    "elsewhere_sighting": Text("다른 곳 리더 감지", "sighting elsewhere"),
    "phone_inside": Text("휴대전화 연속 위치가 장소 안", "successive phone fixes inside"),
    "phone_outside": Text("휴대전화 연속 위치가 장소 밖", "successive phone fixes outside"),
    "danger_fixes": Text("위험지역 안 연속 위치", "successive fixes inside the danger area"),
    "danger_stay": Text("위험지역 내부 리더 체류", "stay at a reader inside the danger area"),
    "deviation_fixes": Text("등록 경로 밖 위치", "fixes off every registered route"),
    "silence_after_fixes": Text("이동 중 위치 뒤의 침묵", "silence after a fix on the way"),
    "silence_past_home_by": Text("귀가 시각이 지나도록 감지 없음", "nothing seen past the time to be home"),
    "absence_by_deadline": Text(
        "마감까지 학교 감지 없음", "nothing placed the child in school by the deadline"
    ),
    "near_bell": Text("비상벨 가까이 태그 감지", "tag sighted near the bell"),
    "button": Text("버튼 신호", "the button's own signal"),
}

FAULTS = {
    "reader_offline": Text("리더 두절", "reader offline"),
    "tag_forgotten": Text("태그를 두고 나옴", "tag forgotten"),
    "phone_dead": Text("휴대전화 방전", "phone battery empty"),
}

_SIDES = {"outer": Text("바깥", "outer"), "inner": Text("안", "inner"), "single": Text("단일", "only")}
_SOURCES = {"gps": "GPS", "wifi": "Wi-Fi", "cell": "cell"}


def sample(thing: Stay | Fix | Press, zone: Zone | None) -> Text:
    """One sample: when, by what, and when it was known if that was noticeably later."""
    late = thing.known_at - thing.t if not isinstance(thing, Stay) else thing.known_at - thing.t_in
    after = Text("", "")
    if late >= 10:
        by = span(late)
        after = Text(f", {by.ko} 뒤 도착", f", arrived {by.en} later")
    if isinstance(thing, Stay):
        reader = zone.readers.get(thing.reader) if zone else None
        side = (
            _SIDES[reader.antennas.get(thing.antenna, ("single", 0.0, 0.0))[0]]
            if reader
            else _SIDES["single"]
        )
        where = place_name(zone, reader.area) if reader and reader.area else ""
        at = f"{thing.reader}" + (f"({where})" if where else "")
        return Text(
            f"{clock(thing.t_in)} 리더 {at} {side.ko} 안테나{after.ko}",
            f"{clock(thing.t_in)} reader {at}, {side.en} antenna{after.en}",
        )
    if isinstance(thing, Fix):
        what = f"{_SOURCES[thing.source]} ±{thing.accuracy_m:.0f} m"
        return Text(f"{clock(thing.t)} 위치 {what}{after.ko}", f"{clock(thing.t)} fix {what}{after.en}")
    return Text(
        f"{clock(thing.t)} 버튼({thing.device}){after.ko}",
        f"{clock(thing.t)} press ({thing.device}){after.en}",
    )
