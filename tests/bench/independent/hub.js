'use strict'; // A hub of the u-Seoul Safe Zone standard service model, written from its text and schemas alone (see docs/open-questions.md).
const fs = require('fs'), path = require('path'), http = require('http'), crypto = require('crypto');
const mqtt = require('mqtt'), Ajv = require('ajv/dist/2020').default, { fullFormats } = require('ajv-formats/dist/formats');
const arg = (name, or) => { const i = process.argv.indexOf('--' + name); return i > 0 ? process.argv[i + 1] : or; };
const MQTT_URL = arg('mqtt', 'mqtt://127.0.0.1:1883'), PORT = +arg('http', 8080), SERVICE_TOKEN = arg('token', '');
const HUB_ID = arg('hub-id', 'hub-independent'), EPOCH = Math.floor(Date.now() / 1000), BUNDLE = path.join(__dirname, 'bundle');
const load = (...p) => JSON.parse(fs.readFileSync(path.join(BUNDLE, ...p), 'utf8'));
const [API, SERVICES, MESSAGES, WIRE] = ['openapi.json', 'services.json', 'messages.json', 'wire.json'].map((f) => load(f));
const SERVICE = Object.fromEntries(SERVICES.services.map((s) => [s.name, s])), EV = SERVICES.evidence, T = SERVICES.timing;
const MESSAGE = Object.fromEntries(MESSAGES.messages.map((m) => [m.type, m])); const kid = (id) => entry(kids, id, { obs: [], told: [] });
const ajv = new Ajv({ strict: false, allErrors: true, verbose: true }), isTime = fullFormats['date-time'].validate;
ajv.addFormat('date', fullFormats.date).addFormat('date-time', (s) => isTime(s) && !Number.isNaN(Date.parse(s))); // HUB-REJ-006
for (const d of ['', 'messages', 'registry']) for (const f of fs.readdirSync(path.join(BUNDLE, 'schemas', d)))
  if (f.endsWith('.json')) ajv.addSchema(load('schemas', d, f));
ajv.addSchema(API, 'api'); const wire = (name) => ajv.getSchema('urn:safezone:v1:' + name), iso = (ms) => new Date(ms).toISOString();
const sha = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');
const metres = (a, b) => { const r = Math.PI / 180, x = (b.lon - a.lon) * r * Math.cos((a.lat + b.lat) / 2 * r);
  return 6371008.8 * Math.hypot(x, (b.lat - a.lat) * r); };
const file = fs.openSync(arg('store', path.join(__dirname, 'hub.log')), 'a'); let lines = [], outs = [], seq = 0, incidentCount = 0;
function flush() { const [written, toSend] = [lines, outs]; lines = []; outs = [];
  fs.writeSync(file, written.join('')); fs.fsyncSync(file); toSend.forEach((f) => f()); } // a hub that cannot store stops
const commit = (record, out) => { if (lines.push(JSON.stringify(record) + '\n') === 1) setImmediate(flush); if (out) outs.push(out); };
const KINDS = API.components.schemas.StoredItem.properties.kind.enum, reg = Object.fromEntries(KINDS.map((k) => [k, new Map()]));
const all = (kind, zone) => [...reg[kind].values()].filter((i) => zone === undefined || i.zone === zone);
const seen = new Map(), incidents = new Map(), outbox = new Map(), health = new Map(), stays = new Map(), kids = new Map();
const tokens = new Map(), presses = [], bells = [], rejected = {}; const etag = (x) => `"${sha(JSON.stringify(x)).slice(0, 24)}"`;
const closed = (i) => i.state === 'resolved' || i.state === 'false_alarm'; const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, HOUR = 3600000;
const entry = (map, key, fresh) => { if (!map.has(key)) map.set(key, fresh); return map.get(key); };
const client = mqtt.connect(MQTT_URL, { protocolVersion: 4, clientId: HUB_ID, clean: false, reconnectPeriod: 1000 });
const mac = (secret, topic, body) =>
  crypto.createHmac('sha256', Buffer.from(secret, 'base64url')).update(topic + '\n').update(body).digest('base64url');
function down(to, type, data, exercise) { // to: {zone, role, id, key}
  const topic = `safezone/v1/${to.zone}/${to.role}/${to.id}/down`, id = crypto.randomUUID(), source = `${to.zone}/hub/${HUB_ID}`;
  const env = { specversion: '1.0', id, source, type, time: iso(Date.now()), datacontenttype: 'application/json', keyid: to.key.keyid,
    epoch: EPOCH, seq: ++seq, exercise, data };
  const body = JSON.stringify(env).slice(0, -1), payload = `${body},"mac":"${mac(to.key.secret, topic, body)}"}`;
  const send = () => client.publish(topic, payload, { qos: 1 }); commit({ down: topic, payload }, send); return { id, to, send }; }
function repeated(to, type, data, exercise) { // byte for byte until its ack (5.3)
  const wait = T.notice_repeat_s.first, m = { ...down(to, type, data, exercise), wait, at: Date.now() + wait * 1000 };
  outbox.set(m.id, m); return m.id; }
setInterval(() => { for (const m of outbox.values()) if (m.at <= Date.now()) {
    if (principal(m.to.zone, m.to.role, m.to.id)?.key.secret !== m.to.key.secret) { outbox.delete(m.id); continue; }
    m.send(); m.wait = Math.min(m.wait * T.notice_repeat_s.factor, T.notice_repeat_s.max); m.at = Date.now() + m.wait * 1000; } }, 200);
function receipt(to, id, status, reason) { // each alone: grouping is allowed, not required
  down(to, 'receipt', { receipts: [{ source: `${to.zone}/${to.role}/${to.id}`, id, status, reason }] }); }
function parse(buffer) { // throws for not_json: UTF-8, one value, no doubled member, 32 levels
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(buffer), value = JSON.parse(text), stack = [];
  for (const [t] of text.matchAll(/"(?:[^"\\]|\\.)*"(?:[ \t\r\n]*:)?|[{}[\]]/g)) {
    if (t === '{' || t === '[') stack.push(new Set()); else if (t === '}' || t === ']') stack.pop();
    else if (t.endsWith(':')) { const name = JSON.parse(t.slice(0, t.lastIndexOf('"') + 1)), names = stack[stack.length - 1];
      if (names.has(name)) throw Error('doubled member ' + name); names.add(name); }
    if (stack.length > WIRE.limits.nesting_max) throw Error('nested too deeply'); } return [text, value]; }
function principal(zone, role, id) { const item = reg[role === 'dev' ? 'device' : role]?.get(id); // no exercise clock: no role clock
  return item && item.zone === zone && item.key && { zone, role, id, key: item.key, item, type: item.type || role }; }
function judge(topic, buffer) { // to and env are given only once the mac is proved
  const [root, version, zone, role, id, way, more] = topic.split('/');
  if (buffer.length > T.message_max_bytes) return { reason: 'too_large' };
  if (root !== 'safezone' || version !== 'v1' || way !== 'up' || more !== undefined || !ID.test(zone) || !ID.test(id)
    || !['dev', 'guardian', 'desk', 'peer', 'clock'].includes(role)) return { reason: 'bad_topic' };
  let text, env; try { [text, env] = parse(buffer); } catch (e) { return { reason: 'not_json' }; }
  if (!wire('envelope')(env) || !/^\{[^]*,"mac":"[A-Za-z0-9_-]{43}"\}$/.test(text)) return { reason: 'bad_envelope' };
  if (env.source !== `${zone}/${role}/${id}`) return { reason: 'wrong_source' }; const to = principal(zone, role, id);
  if (!to) return { reason: 'unknown_sender' }; if (env.keyid !== to.key.keyid) return { reason: 'unknown_key' };
  const right = mac(to.key.secret, topic, buffer.subarray(0, buffer.lastIndexOf(',"mac":"')));
  if (!crypto.timingSafeEqual(Buffer.from(right), Buffer.from(env.mac))) return { reason: 'bad_mac' };
  const { ids, seqs } = entry(seen, env.source, { ids: new Map(), seqs: new Set() }), hash = sha(buffer), at = env.epoch + ':' + env.seq;
  const j = { to, env }, m = MESSAGE[env.type]; if (ids.get(env.id) === hash) return { ...j, repeat: true };
  if (!m || m.direction !== 'up' || !m.roles.includes(to.type)) return { ...j, reason: 'bad_type' };
  if (!wire('message:' + env.type)(env.data)) return { ...j, reason: 'bad_data' };
  if (seqs.has(at)) return { ...j, reason: 'sequence_reused' }; if (ids.has(env.id)) return { ...j, reason: 'id_reused' };
  return { ...j, remember() { ids.set(env.id, hash); seqs.add(at); } }; }
function receive(topic, buffer) {
  const now = Date.now(), j = judge(topic, buffer), { to, env } = j; if (j.repeat) { receipt(to, env.id, 'duplicate'); return; }
  if (!j.reason) try { handle[env.type](to, env, now); } catch (e) {
    if (!(e instanceof Refused)) throw e; else j.reason = 'action_refused'; }
  if (j.reason) { rejected[j.reason] = (rejected[j.reason] || 0) + 1; if (to) receipt(to, env.id, 'rejected', j.reason); return; }
  j.remember(); commit({ up: topic, payload: buffer.toString(), received_at: iso(now) }); receipt(to, env.id, 'accepted'); }
client.on('connect', () => client.subscribe('safezone/v1/+/+/+/up', { qos: 1 })).on('error', (e) => console.error('mqtt', e.message));
client.on('message', (topic, buffer) => { try { receive(topic, buffer); } catch (e) { console.error(e); } });
function when(to, text, now) { // order: an observation in the future stands at its arrival (6.2)
  const at = Date.parse(text) - Math.max(...(health.get(to.id) || [0])), suspect = at - now > T.future_tolerance_s * 1000;
  return { at, suspect, order: suspect ? now : at }; }
function drillOf(zone, id, now) { // an id that is not open counts as real, flagged (7.1)
  const d = id && reg.drill.get(id), open = d && d.zone === zone && Date.parse(d.opens_at) <= now && now < Date.parse(d.closes_at);
  return open ? { exercise: id, flags: [] } : { flags: id ? ['drill_unknown'] : [] }; }
const reachable = (r, exercise) => !exercise || r.nature === 'simulated' || (reg.drill.get(exercise)?.allow || []).includes(r.id);
const ownChild = (g, child) => g && child && g.children.includes(child.id) && !(child.barred || []).includes(g.id);
const legal = (g, child) => ownChild(g, child) && g.legal !== false; // several consents: all must be given (13.2)
function consent(child, item) { const l = all('consent').filter((c) => c.child === child.id && legal(reg.guardian.get(c.guardian), child));
  return l.length > 0 && l.every((c) => c.status === 'given' && c.items[item]); }
const childOf = (thing, at) => reg.child.get(all('binding').find((x) => x.thing === thing
  && !(at < Date.parse(x.from)) && !(at >= Date.parse(x.until)))?.child);
function tellGuardians(child, data, exercise) {
  if (SERVICE[data.service].class === 'everyday' && !consent(child, 'notify_guardians')) return;
  for (const g of all('guardian')) if (ownChild(g, child) && reachable(g, exercise)) {
    repeated({ ...g, role: 'guardian' }, 'notice', { ...data, child: child.id }, exercise); } }
function tellDesks(inc, post) {
  const at = (p) => all('desk', inc.zone).filter((d) => (d.post || 'desk') === p), desks = at(post).length ? at(post) : at('desk');
  for (const d of desks) if (reachable(d, inc.exercise)) {
    repeated({ ...d, role: 'desk' }, 'alert', { ...inc.alert, linked: inc.linked, post }, inc.exercise); } }
const clockOf = (ms, zone) => new Date(ms).toLocaleTimeString('sv', { timeZone: reg.zone.get(zone)?.timezone, timeStyle: 'short' });
function step(inc, by, action, note) {
  inc.version++; inc.history.push({ at: iso(Date.now()), by, action, state: inc.state, note }); commit({ incident: inc }); }
function call(service, child, to, env, now, t, position, medical) {
  const { exercise, flags } = drillOf(to.zone, env.exercise, now), s = SERVICE[service];
  const id = `inc-${EPOCH}-${String(++incidentCount).padStart(6, '0')}`;
  const zone = child ? child.zone : to.zone, evidence = [{ source: env.source, id: env.id }], name = child ? child.name : to.id;
  const own = (i) => (child ? i.child === child.id : i.device === to.id && !i.child), clock = clockOf(t.at, zone);
  const same = [...incidents.values()].filter((i) => !closed(i) && i.exercise === exercise && (i.device === to.id || own(i)));
  if (t.suspect) flags.push('clock_suspect'); else if (now - t.at > s.limit_s * 1000) flags.push('late');
  if (same.some(own)) flags.push('repeat'); if (medical) flags.push('medical');
  const common = { service, event_at: iso(t.at), evidence, position, incident: id, flags,
    text: { ko: `${clock} ${name} ${s.title.ko}`, en: `At ${clock}: ${s.title.en}, ${name}` } };
  const inc = { id, zone, service, class: s.class, state: 'open', version: 0, opened_at: iso(t.at), told_at: iso(now), exercise, medical,
    child: child?.id, device: to.id, position, evidence, cameras: [], units: [], linked: same.map((i) => i.id), marks: [],
    level: 'desk', history: [], alert: { ...common, child: child?.id, device: to.id }, keys: {} };
  for (const i of same) i.linked.push(id); incidents.set(id, inc); step(inc, 'hub', 'opened'); tellDesks(inc, 'desk');
  if (medical) tellDesks(inc, 'fire119'); if (child) tellGuardians(child, common, exercise); return inc; }
function pressed(at, window, ...words) { // true: told already; drill and life are apart (9.10)
  const key = words.join('|'), again = presses.some((p) => p.key === key && Math.abs(p.at - at) <= window * 1000);
  if (!again) presses.push({ key, at }); return again; }
function nearBell({ inc, at, place, told }, stay) { // guardians of tags sighted near a pressed bell (9.11)
  const w = EV.near_bell.within_s * 1000, child = childOf(stay.tag, stay.order), clock = clockOf(at, inc.zone);
  if (!child || told.has(child.id) || stay.last < at - w || stay.order > at + w || metres(place, stay.pos) > EV.near_bell.within_m) return;
  told.add(child.id); const text = { ko: `${clock} ${child.name} 어린이가 비상벨 호출 근처에서 감지되었습니다. 어린이가 눌렀다는 뜻은 아닙니다.`,
    en: `At ${clock} ${child.name} was seen near a bell call. This does not say that the child pressed it.` };
  tellGuardians(child, { service: 'bell_call', event_at: inc.opened_at, evidence: [...inc.evidence, ...stay.cites], near: true, text,
    incident: inc.id }, inc.exercise); }
class Refused extends Error {} function refuse(status, title, errors) { throw Object.assign(new Refused(title), { status, errors }); }
const GOAL = { acknowledge: 'acknowledged', dispatch: 'dispatched', on_scene: 'on_scene', resolve: 'resolved', false_alarm: 'false_alarm',
  reopen: 'acknowledged' }, RANK = { open: 0, acknowledged: 1, dispatched: 2, on_scene: 3, resolved: 4, false_alarm: 4 };
function act(inc, a, by) { // refuses before anything has changed
  const goal = GOAL[a.action], again = a.action === 'reopen'; if (!goal && a.action !== 'note') refuse(501, 'not_offered');
  if (a.unit && reg.unit.get(a.unit)?.zone !== inc.zone) refuse(404, 'not_found');
  if (closed(inc) ? RANK[goal] === 4 && goal !== inc.state : again) refuse(409, 'state_conflict');
  if (again || RANK[goal] > RANK[inc.state]) inc.state = goal; if (goal && !inc.owner) inc.owner = by;
  inc.closed_at = closed(inc) ? inc.closed_at || iso(Date.now()) : undefined; step(inc, by, a.action, a.note); }
const NAMES = { school: ['school_arrival', 'school_departure'], home: ['home_entry', 'home_exit'],
  academy: ['academy_entry', 'academy_exit'] };
function replay(child, obs) { let state = { place: 'unknown', since: Math.min(EPOCH * 1000, ...obs.map((o) => o.order)) };
  const changes = [state], happened = [], prev = new Map(), used = new Set(), last = new Map(), area = (id) => reg.area.get(id);
  const mine = (a) => (a.role === 'school' && a.zone === child.zone) || a.id === child.home || child.places.includes(a.id);
  const move = (a, out, place, o, ev) => { state = { place, since: o.order }; changes.push(state);
    if (NAMES[a.role]) happened.push({ service: NAMES[a.role][out], place: a, at: o.at, ev, pos: o.pos }); };
  for (const o of obs.filter((x) => x.tag).sort((a, b) => a.order - b.order)) {
    const at = reg.device.get(o.dev)?.placement || {}, a = area(at.area), gate = o.tag + '|' + o.dev, p = prev.get(gate);
    const own = gate + '|' + o.ant, doubled = o.order - last.get(own) < EV.same_stay.gap_max_s * 1000, here = area(state.place);
    last.set(own, Math.max(last.get(own) || 0, o.last)); if (doubled) continue; // stays this close at one antenna are one stay
    const pass = at.position === 'gate' && a && p && !used.has(p) && p.side !== o.side && ![p.side, o.side].includes('single')
      && o.order - p.order <= EV.gate_pass_in.pair_max_s * 1000, ev = pass ? [p, o] : [o]; prev.set(gate, o); if (pass) used.add(p).add(o);
    if (a && ((pass && o.side === 'inner') || at.position === 'interior')) { // in: also out of the place before
      if (here && here.id !== a.id) move(here, 1, 'way', o, ev); if (mine(a) && a.id !== state.place) move(a, 0, a.id, o, ev);
    } else if (pass && (state.place === a.id || (state.place === 'unknown' && mine(a)))) move(a, 1, 'way', o, ev);
    else if (here && metres(here.center, o.pos) > here.radius_m + EV.elsewhere_sighting.margin_m) move(here, 1, 'way', o, ev);
  } return { changes, happened }; }
function observe(child, o, now) { // without consent to collection nothing is kept (HUB-LAW-001)
  if (!child || !consent(child, 'collect')) return;
  const k = kid(child.id); k.obs = k.obs.filter((x) => x.order > now - 24 * HOUR); // destroyed after 24 h (HUB-LAW-006)
  if (!k.obs.includes(o)) k.obs.push(o);
  const { happened } = replay(child, k.obs), other = (x, y) => happened.some((z) => z.place === x.place && z.service !== x.service
    && z.at > Math.min(x.at, y.at) && z.at < Math.max(x.at, y.at));
  for (const x of happened) { const s = SERVICE[x.service], clock = clockOf(x.at, child.zone), drills = x.ev.map((e) => e.drill);
    if (k.told.some((y) => y.service === x.service && y.place.id === x.place.id && Math.abs(y.at - x.at) <= s.window_s.after * 1000
      && !other(x, y))) continue; // one happening is told once, however the evidence came
    k.told.push(x); const exercise = drills.every((d) => d.exercise === drills[0].exercise) ? drills[0].exercise : undefined; // mixed: real
    const flags = [...new Set(drills.flatMap((d) => d.flags).concat(x.ev.some((e) => e.suspect) ? 'clock_suspect' : [],
      now - x.at > s.limit_s * 1000 ? 'late' : []))];
    tellGuardians(child, { service: x.service, event_at: iso(x.at), evidence: x.ev.flatMap((e) => e.cites), position: x.pos, flags,
      place: { id: x.place.id, name: x.place.name }, text: { ko: `${clock} ${child.name} ${s.title.ko}: ${x.place.name}`,
        en: `At ${clock}: ${s.title.en}, ${child.name}, ${x.place.name}` } }, exercise); } }
function points(id) { // of the path and of positions: first and last read of a stay, and each fix
  return (kids.get(id)?.obs || []).flatMap((o) => [o.order, ...(o.last > o.order ? [o.last] : [])].map((ms) => ({ ms, o })))
    .sort((a, b) => a.ms - b.ms).map(({ ms, o }) => ({ ms, at: iso(ms), ...o.pos, basis: o.tag ? 'reader' : 'phone', device: o.dev })); }
const placed = (to, accuracy_m) => to.item.placement && { lat: to.item.placement.lat, lon: to.item.placement.lon, accuracy_m };
const handle = {
  'tag.sighted'(to, env, now) { const d = env.data, a = to.item.antennas?.find((x) => x.id === d.antenna), t = when(to, d.first_at, now);
    const pos = a ? { lat: a.lat, lon: a.lon, accuracy_m: a.range_m } : placed(to, 30);
    const key = [env.source, d.antenna, d.stay, d.tag].join('|'); if (!pos) return; // an unplaced reader tells nothing of a place
    const o = entry(stays, key, { tag: d.tag, dev: to.id, ant: d.antenna, side: a?.side || 'single', pos, cites: [], last: 0 });
    Object.assign(o, t, { last: Math.max(o.last, t.order, when(to, d.last_at, now).order), drill: drillOf(to.zone, env.exercise, now) });
    o.cites.push({ source: env.source, id: env.id }); observe(childOf(d.tag, o.order), o, now); for (const b of bells) nearBell(b, o); },
  'tag.called'(to, env, now) { const d = env.data, t = when(to, d.pressed_at, now), plain = reg.device.get(d.tag)?.press_counter === false;
    const { exercise } = drillOf(to.zone, env.exercise, now), window = plain ? T.tag_press_window_s : T.press_memory_s;
    if (pressed(t.at, window, 'tag', d.tag, plain ? '' : d.press, exercise)) return;
    call('tag_call', childOf(d.tag, t.order), to, env, now, t, placed(to, T.reader_call_range_m), d.medical); },
  'bell.pressed'(to, env, now) { const t = when(to, env.data.pressed_at, now), { exercise } = drillOf(to.zone, env.exercise, now);
    if (pressed(t.at, T.press_memory_s, 'bell', to.id, env.data.press, exercise)) return;
    const place = placed(to, 1), bell = { place, at: t.order, told: new Set(), inc: call('bell_call', undefined, to, env, now, t, place) };
    if (place) { bells.push(bell); for (const s of stays.values()) nearBell(bell, s); } },
  'phone.located'(to, env, now) { const { lat, lon, accuracy_m, fixed_at } = env.data, t = when(to, fixed_at, now);
    observe(childOf(to.id, t.order), { dev: to.id, ...t, pos: { lat, lon, accuracy_m } }, now); },
  'phone.called'(to, env, now) { const d = env.data, t = when(to, d.dialled_at, now), child = childOf(to.id, t.order);
    if (pressed(0, 0, 'phone', to.id, d.call, drillOf(to.zone, env.exercise, now).exercise)) return;
    const p = child && points(child.id).filter((x) => x.ms <= t.order).pop();
    call('phone_call_112', child, to, env, now, t, d.position || (p && { lat: p.lat, lon: p.lon, accuracy_m: p.accuracy_m })); },
  'camera.state'() {}, // this hub turns no cameras
  'device.status'(to, env, now) { health.set(to.id, [...(health.get(to.id) || []), Date.parse(env.data.clock) - now].slice(-16)); },
  ack(to, env) { const m = outbox.get(env.data.notice);
    if (m && m.to.zone === to.zone && m.to.role === to.role && m.to.id === to.id) outbox.delete(m.id); },
  'incident.action'(to, env) { const inc = incidents.get(env.data.incident);
    if (!inc || inc.zone !== to.zone || to.item.post === 'school') refuse(404, 'not_found'); act(inc, env.data, 'desk/' + to.id); }, };
const bare = (x) => (x === undefined ? null : JSON.parse(JSON.stringify(x, (k, v) => (k === 'secret' ? undefined : v))));
const fieldErrors = (list) => list.map((e) => { const own = e.params.missingProperty || e.params.additionalProperty || '';
  const field = (e.instancePath.slice(1).replaceAll('/', '.') + (own && '.' + own)).replace(/^\./, '') || '(body)';
  return { field, value: e.params.missingProperty || /secret/.test(field) ? null : bare(e.data), remedy: e.message }; });
function itemErrors(i) { const check = KINDS.includes(i?.kind) && wire('registry:' + i.kind);
  if (!check) return [{ field: 'kind', value: bare(i?.kind), remedy: 'Give one of ' + KINDS.join(', ') }];
  const errors = check(i) ? [] : fieldErrors(check.errors);
  const wrong = (field, value, remedy) => { if (!errors.length) errors.push({ field, value, remedy }); };
  if (i.kind === 'device' && !i.key !== (i.type === 'tag')) wrong('key', null, 'Every type but tag has one.');
  if (i.kind === 'zone' && i.zone !== i.id) wrong('zone', i.zone, 'Give the id.'); return errors; }
function page(list, q) { const sorted = list.sort((a, b) => (a.id < b.id ? -1 : 1)).filter((i) => !(i.id <= q.after)), n = q.limit || 100;
  return { items: sorted.slice(0, n), next: sorted.length > n ? sorted[n - 1].id : null }; }
const inZone = (me, zone) => { if (me.zone && me.zone !== zone) refuse(404, 'not_found'); };
const need = (kind, id) => reg[kind].get(id) || refuse(404, 'not_found');
function incident(me, id) { const i = incidents.get(id) || refuse(404, 'not_found');
  const own = me.role === 'guardian' ? ownChild(reg.guardian.get(me.principal), reg.child.get(i.child)) : me.role !== 'agency';
  if (!own) refuse(404, 'not_found'); inZone(me, i.zone); return i; }
function view(me, { alert, keys, ...i }) { return me.role !== 'guardian' ? i : { ...i, owner: undefined, marks: undefined, linked: [],
  history: i.history.map((h) => ({ ...h, note: undefined })) }; }
function whereabouts(me, child, req) { // who may have a position (18.2); true: its guardians are told
  const open = [...incidents.values()].some((i) => i.child === child.id && !closed(i));
  if (me.role === 'guardian' && !ownChild(reg.guardian.get(me.principal), child)) refuse(404, 'not_found');
  if (me.role === 'school') refuse(501, 'not_offered'); if (me.role !== 'guardian') inZone(me, child.zone);
  if (me.role === 'operator' && !open && !req.headers['x-access-reason']) refuse(403, 'reason_required');
  return me.role === 'operator' && !open; }
const store = (i) => { reg[i.kind].set(i.id, i); commit({ item: i }); }; const calls = {
  getHub: () => { const { hostname: host, port } = new URL(MQTT_URL), capabilities = ['incidents', 'registry-streets', 'registry-units'];
    return [200, { name: "independent", version: '0.1', standard: 'safezone/v1', hub_id: HUB_ID, capabilities, mqtt: { host, port: +port } }]; },
  getHealth: () => [client.connected ? 200 : 503, { status: client.connected ? 'ok' : 'failing', checks: { mqtt: client.connected } }],
  getReadiness: () => calls.getHealth(), getOpenapi: () => [200, API], getIncident: ({ me, p }) => [200, view(me, incident(me, p.id))],
  getItem: ({ me, p }) => { inZone(me, need(p.kind, p.id).zone); return [200, bare(need(p.kind, p.id))]; },
  listItems: ({ me, p, q }) => [200, bare(page(all(p.kind, q.zone).filter((i) => !me.zone || i.zone === me.zone), q))],
  createToken: ({ body }) => { const kind = { operator: 'operator', school: 'staff', guardian: 'guardian', agency: 'agency', peer: 'peer' };
    if (kind[body.role]) need(kind[body.role], body.principal); if (body.zone) need('zone', body.zone);
    const token = crypto.randomBytes(24).toString('base64url'), id = crypto.randomUUID(), late = iso(Date.now() + 90 * 24 * HOUR);
    const { role, principal, zone, scopes = [], expires_at = late } = body, t = { id, role, principal, zone, scopes, expires_at };
    t.revoked = false; tokens.set(sha(token), t); commit({ token: t }); return [201, { ...t, token }]; },
  putItem: ({ p, body }) => { const errors = itemErrors(body), old = reg[p.kind].has(p.id);
    for (const f of ['kind', 'id']) if (body?.[f] !== p[f]) errors.push({ field: f, value: bare(body?.[f]), remedy: 'See the URL.' });
    if (errors.length) refuse(422, 'invalid', errors); store(body); return [old ? 200 : 201, bare(body)]; },
  deleteItem: ({ me, p }) => { inZone(me, need(p.kind, p.id).zone); reg[p.kind].delete(p.id); if (p.kind === 'child') kids.delete(p.id);
    commit({ deleted: p }); return [204]; },
  importItems: ({ body }) => { const items = body?.items, list = Array.isArray(items) ? items : [];
    const errors = list.flatMap((i, n) => itemErrors(i).map((e) => ({ line: n + 1, kind: `${i?.kind}`, id: `${i?.id}`, ...e })));
    if (items !== list) errors.push({ field: 'items', value: bare(items), remedy: 'Give a list of items.' });
    if (errors.length) refuse(422, 'invalid', errors); list.forEach(store); return [200, { stored: list.length }]; },
  getIncidents: ({ me, p, q }) => { need('zone', p.zone); inZone(me, p.zone);
    const want = { open: (i) => !closed(i), closed, all: () => true }[q.state || 'open'];
    const r = page([...incidents.values()].filter((i) => i.zone === p.zone && want(i) && me.role !== 'agency'), q);
    return [200, { ...r, items: r.items.map((i) => view(me, i)) }]; },
  actOnIncident: ({ me, p, body, req }) => { const i = incident(me, p.id), match = req.headers['if-match'];
    if (!i.keys[body.key]) { if (match && match !== etag(view(me, i))) refuse(412, 'precondition_failed');
      act(i, body, `${me.role}/${me.principal}`); if (body.key) i.keys[body.key] = true; }
    return [200, view(me, i), { ETag: etag(view(me, i)) }]; },
  getPosition: ({ me, p, q, req }) => { const child = need('child', p.id), tell = whereabouts(me, child, req);
    const now = Date.now(), at = q.at ? Date.parse(q.at) : now, who = `${me.role}/${me.principal}`, k = kid(p.id);
    const { ms, o, ...point } = (consent(child, 'collect') && points(p.id).filter((x) => x.ms <= at).pop()) || refuse(404, 'no_position');
    const { place, since } = replay(child, k.obs).changes.filter((s) => s.since <= at).pop() || refuse(404, 'no_position');
    if (tell) tellGuardians(child, { service: 'location_provided', event_at: iso(now), evidence: [],
      text: { ko: `${who}에게 ${child.name} 어린이의 위치를 제공했습니다.`, en: `The position of ${child.name} was given to ${who}.` } });
    return [200, { child: p.id, ...point, age_s: (at - ms) / 1000, state: { place, since: iso(since) } }]; },
  getPath: ({ me, p, q, req }) => { const child = need('child', p.id); whereabouts(me, child, req);
    const list = consent(child, 'collect') ? points(p.id) : [], from = Date.parse(q.from || 0), to = Date.parse(q.to || iso(Date.now()));
    return [200, { child: p.id, points: list.filter((x) => x.ms >= from && x.ms <= to).map(({ ms, o, device, ...x }) => x) }]; }, };
const routes = Object.entries(API.paths).map(([p, ops]) => ({ ops, names: [...p.matchAll(/\{(\w+)\}/g)].map((m) => m[1]),
  form: new RegExp('^' + p.replaceAll('.', '\\.').replace(/\{\w+\}/g, '([^/]+)') + '$') }));
const fits = (s, value) => ajv.validate({ ...s, $ref: s.$ref && 'api' + s.$ref }, value);
function caller(req) { const token = /^Bearer (\S+)$/i.exec(req.headers.authorization || '')?.[1] || '', t = tokens.get(sha(token));
  if (SERVICE_TOKEN && sha(token) === sha(SERVICE_TOKEN)) return { role: 'admin', principal: 'service', scopes: [] };
  return t && !t.revoked && Date.parse(t.expires_at) > Date.now() ? t : refuse(401, 'unauthorized'); }
async function answer(req) { const url = new URL(req.url, 'http://hub'), route = routes.find((r) => r.form.test(url.pathname)) || refuse(404, 'not_found');
  const op = route.ops[req.method.toLowerCase()] || refuse(405, 'method_not_allowed'), id = op.operationId, p = {}, q = {};
  const me = op['x-roles'].length || op.security === undefined ? caller(req) : null, ok = me && id !== 'getMe';
  if (ok && (!op['x-roles'].includes(me.role) || (me.scopes.length && !me.scopes.includes(id)))) refuse(403, 'forbidden');
  if (!calls[id]) refuse(501, 'not_offered');
  const params = (op.parameters || []).map((x) => (x.$ref ? API.components.parameters[x.$ref.split('/').pop()] : x));
  route.form.exec(url.pathname).slice(1).forEach((v, n) => { p[route.names[n]] = decodeURIComponent(v); });
  for (const x of params.filter((y) => y.in === 'path')) if (!fits(x.schema, p[x.name])) refuse(404, 'not_found');
  for (const [name, text] of url.searchParams) {
    const x = params.find((y) => y.in === 'query' && y.name === name) || refuse(400, 'unknown_query');
    const value = x.schema.type === 'integer' && /^[0-9]+$/.test(text) ? +text : x.schema.$ref ? text.replace(' ', '+') : text;
    if (!fits(x.schema, value) || name in q) refuse(400, 'bad_query'); q[name] = value; }
  let body; const content = op.requestBody && op.requestBody.content['application/json']; if (content) { const parts = []; let size = 0;
    if (!/^application\/json\s*(;|$)/i.test(req.headers['content-type'] || '')) refuse(415, 'unsupported_type');
    const most = (id === 'importItems' ? 256 : 16) << 20;
    for await (const c of req) { if ((size += c.length) > most) refuse(413, 'too_large'); parts.push(c); }
    try { [, body] = parse(Buffer.concat(parts)); } catch (e) { refuse(400, 'not_json'); }
    const check = /^(put|import)Item/.test(id) || ajv.getSchema('api' + content.schema.$ref);
    if (check !== true && !check(body)) refuse(422, 'invalid', fieldErrors(check.errors)); }
  const [status, result, headers = {}] = calls[id]({ me, p, q, body, req });
  if (op.responses[200]?.headers?.ETag && !headers.ETag) headers.ETag = etag(result);
  return headers.ETag && req.headers['if-none-match'] === headers.ETag ? [304, undefined, headers] : [status, result, headers]; }
const server = http.createServer(async (req, res) => { let r; try { r = await answer(req); } catch (e) {
    const { status = 500, message: title, errors } = e instanceof Refused ? e : (console.error(e), { message: 'internal' });
    r = [status, { title, status, errors }, { 'WWW-Authenticate': 'Bearer' }]; }
  const type = r[0] < 400 ? 'application/json' : 'application/problem+json', head = { ...r[2], ...(r[1] && { 'Content-Type': type }) };
  const send = () => res.writeHead(r[0], head).end(r[1] && JSON.stringify(r[1]));
  if (lines.length && req.method !== 'GET') commit({ http: r[0] }, send); else send(); });
client.once('connect', () => server.listen(PORT, '127.0.0.1', () => console.log(JSON.stringify({ ready: true, http: PORT }))));
