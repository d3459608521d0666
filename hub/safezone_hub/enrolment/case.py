"""What is kept of an enrolment: rows of ``Batch.cases``, sealed by the store. No code or pin stands in them."""

from typing import Literal

import msgspec

from safezone_hub.clock import format_time

CODE_KIND = "enrolment-code"
CASE_KIND = "enrolment"

State = Literal["identity", "consent", "written", "done", "failed"]
ChoiceName = Literal["collect", "notify_guardians", "provide_112"]


class Tries(msgspec.Struct, frozen=True):
    """How often something was tried. ``since`` is the first try that counts."""

    count: int
    since: float
    locked_until: float = 0.0


class SchoolCode(msgspec.Struct, frozen=True):
    """A school's code: for all its parents, or for one child's. ``digest`` is keyed; see ``codes``."""

    id: str
    zone: str
    digest: str
    made_by: str  # role/id
    made_at: float
    expires_at: float
    uses_max: int
    uses: int = 0
    child: str | None = None
    revoked: bool = False
    tries: dict[str, Tries] = {}  # by keyed digest of an address, or of a child

    def is_usable(self, now: float) -> bool:
        return not self.revoked and now < self.expires_at and self.uses < self.uses_max

    def subjects(self) -> tuple[str, ...]:
        return (f"child/{self.child}",) if self.child is not None else ()


class Seat(msgspec.Struct, frozen=True):
    """Which child: grade, class and number, and the name to it."""

    grade: int
    class_: int
    number: int
    name: str


class Claim(msgspec.Struct, frozen=True):
    """What a parent says at the beginning. ``child`` may be left out with a code that is for one child.

    ``contact`` is (channel, address). With ``in_person`` no pin is sent: the school gives one to whoever shows
    who they are; this is also the way of a guardian whom the school has no contact of.
    """

    name: str
    child: Seat | None = None
    contact: tuple[str, str] | None = None
    in_person: bool = False
    language: Literal["ko", "en"] = "ko"


class Case(msgspec.Struct, frozen=True, omit_defaults=True):
    """One enrolment. Without ``child`` the claim fitted nobody; it looks the same from outside and leads nowhere."""

    id: str
    zone: str
    code: str
    state: State
    made_at: float
    expires_at: float
    child: str | None = None
    guardian: str | None = None  # from the registry, or made when the school vouched for a new one
    new_guardian: bool = False
    adds_child: bool = False  # to a guardian on file for a brother or sister
    name: str = ""  # of a guardian to be
    contact: tuple[str, str] | None = None  # of a guardian to be
    language: Literal["ko", "en"] = "ko"
    legal: bool = True
    in_person: bool = False
    vouched_by: str | None = None  # role/id of the school's staff who saw the person
    pin: str = ""  # keyed digest
    pin_until: float = 0.0
    pin_tries: int = 0
    tried_from: str = ""  # whose try this was, to be given back
    choices: dict[ChoiceName, bool] = {}
    texts: str = ""  # version of the texts that were consented to
    chosen_at: float = 0.0
    form: Literal["electronic", "written"] = "electronic"
    confirmed_by: str | None = None  # role/id of the school's staff who holds the written form
    done_at: float = 0.0

    def subjects(self) -> tuple[str, ...]:
        """Whose keys seal the row."""
        found = []
        if self.child is not None:
            found.append(f"child/{self.child}")
        if self.guardian is not None and not (self.new_guardian and self.state != "done"):
            found.append(f"guardian/{self.guardian}")
        return tuple(found)

    def waits_for_school(self, now: float) -> Literal["visit", "form"] | None:
        """What the school has to do: see the person, or take the signed form."""
        if now >= self.expires_at or self.child is None:
            return None
        if self.state == "identity" and self.in_person:
            return "visit"
        return "form" if self.state == "written" else None

    def is_over(self, now: float) -> bool:
        """Done, failed or lapsed: the row may be deleted."""
        return self.state in ("done", "failed") or now >= self.expires_at


def public(case: Case) -> dict[str, str]:
    """What the parent is shown of a case: before the pin nothing that depends on whether the claim was right."""
    shown = {"id": case.id, "zone": case.zone, "state": case.state}
    if case.state != "done":
        shown["expires_at"] = format_time(case.expires_at)
    if case.state in ("written", "done") and case.child is not None and case.guardian is not None:
        shown |= {"child": case.child, "guardian": case.guardian}
    return shown
