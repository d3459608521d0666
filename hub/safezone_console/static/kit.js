// What every page uses: words, elements, calls, live streams, times. It knows no page.

const catalogue = JSON.parse(document.getElementById("words")?.textContent || "{}");
export const here = document.body.dataset;
export const version = here.version;

/** A message in the language of the page; `{names}` are filled in. */
export function t(korean, values = {}) {
  let text = catalogue[korean] ?? korean;
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, String(value));
  return text;
}

/** Of a text in both languages, the one of the page. */
export function both(text) {
  if (!text) return "";
  return typeof text === "string" ? text : (text[here.lang] ?? text.ko ?? text.en ?? "");
}

/** An element; attributes that are functions are listeners, `class` and `text` are what they say, null is left out. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name, value);
    else if (name === "text") made.textContent = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** A picture out of our own set: fonts of a machine may have none. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "ic"); svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `/static/${here.version}/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

export const $ = (selector, root = document) => root.querySelector(selector);

/** Put children in the place of what is there, keeping the focus on what has the same `id` or `data-key`. */
export function fill(node, ...children) {
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  const mark = focused && (focused.id ? `#${CSS.escape(focused.id)}` : focused.dataset.key ? `[data-key="${CSS.escape(focused.dataset.key)}"]` : null);
  node.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  if (mark) node.querySelector(mark)?.focus({ preventScroll: true });
}

export class Problem extends Error {
  constructor(status, title, detail, errors) {
    super(detail || title);
    Object.assign(this, { status, title, detail, errors: errors || [] });
  }
}

/** One call; answers the JSON, or throws a Problem. */
export async function ask(method, url, body, headers = {}) {
  let answer;
  try {
    answer = await fetch(url, {
      method,
      headers: { "X-Safezone": "page", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
    });
  } catch {
    throw new Problem(0, "away", t("서버에 연결할 수 없습니다"));
  }
  const text = await answer.text();
  let told = null;
  try { told = text ? JSON.parse(text) : null; } catch { told = null; }
  if (!answer.ok) throw new Problem(answer.status, told?.title ?? "error", told?.detail ?? answer.statusText, told?.errors);
  return told;
}

/** Of «한국어 · English» the part in the language of the page. */
export const inLanguage = (text) => { const [ko, en] = text.split(" · "); return en && /[가-힣]/.test(ko) && !/[가-힣]/.test(en) ? (here.lang === "en" ? en : ko) : text; };

/** What went wrong, for people. */
export function because(error) {
  if (error.status === 503 || error.status === 502 || error.status === 0) return t("지금은 허브에 닿지 않습니다. 곧 다시 시도합니다.");
  if (error.status === 401) return t("로그인이 끝났습니다. 다시 로그인해 주세요.");
  if (error.status === 429) return t("너무 여러 번 시도했습니다. 잠시 뒤에 다시 해 주세요.");
  const parts = (error.errors || []).map((each) => (each.field ? `${each.field}: ` : "") + inLanguage(each.remedy ?? each.detail ?? ""));
  return parts.length ? parts.join(" · ") : inLanguage(error.message);
}

export function toast(text, kind = "info") {
  const shown = el("div", { class: `toast ${kind}`, text });
  document.getElementById("toasts").append(shown);
  setTimeout(() => shown.remove(), kind === "error" ? 8000 : 4000);
}

export const trouble = (error) => toast(because(error), "error");

/** A stream that comes again after every break and then goes on after the last event it had.
 *  Over a WebSocket: of other connections a browser has only six for all its tabs together. */
export class Live {
  constructor(url, heard, changed = () => {}) {
    Object.assign(this, { url, heard, changed, last: "", closed: false, wait: 500 });
    this.#open();
  }
  #open() {
    if (this.closed) return;
    const url = new URL(this.url, location.href);
    if (this.last) url.searchParams.set("last_event_id", this.last);
    url.protocol = url.protocol.replace("http", "ws");
    const source = (this.source = new WebSocket(url));
    source.onmessage = (event) => {
      const [name, id, data] = JSON.parse(event.data);
      if (name === "open") { this.wait = 500; this.changed(true); return; }
      if (id) this.last = id;
      this.heard[name]?.(data);
    };
    source.onclose = () => {
      if (this.closed) return;
      this.changed(false);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#open(), this.wait);
      this.wait = Math.min(5000, this.wait * 1.6);
    };
  }
  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.source?.close();
  }
}

/** The banner that says the hub (or the twin) is away; several sources may say so. */
const absent = new Map();
export function away(what, isAway, text) {
  if (isAway) absent.set(what, text); else absent.delete(what);
  const banner = document.getElementById("away");
  banner.hidden = absent.size === 0;
  banner.textContent = [...absent.values()].join(" · ");
}
const LOOKS_EVERY_MS = 4000;
/** Says in the banner when the pages' own server is gone, before anything is asked of it: for pages that follow no stream (any more). */
export function heedServer(address = "/healthz", gone = t("연결이 끊겼거나 프로그램이 꺼졌습니다. 다시 켜면 이 화면이 이어집니다.")) {
  setInterval(() => { if (!document.hidden) ask("GET", address).then(() => away("pages", false), () => away("pages", true, gone)); }, LOOKS_EVERY_MS);
}
export const HUB_AWAY = t("허브와 연결이 끊겼습니다. 다시 연결하는 중입니다. 기록은 허브에 남아 있습니다.");

const ribbon = document.getElementById("band");
if (ribbon) new ResizeObserver(() => document.documentElement.style.setProperty("--band", `${ribbon.offsetHeight}px`)).observe(ribbon);
export function band(on) { document.getElementById("band").hidden = !on; }

const ZONE = "Asia/Seoul";
const style = (options) => new Intl.DateTimeFormat(here.lang === "en" ? "en-GB" : "ko-KR", { timeZone: ZONE, hourCycle: "h23", ...options });
const HM = style({ hour: "2-digit", minute: "2-digit" });
const HMS = style({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = style({ month: "short", day: "numeric", weekday: "short" });
const DATE = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE });
export const hm = (iso) => (iso ? HM.format(new Date(iso)) : "–");
export const hms = (iso) => (iso ? HMS.format(new Date(iso)) : "–");
export const day = (iso) => DAY.format(new Date(iso));
export const date = (when) => DATE.format(when);

/** Seconds after midnight as a time of day. */
export function ofDay(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  return [s / 3600, (s / 60) % 60, s % 60].map((n) => String(Math.floor(n)).padStart(2, "0")).join(":");
}

/** A span of time in words: 42초, 3분 05초, 2시간 10분. */
export function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return t("{s}초", { s });
  if (s < 3600) return t("{m}분 {s}초", { m: Math.floor(s / 60), s: String(s % 60).padStart(2, "0") });
  if (s < 86400) return t("{h}시간 {m}분", { h: Math.floor(s / 3600), m: Math.floor((s % 3600) / 60) });
  return t("{d}일", { d: Math.floor(s / 86400) });
}

const LARGE_MS = 20000;
/** What somebody says in a drill, in large type over a map. It stays until it is read, also over a reload of the page, but small after a
 *  while, so that the map can be seen; what comes next stands under it. `drill` names the drill in which this browser keeps what was read. */
export function says(node, event, drill) {
  const name = `read:${drill}`, sign = `${event.n}:${event.kind}`;
  if (kept.get(name, []).includes(sign) || node.querySelector(`[data-said="${sign}"]`)) return;
  const old = Date.now() - Date.parse(event.wall) > LARGE_MS;
  const stack = node.querySelector(".said-stack") ?? node.appendChild(el("div", { class: "said-stack" }));
  const box = el("div", { class: old ? "says short" : "says", role: "status", "data-said": sign }, el("small", { text: `${t("훈련")} · ${ofDay(event.t)}` }), el("b", { text: both(event.text) }), el("button", { type: "button", class: "plain", click: () => { kept.set(name, [...kept.get(name, []), sign]); box.remove(); }, text: t("알겠습니다") }));
  for (const older of stack.children) older.classList.add("short");
  stack.append(box);
  setTimeout(() => box.classList.add("short"), LARGE_MS);
}

/** A question in a dialog. `fields(form)` builds its inside; resolves to the form's values, or null. */
export function dialog(title, inside, { yes = t("알겠습니다"), no = t("취소"), kind = "" } = {}) {
  return new Promise((resolve) => {
    const box = el("dialog", { class: `dialog ${kind}`, "aria-labelledby": "dialog-title" });
    const form = el("form", { method: "dialog" },
      el("h2", { id: "dialog-title", text: title }), inside,
      el("div", { class: "buttons" },
        no && el("button", { type: "button", class: "plain", click: () => done(null), text: no }),
        el("button", { type: "submit", class: "primary", value: "yes", text: yes })));
    const done = (value) => { box.close(); box.remove(); resolve(value); };
    form.addEventListener("submit", (event) => { event.preventDefault(); done(Object.fromEntries(new FormData(form))); });
    box.addEventListener("cancel", (event) => { event.preventDefault(); done(null); });
    box.append(form);
    document.body.append(box);
    box.showModal();
    box.querySelector("input, textarea, select")?.focus();
  });
}

/** A key of the caller's choice for a call that may be repeated. */
export const key = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;

/** Remembered in this browser only. */
export const kept = {
  get(name, otherwise) {
    try { return JSON.parse(localStorage.getItem(`sz:${name}`)) ?? otherwise; } catch { return otherwise; }
  },
  set(name, value) {
    try { localStorage.setItem(`sz:${name}`, JSON.stringify(value)); } catch { /* private window: nothing is kept */ }
  },
};

/** Log this browser in as somebody of a drill and open the page. */
export async function playAs(session, played, where) {
  await ask("POST", "/auth/drill", { session, as: played });
  location.assign(where);
}

/** The same for a trainee, who knows the join code. */
export async function joinAs(code, played, where) {
  await ask("POST", "/auth/drill", { code, as: played });
  location.assign(where);
}

document.getElementById("large")?.addEventListener("click", async (event) => {
  const on = event.currentTarget.getAttribute("aria-pressed") !== "true";
  event.currentTarget.setAttribute("aria-pressed", String(on));
  document.documentElement.classList.toggle("large", on);
  await ask("POST", "/preferences", { large: on }).catch(trouble);
  dispatchEvent(new Event("resize"));
});
document.getElementById("lang")?.addEventListener("click", async () => {
  await ask("POST", "/preferences", { lang: here.lang === "ko" ? "en" : "ko" }).catch(trouble);
  location.reload();
});
