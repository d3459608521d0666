"""``safezone map``."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from safezone_sim.map.commands import map_group


def run(*arguments: str) -> Result:
    return CliRunner(env={"SAFEZONE_MAP_DIR": None}).invoke(map_group, arguments)


def test_info_of_a_schematic_map_says_so() -> None:
    result = run("info", "7041138", "--radius", "300", "--source", "schematic")
    assert result.exit_code == 0, result.output
    assert "서울신도림초등학교" in result.output
    assert "약도" in result.output


@pytest.mark.realmap
def test_info_as_json_holds_the_figures(map_dir: Path) -> None:
    result = run("info", "7041138", "--radius", "1000", "--json", "--map-dir", str(map_dir))
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["kind"] == "real"
    assert facts["junctions"] == pytest.approx(780, rel=0.03)
    assert facts["reachable_share"] > 0.97
    assert facts["street_km"] > 90
    assert {
        "nodes",
        "edges",
        "components",
        "buildings",
        "features",
        "source",
        "sha256",
        "attribution",
    } <= set(facts)
    assert facts["radius_m"] == 1000


def test_draw_writes_the_picture(tmp_path: Path) -> None:
    out = tmp_path / "map.svg"
    result = run("draw", "7051141", "--radius", "300", "--source", "schematic", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "서울신학초등학교" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info", "9999999"], "school code '9999999': unknown"),
        (["info", "7041138", "--source", "/nowhere.pmtiles"], "no such file"),
        (["info", "7041138", "--map-dir", "/nowhere"], "map directory /nowhere"),
        (["info", "7041138", "--radius", "1"], "--radius"),
        (["draw", "7041138", "--source", "schematic", "--out", "map.gif"], "map.gif"),
        (["import", __file__, "--around", "126.8", "--out", "x.map"], "longitude,latitude"),
    ],
)
def test_errors_name_field_and_value(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    assert message in result.output


@pytest.mark.parametrize("command", ["info", "draw", "import"])
def test_help_is_korean_and_english(command: str) -> None:
    output = run(command, "--help").output
    assert "지도" in output
    assert "map" in output.lower()
