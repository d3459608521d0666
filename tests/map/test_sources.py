"""Which source a map comes from, and what happens when it cannot be had."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from pmtiles.reader import MmapSource, Reader
from safezone_sim.map import MapError, StreetMap, load_map, loading
from safezone_sim.map.tiles import covering_tiles, fetch_tiles

SINDORIM = (126.8832546, 37.51198439)


@contextmanager
def tile_server(answer: Callable[[int, int, int], tuple[int, bytes]]) -> Iterator[tuple[str, list[str]]]:
    """A server on a free port; gives its URL template and the list of paths asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            z, x, y = (int(part) for part in self.path.strip("/").split("/"))
            status, body = answer(z, x, y)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{{z}}/{{x}}/{{y}}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def closed_url() -> str:
    """A URL where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/{{z}}/{{x}}/{{y}}"


@pytest.fixture
def no_public_tiles(monkeypatch: pytest.MonkeyPatch, closed_url: str) -> None:
    monkeypatch.setattr(loading, "map_catalogue", lambda: {"tiles": {"url": closed_url}, "known": []})


@pytest.mark.realmap
def test_tiles_by_url_give_the_same_streets_and_stay_when_the_server_is_gone(
    map_dir: Path, tmp_path: Path, real_map: Callable[[str, float], StreetMap]
) -> None:
    progress: list[tuple[str, int, int]] = []
    with next(map_dir.glob("*.pmtiles")).open("rb") as file:
        reader = Reader(MmapSource(file))
        with tile_server(lambda z, x, y: (200, reader.get(z, x, y) or b"")) as (url, asked):
            fetched = load_map(
                *SINDORIM,
                1000,
                map_dir=map_dir,
                source=url,
                cache_dir=tmp_path,
                progress=lambda what, done, total: progress.append((what, done, total)),
            )
            assert len(asked) == len(covering_tiles(*SINDORIM, 1000))
    assert ("tiles", len(asked), len(asked)) in progress
    expected = real_map("7041138", 1000)
    assert np.array_equal(fetched.streets.geom_xy, expected.streets.geom_xy)
    assert fetched.source.kind == "real"
    assert fetched.source.sha256 != expected.source.sha256
    again = load_map(*SINDORIM, 1000, map_dir=None, source=url, cache_dir=tmp_path)
    assert again.source.sha256 == fetched.source.sha256
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".mvt"]


def test_a_page_instead_of_a_tile_is_refused_and_not_cached(tmp_path: Path) -> None:
    with (
        tile_server(lambda *_: (200, b"<html>please log in</html>")) as (url, _),
        pytest.raises(MapError, match="no vector tile"),
    ):
        fetch_tiles(url, [(1, 1)], tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_server_error_is_not_cached_but_not_found_is(tmp_path: Path) -> None:
    with tile_server(lambda z, x, y: (404 if x == 1 else 500, b"")) as (url, _):
        with pytest.raises(MapError, match="500"):
            fetch_tiles(url, [(2, 1)], tmp_path)
        with pytest.raises(MapError, match="no tiles at the place"):
            fetch_tiles(url, [(1, 1)], tmp_path)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_a_named_url_that_does_not_answer_is_an_error(closed_url: str, tmp_path: Path) -> None:
    with pytest.raises(MapError, match="tile URL http"):
        load_map(*SINDORIM, 300, map_dir=None, source=closed_url, cache_dir=tmp_path)


@pytest.mark.usefixtures("no_public_tiles")
def test_without_any_source_the_map_is_schematic_and_says_why(tmp_path: Path) -> None:
    street_map = load_map(*SINDORIM, 300, map_dir=tmp_path, cache_dir=tmp_path)
    assert street_map.source.kind == "schematic"
    assert "tile URL http://127.0.0.1" in street_map.source.source
    assert "schematic" in street_map.source.attribution


@pytest.mark.realmap
@pytest.mark.usefixtures("no_public_tiles")
def test_a_place_outside_the_map_file_falls_back_and_names_what_the_file_covers(
    map_dir: Path, tmp_path: Path
) -> None:
    street_map = load_map(129.0756, 35.1796, 300, map_dir=map_dir, cache_dir=tmp_path)
    assert street_map.source.kind == "schematic"
    assert "it covers 126.716" in street_map.source.source
    with pytest.raises(MapError, match="it covers"):
        load_map(129.0756, 35.1796, 300, map_dir=None, source=str(next(map_dir.glob("*.pmtiles"))))


def test_a_broken_tile_is_named(tmp_path: Path) -> None:
    with (
        tile_server(lambda *_: (200, b"\x1a\x7fcut off")) as (url, _),
        pytest.raises(MapError, match=r"tile 14/\d+/\d+: not a vector tile"),
    ):
        load_map(*SINDORIM, 300, map_dir=None, source=url, cache_dir=tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"radius_m": 0}, "radius 0 m"),
        ({"radius_m": float("nan")}, "radius nan m"),
        ({"lon": 37.5, "lat": 126.9}, "longitude first"),
        ({"source": "/nowhere/map.pmtiles"}, "no such file"),
        ({"source": "https://example.org/tiles"}, "must hold {z}, {x} and {y}"),
        ({"map_dir": Path("/nowhere")}, "SAFEZONE_MAP_DIR"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, object], message: str) -> None:
    complete = {"lon": SINDORIM[0], "lat": SINDORIM[1], "radius_m": 300, "map_dir": None, **arguments}
    with pytest.raises(MapError, match=message):
        load_map(**complete)


def test_a_file_that_only_claims_to_be_pmtiles_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "map.pmtiles"
    path.write_bytes(b"PMTiles\x03" + b"\xff" * 200)
    with pytest.raises(MapError, match="not a readable PMTiles"):
        load_map(*SINDORIM, 300, map_dir=None, source=str(path))
