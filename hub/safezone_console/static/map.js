// Maps: MapLibre with local tiles and local letters, and a crowd of moving people drawn over it. It asks no outside host.
/* global maplibregl */
import { both, el, here, icon, inLanguage, kept, t } from "./kit.js";

const FONTS = "'Noto Sans KR','Noto Sans CJK KR','Apple SD Gothic Neo','Malgun Gothic','Nanum Gothic',sans-serif";
const INK = "#33475b";

// ------------------------------------------------------------------ letters
// MapLibre draws Hangul from the browser's own fonts, but asks a server for Latin letters and digits. They are made here
// instead, as signed distance fields out of the browser's fonts, and handed to it in the format that it expects.

const SIZE = 24, BUFFER = 3, RADIUS = 8, CUTOFF = 0.25, FAR = 1e20;

function distances(grid, width, height) {
  const line = (offset, stride, length) => {
    const f = new Float64Array(length), v = new Uint16Array(length), z = new Float64Array(length + 1);
    for (let q = 0; q < length; q++) f[q] = grid[offset + q * stride];
    let k = 0;
    z[0] = -FAR; z[1] = FAR;
    for (let q = 1; q < length; q++) {
      let s;
      do {
        const r = v[k];
        s = (f[q] - f[r] + q * q - r * r) / (q - r) / 2;
      } while (s <= z[k] && --k > -1);
      k++;
      v[k] = q; z[k] = s; z[k + 1] = FAR;
    }
    for (let q = 0, j = 0; q < length; q++) {
      while (z[j + 1] < q) j++;
      grid[offset + q * stride] = f[v[j]] + (q - v[j]) ** 2;
    }
  };
  for (let x = 0; x < width; x++) line(x, width, height);
  for (let y = 0; y < height; y++) line(y * width, 1, width);
}

function glyph(pen, char) {
  const measure = pen.measureText(char);
  const ascent = Math.ceil(measure.actualBoundingBoxAscent), left = Math.floor(-measure.actualBoundingBoxLeft);
  const width = Math.max(0, Math.ceil(measure.actualBoundingBoxRight) - left);
  const height = Math.max(0, ascent + Math.ceil(measure.actualBoundingBoxDescent));
  if (!width || !height) return { bitmap: new Uint8Array(0), width: 0, height: 0, left: 0, top: 0, advance: measure.width };
  const w = width + 2 * BUFFER, h = height + 2 * BUFFER;
  pen.clearRect(0, 0, 64, 64);
  pen.fillText(char, BUFFER - left, BUFFER + ascent);
  const pixels = pen.getImageData(0, 0, w, h).data;
  const outer = new Float64Array(w * h), inner = new Float64Array(w * h), bitmap = new Uint8Array(w * h);
  for (let i = 0; i < w * h; i++) {
    const a = pixels[i * 4 + 3] / 255;
    outer[i] = a === 1 ? 0 : a === 0 ? FAR : Math.max(0, 0.5 - a) ** 2;
    inner[i] = a === 1 ? FAR : a === 0 ? 0 : Math.max(0, a - 0.5) ** 2;
  }
  distances(outer, w, h);
  distances(inner, w, h);
  for (let i = 0; i < w * h; i++) bitmap[i] = Math.max(0, Math.min(255, Math.round(255 - 255 * ((Math.sqrt(outer[i]) - Math.sqrt(inner[i])) / RADIUS + CUTOFF))));
  return { bitmap, width, height, left, top: ascent - 27, advance: measure.width };
}

class Wire {
  constructor() { this.bytes = []; }
  varint(n) { n = n >>> 0; while (n > 127) { this.bytes.push((n & 127) | 128); n >>>= 7; } this.bytes.push(n); return this; }
  number(field, n) { return this.varint(field << 3).varint(n); }
  signed(field, n) { return this.number(field, (n << 1) ^ (n >> 31)); }
  block(field, bytes) { this.varint((field << 3) | 2).varint(bytes.length); for (const b of bytes) this.bytes.push(b); return this; }
}

function letters(range) {
  const [from, to] = range.split("-").map(Number);
  const canvas = el("canvas", { width: 64, height: 64 });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.font = `500 ${SIZE}px ${FONTS}`;
  pen.textBaseline = "alphabetic";
  const stack = new Wire().block(1, new TextEncoder().encode("local")).block(2, new TextEncoder().encode(range));
  for (let code = Math.max(from, 32); code <= to; code++) {
    const g = glyph(pen, String.fromCodePoint(code));
    const one = new Wire().number(1, code);
    if (g.bitmap.length) one.block(2, g.bitmap);
    one.number(3, g.width).number(4, g.height).signed(5, g.left).signed(6, g.top).number(7, Math.round(g.advance));
    stack.block(3, one.bytes);
  }
  return new Uint8Array(new Wire().block(1, stack.bytes).bytes).buffer;
}

let registered = false;
function register() {
  if (registered) return;
  registered = true;
  const made = new Map();
  maplibregl.addProtocol("letters", async ({ url }) => {
    const range = url.split("/").pop();
    if (!made.has(range)) made.set(range, letters(range));
    return { data: made.get(range).slice(0) };
  });
}

// ------------------------------------------------------------------ the sheet

const road = (classes, width, color, casing) => ({ classes, width, color, casing });
const ROADS = [
  road(["service", "track"], 2, "#ffffff", "#dfe4ea"), road(["path", "pedestrian", "footway"], 1.6, "#f6f0e2", "#e0d8c4"),
  road(["minor"], 5, "#ffffff", "#d5dce4"), road(["tertiary", "secondary"], 9, "#fffdf5", "#cfc9b4"),
  road(["primary", "trunk", "motorway"], 13, "#fff3d6", "#d9bf86"),
];
const widths = (base) => ["interpolate", ["exponential", 1.6], ["zoom"], 13, base * 0.3, 16, base, 19, base * 4];

function layers(source, vector) {
  const from = (layer) => (vector ? { source, "source-layer": layer } : { source });
  const only = (kind, filter) => (vector ? (filter ? { filter } : {}) : { filter: ["==", ["get", "kind"], kind] });
  const found = [];
  if (vector) {
    found.push(
      { id: "landuse", type: "fill", ...from("landuse"), filter: ["in", ["get", "class"], ["literal", ["school", "university", "kindergarten"]]], paint: { "fill-color": "#fbf3dd" } },
      { id: "green", type: "fill", ...from("landcover"), filter: ["in", ["get", "class"], ["literal", ["grass", "wood"]]], paint: { "fill-color": "#dcebd5" } },
      { id: "park", type: "fill", ...from("park"), paint: { "fill-color": "#dcebd5", "fill-opacity": 0.7 } });
  }
  found.push({ id: "water", type: "fill", ...from("water"), ...only("water"), paint: { "fill-color": "#b9d9ee" } });
  if (vector) found.push({ id: "waterway", type: "line", ...from("waterway"), paint: { "line-color": "#b9d9ee", "line-width": 2 } });
  found.push({ id: "building", type: "fill", ...from("building"), ...only("building"), paint: { "fill-color": "#e3e2de", "fill-outline-color": "#cfcdc6" } });
  if (!vector) {
    found.push(
      { id: "street-case", type: "line", ...from(""), ...only("street"), layout: { "line-cap": "round" }, paint: { "line-color": "#cfd6de", "line-width": widths(7) } },
      { id: "street", type: "line", ...from(""), ...only("street"), layout: { "line-cap": "round" }, paint: { "line-color": "#ffffff", "line-width": widths(5.4) } });
    return found;
  }
  const of = (each) => ["in", ["get", "class"], ["literal", each.classes]];
  for (const each of ROADS) found.push({ id: `case-${each.classes[0]}`, type: "line", ...from("transportation"), filter: of(each), layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": each.casing, "line-width": widths(each.width + 1.6) } });
  for (const each of ROADS) found.push({ id: `road-${each.classes[0]}`, type: "line", ...from("transportation"), filter: of(each), layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": each.color, "line-width": widths(each.width) } });
  found.push(
    { id: "rail", type: "line", ...from("transportation"), filter: ["==", ["get", "class"], "rail"], paint: { "line-color": "#9aa5b1", "line-width": 2, "line-dasharray": [3, 2] } },
    { id: "road-name", type: "symbol", ...from("transportation_name"), minzoom: 14.5, layout: { "symbol-placement": "line", "text-field": ["coalesce", ["get", "name:latin"], ["get", "name"]], "text-font": ["local"], "text-size": 12, "symbol-spacing": 300 }, paint: { "text-color": "#4a5868", "text-halo-color": "#ffffff", "text-halo-width": 1.6 } },
    { id: "poi-name", type: "symbol", ...from("poi"), minzoom: 16, filter: ["in", ["get", "class"], ["literal", ["school", "police", "hospital", "railway", "park", "library", "fire_station", "kindergarten"]]], layout: { "text-field": ["coalesce", ["get", "name:latin"], ["get", "name"]], "text-font": ["local"], "text-size": 12, "text-max-width": 7 }, paint: { "text-color": "#2f5d3a", "text-halo-color": "#ffffff", "text-halo-width": 1.6 } });
  return found;
}

/** A map in a node. `sheet` (GeoJSON with street, building, water) is drawn instead of tiles: a schematic. It goes no farther away than
 *  there is something to see; for a `city` so far that the gu can be seen. */
export async function makeMap(node, { center, zoom = 16, sheet = null, label = t("지도"), city = false }) {
  register();
  const about = await fetch("/tiles.json").then((r) => r.json());
  const sources = {}, found = [{ id: "ground", type: "background", paint: { "background-color": "#f4f3ef" } }];
  if (sheet) {
    sources.sheet = { type: "geojson", data: sheet };
    found.push(...layers("sheet", false));
  } else if (about.present) {
    sources.streets = { type: "vector", tiles: [`${location.origin}/tiles/{z}/{x}/{y}`], minzoom: about.min_zoom, maxzoom: about.max_zoom, bounds: about.bounds, attribution: about.attribution };
    found.push(...layers("streets", true));
  }
  if (about.gu) {
    sources.gu = { type: "geojson", data: "/gu.geojson" };
    found.push(
      { id: "gu", type: "line", source: "gu", maxzoom: 14.2, paint: { "line-color": "#7b8aa0", "line-width": 1.4 } },
      { id: "gu-name", type: "symbol", source: "gu", maxzoom: 13.5, layout: { "text-field": ["get", "SIG_KOR_NM"], "text-font": ["local"], "text-size": 14 }, paint: { "text-color": INK, "text-halo-color": "#fff", "text-halo-width": 2 } });
  }
  const map = new maplibregl.Map({
    container: node, center, zoom, minZoom: sheet ? 13.5 : about.present && !city ? about.min_zoom : 10, maxZoom: 19.5, attributionControl: { compact: true }, dragRotate: false, pitchWithRotate: false,
    localIdeographFontFamily: FONTS, fadeDuration: 0, maxTileCacheSize: 60, cancelPendingTileRequestsWhileZooming: true,
    style: { version: 8, glyphs: "letters://{fontstack}/{range}", sources, layers: found },
    locale: { "Map.Title": label, "NavigationControl.ZoomIn": t("확대"), "NavigationControl.ZoomOut": t("축소"), "AttributionControl.ToggleAttribution": t("지도 저작권") },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibregl.ScaleControl({ maxWidth: 90 }), "bottom-left");
  new ResizeObserver(() => map.resize()).observe(node);
  // Whose map it is stands behind its sign where it would cover a third of the map.
  if (node.clientWidth < 600) map.once("idle", () => node.querySelector(".maplibregl-ctrl-attrib")?.classList.remove("maplibregl-compact-show"));
  if (!map.isStyleLoaded()) await new Promise((done) => map.once("style.load", done));
  return map;
}

/** A GeoJSON source and its layers, made once and then only given new data. */
export function overlay(map, id, data, made) {
  const held = map.getSource(id);
  if (held) { held.setData(data); return; }
  map.addSource(id, { type: "geojson", data });
  for (const layer of made) map.addLayer({ source: id, ...layer });
}

export const collection = (features) => ({ type: "FeatureCollection", features });
export const point = (lon, lat, properties = {}) => ({ type: "Feature", properties, geometry: { type: "Point", coordinates: [lon, lat] } });
export const area = (ring, properties = {}) => ({ type: "Feature", properties, geometry: { type: "Polygon", coordinates: [ring] } });

/** What the signs on a map mean, a line each: sign, colour, name. On a phone it would cover the map: it is opened there by a touch, each time. */
const wide = matchMedia("(min-width: 600px)"), big = () => document.documentElement.classList.contains("large");
const COVERS = 0.2; // of the map: what covers more is opened by a touch
export function legend(...lines) {
  const box = el("details", { class: "legend" }, el("summary", { text: t("범례"), click: () => { if (wide.matches && !big()) kept.set("legend", !box.open); } }),
    ...lines.map((rows) => el("div", {}, ...rows.map(([sign, color, name]) => el("span", {}, el("i", { style: `color:${color}`, "aria-hidden": "true", text: sign }), name)))));
  const covers = () => box.offsetWidth * box.offsetHeight > COVERS * (box.parentElement?.clientWidth * box.parentElement?.clientHeight || Infinity);
  const fit = () => { box.open = wide.matches && !big() && kept.get("legend", true); if (box.open && covers()) box.open = false; };
  wide.addEventListener("change", fit);
  addEventListener("resize", fit); // also told when the size of type changes
  fit();
  requestAnimationFrame(fit); // when it has a place and a size
  return box;
}

/** A button on the map that keeps the child in sight: on until the map is moved by hand, on again when it is pressed.
 *  `seek.there()` says whether there is somebody to be seen, `seek.go(pressed)` moves the map if it must, and `seek.zooms` that it zooms too. */
export function follow(map, seek) {
  const button = el("button", { type: "button", class: "plain follow", id: "follow", "aria-pressed": "true", hidden: true }, icon("pin"), t("아이 보기"));
  const turn = (on) => button.setAttribute("aria-pressed", String(on));
  const look = (pressed = false) => { button.hidden = !seek.there(); if (!button.hidden && (pressed || button.getAttribute("aria-pressed") === "true")) seek.go(pressed); };
  button.addEventListener("click", () => { turn(true); look(true); });
  map.on("dragstart", () => turn(false));
  if (seek.zooms) map.on("zoomstart", (event) => { if (event.originalEvent) turn(false); });
  map.getContainer().append(button);
  return { look, get on() { return button.getAttribute("aria-pressed") === "true" && !button.hidden; }, begin: () => turn(true) };
}

/** Whether a place can be seen well: not at the edge, not under the legend. */
export function wellInside(map, lon, lat) {
  const { x, y } = map.project([lon, lat]), box = map.getContainer(), key = box.querySelector(".legend");
  if (key && x < key.offsetLeft + key.offsetWidth + 20 && y < key.offsetTop + key.offsetHeight + 20) return false;
  return x > box.clientWidth * 0.12 && x < box.clientWidth * 0.88 && y > 90 && y < box.clientHeight * 0.85;
}

/** A circle of metres as a ring. */
export function circle(lon, lat, metres) {
  const ring = [], k = 111195;
  for (let i = 0; i <= 48; i++) {
    const a = (i / 48) * 2 * Math.PI;
    ring.push([lon + (metres * Math.cos(a)) / (k * Math.cos((lat * Math.PI) / 180)), lat + (metres * Math.sin(a)) / k]);
  }
  return ring;
}

/** The fixed things of a place: danger areas, gates, readers, bells, cameras, school. From the control API's map. */
export function drawPlace(map, geojson) {
  if (here.lang === "en") geojson = { ...geojson, features: geojson.features.map((f) => f.properties.name_en ? { ...f, properties: { ...f.properties, name: f.properties.name_en } } : f) };
  // The tiles name the school too: once is enough.
  const own = geojson.features.filter((f) => ["school", "academy", "playground"].includes(f.properties.kind) && f.properties.name).map((f) => f.properties.name);
  if (map.getLayer("poi-name") && own.length) map.setFilter("poi-name", ["all", map.getFilter("poi-name"), ["!", ["in", ["coalesce", ["get", "name:latin"], ["get", "name"]], ["literal", own]]]]);
  const is = (...kinds) => ["in", ["get", "kind"], ["literal", kinds]];
  overlay(map, "place", geojson, [
    { id: "danger", type: "fill", filter: is("danger"), paint: { "fill-color": "#d55e00", "fill-opacity": 0.16 } },
    { id: "danger-line", type: "line", filter: is("danger"), paint: { "line-color": "#b34700", "line-width": 2, "line-dasharray": [3, 2] } },
    { id: "school-area", type: "fill", filter: ["all", is("school"), ["==", ["geometry-type"], "Polygon"]], paint: { "fill-color": "#f0a202", "fill-opacity": 0.18 } },
    { id: "sector", type: "fill", filter: is("camera_sector"), paint: { "fill-color": "#6a3d9a", "fill-opacity": 0.1 } },
    { id: "assembly", type: "fill", filter: ["all", is("assembly"), ["==", ["geometry-type"], "Polygon"]], paint: { "fill-color": "#009e73", "fill-opacity": 0.2 } },
    { id: "fixed", type: "circle", filter: ["all", is("reader", "bell", "camera", "gate"), ["==", ["geometry-type"], "Point"]], minzoom: 14.5,
      // Smaller and paler than people: they are the background of what happens.
      paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 15, 3, 18, 6], "circle-opacity": 0.85, "circle-color": ["match", ["get", "kind"], "reader", "#009e73", "gate", "#009e73", "bell", "#d55e00", "#6a3d9a"], "circle-stroke-color": "#fff", "circle-stroke-width": 1 } },
    { id: "fixed-name", type: "symbol", filter: ["all", is("school", "academy", "playground"), ["has", "name"]], minzoom: 14.5,
      layout: { "text-field": ["get", "name"], "text-font": ["local"], "text-size": 13, "text-offset": [0, 1.1], "text-anchor": "top" }, paint: { "text-color": INK, "text-halo-color": "#fff", "text-halo-width": 2 } },
    // Near enough to tell the classes apart, their numbers stand in its place.
    { id: "assembly-name", type: "symbol", filter: ["all", is("assembly"), ["has", "name"]], minzoom: 14.5, maxzoom: 16.5,
      layout: { "text-field": ["get", "name"], "text-font": ["local"], "text-size": 13, "text-offset": [0, 1.1], "text-anchor": "top" }, paint: { "text-color": INK, "text-halo-color": "#fff", "text-halo-width": 2 } },
    { id: "class-name", type: "symbol", filter: is("assembly_class"), minzoom: 16.5,
      layout: { "text-field": ["get", "name"], "text-font": ["local"], "text-size": ["case", ["get", "own"], 17, 12], "symbol-sort-key": ["case", ["get", "own"], 0, 1], "text-offset": [0, -0.4], "text-anchor": "bottom" }, paint: { "text-color": ["case", ["get", "own"], "#7a3b00", INK], "text-halo-color": "#fff", "text-halo-width": 2 } },
  ]);
}

// ------------------------------------------------------------------ the crowd

const MANY = 800;
const WALKING = 1, STORY = 4, TROUBLE = 8, SAFE = 16, SILENT = 32;
const x01 = (lon) => (lon + 180) / 360;
const y01 = (lat) => (180 - (180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360))) / 360;

/** People on the map: one canvas, positions interpolated between frames. Thousands cost one drawImage each. */
export class Crowd {
  constructor(map) {
    this.map = map;
    this.canvas = el("canvas", { class: "crowd", "aria-hidden": "true" });
    map.getCanvasContainer().append(this.canvas);
    this.pen = this.canvas.getContext("2d");
    this.n = 0; this.kinds = []; this.labels = [];
    this.#grow(512);
    this.step = 200; this.last = 0; this.frames = 0; this.dirty = true; this.sprites = new Map();
    map.on("move", () => { this.dirty = true; });
    map.on("resize", () => { this.dirty = true; });
    const draw = (now) => { if (this.stopped) return; this.#draw(now); requestAnimationFrame(draw); };
    requestAnimationFrame(draw);
  }

  #grow(size) {
    for (const name of ["x0", "y0", "x1", "y1", "start"]) {
      const bigger = new Float64Array(size);
      if (this[name]) bigger.set(this[name]);
      this[name] = bigger;
    }
    const flags = new Uint8Array(size);
    if (this.flags) flags.set(this.flags);
    this.flags = flags;
  }

  /** Who they are, by index. */
  people(items) {
    for (const item of items) {
      this.kinds[item.i] = item.kind;
      this.labels[item.i] = inLanguage(both(item.label));
      if (!(item.i < this.n) && item.lon !== undefined && item.lon !== null) this.#set(item.i, item.lon, item.lat, 0, 0);
    }
    this.dirty = true;
  }

  #set(i, lon, lat, flags, now) {
    if (i >= this.x1.length) this.#grow(Math.max(i + 1, this.x1.length * 2));
    const x = x01(lon), y = y01(lat);
    if (i >= this.n) {
      for (let j = this.n; j < i; j++) this.x1[j] = NaN;
      this.n = i + 1;
      this.x0[i] = x; this.y0[i] = y;
    } else if (Number.isNaN(this.x1[i]) || Math.abs(this.x1[i] - x) > 2e-5) {
      this.x0[i] = x; this.y0[i] = y; // so far in one step: not walked
    } else {
      const done = this.step ? Math.min(1, (now - this.start[i]) / this.step) : 1;
      this.x0[i] += (this.x1[i] - this.x0[i]) * done;
      this.y0[i] += (this.y1[i] - this.y0[i]) * done;
    }
    this.x1[i] = x; this.y1[i] = y; this.start[i] = now; this.flags[i] = flags;
  }

  /** A frame of the stream: `[i, lon, lat, flags]` of whoever moved. */
  frame({ a }) {
    const now = performance.now();
    if (this.last) this.step = Math.max(100, Math.min(400, this.step * 0.8 + (now - this.last) * 0.2));
    this.last = now;
    for (const [i, lon, lat, flags] of a) this.#set(i, lon, lat, flags, now);
    this.until = now + this.step + 50;
    this.dirty = true;
  }

  /** Everybody at once, without walking there: a moment of a replay. */
  place(rows) {
    for (const [i, lon, lat, flags] of rows) {
      this.#set(i, lon, lat, flags, 0);
      this.x0[i] = this.x1[i]; this.y0[i] = this.y1[i];
    }
    this.dirty = true;
  }

  clear() { this.n = 0; this.dirty = true; }

  /** Where the child of the story is, one in trouble first; nothing while that is not to be known. */
  child() {
    if (this.secret) return null;
    const among = (...wanted) => { for (let i = 0; i < this.n; i++) if (["child", "pupil"].includes(this.kinds[i]) && wanted.every((flag) => this.flags[i] & flag) && !Number.isNaN(this.x1[i])) return i; return -1; };
    const troubled = among(STORY, TROUBLE), i = troubled < 0 ? among(STORY) : troubled;
    return i < 0 ? null : { lon: this.x1[i] * 360 - 180, lat: (Math.atan(Math.sinh(Math.PI * (1 - 2 * this.y1[i]))) * 180) / Math.PI };
  }

  nearest(px, py, within = 14) {
    let best = -1, least = within ** 2;
    const { scale, left, top } = this.#view();
    for (let i = 0; i < this.n; i++) {
      const d = (this.x1[i] * scale - left - px) ** 2 + (this.y1[i] * scale - top - py) ** 2;
      if (d < least) { least = d; best = i; }
    }
    return best;
  }

  #view() {
    const scale = 512 * 2 ** this.map.getZoom(), c = this.map.getCenter();
    const box = this.map.getContainer();
    return { scale, left: x01(c.lng) * scale - box.clientWidth / 2, top: y01(c.lat) * scale - box.clientHeight / 2, width: box.clientWidth, height: box.clientHeight };
  }

  #sprite(kind, flags, radius, ratio) {
    // A school in its yard is a thousand: small, so that its lines can be told apart; only the story's child has a mark of its own.
    const look = flags & SAFE ? (flags & STORY ? "safe" : "gathered") : flags & TROUBLE ? "trouble" : ["patrol", "police_box", "ambulance", "stranger", "teacher"].includes(kind) ? kind : flags & SILENT ? "silent" : flags & STORY ? "story" : flags & WALKING ? "walking" : "still";
    const name = `${look}:${radius}:${ratio}`;
    const held = this.sprites.get(name);
    if (held) return held;
    const r = { trouble: 2.4, safe: 2, patrol: 2.2, police_box: 2.2, ambulance: 2.2, story: 1.7, stranger: 1.8, teacher: 1.3, gathered: 0.55 }[look] ?? 1;
    const size = Math.ceil((radius * r + 2.5) * 2 * ratio);
    const canvas = el("canvas", { width: size, height: size }), pen = canvas.getContext("2d");
    const c = size / 2, R = radius * r * ratio;
    const fill = { trouble: "#c4161c", safe: "#00785a", gathered: "#00785a", patrol: "#123a5a", police_box: "#123a5a", ambulance: "#ffffff", story: "#e69f00", stranger: "#222222", teacher: "#00785a", silent: "#ffffff", walking: "#0b6fb8", still: "#7fa8c9" }[look];
    pen.lineWidth = (look === "gathered" ? 0.6 : 1.4) * ratio; pen.strokeStyle = look === "silent" ? "#5a6570" : look === "ambulance" ? "#c4161c" : "#ffffff"; pen.fillStyle = fill;
    pen.beginPath();
    if (look === "trouble") { pen.moveTo(c, c - R); pen.lineTo(c + R, c + R * 0.8); pen.lineTo(c - R, c + R * 0.8); pen.closePath(); }
    else if (["patrol", "police_box", "ambulance", "safe"].includes(look)) pen.rect(c - R * 0.85, c - R * 0.85, R * 1.7, R * 1.7);
    else if (look === "stranger") { pen.moveTo(c, c + R); pen.lineTo(c + R, c - R * 0.8); pen.lineTo(c - R, c - R * 0.8); pen.closePath(); }
    else if (look === "story") { pen.moveTo(c, c - R); pen.lineTo(c + R, c); pen.lineTo(c, c + R); pen.lineTo(c - R, c); pen.closePath(); }
    else pen.arc(c, c, R, 0, 7);
    pen.fill(); pen.stroke();
    const sign = { trouble: "!", safe: "✓", patrol: "P", police_box: "P", ambulance: "+" }[look];
    if (sign) {
      pen.fillStyle = look === "ambulance" ? "#c4161c" : "#fff"; pen.font = `700 ${R * 1.25}px ${FONTS}`; pen.textAlign = "center"; pen.textBaseline = "middle";
      pen.fillText(sign, c, c + R * (look === "trouble" ? 0.22 : 0.06));
    }
    const pixels = new Uint32Array(pen.getImageData(0, 0, size, size).data.buffer);
    const made = { pixels, side: size, canvas, half: size / 2 / ratio, size: size / ratio, late: ["trouble", "safe", "patrol", "police_box", "ambulance", "story", "stranger"].includes(look) };
    this.sprites.set(name, made);
    return made;
  }

  #draw(now) {
    const moving = this.until && now < this.until;
    if (!this.dirty && !moving) return;
    this.dirty = false;
    this.frames++;
    const ratio = Math.min(2, devicePixelRatio || 1), { scale, left, top, width, height } = this.#view();
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio); this.canvas.height = Math.round(height * ratio);
      this.canvas.style.width = `${width}px`; this.canvas.style.height = `${height}px`;
    }
    const pen = this.pen;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    // For the back of the classroom marks and letters grow with the page's.
    const zoom = this.map.getZoom(), more = document.documentElement.classList.contains("large") ? 1.5 : 1, radius = (zoom < 14.5 ? 2 : zoom < 15.5 ? 3 : zoom < 17 ? 4 : 5.5) * more, late = [];
    const { x0, y0, x1, y1, start, flags, step } = this;
    // A great crowd is stamped into one picture: without a graphics card that is several times faster than drawing each.
    const W = this.canvas.width, H = this.canvas.height, stamped = this.n > MANY;
    if (stamped && (this.sheet?.width !== W || this.sheet?.height !== H)) this.sheet = new ImageData(W, H);
    const sheet = stamped ? new Uint32Array(this.sheet.data.buffer) : null;
    sheet?.fill(0);
    for (let i = 0; i < this.n; i++) {
      const k = start[i] ? Math.min(1, (now - start[i]) / step) : 1;
      const x = (x0[i] + (x1[i] - x0[i]) * k) * scale - left, y = (y0[i] + (y1[i] - y0[i]) * k) * scale - top;
      if (!(x > -20 && y > -20 && x < width + 20 && y < height + 20)) continue;
      const s = this.#sprite(this.kinds[i], flags[i], radius, ratio);
      if (s.late) { late.push(s, x, y, i); continue; }
      if (!sheet) { pen.drawImage(s.canvas, x - s.half, y - s.half, s.size, s.size); continue; }
      const left_ = Math.round((x - s.half) * ratio), top_ = Math.round((y - s.half) * ratio), side = s.side;
      if (left_ < 0 || top_ < 0 || left_ + side > W || top_ + side > H) continue;
      for (let v = 0, from = 0; v < side; v++) {
        const to = (top_ + v) * W + left_;
        for (let u = 0; u < side; u++, from++) { const pixel = s.pixels[from]; if (pixel >>> 24 > 110) sheet[to + u] = pixel; }
      }
    }
    if (sheet) pen.putImageData(this.sheet, 0, 0);
    const line = Math.round(14 * more);
    pen.font = `600 ${line}px ${FONTS}`; pen.textAlign = "center"; 
    const named = [], marks = [], labels = [];
    for (let j = 0; j < late.length; j += 4) marks.push(late.slice(j, j + 4));
    // The child lies over whoever walks with it, and that one a little beside.
    marks.sort((a, b) => (this.kinds[b[3]] === "stranger") - (this.kinds[a[3]] === "stranger"));
    for (let [s, x, y, i] of marks) {
      if (this.kinds[i] === "stranger") x -= s.half;
      pen.drawImage(s.canvas, x - s.half, y - s.half, s.size, s.size);
      const label = this.labels[i];
      if (label && zoom > 14.5 && ((flags[i] & STORY && flags[i] & (TROUBLE | SAFE) && !this.secret) || !["child", "pupil"].includes(this.kinds[i]))) {
        // One under the other where several stand together.
        let at = y + s.half + line;
        while (named.some(([u, v]) => Math.abs(u - x) < line * 7 && Math.abs(v - at) < line + 1)) at += line + 2;
        named.push([x, at]);
        labels.push([label, x, at]);
      }
    }
    for (const [label, x, at] of labels) { // over every mark
      const wide = pen.measureText(label).width + 8;
      pen.fillStyle = "rgb(255 255 255 / .88)"; pen.fillRect(x - wide / 2, at - line + 1, wide, line + 4);
      pen.fillStyle = "#14202b"; pen.fillText(label, x, at);
    }
  }

  stop() { this.stopped = true; this.canvas.remove(); }
}
