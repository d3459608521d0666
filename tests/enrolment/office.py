"""A school's office and a parent at the other end: carries effects out, and remembers what was said."""

from typing import Any

import msgspec
from safezone_hub.enrolment import (
    Case,
    Claim,
    Effect,
    Enrolment,
    EnrolmentSettings,
    IssueToken,
    People,
    PutItems,
    Refuse,
    SaveCode,
    SchoolCode,
    Seat,
    SendCode,
    ShowCode,
)
from safezone_hub.items import read_item

from tests.hub.hub_world import ZONE, child, world

NOW = 1_772_582_400.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
PEPPER = b"pepper-of-the-tests-only"
HOME = "203.0.113.7"  # an address for documents
STAFF = "school/teacher-1"
ALL = {"collect": True, "notify_guardians": True, "provide_112": True}
NONE = dict.fromkeys(ALL, False)


def registry() -> list[dict[str, Any]]:
    """c1 in grade 3 with mother and father, c2 in grade 1 with the same mother and a grandmother."""
    items = world(drill=False)
    for number, (id_, grade) in enumerate((("c1", 3), ("c2", 1)), start=1):
        body, guardian, _consent, *rest = child(id_, name=f"김{number}", grade=grade, number=number)
        items += [body, *(r for r in rest if r["kind"] != "binding")]
        template = guardian
    people = {
        "mother": (
            "이어머니",
            ["c1", "c2"],
            [("sms", "010-0000-0001"), ("email", "mother@example.org")],
            None,
        ),
        "father": ("김아버지", ["c1"], [("email", "father@example.org")], None),
        "grandma": ("박할머니", ["c2"], [("sms", "010-0000-0003")], False),
        "silent": ("무연락", ["c1"], [], None),
    }
    for id_, (name, children, contacts, legal) in people.items():
        more: dict[str, Any] = {"contacts": [{"channel": c, "address": a} for c, a in contacts]}
        if legal is not None:
            more["legal"] = legal
        items.append({**template, "id": id_, "name": name, "children": children, **more})
    for item in items:
        read_item(item)
    return items


class Office:
    """Keeps the code, the case and the registry between steps, as a hub would; every step goes through bytes."""

    def __init__(self, **settings: Any) -> None:
        self.enrolment = Enrolment(PEPPER, EnrolmentSettings(**settings))
        self.items = {(i["kind"], i["id"]): i for i in registry()}
        self.now = NOW
        self.sent: list[SendCode] = []
        self.shown: list[str] = []
        self.tokens: list[str] = []
        self.put: list[dict[str, Any]] = []
        self.refused: Refuse | None = None
        self.effects: list[Effect] = []
        self.code: SchoolCode
        self.typed = ""
        self.new_code()

    @property
    def people(self) -> People:
        return People.from_items(ZONE, self.items.values())

    def new_code(self, **more: Any) -> None:
        code, effects = self.enrolment.new_code(ZONE, STAFF, self.now, **more)
        self.code = kept(code)
        (shown,) = effects
        assert isinstance(shown, ShowCode)
        self.typed = shown.code

    def begin(
        self, claim: Claim | None = None, *, address: str = HOME, typed: str | None = None
    ) -> Case | None:
        typed = self.typed if typed is None else typed
        found = self.enrolment.find_code(typed, {self.code.digest: self.code})
        case, effects = self.enrolment.begin(typed, found, self.people, claim or mother(), address, self.now)
        self._carry_out(effects)
        return kept(case) if case is not None else None

    def verify(self, case: Case, pin: str | None = None) -> Case:
        case, effects = self.enrolment.verify(
            case, self.code, self.pin() if pin is None else pin, self.people, self.now
        )
        self._carry_out(effects)
        return kept(case)

    def consent(self, case: Case, choices: dict[str, bool] | None = None) -> Case:
        case, effects = self.enrolment.consent(
            case, ALL if choices is None else choices, self.people, self.now
        )
        self._carry_out(effects)
        return kept(case)

    def confirm(self, case: Case, *, received: bool = True) -> Case:
        case, effects = self.enrolment.confirm_written(case, STAFF, self.people, self.now, received=received)
        self._carry_out(effects)
        return kept(case)

    def vouch(self, case: Case, *, legal: bool = True) -> Case:
        case, effects = self.enrolment.issue_in_person(case, STAFF, legal, self.people, self.now)
        self._carry_out(effects)
        return kept(case)

    def pin(self) -> str:
        """The newest pin, from the text that carried it."""
        text = self.sent[-1].text if self.sent else self.shown[-1]
        return next(
            word
            for word in text.replace("(", " ").replace(".", " ").split()
            if len(word) == 6 and word.isdigit()
        )

    def enrol(self, claim: Claim) -> Case:
        case = self.begin(claim)
        assert case is not None
        case = self.verify(case)
        return self.consent(case)

    def _carry_out(self, effects: list[Effect]) -> None:
        self.effects, self.refused = effects, None
        for effect in effects:
            match effect:
                case SendCode():
                    self.sent.append(effect)
                case ShowCode():
                    self.shown.append(effect.code)
                case SaveCode():
                    self.code = kept(effect.code)
                case PutItems():
                    for item in effect.items:
                        read_item(item)
                        self.put.append(item)
                        self.items[item["kind"], item["id"]] = item
                case IssueToken():
                    assert (effect.role, effect.zone) == ("guardian", ZONE)
                    self.tokens.append(effect.principal)
                case Refuse():
                    self.refused = effect
                    assert effect.ko
                    assert effect.en


def kept(value: Any) -> Any:
    """Through the bytes of its row."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=type(value))


def mother(**more: Any) -> Claim:
    return Claim(**{"name": "이 어머니", "child": Seat(3, 1, 1, "김1"), **more})


def father(**more: Any) -> Claim:
    return Claim(**{"name": "김아버지", "child": Seat(3, 1, 1, "김1"), **more})
