// Words of the standard for people: services, states, faults, roles. Shape and word go together with every colour.
import { here, t } from "./kit.js";

export const SERVICE = {
  tag_call: t("태그 호출"), bell_call: t("비상벨"), phone_call_112: t("112 전화"), danger_entry: t("위험지역 진입"),
  route_deviation: t("경로 이탈"), tag_silent: t("태그 끊김"), missing_report: t("실종 신고"), not_arrived: t("미도착"),
  school_arrival: t("등교"), school_departure: t("하교"), home_entry: t("귀가"), home_exit: t("집 나섬"),
  academy_entry: t("학원 도착"), academy_exit: t("학원 나섬"), location_provided: t("위치 제공"),
};
export const GLYPH = {
  tag_call: "◆", bell_call: "▲", phone_call_112: "☎", danger_entry: "◈", route_deviation: "↯", tag_silent: "∅",
  missing_report: "?", not_arrived: "!", school_arrival: "→", school_departure: "←", home_entry: "⌂", home_exit: "⌂",
  academy_entry: "→", academy_exit: "←", location_provided: "◎",
};
export const CLASS = { emergency: t("긴급"), danger: t("위험"), everyday: t("일상") };
export const STATE = {
  open: t("접수 대기"), acknowledged: t("확인함"), dispatched: t("출동 중"), on_scene: t("현장 도착"),
  resolved: t("종결"), false_alarm: t("오경보 종결"),
};
export const ACTION = {
  opened: t("접수"), open: t("접수"), acknowledge: t("확인"), dispatch: t("출동 지시"), on_scene: t("현장 도착"), resolve: t("종결"),
  false_alarm: t("오경보 종결"), note: t("메모"), mark: t("표시"), link: t("연결"), withhold: t("보호자에게 알리지 않음"),
  allow: t("다시 알림"), call_119: t("119 호출"), take: t("담당"), reopen: t("다시 열기"), hand_over: t("근무 인계"),
  remind: t("다시 알림"), reminded: t("다시 알림"), escalated: t("상급자에게 알림"), escalate: t("상급자에게 알림"), seen: t("보호자 확인"), guardian_seen: t("보호자 확인"),
  resolved: t("종결"),
};
/** What was done, of an entry in an incident's history. */
export const done = (action) => { const verb = action.split(".").pop(); return ACTION[verb] ?? (verb.startsWith("agency_") ? t("기관 소식") : verb); };
export const LEVEL = {
  guardian: t("보호자"), school: t("학교"), desk: t("상황실"), supervisor: t("팀장"), fire119: "119",
};
export const FAULT = {
  heartbeat_missing: t("신호 없음"), tamper: t("열림 감지"), stuck_button: t("버튼 눌림"), self_test: t("자가시험 실패"),
  mains: t("전원 끊김"), offline: t("꺼짐"),
};
export const DEVICE = { reader: t("리더기"), bell: t("비상벨"), camera: t("카메라"), phone: t("전화기") };
export const UNIT = { patrol: t("순찰차"), police_box: t("지구대"), ambulance: t("구급차") };
const IN_ENGLISH = [["순찰차", "patrol car"], ["구급차", "ambulance"], ["지구대", "police box"], ["치안센터", "police post"], ["파출소", "police post"], ["경찰서", "police station"], ["(모의)", "(simulated)"]];
/** A unit with its name in the language of the page, as far as it says what it is; whose it is keeps its own name. */
export const named = (u) => here.lang === "en" && u.name ? { ...u, name: IN_ENGLISH.reduce((name, [ko, en]) => name.replace(ko, ` ${en} `), u.name).replace(/\s+/g, " ").replace("( ", "(").trim() } : u;
/** Who comes, as the subject of a sentence. */
export const SENT = { patrol: t("경찰이"), police_box: t("경찰이"), ambulance: t("구급차가") };
export const UNIT_ICON = { patrol: "patrol", police_box: "desk", ambulance: "ambulance" };

export const ROLE = {
  operator: t("112 상황실"), school: t("학교"), guardian: t("보호자"), admin: t("관리자"), agency: t("기관"), hub: t("시스템"),
  desk: t("112 상황실"), dev: t("장치"), auditor: t("감사"),
};
/** role/id as a person reads it. In a drill the ids are those of its zone: op1, op2, sv, field. */
export function who(name) {
  if (!name) return "";
  const [role, id] = name.split("/"), seat = id?.match(/^\d{7}-\w+-(op(\d)|sv|field)$/);
  if (seat) return seat[2] ? t("112 상황실 {n}", { n: seat[2] }) : seat[1] === "sv" ? t("112 팀장") : t("현장 경찰");
  return id && !["hub", "guardian"].includes(role) ? `${ROLE[role] ?? role} (${id})` : (ROLE[role] ?? role);
}
