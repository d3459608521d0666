"""Children with homes, tags, phones and guardians, from one row each."""

import pytest
from safezone_hub.items import read_item
from safezone_hub.mosquitto import Principal, password_of
from safezone_hub.registry import Registry

from tests.hub.hub_world import LAT, LON, ZONE, device
from tests.importing.school import LAT_LON, NOW, faults, of, read, registered

HEADER = "이름,학년,반,번호,집 위도,집 경도"
ROW = f"김하나,1,2,3,{LAT_LON}"


def test_a_row_becomes_a_child_with_all_that_belongs_to_it() -> None:
    parsed = read(
        f"""
        이름,학년,반,번호,집 위도,집 경도,집 반경,다니는 곳,귀가 시각,태그,휴대전화,보호자1 이름,보호자1 전화,보호자1 전자우편,보호자1 언어,보호자2 이름,보호자2 법정대리인
        김하나,1학년,2반,3번,{LAT_LON},40,academy,19:00,t-9,p-9,김엄마,010-0000-0001,mother@example.org,en,할머니,아니오
        """
    )
    assert parsed.rows == 1
    (child,) = of(parsed, "child")
    assert child == {
        "kind": "child", "id": "z1-c0001", "zone": ZONE, "name": "김하나", "grade": 1, "class": 2, "number": 3,
        "home": "home-z1-c0001", "places": ["academy"], "routes": [], "home_by": "19:00",
    }  # fmt: skip
    (home,) = of(parsed, "area")
    assert (home["id"], home["role"], home["radius_m"]) == ("home-z1-c0001", "home", 40)
    assert home["center"] == {"lat": LAT, "lon": LON}
    tag, phone = of(parsed, "device")
    assert (tag["type"], "key" in tag, phone["type"], "key" in phone) == ("tag", False, "phone", True)
    assert {(b["thing"], b["child"]) for b in of(parsed, "binding")} == {
        ("t-9", child["id"]),
        ("p-9", child["id"]),
    }
    mother, grandmother = of(parsed, "guardian")
    assert mother["contacts"] == [
        {"channel": "sms", "address": "010-0000-0001"},
        {"channel": "email", "address": "mother@example.org"},
    ]
    assert (mother["language"], mother["children"], "legal" in mother) == ("en", [child["id"]], False)
    assert (grandmother["legal"], "contacts" in grandmother) == (False, False)
    registry = Registry()
    for body in [*registered(), *parsed.items]:
        registry.put(body, read_item(body))
    assert registry.zone(ZONE).child_of("t-9", NOW) == registry.zone(ZONE).children[child["id"]]
    for credential in parsed.credentials:
        key = registry.key_of(credential.source)
        assert key is not None
        assert key.keyid == credential.keyid
        principal = Principal(*credential.source.split("/"), credential.secret)
        assert credential.password == password_of(principal)
    assert {c.id for c in parsed.credentials} == {"p-9", mother["id"], grandmother["id"]}
    assert credential.secret not in repr(parsed.credentials)


def test_the_same_file_gives_the_same_ids_and_fresh_keys() -> None:
    text = f"{HEADER},보호자1 이름\n{ROW},어머니"
    once, again = read(text), read(text)
    assert [i["id"] for i in once.items] == [i["id"] for i in again.items]
    assert once.credentials[0].secret != again.credentials[0].secret


def test_made_ids_keep_clear_of_the_registry_and_of_ids_in_the_file() -> None:
    parsed = read(
        f"""
        id,{HEADER}
        ,{ROW}
        z1-c0001,김둘,1,2,4,{LAT_LON}
        ,김셋,1,2,5,{LAT_LON}
        """
    )
    assert [c["id"] for c in of(parsed, "child")] == ["z1-c0002", "z1-c0001", "z1-c0003"]


def test_siblings_share_a_guardian_of_the_same_name_and_contact() -> None:
    parsed = read(
        f"""
        {HEADER},보호자1 이름,보호자1 전화,보호자1 전자우편
        김하나,1,2,3,{LAT_LON},김엄마,010-0000-0001,
        김두리,3,2,3,{LAT_LON},김엄마,+82-10-0000-0001,k@example.org
        김세나,4,2,3,{LAT_LON},김엄마,,K@example.org
        이하나,5,2,3,{LAT_LON},김엄마,010-0000-0002,
        박하나,6,2,3,{LAT_LON},김엄마,,
        """
    )
    children = [c["id"] for c in of(parsed, "child")]
    guardians = of(parsed, "guardian")
    # A name alone makes nobody the same person: a stranger's child must not come to a parent by it.
    assert [g["children"] for g in guardians] == [children[:3], children[3:4], children[4:]]
    assert [len(g.get("contacts", [])) for g in guardians] == [2, 1, 0]


def test_a_registered_guardian_gets_the_second_child_and_keeps_the_key() -> None:
    items = registered()
    for item in items:
        if item["id"] == "g-c1":
            item["contacts"] = [{"channel": "sms", "address": "010-0000-0009"}]
    by_contact = read(f"{HEADER},보호자1 이름,보호자1 전화\n{ROW},보호자,01000000009", items=items)
    by_id = read(f"{HEADER},보호자1 아이디\n{ROW},g-c1", items=items)
    for parsed in (by_contact, by_id):
        (guardian,) = of(parsed, "guardian")
        assert (guardian["id"], guardian["children"]) == ("g-c1", ["c1", "z1-c0001"])
        assert guardian["key"]["secret"] == "k" * 43
        assert parsed.credentials == []
    # The contact is what a parent proves identity by: no spreadsheet changes it on the way.
    changed = read(f"{HEADER},보호자1 아이디,보호자1 전화\n{ROW},g-c1,010-0000-0008", items=items)
    assert faults(changed) == [(2, "보호자1 전화")]


def test_a_tag_that_was_anothers_is_bound_from_now_on() -> None:
    items = registered()
    for item in items:
        if item["kind"] == "binding" and item["thing"] == "t-c1":
            item["until"] = "2026-02-28T00:00:00Z"
    text = f"{HEADER},tag\n{ROW},t-c1"
    (binding,) = of(read(text, items=items, now=NOW), "binding")
    assert binding["from"] == "2026-03-04T00:00:00.000Z"
    assert "device" not in {item["kind"] for item in read(text, items=items, now=NOW).items}
    assert faults(read(text, items=items)) == [(2, "tag")]


@pytest.mark.parametrize(
    ("columns", "row", "where"),
    [
        ("이름,학년,반,번호,집", "김,1,2,3,academy", (2, "집")),
        ("이름,학년,반,번호,집", "김,1,2,3,nowhere", (2, "집")),
        ("이름,학년,반,번호,집", "김,1,2,3,", (2, "집")),
        (f"{HEADER},집", f"{ROW},home", (2, "집")),
        (HEADER, f"김,1,2,3,{LAT},", (2, "집 경도")),
        (HEADER, "김,1,2,3,35.18,129.07", (2, "집 위도")),  # Busan
        (HEADER, f"김,1,2,3,{LON},{LAT}", (2, "집 위도")),
        (HEADER, f"김,7,2,3,{LAT_LON}", (2, "학년")),
        (HEADER, f"김,1,0,3,{LAT_LON}", (2, "반")),
        (HEADER, f"김,1,2,,{LAT_LON}", (2, "번호")),
        (HEADER, f",1,2,3,{LAT_LON}", (2, "이름")),
        (HEADER, f"김,3,1,1,{LAT_LON}", (2, "번호")),  # where c1 sits
        (f"{HEADER},id", f"{ROW},c1", (2, "id")),
        (f"{HEADER},id", f"{ROW},한글", (2, "id")),
        (f"{HEADER},다니는 곳", f"{ROW},academy;rail", (2, "다니는 곳")),
        (f"{HEADER},다니는 곳", f"{ROW},academy;academy", (2, "다니는 곳")),
        (f"{HEADER},귀가 시각", f"{ROW},25:00", (2, "귀가 시각")),
        (f"{HEADER},태그", f"{ROW},t-c1", (2, "태그")),  # bound to c1
        (f"{HEADER},태그", f"{ROW},cam", (2, "태그")),
        (f"{HEADER},태그,휴대전화", f"{ROW},x-1,x-1", (2, "휴대전화")),
        (f"{HEADER},보호자1 전화", f"{ROW},010-0000-0001", (2, "보호자1 이름")),
        (f"{HEADER},보호자1 이름,보호자1 전화", f"{ROW},김,10-0000-0001", (2, "보호자1 전화")),
        (f"{HEADER},보호자1 이름,보호자1 전화", f"{ROW},김,1000000001", (2, "보호자1 전화")),
        (f"{HEADER},보호자1 이름,보호자1 전자우편", f"{ROW},김,nobody", (2, "보호자1 전자우편")),
        (f"{HEADER},보호자1 아이디,보호자1 이름", f"{ROW},g-c1,다른 이름", (2, "보호자1 아이디")),
        (f"{HEADER},보호자1 아이디,보호자1 법정대리인", f"{ROW},g-c1,아니오", (2, "보호자1 법정대리인")),
        (f"{HEADER},보호자1 아이디", f"{ROW},nobody", (2, "보호자1 이름")),
        (f"{HEADER},보호자1 아이디,보호자2 아이디", f"{ROW},g-c1,g-c1", (2, "이름")),
        (f"{HEADER},접근 금지 보호자", f"{ROW},nobody", (2, "접근 금지 보호자")),
        (f"{HEADER},보호자1 아이디,접근 금지 보호자", f"{ROW},g-c1,g-c1", (2, "접근 금지 보호자")),
        (f"{HEADER},구분", f"{ROW},진짜", (2, "구분")),
    ],
)
def test_each_fault_is_named_where_it_stands(columns: str, row: str, where: tuple[int, str]) -> None:
    assert faults(read(f"{columns}\n{row}")) == [where]


def test_a_thing_or_guardian_of_another_zone_is_not_taken() -> None:
    far = {**device("t-far", "tag"), "zone": "z2"}
    guardian = {**next(i for i in registered() if i["id"] == "g-c1"), "id": "g-far", "zone": "z2"}
    parsed = read(
        f"{HEADER},태그,보호자1 아이디,보호자1 이름\n{ROW},t-far,g-far,김",
        items=registered(more=[far, guardian]),
    )
    assert faults(parsed) == [(2, "보호자1 아이디"), (2, "태그")]


def test_every_error_of_every_row_in_one_go_and_nothing_comes_out() -> None:
    parsed = read(
        f"""
        id,{HEADER},태그,보호자1 이름,보호자1 전화
        a,{ROW},t-8,김,010-0000-0001
        a,,1,2,3,{LAT_LON},t-8,김,000
        b,박,9,2,x,1,2,!,,010-0000-0002
        c,최하나,2,2,2,{LAT_LON},t-7,최,010-0000-0003
        """
    )
    assert set(faults(parsed)) == {
        (3, "id"), (3, "이름"), (3, "번호"), (3, "태그"), (3, "보호자1 전화"),
        (4, "학년"), (4, "번호"), (4, "집 위도"), (4, "태그"), (4, "보호자1 이름"),
    }  # fmt: skip
    assert [e.line for e in parsed.errors] == sorted(e.line for e in parsed.errors)
    assert all(e.remedy.ko and e.remedy.en for e in parsed.errors)


def test_the_zone_must_be_registered() -> None:
    parsed = read(f"{HEADER}\n{ROW}", items=[])
    assert "구역" in parsed.errors[0].remedy.ko
    assert parsed.items == []


def test_errors_show_little_of_a_person() -> None:
    parsed = read(f"{HEADER},보호자1 이름,보호자1 전자우편\n{ROW},김엄마,geheim.mutter.example.org")
    (error,) = parsed.errors
    assert error.value == "g…rg"
    assert error.as_problem() == {
        "line": 2, "field": "보호자1 전자우편", "value": "g…rg",
        "remedy": "전자우편 주소를 name@example.org처럼 쓴다. · use a mail address written as name@example.org",
    }  # fmt: skip
