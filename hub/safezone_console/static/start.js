// The first page: a school is found while it is typed; drills that run can be joined.
import { $, ask, el, fill, here, heedServer, joinAs, kept, t, toast, trouble } from "./kit.js";
import { showSessions } from "./sessions.js";

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
if (form) {
  let timer = 0;
  $("#q").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => find().catch(trouble), 150); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const items = await find();
      if (items.length === 1) location.assign(`/drill?school=${items[0].code}&asked=${encodeURIComponent($("#q").value.trim())}`);
      else if (!items.length && $("#q").value.trim().length < 2) location.assign("/drill");
      else { list.querySelector("a")?.focus(); if (items.length) toast(t("학교가 여럿입니다. 목록에서 고르세요.")); }
    } catch (error) { trouble(error); }
  });
  showSessions().catch(() => {});
  heedServer();
  // The code comes by the QR of the desk, or is that of the last time in this browser.
  const given = new URLSearchParams(location.hash.slice(1)), code = (given.get("code") ?? kept.get("code", "")).replace(/[^0-9a-z]/gi, "");
  $("#code").value = code.match(/.{1,4}/g)?.join(" ") ?? "";
  if (given.has("code")) { history.replaceState(null, "", location.pathname); $("#trainee").scrollIntoView(); $("#as").focus(); }
  if (given.has("join")) { $("#trainee").scrollIntoView(); $("#code").focus(); }
  $("#join").addEventListener("submit", async (event) => {
    event.preventDefault();
    const as = $("#as").value;
    kept.set("code", $("#code").value);
    try { await joinAs($("#code").value, as, PLACE[as]); } catch (error) {
      if (error.title !== "no_such_code") { trouble(error); return; }
      kept.set("code", "");
      toast(t("이 참가 번호로 열려 있는 훈련이 없습니다. 선생님 화면의 열두 자리를 다시 확인하세요."), "error");
      $("#code").select();
    }
  });
}
void here;
