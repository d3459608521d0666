// A guardian's page, phone first. All of it is asked of the hub with the guardian's own token: it can see nothing else.
import { $, HUB_AWAY, Live, ask, away, band, because, both, date, day, dialog, el, fill, here, icon, hm, hms, span, t, toast, trouble } from "./kit.js";
import { cleared, followDrill } from "./drill.js";
import { CLASS as GRADE, DEVICE, SENT, SERVICE, STATE, who } from "./words.js";
import { area, circle, collection, makeMap, overlay, point } from "./map.js";

const V1 = "/as/guardian/v1";
const CLASS = { tag_call: "emergency", bell_call: "emergency", phone_call_112: "emergency", missing_report: "emergency", danger_entry: "danger", route_deviation: "danger", tag_silent: "danger", not_arrived: "danger" };
const BASIS = { phone: t("전화기"), reader: t("리더기"), place: t("장소") };
const FACT = { collection: t("수집"), use: t("이용"), provision: t("제공"), access: t("조회"), rescue: t("긴급구조"), view: t("카메라"), consent: t("동의"), erasure: t("삭제") };
const WHAT = { getPosition: t("위치"), getPath: t("경로"), getAccessLog: t("열람 기록"), getChildData: t("모든 자료"), getIncident: t("사건"), getIncidents: t("사건 목록"), getNotices: t("알림 목록"), getSearchArea: t("수색 범위"), actOnIncident: t("사건 처리"), getHandover: t("사건 인계서"), putConsent: t("동의"), viewCamera: t("카메라"), position: t("위치"), path: t("경로"), notice: t("알림"), alert: t("경보") };
const FLAG = { late: t("늦게 들어온 관측"), weak_evidence: t("근거가 약함"), clock_suspect: t("장치 시계가 의심됨"), drill_unknown: t("알 수 없는 훈련 번호"), repeat: t("거듭된 호출"), reminder: t("다시 알림"), escalated: t("상급자에게 알림"), medical: t("의료") };
const notices = new Map();
let me, child, view = "notices", map = null, answers = new Map();
const UNSEEN_MS = 10 * 60e3; // between two points of a path: longer than this, nobody knows the way

const placeName = (state) => state.name ?? { way: t("이동 중"), unknown: t("알 수 없음") }[state.place] ?? state.place;

// ------------------------------------------------------------------ now

async function now() {
  const rows = await Promise.all(me.children.map(async (id) => {
    try { return { id, at: await ask("GET", `${V1}/children/${id}/position`) }; } catch (error) { return { id, error }; }
  }));
  placed = rows;
  status();
  return rows;
}
let placed = [];
/** The danger of a child that is open, the gravest first. What is open is known from its incident, not from the notice. */
function dangerOf(id) {
  const open = [...notices.values()].filter((r) => r.notice.child === id && CLASS[r.notice.service] && cases.has(r.notice.incident) && !DONE.includes(cases.get(r.notice.incident).state)).map((r) => r.notice);
  return open.find((n) => CLASS[n.service] === "emergency") ?? open[0];
}
/** Each child at a glance: where it is, and before that whether something has happened that is not over. */
function status() {
  fill($("#children"), placed.map(({ id, at, error }) => {
    const danger = dangerOf(id), helped = danger && cases.get(danger.incident).state === "on_scene", where = at ? placeName(at.state) : error.title === "no_position" ? t("위치를 알 수 없습니다") : because(error);
    return el("button", { type: "button", class: `card status ${helped ? "helped" : danger ? CLASS[danger.service] : ""}`, "data-key": `child-${id}`, "data-child": id, "aria-pressed": me.children.length > 1 ? String(id === child) : null, click: () => { child = id; show("where"); } },
    el("span", { class: "now" }, el("span", { class: "face" }, icon(danger ? "bell" : at ? ({ school: "school", home: "home", academy: "academy" }[at.state.role] ?? "way") : "unknown")),
      el("span", {}, el("span", { class: "muted", text: me.names?.[id] ?? id }), el("b", { text: danger ? `${helped ? t("도움이 도착함") : GRADE[CLASS[danger.service]]}: ${SERVICE[danger.service]}` : where }),
        danger && [el("span", { class: "sofar", text: sofar(cases.get(danger.incident)) }), el("span", { class: "small", text: t("마지막 위치: {where}", { where }) })],
        at && el("span", { class: "small muted", text: t("{since}부터 · {at} {basis}로 확인", { since: hm(at.state.since), at: hms(at.at), basis: BASIS[at.basis] }) }))));
  }));
}

// ------------------------------------------------------------------ notices

/** A drill begins in the middle of a day: what everyday thing was before is told when it begins, and is no news. */
const beforeDrill = (record) => drillBegan > 0 && Boolean(record.exercise) && !CLASS[record.notice.service] && Date.parse(record.notice.event_at) < drillBegan;
let drillBegan = 0, beforeOpen = false;
function notice(record) {
  const n = record.notice, told = cases.get(n.incident), over = told && DONE.includes(told.state), kind = over ? "over" : told?.state === "on_scene" ? "helped" : CLASS[n.service] ?? "";
  const before = beforeDrill(record), late = before ? 0 : (Date.parse(record.made_at) - Date.parse(n.event_at)) / 1000;
  return el("article", { class: `card notice ${kind}`, "data-notice": record.id, "data-child": n.child },
    el("div", { class: "row between" }, el("span", { class: "row", style: "gap:.35rem" }, el("b", { text: SERVICE[n.service] ?? n.service }), record.exercise && el("span", { class: "tag drill", text: t("훈련") }), ...(n.flags ?? []).filter((f) => !(before && f === "late")).map((f) => el("span", { class: "tag warn", text: FLAG[f] ?? f }))),
      el("span", { class: "num muted", text: `${day(n.event_at)} ${hm(n.event_at)}` })),
    el("p", { class: "text", text: both(n.text) }),
    told && el("p", { class: `tag ${over ? "good" : "info"}`, style: "white-space:normal;font-size:1rem", "data-progress": n.incident, text: sofar(told) }),
    el("dl", {}, el("dt", { text: t("일어난 때") }), el("dd", { class: "num", text: hms(n.event_at) }), !before && [el("dt", { text: t("보낸 때") }), el("dd", { class: "num", text: `${hms(record.made_at)}${late > 60 ? ` (${t("{s} 뒤", { s: span(late) })})` : ""}` })]),
    el("details", {}, el("summary", { text: t("근거 {n}건", { n: n.evidence.length }) }), n.evidence.length ? el("ul", {}, n.evidence.map((e) => el("li", { text: source(e.source) }))) : el("p", { text: t("관측이 없다는 것이 근거입니다.") })),
    el("div", { class: "row", style: "margin-top:.4rem" },
      n.incident && el("button", { type: "button", class: "plain small", "data-key": `how-${record.id}`, click: () => how(n.incident), text: t("어디까지 됐나") }),
      answers.has(record.id) ? el("span", { class: "tag info", text: t("학교에 물어봤습니다") }) : el("button", { type: "button", class: "plain small", "data-key": `wrong-${record.id}`, click: () => wrong(record), text: t("사실과 달라요") })));
}
function source(name) {
  const [, , id] = name.split("/");
  return /phone|-p/.test(id) ? t("전화기 {id}", { id }) : t("장치 {id}", { id });
}
/** How far each call for help has come. The hub sends no notice of it (the standard has none): it is asked, while it is open and the page is looked at. */
const cases = new Map(), DONE = ["resolved", "false_alarm"];
async function progress() {
  if (document.hidden) return;
  const open = new Set([...notices.values()].filter((r) => CLASS[r.notice.service]).map((r) => r.notice.incident).filter((id) => id && !DONE.includes(cases.get(id)?.state)));
  let news = false;
  await Promise.all([...open].slice(-10).map(async (id) => {
    const told = await ask("GET", `${V1}/incidents/${id}`).catch(() => null), before = cases.get(id);
    if (!told || told.version === before?.version) return;
    cases.set(id, told);
    news = true;
    if (before && told.state !== before.state) toast(`${SERVICE[told.service]}: ${sofar(told)}`);
  }));
  if (!news) return;
  status();
  if (view === "notices") listNotices();
}
/** Who was sent, as far as the incident tells: what kind of units they are. */
function sent(told) {
  const kinds = [...new Set((told.units ?? []).map((u) => SENT[u.type]))];
  return kinds.length === 1 && kinds[0] ? kinds[0] : t("출동한 사람이");
}
/** In a parent's words. */
function sofar(told) {
  const at = hm(told.closed_at ?? told.history.at(-1).at), met = told.history.some((h) => h.state === "on_scene"), who = sent(told);
  return { open: t("신고가 접수되었습니다"), acknowledged: t("{at} 상황실이 확인했습니다", { at }), dispatched: t("{at} {who} 아이에게 가고 있습니다", { at, who }), on_scene: t("{at} {who} 도착했습니다", { at, who }),
    resolved: met ? t("{at} {who} 다녀갔고 상황이 끝났습니다", { at, who }) : t("{at} 상황이 끝났습니다", { at }), false_alarm: t("{at} 실제 위급한 일이 아닌 것으로 확인되었습니다", { at }) }[told.state];
}
async function how(incident) {
  try {
    const i = await ask("GET", `${V1}/incidents/${incident}`);
    await dialog(`${SERVICE[i.service]} · ${STATE[i.state]}`, el("ol", { class: "history bare" }, i.history.map((h) => el("li", {}, el("span", { class: "num muted", text: hms(h.at) }), el("span", { text: `${STATE[h.state]} · ${who(h.by)}` })))), { no: null });
  } catch (error) { trouble(error); }
}
async function wrong(record) {
  const form = await dialog(t("사실과 달라요"), el("div", { class: "field" }, el("p", { text: both(record.notice.text) }), el("label", { for: "text", text: t("실제로는 어땠나요?") }), el("textarea", { id: "text", name: "text", required: true, maxlength: 2000 }), el("p", { class: "small muted", text: t("학교가 보고 답합니다. 맞는 말이면 통계에 틀린 알림으로 셉니다.") })), { yes: t("보내기") });
  if (!form?.text?.trim()) return;
  try {
    await ask("POST", `${V1}/notices/${record.id}/wrong`, { text: form.text.trim() });
    answers.set(record.id, true);
    toast(t("학교에 보냈습니다."));
  } catch (error) { if (error.status === 409) { answers.set(record.id, true); toast(t("이미 학교에 물어본 알림입니다.")); } else trouble(error); }
  if (view === "notices") show("notices");
}
function listNotices() {
  const rows = [...notices.values()].sort((a, b) => b.made_at.localeCompare(a.made_at)).slice(0, 60);
  const fresh = rows.filter((r) => !beforeDrill(r)), before = rows.filter(beforeDrill);
  const past = before.length > 0 && el("details", { class: "card", id: "before", open: beforeOpen, toggle: (event) => { beforeOpen = event.target.open; } }, el("summary", { text: t("훈련 시작 전의 기록 ({n})", { n: before.length }) }), before.map(notice));
  fill($("#view"), fresh.length ? fresh.map(notice) : el("div", { class: "empty card" }, el("b", { text: t("아직 알림이 없습니다") }), t("등교·하교와 위급한 일을 여기에서 알려 드립니다.")), past);
}
function seen(record) {
  if (record.seen || document.hidden) return;
  record.seen = true;
  ask("POST", `${V1}/notices/${record.id}/seen`).catch(() => { record.seen = false; });
}

// ------------------------------------------------------------------ where

async function where() {
  const rows = await now();
  if (view !== "where") return;
  const at = rows.find((r) => r.id === child)?.at;
  if (!$("#map")) {
    map = null;
    fill($("#view"), el("p", { class: "card", id: "saying" }), el("div", { class: "map", id: "map" }), el("p", { class: "small muted", text: t("위치를 보면 «누가 봤나»에 남습니다.") }));
  }
  let today = date(new Date());
  if (at && date(new Date(at.at)) !== today) today = date(new Date(at.at)); // a drill's day
  const path = await ask("GET", `${V1}/children/${child}/path?from=${encodeURIComponent(`${today}T00:00:00+09:00`)}`).catch(() => ({ points: [] }));
  const saying = at ? `${t("{at} {basis}로 확인. 오차 약 {m} m.", { at: hms(at.at), basis: BASIS[at.basis], m: Math.round(at.accuracy_m) })} ${path.points.length > 1 ? t("오늘 {n}번 확인했습니다.", { n: path.points.length }) : t("오늘 확인된 곳이 한 곳뿐이거나 없어 이어 그릴 길이 없습니다.")} ${t("주황 원 안의 어딘가에 있습니다.")}` : t("지금은 위치를 알 수 없습니다. 동의를 멈추었거나 아직 관측이 없습니다.");
  const legs = path.points.slice(1).map((p, n) => ({ from: path.points[n], to: p, unseen: Date.parse(p.at) - Date.parse(path.points[n].at) > UNSEEN_MS }));
  $("#saying").textContent = legs.some((leg) => leg.unseen) ? `${saying} ${t("점선은 그 사이를 보지 못했다는 뜻이고, 지나간 길이 아닙니다.")}` : saying;
  const center = at ? [at.lon, at.lat] : path.points.length ? [path.points.at(-1).lon, path.points.at(-1).lat] : null;
  $("#map").hidden = !center;
  if (!center || view !== "where") return;
  if (!map) map = await makeMap($("#map"), { center, zoom: 15.6, label: t("아이의 지금 위치와 오늘 길") });
  overlay(map, "path", collection(legs.map(({ from, to, unseen }) => ({ type: "Feature", properties: { unseen }, geometry: { type: "LineString", coordinates: [[from.lon, from.lat], [to.lon, to.lat]] } }))), [
    { id: "path", type: "line", filter: ["!", ["get", "unseen"]], layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": "#0a5c9c", "line-width": 4, "line-opacity": 0.75 } },
    { id: "gap", type: "line", filter: ["get", "unseen"], paint: { "line-color": "#5c6b7a", "line-width": 2, "line-dasharray": [2, 3] } }]);
  overlay(map, "stops", collection(path.points.map((p) => point(p.lon, p.lat))), [{ id: "stops", type: "circle", paint: { "circle-radius": 3.5, "circle-color": "#fff", "circle-stroke-color": "#0a5c9c", "circle-stroke-width": 2 } }]);
  overlay(map, "here", collection(at ? [area(circle(at.lon, at.lat, at.accuracy_m)), point(at.lon, at.lat, { name: me.names?.[child] ?? child })] : []), [
    { id: "around", type: "fill", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": "#d55e00", "fill-opacity": 0.2 } },
    { id: "here", type: "circle", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 9, "circle-color": "#b34700", "circle-stroke-color": "#fff", "circle-stroke-width": 3 } },
    { id: "name", type: "symbol", filter: ["has", "name"], layout: { "text-field": ["get", "name"], "text-font": ["local"], "text-size": 15, "text-offset": [0, 1.3], "text-anchor": "top" }, paint: { "text-color": "#16222e", "text-halo-color": "#fff", "text-halo-width": 2.5 } }]);
  // Not nearer than the whole circle: a part of it would be a plain ground without a street.
  const ring = at ? circle(at.lon, at.lat, at.accuracy_m * 1.3) : [center], ends = [0, 1].map((n) => ring.map((p) => p[n]));
  map.fitBounds([ends.map((e) => Math.min(...e)), ends.map((e) => Math.max(...e))], { maxZoom: 15.6, duration: 300 });
  document.body.dataset.map = "ready";
}

// ------------------------------------------------------------------ who looked, consent

const WITHIN = 8; // lines back: a page asks for several things in turn
async function looks() {
  const rows = [];
  let after = "";
  do {
    const page = await ask("GET", `${V1}/children/${child}/access-log?limit=200${after ? `&after=${encodeURIComponent(after)}` : ""}`);
    rows.push(...page.items);
    after = page.next;
  } while (after && rows.length < 2000);
  if (view !== "looks") return;
  // One line for what the same person did again and again within a minute.
  const lines = [];
  for (const f of rows.reverse()) {
    const last = lines.slice(-WITHIN).find(({ f: g }) => g.by === f.by && g.what === f.what && g.fact === f.fact && g.to === f.to && g.outcome === f.outcome && hm(g.at) === hm(f.at));
    if (last) last.n++;
    else if (lines.length < 200) lines.push({ f, n: 1 });
    else break;
  }
  const zone = me.zone ?? "";
  const name = (by) => who(by).replace(`${zone}-`, "");
  fill($("#view"), el("section", { class: "card" }, el("h2", { text: t("누가 {name}의 정보를 봤나", { name: me.names?.[child] ?? child }) }), here.drill && el("p", { class: "small muted", text: t("훈련 중에 나간 알림은 훈련 시각으로, 누가 찾아본 것은 실제 시각으로 적힙니다.") }),
    el("ol", { class: "history bare" }, lines.map(({ f, n }) => el("li", {}, el("span", { class: "num muted" }, `${day(f.at)} ${hm(f.at)}`, here.drill && el("small", { class: "clock", text: inDrillTime(f) ? t("훈련 시각") : t("실제 시각") })),
      el("span", {}, el("b", { text: name(f.by) + (f.by === `guardian/${me.principal}` ? ` (${t("나")})` : "") }), ` ${FACT[f.fact] ?? f.fact}`, f.what ? ` · ${WHAT[f.what] ?? SERVICE[f.what] ?? f.what}` : "", f.to && f.to !== f.by ? ` → ${f.to.split(", ").map(name).join(", ")}` : "", n > 1 && el("span", { class: "muted", text: ` × ${n}` }), f.outcome === "refused" && el("span", { class: "tag warn", text: t("거절됨") })))))));
}

/** Of the hub's records only that a notice went out bears the time of the drill; all others, hand-overs to an agency too, bear the real one. */
const inDrillTime = (f) => f.fact === "provision" && f.purpose !== "query" && f.purpose !== "rescue";
const ITEMS = [["collect", t("위치 수집")], ["notify_guardians", t("보호자에게 알림")], ["provide_112", t("112 상황실에 제공")]];
async function consent() {
  const data = await ask("GET", `${V1}/children/${child}/data`);
  if (view !== "consent") return;
  const held = data.registry.find((item) => item.kind === "consent" && item.guardian === me.principal);
  const items = held?.items ?? { collect: false, notify_guardians: false, provide_112: false }, status = held?.status ?? "withdrawn";
  const put = async (next, word) => {
    try { await ask("PUT", `${V1}/children/${child}/consent`, { items: next.items ?? items, status: next.status ?? "given", form: "electronic" }); toast(word); } catch (error) { trouble(error); }
    show("consent"); now().catch(() => {});
  };
  const form = el("form", {}, ITEMS.map(([name, title]) => el("label", { class: "consent" }, el("input", { type: "checkbox", name, checked: items[name] }), el("span", {}, el("b", { text: title })))),
    el("div", { class: "buttons" }, el("button", { class: "primary", text: t("바꾼 것 저장") })));
  form.addEventListener("submit", (event) => { event.preventDefault(); const given = new FormData(form); put({ items: Object.fromEntries(ITEMS.map(([name]) => [name, given.has(name)])) }, t("바로 적용됩니다.")); });
  fill($("#view"), el("section", { class: "card" }, el("h2", { text: t("{name}의 동의", { name: me.names?.[child] ?? child }) }),
    el("p", {}, t("지금: "), el("span", { class: `tag ${status === "given" ? "good" : "warn"}`, id: "status", text: status === "given" && !Object.values(items).some(Boolean) ? t("동의한 항목 없음") : { given: t("동의함"), suspended: t("멈춤"), withdrawn: t("거둠") }[status] })), form),
  el("section", { class: "card" }, el("h2", { text: t("잠시 멈추기") }), el("p", { text: t("멈춘 동안에는 위치를 모으지 않고 아무에게도 알리지 않습니다. 긴급구조는 법에 따라 계속됩니다.") }),
    status === "given" ? el("button", { type: "button", class: "plain", id: "suspend", click: () => put({ status: "suspended" }, t("멈추었습니다.")), text: t("멈추기") }) : el("button", { type: "button", class: "primary", id: "resume", click: () => put({ status: "given" }, t("다시 시작했습니다.")), text: t("다시 시작") }),
    " ", status !== "withdrawn" && el("button", { type: "button", class: "plain", click: async () => { if (await dialog(t("동의를 거둘까요?"), el("p", { text: t("더 모으지 않고, 안전존 서비스가 끝납니다.") }), { yes: t("거두기") })) put({ status: "withdrawn" }, t("거두었습니다.")); }, text: t("동의 거두기") })));
}

// ------------------------------------------------------------------ views

function show(name) {
  view = name;
  for (const tab of document.querySelectorAll("[data-view]")) tab.setAttribute("aria-selected", String(tab.dataset.view === name));
  $("#view").setAttribute("aria-labelledby", `tab-${name}`);
  if (name !== "where") { map?.remove(); map = null; }
  sessionStorage.setItem("sz:view", name);
  const failed = (error) => { if (view === name) fill($("#view"), el("p", { class: "card", text: error.status === 403 ? t("법정대리인만 볼 수 있습니다.") : because(error) })); };
  if (name === "notices") listNotices();
  else ({ where, looks, consent })[name]().catch(failed);
}
document.querySelectorAll("[data-view]").forEach((tab) => tab.addEventListener("click", () => show(tab.dataset.view)));
$("#logout").addEventListener("click", async () => { await ask("POST", "/auth/logout", { role: "guardian" }).catch(() => {}); location.assign("/"); });

async function begin() {
  try { me = await ask("GET", `${V1}/me`); } catch (error) {
    if (error.status === 401) { location.replace("/login?role=guardian"); return; }
    away("hub", true, HUB_AWAY); setTimeout(begin, 1500); return;
  }
  away("hub", false);
  child = me.children[0];
  followDrill({ event: cleared }).then((drill) => {
    if (!drill?.starts) return;
    drillBegan = Date.parse(`${drill.date}T${drill.starts}:00+09:00`);
    if (view === "notices" && notices.size) listNotices();
  });
  let placing = 0;
  new Live(`${V1}/guardians/${me.principal}/stream`, {
    notice(record) {
      notices.set(record.id, record);
      seen(record);
      if (record.exercise) band(true);
      if (view === "notices") listNotices();
      clearTimeout(placing); placing = setTimeout(() => { (view === "where" ? where() : now()).catch(() => {}); progress().catch(() => {}); }, 300);
      if (CLASS[record.notice.service] === "emergency") { toast(both(record.notice.text), "error"); if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.([200, 100, 200]); }
    },
  }, async (connected) => {
    away("hub", !connected, HUB_AWAY);
    document.body.dataset.live = connected ? "yes" : "no";
    if (!connected) return;
    try {
      const page = await ask("GET", `${V1}/guardians/${me.principal}/notices?limit=200`);
      let next = page.next;
      page.items.forEach((record) => notices.set(record.id, record));
      while (next && notices.size < 1000) {
        const more = await ask("GET", `${V1}/guardians/${me.principal}/notices?limit=200&after=${encodeURIComponent(next)}`);
        more.items.forEach((record) => notices.set(record.id, record));
        next = more.next;
      }
      [...notices.values()].forEach(seen);
    } catch { return; }
    await Promise.all([now().catch(() => {}), progress().catch(() => {})]);
    show(view);
    document.body.dataset.loaded = "yes";
  });
  view = sessionStorage.getItem("sz:view") ?? "notices";
  show(view);
  setInterval(() => progress().catch(() => {}), 5000);
  setInterval(() => { if (!document.hidden && view === "where") where().catch(() => {}); }, 10000);
}
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(() => {});
void DEVICE; void here;
begin();
