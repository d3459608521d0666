"""Who answers a stimulus: a file, a program, a person on the page."""

import json
import re
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from safezone_conformance.drivers.operator import Operator, prompt_for
from safezone_conformance.stimulus import Chain, Command, Nobody, StimulusError, read_answers

ECHO = """
import json, sys
for line in sys.stdin:
    r = json.loads(line)
    if r["do"] == "noise":
        print("not json"); print("[1]"); print(json.dumps({"n": 0, "ok": True}))
    if r["do"] == "silence":
        continue
    if r["do"] == "die":
        sys.exit(3)
    print(json.dumps({"n": r["n"], "ok": True, "seen": r["args"]}), flush=True)
"""


def request(verb: str, within_s: float = 5.0, **args: Any) -> dict[str, Any]:
    return {"do": verb, "device": "bell-1", "args": args, "within_s": within_s}


def test_file_answers_what_fits_and_leaves_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "answers.toml"
    file.write_text("""
[[answer]]
do = "observe"
args = { what = "siren" }
seen = { siren_after_s = 0.4 }
times = 1
[[answer]]
do = "set_clock"
ok = false
why = "unsupported"
""")
    answers = read_answers(file)
    chain = Chain(answers, Nobody())
    assert chain.ask(request("observe", what="siren")) == {"ok": True, "seen": {"siren_after_s": 0.4}}
    assert chain.ask(request("observe", what="siren")) == {"ok": False, "why": "unsupported"}
    assert chain.ask(request("observe", what="lamp")) == {"ok": False, "why": "unsupported"}
    assert chain.ask(request("set_clock", offset_s=3)) == {"ok": False, "why": "unsupported"}


def test_bad_file_names_itself(tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    file.write_text("[]")
    with pytest.raises(StimulusError, match=r"answers\.json"):
        read_answers(file)


def test_program_is_asked_by_number_and_noise_is_dropped(tmp_path: Path) -> None:
    program = Command(f"exec {sys.executable} -c '{ECHO}'", {}, tmp_path / "stimulus.log")
    try:
        assert program.ask(request("press", times=1)) == {"ok": True, "seen": {"times": 1}}
        assert program.ask(request("noise", a=1)) == {"ok": True, "seen": {"a": 1}}
        assert program.ask(request("silence", 0.2)) == {"ok": False, "why": "no reply within 0 s"}
        assert program.ask(request("press", times=2)) == {"ok": True, "seen": {"times": 2}}
        assert "has ended" in program.ask(request("die"))["why"]
        assert "has ended" in program.ask(request("press"))["why"]
    finally:
        program.close()
    assert "dropped: not json" in (tmp_path / "stimulus.log").read_text()


def ask_in_background(
    operator: Operator, one: dict[str, Any]
) -> tuple[threading.Thread, list[dict[str, Any]]]:
    replies: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: replies.append(operator.ask(one)))
    thread.start()
    return thread, replies


def page(client: httpx.Client, wanted: str) -> str:
    for _ in range(200):
        text = client.get("/").text
        if wanted in text:
            return text
    raise AssertionError(f"no {wanted!r} on the page")


def fields(text: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text))


def test_person_answers_on_the_page_and_a_second_tab_comes_too_late(tmp_path: Path) -> None:
    operator = Operator("127.0.0.1", 0, tmp_path / "operator.json", ("gate", "yard"))
    try:
        with httpx.Client(base_url=operator.url) as client:
            assert "기다리고 있습니다" in client.get("/").text
            thread, replies = ask_in_background(operator, request("observe", what="lamp"))
            text = page(client, "수신 램프")
            assert "Look at the receipt lamp" in text and text.index("수신 램프") < text.index("Look at")
            assert fields(client.get("/").text) == fields(text)  # a reload shows the same prompt
            client.post("/answer", data={"n": fields(text)["n"], "mark": "guessed", "choice": "0"})
            assert not replies  # not from the page
            client.post("/answer", data={**fields(text), "choice": "1"})
            thread.join(5)
            assert replies == [{"ok": True, "seen": {"lamp": False}}]
            client.post("/answer", data={**fields(text), "choice": "0"})  # the second tab, too late
            rows = json.loads((tmp_path / "operator.json").read_text())["prompts"]
            assert [r["reply"] for r in rows] == [{"ok": True, "seen": {"lamp": False}}]
    finally:
        operator.close()


def test_number_is_asked_for_and_points_are_told_one_by_one(tmp_path: Path) -> None:
    operator = Operator("127.0.0.1", 0, tmp_path / "operator.json")
    try:
        with httpx.Client(base_url=operator.url) as client:
            thread, replies = ask_in_background(
                operator, request("press_tag", tag="T1", hold_s=0.3, bounces=0, distance_m=60)
            )
            text = page(client, "60 m")
            client.post("/answer", data={**fields(text), "choice": "0", "number": "17"})
            thread.join(5)
            assert replies == [{"ok": True, "seen": {"press": 17}}]
            thread, replies = ask_in_background(
                operator, request("move", points=[[37.5, 126.9], [37.6, 126.9]], step_s=1)
            )
            for number in ("1/2", "2/2"):
                client.post("/answer", data={**fields(page(client, number)), "choice": "0"})
            thread.join(5)
            assert [p["lat"] for p in replies[0]["seen"]["truth"]] == [37.5, 37.6]
            thread, replies = ask_in_background(operator, request("power_cut", off_s=3.0))
            client.post("/answer", data={**fields(page(client, "전원")), "choice": "1"})
            thread.join(5)
            assert replies == [{"ok": False, "why": "the operator could not do it"}]
    finally:
        operator.close()


def test_restart_keeps_what_was_answered_and_leaves_what_was_not(tmp_path: Path) -> None:
    file = tmp_path / "operator.json"
    first = Operator("127.0.0.1", 0, file)
    assert first.ask(request("open_case", 0.2, open=True)) == {
        "ok": False,
        "why": "nobody answered within 0 s",
    }
    first.close()
    rows = json.loads(file.read_text())["prompts"]
    file.write_text(json.dumps({"prompts": [*rows, {**rows[0], "n": 2, "reply": None}]}))
    second = Operator("127.0.0.1", 0, file)
    try:
        second.ask(request("open_case", 0.2, open=False))
    finally:
        second.close()
    assert [r["n"] for r in json.loads(file.read_text())["prompts"]] == [1, 2, 3]
    assert (
        json.loads(file.read_text())["prompts"][1]["reply"]["why"] == "the suite ended before it was answered"
    )


VERBS: dict[str, dict[str, Any]] = {
    "hello": {"protocol": 1, "broker": "mqtt://x", "role": "bell", "zone": "z", "device": "d"}, "power_cut": {"off_s": 3},
    "reboot": {"press_after_s": 0.2, "hold_s": 2}, "network": {"up": False, "link": "hub"}, "set_clock": {"offset_s": 120},
    "mains": {"up": False}, "low_battery": {"pct": 12}, "open_case": {"open": True}, "exercise": {"drill": "d-1"}, "reset_store": {},
    "present_tag": {"tag": "T1", "antenna": "a", "seconds": 2, "distance_m": None},
    "present_tags": {"tags": ["T1", "T2"], "antennas": ["a"], "seconds": 10}, "edge_of_range": {"tag": "T1", "antenna": "a", "seconds": 25},
    "press_tag": {"tag": "T1", "hold_s": 0.3, "bounces": 5, "distance_m": None}, "change_battery": {"tag": "T1"},
    "press": {"times": 3, "every_s": 1.5, "hold_s": 0.2, "bounces": 0}, "hold_button": {"held": True}, "self_test": {},
    "still": {"seconds": 600}, "no_fix": {"on": True}, "mock_position": {"on": True, "lat": 35.0, "lon": 129.0},
    "dial_112": {"app": "killed"}, "consent": {"status": "withdrawn"}, "observe": {"what": "transmissions"},
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_words_in_both_languages(verb: str) -> None:
    prompt = prompt_for(request(verb, **VERBS[verb]), ("gate",))
    assert re.search("[가-힣]", prompt.text.ko)
    assert re.search("[A-Za-z]{3}", prompt.text.en) and not re.search("[가-힣]", prompt.text.en)
    assert not prompt.text.en.startswith(f"{verb} {{")  # what has no words of its own is shown as it is
    assert any(c.seen is None for c in prompt.choices)


def test_document_names_every_verb() -> None:
    document = (Path(__file__).parents[2] / "conformance" / "stimulus.md").read_text()
    assert [v for v in [*VERBS, "begin", "move"] if f"| `{v}` |" not in document] == []
