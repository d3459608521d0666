"""What observers write down of a drill, while it runs and long afterwards: notes, ratings of objectives, items to improve."""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from safezone_sim.drill.refusals import Invalid, Unknown
from safezone_sim.drill.timeline import Timeline
from safezone_sim.drill.words import RATINGS


@dataclass(frozen=True)
class Papers:
    """Where it is written. ``now``: the drill's time, seconds after midnight; ``at`` turns it into RFC 3339; ``save`` keeps it."""

    objectives: Collection[str]
    notes: list[dict[str, Any]]
    ratings: dict[str, dict[str, Any]]
    improvements: list[dict[str, Any]]
    timeline: Timeline
    now: Callable[[], float]
    at: Callable[[float], str]
    save: Callable[[], None]


class Evaluation:
    """Of one drill. Everything is kept at once. From any thread, one thing after the other."""

    def __init__(self, papers: Papers) -> None:
        self._papers = papers
        self._lock = threading.Lock()

    def add_note(self, text: str, by: str) -> dict[str, Any]:
        """An observer's note."""
        with self._lock:
            papers, now = self._papers, self._papers.now()
            note = {
                "n": _next(papers.notes),
                "t": round(now, 1),
                "at": papers.at(now),
                "text": text,
                "by": by,
            }
            papers.notes.append(note)
            papers.timeline.add(now, "note", (text, text), data={"by": by})
            papers.save()
        return note

    def rate(self, objective: str, rating: str | None, evidence: str) -> dict[str, Any]:
        """Rates an objective; neither rating nor evidence takes it back. Unknown, Invalid."""
        if objective not in self._papers.objectives:
            raise Unknown(objective)
        if rating is not None and rating not in tuple(RATINGS):  # it may be anything that JSON has
            raise Invalid("rating", rating, "P, S, M, U 가운데 하나입니다. · use one of P, S, M, U")
        given = rating or "-"
        with self._lock:
            if rating is None and not evidence:
                self._papers.ratings.pop(objective, None)
            else:
                self._papers.ratings[objective] = {"rating": rating, "evidence": evidence}
            self._tell("rating", (f"평가 {objective}: {given}", f"rating {objective}: {given}"))
        return {"objective": objective, "rating": rating, "evidence": evidence}

    def improve(self, text: str, owner: str, due: str) -> dict[str, Any]:
        """An item to do better next time."""
        with self._lock:
            items = self._papers.improvements
            item = {"n": _next(items), "text": text, "owner": owner, "due": due}
            items.append(item)
            self._tell("improvement", (text, text))
        return item

    def drop_improvement(self, n: int) -> None:
        """Takes an item back. Unknown."""
        with self._lock:
            items = self._papers.improvements
            found = next((i for i in items if i["n"] == n), None)
            if found is None:
                raise Unknown(str(n))
            items.remove(found)
            self._papers.save()

    def _tell(self, kind: str, text: tuple[str, str]) -> None:
        self._papers.timeline.add(self._papers.now(), kind, text)
        self._papers.save()


def _next(items: list[dict[str, Any]]) -> int:
    return max((i["n"] for i in items), default=0) + 1
