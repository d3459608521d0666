"""What waits for the engine: emergencies before routine, questions between. Any thread puts, one takes."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from safezone_model import MESSAGES

Q = TypeVar("Q")
Arrival = tuple[str, bytes]

# The type of a message is found by its bytes, without reading it: a wrong guess costs order, nothing else.
_URGENT = tuple(
    f'"{name}"'.encode()
    for name, kind in MESSAGES.items()
    if kind.cls == "emergency" and kind.direction == "up"
)
_HEAD_BYTES = 512
QUESTIONS_MAX = 100
# Beyond so many the hub takes no routine message more: it gets no receipt, and its device sends it again, later and
# later. A longer queue would only hold what was repeated meanwhile. About a second of work on a small machine.
ROUTINE_MAX = 4000


class Inbox(Generic[Q]):
    """Three queues under one lock."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._urgent: deque[Arrival] = deque()
        self._routine: deque[Arrival] = deque()
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
            for arrival in arrivals:
                urgent = is_urgent(arrival[1])
                if urgent and may_overtake(arrival[0]):
                    self._urgent.append(arrival)
                elif not urgent and len(self._routine) >= ROUTINE_MAX and may_overtake(arrival[0]):
                    self.shed += 1
                else:
                    self._routine.append(arrival)
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
            messages += [self._routine.popleft() for _ in range(routine)]
            self._taken += routine
            questions = list(self._ahead)
            self._ahead.clear()
            while self._questions and self._questions[0][0] <= self._taken and len(questions) < QUESTIONS_MAX:
                questions.append(self._questions.popleft()[1])
            return messages, questions


def is_urgent(payload: bytes) -> bool:
    """Whether a message looks like an emergency."""
    head = payload[:_HEAD_BYTES]
    return any(name in head for name in _URGENT)
