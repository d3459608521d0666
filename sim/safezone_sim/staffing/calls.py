"""The calls of a day, drawn from named streams: which, when, where, true or false, and how long they will take.

Durations are drawn with the call, not when it is served, so that one more operator changes who waits and nothing
else. False calls carry a mark: at ``times`` the stated false rate exactly the marks below it are kept, so that a
higher rate adds calls and moves none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
import numpy.typing as npt

from safezone_sim.staffing.plan import Staffing
from safezone_sim.streams import stream

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MINUTES = 1440
PRIORITY = {"emergency": 0, "danger": 1}


@dataclass(frozen=True)
class Demand:
    """What makes calls: how many children, phones and bells, where, and when in the day.

    ``profile`` (1440,) is the share of the day's calls in each minute; ``weights`` (points,) the share of the calls
    at each place that a patrol can be sent to.
    """

    counts: Mapping[str, float]  # children, phones, bells
    profile: FloatArray
    weights: FloatArray

    def scaled(self, factor: float) -> "Demand":
        """The same day with ``factor`` times as many children, phones and bells."""
        return Demand({k: v * factor for k, v in self.counts.items()}, self.profile, self.weights)


@dataclass(frozen=True)
class Calls:
    """Columns, one row a call, in order of arrival."""

    t: FloatArray  # seconds after the first midnight
    source: IntArray  # index into ``plan.calls``
    priority: IntArray  # 0 emergency, 1 danger
    genuine: BoolArray
    point: IntArray
    talk_s: FloatArray
    dispatched: BoolArray
    on_scene_s: FloatArray

    def __len__(self) -> int:
        return len(self.t)


def per_day(plan: Staffing, demand: Demand, *, times_false: float = 1.0) -> dict[str, tuple[float, float]]:
    """Expected (true, false) calls of one day by source."""
    return {
        rate.key: (
            demand.counts[rate.per] / 1000 * rate.true.value,
            demand.counts[rate.per] / 1000 * rate.false.value * times_false,
        )
        for rate in plan.calls
    }


def draw_calls(plan: Staffing, demand: Demand, seed: int, days: int, *, times_false: float = 1.0) -> Calls:
    """All calls of ``days`` days. Same seed and plan, same calls; see the module on ``times_false``."""
    parts: list[tuple[npt.NDArray[np.float64], ...]] = []
    for n, rate in enumerate(plan.calls):
        true, false = per_day(plan, demand)[rate.key]
        for genuine, expected in ((True, true), (False, false)):
            kind = "true" if genuine else "false"
            # False calls come in layers of one stated rate each; a part of the last layer is kept by its marks.
            layers = 1 if genuine else max(1, int(np.ceil(times_false)))
            for layer in range(layers):
                keep = 1.0 if genuine else min(1.0, times_false - layer)
                part = _draw(plan, demand, seed, days, rate.key, kind, layer, expected)
                kept = part[0] < keep
                sent = part[5] < (rate.dispatched_if_true if genuine else rate.dispatched_if_false)
                columns = (part[1], part[2], part[3], sent, part[4])
                size = int(kept.sum())
                parts.append(
                    (
                        *(np.asarray(c)[kept].astype(float) for c in columns),
                        np.full(size, float(n)),
                        np.full(size, float(PRIORITY[rate.priority])),
                        np.full(size, float(genuine)),
                    )
                )
    t, point, talk, sent, scene, source, priority, genuine_f = (
        np.concatenate([p[i] for p in parts]) for i in range(8)
    )
    order = np.argsort(t, kind="stable")
    return Calls(
        t[order],
        source[order].astype(np.int64),
        priority[order].astype(np.int64),
        genuine_f[order] > 0,
        point[order].astype(np.int64),
        talk[order],
        sent[order] > 0,
        scene[order],
    )


def _draw(
    plan: Staffing, demand: Demand, seed: int, days: int, source: str, kind: str, layer: int, expected: float
) -> Sequence[FloatArray]:
    """mark, t, point, talk_s, on_scene_s, sent: one row a call of one source and layer."""
    rng = stream(seed, "staffing", source, kind, layer)
    n = int(rng.poisson(expected * days))
    day = rng.integers(0, days, n)
    minute = rng.choice(MINUTES, n, p=demand.profile)
    t = day * 86_400.0 + (minute + rng.random(n)) * 60.0
    point = rng.choice(len(demand.weights), n, p=demand.weights)
    talk = plan.desk.talk_true_s if kind == "true" else plan.desk.talk_false_s
    scene = plan.patrols.on_scene_true_s if kind == "true" else plan.patrols.on_scene_false_s
    # Normal draws first, then scaled: a changed mean moves every call of the same draw in step.
    talk_s = lognormal(rng.standard_normal(n), talk.value, plan.desk.spread)
    scene_s = lognormal(rng.standard_normal(n), scene.value, plan.patrols.spread)
    return rng.random(n), t, point.astype(float), talk_s, scene_s, rng.random(n)


def lognormal(normal: FloatArray, mean: float, spread: float) -> FloatArray:
    """Standard normal draws to lognormal ones with this mean and coefficient of variation."""
    sigma2 = log(1 + spread * spread)
    return np.asarray(np.exp(log(mean) - sigma2 / 2 + sqrt(sigma2) * normal), float)
