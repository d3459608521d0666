"""Whatever happens to a file on its way: no crash, and never a part of it."""

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safezone_hub.importing import KINDS, KnownIds, Parsed, read_csv
from safezone_hub.items import read_item

from tests.hub.hub_world import ZONE
from tests.importing.school import LAT_LON, registered

KNOWN = KnownIds.from_items(ZONE, registered())
CHILDREN = 6
CHILD = (
    "이름,학년,반,번호,집 위도,집 경도,태그,보호자1 이름,보호자1 전화\r\n"
    + "".join(f'"김, {n}",1,2,{n},{LAT_LON},t-{n}0,보호자{n},010-0000-000{n}\r\n' for n in range(1, CHILDREN + 1))
)  # fmt: skip
FILES = {
    "child": CHILD,
    "guardian": "이름,자녀,전화\r\n아버지,c1,010-0000-0001\r\n어머니,3-1-1,010-0000-0002\r\n",
    "device": f"id,type,lat,lon\r\nb-1,bell,{LAT_LON}\r\nb-2,bell,{LAT_LON}\r\n",
    "absence": "child,date,until\r\nc1,2026-03-04,\r\nc1,2026-03-10,2026-03-12\r\n",
    "unit": f"name,type,lat,lon\r\n구로 1,patrol,{LAT_LON}\r\n",
    "staff": "이름\r\n최교사\r\n정교사\r\n",
    "operator": "name,desk,rank\r\n한요원,d112,operator\r\n",
}

# What goes wrong in real files, and then anything at all.
TYPICAL = [
    b"",
    b",",
    b'"',
    b"\n",
    b"\r",
    b"\x00",
    b"\xef\xbb\xbf",
    b"#",
    b";",
    b"\t",
    b"=",
    b"\xff",
    b"\xb1\xe8",
    b"-",
    b"0",
    b"\xe2\x80\xae",
]
edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 3), st.one_of(st.sampled_from(TYPICAL), st.binary(max_size=4))),
    min_size=1,
    max_size=4,
)


def corrupted(data: bytes, changes: Sequence[tuple[float, int, bytes]]) -> bytes:
    for place, removed, put in changes:
        at = int(place * len(data))
        data = data[:at] + put + data[at + removed :]
    return data


def check(parsed: Parsed) -> None:
    """All or nothing, and what comes out the registry would take."""
    assert bool(parsed.errors) != bool(parsed.items)
    if parsed.errors:
        assert parsed.credentials == []
        assert all(e.line >= 1 and e.remedy.ko and e.remedy.en for e in parsed.errors)
        return
    for item in parsed.items:
        read_item(item)
        assert item["zone"] == ZONE
    ids = [(item["kind"], item["id"]) for item in parsed.items]
    assert len(set(ids)) == len(ids)
    own = [item for item in parsed.items if item["kind"] == parsed.kind]
    assert len(own) == parsed.rows or (parsed.kind == "absence" and len(own) >= parsed.rows)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(KINDS), st.sampled_from(["utf-8", "utf-8-sig", "cp949"]), edits)
def test_a_corrupted_file_is_read_whole_or_not_at_all(
    kind: str, encoding: str, changes: list[tuple[float, int, bytes]]
) -> None:
    check(read_csv(corrupted(FILES[kind].encode(encoding), changes), kind, ZONE, KNOWN))


@settings(max_examples=400, deadline=None)
@given(edits)
def test_no_child_is_lost_in_silence(changes: list[tuple[float, int, bytes]]) -> None:
    """Bytes may be lost or added; as long as no whole line is, all children come in or an error tells."""
    parsed = read_csv(corrupted(CHILD.encode(), changes), "child", ZONE, KNOWN)
    check(parsed)
    if not parsed.errors:
        assert parsed.rows == CHILDREN


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(KINDS), st.binary(max_size=400))
def test_any_bytes_at_all(kind: str, data: bytes) -> None:
    check(read_csv(data, kind, ZONE, KNOWN))


def test_the_files_are_good_before_they_are_corrupted() -> None:
    for kind, text in FILES.items():
        parsed = read_csv(text.encode(), kind, ZONE, KNOWN)
        assert parsed.errors == [], kind
        check(parsed)
