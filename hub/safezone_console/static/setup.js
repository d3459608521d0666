// Choosing school, drill and day. Nothing starts here.
import { $, ask, both, date, day, el, fill, heedServer, here, kept, t, toast, trouble } from "./kit.js";
import { showSessions } from "./sessions.js";

let school = null, drill = null, drills = [], timer = 0;
const query = new URLSearchParams(location.search);

/** What was typed, where it led to a school by itself. */
let asked = query.get("asked") ?? "";
const short = (name) => name.replace(/\s+/g, "").replace(/^서울(특별시|시)?/, "").replace(/초등학교$/, "초");
function showSchool() {
  fill($("#school"), school && el("div", { class: "row between" }, el("span", {}, el("b", { style: "font-size:1.2rem", text: school.name }), ` ${school.gu ?? ""} `, el("span", { class: "muted num", text: school.code })), el("button", { type: "button", class: "plain small", click: () => { school = null; asked = ""; showSchool(); $("#q").focus(); }, text: t("바꾸기") })),
    school?.map === "schematic" && el("p", { class: "tag warn", style: "white-space:normal;margin-top:.5rem", text: t("이 학교의 실제 지도가 없어 약도로 진행합니다. 훈련 화면에서 실제 지도를 받을 수 있습니다.") }));
  const taken = school && asked && short(school.name) !== short(asked) && asked !== school.code;
  $("#taken").hidden = !taken;
  $("#taken").textContent = taken ? t("«{q}»에 맞는 학교가 하나뿐이었습니다: {name}. 다른 학교면 «바꾸기»를 누르세요.", { q: asked, name: school.name }) : "";
  $("#search").hidden = Boolean(school);
  links();
}
async function find() {
  $("#toasts").replaceChildren();
  const q = $("#q").value.trim(), list = $("#schools");
  if (q.length < 2) { list.hidden = true; return; }
  const { items } = await ask("GET", `/control/v1/schools?q=${encodeURIComponent(q)}&limit=8`);
  list.hidden = false;
  fill(list, items.length ? items.map((each) => el("li", {}, el("button", { type: "button", click: () => { school = each; asked = ""; showSchool(); } }, el("span", {}, el("b", { text: each.name }), ` ${each.gu ?? ""}`), el("span", { class: "muted num", text: each.code })))) : el("li", {}, el("p", { class: "empty", text: t("맞는 학교가 없습니다.") })));
}
/** The time is the drill's own until the teacher chooses one, and again if the one chosen cannot be. */
function showHours() {
  const box = $("#start");
  Object.assign(box, { min: drill.starts_from, max: drill.starts_until });
  if (!box.dataset.chosen || box.value < drill.starts_from || box.value > drill.starts_until) { box.value = drill.starts; delete box.dataset.chosen; }
  $("#hours").textContent = `${t("이 훈련은 {from}에서 {until} 사이에 시작할 수 있습니다. 화면 속 시계와 인쇄물이 이 시각을 따릅니다.", { from: drill.starts_from, until: drill.starts_until })}${drill.deadline_min === null ? "" : ` ${t("등교 마감은 시작 {n}분 뒤로 옮겨집니다.", { n: drill.deadline_min })}`}`;
}
function showDrills() {
  fill($("#drills"), drills.map((each) => el("label", { class: "drill-choice" }, el("input", { type: "radio", name: "drill", value: each.id, checked: each.id === drill?.id, change: () => { drill = each; showHours(); plan(); links(); } }), el("span", { class: "box" }, el("strong", { text: both(each.title) }), el("span", { class: "muted", text: both(each.summary) })))));
}
/** When a minute of the drill comes, by the clock; nothing while no time is chosen. */
const clockAt = (minute) => { const [h, m] = $("#start").value.split(":").map(Number), at = h * 60 + m + minute; return Number.isNaN(at) ? "" : `${String(Math.floor(at / 60)).padStart(2, "0")}:${String(Math.round(at % 60)).padStart(2, "0")}`; };
function plan() {
  const cell = (text) => el("td", { text: both(text) });
  fill($("#plan"), el("h2", { style: "font-size:1.4rem", text: both(drill.title) }), el("p", { text: both(drill.summary) }),
    el("h3", { text: t("목표") }), el("ul", {}, drill.objectives.map((o) => el("li", { text: both(o.text) }))),
    el("h3", { text: t("{n}분 계획", { n: drill.minutes }) }),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("계획표") }, el("table", { class: "plan" }, el("thead", {}, el("tr", {}, [t("분"), t("무엇"), t("어디에"), t("학생"), t("화면 속 상황"), t("훈련 참가자")].map((name) => el("th", { scope: "col", text: name })))),
      el("tbody", {}, drill.plan.map((p) => el("tr", {}, el("td", { class: "num" }, `${p.from_min}–${p.to_min}`, el("div", { class: "muted small", text: clockAt(p.from_min) })), cell(p.title), cell(p.where), cell(p.pupils), cell(p.twin), cell(p.trainees)))))),
    el("h3", { style: "margin-top:1rem", text: t("역할") }), el("ul", {}, drill.roles.map((r) => el("li", {}, el("b", { text: both(r.title) }), ` – ${both(r.does)}`))),
    el("h3", { text: t("준비 점검표") }), el("p", { class: "muted small", text: t("인쇄물에 네모 칸이 있습니다.") }), el("ul", {}, drill.checklist.map((c) => el("li", { text: both(c) }))));
}
function links() {
  const pack = $("#pack"), ready = school && drill;
  if (ready) pack.href = `/control/v1/drills/${drill.id}/pack.pdf?school=${school.code}&date=${$("#date").value}&start=${$("#start").value}&class=${$("#grade").value}-${$("#class").value}${chosenLead() ? `&lead=${$("#lead").value}` : ""}&lang=${here.lang}&english=${Number($("#english").checked)}`; else pack.removeAttribute("href");
  pack.setAttribute("aria-disabled", String(!ready));
  $("#lead").max = $("#size").value;
  $("#making").textContent = [school?.name ?? t("학교를 고르지 않음"), drill && both(drill.title), $("#date").value && day(`${$("#date").value}T12:00:00+09:00`), $("#start").value, t("{g}학년 {c}반 {n}명", { g: $("#grade").value, c: $("#class").value, n: $("#size").value }), $("#rehearsal").checked && t("리허설")].filter(Boolean).join(" · ");
  remember();
}
/** Whether another number than the drill's own was chosen. */
const chosenLead = () => $("#lead").value !== "" && $("#lead").value !== $("#lead").defaultValue;
/** What is chosen stands in the address: a reload, another language or a bookmark brings it back. */
function remember() {
  const chosen = new URLSearchParams({ date: $("#date").value, grade: $("#grade").value, class: $("#class").value, size: $("#size").value });
  if (chosenLead()) chosen.set("lead", $("#lead").value);
  if (school) chosen.set("school", school.code);
  if (drill) chosen.set("drill", drill.id);
  if ($("#start").dataset.chosen) chosen.set("start", $("#start").value);
  for (const box of ["rehearsal", "english"]) if ($(`#${box}`).checked) chosen.set(box, "1");
  history.replaceState(null, "", `?${chosen}`);
}
$("#q").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => find().catch(trouble), 150); });
$("#q").addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); find().then(() => { const found = document.querySelectorAll("#schools button"), typed = $("#q").value.trim(); if (found.length === 1) { found[0].click(); asked = typed; showSchool(); } else if (found.length) { found[0].focus(); toast(t("학교가 여럿입니다. 목록에서 고르세요.")); } }).catch(trouble); } });
$("#start").addEventListener("input", () => { $("#start").dataset.chosen = "yes"; plan(); });
$("#size").addEventListener("change", () => { if (Number($("#lead").value) > Number($("#size").value)) $("#lead").value = $("#size").value; links(); });
$("#setup").addEventListener("input", links);
$("#setup").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!school) { toast(t("먼저 학교를 고르세요."), "error"); $("#q").focus(); return; }
  const room = { grade: Number($("#grade").value), class: Number($("#class").value), size: Number($("#size").value), ...(chosenLead() ? { lead: Number($("#lead").value) } : {}) };
  kept.set("room", room);
  const button = $("#create"), busy = el("dialog", { class: "dialog busy", "aria-live": "polite" }, el("h2", { text: t("지도와 어린이를 준비하는 중…") }), el("progress", { "aria-label": t("준비하는 중") }), el("p", { class: "muted", text: t("보통 5초에서 20초 걸립니다.") }));
  button.disabled = true;
  document.body.append(busy);
  busy.addEventListener("cancel", (cancelled) => cancelled.preventDefault());
  busy.showModal();
  try {
    const made = await ask("POST", "/control/v1/sessions", { school: school.code, drill: drill.id, date: $("#date").value, start: $("#start").value, rehearsal: $("#rehearsal").checked, class: room });
    location.assign(`/drill/${made.session}`);
  } catch (error) { trouble(error); button.disabled = false; busy.remove(); }
});

async function begin() {
  $("#date").value = date(new Date());
  for (const [name, value] of Object.entries(kept.get("room", {}))) if ($(`#${name}`)) $(`#${name}`).value = value;
  // After a rehearsal: the same class and day again. A day that is over is not taken.
  for (const name of ["grade", "class", "size", "lead", "start"]) if (query.get(name)) $(`#${name}`).value = query.get(name);
  if (query.get("start")) $("#start").dataset.chosen = "yes";
  for (const box of ["rehearsal", "english"]) $(`#${box}`).checked = query.has(box);
  if (query.get("date") > $("#date").value) $("#date").value = query.get("date");
  showSessions().then((open) => { $("#before").open = open; $("#before").hidden = !$("#sessions").childElementCount; }).catch(() => {});
  drills = (await ask("GET", "/control/v1/drills")).items;
  drill = drills.find((each) => each.id === query.get("drill")) ?? drills[0];
  const code = query.get("school");
  if (code) school = (await ask("GET", `/control/v1/schools?q=${encodeURIComponent(code)}&limit=1`)).items[0] ?? null;
  showSchool(); showDrills(); showHours(); plan(); links();
  document.body.dataset.loaded = "yes";
}
begin().catch(trouble);
heedServer("/control/v1/health", t("훈련 서버와 연결이 끊겼습니다. 고른 것은 그대로 있고, 다시 연결되면 만들 수 있습니다."));
