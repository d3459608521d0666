// The drill desk. The drill is the twin's: this page starts, injects, shows; reload it, open it twice, nothing is lost.
import { $, Live, ask, away, because, both, date, day, dialog, el, fill, heedServer, here, kept, ofDay, says, span, t, toast, trouble } from "./kit.js";
import { Crowd, collection, drawPlace, follow, legend, makeMap, overlay, point, wellInside } from "./map.js";

const id = location.pathname.split("/").pop(), BASE = `/control/v1/sessions/${id}`;
let session, drill, state, view = "list", map, following = null, places = null, crowd, events = [], replay = null;
const early = new Map(); // where people are, told before there is a map: later only who moves is told
const STATE = { ready: t("준비됨 – «훈련 시작»을 누르세요"), running: t("진행 중"), paused: t("멈춤"), ended: t("끝남"), failed: t("실패") };
const KIND = { press: "◆", dial: "☎", alert: "◉", acknowledge: "✓", dispatch: "▶", on_scene: "◎", close: "■", camera: "◫", unit: "▶", arrived: "◎", found: "✓", evacuate: "⇒", assembled: "▣", rollcall: "☑", all_clear: "✓", real: "▲", hub: "⟳", inject: "▶", note: "✎", state: "●" };
const MEASURE = { notice: t("알아차림"), acknowledge: t("확인"), dispatch: t("출동"), arrive: t("도착"), found: t("찾음"), accounted: t("인원 확인"), close: t("종결"), breakthrough: t("실제 신고") };

async function act(path, body, good) {
  try {
    const told = await ask("POST", `${BASE}/${path}`, body ?? {});
    if (good) toast(good);
    await refresh();
    return told;
  } catch (error) { trouble(error); await refresh().catch(() => {}); return null; }
}

// ------------------------------------------------------------------ state

let asked = 0, answered = 0;
async function refresh() {
  const n = ++asked, told = await ask("GET", `${BASE}/state`);
  if (n < answered) return; // an answer that was overtaken by a later one
  answered = n;
  state = told;
  show();
}
const SETTLING_MS = 2000;
const WAITS = { found: t("아이를 찾으면 저절로 나옵니다"), alert: t("경보가 울린 뒤 저절로 나옵니다") };
let offered, settled = 0, firing = false;
/** Put a situation in, once however often the button is pressed. */
async function fire(event, body, good) {
  if (body.seat === undefined && Date.now() < settled) { toast(t("다음 상황이 방금 바뀌었습니다. 확인하고 다시 누르세요.")); return; }
  if (event.detail > 1 || firing) return; // the second press of a double click
  firing = true;
  await act("inject", body, good);
  firing = false;
}
/** How long until the next situation comes by itself. */
function untilNext(at) {
  const next = state.injects.find((i) => i.status === "waiting"), live = ["running", "paused"].includes(state.state) && state.all_clear_t === null, left = (next?.due_t ?? 0) - at;
  if ($("#until")) $("#until").textContent = !live || !next ? "" : WAITS[next.waits_for] ?? (next.auto && left > 0 ? t("다음 상황까지 {s}", { s: span(left) }) : "");
}
const upcoming = () => state.injects.find((i) => i.status === "waiting" && i.waits_for !== "found") ?? state.injects.find((i) => i.repeatable);
/** The drill cannot go on: what happened so far is in the report, and a new one can be begun. */
function broken() {
  away("twin", false);
  document.body.dataset.live = "over";
  if ($("#broken")) return;
  const [ko, en] = String(state.failed ?? session.failed ?? "").split(" · ");
  $(".desk").before(el("section", { class: "card notice danger", id: "broken", role: "alert" }, el("h2", { text: state.started_t === null ? t("시작하지 않은 훈련입니다") : t("이 훈련은 도중에 멈췄습니다") }), el("p", { text: (here.lang === "en" ? en : ko) ?? ko ?? "" }),
    el("div", { class: "row" }, state.started_t !== null && el("a", { class: "button primary", target: "_blank", rel: "noopener", href: `${BASE}/report.html?lang=${here.lang}`, text: t("지금까지의 보고서") }), el("a", { class: "button plain", href: `/drill?${forReal()}`, text: t("같은 훈련을 새로 시작") }))));
}
let led = false; // to the report, once
let soon = 0;
const later = () => { clearTimeout(soon); soon = setTimeout(() => refresh().catch(() => {}), 150); };

/** A child that called for help is told to everybody: the map hides it no longer. */
const calledForHelp = () => events.some((e) => e.kind === "press");
function show() {
  // In a roll call the class finds out who is missing; the map does not say it beforehand.
  if (crowd && drill?.rollcall) { crowd.secret = !calledForHelp() && !(state.rollcall?.missing ?? []).length && state.all_clear_t === null && state.state !== "ended"; crowd.dirty = true; }
  const s = state.state, live = s === "running" || s === "paused";
  const cleared = live && state.all_clear_t !== null, next = upcoming();
  $("#state").textContent = `${cleared ? t("상황 종료됨 – «훈련 끝내기»를 누르세요") : STATE[s] ?? s}${state.speed > 1 && live ? ` · ${state.speed}×` : ""}`;
  $("#clock").textContent = state.t !== null && state.t !== undefined ? ofDay(state.t) : "--:--:--";
  $("#phase").textContent = ["ended", "failed"].includes(s) ? STATE[s] : state.phase ? both(state.phase.title) : "";
  $("#start").disabled = s !== "ready";
  $("#inject").disabled = !live || cleared || !next;
  // What the button would do has just changed, under a finger perhaps: for a moment a press does nothing.
  if (live && offered !== undefined && (next?.id ?? null) !== offered) { settled = Date.now() + SETTLING_MS; setTimeout(() => $("#inject").classList.remove("held"), SETTLING_MS); }
  offered = next?.id ?? null;
  $("#inject").classList.toggle("held", Date.now() < settled);
  fill($("#inject"), t("상황 넣기"), el("small", { text: live && !cleared && next ? both(next.title) : "" }), el("small", { id: "until" }));
  untilNext(state.t);
  $("#clear").disabled = !live || state.all_clear_t !== null;
  $("#pause").disabled = !live;
  $("#pause").textContent = s === "paused" ? t("계속") : t("멈춤");
  $("#speed").disabled = !live;
  if (document.activeElement !== $("#speed")) $("#speed").value = String(Math.round(state.speed));
  $("#end").disabled = !live;
  $("#end").className = cleared ? "big go" : "big plain";
  document.body.dataset.state = s;
  document.body.dataset.speed = state.speed;
  if (s === "failed") broken();
  if (s === "ended" && !replay) startReplay().catch(trouble);
  if (s === "ended" && !led) { led = true; turnTo("report"); return; }
  panel();
}

// ------------------------------------------------------------------ panels

function panel() {
  if (!state) return;
  ({ list, roll, log, report })[view]();
}
function list() {
  const next = state.injects.find((i) => i.status === "waiting");
  fill($("#panel"), session.rehearsal && drill && el("details", { class: "card", open: true }, el("summary", { text: t("혼자 하는 리허설") }), el("ol", {}, drill.rehearsal.map((line) => el("li", { text: both(line) })))),
    state.measures && Object.keys(state.measures).length > 0 && measures(),
    ...state.injects.map((i) => el("article", { class: `inject ${i.status}`, "data-inject": i.id },
      el("div", { class: "row between" }, el("span", {}, el("span", { class: "when num", text: i.fired_t !== null && i.fired_t !== undefined ? ofDay(i.fired_t) : Math.floor(i.due_t ?? 0) % 60 ? ofDay(i.due_t) : ofDay(i.due_t ?? 0).slice(0, 5) }), " ", el("b", { text: both(i.title) })), el("span", { class: `tag ${i.status === "waiting" ? "" : i.status === "done" ? "good" : i.status === "fired" ? "warn" : ""}`, text: { waiting: t("기다림"), fired: t("진행 중"), done: t("마침"), skipped: t("건너뜀"), ended: t("그 전에 상황 종료"), unneeded: t("필요 없어짐") }[i.status] })),
      el("dl", {}, el("dt", { text: t("기대 행동") }), el("dd", { text: both(i.expect) }), el("dt", { text: t("누가") }), el("dd", { text: both(i.who) }),
        i.alert_t !== null && i.alert_t !== undefined && [el("dt", { text: t("경과") }), el("dd", { class: "num", text: [[t("경보"), i.alert_t], [t("확인"), i.acknowledged_t], [t("출동"), i.dispatched_t], [t("도착"), i.arrived_t], [t("찾음"), i.found_t], [t("종결"), i.closed_t]].filter(([, at]) => at !== null && at !== undefined).map(([name, at]) => `${name} ${ofDay(at)}`).join(" → ") })]),
      i.kind === "dial" && ["running", "paused"].includes(state.state) && el("div", {}, el("p", { class: "small muted", style: "margin:.4rem 0 0", text: t("지금 전화하는 어린이의 번호를 누르세요 (전화기가 있는 번호만):") }), el("div", { class: "dialpad" }, (session.class?.phones ?? []).map((seat) => el("button", { type: "button", class: "plain", "data-key": `dial-${seat}`, "data-dial": seat, click: (event) => fire(event, { inject: i.id, seat }, t("{n}번이 1번을 길게 눌렀습니다", { n: seat })), text: `☎ ${seat}` })))),
      i.status === "waiting" && WAITS[i.waits_for] && el("p", { class: "small muted", style: "margin:.3rem 0 0", text: WAITS[i.waits_for] }),
      (i.status === "waiting" || i.repeatable) && ["running", "paused"].includes(state.state) && el("div", { class: "row", style: "margin-top:.4rem" }, i.waits_for !== "found" && el("button", { type: "button", class: i === next ? "primary" : "plain", "data-key": `fire-${i.id}`, "data-fire": i.id, click: (event) => fire(event, { inject: i.id }, t("상황을 넣었습니다")), text: t("지금 넣기") }), i.status === "waiting" && el("button", { type: "button", class: "plain", "data-key": `skip-${i.id}`, click: () => act("skip", { inject: i.id }), text: t("건너뛰기") })))));
}
// What is still to come has not failed while the drill goes on.
const outcome = (m) => m.fast ? "open" : m.met === true ? "met" : m.met === false && !(m.open && ["running", "paused"].includes(state.state)) ? "missed" : "open";
const measures = () => el("div", { class: "measures", style: "margin-bottom:.7rem" }, Object.entries(state.measures).filter(([, m]) => m).map(([name, m]) => el("div", { class: "measure" }, MEASURE[name] ?? name, el("b", { class: "num", text: m.s === null || m.s === undefined ? "–" : span(m.s) }), m.target_s ? el("span", { class: `tag ${{ met: "good", missed: "warn", open: "" }[outcome(m)]}`, text: `${{ met: "✓ ", missed: "✗ ", open: "" }[outcome(m)]}${m.fast ? t("배속 구간: 판정 안 함") : t("목표 {s}", { s: m.target_s % 60 || m.target_s < 60 ? span(m.target_s) : t("{m}분", { m: m.target_s / 60 }) })}` }) : "")));

const MARK = { here: t("있음"), missing: t("안 보임"), excused: t("사유") };
let mark = "here"; // what a press of a number says
/** What was pressed and is not in the twin's answer yet. It counts at once; the calls go one after the other, in the order of the presses. */
const pressed = new Map();
let sending = false;
async function count(rows) {
  for (const { seat, status } of rows) { pressed.delete(seat); pressed.set(seat, status); }
  const here_ = new Set(kept.get(`here:${id}`, []));
  for (const { seat, status } of rows) if (status === "here") here_.add(seat);
  kept.set(`here:${id}`, [...here_]);
  panel();
  if (sending) return;
  sending = true;
  while (pressed.size) {
    const sent = [...pressed];
    await act("rollcall", { seats: sent.map(([seat, status]) => ({ seat, status })) });
    for (const [seat, status] of sent) if (pressed.get(seat) === status) pressed.delete(seat);
  }
  sending = false;
  panel();
}
function roll() {
  const names = kept.get(`names:${session.school.code}:${session.class?.grade}-${session.class?.class}`, {}), r = state.rollcall ?? {};
  const told = { missing: new Set(r.missing ?? []), excused: new Set(r.excused ?? []), here: new Set(kept.get(`here:${id}`, [])) };
  const seats = session.class?.seats ?? [];
  const status = (n) => pressed.get(n) ?? Object.keys(told).find((name) => told[name].has(n)) ?? "none";
  const missing = seats.filter((n) => status(n) === "missing");
  const counted = seats.filter((n) => status(n) !== "none").length;
  fill($("#panel"), el("div", { class: "row between" }, el("div", {}, el("span", { class: "bigcount", text: `${r.here ?? 0}/${r.expected ?? seats.length}` }), el("div", { class: "muted", text: t("{g}학년 {c}반 · 확인한 자리 {n}", { g: session.class?.grade, c: session.class?.class, n: counted }) })),
    el("div", {}, r.accounted_s !== null && r.accounted_s !== undefined && !missing.length ? el("span", { class: "tag good", style: "font-size:1.05rem", text: t("인원 확인까지 {s}", { s: span(r.accounted_s) }) }) : missing.length ? el("span", { class: "tag bad", text: t("안 보임: {n}번", { n: missing.join(", ") }) }) : "")),
  el("div", { class: "row", role: "radiogroup", "aria-label": t("번호를 누르면") }, el("b", { text: t("번호를 누르면:") }), Object.entries(MARK).map(([name, text]) => el("button", { type: "button", role: "radio", class: mark === name ? "primary small" : "plain small", "data-key": `mark-${name}`, "data-mark": name, "aria-checked": String(mark === name), click: () => { mark = name; drawn = ""; panel(); }, text }))),
  el("p", { class: "small muted", text: t("번호만 훈련 기록에 남고 이름은 이 브라우저에만 있습니다.") }),
  el("div", { class: "seats" }, seats.map((n) => el("button", { type: "button", class: "seat", "data-key": `seat-${n}`, "data-seat": n, "data-status": status(n), "aria-label": t("{n}번 {name} {status}", { n, name: names[n] ?? "", status: { none: t("미확인"), here: t("있음"), missing: t("안 보임"), excused: t("사유") }[status(n)] }), disabled: !["running", "paused"].includes(state.state),
    click: () => count([{ seat: n, status: status(n) === mark ? "here" : mark }]) },
  el("b", { text: n }), el("small", { text: names[n] ?? "" }), el("small", { text: { none: "", here: `✓ ${t("있음")}`, missing: `✗ ${t("안 보임")}`, excused: t("사유") }[status(n)] })))),
  el("div", { class: "row foot" },
    el("button", { type: "button", class: "primary", id: "all-here", disabled: !["running", "paused"].includes(state.state), click: () => count(seats.filter((n) => status(n) === "none").map((seat) => ({ seat, status: "here" }))), text: t("나머지 모두 있음") }),
    el("button", { type: "button", class: "plain", id: "names", click: editNames, text: t("이름 적기") })));
}
async function editNames() {
  const name = `names:${session.school.code}:${session.class?.grade}-${session.class?.class}`, held = kept.get(name, {});
  const form = await dialog(t("번호와 이름"), el("div", { class: "field" }, el("label", { for: "text", text: t("한 줄에 하나: 번호 이름") }), el("p", { class: "small muted", text: t("이 브라우저에만 저장되고 어디에도 보내지 않습니다.") }), el("textarea", { id: "text", name: "text", style: "min-height:16rem" }, Object.entries(held).map(([n, text]) => `${n} ${text}`).join("\n"))), { yes: t("저장") });
  if (!form) return;
  kept.set(name, Object.fromEntries(form.text.split("\n").map((line) => line.trim().match(/^(\d+)[\s.,]+(.+)$/)).filter(Boolean).map(([, n, text]) => [n, text.slice(0, 20)])));
  panel();
}
function log() {
  // Of a roll call in progress the latest count is enough.
  const shown = events.filter((e, n) => !(e.kind === "rollcall" && events[n + 1]?.kind === "rollcall")).reverse().slice(0, 200);
  fill($("#panel"), el("form", { class: "row", submit: async (event) => { event.preventDefault(); const box = event.target.querySelector("input"), text = box.value.trim(); if (text && await act("notes", { text, by: "observer" }, t("메모를 남겼습니다"))) box.value = ""; } }, el("input", { type: "text", id: "note", "aria-label": t("관찰 메모"), placeholder: t("관찰한 것을 적으세요"), maxlength: 500, style: "flex:1;width:auto", value: $("#note")?.value ?? "" }), el("button", { class: "primary", "data-key": "note-save", text: t("메모") })),
    el("ol", { class: "reactions bare" }, shown.map((e) => el("li", { class: e.kind === "real" ? "real-line" : "" }, el("span", { class: "num", text: ofDay(e.t) }), el("span", {}, el("span", { "aria-hidden": "true", text: `${KIND[e.kind] ?? "·"} ` }), both(e.text), e.kind === "real" && el("b", { text: ` ${t("실제 신고")}` }))))), shown.length === 0 && el("p", { class: "empty", text: t("아직 아무 일도 없습니다.") }));
}
/** What the clock says of an objective that is measured. */
function measured(name) {
  const m = state.measures?.[name];
  if (!m || m.s === null || m.s === undefined) return name ? el("span", { class: "tag measured", text: t("잰 결과: 없음") }) : null;
  return el("span", { class: `tag measured ${{ met: "good", missed: "warn", open: "" }[outcome(m)]}`, text: `${t("잰 결과: {s}", { s: span(m.s) })}${{ met: " ✓", missed: " ✗", open: "" }[outcome(m)]}` });
}
let drawn = "", rated = {};
function report() {
  // Ratings are typed in here: only redrawn when there is something new to show.
  const mark = `${state.state}:${state.measures ? JSON.stringify(state.measures) : ""}:${JSON.stringify(state.improvements)}:${here.lang}`;
  if ($("#report-links") && drawn === mark) return;
  drawn = mark;
  rated = Object.fromEntries((state.objectives ?? []).map((o) => [o.id, { rating: o.rating, evidence: o.evidence }]));
  fill($("#panel"), state.state === "ended" && session.rehearsal && el("section", { class: "card next" }, el("h2", { text: t("리허설을 마쳤습니다") }), el("p", { text: t("이제 진짜 훈련을 만드세요. 학교와 훈련, 학급, 날짜는 그대로 채워집니다.") }), el("a", { class: "button primary", id: "for-real", href: `/drill?${forReal()}`, text: t("진짜 훈련 만들기") })),
    el("div", { class: "row", id: "report-links" }, el("a", { class: "button primary", id: "report-html", target: "_blank", rel: "noopener", href: `${BASE}/report.html?lang=${here.lang}`, text: t("보고서 열기") }), el("a", { class: "button plain", id: "report-pdf", download: "", href: `${BASE}/report.pdf?lang=${here.lang}`, text: t("PDF 내려받기") }), state.state !== "ended" && el("span", { class: "tag warn", text: t("훈련이 끝나면 완성됩니다") })),
    state.measures && measures(),
    el("h2", { style: "margin-top:1rem", text: t("목표별 평가") }),
    el("div", { class: "scroll" }, el("table", { class: "ratings" }, el("tbody", {}, (drill?.objectives ?? []).map((o) => el("tr", {}, el("td", {}, el("div", { class: "row between", style: "flex-wrap:nowrap" }, el("span", { text: both(o.text) }), measured(o.measure)), el("div", { class: "answers", role: "radiogroup", "aria-label": both(o.text) }, [["P", t("어려움 없이 함")], ["S", t("조금 어려움")], ["M", t("크게 어려움")], ["U", t("해내지 못함")]].map(([letter, meaning]) => el("label", { title: meaning }, el("input", { type: "radio", name: `rate-${o.id}`, value: letter, checked: rated[o.id]?.rating === letter, change: () => rate(o.id, { rating: letter }) }), here.lang === "ko" ? meaning : `${letter} ${meaning}`))),
      el("input", { type: "text", "aria-label": t("근거: {what}", { what: both(o.text) }), placeholder: t("근거"), value: rated[o.id]?.evidence ?? "", change: (event) => rate(o.id, { evidence: event.target.value }) }))))))),
    el("h2", { style: "margin-top:1rem", text: t("고칠 것") }),
    el("ul", { class: "bare", id: "improvements" }, (state.improvements ?? []).map((i) => el("li", { class: "row between" }, el("span", { text: [i.text, i.owner, i.due].filter(Boolean).join(" · ") }), el("button", { type: "button", class: "plain small", "aria-label": t("지우기: {what}", { what: i.text }), click: () => drop(i.n), text: t("지우기") })))),
    el("form", { submit: async (event) => { event.preventDefault(); const given = Object.fromEntries(new FormData(event.target)); if (await act("improvements", { text: given.text, owner: given.owner, ...(given.due ? { due: given.due } : {}) }, t("고칠 것을 보고서에 적었습니다"))) event.target.reset(); } },
      el("input", { type: "text", name: "text", required: true, "aria-label": t("무엇을"), placeholder: t("무엇을 고칠까요?") }), el("div", { class: "row", style: "margin-top:.4rem" }, el("input", { type: "text", name: "owner", "aria-label": t("누가"), placeholder: t("누가"), style: "width:9rem" }), el("input", { type: "date", name: "due", "aria-label": t("언제까지"), style: "width:auto" }), el("button", { class: "primary", text: t("더하기") }))),
    el("iframe", { class: "report-frame", style: "margin-top:1rem", title: t("사후 보고서"), src: `${BASE}/report.html?lang=${here.lang}` }));
}
/** The same school, drill, class and day once more, and no rehearsal. */
const forReal = () => new URLSearchParams({ school: session.school.code, drill: session.drill.id, date: session.date, ...(session.starts ? { start: session.starts } : {}), grade: session.class?.grade ?? "", class: session.class?.class ?? "", size: session.class?.seats?.length ?? "", ...(session.class?.lead ? { lead: session.class.lead } : {}) });
async function drop(n) {
  try { await ask("DELETE", `${BASE}/improvements/${n}`); } catch (error) { trouble(error); }
  await refresh().catch(trouble);
}
async function rate(objective, change) {
  Object.assign(rated[objective], change);
  await ask("PUT", `${BASE}/ratings`, { objective, ...rated[objective] }).catch(trouble);
}

// ------------------------------------------------------------------ replay

const TROUBLED = ["press", "enter", "off_route", "deadline", "report"];
async function startReplay() {
  replay = await ask("GET", `${BASE}/replay`);
  crowd?.clear();
  crowd?.people(replay.agents);
  $(".said-stack")?.remove();
  const box = $("#replay"), slider = el("input", { type: "range", id: "slider", min: replay.from_t, max: replay.to_t, step: 1, value: replay.from_t, "aria-label": t("다시 보기 시각") }), at = el("b", { class: "num", id: "replay-at", text: ofDay(replay.from_t) });
  let playing = 0, speed = 10;
  const places = replay.tracks.map(() => 0), cast = new Set(replay.agents.filter((a) => a.cast).map((a) => a.i));
  const turns = replay.events.filter((e) => e.agent !== undefined && (TROUBLED.includes(e.kind) || e.kind === "found")), clear = replay.events.find((e) => e.kind === "all_clear")?.t ?? Infinity;
  const out = replay.events.find((e) => e.kind === "evacuate")?.t ?? Infinity;
  const looks = (i, when, stands) => {
    if (!cast.has(i)) return stands && when >= out ? 16 : 1; // in the yard, as it was live
    const last = when >= clear ? null : turns.filter((e) => e.agent === i && e.t <= when).at(-1);
    return 1 | 4 | (last ? (last.kind === "found" ? 16 : 8) : 0);
  };
  const go = (when) => {
    slider.value = when; at.textContent = ofDay(when); slider.setAttribute("aria-valuetext", ofDay(when));
    const rows = [];
    replay.tracks.forEach((track, n) => {
      const times = track.t;
      if (!times.length || times[0] > when) return;
      let j = places[n];
      if (times[j] > when) j = 0;
      while (j + 1 < times.length && times[j + 1] <= when) j++;
      places[n] = j;
      const k = j + 1 < times.length ? (when - times[j]) / (times[j + 1] - times[j] || 1) : 0, o = Math.min(j + 1, times.length - 1);
      rows.push([track.i, track.lon[j] + (track.lon[o] - track.lon[j]) * k, track.lat[j] + (track.lat[o] - track.lat[j]) * k, looks(track.i, when, track.place[j] === "" && track.lon[j] === track.lon[o] && track.lat[j] === track.lat[o])]);
    });
    crowd?.place(rows);
    if (map?.getLayer("class-name")) map.setLayoutProperty("class-name", "visibility", when >= out || out === Infinity ? "visible" : "none"); // before, nobody stands there
    const happened = replay.events.filter((e) => e.t <= when && e.lon);
    if (map) drawEvents(happened.slice(-3));
    const last = replay.events.filter((e) => e.t <= when).at(-1);
    $("#said").textContent = last ? `${ofDay(last.t)} ${both(last.text)}` : "";
  };
  const button = el("button", { type: "button", class: "primary", id: "play", text: `▶ ${t("재생")}` });
  button.addEventListener("click", () => {
    if (playing) { cancelAnimationFrame(playing); playing = 0; button.textContent = `▶ ${t("재생")}`; return; }
    button.textContent = `Ⅱ ${t("멈춤")}`;
    let before = performance.now();
    const step = (nowMs) => { const when = Math.min(replay.to_t, Number(slider.value) + 0); go.exact = Math.min(replay.to_t, (go.exact ?? when) + ((nowMs - before) / 1000) * speed); before = nowMs; go(go.exact); playing = go.exact < replay.to_t ? requestAnimationFrame(step) : 0; if (!playing) button.textContent = `▶ ${t("재생")}`; };
    go.exact = Number(slider.value) >= replay.to_t ? replay.from_t : Number(slider.value);
    playing = requestAnimationFrame(step);
  });
  slider.addEventListener("input", () => { go.exact = Number(slider.value); go(go.exact); });
  const pace = el("select", { id: "pace", "aria-label": t("재생 속도"), style: "width:auto", change: (event) => { speed = Number(event.target.value); } }, [1, 10, 30, 60].map((x) => el("option", { value: x, selected: x === 10, text: `${x}×` })));
  fill(box, el("b", { text: t("다시 보기") }), button, pace, slider, at, el("span", { id: "said", style: "flex-basis:100%", class: "muted" }));
  box.hidden = false;
  go(replay.from_t);
  document.body.dataset.replay = "ready";
}

// ------------------------------------------------------------------ map and stream

const MARKED = ["camera", "found", "press", "unit", "arrived"]; // they have marks of their own, under which words could not be read
function drawEvents(rows) {
  if (!map) return;
  overlay(map, "events", collection(rows.map((e, n) => point(e.lon, e.lat, { name: n === rows.length - 1 && !MARKED.includes(e.kind) ? both(e.text).slice(0, 28) : "", real: e.kind === "real" }))), [
    { id: "event", type: "circle", paint: { "circle-radius": 15, "circle-color": ["case", ["get", "real"], "#b3131b", "#9a4a00"], "circle-opacity": 0.18, "circle-stroke-color": ["case", ["get", "real"], "#b3131b", "#9a4a00"], "circle-stroke-width": 2.5 } },
    { id: "event-name", type: "symbol", layout: { "text-field": ["get", "name"], "text-font": ["local"], "text-size": 13, "text-offset": [0, -1.5], "text-anchor": "bottom" }, paint: { "text-color": "#5c2c00", "text-halo-color": "#fff", "text-halo-width": 2 } }]);
}

/** The whole yard, as near as can be: who counts a class wants to see its lines. */
function gather() {
  const stands = (places?.features ?? []).filter((f) => ["assembly", "assembly_class"].includes(f.properties.kind)).map((f) => f.geometry.coordinates);
  if (!map || stands.length < 2) return;
  const [lons, lats] = [0, 1].map((n) => stands.map((p) => p[n]));
  map.fitBounds([[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]], { padding: { top: 70, bottom: 110, left: 60, right: 60 }, maxZoom: 18.6, duration: 800 });
}

async function startMap() {
  const schematic = session.map.kind === "schematic", tiles = (await ask("GET", "/tiles.json")).present;
  const sheet = schematic || !tiles ? await ask("GET", `${BASE}/map?schematic=1`) : null;
  map = await makeMap($("#map"), { center: session.map.center, zoom: 15.9, sheet, label: t("훈련 지도") });
  crowd = new Crowd(map);
  crowd.place(early.values());
  early.clear();
  if (state) show();
  following = follow(map, {
    there: () => crowd.child() !== null,
    go(pressed) { const { lon, lat } = crowd.child(); if (pressed || !wellInside(map, lon, lat)) map.easeTo({ center: [lon, lat], ...(pressed ? { zoom: Math.max(16, map.getZoom()) } : {}), duration: 600 }); },
  });
  setInterval(() => following.look(), 1000);
  window.crowd = crowd; // for measurements and tests: how many frames were drawn
  $("#map").append(legend([["●", "#0b6fb8", t("걷는 어린이")], ["●", "#7fa8c9", t("가만히 있는 어린이")], ["◆", "#a86a00", t("훈련 주인공")], ["▲", "#b3131b", t("위급")], ["■", "#00644b", t("무사")], session.drill.id === "stranger" && ["▼", "#222222", t("낯선 사람")], drill?.rollcall && ["•", "#00785a", t("모인 어린이")], ["■", "#123a5a", t("출동")]].filter(Boolean),
    [["●", "#009e73", t("리더기")], ["●", "#d55e00", t("비상벨")], ["◣", "#6a3d9a", t("카메라와 보는 쪽")], ["◌", "#b34700", t("위험지역")]]));
  if (schematic) $("#map").append(el("div", { class: "notmine", id: "notmine" }, both(session.map.notice) || t("이 지도는 선생님 학교의 지도가 아닙니다. 만들어 낸 약도입니다."), el("button", { type: "button", class: "plain", id: "getmap", click: getMap, text: t("우리 학교 지도 받기") })));
  places = await ask("GET", `${BASE}/map`);
  drawPlace(map, places);
  crowd.people((await ask("GET", `${BASE}/agents`).catch(() => ({ items: [] }))).items);
  map.on("click", (event) => { const i = crowd.nearest(event.point.x, event.point.y); if (i >= 0) toast(both(crowd.labels[i]) || crowd.kinds[i]); });
  document.body.dataset.map = "ready";
}
let chosen = 0; // when the speed was last chosen here: the twin goes back to 1x by itself where people must react
/** What is said to people when a situation begins is shown large. */
function happened(event) {
  const fired = ["list", "hand"].includes(event.data?.by);
  if (fired && event.data.kind === "message" && ["running", "paused"].includes(state?.state)) says($("#map"), event, id);
}
/** The twin fetches the real streets; a drill made afterwards runs on them. */
async function getMap() {
  const place = `/control/v1/schools/${session.school.code}/map`, bar = el("progress", { id: "map-progress", max: 1, "aria-label": t("지도 받기") }), said = el("p", { id: "map-said", role: "status", text: t("지도를 받는 중입니다. 인터넷이 필요합니다.") });
  const box = el("dialog", { class: "dialog", "aria-label": t("우리 학교 지도 받기") }, el("h2", { text: t("우리 학교 지도 받기") }), bar, said, el("div", { class: "buttons" }, el("button", { type: "button", class: "plain", id: "map-close", click: () => { box.close(); box.remove(); }, text: t("닫기") })));
  document.body.append(box);
  box.showModal();
  const stop = (text) => { bar.remove(); said.textContent = text; };
  try {
    let told = await ask("POST", place, {});
    while (told.state === "fetching" && box.isConnected) {
      if (told.total) { bar.value = told.done / told.total; said.textContent = t("지도를 받는 중: {done}/{total}", { done: told.done, total: told.total }); }
      await new Promise((done) => setTimeout(done, 400));
      told = await ask("GET", place);
    }
    if (told.state === "failed") stop(both(told.error));
    if (told.state !== "ready") return;
    stop(t("우리 학교의 실제 거리를 받았습니다. 이 훈련을 실제 지도로 새로 만드세요."));
    box.querySelector(".buttons").append(el("a", { class: "button primary", id: "map-again", href: `/drill?school=${session.school.code}&drill=${session.drill.id}`, text: t("실제 지도로 새로 만들기") }));
  } catch (error) { const [ko, en] = error.message.split(" · "); stop(error.status === 409 ? (here.lang === "en" ? en ?? ko : ko) : because(error)); }
}

async function begin() {
  try { session = await ask("GET", BASE); } catch (error) { fill($("#panel"), el("div", { class: "empty" }, el("b", { text: error.status === 404 ? t("이런 훈련이 없습니다") : because(error) }), el("a", { href: "/", text: t("처음으로") }))); if (error.status !== 404) setTimeout(begin, 2000); return; }
  $("#title").textContent = `${session.school.name} · ${both(session.drill.title)}`;
  $("#which").textContent = [session.date && day(`${session.date}T12:00:00+09:00`), session.starts, session.class && t("{g}학년 {c}반", { g: session.class.grade, c: session.class.class }), session.rehearsal && t("리허설")].filter(Boolean).join(" · ");
  document.title = `${both(session.drill.title)} – ${t("안전존")}`;
  drill = await ask("GET", `/control/v1/drills/${session.drill.id}`).catch(() => null);
  await refresh().catch(trouble);
  const mapped = startMap().catch((error) => { console.error(error); toast(t("지도를 열 수 없습니다: {why}", { why: error.message }), "error"); });
  const live = new Live(`${BASE}/stream?last_event_id=0`, {
    clock(data) { if (data.state === "ended" && state?.state !== "ended") later(); if (state && data.state !== state.state) later(); $("#clock").textContent = ofDay(data.t); if (state) untilNext(data.t); if (data.phase && data.state !== "ended") $("#phase").textContent = both(data.phase.title ?? data.phase);
      if (state && data.speed !== state.speed) { if (data.speed === 1 && state.speed > 1 && Date.now() - chosen > 3000) toast(t("참가자가 대응할 차례라 속도를 1×로 되돌렸습니다")); state.speed = data.speed; later(); } },
    frame(data) { if (replay) return; if (crowd) crowd.frame(data); else for (const row of data.a) early.set(row[0], row); },
    event(data) {
      if (events.some((e) => e.n === data.n)) return;
      events.push(data);
      if (events.length > 2000) events.splice(0, 500);
      if (data.kind === "inject") happened(data);
      if (data.kind === "quake" && ["running", "paused"].includes(state?.state)) says($("#map"), data, id);
      if (data.kind === "evacuate") { $("#map .said-stack")?.remove(); if (Date.now() - Date.parse(data.wall) < 5000) gather(); } // nobody crouches any more
      if (data.kind === "press" && crowd && Date.now() - Date.parse(data.wall) < 5000) { crowd.secret = false; following?.begin(); following?.look(true); }
      if (data.kind === "agent") ask("GET", `${BASE}/agents`).then(({ items }) => crowd?.people(items)).catch(() => {});
      if (data.kind === "real") { const bar = $("#real"); bar.hidden = false; fill(bar, el("strong", { text: t("실제 신고 · REAL CALL – 훈련이 아닙니다") }), both(data.text), " ", el("button", { type: "button", click: () => { bar.hidden = true; }, text: t("알겠습니다") })); }
      if (data.lon && data.kind !== "camera" && !replay && map && !following?.on && Date.now() - Date.parse(data.wall) < 5000 && !wellInside(map, data.lon, data.lat)) map.easeTo({ center: [data.lon, data.lat], duration: 600 });
      if (data.lon && !replay) drawEvents(events.filter((e) => e.lon).slice(-3));
      later();
      if (view === "log") log();
    },
  }, (connected) => { if (!connected && ["ended", "failed"].includes(state?.state)) { live.close(); heedServer(); return; } away("twin", !connected, t("훈련 서버와 연결이 끊겼습니다. 다시 연결하는 중입니다. 훈련 기록은 서버에 남아 있습니다.")); document.body.dataset.live = connected ? "yes" : "no"; if (connected) refresh().catch(() => {}); else if (state?.state === "running" || state?.state === "paused") lost(); });
  await mapped;
  document.body.dataset.loaded = "yes";
}

/** Whether the drill is still there: a twin that was started again does not know it any more. */
async function lost() {
  const told = await ask("GET", `${BASE}/state`).catch(() => null);
  if (told) { state = told; session = await ask("GET", BASE).catch(() => session); show(); }
}

function turnTo(name) {
  view = name; drawn = "";
  $("#panel").scrollTop = 0;
  document.querySelectorAll("[data-view]").forEach((each) => each.setAttribute("aria-selected", String(each.dataset.view === name)));
  $("#panel").setAttribute("aria-labelledby", `tab-${name}`);
  panel();
}
document.querySelectorAll("[data-view]").forEach((tab) => tab.addEventListener("click", () => turnTo(tab.dataset.view)));
document.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
  const tabs = [...document.querySelectorAll("[data-view]")], at = tabs.indexOf(document.activeElement), step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step && at >= 0) { const next = tabs[(at + step + tabs.length) % tabs.length]; next.focus(); next.click(); }
});
document.querySelectorAll("[data-play]").forEach((button) => button.addEventListener("click", async () => {
  // The window is opened at once: a browser allows it only in the moment of the click.
  const opened = window.open("about:blank", "_blank");
  try { await ask("POST", "/auth/drill", { session: id, as: button.dataset.play }); if (opened) opened.location = button.dataset.where; else location.assign(button.dataset.where); } catch (error) { opened?.close(); trouble(error); }
}));
/** The address at which other devices find these pages; empty where only this machine does. */
const reachable = () => ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname) ? here.others : location.origin;
$("#join").addEventListener("click", () => dialog(t("참가 번호"), el("div", {}, el("p", { class: "bigcount", id: "join-code", text: session?.join?.match(/.{1,4}/g)?.join(" ") ?? "–" }),
  reachable() ? el("p", {}, t("다른 컴퓨터나 태블릿에서 이 주소를 열고 번호를 넣은 뒤 역할(상황실, 보호자, 학교)을 고릅니다: "), el("b", { text: reachable() })) : el("p", {}, t("지금은 이 컴퓨터에서만 열립니다: 역할마다 새 탭을 쓰세요. 학교 안의 다른 기기에서도 열려면 프로그램을 이렇게 다시 켭니다: "), el("code", { style: "white-space:nowrap", text: "make drill HOST=0.0.0.0" }), t(" (pip으로 설치했으면 "), el("code", { style: "white-space:nowrap", text: "safezone drill --host 0.0.0.0" }), ")"),
  reachable() && session?.join && el("figure", { class: "qr" }, el("img", { id: "qr", src: `/join/${id}.svg`, width: 200, height: 200, alt: t("참가 주소와 번호가 든 QR 코드") }), el("figcaption", { class: "small muted", text: t("태블릿 카메라로 비추면 이 주소가 열리고 번호가 채워집니다.") })),
  el("p", { class: "muted", text: t("번호를 아는 사람은 역할만 맡습니다. 시작·상황 넣기·종료는 이 브라우저에서만 할 수 있습니다.") })), { no: null }));
$("#start").addEventListener("click", async () => {
  const today = date(new Date()), on = (iso) => day(`${iso}T12:00:00+09:00`);
  if (!session.rehearsal && session.date && session.date !== today && !(await dialog(t("훈련일은 {day}입니다. 오늘 할까요?", { day: on(session.date) }), el("p", { text: t("오늘은 {today}입니다. 지금 시작하면 보고서에는 오늘 한 훈련으로 적히고, 계획한 날({day})도 함께 남습니다. 연습이라면 «혼자 해 보는 5분 리허설»을 만드세요.", { today: on(today), day: on(session.date) }) }), { yes: t("오늘 하기"), no: t("아니요") }))) return;
  act("start");
});
$("#inject").addEventListener("click", (event) => { const next = upcoming(); if (next) fire(event, { inject: next.id }, t("상황을 넣었습니다")); });
$("#clear").addEventListener("click", async () => {
  const open = state.injects.filter((i) => i.incident && (i.closed_t === null || i.closed_t === undefined)).length;
  const lost = state.child?.state === "missing";
  if ((open || lost) && !(await dialog(t("상황을 종료할까요?"), el("div", {}, lost && el("p", {}, el("b", { text: t("아이를 아직 찾지 못했습니다. 지금 종료하면 보고서에 «찾지 못함»으로 남습니다.") })), open > 0 && el("p", { text: t("상황실에서 아직 종결하지 않은 사건이 {n}건 있습니다. 종료하면 모두 제자리로 돌아갑니다.", { n: open }) })), { yes: t("상황 종료") }))) return;
  act("all-clear", {}, t("상황이 끝났음을 알렸습니다"));
});
$("#pause").addEventListener("click", () => act(state.state === "paused" ? "resume" : "pause"));
$("#speed").addEventListener("change", (event) => { chosen = Date.now(); act("speed", { x: Number(event.target.value) }); event.target.blur(); });
$("#end").addEventListener("click", async () => { if (await dialog(t("훈련을 끝낼까요?"), el("p", { text: t("끝나면 보고서와 다시 보기가 나옵니다.") }), { yes: t("훈련 끝내기") })) act("end", {}, t("훈련을 끝냈습니다")); });
begin();
