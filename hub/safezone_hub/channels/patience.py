"""How long to wait between tries, and when to stop."""

from dataclasses import dataclass

_EXPONENT_MAX = 64  # beyond it every factor has reached max_s, or never will


@dataclass(frozen=True, slots=True)
class Patience:
    """Waits grow from ``first_s`` by ``factor`` to ``max_s``; after ``give_up_after_s`` the job has failed."""

    first_s: float
    factor: float
    max_s: float
    give_up_after_s: float

    def wait_s(self, failures: int, chance: float) -> float:
        """Seconds before the next try after so many failures. ``chance`` in [0, 1) spreads it over the
        upper half, so that those who failed together do not come back together."""
        grown = self.first_s * self.factor ** min(max(failures - 1, 0), _EXPONENT_MAX)
        return min(grown, self.max_s) * (0.5 + 0.5 * chance)


URGENT = Patience(first_s=1.0, factor=1.5, max_s=15.0, give_up_after_s=86_400.0)
ROUTINE = Patience(first_s=5.0, factor=2.0, max_s=600.0, give_up_after_s=21_600.0)
