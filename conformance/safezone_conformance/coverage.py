"""Whether every requirement is verified by a case, or says why not. Pure; ``safezone conform coverage`` prints it."""

from collections.abc import Mapping
from dataclasses import dataclass

from safezone_model import Requirement, requirements

from safezone_conformance.case import cases


@dataclass(frozen=True)
class Coverage:
    """``verified``: requirement → ids of cases. ``excused``: those with a written reason. ``bare``: those with neither."""

    verified: Mapping[str, tuple[str, ...]]
    excused: tuple[Requirement, ...]
    bare: tuple[Requirement, ...]
    both: tuple[str, ...]  # a reason and yet a case: one of the two is wrong


def coverage() -> Coverage:
    """Of the catalogue by all cases."""
    found: dict[str, list[str]] = {}
    for case in cases().values():
        for requirement in case.verifies:
            ids = found.setdefault(requirement, [])
            if case.id not in ids:
                ids.append(case.id)
    verified = {r: tuple(ids) for r, ids in found.items()}
    excused = tuple(r for r in requirements() if r.why_not_tested is not None)
    bare = tuple(r for r in requirements() if r.why_not_tested is None and r.id not in verified)
    return Coverage(verified, excused, bare, tuple(r.id for r in excused if r.id in verified))
