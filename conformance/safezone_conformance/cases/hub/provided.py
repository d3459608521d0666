"""9.14: guardians are told when somebody else gets the child's position."""

from safezone_conformance.case import case
from safezone_conformance.cases.hub._calls import operator
from safezone_conformance.hub_bench import Answer, HubBench
from safezone_conformance.town import WEEKDAYS, Item, Maker, Town

REASON = {"x-access-reason": "conformance test"}
ALWAYS = {
    "weekdays": list(WEEKDAYS),
    "arrive_by": "00:00",
    "not_arrived_after": "23:58",
    "closes_at": "23:59",
}
OPERATOR, TEACHER, OFFICE = "당직 o1", "담임 s1", "d112"  # as they are registered


def _people(m: Maker) -> list[Item]:
    return [
        operator(m, "o1"),
        m.other("staff", "s1", name=TEACHER, nature="simulated"),
        m.desk("office", "school"),
        m.guardian("h1", ["c1"]),
    ]


TOWN = Town(children=1, parts=("desk", "pole"), calendar=ALWAYS, extra=_people)
BEFORE = [("어린이 c1의 보호자 g1과 h1, 근무자 o1, 교직원 s1, 112 상황실과 학교의 창구. 지금은 학교가 여는 시간이다",
           "Guardians g1 and h1 of child c1, operator o1, staff s1, the 112 desk and the school's office; it is school hours")]  # fmt: skip


def _ask(t: HubBench, who: str, headers: dict[str, str] | None = None) -> Answer:
    return t.http("GET", f"/v1/children/{t.id('c1')}/position", who=t.login(who), headers=headers)


@case(
    "TC-HUB-PROV-01",
    ko="보호자 아닌 이가 어린이의 위치를 받으면 누가 받았는지 보호자에게 알린다",
    en="When somebody other than a guardian gets a child's position the guardians are told who got it",
    verifies=["HUB-PROV-001", "HUB-PROV-002", "HUB-PROV-004"],
    needs=["location", "tokens"],
    town=TOWN,
    rows={"desk": {"who": "operator/o1", "headers": REASON, "words": ("o1", "d112"), "names": (OPERATOR, OFFICE)},
          "school": {"who": "school/s1", "headers": {}, "words": ("s1",), "names": (TEACHER,)}},
    before=BEFORE,
    steps=[("c1의 휴대전화가 위치를 보낸다", "the phone of c1 sends its position"),
           ("보호자 g1이 위치를 묻는다", "guardian g1 asks for the position"),
           ("줄에 적힌 이(이유를 든 근무자, 또는 교직원)가 위치를 묻는다", "who the row names (the operator with a reason, or the staff) asks for it")],
    criteria=[("60초 안에 g1과 h1이 location_provided를 하나씩 받는다. g1 자신의 물음으로는 받지 않는다",
               "within 60 s g1 and h1 get one location_provided each, and none for the question of g1 itself"),
              ("한국어와 영어 문장에 받은 이의 id나 이름이 있다", "the text holds id or name of who got it, in Korean and in English"),
              ("상황실과 학교의 창구에는 가지 않는다", "it goes to neither desk nor school")],
)  # fmt: skip
def told_who_got_it(
    t: HubBench, who: str, headers: dict[str, str], words: tuple[str, ...], names: tuple[str, ...]
) -> None:
    t.accepted(t.located("p1", 400, 100, t.now() - 5))
    t.given(_ask(t, "guardian/g1").status == 200, "the guardian gets the position")
    asked = _ask(t, who, headers)
    t.given(asked.status == 200, f"{who} gets the position: {asked.status} {asked.body[:200]!r}")
    about = t.about("location_provided", "c1")
    accepted = [t.id(w) for w in words] + list(names)
    for guardian in ("g1", "h1"):
        notice = t.expect_notice("HUB-PROV-001", guardian, "location_provided", child="c1", since=asked)
        text = notice.data.get("text", {})
        said = all(any(word in str(text.get(lang, "")) for word in accepted) for lang in ("ko", "en"))
        t.check("HUB-PROV-002", said, f"who got it: one of {accepted}", text, seen=notice)
    t.expect_none("HUB-PROV-001", to="guardian/g1", type_="notice", after=0.0, where=about, limit=t.limit("location_provided"),
                  expected="one notice, and none for a guardian's own question")  # fmt: skip
    t.expect_none("HUB-PROV-004", type_="alert", after=0.0, where=about, limit=t.limit("location_provided"),
                  expected="no location_provided to a desk or school")  # fmt: skip


@case(
    "TC-HUB-PROV-02",
    ko="거절된 조회로는 location_provided가 나가지 않는다",
    en="A refused query makes no location_provided",
    verifies=["HUB-PROV-003"],
    needs=["location", "tokens"],
    town=TOWN,
    before=BEFORE,
    steps=[("근무자 o1이 이유를 들어 묻지만 알려진 위치가 없어 404를 받는다", "operator o1 asks with a reason while nothing is known, and gets 404"),
           ("c1의 휴대전화가 위치를 보낸다", "the phone of c1 sends its position"),
           ("근무자 o1이 이유 없이 위치를 물어 403을 받는다", "operator o1 asks without a reason and gets 403"),
           ("o1이 이유를 들어 다시 묻는다", "o1 asks again, with a reason")],
    criteria=[("보호자는 location_provided를 하나만, 뒤의 조회 뒤에 받는다", "the guardian gets one location_provided only, after the latter query")],
)  # fmt: skip
def refused_is_not_told(t: HubBench) -> None:
    nothing = _ask(t, "operator/o1", REASON)
    t.given(nothing.status == 404, f"nothing is known of a child that was never seen: {nothing.status}")
    t.accepted(t.located("p1", 400, 100, t.now() - 5))
    refused = _ask(t, "operator/o1")
    t.given(refused.status == 403, f"a query without reason is refused: {refused.status}")
    about = t.about("location_provided", "c1")
    t.expect_none("HUB-PROV-003", to="guardian/g1", type_="notice", after=0.0, where=about, limit=t.limit("location_provided"),
                  expected="no location_provided of a query that gave nothing")  # fmt: skip
    asked = _ask(t, "operator/o1", REASON)
    t.given(asked.status == 200, f"with a reason it is answered: {asked.status}")
    t.expect_notice("HUB-PROV-003", "g1", "location_provided", child="c1", since=asked)
