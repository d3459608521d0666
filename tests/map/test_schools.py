"""Finding a school by its NEIS code."""

from pathlib import Path

import pytest
from safezone_sim.catalogue import scenarios_dir
from safezone_sim.schools import SchoolError, all_schools, find_school


def test_the_pilot_schools_are_known_without_any_data() -> None:
    school = find_school("7041138", None)
    assert (school.name, school.gu, school.pupils) == ("서울신도림초등학교", "구로구", 1175)
    assert (school.lon, school.lat) == (126.8832546, 37.51198439)
    assert find_school("7051141", None).pupils == 374


def test_the_catalogue_lies_with_the_scenarios() -> None:
    assert (scenarios_dir() / "maps.toml").is_file()


def test_an_unknown_code_is_named_with_the_remedy() -> None:
    with pytest.raises(SchoolError, match=r"'1234567': unknown; set SAFEZONE_MAP_DIR .* 7041138, 7051141"):
        find_school("1234567", None)


def test_a_school_without_pupil_count_has_none_and_the_file_wins(tmp_path: Path) -> None:
    (tmp_path / "schools-seoul.csv").write_text(
        "neis_code,name,gu,lon,lat,foundation,pupils_2024,classes_2024\n"
        "7041138,새 이름,구로구,126.9,37.5,PUBLIC,,\n",
        encoding="utf-8",
    )
    assert find_school("7041138", tmp_path).name == "새 이름"
    assert find_school("7041138", tmp_path).pupils is None
    assert find_school("7051141", tmp_path).name == "서울신학초등학교"


def test_a_broken_list_names_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "schools-seoul.csv").write_text("neis_code,name,gu,lon,lat,pupils_2024\n1,a,b,east,37,5\n")
    with pytest.raises(SchoolError, match=r"schools-seoul\.csv, line 2"):
        all_schools(tmp_path)


@pytest.mark.realmap
def test_the_official_list_holds_all_schools_of_seoul(map_dir: Path) -> None:
    schools = all_schools(map_dir)
    assert len(schools) == 597
    assert sum(school.pupils is None for school in schools) == 2
    assert len({school.gu for school in schools}) == 25
    assert [school.code for school in schools] == sorted(school.code for school in schools)
    assert find_school("7041138", map_dir) == find_school("7041138", None)
