"""What observers write down of a drill, while it runs and afterwards: notes, ratings of objectives, items to improve."""

from collections.abc import Callable
from typing import Any

from safezone_sim.drill.course import Course
from safezone_sim.drill.refusals import Invalid, Unknown
from safezone_sim.drill.words import RATINGS


class Evaluation:
    """Of one drill. ``save`` is called after each change. From any thread."""

    def __init__(self, course: Course, save: Callable[[], None]) -> None:
        self._course, self._save = course, save

    def add_note(self, text: str, by: str) -> dict[str, Any]:
        """An observer's note."""
        notes, now = self._course.notes, self._course.now
        note = {
            "n": len(notes) + 1,
            "t": round(now, 1),
            "at": self._course.stage.at(now),
            "text": text,
            "by": by,
        }
        notes.append(note)
        self._course.timeline.add(now, "note", (text, text), data={"by": by})
        self._save()
        return note

    def rate(self, objective: str, rating: str | None, evidence: str) -> dict[str, Any]:
        """Rates an objective; None takes the rating back. Unknown, Invalid."""
        if all(o.id != objective for o in self._course.stage.plan.objectives):
            raise Unknown(objective)
        if rating is not None and rating not in tuple(RATINGS):  # it may be anything that JSON has
            raise Invalid("rating", rating, "P, S, M, U 가운데 하나입니다. · use one of P, S, M, U")
        if rating is None:
            self._course.ratings.pop(objective, None)
        else:
            self._course.ratings[objective] = {"rating": rating, "evidence": evidence}
        given = rating or "-"
        self._tell("rating", (f"평가 {objective}: {given}", f"rating {objective}: {given}"))
        return {"objective": objective, "rating": rating, "evidence": evidence}

    def improve(self, text: str, owner: str, due: str) -> dict[str, Any]:
        """An item to do better next time."""
        items = self._course.improvements
        item = {"n": max((i["n"] for i in items), default=0) + 1, "text": text, "owner": owner, "due": due}
        items.append(item)
        self._tell("improvement", (text, text))
        return item

    def drop_improvement(self, n: int) -> None:
        """Takes an item back. Unknown."""
        left = [i for i in self._course.improvements if i["n"] != n]
        if len(left) == len(self._course.improvements):
            raise Unknown(str(n))
        self._course.improvements = left
        self._save()

    def _tell(self, kind: str, text: tuple[str, str]) -> None:
        self._course.timeline.add(self._course.now, kind, text)
        self._save()
