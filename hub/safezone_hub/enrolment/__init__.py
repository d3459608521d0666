"""How a parent comes to be a registered guardian with consent: a pure state machine.

    new_code ─> begin ─> identity ─> verify ─> consent ─> consent() ─┬─> done
    (school)    (parent)             (parent)             (parent)   └─> written ─> confirm_written ─> done
                                                                                    (school)

Every step takes the case as it was kept and the time, and gives the new case and effects to carry out; it reads
no clock, sends nothing, keeps nothing. A refused step is an effect too (``Refuse``): the case may have changed
with it. Codes and pins are kept as keyed digests only, and a wrong claim is answered as a right one is: whoever
has the school's code learns nothing about which children there are.
"""

from safezone_hub.enrolment.case import CASE_KIND, CODE_KIND, Case, Claim, SchoolCode, Seat, public
from safezone_hub.enrolment.codes import normal_code
from safezone_hub.enrolment.effects import Effect, IssueToken, PutItems, Refuse, SaveCode, SendCode, ShowCode
from safezone_hub.enrolment.people import People
from safezone_hub.enrolment.steps import Enrolment, EnrolmentSettings
from safezone_hub.enrolment.words import CONSENT_ITEMS, TEXTS_VERSION, consent_texts, written_form

__all__ = [
    "CASE_KIND",
    "CODE_KIND",
    "CONSENT_ITEMS",
    "TEXTS_VERSION",
    "Case",
    "Claim",
    "Effect",
    "Enrolment",
    "EnrolmentSettings",
    "IssueToken",
    "People",
    "PutItems",
    "Refuse",
    "SaveCode",
    "SchoolCode",
    "Seat",
    "SendCode",
    "ShowCode",
    "consent_texts",
    "normal_code",
    "public",
    "written_form",
]
