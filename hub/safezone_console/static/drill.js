// A role's page within a drill: which drill it belongs to, what happens in it, and that it is over. The desk of the teacher has its own.
import { $, Live, ask, both, el, here, ofDay, playAs, t, trouble } from "./kit.js";

const PLAYED = { operator: "desk", guardian: "guardian", school: "school" };
const DONE = ["ended", "failed"], AGAIN_MS = 5000;

/** Names the drill at the top of the page and hears its stream. Answers its session; null outside of a drill.
 *  `heard` may hold `clock`, `event` and `over`; events are told from the drill's beginning, those of before this page was opened at once. */
export async function followDrill(heard = {}) {
  if (!here.drill) return null;
  const place = `/control/v1/sessions/${here.drill}`, session = await ask("GET", place).catch(() => null);
  if (!session) return null;
  $("#which").textContent = [session.school.name, both(session.drill.title), session.rehearsal && t("리허설")].filter(Boolean).join(" · ");
  const over = () => { tell(session); heard.over?.(); };
  if (DONE.includes(session.state)) { over(); return session; }
  const ends = (state) => { if (DONE.includes(state) && !live.closed) { live.close(); over(); } };
  const live = new Live(`${place}/stream?frames=0&last_event_id=0`, {
    clock(data) { heard.clock?.(data); ends(data.state); },
    event(data) { heard.event?.(data); },
  }, async (connected) => { if (!connected) ends((await ask("GET", place).catch(() => session)).state); });
  return session;
}

/** The end of a drill's situation, on the page of somebody who is only told: no notice of the service says it. */
export function cleared(event) {
  if (event.kind !== "all_clear" || $("#cleared")) return;
  $("#main").prepend(el("p", { class: "card cleared", id: "cleared", role: "status" }, el("b", { text: t("훈련 상황이 종료되었습니다 · ALL CLEAR") }), ` ${ofDay(event.t)} ${t("진행하는 선생님이 알렸습니다.")}`));
}

/** A tab of a drill that is over looks like one in which nothing happens: it says what it is, and leads to the next drill. */
function tell(session) {
  document.body.dataset.over = "yes";
  const next = el("div", { class: "row" }, el("span", { text: t("새 훈련이 있으면 선생님 화면의 새 참가 번호로 다시 들어가세요.") }), el("a", { class: "button plain", href: "/", text: t("처음으로") }));
  $("#main").prepend(el("section", { class: "drill-over", id: "over", role: "alert" }, el("div", {}, el("h2", { text: t("이 훈련은 끝났습니다") }), el("p", { text: t("수고하셨습니다. 이 화면에는 이제 새 일이 나타나지 않습니다.") })), next));
  const look = async () => {
    const { items } = await ask("GET", "/control/v1/sessions").catch(() => ({ items: [] }));
    const others = items.filter((s) => !DONE.includes(s.state) && s.school.code === session.school.code && s.session !== session.session), newer = others.find((s) => s.state !== "ready") ?? others[0];
    if (newer) next.replaceChildren(el("button", { type: "button", class: "primary", id: "newer", click: () => playAs(newer.session, PLAYED[here.role], location.pathname).catch(trouble), text: t("새 훈련으로 가기: {title}", { title: [both(newer.drill.title), newer.rehearsal && t("리허설")].filter(Boolean).join(" · ") }) }));
    else setTimeout(look, AGAIN_MS);
  };
  look();
}
