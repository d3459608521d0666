"""Before a run: the clock of the system under test, measured by the receipts it sends. Also the first proof of life."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from safezone_conformance.case import Case
from safezone_conformance.hub_bench import Down, HubBench
from safezone_conformance.town import Town
from safezone_conformance.wire import iso, unix

SAMPLES = 7
WAIT_S = 20.0


@dataclass(frozen=True)
class ClockReading:
    """``offset_s``: clock of the system minus the tester's, ``uncertain_s``: half the round trip it was measured with."""

    offset_s: float
    uncertain_s: float


class NoReceipt(Exception):
    """The system gave no receipt for a plain bell.pressed: nothing else can be tested."""


def read_clock(t: HubBench) -> ClockReading:
    """From the envelope's time of receipts, each between our sending and our receiving. NoReceipt."""
    readings = []
    for press in range(1, SAMPLES + 1):
        now = t.now()
        message = t.bell_pressed("bell", press, now)  # an emergency: its receipt goes alone and at once
        row = t.receipt(message, WAIT_S)
        if row is None:
            raise NoReceipt(
                f"no receipt for a bell.pressed within {WAIT_S:.0f} s; sent at {iso(now)}: {json.dumps(dict(message.envelope))}"
            )
        receipt = next(s for s in t.arrived if isinstance(s, Down) and t._entry_of(s, message) is not None)
        middle = t.line.began_at + (message.t + receipt.t) / 2
        readings.append((unix(str(receipt.envelope["time"])) - middle, (receipt.t - message.t) / 2))
    return ClockReading(median(o for o, _ in readings), min(u for _, u in readings))


def clock_case(procedure: Callable[..., object]) -> Case:
    """The pseudo-case under which the measurement is made: one bell in a zone of its own."""
    from safezone_model import Text

    title = Text("시계 재기", "reading the clock")
    return Case(
        "TC-HUB-CLOCK-00",
        "",
        "hub",
        title,
        (),
        (),
        (),
        (),
        (),
        Town(children=0, parts=("bell",)),
        True,
        False,
        0.0,
        procedure,
    )
