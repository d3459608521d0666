"""The boundary between living people and the equipment that senses them.

Life calls ``Senses`` at the simulated moment of the stimulus (``env.now`` equals it). It tells what
physically happens, before any fault: whether a read is missed, a tag was forgotten at home or a reader
is offline is the equipment's business.
"""

from typing import Protocol

from safezone_sim.world.model import Antenna, Device, Person


class Senses(Protocol):
    """What equipment can feel. Times are seconds after local midnight."""

    def tag_stay(self, person: Person, reader: Device, antenna: Antenna, t_in: float, t_out: float) -> None:
        """The person's tag enters an antenna's range now (``t_in``) and will leave it at ``t_out``.

        Not called while the tag is, by the day's script, elsewhere (thrown away, left behind).
        """

    def tag_pressed(self, person: Person, x: float, y: float, medical: bool) -> None:
        """The person presses the tag's own button here and now."""

    def bell_pressed(self, bell: Device, person: Person | None) -> None:
        """Somebody presses an emergency bell now."""

    def phone_dialled(self, person: Person) -> None:
        """The person's phone dials speed dial 1 now."""

    def phone_switched(self, person: Person, on: bool) -> None:
        """By the day's script the phone goes off (or on again) now."""


class Bodies(Protocol):
    """Where people truly are; answered by life for any moment up to the present and the current leg's end."""

    def position(self, person: Person, t: float) -> tuple[float, float]:
        """Metres (x, y) at time t."""

    def inside(self, person: Person, t: float) -> str:
        """Id of the place the person is inside, or "" on the way."""

    def moved_within(self, person: Person, t0: float, t1: float) -> bool:
        """True if the person walked at any moment between t0 and t1."""

    def next_motion(self, person: Person, t: float) -> float:
        """The next moment >= t known so far at which the person starts to walk; inf if none is known."""


class NoSenses:
    """Equipment that feels nothing: life alone."""

    def tag_stay(self, person: Person, reader: Device, antenna: Antenna, t_in: float, t_out: float) -> None:
        return

    def tag_pressed(self, person: Person, x: float, y: float, medical: bool) -> None:
        return

    def bell_pressed(self, bell: Device, person: Person | None) -> None:
        return

    def phone_dialled(self, person: Person) -> None:
        return

    def phone_switched(self, person: Person, on: bool) -> None:
        return
