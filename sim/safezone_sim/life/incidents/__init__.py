"""The day's incidents: one module a kind, found by its name. Each bends the plans before the clock starts.

To add a kind: a module here with ``play(script, incident, number)``, and the kind in ``scenario.Incident``.
"""

from importlib import import_module

from safezone_sim.life.script import Script

MODULES = {"bell_subscriber": "bell", "bell_stranger": "bell", "bell_prank": "bell"}

# Who needs a special child takes it first; whoever can do with any comes last.
ORDER = (
    "abduction",
    "danger_entry",
    "not_arrived",
    "tag_left_behind",
    "bell_subscriber",
    "tag_call",
    "phone_call_112",
    "bell_prank",
    "bell_stranger",
)


def play(script: Script) -> None:
    """Plays all incidents of this school into the script."""
    numbered = [(n, i) for n, i in enumerate(script.scenario.incidents) if i.school == script.world.zone]
    for n, incident in sorted(numbered, key=lambda pair: (ORDER.index(pair[1].kind), pair[0])):
        module = import_module(f"{__name__}.{MODULES.get(incident.kind, incident.kind)}")
        module.play(script, incident, n)


__all__ = ["play"]
