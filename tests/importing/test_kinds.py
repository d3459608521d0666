"""Guardians, equipment, absences, units and people."""

import pytest
from safezone_hub.importing import KINDS, KnownIds, read_csv

from tests.hub.hub_world import LAT, ZONE, child
from tests.importing.school import LAT_LON, faults, of, read, registered


def test_guardians_by_id_and_by_seat() -> None:
    items = registered("c1", more=child("c2", number=2))
    parsed = read(
        """
        이름,자녀,전화,전자우편,법정대리인,언어,조용한 시각 시작,조용한 시각 끝
        아버지,c1;3-1-2,010-0000-0004,f@example.org,예,ko,22:00,7:00
        이모,3학년 1반 1번,,,아니오,,,
        """,
        "guardian", items,
    )  # fmt: skip
    father, aunt = of(parsed, "guardian")
    assert (father["children"], father["legal"]) == (["c1", "c2"], True)
    assert father["quiet"] == {"from": "22:00", "until": "07:00"}
    assert (aunt["children"], aunt["legal"], "quiet" in aunt) == (["c1"], False, False)
    assert [c.id for c in parsed.credentials] == [father["id"], aunt["id"]]


@pytest.mark.parametrize(
    ("columns", "row", "where"),
    [
        ("name,children", "김,nobody", "children"),
        ("name,children", "김,6-9-9", "children"),
        ("name,children", "김,c1;3-1-1", "children"),
        ("name,children", "김,;", "children"),
        ("name,children", "김,2003-01-01", "children"),  # what Excel makes of 3-1-1
        ("name,children,quiet_from", "김,c1,22:00", "quiet_until"),
        ("name,children,phone", "보호자,c1,010-0000-0009", "phone"),
        ("id,name,children", "g-barred,김,c1", "children"),
        ("name,children,language", "김,c1,fr", "language"),
    ],
)
def test_guardian_faults(columns: str, row: str, where: str) -> None:
    items = registered()
    for item in items:
        if item["id"] == "g-c1":
            item["contacts"] = [{"channel": "sms", "address": "010-0000-0009"}]
        if item["kind"] == "child":
            item["barred"] = ["g-barred"]
    parsed = read(f"{columns}\n{row}", "guardian", items)
    assert [column for _, column in faults(parsed)] in ([where], ["자녀"], ["조용한 시각 끝"])


def test_equipment() -> None:
    parsed = read(
        f"""
        아이디,종류,위도,경도,위치 구분,구역,안테나1 아이디,안테나1 쪽,안테나1 위도,안테나1 경도,안테나1 범위,안테나2 아이디,안테나2 쪽,안테나2 범위,누름 횟수,프리셋,시야각,가시거리,실시간 주소
        r-1,리더기,{LAT_LON},문,school,out,바깥,{LAT_LON},4,in,안쪽,4,,,,,
        b-1,비상벨,{LAT_LON},,,,,,,,,,,아니오,,,,
        k-1,카메라,{LAT_LON},,,,,,,,,,,,west:270;east:90,60,40,rtsp://camera.test/1
        p-1,휴대전화,,,,,,,,,,,,,,,,,
        t-1,태그,,,,,,,,,,,,,예,,,,
        """,
        "device",
    )
    devices = {d["id"]: d for d in of(parsed, "device")}
    assert [d["type"] for d in devices.values()] == ["reader", "bell", "camera", "phone", "tag"]
    assert devices["r-1"]["placement"]["area"] == "school"
    assert [(a["side"], a["lat"]) for a in devices["r-1"]["antennas"]] == [("outer", LAT), ("inner", LAT)]
    assert devices["b-1"]["press_counter"] is False
    assert devices["k-1"]["presets"] == [
        {"id": "west", "bearing_deg": 270},
        {"id": "east", "bearing_deg": 90},
    ]
    assert [c.source for c in parsed.credentials] == [f"{ZONE}/dev/{i}" for i in ("r-1", "b-1", "k-1", "p-1")]


@pytest.mark.parametrize(
    ("columns", "row", "where"),
    [
        ("id,type", "x,drone", "type"),
        ("id,type,lat,lon", f",bell,{LAT_LON}", "id"),
        ("id,type,lat,lon", f"cam,bell,{LAT_LON}", "id"),
        ("id,type", "x,bell", "위도"),
        ("id,type,lat,lon", f"x,bell,{LAT},", "lon"),
        ("id,type,lat,lon", f"x,tag,{LAT_LON}", "lat"),
        ("id,type,lat,lon", f"x,reader,{LAT_LON}", "안테나1 아이디"),
        ("id,type,lat,lon,position", f"x,bell,{LAT_LON},문", "구역"),
        ("id,type,lat,lon,area", f"x,bell,{LAT_LON},nowhere", "area"),
        ("id,type,lat,lon,antenna1_id,antenna1_side", f"x,reader,{LAT_LON},a,outer", "안테나1 범위"),
        ("id,type,lat,lon,antenna1_id,antenna1_side,antenna1_range_m", f"x,bell,{LAT_LON},a,outer,4", "antenna1_id"),
        ("id,type,lat,lon,presets", f"x,camera,{LAT_LON},west", "presets"),
        ("id,type,lat,lon,presets", f"x,camera,{LAT_LON},west:360", "presets"),
        ("id,type,lat,lon,fov_deg", f"x,bell,{LAT_LON},60", "fov_deg"),
        ("id,type,lat,lon,live_url", f"x,camera,{LAT_LON},file:///etc", "live_url"),
    ],
)  # fmt: skip
def test_equipment_faults(columns: str, row: str, where: str) -> None:
    assert faults(read(f"{columns}\n{row}", "device")) == [(2, where)]


def test_two_antennas_of_one_name_are_a_fault() -> None:
    columns = "id,type,lat,lon,antenna1_id,antenna1_side,antenna1_range_m,antenna2_id,antenna2_side,antenna2_range_m"
    assert faults(read(f"{columns}\nx,reader,{LAT_LON},a,outer,4,a,inner,4", "device")) == [
        (2, "antenna2_id")
    ]


def test_absences_of_one_day_and_of_several() -> None:
    parsed = read(
        """
        어린이,날짜,마지막 날,사유
        c1,2026-03-30,2026-04-01,가족 여행
        3-1-1,2026. 4. 2.,,
        c1,20260403,,
        """,
        "absence",
    )
    absences = of(parsed, "absence")
    assert [a["date"] for a in absences] == [
        "2026-03-30",
        "2026-03-31",
        "2026-04-01",
        "2026-04-02",
        "2026-04-03",
    ]
    assert {a["child"] for a in absences} == {"c1"}
    assert len({a["id"] for a in absences}) == 5
    again = read("child,date\nc1,2026-03-31", "absence", [*registered(), *absences])
    assert faults(again) == [(2, "date")]


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ("nobody,2026-03-04,", "child"),
        ("c1,3/4/2026,", "date"),
        ("c1,2026-02-30,", "date"),
        ("c1,46085,", "date"),
        ("c1,2026-03-04,2026-03-03", "until"),
        ("c1,2026-03-04,2027-03-04", "until"),
        ("c1,9999-12-31,", None),
    ],
)
def test_absence_faults(row: str, where: str | None) -> None:
    parsed = read(f"child,date,until\n{row}", "absence")
    assert faults(parsed) == [(2, where)] if where else of(parsed, "absence")


def test_a_day_twice_is_a_fault() -> None:
    parsed = read("child,date,until\nc1,2026-03-02,2026-03-04\n3-1-1,2026-03-04,", "absence")
    assert faults(parsed) == [(3, "date")]


def test_units_staff_and_operators() -> None:
    (unit,) = of(read(f"이름,종류,위도,경도,기관\n구로 1,순찰차,{LAT_LON},guro", "unit"), "unit")
    assert (unit["id"], unit["type"], unit["agency"]) == ("z1-u0001", "patrol", "guro")
    staff = of(read("이름,구분\n최교사,모의\n정교사,", "staff"), "staff")
    assert [(s["id"], s["nature"]) for s in staff] == [("z1-s0001", "simulated"), ("z1-s0002", "real")]
    (operator,) = of(read("이름,상황실,직급\n한요원,d112,책임자", "operator"), "operator")
    assert (operator["desk"], operator["rank"]) == ("d112", "supervisor")
    assert faults(read(f"name,type,lat,lon,agency\nx,drone,{LAT_LON},nobody", "unit")) == [
        (2, "type"),
        (2, "agency"),
    ]
    assert faults(read("name,type,lat,lon\nx,patrol,35.1,129.0", "unit")) == [(2, "lat")]
    assert faults(read("id,name\ns-far,x", "staff")) == [(2, "id")]  # taken in another zone
    assert faults(read("name,desk,rank\nx,nowhere,operator", "operator")) == [(2, "desk")]


@pytest.mark.parametrize("kind", KINDS)
def test_long_zone_names_leave_room_for_ids(kind: str) -> None:
    zone = "z" * 64
    items = [{**item, "zone": zone} for item in registered()]
    items[0] = {**items[0], "id": zone}
    rows = {
        "child": f"name,grade,class,number,home_lat,home_lon,tag,guardian1_name\nx,1,1,1,{LAT_LON},{'t' * 64},g",
        "guardian": "name,children\nx,c1",
        "device": f"id,type,lat,lon\n{'d' * 64},bell,{LAT_LON}",
        "absence": "child,date\nc1,2026-03-04",
        "unit": f"name,type,lat,lon\nx,patrol,{LAT_LON}",
        "staff": "name\nx",
        "operator": "name,desk,rank\nx,d112,operator",
    }
    parsed = read_csv(rows[kind].encode(), kind, zone, KnownIds.from_items(zone, items))
    assert of(parsed, kind)
    assert all(len(item["id"]) <= 64 for item in parsed.items)
