"""The steps. Each gives the new case (None when there is none to keep) and the effects, and reads no clock."""

import base64
import hashlib
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from safezone_hub import items
from safezone_hub.clock import format_time
from safezone_hub.enrolment import words
from safezone_hub.enrolment.case import Case, ChoiceName, Claim, SchoolCode, Tries
from safezone_hub.enrolment.codes import (
    Random,
    digest,
    normal_code,
    normal_pin,
    random_code,
    random_pin,
    shown_code,
)
from safezone_hub.enrolment.effects import (
    Effect,
    IssueToken,
    PutItems,
    Refuse,
    SaveCode,
    SendCode,
    ShowCode,
    Why,
)
from safezone_hub.enrolment.people import People

TRIES_KEPT = 2000
NAME_MAX = 100
_ID_MAX = 64

Step = tuple[Case, list[Effect]]
MaybeStep = tuple[Case | None, list[Effect]]


@dataclass(frozen=True, slots=True)
class EnrolmentSettings:
    """Seconds and counts."""

    code_s: float = 14 * 86400.0
    code_uses: int = 400  # of a school's code
    child_code_uses: int = 1  # of a code for one child: the standard's «good once»
    tries: int = 5  # beginnings by one code from one address, and pins to one child
    lock_s: float = 3600.0
    pin_s: float = 600.0
    printed_pin_s: float = 600.0
    pin_tries: int = 5
    in_person_s: float = 14 * 86400.0  # for the visit to the school
    consent_s: float = 3600.0
    written_s: float = 30 * 86400.0
    written_up_to_grade: int = 2  # children up to 8 years


class Enrolment:
    """``pepper`` is a secret of the hub, at least 16 bytes, kept beside its keys: with another one no code fits."""

    def __init__(
        self,
        pepper: bytes,
        settings: EnrolmentSettings | None = None,
        *,
        random: Random = secrets.token_bytes,
    ) -> None:
        if len(pepper) < 16:
            raise ValueError("the pepper needs at least 16 bytes")
        self._pepper, self._settings, self._random = pepper, settings or EnrolmentSettings(), random

    # ------------------------------------------------------------------- the school's code

    def new_code(
        self, zone: str, by: str, now: float, *, child: str | None = None, uses: int | None = None,
        expires_at: float | None = None, language: words.Language = "ko",
    ) -> tuple[SchoolCode, list[Effect]]:  # fmt: skip
        """A code for all parents of a zone, or of one child. Its letters are in the effect and nowhere else."""
        settings = self._settings
        typed = random_code(self._random)
        code = SchoolCode(
            f"code-{self._random(8).hex()}", zone, self._code_digest(typed), by, now,
            expires_at if expires_at is not None else now + settings.code_s,
            uses if uses is not None else settings.child_code_uses if child is not None else settings.code_uses,
            child=child,
        )  # fmt: skip
        return code, [ShowCode(shown_code(typed), words.code_text(shown_code(typed), language))]

    def revoke_code(self, code: SchoolCode) -> SchoolCode:
        return replace(code, revoked=True, tries={})

    def find_code(self, typed: str, codes: Mapping[str, SchoolCode]) -> SchoolCode | None:
        """The school code that was typed; ``codes`` by their digests."""
        normal = normal_code(typed)
        return codes.get(self._code_digest(normal)) if normal is not None else None

    # ------------------------------------------------------------------- the parent's steps

    def begin(
        self, typed: str, code: SchoolCode | None, people: People, claim: Claim, address: str, now: float
    ) -> MaybeStep:
        """Open a case. ``code`` is what ``find_code`` found, ``people`` those of its zone, ``address`` who asks.

        Whether the claim fits a child and a guardian is not told: case and answer look the same, only the pin is
        not sent. Every beginning counts as a try, and is given back when the pin proves that it was an honest one:
        counting failures alone would tell failures.
        """
        if normal_code(typed) is None:
            return None, [_refuse("invalid", words.MISTYPED)]
        if code is None or not code.is_usable(now):
            return None, [_refuse("not_found", words.NO_CODE)]
        if claim.child is None and code.child is None:
            return None, [_refuse("invalid", words.NEEDS_CHILD)]
        if not _is_sound(claim):
            return None, [_refuse("invalid", words.UNSOUND)]
        source = self._key("address", _network(address))
        code, wait_s = self._try(code, source, now)
        if wait_s:
            return None, [_refuse("locked", words.LOCKED, retry_after_s=wait_s)]
        child = self._child(people, code, claim)
        guardian = people.guardian_for(child, claim) if child is not None else None
        pin, case_id = random_pin(self._random), f"enr-{self._random(16).hex()}"
        case = Case(
            case_id, people.zone, code.id, "identity", now,
            now + (self._settings.in_person_s if claim.in_person else self._settings.pin_s),
            language=claim.language, in_person=claim.in_person, tried_from=source,
        )  # fmt: skip
        if claim.in_person:
            # Nobody has a pin yet; the school finds the case by its child.
            if child is not None:
                case = replace(case, child=child, guardian=guardian, name=claim.name, contact=claim.contact)
            return case, [SaveCode(code)]
        # For everybody alike, so that time tells as little as words.
        case = replace(case, pin=self._pin_digest(case_id, pin), pin_until=now + self._settings.pin_s)
        contact = people.contact_of(guardian, claim.contact) if guardian is not None else None
        if child is None or guardian is None or contact is None:
            return case, [SaveCode(code)]
        case = replace(
            case, child=child, guardian=guardian, legal=people.guardians[guardian].get("legal", True)
        )
        code, wait_s = self._try(code, self._key("child", child), now)
        if wait_s:
            # Somebody lets the school's messages rain on this family; the case stays, its pin is never sent.
            return replace(case, child=None, guardian=None), [SaveCode(code)]
        text = words.pin_text(pin, round(self._settings.pin_s / 60), claim.language)
        return case, [SaveCode(code), SendCode(*contact, text)]

    def issue_in_person(self, case: Case, by: str, legal: bool, people: People, now: float) -> Step:
        """The school has seen who it is: a pin to hand over. ``legal``: the person represents the child in law."""
        if case.state != "identity" or not case.in_person:
            return case, [_refuse("conflict", words.NOT_IN_PERSON)]
        if now >= case.expires_at:
            return _failed(case), [_refuse("conflict", words.OVER)]
        if case.child is None or case.child not in people.children:
            return _failed(case), [_refuse("not_found", words.NO_MORE)]
        if self._is_barred(case, people) or people.resembles_barred(case.child, case.name, case.contact):
            return _failed(case), [_refuse("forbidden", words.BARRED)]
        pin, minutes = random_pin(self._random), round(self._settings.printed_pin_s / 60)
        case = replace(
            case, pin=self._pin_digest(case.id, pin), pin_until=now + self._settings.printed_pin_s, pin_tries=0,
            vouched_by=by, legal=legal,
        )  # fmt: skip
        if case.guardian is None:
            # A sibling's guardian is the same person; a contact that is on file shows it, a name alone does not.
            sibling = people.guardian_reached_at(case.name, case.contact)
            made = f"g-{self._random(8).hex()}"
            case = replace(
                case, guardian=sibling or made, new_guardian=sibling is None, adds_child=sibling is not None
            )
        on_file = people.guardians.get(case.guardian or "")
        if on_file is not None:
            case = replace(case, legal=legal and on_file.get("legal", True))
        return case, [ShowCode(pin, words.pin_text(pin, minutes, case.language))]

    def verify(self, case: Case, code: SchoolCode | None, typed: str, people: People, now: float) -> Step:
        """The identity step. A guardian who does not represent the child in law is done with it, without consent."""
        if case.state != "identity":
            return case, [_refuse("conflict", words.PIN_OVER if case.state == "failed" else words.NOT_NOW)]
        waiting = case.in_person and case.pin == ""
        if now >= (case.expires_at if waiting else case.pin_until):
            return self._over(case, now), [_refuse("conflict", words.PIN_OVER)]
        same = secrets.compare_digest(case.pin, self._pin_digest(case.id, normal_pin(typed)))
        if not same or case.child is None or case.guardian is None:
            return self._wrong_pin(case, now)
        if code is None or not code.is_usable(now) or not self._may_go_on(case, people):
            return _failed(case), [_refuse("conflict", words.NO_MORE)]
        code = _given_back(code, case.tried_from, self._key("child", case.child))
        effects: list[Effect] = [SaveCode(replace(code, uses=code.uses + 1))]
        case = replace(case, state="consent", pin="", expires_at=now + self._settings.consent_s)
        if case.legal:
            return case, effects
        case, finishing = self._finish(case, people, now, consent=False)
        return case, effects + finishing

    def consent(self, case: Case, choices: Mapping[str, bool], people: People, now: float) -> Step:
        """Item by item. For a young child the school must hold the written form before anything is registered."""
        refusal = self._refusal(case, "consent", people, now)
        if refusal is not None:
            return refusal
        if set(choices) != set(words.CONSENT_ITEMS) or not all(isinstance(c, bool) for c in choices.values()):
            return case, [_refuse("invalid", words.THREE_CHOICES)]
        if not choices["collect"] and any(choices.values()):
            return case, [_refuse("invalid", words.NEEDS_COLLECT)]
        chosen: dict[ChoiceName, bool] = {item: choices[item] for item in words.CONSENT_ITEMS}
        case = replace(case, choices=chosen, texts=words.TEXTS_VERSION, chosen_at=now)
        assert case.child is not None
        # A refusal needs no paper.
        if chosen["collect"] and people.children[case.child]["grade"] <= self._settings.written_up_to_grade:
            return replace(
                case, state="written", form="written", expires_at=now + self._settings.written_s
            ), []
        return self._finish(case, people, now, consent=True)

    def confirm_written(
        self, case: Case, by: str, people: People, now: float, *, received: bool = True
    ) -> Step:
        """The school holds the signed form, or says that there is none to come."""
        refusal = self._refusal(case, "written", people, now)
        if refusal is not None:
            return refusal
        if not received:
            return _failed(case), []
        return self._finish(replace(case, confirmed_by=by), people, now, consent=True)

    # ------------------------------------------------------------------- within

    def _finish(self, case: Case, people: People, now: float, *, consent: bool) -> Step:
        """What the registry gets, and the guardian's token."""
        assert case.child is not None and case.guardian is not None
        put: list[dict[str, Any]] = []
        known = people.guardians.get(case.guardian)
        if known is None:
            put.append(self._new_guardian(case, people))
        elif case.child not in known["children"]:
            put.append({**known, "children": [*known["children"], case.child]})
        if consent:
            pair = (case.child, case.guardian)
            put.append(
                {
                    "kind": "consent",
                    "id": people.consents.get(pair) or _consent_id(*pair),
                    "zone": case.zone,
                    "child": case.child,
                    "guardian": case.guardian,
                    "items": dict(case.choices),
                    "status": "given",
                    "at": format_time(case.chosen_at),
                    "form": case.form,
                }
            )
        effects: list[Effect] = [PutItems(tuple(put))] if put else []
        effects.append(IssueToken("guardian", case.guardian, case.zone))
        # What was needed on the way is not kept beyond it; the registry has name and contact now.
        done = replace(case, state="done", done_at=now, name="", contact=None, pin="", tried_from="")
        return done, effects

    def _new_guardian(self, case: Case, people: People) -> dict[str, Any]:
        secret = base64.urlsafe_b64encode(self._random(32)).decode().rstrip("=")
        assert case.child is not None
        # A child made for exercises has guardians made for them.
        nature = next((g["nature"] for g in people.guardians.values() if case.child in g["children"]), "real")
        body: dict[str, Any] = {
            "kind": "guardian", "id": case.guardian, "zone": case.zone, "name": case.name, "children": [case.child],
            "nature": nature, "key": {"keyid": f"k-{self._random(8).hex()}", "secret": secret},
            "language": case.language, "legal": case.legal,
        }  # fmt: skip
        if case.contact is not None:
            body["contacts"] = [{"channel": case.contact[0], "address": case.contact[1]}]
        return body

    def _refusal(self, case: Case, wanted: str, people: People, now: float) -> Step | None:
        """Why a step of an identified parent cannot be done now; None when it can."""
        if case.state != wanted:
            return case, [_refuse("conflict", words.NOT_NOW)]
        if now >= case.expires_at:
            return _failed(case), [_refuse("conflict", words.OVER)]
        legal = case.legal and people.guardians.get(case.guardian or "", {}).get("legal", True)
        if not legal or not self._may_go_on(case, people):
            return _failed(case), [_refuse("forbidden", words.NO_MORE)]
        return None

    def _may_go_on(self, case: Case, people: People) -> bool:
        """Child and guardian are still there, and no bar has come between them."""
        if case.child is None or case.child not in people.children or self._is_barred(case, people):
            return False
        if case.new_guardian:
            return not people.resembles_barred(case.child, case.name, case.contact)
        guardian = people.guardians.get(case.guardian or "")
        # A school that took the child from a guardian meanwhile has not meant it to come back this way.
        return guardian is not None and (case.adds_child or case.child in guardian["children"])

    def _is_barred(self, case: Case, people: People) -> bool:
        return (
            case.child is not None
            and case.guardian is not None
            and people.is_barred(case.child, case.guardian)
        )

    def _wrong_pin(self, case: Case, now: float) -> Step:
        case = replace(case, pin_tries=case.pin_tries + 1)
        left = self._settings.pin_tries - case.pin_tries
        if left <= 0:
            return self._over(case, now), [_refuse("conflict", words.PIN_OVER)]
        return case, [_refuse("invalid", words.WRONG_PIN, tries_left=left)]

    def _over(self, case: Case, now: float) -> Case:
        """Without a pin; one who comes in person may be given another."""
        if case.in_person and now < case.expires_at:
            return replace(case, pin="", pin_tries=0)
        return _failed(case)

    def _child(self, people: People, code: SchoolCode, claim: Claim) -> str | None:
        found = people.child_at(claim.child) if claim.child is not None else code.child
        if code.child is not None and found != code.child:
            return None
        return found if found in people.children else None

    def _try(self, code: SchoolCode, key: str, now: float) -> tuple[SchoolCode, float]:
        """Count a try; seconds to wait when there are none left, zero otherwise."""
        settings = self._settings
        kept = {k: t for k, t in code.tries.items() if now < max(t.since + settings.lock_s, t.locked_until)}
        tries = kept.get(key, Tries(0, now))
        if now < tries.locked_until:
            return code, tries.locked_until - now
        locked_until = now + settings.lock_s if tries.count + 1 >= settings.tries else 0.0
        kept[key] = Tries(tries.count + 1, tries.since, locked_until)
        while len(kept) > TRIES_KEPT:
            del kept[min(kept, key=lambda k: kept[k].since)]
        return replace(code, tries=kept), 0.0

    def _key(self, *parts: str) -> str:
        return digest(self._pepper, "try", *parts)[:32]

    def _code_digest(self, code: str) -> str:
        return digest(self._pepper, "school code", code)

    def _pin_digest(self, case: str, pin: str) -> str:
        return digest(self._pepper, "pin", case, pin)


def _refuse(why: Why, text: words.Words, **more: Any) -> Refuse:
    return Refuse(why, text.ko, text.en, **more)


def _given_back(code: SchoolCode, *keys: str) -> SchoolCode:
    """One try less of each, and no lock: the pin has shown that it was no guess."""
    tries = dict(code.tries)
    for key in keys:
        counted = tries.pop(key, None)
        if counted is not None and counted.count > 1:
            tries[key] = Tries(counted.count - 1, counted.since)
    return replace(code, tries=tries)


def _failed(case: Case) -> Case:
    """Over, with nothing kept that is not needed to say so."""
    return replace(case, state="failed", pin="", name="", contact=None, choices={}, tried_from="")


def _is_sound(claim: Claim) -> bool:
    """Whether the registry would take a guardian of this name and contact."""
    if not 1 <= len(claim.name.strip()) <= NAME_MAX:
        return False
    if claim.contact is None:
        return True
    channel, address = claim.contact
    try:
        msgspec.convert({"channel": channel, "address": address}, items.Contact)
    except msgspec.ValidationError:
        return False
    return channel in ("sms", "email")


def _consent_id(child: str, guardian: str) -> str:
    id_ = f"k-{child}-{guardian}"
    return id_ if len(id_) <= _ID_MAX else f"k-{hashlib.sha256(id_.encode()).hexdigest()[:40]}"


def _network(address: str) -> str:
    """An address, or of IPv6 the network of one household: it has as many addresses as it likes."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
