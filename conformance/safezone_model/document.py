"""Renders the whole standard as one Markdown or HTML document from the data.

Chapters are ``prose/NN-name.{ko,en}.md``. In them ``{{figure}}`` quotes a number, ``{{# 4.1}}`` on a line of its own is
the heading of a clause, and ``{{> block arguments}}`` puts in what a function of ``_BLOCKS`` makes of the data.
"""

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from safezone_model.catalogue import LEVELS, Requirement, clauses, conditions, requirements, roles
from safezone_model.figures import Text, fill, law, rejections, text_of, wire
from safezone_model.loader import (
    MESSAGES,
    REGISTRY_KINDS,
    SERVICES,
    escalation,
    evidence,
    load_schema,
    timing,
)

_ROOT = files("safezone_model")
_HEADING = re.compile(r"\{\{#\s*([0-9.]+)\s*\}\}")
_BLOCK = re.compile(r"\{\{>\s*([a-z_]+)\s*([^}]*?)\s*\}\}")

_WORDS = {
    "member": Text("멤버", "member"),
    "type": Text("종류", "type"),
    "needed": Text("필수", "required"),
    "constraint": Text("제약", "constraints"),
    "meaning": Text("뜻", "meaning"),
    "message": Text("메시지", "message"),
    "class": Text("등급", "class"),
    "from": Text("보내는 쪽", "from"),
    "to": Text("받는 쪽", "to"),
    "topic": Text("토픽", "topic"),
    "service": Text("서비스", "service"),
    "recipients": Text("수신자", "recipients"),
    "limit": Text("한계(초)", "limit (s)"),
    "window": Text("창: 앞 / 뒤(초)", "window: before / after (s)"),
    "evidence": Text("근거", "evidence"),
    "parameters": Text("매개변수", "parameters"),
    "requirement": Text("요구사항", "requirement"),
    "level": Text("수준", "level"),
    "role": Text("역할", "role"),
    "condition": Text("조건", "condition"),
    "reason": Text("사유", "reason"),
    "receipt": Text("수신증", "receipt"),
    "yes": Text("예", "yes"),
    "no": Text("아니오", "no"),
    "name": Text("이름", "name"),
    "value": Text("값", "value"),
    "call": Text("호출", "call"),
    "answers": Text("답", "answers"),
    "article": Text("조문", "article"),
    "duty": Text("의무", "duty"),
    "default": Text("기본값", "default"),
    "status": Text("확인", "status"),
    "not_tested": Text("시험하지 않는 까닭", "why not tested"),
    "example": Text("예", "Example"),
    "one_of": Text("하나", "one of"),
    "items": Text("개", "items"),
    "characters": Text("자", "characters"),
    "different": Text("서로 다름", "all different"),
    "closed": Text("그 밖의 멤버 없음", "no other members"),
    "prefix": Text("id 머리", "id prefix"),
    "count": Text("수", "number"),
    "total": Text("합계", "total"),
    "roles": Text("누가", "who may"),
    "public": Text("누구나, 토큰 없이", "anyone, without a token"),
}


class UnknownBlock(KeyError):
    """A chapter asks for a block that does not exist."""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in cells) + " |"

    names = list(head)
    return "\n".join([line(names), "|" + "---|" * len(names), *map(line, rows)])


def _words(lang: str, *names: str) -> list[str]:
    return [_WORDS[n].of(lang) for n in names]


def _about(node: Mapping[str, Any], lang: str) -> str:
    if lang == "ko" and "x-description-ko" in node:
        return str(node["x-description-ko"])
    return str(node.get("description", ""))


def _common(node: Mapping[str, Any]) -> str | None:
    ref = node.get("$ref", "")
    return ref.rsplit("/", 1)[1] if ref.startswith("urn:safezone:v1:common#/$defs/") else None


def _kind(node: Mapping[str, Any]) -> str:
    name = _common(node)
    if name:
        return f"[{name}](#common-{name.replace('_', '-')})"
    if "enum" in node or isinstance(node.get("const"), str):
        return "string"
    if isinstance(node.get("const"), int):
        return "integer"
    if "anyOf" in node:
        return "/".join(_kind(part) for part in node["anyOf"])
    if node.get("type") == "array" and isinstance(node["items"], Mapping):
        return f"array of {_kind(node['items'])}"
    found = node.get("type", "any")
    return "/".join(found) if isinstance(found, list) else str(found)


def _constraints(node: Mapping[str, Any], lang: str) -> str:
    say = {k: v.of(lang) for k, v in _WORDS.items()}
    found: list[str] = []
    if "const" in node:
        found.append(f"= `{node['const']}`")
    inner = node.get("items")
    choices = node.get("enum") or (inner.get("enum") if isinstance(inner, Mapping) else None)
    if choices:
        found.append(f"{say['one_of']}: " + ", ".join(f"`{v}`" for v in choices))
    for key, sign in {
        "minimum": "≥",
        "exclusiveMinimum": ">",
        "maximum": "≤",
        "exclusiveMaximum": "<",
    }.items():
        if key in node:
            found.append(f"{sign} {node[key]}")
    for key, sign, unit in (
        ("minLength", "≥", "characters"),
        ("maxLength", "≤", "characters"),
        ("minItems", "≥", "items"),
        ("maxItems", "≤", "items"),
    ):
        if key in node:
            found.append(f"{sign} {node[key]} {say[unit]}")
    if node.get("uniqueItems"):
        found.append(say["different"])
    if "pattern" in node:
        found.append(f"`{node['pattern']}`")
    if node.get("additionalProperties") is False:
        found.append(say["closed"])
    return ", ".join(found)


def _member_rows(node: Mapping[str, Any], lang: str, path: str = "") -> list[list[str]]:
    rows = []
    for name, member in node.get("properties", {}).items():
        here = f"{path}{name}"
        shared = load_schema("common")["$defs"][_common(member)] if _common(member) else {}
        meaning = _about(member, lang) or _about(shared, lang)
        needed = "●" if name in node.get("required", ()) else ""
        rows.append([f"`{here}`", _kind(member), needed, _constraints(member, lang), meaning])
        rows += _member_rows(member, lang, f"{here}.")
        if isinstance(member.get("items"), Mapping):
            rows += _member_rows(member["items"], lang, f"{here}[].")
    return rows


def _members(lang: str, name: str) -> str:
    """Table of the members of one schema."""
    return _table(
        _words(lang, "member", "type", "needed", "constraint", "meaning"),
        _member_rows(load_schema(name), lang),
    )


def _common_types(lang: str) -> str:
    """The types that messages and registry share; the objects among them with their members."""
    parts = []
    for name, node in load_schema("common")["$defs"].items():
        if name == "service":
            continue
        constraints = _constraints(node, lang)
        meaning = _about(node, lang)
        title = f'<a id="common-{name.replace("_", "-")}"></a>**{name}** — {meaning}'
        parts.append(title + (f" ({constraints})" if constraints else ""))
        if node.get("properties"):
            head = _words(lang, "member", "type", "needed", "constraint", "meaning")
            parts.append(_table(head, _member_rows(node, lang)))
    parts.append('<a id="common-service"></a>**service** — ' + ", ".join(f"`{s}`" for s in SERVICES))
    return "\n\n".join(parts)


@cache
def examples(name: str) -> Mapping[str, Any]:
    """Valid examples of one schema, by file name, in order."""
    folder = _ROOT / "examples"
    for part in (*name.split("/"), "valid"):
        folder = folder / part
    entries = sorted(folder.iterdir(), key=lambda e: e.name)
    return {e.name: json.loads(e.read_text(encoding="utf-8")) for e in entries if e.name.endswith(".json")}


def _example(lang: str, name: str) -> str:
    first = next(iter(examples(name).values()))
    shown = json.dumps(first, ensure_ascii=False, indent=2)
    return f"{_WORDS['example'].of(lang)}:\n\n```json\n{shown}\n```"


def _role_names(lang: str, names: Iterable[str]) -> str:
    return ", ".join(roles()[n].title.of(lang) for n in names)


def _roles(lang: str) -> str:
    rows = [
        [
            f"`{r.name}`",
            r.title.of(lang),
            f"`{r.prefix}`",
            "" if r.members == (r.name,) else ", ".join(f"`{m}`" for m in r.members),
        ]
        for r in roles().values()
    ]
    return _table([*_words(lang, "role", "meaning", "prefix"), "="], rows)


def _conditions(lang: str) -> str:
    return _table(
        _words(lang, "condition", "meaning"), [[f"`{n}`", t.of(lang)] for n, t in conditions().items()]
    )


def _topics(lang: str) -> str:
    devices = roles()["device"].members
    topics: dict[str, list[str]] = {}
    for m in MESSAGES.values():
        ends = m.roles if m.direction == "up" else _to(m.type)
        for role in dict.fromkeys("dev" if r in devices else r for r in ends):
            topic = f"`safezone/v1/{{zone}}/{role}/{{id}}/{m.direction}`"
            topics.setdefault(topic, []).append(f"`{m.type}`")
    return _table(_words(lang, "topic", "message"), ([t, ", ".join(n)] for t, n in sorted(topics.items())))


@cache
def _addressees() -> Mapping[str, tuple[str, ...]]:
    listed = json.loads((_ROOT / "messages.json").read_text(encoding="utf-8"))["messages"]
    return {m["type"]: tuple(m["to"]) for m in listed}


def _to(name: str) -> tuple[str, ...]:
    return _addressees()[name]


def _messages(lang: str) -> str:
    rows = [
        [
            f"`{m.type}`",
            m.title_ko if lang == "ko" else m.title_en,
            f"`{m.cls}`",
            m.direction,
            _role_names(lang, m.roles),
            _role_names(lang, _to(m.type)),
        ]
        for m in MESSAGES.values()
    ]
    return _table(
        [*_words(lang, "message", "meaning", "class"), "up/down", *_words(lang, "from", "to")], rows
    )


def _message(lang: str, name: str) -> str:
    m = MESSAGES[name]
    title = m.title_ko if lang == "ko" else m.title_en
    way = f"{_role_names(lang, m.roles)} → {_role_names(lang, _to(name))}"
    lead = f"**`{name}`** — {title}. {way}. {_WORDS['class'].of(lang)}: `{m.cls}`."
    return "\n\n".join([lead, _members(lang, f"messages/{name}"), _example(lang, f"messages/{name}")])


def _services(lang: str, *names: str) -> str:
    rows = [
        [
            f"`{s.name}`",
            s.title_ko if lang == "ko" else s.title_en,
            f"`{s.cls}`",
            _role_names(lang, s.recipients),
            f"{s.limit_s:g}",
            f"{s.before_s:g} / {s.after_s:g}",
            ", ".join(f"`{e}`" for e in s.evidence),
        ]
        for s in SERVICES.values()
        if not names or s.name in names
    ]
    head = _words(lang, "service", "meaning", "class", "recipients", "limit", "window", "evidence")
    return _table(head, rows)


def _evidence(lang: str) -> str:
    rows = []
    for name, rule in evidence().items():
        values = ", ".join(f"{k} = {v:g}" for k, v in rule.items() if not isinstance(v, str))
        rows.append([f"`{name}`", values, rule["text_ko"] if lang == "ko" else rule["text"]])
    return _table(_words(lang, "evidence", "parameters", "meaning"), rows)


def _rejections(lang: str) -> str:
    rows = [
        [str(i), f"`{r.reason}`", _WORDS["yes" if r.receipt else "no"].of(lang), r.text.of(lang)]
        for i, r in enumerate(rejections(), 1)
    ]
    return _table(["", *_words(lang, "reason", "receipt", "meaning")], rows)


_WORD_LISTS = {"flags": "flag", "capabilities": "capability", "faults": "fault", "access": "access"}


def _wire_list(lang: str, kind: str) -> str:
    """One of the word lists of wire.json: flags, capabilities, faults, access."""
    rows = [[f"`{entry[_WORD_LISTS[kind]]}`", text_of(entry).of(lang)] for entry in wire()[kind]]
    return _table(_words(lang, "name", "meaning"), rows)


def _timing(lang: str) -> str:
    rows = _value_rows(timing()) + _value_rows(wire()["limits"])
    return _table(_words(lang, "name", "value"), rows)


def _escalation(lang: str) -> str:
    return _table(_words(lang, "name", "value"), _value_rows(escalation()))


def _value_rows(values: Mapping[str, Any]) -> list[list[str]]:
    rows: list[list[str]] = []
    for name, value in values.items():
        inner = value.items() if isinstance(value, Mapping) else [("", value)]
        rows += [[f"`{name}{'.' if k else ''}{k}`", str(v)] for k, v in inner]
    return rows


def _registry(lang: str) -> str:
    listed = json.loads((_ROOT / "registry.json").read_text(encoding="utf-8"))["kinds"]
    parts = []
    for kind in listed:
        parts.append(f"#### {kind['kind']} — {kind['title'][lang]}")
        parts += [_members(lang, f"registry/{kind['kind']}"), _example(lang, f"registry/{kind['kind']}")]
    assert [k["kind"] for k in listed] == list(REGISTRY_KINDS)
    return "\n\n".join(parts)


@cache
def openapi() -> Mapping[str, Any]:
    """The OpenAPI document."""
    document: Mapping[str, Any] = json.loads((_ROOT / "openapi.json").read_text(encoding="utf-8"))
    return document


def _http(lang: str, tag: str) -> str:
    """Table of the HTTP calls of one tag of the OpenAPI document."""
    rows = []
    for path, item in openapi()["paths"].items():
        for method, call in item.items():
            if method not in ("get", "put", "post", "delete") or tag not in call["tags"]:
                continue
            asked = [
                p.get("name", "")
                for p in map(_resolved, call.get("parameters", []))
                if p.get("in") == "query"
            ]
            query = f"?{'&'.join(f'{n}=' for n in asked)}" if asked else ""
            said = call["x-summary-ko"] if lang == "ko" else call["summary"]
            codes = ", ".join(call["responses"])
            who = ", ".join(call["x-roles"]) or _WORDS["public"].of(lang)
            rows.append([f"`{method.upper()} {path}{query}`", said, codes, who])
    return _table(_words(lang, "call", "meaning", "answers", "roles"), rows)


def _access(lang: str) -> str:
    """Who may call what, and under which condition: calls by roles."""
    names = openapi()["components"]["schemas"]["Token"]["properties"]["role"]["enum"]
    rows = [
        [f"`{call['operationId']}`", *(call["x-access"].get(role, "–") for role in names)]
        for item in openapi()["paths"].values()
        for call in item.values()
        if call["x-roles"]
    ]
    return _table([*_words(lang, "call"), *names], rows)


def _resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in node or not node["$ref"].startswith("#/"):
        return node
    found: Any = openapi()
    for part in node["$ref"][2:].split("/"):
        found = found[part]
    return _resolved(found)


def _answer(lang: str, *names: str) -> str:
    """Member tables of answers that OpenAPI defines itself."""
    parts = []
    for name in names:
        schema = _merged(openapi()["components"]["schemas"][name])
        head = _words(lang, "member", "type", "needed", "constraint", "meaning")
        parts += [f"**{name}** — {_about(schema, lang)}", _table(head, _answer_rows(schema, lang))]
    return "\n\n".join(parts)


def _merged(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema made of several parts, as one table of members."""
    parts = [_resolved(part) for part in schema.get("allOf", ()) if "if" not in part]
    if not parts:
        return schema
    return {
        **schema,
        "properties": {k: v for part in parts for k, v in part.get("properties", {}).items()},
        "required": [name for part in parts for name in part.get("required", ())],
    }


def _answer_rows(node: Mapping[str, Any], lang: str, path: str = "") -> list[list[str]]:
    rows = []
    for name, member in node.get("properties", {}).items():
        target = _resolved(member)
        shared = member["$ref"].rsplit("/", 1)[-1] if "common.json" in member.get("$ref", "") else None
        model = member["$ref"].removesuffix(".json").rpartition("/")[2] if "$ref" in target else "any"
        kind = target.get("type", shared or ("string" if "enum" in target else model))
        shown = "/".join(kind) if isinstance(kind, list) else str(kind).rsplit("/", 1)[-1]
        needed = "●" if name in node.get("required", ()) else ""
        meaning = _about(member, lang) or (
            _about(load_schema("common")["$defs"][shared], lang) if shared else ""
        )
        rows.append([f"`{path}{name}`", shown, needed, _constraints(target, lang), meaning])
        rows += _answer_rows(target, lang, f"{path}{name}.")
        if isinstance(target.get("items"), Mapping):
            rows += _answer_rows(_resolved(target["items"]), lang, f"{path}{name}[].")
    return rows


def _law(lang: str) -> str:
    rows = [
        [d["article"][lang], text_of(d).of(lang), d["default"][lang], d["status"]] for d in law().values()
    ]
    return _table(_words(lang, "article", "duty", "default", "status"), rows)


def _requirement_row(r: Requirement, lang: str) -> list[str]:
    said = r.text.of(lang)
    if r.article:
        said += f" ({r.article.of(lang)})"
    if r.why_not_tested:
        said += f" *{_WORDS['not_tested'].of(lang)}: {r.why_not_tested.of(lang)}*"
    condition = "" if r.condition == "-" else f"`{r.condition}`"
    return [f'<a id="{r.id}"></a>**{r.id}**', r.level, roles()[r.role].title.of(lang), said, condition]


def _requirements(lang: str, clause: str) -> str:
    """Table of the requirements of one clause."""
    rows = [_requirement_row(r, lang) for r in requirements() if r.clause == clause]
    return _table([" id ", *_words(lang, "level", "role", "requirement", "condition")], rows)


def _counts(lang: str) -> str:
    """How many requirements each role has, by level."""
    rows = []
    number = Counter((r.role, r.level) for r in requirements())
    for role in roles().values():
        each = [number[role.name, level] for level in LEVELS]
        rows.append([role.title.of(lang), *map(str, each), str(sum(each))])
    sums = [sum(1 for r in requirements() if r.level == level) for level in LEVELS]
    rows.append([_WORDS["total"].of(lang), *map(str, sums), str(sum(sums))])
    return _table([_WORDS["role"].of(lang), *LEVELS, _WORDS["total"].of(lang)], rows)


@cache
def byte_examples() -> Mapping[str, Any]:
    """The byte-level examples, by name."""
    entries = sorted((_ROOT / "examples" / "bytes").iterdir(), key=lambda e: e.name)
    return {e.name.removesuffix(".json"): json.loads(e.read_text(encoding="utf-8")) for e in entries}


def _bytes(lang: str, name: str) -> str:
    """One byte-level example in full."""
    e = byte_examples()[name]
    covered = e["payload"][: e["payload"].rindex(',"mac":"')]
    return "\n".join(
        [
            f"{e['title'][lang]}:",
            "",
            "```text",
            f"topic    {e['topic']}",
            f"key      {e['key']}   (base64url)",
            f"payload  {e['payload']}",
            "",
            "HMAC-SHA256 over, in UTF-8, with \\n for the byte 0x0A:",
            f"{e['topic']}\\n{covered}",
            f"= {e['mac']}   (base64url)",
            "```",
        ]
    )


def _bytes_list(lang: str) -> str:
    """All byte-level examples and what a receiver makes of them."""
    rows = [
        [
            f"`{name}.json`",
            e["title"][lang],
            e["expected"]["outcome"],
            f"`{e['expected'].get('reason', '')}`".replace("``", ""),
        ]
        for name, e in byte_examples().items()
    ]
    return _table(_words(lang, "example", "meaning", "receipt", "reason"), rows)


_BLOCKS: Mapping[str, Callable[..., str]] = {
    "access": _access,
    "answer": _answer,
    "bytes": _bytes,
    "bytes_list": _bytes_list,
    "common": _common_types,
    "conditions": _conditions,
    "counts": _counts,
    "escalation": _escalation,
    "evidence": _evidence,
    "example": _example,
    "http": _http,
    "law": _law,
    "members": _members,
    "message": _message,
    "messages": _messages,
    "registry": _registry,
    "rejections": _rejections,
    "requirements": _requirements,
    "roles": _roles,
    "services": _services,
    "timing": _timing,
    "topics": _topics,
    "words": _wire_list,
}


def render_chapter(text: str, lang: str) -> str:
    """One chapter with its headings, blocks and figures filled in. KeyError names what does not exist."""

    def heading(match: re.Match[str]) -> str:
        number = match[1]
        return f"{'#' * (2 + number.count('.'))} {number} {clauses()[number].of(lang)}"

    def block(match: re.Match[str]) -> str:
        if match[1] not in _BLOCKS:
            raise UnknownBlock(f"no block {match[1]!r}; known: {', '.join(_BLOCKS)}")
        return _BLOCKS[match[1]](lang, *match[2].split())

    return _BLOCK.sub(block, fill(_HEADING.sub(heading, text)))


def chapters(lang: str) -> list[str]:
    """The chapters' sources, in order."""
    entries = sorted((_ROOT / "prose").iterdir(), key=lambda e: e.name)
    return [e.read_text(encoding="utf-8") for e in entries if e.name.endswith(f".{lang}.md")]


def standard(lang: str) -> str:
    """The whole standard in Markdown; ``lang`` is ko or en."""
    return "\n\n".join(render_chapter(c, lang).strip() for c in chapters(lang)) + "\n"


def standard_html(lang: str) -> str:
    """The whole standard as one HTML page that opens offline."""
    from markdown_it import MarkdownIt

    source = standard(lang)
    title = html.escape(source.splitlines()[0].lstrip("# "))
    body = MarkdownIt("commonmark").enable("table").render(source)
    page = (_ROOT / "standard.html").read_text(encoding="utf-8")
    return page.replace("%LANG%", lang).replace("%TITLE%", title).replace("%BODY%", body)
