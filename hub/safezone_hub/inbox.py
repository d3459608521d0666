"""What waits for the engine: emergencies before routine, questions between. Any thread puts, one takes."""

import re
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from safezone_model import MESSAGES

Q = TypeVar("Q")
Arrival = tuple[str, bytes]

# The type of a message is found by its bytes, without reading it: a wrong guess costs order, nothing else.
_URGENT = re.compile(
    '"(?:{})"'.format(
        "|".join(
            re.escape(name)
            for name, kind in MESSAGES.items()
            if kind.cls == "emergency" and kind.direction == "up"
        )
    ).encode()
)
_HEAD_BYTES = 512
QUESTIONS_MAX = 100
# Beyond so many the hub takes no routine message more: it gets no receipt, and its device sends it again, later and
# later. A longer queue would only hold what was repeated meanwhile. About a second of work on a small machine.
ROUTINE_MAX = 4000
# From so many on, what waits already is not put a second time: the receipt of the first answers both.
REPEATS_MAX = 1000


class Inbox(Generic[Q]):
    """Three queues under one lock."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._urgent: deque[Arrival] = deque()
        self._routine: deque[Arrival] = deque()
        self._waiting: set[Arrival] = set()  # what is in ``_routine``
        self._questions: deque[tuple[int, Q]] = deque()  # after how many messages, the question
        self._ahead: deque[Q] = deque()
        self._put = self._taken = 0
        self._woken = False
        self.shed = 0  # routine messages not taken

    def __len__(self) -> int:
        return len(self._urgent) + len(self._routine) + len(self._questions) + len(self._ahead)

    def put_messages(self, arrivals: list[Arrival], may_overtake: Callable[[str], bool]) -> None:
        """Add in order; an emergency goes into the fast lane where ``may_overtake(topic)`` allows it.

        When too much waits, routine messages are not taken; never where the order of arrival counts.
        """
        with self._changed:
            routine, waiting = self._routine, self._waiting
            for arrival in arrivals:
                topic, payload = arrival
                if is_urgent(payload):
                    if may_overtake(topic):
                        self._urgent.append(arrival)
                        continue
                elif len(routine) >= REPEATS_MAX and (
                    (len(routine) >= ROUTINE_MAX or arrival in waiting) and may_overtake(topic)
                ):
                    self.shed += 1
                    continue
                routine.append(arrival)
                waiting.add(arrival)
                self._put += 1
            self._changed.notify()

    def put_question(self, question: Q, ahead: bool = False) -> None:
        """A question sees every message that arrived before it; ``ahead``: a person's, which waits for none."""
        with self._changed:
            if ahead:
                self._ahead.append(question)
            else:
                self._questions.append((self._put, question))
            self._changed.notify()

    def wake(self) -> None:
        """End the wait of ``take``."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def take(self, limit: int, patience_s: float) -> tuple[list[Arrival], list[Q]]:
        """Up to ``limit`` messages, the urgent first, and the questions asked meanwhile; waits for the first."""
        with self._changed:
            if not len(self) and not self._woken:
                self._changed.wait(patience_s)
            self._woken = False
            messages = [self._urgent.popleft() for _ in range(min(limit, len(self._urgent)))]
            routine = min(limit - len(messages), len(self._routine))
            taken = [self._routine.popleft() for _ in range(routine)]
            self._waiting.difference_update(taken)
            messages += taken
            self._taken += routine
            questions = list(self._ahead)
            self._ahead.clear()
            while self._questions and self._questions[0][0] <= self._taken and len(questions) < QUESTIONS_MAX:
                questions.append(self._questions.popleft()[1])
            return messages, questions


def is_urgent(payload: bytes) -> bool:
    """Whether a message looks like an emergency."""
    return _URGENT.search(payload, 0, _HEAD_BYTES) is not None
