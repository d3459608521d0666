// A parent enrols: the school's code, the identity step, consent item by item. The token goes into a cookie, not through here.
import { $, ask, because, day, el, fill, here, hm, kept, t } from "./kit.js";

const box = $("#step");
const ITEMS = [
  ["collect", t("위치 수집"), t("리더기·전화기로 아이가 학교와 집에 드나든 때와 길 위의 위치를 모읍니다. 90일 뒤 지웁니다.")],
  ["notify_guardians", t("보호자에게 알림"), t("등교·하교·위험지역 진입을 보호자에게 알립니다.")],
  ["provide_112", t("112 상황실에 제공"), t("아이가 도움을 부르면 위치를 112 상황실에 보냅니다. 긴급구조는 법에 따라 동의 없이도 제공될 수 있습니다.")],
];

function at(n) {
  [...$("#progress").children].forEach((li, i) => { li.className = i < n ? "past" : ""; if (i === n) li.setAttribute("aria-current", "step"); else li.removeAttribute("aria-current"); });
  $("#wrong").hidden = true;
}
/** ``no``: what it means when the hub does not know what was typed. */
function wrong(error, no) {
  const said = $("#wrong"), named = error.errors?.some((each) => each.field);
  said.hidden = false;
  said.textContent = (error.status === 404 || error.status === 422) && !named ? no : because(error);
}
const field = (id, label, attributes, hint) => el("div", { class: "field" }, el("label", { for: id }, label, hint && el("span", { class: "hint", text: hint })), el("input", { id, name: id, required: true, ...attributes }));
function form(build, submit, no = "") {
  const made = el("form", {}, ...build);
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = made.querySelector("button.primary");
    button.disabled = true;
    try { await submit(Object.fromEntries(new FormData(made))); } catch (error) { wrong(error, no || because(error)); }
    button.disabled = false;
  });
  fill(box, made);
  made.querySelector("input")?.focus();
}

function code() {
  at(0);
  form([
    field("code", t("학교에서 받은 코드"), { type: "text", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", minlength: 8 }, t("학교에서 받은 종이에 있는 글자와 숫자입니다. 없으면 담임 선생님에게 달라고 하세요.")),
    field("name", t("보호자 이름"), { type: "text", autocomplete: "name" }),
    field("address", t("휴대전화 번호 또는 전자우편"), { type: "text", autocomplete: "tel", inputmode: "email" }, t("확인 번호를 여기로 보냅니다.")),
    el("label", { class: "consent" }, el("input", { type: "checkbox", name: "in_person" }), el("span", {}, el("b", { text: t("학교에 가서 확인 번호를 받겠습니다") }), t("학교에 연락처를 낸 적이 없으면 이쪽을 고르세요."))),
    el("div", { class: "buttons" }, el("button", { class: "primary", text: t("다음") })),
  ], async (given) => {
    const address = given.address.trim();
    const told = await ask("POST", "/open/v1/enrolments", { code: given.code.trim().toUpperCase(), name: given.name.trim(), contact: { channel: address.includes("@") ? "email" : "sms", address }, language: here.lang, ...(given.in_person ? { in_person: true } : {}) });
    kept.set("enrolment", { id: told.id, in_person: Boolean(given.in_person), until: told.expires_at });
    pin();
  }, t("코드가 맞지 않거나 이미 쓴 코드입니다. 종이에 적힌 대로 다시 넣어 주세요."));
}
function pin() {
  at(1);
  const held = kept.get("enrolment");
  form([
    el("p", { text: held.in_person ? t("학교 교무실에서 확인 번호를 받아 넣으세요.") : t("보내 드린 확인 번호를 넣으세요. 오지 않으면 «처음부터»를 눌러 학교에서 받는 쪽을 고르세요.") }),
    field("pin", t("확인 번호"), { type: "text", inputmode: "numeric", pattern: "[0-9]{4,10}", autocomplete: "one-time-code", style: "font-size:1.6rem;letter-spacing:.3em;max-width:14rem" }, held.until ? t("{at}까지 쓸 수 있습니다.", { at: `${day(held.until)} ${hm(held.until)}` }) : ""),
    el("div", { class: "buttons" }, el("button", { type: "button", class: "plain", click: code, text: t("처음부터") }), el("button", { class: "primary", text: t("확인") })),
  ], async (given) => { await ask("POST", `/open/v1/enrolments/${held.id}/verify`, { pin: given.pin }); consent(); }, t("확인 번호가 맞지 않습니다. 다시 넣어 주세요."));
}
function consent() {
  at(2);
  const held = kept.get("enrolment");
  form([
    el("p", { text: t("하나하나 고르세요. 나중에 언제든지 멈추거나 거둘 수 있습니다.") }),
    ...ITEMS.map(([name, title, text]) => el("label", { class: "consent" }, el("input", { type: "checkbox", name }), el("span", {}, el("b", { text: title }), text))),
    el("div", { class: "buttons" }, el("button", { class: "primary", text: t("동의하고 가입") })),
  ], async (given) => {
    const items = Object.fromEntries(ITEMS.map(([name]) => [name, given[name] === "on"]));
    if (!Object.values(items).some(Boolean)) { $("#wrong").hidden = false; $("#wrong").textContent = t("고른 것이 없습니다. 하나라도 동의해야 가입할 수 있습니다. 동의하지 않으려면 이 창을 닫으면 됩니다."); return; }
    $("#wrong").hidden = true;
    const told = await ask("POST", `/open/v1/enrolments/${held.id}/consent`, { items, form: "electronic" });
    kept.set("enrolment", null);
    at(told.state === "written" ? 3 : 4);
    fill(box, told.logged_in
      ? el("div", {}, el("h2", { text: t("가입이 끝났습니다") }), el("p", { text: t("이 전화기에서는 로그인되어 있습니다. 홈 화면에 추가하면 앱처럼 쓸 수 있습니다.") }), el("a", { class: "button primary", id: "go", href: "/guardian", text: t("알림 보기") }))
      : el("div", {}, el("h2", { text: t("학교의 확인을 기다립니다") }), el("p", { text: t("학교가 서명된 동의서를 받으면 가입이 끝납니다.") })));
    box.querySelector("a")?.focus();
  });
}
if (kept.get("enrolment")?.id) pin(); else code();
