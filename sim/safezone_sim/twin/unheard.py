"""No hub: messages are made and counted, and nobody hears them."""

import simpy

from safezone_sim.devices.network import Outgoing
from safezone_sim.twin.transcript import Transcript


class Unheard:
    """The network's ``Uplink`` of ``--hub none``."""

    confirms_at_once = True

    def __init__(self, env: simpy.Environment, transcript: Transcript) -> None:
        self._env = env
        self._transcript = transcript

    def deliver(self, message: Outgoing) -> None:
        """Writes the message to the transcript."""
        self._transcript.note_up(self._env.now, message.topic, message.payload)
