// The school's page: who came, who is missing, what needs a new battery, what parents say. Asked again every few seconds.
import { $, HUB_AWAY, Live, ask, away, band, because, date, day, dialog, el, fill, here, hm, t, toast, trouble } from "./kit.js";
import { cleared, followDrill } from "./drill.js";
import { DEVICE, FAULT, SERVICE, STATE } from "./words.js";

const V1 = "/as/school/v1";
let drill = null, over = false; // the drill in which this page is played, and whether it has ended
let me, pupils = null, devices = [], complaints = [], enrolments = [];
const alerts = new Map();
const WHO = (p) => t("{g}학년 {c}반 {n}번 {name}", { g: p.grade, c: p.class, n: p.number, name: p.name });
const LOW = 20, DAY_MS = 86400e3;
// A tag never seen yet may have been given out today: only one that fell silent is stale.
const stale = (p) => p.tag && p.heard_at && p.tag_seen_at && Date.parse(p.heard_at) - Date.parse(p.tag_seen_at) > DAY_MS;

function table(names, rows, none) {
  if (!rows.length) return el("p", { class: "muted", text: none });
  return el("table", {}, el("thead", {}, el("tr", {}, names.map((name) => el("th", { scope: "col", text: name })))), el("tbody", {}, rows.map((cells) => el("tr", {}, cells.map((cell) => el("td", {}, cell))))));
}

/** After a drill the zone has its own time again: what the hub would tell now is not of the drill, so no figure is shown. */
function gone() {
  for (const part of document.querySelectorAll("#main > .card, #tiles, #invented, #enrolled")) part.hidden = !["over", "no-figures"].includes(part.id);
  if (!$("#no-figures")) $("#main").append(el("section", { class: "card", id: "no-figures" }, el("h2", { text: t("훈련 때의 숫자는 여기에 남지 않습니다") }), el("p", { text: t("이 화면은 훈련하는 동안에만 등교 현황을 보여 줍니다. 훈련의 기록은 선생님의 보고서에 있습니다.") })));
  document.body.dataset.loaded = "yes";
}

function show() {
  if (!pupils) return;
  const items = pupils.items, count = (...states) => items.filter((p) => states.includes(p.state)).length;
  const missing = items.filter((p) => p.state === "missing"), late = missing.length ? missing : items.filter((p) => p.state === "expected");
  const weak = items.filter((p) => (p.tag_battery_pct ?? 100) <= LOW || stale(p)), faulty = devices.filter((d) => d.faults.length), open = complaints.filter((c) => c.state === "open");
  if (drill && !$("#invented")) $("#tiles").before(el("p", { id: "invented", class: "muted", text: t("훈련 화면입니다. 이름은 모두 지어낸 것이고 실제 학생이 아닙니다.") }));
  if (!$("#enrolled")) $("#tiles").before(el("p", { id: "enrolled", class: "small muted", text: t("숫자는 안전존에 가입한 어린이만 셉니다. 학급의 전체 인원과 다릅니다.") }));
  $("#date").textContent = `${day(`${pupils.date}T12:00:00+09:00`)}${pupils.school_day ? "" : ` · ${t("수업 없는 날")}`}`;
  const tile = (n, name, kind) => el("div", { class: `tile ${kind}` }, el("b", { text: n }), name);
  fill($("#tiles"), tile(`${count("in_school", "left")}/${items.length - count("absent", "unknown")}`, t("등교"), "good"), tile(missing.length, t("안 온 어린이"), missing.length ? "bad" : "good"), tile(count("left"), t("하교"), ""), tile(count("absent"), t("결석 신고"), ""), tile(weak.length, t("점검할 태그"), weak.length ? "warn" : "good"), tile(faulty.length, t("고장 난 장치"), faulty.length ? "warn" : "good"), tile(open.length, t("답할 보호자 문의"), open.length ? "warn" : "good"));
  if (drill && drill.starts >= "11:00") $("#title").textContent = t("우리 학교 지금"); // not «arrivals» in the afternoon
  fill($("#missing"), items.length === 0 ? el("p", { class: "muted", text: t("지금은 보여 줄 어린이가 없습니다.") }) : late.length === 0 ? el("p", { class: "tag good", text: t("모두 왔습니다") })
    : [el("p", {}, missing.length ? el("span", { class: "tag bad", text: t("등교 시각이 지났습니다: {n}명", { n: missing.length }) }) : el("span", { class: "tag info", text: t("아직 등교 시간입니다: {n}명 남음", { n: late.length }) })),
      el("ul", { class: "bare", style: "columns:16rem" }, late.slice(0, 200).map((p) => el("li", { "data-pupil": p.id, text: WHO(p) })))]);
  const classes = new Map();
  for (const p of items) { const name = `${p.grade}-${p.class}`; if (!classes.has(name)) classes.set(name, []); classes.get(name).push(p); }
  fill($("#classes"), [...classes].map(([name, rows]) => {
    const n = (state) => rows.filter((p) => p.state === state).length, of = (state) => `width:${(100 * n(state)) / rows.length}%`;
    return el("div", {}, el("div", { class: "row between" }, el("b", { text: t("{g}학년 {c}반", { g: name.split("-")[0], c: name.split("-")[1] }) }), el("span", { class: "num", text: t("{in} 있음 · {out} 하교 · {miss} 안 옴", { in: n("in_school"), out: n("left"), miss: n("missing") + n("expected") }) })),
      el("div", { class: "bar", "aria-hidden": "true" }, el("i", { class: "in", style: of("in_school") }), el("i", { class: "out", style: of("left") }), el("i", { class: "miss", style: of("missing") })));
  }));
  fill($("#tags"), table([t("어린이"), t("태그"), t("배터리"), t("마지막으로 보임")], weak.sort((a, b) => (a.tag_battery_pct ?? 101) - (b.tag_battery_pct ?? 101)).slice(0, 80).map((p) => [WHO(p), p.tag ?? "", p.tag_battery_pct === undefined ? "–" : el("span", { class: `tag ${p.tag_battery_pct <= LOW ? "warn" : ""}`, text: `${Math.round(p.tag_battery_pct)} %` }), el("span", {}, p.tag_seen_at ? `${day(p.tag_seen_at)} ${hm(p.tag_seen_at)}` : t("없음"), stale(p) && el("span", { class: "tag warn", text: t("오래됨") }))]), t("점검할 태그가 없습니다.")));
  fill($("#devices"), faulty.length === 0 && el("p", {}, el("span", { class: "tag good", text: t("{n}대 모두 정상", { n: devices.length }) })),
    el("details", { open: faulty.length > 0 }, el("summary", { text: t("장치 {n}대", { n: devices.length }) }), table([t("장치"), t("종류"), t("상태"), t("마지막 신호")], [...devices].sort((a, b) => b.faults.length - a.faults.length || a.id.localeCompare(b.id)).map((d) => [d.id, DEVICE[d.type] ?? d.type, d.faults.length ? d.faults.map((f) => el("span", { class: "tag bad", text: FAULT[f] ?? f })) : el("span", { class: "tag good", text: t("정상") }), d.last_heartbeat ? hm(d.last_heartbeat) : t("없음")]), "")));
  fill($("#complaints"), complaints.length === 0 ? el("p", { class: "muted", text: t("보호자 문의가 없습니다.") }) : complaints.slice(0, 50).map((c) => el("article", { class: "card notice", "data-complaint": c.id },
    el("div", { class: "row between" }, el("b", { text: `${SERVICE[c.service] ?? ""} · ${items.find((p) => p.id === c.child)?.name ?? ""}` }), el("span", { class: "num muted", text: `${day(c.made_at)} ${hm(c.made_at)}` })),
    el("p", { text: c.text }), c.state === "open" ? el("button", { type: "button", class: "primary", "data-key": `answer-${c.id}`, click: () => answer(c), text: t("답하기") }) : el("p", {}, el("span", { class: `tag ${c.state === "upheld" ? "warn" : "info"}`, text: c.state === "upheld" ? t("알림이 틀렸음") : t("알림이 맞았음") }), ` ${c.answer ?? ""}`))));
  fill($("#incidents"), [...alerts.values()].slice(-5).reverse().map((i) => el("div", { class: "card notice emergency", role: "alert", style: "margin-bottom:1rem" }, el("b", { text: `${SERVICE[i.service] ?? i.service} · ${STATE[i.state] ?? ""}` }), " ", i.exercise && el("span", { class: "tag drill", text: t("훈련") }), ` ${hm(i.opened_at ?? i.event_at)} `, items.find((p) => p.id === i.child)?.name ?? "")));
  fill($("#enrolments"), el("div", { class: "row" }, el("label", { for: "whose", text: t("어린이") }), el("select", { id: "whose", style: "max-width:20rem" }, items.map((p) => el("option", { value: p.id, selected: p.id === chosen, text: WHO(p) }))), el("button", { type: "button", class: "primary", id: "code", click: code, text: t("가입 코드 만들기") })),
    enrolments.length > 0 && table([t("보호자"), t("어린이"), t("단계"), ""], enrolments.map((e) => [e.name ?? e.guardian ?? e.id, items.find((p) => p.id === e.child)?.name ?? "", { identity: t("본인 확인"), consent: t("동의"), written: t("동의서") }[e.state] ?? e.state, e.state === "identity" ? el("button", { type: "button", class: "plain small", "data-key": `pin-${e.id}`, "data-pin": e.id, click: () => pin(e), text: t("확인 번호 내주기") }) : e.state === "written" ? el("button", { type: "button", class: "plain small", "data-key": `form-${e.id}`, click: () => written(e), text: t("동의서 받음") }) : ""]), ""));
  $("#whose")?.addEventListener("change", (event) => { chosen = event.target.value; });
  document.body.dataset.loaded = "yes";
}
let chosen = "";

async function answer(c) {
  const form = await dialog(t("보호자 문의에 답하기"), el("div", {}, el("p", { text: c.text }), el("div", { class: "field" }, el("label", { for: "text", text: t("답") }), el("textarea", { id: "text", name: "text", required: true })),
    el("label", { class: "consent" }, el("input", { type: "radio", name: "upheld", value: "yes", required: true }), el("span", {}, el("b", { text: t("보호자 말이 맞습니다 (알림이 틀렸음)") }))), el("label", { class: "consent" }, el("input", { type: "radio", name: "upheld", value: "no" }), el("span", {}, el("b", { text: t("알림이 맞았습니다") })))), { yes: t("보내기") });
  if (!form) return;
  try { await ask("POST", `${V1}/complaints/${c.id}/answer`, { text: form.text.trim(), upheld: form.upheld === "yes" }); toast(t("보호자에게 답했습니다.")); } catch (error) { trouble(error); }
  load();
}
async function code() {
  try {
    const made = await ask("POST", `${V1}/zones/${me.zone}/enrolment-codes`, { child: $("#whose").value });
    await dialog(t("가입 코드"), el("div", { class: "printable" }, el("p", { text: WHO(pupils.items.find((p) => p.id === $("#whose").value)) }), el("p", { class: "bigcount", id: "made-code", text: made.code }), el("p", { text: t("{at}까지 한 번 쓸 수 있습니다. 보호자 화면의 «보호자 가입»에 넣습니다.", { at: `${day(made.expires_at)} ${hm(made.expires_at)}` }) }), el("p", { text: `${location.origin}/guardian/enrol` }), el("button", { type: "button", class: "plain", click: () => print(), text: t("종이로 인쇄") })), { no: null });
  } catch (error) { trouble(error); }
}
async function pin(e) {
  const form = await dialog(t("찾아온 보호자를 확인했나요?"), el("label", { class: "consent" }, el("input", { type: "checkbox", name: "legal" }), el("span", {}, el("b", { text: t("법정대리인임을 확인했습니다") }))), { yes: t("번호 만들기") });
  if (!form) return;
  try {
    const made = await ask("POST", `${V1}/enrolments/${e.id}/pin`, { legal: form.legal === "on" });
    await dialog(t("확인 번호"), el("div", {}, el("p", { class: "bigcount", id: "made-pin", text: made.pin }), el("p", { text: t("{at}까지 씁니다. 다시 나오지 않습니다.", { at: `${day(made.expires_at)} ${hm(made.expires_at)}` }) })), { no: null });
  } catch (error) { trouble(error); }
  load();
}
async function written(e) {
  try { await ask("POST", `${V1}/enrolments/${e.id}/written`, { received: true }); toast(t("가입이 끝났습니다")); } catch (error) { trouble(error); }
  load();
}

async function load() {
  if (over) { if (!pupils) gone(); return; }
  const zone = `${V1}/zones/${me.zone}`;
  const each = await Promise.allSettled([ask("GET", `${zone}/pupils`), ask("GET", `${zone}/devices`), ask("GET", `${zone}/complaints`), ask("GET", `${zone}/enrolments`)]);
  if (each[0].status === "fulfilled") pupils = each[0].value;
  else if (each[0].reason.title === "outside_school_hours") { pupils ??= { date: date(new Date()), school_day: false, items: [] }; fill($("#missing"), el("p", { text: t("수업 시간에만 볼 수 있습니다.") })); }
  else toast(because(each[0].reason), "error");
  if (each[1].status === "fulfilled") devices = each[1].value.items;
  if (each[2].status === "fulfilled") complaints = each[2].value.items;
  if (each[3].status === "fulfilled") enrolments = each[3].value.items;
  if (!document.querySelector("dialog[open]") && document.activeElement?.id !== "whose") show();
}

async function begin() {
  try { me = await ask("GET", `${V1}/me`); } catch (error) {
    if (error.status === 401) { location.replace("/login?role=school"); return; }
    away("hub", true, HUB_AWAY); setTimeout(begin, 1500); return;
  }
  // When it is over the zone has its own time again: what it would show then is not the drill.
  drill = await followDrill({ over() { over = true; if (!pupils) gone(); }, event: cleared });
  const heard = (i) => { if (["not_arrived", "missing_report"].includes(i.service)) alerts.set(i.id ?? i.incident, i); if (i.exercise) band(true); load(); };
  new Live(`${V1}/zones/${me.zone}/stream`, { alert: heard, incident: heard, complaint: load }, (connected) => {
    away("hub", !connected, HUB_AWAY);
    document.body.dataset.live = connected ? "yes" : "no";
    if (connected) load();
  });
  if (over) load();
  setInterval(() => { if (!document.hidden) load(); }, 5000);
}
$("#logout").addEventListener("click", async () => { await ask("POST", "/auth/logout", { role: "school" }).catch(() => {}); location.assign("/"); });
begin();
