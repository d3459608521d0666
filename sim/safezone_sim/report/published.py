"""Published figures of the real service, to stand beside the simulated ones. Nothing else is known here.

Source: figures that Seoul announced of the u-Seoul Safe Zone (pilot of 2009, equipment count of 2010, planned growth), as
handed down with the specification; the announcements themselves were not at hand to be checked.
No delivery, delay or false-notice rates of the real service are among them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """One published figure beside this run's."""

    ko: str
    en: str
    published: str
    simulated: str


def figures(summary: Mapping[str, Any], registry: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Figure]:
    """The comparison table."""
    schools = max(1, len(summary["schools"]))
    devices = [i for items in registry.values() for i in items if i.get("kind") == "device"]
    readers = sum(i["type"] == "reader" for i in devices)
    cameras = sum(i["type"] == "camera" for i in devices)
    points = sum(i.get("camera_points", 1) for i in devices if i["type"] == "camera")
    more = f" (카메라 {points}대 cameras)" if points != cameras else ""
    return [
        Figure("시범 어린이, 2009", "Children of the pilot, 2009", "396", f"{summary['children']}"),
        Figure("시범 학교, 2009", "Schools of the pilot, 2009", "2", f"{len(summary['schools'])}"),
        Figure("리더, 2010년 7개교", "Readers, 7 schools in 2010", f"500 (학교당 a school {500 / 7:.1f})",
               f"{readers} (학교당 a school {readers / schools:.1f})"),
        Figure("CCTV, 2010년 7개교", "CCTVs, 7 schools in 2010", f"59 (학교당 a school {59 / 7:.1f})",
               f"{cameras} (학교당 a school {cameras / schools:.1f}){more}"),
        Figure("이후 확대", "Growth afterwards", "25 → 578개교 schools", "–"),
    ]  # fmt: skip
