// The control room. Everything it shows is the hub's; it keeps nothing but which incident is looked at.
import { $, HUB_AWAY, Live, ask, away, band, because, both, dialog, el, fill, here, icon, hm, hms, kept, key, ofDay, says, span, t, toast, trouble } from "./kit.js";
import { followDrill } from "./drill.js";
import { ACTION, CLASS, GLYPH, LEVEL, SERVICE, STATE, UNIT, UNIT_ICON, done, named, who } from "./words.js";
import { area, circle, collection, drawPlace, follow, legend, makeMap, overlay, point, wellInside } from "./map.js";

const V1 = "/as/operator/v1";
const incidents = new Map(); // by id: what the hub last said
const alerts = new Map(); // by incident: the last alert, for its words and its nearest units
const told = new Set(); // incidents that have sounded
let me, zone, units = [], devices = [], selected = "", showClosed = false, map = null, shown = null, handover = null, camera = null, cameraTimer = 0;
// A drill has a time of its own: where it was when last heard of, and how fast it goes.
let clock = { at: 0, heard: 0, pace: 1 };
const now = () => clock.heard ? clock.at + (Date.now() - clock.heard) * clock.pace : Date.now();
const nowOf = (i) => (i?.exercise ? now() : Date.now()); // what is real keeps to real time, also in a drill

// ------------------------------------------------------------------ sound

const sound = {
  context: null,
  get on() { return this.context?.state === "running" && !this.muted; },
  muted: false,
  async toggle() {
    if (this.on) this.muted = true;
    else { this.muted = false; this.context ??= new AudioContext(); await this.context.resume(); this.play(); }
    kept.set("sound", !this.muted);
    showSound();
  },
  play(urgent = true) {
    if (!this.on) return;
    const start = this.context.currentTime;
    (urgent ? [880, 660, 880, 660, 880] : [520, 520]).forEach((hertz, i) => {
      const tone = this.context.createOscillator(), gain = this.context.createGain();
      tone.frequency.value = hertz; tone.type = "triangle";
      gain.gain.setValueAtTime(0.0001, start + i * 0.22);
      gain.gain.exponentialRampToValueAtTime(0.35, start + i * 0.22 + 0.03);
      gain.gain.exponentialRampToValueAtTime(0.0001, start + i * 0.22 + 0.2);
      tone.connect(gain).connect(this.context.destination);
      tone.start(start + i * 0.22); tone.stop(start + i * 0.22 + 0.21);
    });
    document.body.dataset.sounded = String(Number(document.body.dataset.sounded ?? 0) + 1);
  },
};
function showSound() {
  const button = $("#sound");
  button.setAttribute("aria-pressed", String(sound.on));
  fill(button, icon(sound.on ? "bell" : "mute"), el("span", { text: sound.on ? t("소리 켜짐") : t("소리 켜기") }));
  button.setAttribute("aria-label", sound.on ? t("소리 켜짐") : t("소리 켜기"));
  button.title = sound.on ? t("소리 켜짐") : t("소리 켜기");
  list(); // which says whether a new incident is heard
}
$("#sound").addEventListener("click", () => sound.toggle());
// A browser gives sound only after a touch: the first one anywhere switches it on, unless it was switched off.
addEventListener("pointerdown", (event) => { if (kept.get("sound", true) && !sound.context && !event.target.closest?.("#sound")) sound.toggle(); }, { once: true });

// ------------------------------------------------------------------ the list

const CLASSES = ["emergency", "danger", "everyday"], LEVELS = ["fire119", "supervisor", "desk", "school", "guardian"];
const isOpen = (i) => !["resolved", "false_alarm"].includes(i.state);
const inDrill = () => Boolean(here.drill) || [...incidents.values()].some((i) => i.exercise && isOpen(i));
const isReal = (i) => !i.exercise && inDrill();

function urgency(a, b) {
  return (isReal(b) - isReal(a)) || ((b.state === "open") - (a.state === "open")) || (CLASSES.indexOf(a.class) - CLASSES.indexOf(b.class))
    || ((b.medical === true) - (a.medical === true)) || (LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level)) || a.opened_at.localeCompare(b.opened_at);
}
const ordered = () => [...incidents.values()].filter((i) => showClosed ? !isOpen(i) : isOpen(i)).sort(showClosed ? (a, b) => (b.closed_at ?? "").localeCompare(a.closed_at ?? "") : urgency);

/** In a drill: where it is seen from the school, as everybody there would say it. */
let school = null;
const SIDES = [t("북"), t("북동"), t("동"), t("남동"), t("남"), t("남서"), t("서"), t("북서")];
function fromSchool(at) {
  if (!school || !at) return "";
  const far = metres(at, school), side = SIDES[Math.round(Math.atan2((at.lon - school.lon) * Math.cos((at.lat * Math.PI) / 180), at.lat - school.lat) / (Math.PI / 4) + 8) % 8];
  return far <= 40 ? t("학교") : t("학교에서 {side}쪽으로 {far}", { side, far: `${Math.round(far / 10) * 10}\u00a0m` });
}

/** A place for people. A bell bears its number for all to see; that of a pole says something only where nothing else is known. */
function inWords(i) {
  const address = i.place ?? alerts.get(i.id)?.address, way = fromSchool(i.position);
  const near = address?.near && (address.near.kind === "bell" || !(way || address.road)) ? t("{what} {id} 근처 {m} m", { what: { bell: t("비상벨"), reader: t("기둥"), camera: t("카메라") }[address.near.kind] ?? "", id: short(address.near.id), m: Math.round(address.near.distance_m) }) : "";
  return [address?.road, way, near].filter(Boolean).join(" · ") || (i.position ? `${i.position.lat.toFixed(5)}, ${i.position.lon.toFixed(5)}` : t("위치를 아직 모릅니다"));
}

function row(i) {
  const classes = ["incident", i.state === "open" ? "open" : "taken", i.class, isReal(i) && "realcall"].filter(Boolean).join(" ");
  return el("li", {}, el("button", { type: "button", class: classes, "data-key": i.id, "data-incident": i.id, "aria-current": i.id === selected ? "true" : "false", click: () => select(i.id) },
    el("span", { class: "mark", "aria-hidden": "true", text: GLYPH[i.service] ?? "•" }),
    el("span", { class: "row", style: "gap:.4rem" }, el("span", { class: "what", text: SERVICE[i.service] ?? i.service }),
      isReal(i) ? el("span", { class: "tag emergency", text: t("실제 신고") }) : i.exercise && el("span", { class: "tag drill", text: t("훈련") }),
      (i.linked ?? []).some((id) => incidents.has(id)) && el("span", { class: "tag", text: `⇔ ${t("묶인 사건")}` }),
      i.medical && el("span", { class: "tag bad", text: t("의료") }), (i.marks ?? []).includes("prank") && el("span", { class: "tag warn", text: t("장난 의심") }),
      el("span", { class: `tag ${i.state === "open" ? "bad" : "info"}`, text: STATE[i.state] })),
    el("span", { class: "age num", "data-since": i.told_at ?? i.opened_at, text: isOpen(i) ? span((nowOf(i) - Date.parse(i.told_at ?? i.opened_at)) / 1000) : hm(i.closed_at) }),
    el("span", { class: "where", text: inWords(i) })));
}

let queued = false;
function list() {
  if (queued) return;
  queued = true;
  requestAnimationFrame(() => {
    queued = false;
    const all = ordered(), waiting = all.filter((i) => i.state === "open"), taken = all.filter((i) => i.state !== "open");
    const group = (name, rows) => rows.length ? [el("li", { class: "queue-group", text: `${name} ${rows.length}` }), ...rows.map(row)] : [];
    fill($("#queue"), showClosed ? all.map(row) : [...group(t("접수 대기"), waiting), ...group(t("처리 중"), taken)],
      all.length === 0 && el("li", { class: "empty" }, el("b", { text: t("열린 사건이 없습니다") }), document.body.dataset.over ? "" : sound.on ? t("새 사건은 소리와 함께 여기에 나타납니다.") : t("새 사건은 여기에 나타납니다. 지금은 소리가 꺼져 있습니다.")));
    $("#count").textContent = String(all.length);
    document.title = `${waiting.length ? `(${waiting.length}) ` : ""}${t("상황실")}`;
    band(inDrill());
    alarm();
    drawIncidents();
  });
}

function alarm() {
  const real = here.drill ? ordered().filter((i) => isReal(i) && i.state === "open") : [];
  const bar = $("#real");
  bar.hidden = real.length === 0;
  if (real.length) fill(bar, el("strong", { text: t("실제 신고 · REAL CALL – 훈련이 아닙니다") }), ...real.slice(0, 3).map((i) => el("div", { class: "row" }, el("span", { text: `${SERVICE[i.service]} · ${inWords(i)} · ${hms(i.opened_at)}` }), el("button", { type: "button", "data-key": `real-${i.id}`, click: () => select(i.id), text: t("바로 열기") }))));
}

function news(i) {
  if (told.has(i.id) || !isOpen(i) || i.state !== "open") return;
  told.add(i.id);
  sound.play(i.class !== "everyday");
  $("#spoken").textContent = `${isReal(i) ? t("실제 신고") : i.exercise ? t("훈련") : ""} ${SERVICE[i.service]} ${inWords(i)}`;
  if (!selected || !incidents.has(selected) || isReal(i)) select(i.id);
}

// ------------------------------------------------------------------ one incident

const waiting = new Map();
function refresh(id) {
  // One question at a time for each incident; what comes meanwhile is asked once more.
  if (waiting.has(id)) { waiting.set(id, true); return waiting.get(`${id}:p`); }
  waiting.set(id, false);
  const asked = (async () => {
    do {
      waiting.set(id, false);
      try { take(await ask("GET", `${V1}/incidents/${id}`)); } catch (error) { if (error.status === 404) incidents.delete(id); }
    } while (waiting.get(id));
    waiting.delete(id); waiting.delete(`${id}:p`);
  })();
  waiting.set(`${id}:p`, asked);
  return asked;
}

function take(i) {
  const held = incidents.get(i.id);
  if (held && held.version > i.version) return;
  incidents.set(i.id, { ...held, ...i, ...(i.units ? { units: i.units.map(named) } : {}), ...(i.nearest_units ? { nearest_units: i.nearest_units.map(named) } : {}) });
  for (const id of i.linked ?? []) { // a link is of both, and the hub tells it with the later one
    const other = incidents.get(id);
    if (other && !(other.linked ?? []).includes(i.id)) incidents.set(id, { ...other, linked: [...(other.linked ?? []), i.id] });
  }
  if (!isOpen(i)) forget();
  list();
  if (i.id === selected) detail();
}

/** What is closed is the hub's to remember: of a long shift only the last few stay here. */
function forget() {
  const closed = [...incidents.values()].filter((i) => !isOpen(i) && i.id !== selected);
  for (const i of closed.slice(0, Math.max(0, closed.length - (showClosed ? 500 : 20)))) { incidents.delete(i.id); alerts.delete(i.id); }
  for (const id of [...told].slice(0, Math.max(0, told.size - 500))) if (!incidents.has(id)) told.delete(id);
}

async function select(id) {
  if (id !== selected) { following?.begin(); shown = null; handover = null; stopCamera(); camera = null; picture(); }
  selected = id;
  history.replaceState(null, "", id ? `#${id}` : location.pathname);
  list(); detail();
  if (!id) { drawSearch(); return; }
  await refresh(id);
  const i = incidents.get(id);
  if (!i || id !== selected) return;
  if (i.child) handover = await ask("GET", `${V1}/incidents/${id}/handover`).catch(() => null);
  search();
  if (i.position) map?.easeTo({ center: [i.position.lon, i.position.lat], zoom: Math.max(map.getZoom(), 16.3), duration: 400 });
  await rankCameras(i);
  if (id !== selected) return;
  const [best] = camerasOf(i);
  if (best && !blind(i, best)) look(best); // a wall would only cover the map
  detail();
}

let following = null, searched = 0;
/** Where the child was last, with the whole area in which it may be; without one the place of the incident. */
const sight = {
  zooms: true,
  there: () => Boolean(incidents.get(selected)?.position || shown),
  go(pressed) {
    const at = incidents.get(selected)?.position, spots = shown ? [[shown.last.lon, shown.last.lat], ...(shown.reach_m < FAR_M ? shown.outline.flat().map((p) => Array.isArray(p) ? p : [p.lon, p.lat]) : [])] : [[at.lon, at.lat]];
    const [west, east] = [Math.min, Math.max].map((of) => of(...spots.map((p) => p[0]))), [south, north] = [Math.min, Math.max].map((of) => of(...spots.map((p) => p[1])));
    if (pressed || ![[west, south], [east, north]].every(([lon, lat]) => wellInside(map, lon, lat))) map.fitBounds([[west, south], [east, north]], { padding: { top: 100, bottom: 80, left: 50, right: 50 }, maxZoom: 16.3, duration: 400 });
  },
};
const FAR_M = 5000; // an hour on foot: farther than that a search area says nothing
async function search() {
  const i = incidents.get(selected), blind = !shown || shown.last.presumed;
  shown = null;
  if (i?.child && isOpen(i)) {
    const at = new Date(nowOf(i)).toISOString().replace(/\.\d+/, "");
    shown = await ask("GET", `${V1}/incidents/${i.id}/search?at=${encodeURIComponent(at)}`).catch(() => null);
  }
  searched = Date.now();
  drawSearch();
  if (selected !== i?.id) return;
  // An incident that began without a position: the map goes to the home, and to the child once it is seen.
  if (blind && shown && !i.position) map?.easeTo({ center: [shown.last.lon, shown.last.lat], zoom: shown.last.presumed ? 14.8 : 16.3, duration: 400 });
  else following?.look();
  detail();
}

/** What the search area goes by, how far it reaches, and what it leaves open. */
function whereToLook() {
  const { last, reach_m, cut, cameras, readers } = shown, far = reach_m < 1000 ? `${Math.round(reach_m)} m` : `${(reach_m / 1000).toFixed(1)} km`;
  return [last.presumed ? t("오늘 확인된 적이 없어 {at}까지 집에 있었다고 봄", { at: hm(last.at) }) : t("마지막 확인 {at}", { at: hms(last.at) }),
    ...reach_m < FAR_M ? [reach_m >= 20 && t("걸어서 {far} 안", { far }), cut && t("지도에 등록된 길은 그 안에서 끝남: 더 멀리 갔을 수 있음"), t("카메라 {c}대, 리더기 {r}대", { c: cameras.length, r: readers.length })]
      : [t("걸어서 한 시간 넘게 지나 범위로는 좁힐 수 없음: 집과 학교, 등록된 길, 자주 가는 곳부터 찾기")]].filter(Boolean);
}

/** First those that the hub reckons nearest, then whoever else is free. */
function nearest(i) {
  const told = i.nearest_units ?? alerts.get(i.id)?.units?.map(named) ?? [], known = new Set(told.map((u) => u.id));
  const others = units.filter((u) => u.available && !known.has(u.id)).map((u) => ({ ...u, distance_m: i.position ? metres(i.position, u) : null, expected_s: null }));
  const seconds = (u) => u.expected_s ?? u.distance_m / 5;
  const rank = (u) => u.type === "ambulance" ? (i.medical ? -1 : 1) : 0; // an ambulance first where somebody is hurt, and last where nobody is
  return [...told, ...others].sort((a, b) => rank(a) - rank(b) || seconds(a) - seconds(b));
}
const metres = (a, b) => Math.hypot((a.lat - b.lat) * 111195, (a.lon - b.lon) * 111195 * Math.cos((a.lat * Math.PI) / 180));

/** Open incidents with which this one is not linked yet. */
const linkable = (i) => [...incidents.values()].filter((o) => o.id !== i.id && isOpen(o) && !(i.linked ?? []).includes(o.id));
const can = (verb, i) => !(verb === "acknowledge" && i.state !== "open") && !(verb === "on_scene" && i.state === "on_scene") && !(verb === "link" && !linkable(i).length);
const VERBS = [["acknowledge", "a", t("확인"), "primary wide"], ["dispatch", "d", t("출동"), "plain"], ["on_scene", "s", t("현장 도착"), "plain"], ["note", "n", t("메모"), "plain"],
  ["prank", "p", t("장난 표시"), "plain"], ["link", "l", t("사건 묶기"), "plain"], ["call_119", "e", t("119 호출"), "plain"], ["false_alarm", "f", t("오경보 종결"), "plain"], ["resolve", "r", t("종결"), "plain"]];

function detail() {
  const i = incidents.get(selected), box = $("#detail");
  if (!i) { fill(box, el("div", { class: "empty" }, el("b", { text: t("사건을 고르세요") }), t("위아래 화살표나 j, k로 옮기고 Enter로 엽니다."))); return; }
  const open = isOpen(i), climbs = open && i.next_escalation_at;
  const verbs = open ? VERBS : [["reopen", "o", t("다시 열기"), "plain wide"], ["note", "n", t("메모"), "plain wide"]];
  const words = alerts.get(i.id)?.text ?? handover?.what?.text;
  fill(box,
    el("div", { class: "row" }, el("span", { class: `tag ${i.class === "emergency" ? "emergency" : i.class === "danger" ? "danger-class" : ""}`, text: CLASS[i.class] }), el("span", { class: "tag info", text: STATE[i.state] }),
      i.exercise ? el("span", { class: "tag drill", text: t("훈련") }) : here.drill && el("span", { class: "tag emergency", text: t("실제 신고") }), el("span", { class: "tag", text: t("단계: {level}", { level: LEVEL[i.level] ?? i.level }) })),
    el("h2", { style: "margin:.4rem 0 .1rem;font-size:1.35rem", text: `${GLYPH[i.service] ?? ""} ${SERVICE[i.service] ?? i.service}` }),
    el("div", { class: "place", text: i.position || !shown || shown.last.presumed ? inWords(i) : t("{at}에 확인된 위치: 지도의 빨간 원", { at: hms(shown.last.at) }) }),
    words && el("p", { style: "margin:.3rem 0", text: both(words).replaceAll(`${zone}-`, "") }),
    el("p", { class: "small muted num", style: "margin:.2rem 0" }, t("일어난 때 {a} · 접수 {b}", { a: hms(i.opened_at), b: hms(i.told_at ?? i.opened_at) }), i.owner ? ` · ${t("담당 {who}", { who: by(i.owner) })}` : "",
      climbs && el("span", {}, " · ", el("b", { "data-until": i.next_escalation_at, "data-text": t("상급자에게 알리기까지 {s}"), text: "" }))),
    i.linked?.length > 0 && el("div", {}, el("b", { text: t("함께 묶인 사건") }), el("p", { class: "small muted", style: "margin:0", text: t("한 일이 여러 규칙에 걸리면 경보가 따로 나고, 허브가 하나로 묶습니다.") }),
      el("ul", { class: "bare" }, i.linked.map((id) => el("li", {}, el("button", { type: "button", class: "plain small", "data-key": `linked-${id}`, "data-linked": id, click: () => select(id), text: incidents.has(id) ? `⇔ ${SERVICE[incidents.get(id).service]} ${hms(incidents.get(id).opened_at)} · ${STATE[incidents.get(id).state]}` : `⇔ ${id}` }))))),
    i.units?.length > 0 && el("p", {}, el("b", { text: t("보낸 출동 조: ") }), i.units.map((u) => el("span", { class: "tag info", style: "margin-right:.3rem" }, icon(UNIT_ICON[u.type] ?? "patrol"), u.name ?? u.id))),
    open && i.position && i.cameras?.length === 0 && el("p", { class: "small muted", text: t("이 자리를 볼 수 있는 카메라가 없습니다.") }),
    i.cameras?.length > 0 && [el("h3", { text: t("가까운 카메라") }),
      el("div", { class: "cams" }, camerasOf(i).map((c) => el("button", { type: "button", class: "plain small", "data-key": `cam-${c.id}`, "aria-pressed": String(camera?.id === c.id), click: () => look(c), text: blind(i, c) ? t("{id} (안 보임)", { id: short(c.id) }) : short(c.id) }))),
      camera && !camera.url && el("p", { class: "muted small", text: t("이 카메라는 화면을 내주지 않습니다. 지도에 자리와 방향이 있습니다.") })],
    shown && el("p", { class: "small", id: "searching" }, el("b", { text: t("수색 범위") }), ` ${whereToLook().join(" · ")}`),
    el("h3", { text: t("경과") }),
    el("ol", { class: "history bare" }, [...(i.history ?? [])].reverse().map((h) => el("li", {}, el("span", { class: "num muted", text: hms(h.at) }), el("span", {}, el("b", { text: done(h.action) }), ` ${by(h.by)}`, h.note && el("div", { text: plainly(h.note) }))))),
    // At the foot, each in its place whether it can be done now or not: none comes under a finger that was not there.
    el("div", { class: "actions" }, verbs.map(([verb, letter, name, looks]) => el("button", { type: "button", class: looks, "data-key": `act-${verb}`, "data-verb": verb, disabled: !can(verb, i), click: (event) => { if (event.detail < 2) act(verb); } }, verb === "acknowledge" && i.state !== "open" ? `✓ ${t("확인함")}` : name, el("kbd", { "aria-hidden": "true", text: letter })))));
  tick();
  picture();
}

/** The live view lies over the map's corner: seen together with the place, whatever the details hold. */
function picture() {
  const held = $("#cam"), i = incidents.get(selected), name = t("카메라 {id}", { id: short(camera?.id ?? "") });
  if (!camera?.url) { held?.parentElement.remove(); return; }
  if (held?.dataset.camera === camera.id) return;
  held?.parentElement.remove();
  $("#map").append(el("figure", { class: "pip" }, el("figcaption", { text: i && blind(i, camera) ? `${name} · ${t("사건 자리가 이 카메라에서는 보이지 않습니다")}` : name }), el("img", { class: "cam", id: "cam", "data-camera": camera.id, src: camera.url, alt: t("카메라 {id}의 화면", { id: short(camera.id) }) })));
}
const short = (id) => id.replace(`${zone}-`, "");
const by = (name) => who(name).replace(`${zone}-`, "");
const HUB_NOTE = { "the drill is over": t("훈련이 끝남"), arrived: t("도착함") };
/** A note of the hub's history without ids: units by name, steps of the ladder in words. */
function plainly(note) {
  for (const u of units) note = note.replaceAll(u.id, u.name ?? short(u.id));
  return (LEVEL[note] ?? HUB_NOTE[note] ?? note).replaceAll(`${zone}-`, "");
}

/** In a drill the twin knows what stands before a camera: those that see the place come first, and the others say that they do not. */
const seeing = new Map(); // by incident: whether each camera can see its place
async function rankCameras(i) {
  if (!here.drill || !i.position || !i.cameras?.length) return;
  const told = await ask("GET", `/control/v1/sessions/${here.drill}/cameras?lon=${i.position.lon}&lat=${i.position.lat}`).catch(() => null);
  if (told) seeing.set(i.id, new Map(told.items.map((c) => [c.id, c.sees])));
}
const blind = (i, c) => seeing.get(i.id)?.get(c.id) === false;
const camerasOf = (i) => [...i.cameras ?? []].sort((a, b) => blind(i, a) - blind(i, b));

async function look(c) {
  stopCamera();
  camera = { id: c.id, url: "" };
  const path = c.snapshot ?? c.live;
  if (path) {
    // Through the hub first, so that the look is recorded; then the picture itself, again and again.
    const told = await ask("GET", `/as/operator${path}`).catch(() => null);
    if (/^(https?:|\/)/.test(told?.url ?? "")) camera.url = told.url;
  }
  if (!camera.url && here.drill && !document.body.dataset.over) camera.url = `/control/v1/sessions/${here.drill}/cameras/${c.id}/view.svg?w=640`;
  detail();
  if (camera.url) cameraTimer = setInterval(() => {
    if (!$("#cam") || document.hidden) return;
    const next = new Image(), url = new URL(camera.url, location.href);
    url.searchParams.set("at", Date.now());
    next.onload = () => { if ($("#cam")) $("#cam").src = next.src; };
    next.src = url;
  }, 1000);
}
function stopCamera() { clearInterval(cameraTimer); cameraTimer = 0; }

// ------------------------------------------------------------------ acts

const busy = new Set(); // each act once at a time, however often its button is pressed
async function act(verb) {
  const i = incidents.get(selected);
  if (!i) return;
  let body = { action: verb };
  if (busy.has(verb)) return;
  busy.add(verb);
  try { await perform(i, verb, body); } finally { busy.delete(verb); }
}
async function perform(i, verb, body) {
  if (verb === "dispatch") {
    const free = nearest(i).slice(0, 9);
    const form = await dialog(t("누구를 보낼까요?"), el("div", {}, free.map((u, n) => el("label", { class: "consent" }, el("input", { type: "radio", name: "unit", value: u.id, checked: n === 0 }), el("span", {}, el("b", {}, icon(UNIT_ICON[u.type] ?? "patrol"), ` ${u.name ?? u.id}`), `${UNIT[u.type] ?? ""}${u.distance_m === null || !i.position ? "" : ` · ${Math.round(u.distance_m)} m`}${u.expected_s ? ` · ${t("약 {s}", { s: span(u.expected_s) })}` : ""}`))),
      !free.length && el("p", { text: t("지금 보낼 수 있는 출동 조가 없습니다. 기록만 남깁니다.") })), { yes: t("출동") });
    if (!form) return;
    if (form.unit) body.unit = form.unit;
  } else if (verb === "note" || verb === "false_alarm" || verb === "resolve") {
    const form = await dialog(verb === "note" ? t("메모") : verb === "resolve" ? t("어떻게 끝났나요?") : t("왜 오경보인가요?"), el("div", { class: "field" }, el("label", { for: "words", text: t("기록에 남길 말") }), el("textarea", { id: "words", name: "note", required: verb === "note", maxlength: 2000 })), { yes: verb === "note" ? t("남기기") : t("종결") });
    if (!form) return;
    if (form.note?.trim()) body.note = form.note.trim();
    if (verb === "note" && !body.note) return;
  } else if (verb === "link") {
    const form = await dialog(t("어느 사건과 같은 일인가요?"), el("div", {}, linkable(i).map((o, n) => el("label", { class: "consent" }, el("input", { type: "radio", name: "to", value: o.id, checked: n === 0 }), el("span", {}, el("b", { text: `${GLYPH[o.service] ?? ""} ${SERVICE[o.service] ?? o.service}` }), `${hms(o.opened_at)} · ${inWords(o)}`)))), { yes: t("묶기") });
    if (!form?.to) return;
    body.to = form.to;
  } else if (verb === "prank") body = { action: "mark", mark: "prank" };
  body.key = key();
  try {
    take(await ask("POST", `${V1}/incidents/${i.id}/actions`, body));
    toast(t("{what}: 기록했습니다", { what: ACTION[body.action] ?? verb }));
  } catch (error) { trouble(error); }
  loadUnits();
  if (!isOpen(incidents.get(i.id) ?? {})) { const next = ordered()[0]; select(next?.id ?? ""); }
}

/** The seats of a drill's control room, without one's own. */
const seats = () => ["op1", "op2", "sv"].map((seat) => `${zone}-${seat}`).filter((id) => id !== me.principal);
async function handOver() {
  // The standard names nobody who could come: in a drill the seats are known, elsewhere those that have worked on an incident shown here.
  const seen = new Set([...incidents.values()].flatMap((i) => [i.owner, ...(i.history ?? []).map((h) => h.by)]).filter((name) => name?.startsWith("operator/")).map((name) => name.slice(9)).filter((id) => id !== me.principal));
  const next = here.drill ? el("select", { id: "to", name: "to" }, seats().map((id) => el("option", { value: id, text: who(`operator/${id}`) })))
    : el("div", {}, el("input", { type: "text", id: "to", name: "to", required: true, list: "known", "aria-describedby": "whose-id", value: kept.get("shift", "") }), el("datalist", { id: "known" }, [...seen].map((value) => el("option", { value }))),
      el("p", { class: "small muted", id: "whose-id", text: t("다음 근무자의 아이디를 넣으세요. 로그인 코드를 받을 때 함께 받은 이름이고, 사건의 «경과»에 담당자로 나옵니다.") }));
  const form = await dialog(t("근무 인계"), el("div", {}, el("p", { text: t("열린 사건 {n}건이 다음 근무자에게 넘어갑니다. 사건의 시계는 멈추지 않습니다.", { n: [...incidents.values()].filter(isOpen).length }) }),
    el("div", { class: "field" }, el("label", { for: "to", text: t("다음 근무자") }), next),
    el("div", { class: "field" }, el("label", { for: "words", text: t("전할 말") }), el("textarea", { id: "words", name: "note" }))), { yes: t("인계") });
  if (!form) return;
  try {
    const shift = await ask("POST", `${V1}/zones/${zone}/shift`, { to: form.to.trim(), ...(form.note.trim() ? { note: form.note.trim() } : {}), key: key() });
    kept.set("shift", form.to.trim());
    toast(t("{to}에게 인계했습니다. 넘긴 사건 {n}건", { to: who(shift.to), n: shift.incidents.length }));
    load();
  } catch (error) { trouble(error); }
}

// ------------------------------------------------------------------ map

function drawIncidents() {
  if (!map) return;
  const points = [...incidents.values()].filter((i) => isOpen(i) && i.position).map((i) => point(i.position.lon, i.position.lat, { id: i.id, sign: GLYPH[i.service] ?? "!", look: isReal(i) ? "real" : i.state === "open" ? i.class : "taken", chosen: i.id === selected, name: SERVICE[i.service] }));
  overlay(map, "incidents", collection(points), [
    { id: "incident-ring", type: "circle", filter: ["get", "chosen"], paint: { "circle-radius": 20, "circle-color": "#0a5c9c", "circle-opacity": 0.2, "circle-stroke-color": "#0a5c9c", "circle-stroke-width": 3 } },
    { id: "incident", type: "circle", paint: { "circle-radius": 11, "circle-color": ["match", ["get", "look"], "real", "#b3131b", "emergency", "#b3131b", "danger", "#a85500", "#0a5c9c"], "circle-stroke-color": "#fff", "circle-stroke-width": 2.5 } },
    { id: "incident-name", type: "symbol", layout: { "text-field": ["get", "name"], "text-font": ["local"], "text-size": 13, "text-offset": [0, 1.3], "text-anchor": "top", "text-optional": true }, paint: { "text-color": "#7c0c12", "text-halo-color": "#fff", "text-halo-width": 2 } }]);
}
function drawUnits() {
  if (!map) return;
  const seen = new Set((incidents.get(selected)?.cameras ?? []).map((c) => c.id));
  overlay(map, "units", collection(units.map((u) => point(u.lon, u.lat, { name: u.name, free: u.available }))), [
    { id: "unit", type: "circle", paint: { "circle-radius": 8, "circle-color": ["case", ["get", "free"], "#123a5a", "#ffffff"], "circle-stroke-color": ["case", ["get", "free"], "#ffffff", "#123a5a"], "circle-stroke-width": ["case", ["get", "free"], 2, 4] } },
    { id: "unit-name", type: "symbol", layout: { "text-field": ["get", "name"], "text-font": ["local"], "text-size": 12, "text-offset": [0, 1.1], "text-anchor": "top" }, paint: { "text-color": "#123a5a", "text-halo-color": "#fff", "text-halo-width": 2 } }]);
  overlay(map, "devices", collection(devices.filter((d) => d.lat).map((d) => point(d.lon, d.lat, { type: d.type, bad: d.faults.length > 0, seen: seen.has(d.id), name: d.id.replace(`${zone}-`, "") }))), [
    { id: "device", type: "circle", minzoom: 14.5, paint: { "circle-radius": ["case", ["get", "seen"], 9, 4.5], "circle-color": ["match", ["get", "type"], "camera", "#6a3d9a", "bell", "#d55e00", "#009e73"], "circle-opacity": ["case", ["get", "bad"], 0.35, 1], "circle-stroke-color": ["case", ["get", "seen"], "#16222e", "#ffffff"], "circle-stroke-width": 2 } },
    { id: "device-name", type: "symbol", minzoom: 15.5, filter: ["get", "seen"], layout: { "text-field": ["get", "name"], "text-font": ["local"], "text-size": 12, "text-offset": [0, 1], "text-anchor": "top" }, paint: { "text-color": "#4a2a70", "text-halo-color": "#fff", "text-halo-width": 2 } }]);
}
function drawSearch() {
  if (!map) return;
  const rings = shown && shown.reach_m < FAR_M ? [...shown.outline.map((ring) => area(ring.map((p) => Array.isArray(p) ? p : [p.lon, p.lat]), { kind: "reach", all: shown.cut })), area(circle(shown.last.lon, shown.last.lat, Math.max(shown.last.accuracy_m, 6)), { kind: "last" })] : [];
  overlay(map, "search", collection(rings), [
    { id: "reach", type: "fill", filter: ["==", ["get", "kind"], "reach"], paint: { "fill-color": "#0a5c9c", "fill-opacity": ["case", ["get", "all"], 0.04, 0.14] } },
    { id: "reach-line", type: "line", filter: ["==", ["get", "kind"], "reach"], paint: { "line-color": "#0a5c9c", "line-width": 2.5, "line-dasharray": [2, 1.5] } },
    { id: "last", type: "fill", filter: ["==", ["get", "kind"], "last"], paint: { "fill-color": "#b3131b", "fill-opacity": 0.3 } }]);
  drawUnits();
}

async function startMap(drill) {
  const placed = devices.filter((d) => d.lat);
  const mean = (rows, name) => rows.reduce((sum, d) => sum + d[name], 0) / rows.length;
  let center = placed.length ? [mean(placed, "lon"), mean(placed, "lat")] : units.length ? [units[0].lon, units[0].lat] : [126.978, 37.5665], sheet = null;
  const session = await drill;
  school = session?.school ?? null;
  list();
  if (session?.map) {
    center = session.map.center;
    if (session.map.kind === "schematic" || !(await ask("GET", "/tiles.json")).present) sheet = await ask("GET", `/control/v1/sessions/${here.drill}/map?schematic=1`).catch(() => null);
    if (session.map.notice) $("#map").append(el("p", { class: "notmine", style: "margin:0", text: both(session.map.notice) }));
  }
  map = await makeMap($("#map"), { center, zoom: 15.7, sheet, city: !here.drill, label: t("사건과 카메라와 출동 조의 지도") });
  if (here.drill) ask("GET", `/control/v1/sessions/${here.drill}/map`).then((place) => drawPlace(map, { ...place, features: place.features.filter((f) => ["school", "danger", "assembly", "academy", "playground"].includes(f.properties.kind)) })).catch(() => {});
  $("#map").append(legend([["●", "#b3131b", t("긴급")], ["●", "#a85500", t("위험")], ["●", "#0a5c9c", t("처리 중")], ["●", "#123a5a", t("출동 조")], ["○", "#123a5a", t("출동 중")]], [["●", "#009e73", t("리더기")], ["●", "#d55e00", t("비상벨")], ["●", "#6a3d9a", t("카메라")], ["◌", "#b34700", t("위험지역")]]));
  map.on("click", "incident", (event) => select(event.features[0].properties.id));
  following = follow(map, sight);
  drawUnits(); drawIncidents(); drawSearch(); following.look();
  document.body.dataset.map = "ready";
}

// ------------------------------------------------------------------ live

async function loadUnits() {
  units = (await ask("GET", `${V1}/zones/${zone}/units`).catch(() => ({ items: units }))).items.map(named);
  drawUnits();
}

async function load() {
  const found = [];
  for (const state of showClosed ? ["open", "closed"] : ["open"]) {
    let after = "";
    do {
      const page = await ask("GET", `${V1}/zones/${zone}/incidents?state=${state}&limit=100${after ? `&after=${encodeURIComponent(after)}` : ""}`);
      found.push(...page.items);
      after = page.next;
    } while (after && found.length < 500);
  }
  const open = new Set(found.map((i) => i.id));
  for (const [id, i] of incidents) if (!open.has(id) && isOpen(i)) refresh(id);
  const fresh = found.filter((i) => !(incidents.get(i.id)?.version >= i.version && incidents.get(i.id)?.place));
  found.forEach(take);
  list();
  document.body.dataset.loaded = "yes";
  // Their places in words, a few at a time.
  const line = fresh.filter((i) => i.position);
  await Promise.all(Array.from({ length: 4 }, async () => { while (line.length) await refresh(line.shift().id); }));
}

function tick() {
  for (const node of document.querySelectorAll("[data-since]")) {
    const i = incidents.get(node.closest("[data-incident]")?.dataset.incident);
    if (i && isOpen(i)) node.textContent = span((nowOf(i) - Date.parse(node.dataset.since)) / 1000);
  }
  for (const node of document.querySelectorAll("[data-until]")) {
    const left = (Date.parse(node.dataset.until) - nowOf(incidents.get(selected))) / 1000;
    node.textContent = left > 0 ? node.dataset.text.replace("{s}", span(left)) : t("지금 상급자에게 알리는 중");
  }
  $("#clock").textContent = !here.drill ? hms(new Date().toISOString()) : clock.heard ? `${hms(new Date(now()).toISOString())} (${t("훈련 시각")})` : "";
}

async function begin() {
  try { me = await ask("GET", `${V1}/me`); } catch (error) {
    if (error.status === 401) { location.replace("/login?role=operator"); return; }
    away("hub", true, HUB_AWAY); setTimeout(begin, 1500); return;
  }
  away("hub", false);
  zone = me.zone ?? new URLSearchParams(location.search).get("zone");
  if (!zone) { fill($("#detail"), el("p", { text: t("이 로그인 코드에는 구역이 없습니다. 구역이 있는 코드를 받아 주세요.") })); return; }
  try {
    [devices, units] = await Promise.all([ask("GET", `${V1}/zones/${zone}/devices`), ask("GET", `${V1}/zones/${zone}/units`)]).then(([d, u]) => [d.items, u.items.map(named)]);
  } catch (error) { setTimeout(begin, 1500); away("hub", true, because(error)); return; }
  selected = location.hash.slice(1);
  let first = true;
  new Live(`${V1}/zones/${zone}/stream`, {
    alert(data) {
      alerts.set(data.incident, data);
      refresh(data.incident).then(() => { const i = incidents.get(data.incident); if (i) { news(i); if ((data.flags ?? []).some((f) => ["reminder", "escalated"].includes(f)) && i.state === "open") sound.play(); } });
    },
    incident(data) { take(data); news(data); refresh(data.id); },
  }, async (connected) => {
    away("hub", !connected, HUB_AWAY);
    document.body.dataset.live = connected ? "yes" : "no";
    if (!connected) return;
    await load().catch(() => {});
    if (first) { first = false; for (const i of incidents.values()) told.add(i.id); select(incidents.has(selected) ? selected : (ordered()[0]?.id ?? "")); }
    else for (const i of incidents.values()) news(i);
  });
  const drill = followDrill({
    over() { $(".said-stack")?.remove(); stopCamera(); camera = null; detail(); list(); }, // of a drill that is over there is no picture to be asked for
    clock(data) { clock = { at: Date.parse(data.at), heard: Date.now(), pace: data.state === "running" ? data.speed : 0 }; document.body.dataset.t = ofDay(data.t); },
    event(data) {
      const message = data.kind === "inject" && data.data?.kind === "message" && ["list", "hand"].includes(data.data.by);
      if (message) says($(".queue"), data, here.drill); // beside the map and its picture, which are what the message is about
      if (message && Date.now() - Date.parse(data.wall) < 10000) $("#spoken").textContent = both(data.text);
      if (data.kind === "all_clear") says($(".queue"), { ...data, text: t("상황 종료 · ALL CLEAR – 열린 사건을 종결하세요") }, here.drill);
    },
  });
  setInterval(tick, 1000);
  setInterval(loadUnits, 4000);
  setInterval(() => { if (shown && (Date.now() - searched) * Math.max(1, clock.pace) >= 14500) search(); }, 3000);
  await startMap(drill).catch((error) => { console.error(error); });
}

// ------------------------------------------------------------------ keys

const keys = { a: "acknowledge", d: "dispatch", s: "on_scene", n: "note", p: "prank", e: "call_119", l: "link", f: "false_alarm", r: "resolve", o: "reopen" };
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") || event.target.closest?.("input, textarea, select")) return;
  if (event.key === "?") { help(); return; }
  if (!kept.get("keys", true)) return;
  const all = ordered(), at = all.findIndex((i) => i.id === selected), onMap = event.target.closest?.(".maplibregl-canvas");
  const step = event.key === "j" || (!onMap && event.key === "ArrowDown") ? 1 : event.key === "k" || (!onMap && event.key === "ArrowUp") ? -1 : 0;
  if (step && all.length) {
    event.preventDefault();
    const next = all[Math.max(0, Math.min(all.length - 1, at + step))];
    select(next.id);
    requestAnimationFrame(() => document.querySelector(`[data-incident="${CSS.escape(next.id)}"]`)?.focus());
  } else if (event.key === "h") { event.preventDefault(); handOver(); }
  else if (event.key === "m") sound.toggle();
  else if (keys[event.key] && document.querySelector(`[data-verb="${keys[event.key]}"]:not(:disabled)`)) { event.preventDefault(); act(keys[event.key]); }
});
async function help() {
  const lines = [["j / ↓", t("다음 사건")], ["k / ↑", t("이전 사건")], ...VERBS.map(([, letter, name]) => [letter, name]), ["o", t("다시 열기")], ["h", t("근무 인계")], ["m", t("소리")], ["?", t("이 도움말")]];
  const form = await dialog(t("단축키"), el("div", {}, el("table", {}, el("tbody", {}, lines.map(([letter, name]) => el("tr", {}, el("td", {}, el("kbd", { text: letter })), el("td", { text: name }))))),
    el("label", { class: "consent" }, el("input", { type: "checkbox", name: "keys", checked: kept.get("keys", true) }), el("span", { text: t("한 글자 단축키 쓰기") }))), { no: null });
  if (form) kept.set("keys", form.keys === "on");
}
$("#help").addEventListener("click", help);
$("#shift").addEventListener("click", handOver);
$("#logout").addEventListener("click", async () => { await ask("POST", "/auth/logout", { role: "operator" }).catch(() => {}); location.assign("/"); });
$("#closed").addEventListener("click", (event) => { showClosed = !showClosed; event.currentTarget.setAttribute("aria-pressed", String(showClosed)); load().catch(trouble); list(); });
showSound();
begin();
