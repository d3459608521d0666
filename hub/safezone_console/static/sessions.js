// Drills that are open and drills that are over, as lists to go on from. The same on the first page and where a drill is prepared.
import { $, ask, both, day, el, fill, here, playAs, t, trouble } from "./kit.js";

const STATE = { ready: t("준비됨"), running: t("진행 중"), paused: t("멈춤"), ended: t("끝남"), failed: t("중단됨") };
const BESIDE = "width:auto;flex:none;border:1px solid currentcolor;border-radius:8px;min-height:2.4rem;padding:.2rem .8rem";
const OPEN = ["ready", "running", "paused"];

function row(s) {
  const open = OPEN.includes(s.state);
  return el("li", {}, el("div", { class: "row between", style: "padding:.2rem .9rem" },
    el("a", { href: `/drill/${s.session}`, style: "flex:1;min-width:13rem;padding-left:0" },
      el("span", {}, el("b", { text: both(s.drill.title) }), ` · ${s.school.name}`, s.class && ` ${t("{g}학년 {c}반", { g: s.class.grade, c: s.class.class })}`, s.rehearsal && ` · ${t("리허설")}`),
      el("span", { class: "row", style: "gap:.4rem" }, el("span", { class: "muted num", text: s.date ? t("훈련일 {day}", { day: [day(`${s.date}T12:00:00+09:00`), s.starts].filter(Boolean).join(" ") }) : "" }), el("span", { class: `tag ${s.state === "running" ? "good" : s.state === "failed" ? "warn" : ""}`, text: STATE[s.state] ?? s.state }))),
    el("a", { class: "button plain small", style: BESIDE, href: `/drill/${s.session}`, text: t("열기") }),
    !open && el("a", { class: "button plain small", style: BESIDE, target: "_blank", rel: "noopener", href: `/control/v1/sessions/${s.session}/report.html?lang=${here.lang}`, text: t("보고서") }),
    !open && el("a", { class: "button plain small", style: BESIDE, download: "", href: `/control/v1/sessions/${s.session}/report.pdf?lang=${here.lang}`, text: t("PDF 내려받기") }),
    ["running", "paused"].includes(s.state) && el("button", { type: "button", class: "plain small", style: BESIDE, click: () => playAs(s.session, "desk", "/control-room").catch(trouble), text: t("상황실로 참가") })));
}

/** Fill `#sessions` with what this browser may open; answers whether something waits to be begun or goes on. */
export async function showSessions() {
  const { items } = await ask("GET", "/control/v1/sessions");
  const shown = items.filter((s) => OPEN.includes(s.state)), past = items.filter((s) => !OPEN.includes(s.state));
  const list = (rows) => el("ul", { class: "choices", style: "margin-top:.3rem" }, rows.map(row));
  fill($("#sessions"),
    shown.length > 0 && [el("h2", { style: "margin-top:1rem", text: t("준비했거나 진행 중인 훈련") }), list(shown)],
    past.length > 0 && [el("h2", { style: "margin-top:1rem", text: t("지난 훈련과 보고서") }), list(past.slice(0, 5)),
      past.length > 5 && el("details", {}, el("summary", { text: t("더 보기 {n}건", { n: past.length - 5 }) }), list(past.slice(5, 100)))]);
  return shown.length > 0;
}
