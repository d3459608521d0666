"""The operator's page: one prompt at a time, Korean and English, on 127.0.0.1. Rendered here; it needs no script.

What is asked and answered is kept in a file, so a reload, a second tab or a restart of the suite loses nothing.
"""

import html
import json
import secrets
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from safezone_model import Text
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from safezone_conformance.folder import dumps, write_whole
from safezone_conformance.stimulus import Reply, Request, not_done

START_S = 10.0
HISTORY = 12


@dataclass(frozen=True)
class Choice:
    """One button: its words, and what was seen if it is pressed. None: could not."""

    text: Text
    seen: Mapping[str, Any] | None


@dataclass(frozen=True)
class Prompt:
    """What a person is asked. ``number``: a field for a number, and under which name it was seen."""

    text: Text
    choices: tuple[Choice, ...]
    number: str = ""


DONE = Choice(Text("했습니다", "Done"), {})
COULD_NOT = Choice(Text("못 했습니다", "Could not"), None)


def _s(value: Any) -> str:
    return f"{float(value):g}"


def _at(args: Mapping[str, Any]) -> tuple[str, str]:
    distance = args.get("distance_m")
    return (
        ("", "")
        if distance is None
        else (f" {_s(distance)} m 떨어진 곳에서", f" at a distance of {_s(distance)} m")
    )


def _yes_no(name: str, ko: str, en: str, no_ko: str, no_en: str) -> tuple[Choice, ...]:
    return Choice(Text(ko, en), {name: True}), Choice(Text(no_ko, no_en), {name: False}), COULD_NOT


def _observation(what: str, presets: Sequence[str]) -> Prompt:
    match what:
        case "lamp":
            choices = _yes_no("lamp", "켜져 있다", "It is lit", "꺼져 있다", "It is dark")
            return Prompt(
                Text("수신 램프를 보십시오. 지금 켜져 있습니까?", "Look at the receipt lamp. Is it lit now?"),
                choices,
            )
        case "siren":
            heard = Choice(
                Text("누르고 1초 안에 울렸다", "It sounded within 1 s of the press"), {"siren_after_s": 0.9}
            )
            late = Choice(Text("1초보다 늦게 울렸다", "It sounded later than 1 s"), {"siren_after_s": 5.0})
            never = Choice(Text("울리지 않았다", "It did not sound"), {"siren_after_s": None})
            return Prompt(Text("조금 전에 눌렀을 때 현장 경보음이 울렸습니까?", "Did the local siren sound at the last press?"),
                          (heard, late, never, COULD_NOT))  # fmt: skip
        case "preset":
            seen = tuple(Choice(Text(p, p), {"preset": p}) for p in presets)
            none = Choice(Text("어느 것도 아니다", "None of them"), {"preset": None})
            text = Text(
                "카메라가 멈춘 뒤, 실제로 어느 프리셋을 보고 있습니까?",
                "When the camera rests: which preset does it really look at?",
            )
            return Prompt(text, (*seen, none, COULD_NOT))
        case "moved":
            text = Text(
                "바로 앞의 물음 뒤로 카메라가 움직였습니까?",
                "Has the camera moved since the question before this one?",
            )
            return Prompt(text, _yes_no("moved", "움직였다", "It moved", "움직이지 않았다", "It did not"))
        case _:
            text = Text(
                "수신기로 본, 마지막 누름이 송신된 횟수를 적으십시오.",
                "How often was the last press transmitted, by the receiver?",
            )
            return Prompt(text, (DONE, COULD_NOT), "transmissions")


def prompt_for(request: Request, presets: Sequence[str] = ()) -> Prompt:
    """What a person is asked for one request."""
    verb, a = str(request["do"]), request["args"]
    if verb == "observe":
        return _observation(str(a["what"]), presets)
    if verb == "dial_112":
        state = (
            ("앱을 강제로 끈 뒤 ", "End the app by force, then press ")
            if a["app"] == "killed"
            else ("", "Press ")
        )
        text = Text(
            f"{state[0]}단축번호 1을 누르십시오. 전화는 시험용 교환기로 갑니다.",
            f"{state[1]}speed dial 1. The call goes to the test exchange.",
        )
        return Prompt(text, _yes_no("dialled", "112로 음성 통화가 걸렸다", "The voice call to 112 was set up",
                                    "걸리지 않았다", "It was not"))  # fmt: skip
    if verb == "self_test":
        passed = Choice(Text("합격으로 끝났다", "It passed"), {"outcome": "passed"})
        failed = Choice(Text("불합격으로 끝났다", "It failed"), {"outcome": "failed"})
        text = Text(
            "비상벨의 하루 한 번 자가 시험을 지금 일으키고 끝나기를 기다리십시오.",
            "Bring about the bell's daily self-test now, and wait for its end.",
        )
        return Prompt(text, (passed, failed, DONE, COULD_NOT))
    words = _words(verb, a)
    if words is None:
        plain = json.dumps(dict(a), ensure_ascii=False)
        words = Text(f"{verb} {plain}", f"{verb} {plain}")
    number = "press" if verb == "press_tag" else "pct" if verb == "low_battery" else ""
    return Prompt(words, (DONE, COULD_NOT), number)


def _words(verb: str, a: Mapping[str, Any]) -> Text | None:
    match verb:
        case "hello":
            return Text(
                f"장치를 켜고 브로커 {a['broker']}에 붙게 하십시오.",
                f"Switch the device on and have it connect to the broker {a['broker']}.",
            )
        case "power_cut":
            return Text(f"상용 전원과 배터리를 모두 갑자기 끊고, {_s(a['off_s'])}초 뒤에 다시 이으십시오.",
                        f"Take away all power suddenly, mains and battery; give it back after {_s(a['off_s'])} s.")  # fmt: skip
        case "reboot" if a["press_after_s"] is not None:
            return Text(f"장치를 다시 시작시키고, {_s(a['press_after_s'])}초 뒤에 단추를 {_s(a['hold_s'])}초 누르십시오.",
                        f"Restart the device, and {_s(a['press_after_s'])} s later press its button for {_s(a['hold_s'])} s.")  # fmt: skip
        case "reboot":
            return Text("장치를 다시 시작시키십시오.", "Restart the device.")
        case "network":
            link = ("게이트웨이와 리더기 사이의 망", "the network between gateway and reader")
            link = (
                link
                if a["link"] == "gateway"
                else ("장치에서 브로커로 가는 망", "the device's network towards the broker")
            )
            return Text(
                f"{link[0]}을 {'다시 이으십시오' if a['up'] else '끊으십시오'}.",
                f"{'Restore' if a['up'] else 'Cut'} {link[1]}.",
            )
        case "set_clock":
            return Text(
                f"장치의 시계를 참 시각보다 {_s(a['offset_s'])}초 앞서게 맞추십시오.",
                f"Set the device's clock to true time plus {_s(a['offset_s'])} s.",
            )
        case "mains":
            return Text(
                f"상용 전원을 {'다시 이으십시오' if a['up'] else '끊으십시오(배터리는 두고)'}.",
                f"{'Restore mains power' if a['up'] else 'Cut mains power, leaving the battery'}.",
            )
        case "low_battery":
            return Text(
                f"배터리를 {_s(a['pct'])} %로 하고, 실제 값을 적으십시오.",
                f"Bring the battery to {_s(a['pct'])} %, and write what it is.",
            )
        case "open_case":
            return Text(
                f"함을 {'여십시오' if a['open'] else '닫으십시오'}.",
                f"{'Open' if a['open'] else 'Close'} the case.",
            )
        case "exercise":
            return Text(f"장치를 훈련 {a['drill']}에 넣으십시오." if a["drill"] else "장치를 훈련에서 빼십시오.",
                        f"Put the device into the drill {a['drill']}." if a["drill"] else "Take the device out of the drill.")  # fmt: skip
        case "reset_store":
            return Text(
                "장치의 저장을 지우고(공장 초기화) 구역, id, 키를 전과 같이 넣으십시오.",
                "Erase the device's store (factory reset) and set zone, id and key as before.",
            )
        case "present_tag":
            ko, en = _at(a)
            return Text(f"태그 {a['tag']}을(를) 안테나 {a['antenna']} 앞에{ko} {_s(a['seconds'])}초 두었다가 치우십시오.",
                        f"Hold the tag {a['tag']} before the antenna {a['antenna']}{en} for {_s(a['seconds'])} s, then take it away.")  # fmt: skip
        case "present_tags":
            way = " → ".join(a["antennas"])
            return Text(f"태그 {len(a['tags'])}개를 {_s(a['seconds'])}초 안에 {way} 순서로 모두 지나가게 하십시오: {', '.join(a['tags'])}",
                        f"Take all {len(a['tags'])} tags through within {_s(a['seconds'])} s, past {way}: {', '.join(a['tags'])}")  # fmt: skip
        case "edge_of_range":
            return Text(f"태그 {a['tag']}을(를) 안테나 {a['antenna']}에 이따금만 읽히는 곳에 {_s(a['seconds'])}초 두십시오.",
                        f"Keep the tag {a['tag']} where the antenna {a['antenna']} reads it only now and then, for {_s(a['seconds'])} s.")  # fmt: skip
        case "press_tag":
            ko, en = _at(a)
            bounce = (
                (f" 접점이 {a['bounces']}번 튀게 하십시오.", f" Let its contact bounce {a['bounces']} times.")
                if a["bounces"]
                else ("", "")
            )
            return Text(f"태그 {a['tag']}의 단추를{ko} 한 번 누르십시오.{bounce[0]} 계수기를 읽을 수 있으면 적으십시오.",
                        f"Press the button of the tag {a['tag']} once{en}.{bounce[1]} If its counter can be read, write it.")  # fmt: skip
        case "change_battery":
            return Text(
                f"태그 {a['tag']}의 배터리를 빼고 10초 뒤 새것을 넣으십시오.",
                f"Take the battery out of the tag {a['tag']}; put in a fresh one after 10 s.",
            )
        case "press":
            bounce = (
                (f" 접점이 {a['bounces']}번 튀게 하십시오.", f" Let the contact bounce {a['bounces']} times.")
                if a["bounces"]
                else ("", "")
            )
            if a["times"] == 1:
                return Text(f"단추를 한 번 누르십시오.{bounce[0]}", f"Press the button once.{bounce[1]}")
            return Text(
                f"단추를 {a['times']}번, {_s(a['every_s'])}초마다 누르십시오.{bounce[0]}",
                f"Press the button {a['times']} times, every {_s(a['every_s'])} s.{bounce[1]}",
            )
        case "hold_button":
            return Text(
                "단추를 누른 채로 두십시오." if a["held"] else "단추를 놓으십시오.",
                "Press the button and keep it pressed." if a["held"] else "Let the button go.",
            )
        case "still":
            return Text(
                f"전화를 {_s(a['seconds'])}초 동안 가만히 두십시오.",
                f"Let the phone lie still for {_s(a['seconds'])} s.",
            )
        case "no_fix":
            return Text("전화를 위치를 잡을 수 없는 곳(차폐 상자)에 두십시오." if a["on"] else "전화가 다시 위치를 잡게 하십시오.",
                        "Put the phone where it can find no position (a shielded box)." if a["on"] else "Let the phone find its position again.")  # fmt: skip
        case "mock_position":
            return Text(f"가짜 위치 앱으로 {a['lat']}, {a['lon']}을(를) 주십시오." if a["on"] else "가짜 위치를 끄십시오.",
                        f"Give {a['lat']}, {a['lon']} by a mock-position app." if a["on"] else "Switch the mock position off.")  # fmt: skip
        case "consent":
            ko = {"given": "동의", "none": "동의 전", "withdrawn": "철회", "suspended": "일시 중지"}[
                a["status"]
            ]
            return Text(
                f"법정대리인의 동의를 «{ko}»(으)로 바꾸십시오.",
                f"Change the legal representative's consent to «{a['status']}».",
            )
    return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Operator:
    """A person, by way of the page. OSError if the address is taken."""

    def __init__(self, host: str, port: int, file: Path, presets: Sequence[str] = ()) -> None:
        self._file, self._presets = file, tuple(presets)
        self._changed = threading.Condition()
        self._history: list[dict[str, Any]] = self._load()
        self._open: dict[str, Any] | None = None
        self._prompt: Prompt | None = None
        self._case, self._until = "", 0.0  # what it is asked for, and until when (monotonic)
        self._mark = secrets.token_urlsafe(16)
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        self.url = f"http://{host}:{sock.getsockname()[1]}/"
        app = Starlette(routes=[Route("/", self._show), Route("/answer", self._take, methods=["POST"])])
        self._server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", lifespan="off", access_log=False)
        )
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [sock]}, daemon=True, name="operator"
        )
        self._thread.start()
        deadline = time.monotonic() + START_S
        while not self._server.started and time.monotonic() < deadline:
            time.sleep(0.01)

    def _load(self) -> list[dict[str, Any]]:
        """What was asked before. A prompt that stood open when the suite ended is noted as left."""
        try:
            rows: list[dict[str, Any]] = json.loads(self._file.read_text(encoding="utf-8"))["prompts"]
        except (OSError, ValueError, KeyError, TypeError):
            return []
        for row in rows:
            if row.get("reply") is None:
                row["reply"] = not_done("the suite ended before it was answered")
        return rows

    def _keep(self) -> None:
        write_whole(self._file, dumps({"prompts": self._history}))

    # What the suite asks

    def ask(self, request: Request) -> Reply:
        if request["do"] == "begin":
            self._case = str(request["args"].get("case", ""))
            return {"ok": True, "seen": {}}  # whatever a case changed was asked back at its end
        if request["do"] == "move":
            return self._ask_to_move(request)
        return self._ask(prompt_for(request, self._presets), request)

    def _ask_to_move(self, request: Request) -> Reply:
        truth = []
        points = request["args"]["points"]
        for number, (lat, lon) in enumerate(points, 1):
            text = Text(f"지점 {number}/{len(points)}: {lat:.6f}, {lon:.6f}으로 가서, 닿는 순간 누르십시오(약 {request['args']['step_s']:g}초에 하나).",
                        f"Point {number} of {len(points)}: go to {lat:.6f}, {lon:.6f} and press at the moment you are there (about one in {request['args']['step_s']:g} s).")  # fmt: skip
            here = Choice(Text("여기 있습니다", "I am here"), {})
            reply = self._ask(Prompt(text, (here, COULD_NOT)), request)
            if not reply["ok"]:
                return reply
            truth.append({"at": _now(), "lat": lat, "lon": lon})
        return {"ok": True, "seen": {"truth": truth}}

    def _ask(self, prompt: Prompt, request: Request) -> Reply:
        with self._changed:
            row: dict[str, Any] = {
                "n": len(self._history) + 1, "do": request["do"], "args": dict(request["args"]), "ko": prompt.text.ko,
                "en": prompt.text.en, "asked_at": _now(), "answered_at": None, "reply": None,
            }  # fmt: skip
            self._history.append(row)
            self._open, self._prompt = row, prompt
            self._keep()
            deadline = self._until = time.monotonic() + float(request["within_s"])
            while row["reply"] is None and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            if row["reply"] is None:
                row["reply"] = not_done(f"nobody answered within {float(request['within_s']):.0f} s")
            self._open = self._prompt = None
            self._keep()
            return dict(row["reply"])

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(5.0)

    # The page

    async def _show(self, _request: HttpRequest) -> Response:
        with self._changed:
            row, prompt = self._open, self._prompt
            body = (
                _waiting()
                if row is None or prompt is None or row["reply"] is not None
                else self._form(row, prompt)
            )
            rows = "".join(_line(r) for r in reversed(self._history[-HISTORY:]) if r["reply"] is not None)
            waiting = row is None or row["reply"] is not None
        page = PAGE.format(
            refresh='<meta http-equiv="refresh" content="2">' if waiting else "", body=body, rows=rows
        )
        return HTMLResponse(page, headers={"cache-control": "no-store"})

    def _form(self, row: Mapping[str, Any], prompt: Prompt) -> str:
        field = ""
        if prompt.number:
            field = f'<p><label>{html.escape(prompt.number)} <input name="number" inputmode="decimal" autocomplete="off"></label></p>'
        buttons = "".join(
            f'<button name="choice" value="{i}">{html.escape(c.text.ko)} · {html.escape(c.text.en)}</button>'
            for i, c in enumerate(prompt.choices)
        )
        return (
            f'<section><p class="n">{row["n"]}{_about(self._case, self._until - time.monotonic())}</p><h1 lang="ko">{html.escape(prompt.text.ko)}</h1>'
            f'<p class="en" lang="en">{html.escape(prompt.text.en)}</p>'
            f'<form method="post" action="/answer"><input type="hidden" name="n" value="{row["n"]}">'
            f'<input type="hidden" name="mark" value="{self._mark}">{field}{buttons}</form></section>'
        )

    async def _take(self, request: HttpRequest) -> Response:
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode("utf-8", "replace")).items()}
        with self._changed:
            row, prompt = self._open, self._prompt
            mine = row is not None and form.get("n") == str(row["n"]) and row["reply"] is None
            # A second tab may answer what is answered already: it is simply shown what is asked now.
            if (
                mine
                and prompt is not None
                and row is not None
                and secrets.compare_digest(form.get("mark", ""), self._mark)
            ):
                reply = _reply(prompt, form)
                if reply is not None:
                    row["reply"], row["answered_at"] = reply, _now()
                    self._keep()
                    self._changed.notify_all()
        return RedirectResponse("/", status_code=303)


def _reply(prompt: Prompt, form: Mapping[str, str]) -> Reply | None:
    try:
        choice = prompt.choices[int(form.get("choice", ""))]
    except (ValueError, IndexError):
        return None
    if choice.seen is None:
        return not_done("the operator could not do it")
    seen = dict(choice.seen)
    if prompt.number and form.get("number", "").strip():
        try:
            value = float(form["number"].strip())
        except ValueError:
            return None
        seen[prompt.number] = int(value) if value == int(value) else value
    return {"ok": True, "seen": seen}


def _about(case: str, left_s: float) -> str:
    """Which case asks, and how long it waits."""
    from safezone_conformance.case import cases

    title = cases()[case].title if case in cases() else None
    named = (
        "" if title is None else f" · {html.escape(case)}: {html.escape(title.ko)} · {html.escape(title.en)}"
    )
    minutes, seconds = divmod(max(0, round(left_s)), 60)
    return f"{named} · 남은 시간 · time left {minutes}:{seconds:02d}"


def _waiting() -> str:
    return '<section><h1 lang="ko">다음 물음을 기다리고 있습니다.</h1><p class="en" lang="en">Waiting for the next prompt.</p></section>'


def _line(row: Mapping[str, Any]) -> str:
    reply = row["reply"]
    said = json.dumps(reply.get("seen") or {}, ensure_ascii=False) if reply["ok"] else reply["why"]
    return f"<tr><td>{row['n']}</td><td>{html.escape(row['ko'])}<br><small>{html.escape(row['en'])}</small></td><td>{html.escape(str(said))}</td></tr>"


PAGE = """<!doctype html><html lang="ko"><head><meta charset="utf-8">{refresh}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>시험원 · Operator</title><style>
body{{font:18px/1.5 system-ui,"Noto Sans KR",sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}}
h1{{font-size:1.6rem;margin:.2rem 0}} .en{{color:#444;margin:.2rem 0 1.2rem}} .n{{color:#666;margin:0}}
button{{font:inherit;padding:.7rem 1.1rem;margin:0 .6rem .6rem 0;border:2px solid #1a4f8b;border-radius:.4rem;background:#fff;cursor:pointer}}
button:focus-visible{{outline:3px solid #f0a000}} input{{font:inherit;padding:.4rem}} table{{border-collapse:collapse;width:100%;margin-top:2rem;font-size:.85rem}}
td{{border-top:1px solid #ccc;padding:.3rem .5rem;vertical-align:top}}
@media (prefers-color-scheme:dark){{body{{background:#181818;color:#eee}}.en,.n{{color:#bbb}}button{{background:#222;color:#eee}}}}
</style></head><body><main aria-live="polite">{body}</main><table>{rows}</table></body></html>"""
