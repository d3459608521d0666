"""The ways to an enrolment that is done, and who comes to none."""

from typing import Any

import pytest
from safezone_hub.enrolment import Claim, Seat, public, written_form
from safezone_hub.enrolment.words import TEXTS_VERSION

from tests.enrolment.office import ALL, DAY, HOUR, MINUTE, NONE, NOW, STAFF, Office, father, mother
from tests.hub.hub_world import ZONE


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_mother_on_file_enrols_by_the_pin_sent_to_the_schools_contact(office: Office) -> None:
    case = office.begin(mother())
    assert case is not None
    assert (case.state, office.sent[0].channel, office.sent[0].address) == (
        "identity",
        "sms",
        "010-0000-0001",
    )
    case = office.verify(case)
    assert (case.state, office.refused, office.tokens, office.put) == ("consent", None, [], [])
    assert office.code.uses == 1
    office.now += 5 * MINUTE
    case = office.consent(case, {**ALL, "provide_112": False})
    assert case.state == "done"
    assert office.put == [
        {
            "kind": "consent", "id": "k-c1-mother", "zone": ZONE, "child": "c1", "guardian": "mother",
            "items": {"collect": True, "notify_guardians": True, "provide_112": False}, "status": "given",
            "at": "2026-03-04T00:05:00.000Z", "form": "electronic",
        }
    ]  # fmt: skip
    assert office.tokens == ["mother"]
    assert (case.texts, case.chosen_at) == (TEXTS_VERSION, NOW + 5 * MINUTE)
    assert public(case) == {"id": case.id, "zone": ZONE, "state": "done", "child": "c1", "guardian": "mother"}


def test_the_contact_a_parent_names_must_be_on_file_and_decides_the_channel(office: Office) -> None:
    office.begin(mother(contact=("email", "Mother@Example.org")))
    assert office.sent[-1].address == "mother@example.org"
    office.begin(mother(contact=("sms", "+82 10 0000 0001".replace(" ", ""))))
    assert office.sent[-1].address == "010-0000-0001"
    office.begin(mother(contact=("sms", "010-0000-0666")))
    assert len(office.sent) == 2


def test_both_parents_enrol_each_with_a_consent_of_their_own(office: Office) -> None:
    assert office.enrol(mother()).state == office.enrol(father()).state == "done"
    assert office.tokens == ["mother", "father"]
    assert [(i["child"], i["guardian"]) for i in office.put] == [("c1", "mother"), ("c1", "father")]
    assert len({i["id"] for i in office.put}) == 2
    assert office.code.uses == 2


def test_enrolling_again_replaces_the_former_consent(office: Office) -> None:
    office.items["consent", "old"] = {
        "kind": "consent", "id": "old", "zone": ZONE, "child": "c1", "guardian": "mother", "items": ALL,
        "status": "withdrawn", "at": "2026-03-01T00:00:00Z",
    }  # fmt: skip
    office.enrol(mother())
    assert [(i["id"], i["status"]) for i in office.put] == [("old", "given")]


def test_a_young_child_needs_the_written_form_in_the_schools_hands(office: Office) -> None:
    case = office.enrol(mother(child=Seat(1, 1, 2, "김2")))
    assert (case.state, case.waits_for_school(office.now), office.put, office.tokens) == (
        "written",
        "form",
        [],
        [],
    )
    assert public(case)["guardian"] == "mother"
    office.now += 20 * DAY
    case = office.confirm(case)
    assert (case.state, case.confirmed_by, office.put[0]["form"], office.tokens) == (
        "done",
        STAFF,
        "written",
        ["mother"],
    )
    # The parent consented when the boxes were ticked.
    assert office.put[0]["at"] == "2026-03-04T00:00:00.000Z"


def test_which_grades_need_the_form_is_a_setting() -> None:
    assert Office(written_up_to_grade=3).enrol(mother()).state == "written"
    assert Office(written_up_to_grade=0).enrol(mother(child=Seat(1, 1, 2, "김2"))).state == "done"


def test_a_form_that_does_not_come_registers_nothing(office: Office) -> None:
    case = office.enrol(mother(child=Seat(1, 1, 2, "김2")))
    assert office.confirm(case, received=False).state == "failed"
    office.now += 31 * DAY
    late = office.confirm(case)
    assert (late.state, office.refused is not None and office.refused.why) == ("failed", "conflict")
    assert (office.put, office.tokens) == ([], [])


def test_a_refusal_of_everything_is_recorded_and_needs_no_paper(office: Office) -> None:
    case = office.begin(mother(child=Seat(1, 1, 2, "김2")))
    assert case is not None
    case = office.consent(office.verify(case), NONE)
    assert (case.state, office.put[0]["items"]) == ("done", NONE)


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"collect": True},
        {**ALL, "more": True},
        {**ALL, "collect": "yes"},
        {**ALL, "collect": False},
        {**ALL, "collect": 1},
    ],
)
def test_each_item_is_chosen_and_nothing_follows_from_silence(
    office: Office, choices: dict[str, Any]
) -> None:
    case = office.begin()
    assert case is not None
    case = office.verify(case)
    after = office.consent(case, choices)
    assert office.refused is not None
    assert (after, office.refused.why, office.put, office.tokens) == (case, "invalid", [], [])
    assert office.consent(case).state == "done"


def test_a_grandmother_who_is_no_legal_representative_is_let_in_but_consents_to_nothing(
    office: Office,
) -> None:
    case = office.begin(Claim("박할머니", Seat(1, 1, 2, "김2")))
    assert case is not None
    case = office.verify(case)
    assert (case.state, office.put, office.tokens) == ("done", [], ["grandma"])
    office.consent(case)
    assert office.refused is not None
    assert office.refused.why == "conflict"


def test_who_lost_the_right_to_consent_meanwhile_cannot(office: Office) -> None:
    case = office.begin()
    assert case is not None
    case = office.verify(case)
    office.items["guardian", "mother"] = {**office.items["guardian", "mother"], "legal": False}
    assert (office.consent(case).state, office.put) == ("failed", [])


# ------------------------------------------------------------------- in person


def test_a_guardian_whom_the_school_does_not_know_comes_in_person(office: Office) -> None:
    claim = Claim("최새엄마", Seat(3, 1, 1, "김1"), ("sms", "010-0000-0008"), in_person=True, language="en")
    case = office.begin(claim)
    assert case is not None
    assert (office.sent, case.waits_for_school(office.now)) == ([], "visit")
    office.now += 3 * DAY
    case = office.vouch(case)
    case = office.consent(office.verify(case))
    guardian, consent = office.put
    assert {k: v for k, v in guardian.items() if k not in ("id", "key")} == {
        "kind": "guardian", "zone": ZONE, "name": "최새엄마", "children": ["c1"], "nature": "simulated",
        "language": "en", "legal": True, "contacts": [{"channel": "sms", "address": "010-0000-0008"}],
    }  # fmt: skip
    assert consent["guardian"] == guardian["id"] == office.tokens[0]
    assert (case.vouched_by, case.name, case.contact) == (STAFF, "", None)


def test_a_siblings_guardian_gets_the_second_child_added(office: Office) -> None:
    claim = father(child=Seat(1, 1, 2, "김2"), contact=("email", "father@example.org"), in_person=True)
    case = office.begin(claim)
    assert case is not None
    case = office.confirm(office.consent(office.verify(office.vouch(case))))
    guardian, consent = office.put
    assert (guardian["id"], guardian["children"], guardian["key"]["secret"]) == (
        "father",
        ["c1", "c2"],
        "k" * 43,
    )
    assert (consent["child"], consent["guardian"], consent["form"]) == ("c2", "father", "written")


def test_a_guardian_on_file_without_contact_comes_in_person_too(office: Office) -> None:
    case = office.begin(Claim("무연락", Seat(3, 1, 1, "김1"), in_person=True))
    assert case is not None
    case = office.consent(office.verify(office.vouch(case)))
    assert [(i["kind"], i["guardian"]) for i in office.put] == [("consent", "silent")]


def test_the_school_says_whether_a_new_guardian_represents_the_child(office: Office) -> None:
    case = office.begin(Claim("정이모", Seat(3, 1, 1, "김1"), in_person=True))
    assert case is not None
    case = office.verify(office.vouch(case, legal=False))
    assert (case.state, [i["kind"] for i in office.put], office.put[0]["legal"]) == (
        "done",
        ["guardian"],
        False,
    )


def test_a_printed_pin_can_be_given_again(office: Office) -> None:
    case = office.begin(Claim("정이모", Seat(3, 1, 1, "김1"), in_person=True))
    assert case is not None
    case = office.vouch(case)
    first = office.pin()
    office.now += HOUR
    case = office.verify(case, first)
    assert (case.state, case.waits_for_school(office.now)) == ("identity", "visit")
    case = office.vouch(case)
    assert office.verify(case).state == "consent"


def test_only_an_application_in_person_gets_a_printed_pin(office: Office) -> None:
    case = office.begin()
    assert case is not None
    assert office.vouch(case) == case
    assert office.refused is not None
    assert office.shown == []


# ------------------------------------------------------------------- custody


def bar(office: Office, child: str, *guardians: str) -> None:
    office.items["child", child] = {**office.items["child", child], "barred": list(guardians)}


def test_a_barred_guardian_gets_no_pin_and_the_same_answer(office: Office) -> None:
    bar(office, "c1", "father")
    case = office.begin(father())
    assert case is not None
    assert (case.state, case.child, office.sent, office.refused) == ("identity", None, [], None)
    assert office.enrol(mother()).state == "done"


@pytest.mark.parametrize("step", ["verify", "consent", "confirm"])
def test_a_bar_that_comes_meanwhile_ends_the_enrolment(step: str) -> None:
    office = Office(written_up_to_grade=3)
    case = office.begin(father())
    assert case is not None
    if step != "verify":
        case = office.verify(case)
    if step == "confirm":
        case = office.consent(case)
    bar(office, "c1", "father")
    after = {"verify": office.verify, "consent": office.consent, "confirm": office.confirm}[step](case)  # type: ignore[operator]
    assert (after.state, office.put, office.tokens) == ("failed", [], [])
    assert office.refused is not None


@pytest.mark.parametrize(
    "claim",
    [
        father(in_person=True),
        Claim("다른 이름", Seat(3, 1, 1, "김1"), ("email", "FATHER@example.org"), in_person=True),
    ],
)
def test_a_barred_guardian_does_not_come_back_as_somebody_new(office: Office, claim: Claim) -> None:
    bar(office, "c1", "father")
    case = office.begin(claim)
    assert case is not None
    after = office.vouch(case)
    assert (after.state, office.shown) == ("failed", [])
    assert office.refused is not None
    assert office.refused.why == "forbidden"


def test_a_child_taken_from_a_guardian_does_not_come_back_this_way(office: Office) -> None:
    case = office.begin(mother())
    assert case is not None
    case = office.verify(case)
    office.items["guardian", "mother"] = {**office.items["guardian", "mother"], "children": ["c2"]}
    assert (office.consent(case).state, office.put) == ("failed", [])
    del office.items["child", "c2"]
    assert office.begin(mother(child=Seat(1, 1, 2, "김2"))).child is None  # type: ignore[union-attr]


def test_the_written_form_shows_what_was_chosen() -> None:
    text = written_form("김2", "이어머니", {**ALL, "provide_112": False}, "2026-03-04", "ko")  # type: ignore[arg-type]
    assert "위치정보의 수집·이용: [x] 동의함" in text
    assert "112에 제공: [ ] 동의함  [x] 동의하지 않음" in text
    assert "김2" in text
    assert TEXTS_VERSION in text
    assert "I consent" in written_form("Kim", "Lee", ALL, "2026-03-04", "en")  # type: ignore[arg-type]
