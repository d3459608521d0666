"""A stranger comes up to the lead and leads it off its route."""

from collections.abc import Generator
from typing import Any

from safezone_sim.drill.injects import stimulus
from safezone_sim.drill.masterlist import Line
from safezone_sim.drill.scene import Scene
from safezone_sim.life.crossings import polygon_stays


def play(scene: Scene, line: Line) -> Generator[Any, Any, None]:
    yield from scene.at_post()
    part, grounds = scene.stage.part, scene.life.day.grounds
    scene.in_trouble(scene.lead)
    scene.lead_away(part.then, part.then_mps)
    allowed = grounds.within(scene.lead, grounds.corridor_m(scene.lead))
    t, x, y, _ = scene.life.agents[scene.lead.index].track.between(scene.env.now, scene.env.now + 3600.0)
    off = polygon_stays(t, x, y, allowed, inside=False)
    yield scene.env.timeout(max(0.0, (off[0][0] if off else scene.env.now) - scene.env.now))
    if scene.lead.index in scene.safe:
        return
    text = ("아이가 등록된 길에서 벗어남", "the child is off its registered route")
    stimulus(scene, line, ("route_deviation", "tag_silent"), text, kind="off_route", person=scene.lead)
