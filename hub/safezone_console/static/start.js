// The first page: a school is found while it is typed; drills that run can be joined.
import { $, ask, both, day, el, fill, here, joinAs, playAs, t, toast, trouble } from "./kit.js";

const list = $("#schools"), form = $("#find");

async function find() {
  const q = $("#q").value.trim();
  if (q.length < 2) { list.hidden = true; return []; }
  const { items, total } = await ask("GET", `/control/v1/schools?q=${encodeURIComponent(q)}&limit=8`);
  list.hidden = false;
  fill(list, items.length
    ? items.map((school) => el("li", {}, el("a", { href: `/drill?school=${school.code}` },
      el("span", {}, el("b", { text: school.name }), ` ${school.gu ?? ""}`),
      el("span", { class: "row" }, el("span", { class: "muted num", text: school.code }),
        school.map === "schematic" && el("span", { class: "tag warn", text: t("약도") })))))
    : el("li", {}, el("p", { class: "empty", text: t("{q}에 맞는 학교가 없습니다. 이름의 일부나 7자리 코드를 넣어 보세요.", { q }) })));
  list.dataset.total = total;
  return items;
}

const PLACE = { desk: "/control-room", desk2: "/control-room", guardian: "/guardian", school: "/school" };
const STATE = { ready: t("준비됨"), running: t("진행 중"), paused: t("멈춤"), ended: t("끝남"), failed: t("실패") };

async function sessions() {
  const { items } = await ask("GET", "/control/v1/sessions");
  const shown = items.filter((s) => ["ready", "running", "paused"].includes(s.state)).slice(0, 6);
  const ended = items.filter((s) => s.state === "ended").slice(0, 4);
  const row = (s) => el("li", {}, el("div", { class: "row between", style: "padding:.4rem .9rem" },
    el("a", { href: `/drill/${s.session}`, style: "flex:1;min-width:13rem" },
      el("span", {}, el("b", { text: both(s.drill.title) }), ` · ${s.school.name}`),
      el("span", { class: `tag ${s.state === "running" ? "good" : ""}`, text: STATE[s.state] ?? s.state })),
    ["ready", "running", "paused"].includes(s.state) && el("span", { class: "row" },
      el("button", { type: "button", class: "plain small", style: "width:auto", click: () => playAs(s.session, "desk", "/control-room").catch(trouble), text: t("상황실로 참가") }))));
  fill($("#sessions"),
    shown.length > 0 && [el("h2", { style: "margin-top:1rem", text: t("열려 있는 훈련") }), el("ul", { class: "choices", style: "margin-top:.3rem" }, shown.map(row))],
    ended.length > 0 && [el("h2", { style: "margin-top:1rem", text: t("지난 훈련") }), el("ul", { class: "choices", style: "margin-top:.3rem" }, ended.map((s) => el("li", {},
      el("a", { href: `/drill/${s.session}` }, el("span", {}, el("b", { text: both(s.drill.title) }), ` · ${s.school.name}`), el("span", { class: "muted", text: s.date ? day(`${s.date}T12:00:00+09:00`) : "" })))))]);
}

if (form) {
  let timer = 0;
  $("#q").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => find().catch(trouble), 150); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const items = await find();
      if (items.length === 1) location.assign(`/drill?school=${items[0].code}`);
      else if (!items.length && $("#q").value.trim().length < 2) location.assign("/drill");
      else list.querySelector("a")?.focus();
    } catch (error) { trouble(error); }
  });
  sessions().catch(() => {});
  $("#join").addEventListener("submit", async (event) => {
    event.preventDefault();
    const as = $("#as").value;
    try { await joinAs($("#code").value, as, PLACE[as]); } catch (error) {
      if (error.title !== "no_such_code") { trouble(error); return; }
      toast(t("이 참가 번호로 열려 있는 훈련이 없습니다. 선생님 화면의 여덟 글자를 다시 확인하세요."), "error");
      $("#code").select();
    }
  });
}
void here;
