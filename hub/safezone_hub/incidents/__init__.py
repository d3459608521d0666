"""Incidents: opened by the rules, worked by people, pushed on by the policy, never lost.

``opening`` opens and links, ``cameras`` turns and releases, ``escalation`` is the clock, ``actions``
is what people do, ``public`` is how an incident looks from outside. All pure: state in, effects out.
"""

from safezone_hub.incidents.opening import open_incident

__all__ = ["open_incident"]
