// A token becomes this browser's login. The token may also come behind the # of a link, which no server sees.
import { $, ask, because, t } from "./kit.js";

const HOME = { operator: "/control-room", guardian: "/guardian", school: "/school", city: "/" };
const NAME = { operator: t("112·119 상황실 로그인"), guardian: t("보호자 로그인"), school: t("학교 로그인"), city: t("시 담당자 로그인") };
const role = new URLSearchParams(location.search).get("role");
if (NAME[role]) $("#who").textContent = NAME[role];
$("#parent").hidden = role !== "guardian";
if ($("#in-drill")) $("#in-drill").hidden = !["operator", "guardian", "school"].includes(role);

async function login(token) {
  try {
    const told = await ask("POST", "/auth/login", { token });
    location.replace(HOME[told.role]);
  } catch (error) {
    const said = $("#wrong");
    said.hidden = false;
    said.textContent = error.status === 401 ? t("이 로그인 코드는 맞지 않거나 기한이 지났습니다.") : error.title === "wrong_role" ? t("이 로그인 코드의 역할에는 화면이 없습니다.") : because(error);
    $("#token").focus();
  }
}

$("#login").addEventListener("submit", (event) => { event.preventDefault(); login($("#token").value); });
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) { history.replaceState(null, "", location.pathname + location.search); login(given); }
