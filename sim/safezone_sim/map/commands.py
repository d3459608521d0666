"""``safezone map``: look at a map, draw it, import one. Korean first, English after."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click
import numpy as np

from safezone_sim.schools import School, SchoolError, find_school

from .draw import draw_map, save_picture
from .errors import MapError
from .loading import load_map
from .model import StreetMap
from .network import components, junction_nodes, reachable_share
from .osm import read_osm
from .portable import write_map


class _Position(click.ParamType[tuple[float, float]]):
    """LON,LAT in degrees."""

    name = "LON,LAT"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        if isinstance(value, tuple):
            return value
        try:
            lon, lat = (float(part) for part in str(value).split(","))
        except ValueError:
            self.fail(
                f"{value!r} is no position; give longitude,latitude in degrees, e.g. 126.883,37.512",
                param,
                ctx,
            )
        return lon, lat


map_dir_option = click.option(
    "--map-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="SAFEZONE_MAP_DIR",
    help="지도 자료 폴더 (기본: 환경 변수 SAFEZONE_MAP_DIR). Directory of map data.",
)
source_option = click.option(
    "--source",
    help="지도 원본: .pmtiles, .osm.pbf, 가져온 지도, {z}/{x}/{y} URL, 또는 schematic. "
    "Map source; without it: the map directory, then the public tiles, then a schematic map.",
)
radius_option = click.option(
    "--radius",
    type=click.FloatRange(50, 30_000),
    default=1000.0,
    show_default=True,
    help="학교에서 지도 끝까지 거리(m). Half side of the square map, metres.",
)


@click.group("map", short_help="지도 보기·그리기·가져오기 · Look at, draw or import maps")
def map_group() -> None:
    """학교 주변 지도: 보기, 그리기, 가져오기.

    Maps around a school: look, draw, import.
    """


def _school_map(
    code: str, radius: float, map_dir: Path | None, source: str | None
) -> tuple[School, StreetMap]:
    def progress(what: str, done: int, total: int) -> None:
        click.echo(f"\r{what} {done}/{total} ", nl=done == total, err=True)

    shown = progress if sys.stderr.isatty() else None
    try:
        school = find_school(code, map_dir)
        street_map = load_map(school.lon, school.lat, radius, map_dir=map_dir, source=source, progress=shown)
    except (MapError, SchoolError) as error:
        raise click.ClickException(str(error)) from error
    return school, street_map


def map_facts(street_map: StreetMap) -> dict[str, Any]:
    """The figures of a map, ready for JSON. ``reachable_share`` is of nodes, 0 to 1."""
    streets = street_map.streets
    label = components(streets)
    kinds = Counter(f.kind for f in street_map.features) + Counter(line.kind for line in street_map.lines)
    return {
        "kind": street_map.source.kind,
        "source": street_map.source.source,
        "sha256": street_map.source.sha256,
        "as_of": street_map.source.as_of,
        "attribution": street_map.source.attribution,
        "radius_m": street_map.radius_m,
        "nodes": len(streets.xy),
        "edges": len(streets.edge_from),
        "junctions": len(junction_nodes(streets)),
        "components": int(label.max()) + 1 if len(label) else 0,
        "reachable_share": round(reachable_share(streets), 4),
        "street_km": round(float(np.sum(streets.length_m)) / 1000, 3),
        "buildings": len(street_map.buildings),
        "features": dict(sorted(kinds.items())),
        "pois": len(street_map.pois),
        "crossings": len(street_map.crossings_xy),
        "crossings_synthetic": street_map.crossings_synthetic,
    }


@map_group.command("info")
@click.argument("code")
@radius_option
@map_dir_option
@source_option
@click.option("--json", "as_json", is_flag=True, help="기계가 읽는 형식. Print JSON.")
def info(code: str, radius: float, map_dir: Path | None, source: str | None, as_json: bool) -> None:
    """학교 CODE(나이스 코드) 주변 지도의 수치.

    Figures of the map around the school with NEIS code CODE.
    """
    school, street_map = _school_map(code, radius, map_dir, source)
    facts = map_facts(street_map)
    if as_json:
        click.echo(
            json.dumps({"school": school.code, "name": school.name, **facts}, ensure_ascii=False, indent=2)
        )
        return
    click.echo(f"{school.name} ({school.code}), {school.gu}")
    if facts["kind"] == "schematic":
        click.secho("약도: 실제 지도가 아닙니다 / schematic map: not the real streets", fg="yellow")
    for key, value in facts.items():
        text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        click.echo(f"  {key:<20} {text}")


@map_group.command("draw")
@click.argument("code")
@radius_option
@map_dir_option
@source_option
@click.option(
    "--width", type=click.IntRange(100, 8000), default=1200, show_default=True, help="그림 너비(px). Width."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="그림 파일 .svg 또는 .png. Picture file.",
)
def draw(code: str, radius: float, map_dir: Path | None, source: str | None, width: int, out: Path) -> None:
    """학교 CODE 주변 지도를 그림으로 저장.

    Draw the map around the school with NEIS code CODE.
    """
    school, street_map = _school_map(code, radius, map_dir, source)
    try:
        save_picture(draw_map(street_map, width_px=width, title=f"{school.name} {radius:.0f} m"), out)
    except MapError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{out} ({street_map.source.kind}) · {street_map.source.attribution}")


@map_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--around", type=_Position(), required=True, help="중심 위치. Centre, longitude,latitude in degrees."
)
@radius_option
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="저장할 지도 파일; 나중에 --source로 씁니다. Map file to write; give it to --source later.",
)
def import_map(file: Path, around: tuple[float, float], radius: float, out: Path) -> None:
    """오픈스트리트맵 FILE(.osm.pbf)에서 한 곳의 지도를 가져옴.

    Import one place out of an OpenStreetMap extract FILE (.osm.pbf). Needs safezone[osm].
    """
    try:
        street_map = read_osm(file, *around, radius)
        write_map(street_map, out)
    except (MapError, OSError) as error:
        raise click.ClickException(str(error)) from error
    streets = street_map.streets
    click.echo(
        f"{out}: {len(streets.xy)} nodes, {len(streets.edge_from)} edges · {street_map.source.attribution}"
    )
