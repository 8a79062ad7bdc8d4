// What all widgets share. Put before each of them as text: a widget travels to the page as one module.
// Everything a project holds is shown as text nodes and attributes, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const SEEN_MS = 20000;

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** A value as a finite number, or null. */
function number(text) {
  if (typeof text === "number") return Number.isFinite(text) ? text : null;
  if (typeof text !== "string" || text.trim() === "") return null;
  const found = Number(text);
  return Number.isFinite(found) ? found : null;
}

const short = (value) => (value === null ? "" : String(Number(value.toPrecision(6))));
const cut = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);

/** Tell the kernel whether anybody sees this page of the widget; it looks for news only then. */
function tellSeen(model, el) {
  const page = Math.random().toString(36).slice(2);
  let inView = true;
  let told = null;
  const tell = (repeat) => {
    const visible = inView && !document.hidden;
    if (visible === told && !(repeat && visible)) return;
    told = visible;
    try {
      model.send({ kind: "seen", page, visible });
    } catch {
      // The kernel is gone; what is shown stays.
    }
  };
  const onHidden = () => tell(false);
  const observer = new IntersectionObserver((entries) => {
    inView = entries[entries.length - 1].isIntersecting;
    tell(false);
  });
  observer.observe(el);
  document.addEventListener("visibilitychange", onHidden);
  const timer = setInterval(() => tell(true), SEEN_MS);
  tell(false);
  return () => {
    clearInterval(timer);
    observer.disconnect();
    document.removeEventListener("visibilitychange", onHidden);
    inView = false;
    tell(false);
  };
}

/** Make a widget of a function that builds the page's part and answers how to draw it anew. */
function widget(build) {
  return {
    render({ model, el }) {
      const body = h("div", { class: "dotscience-widget" });
      const note = h("p", { class: "ds-note", role: "status" });
      const draw = build(body);
      const change = () => draw(model.get("data"));
      const say = () => {
        note.textContent = model.get("note");
        note.hidden = !model.get("note");
      };
      el.append(body);
      body.append(note);
      model.on("change:data", change);
      model.on("change:note", say);
      change();
      say();
      const hide = tellSeen(model, el);
      return () => {
        hide();
        model.off("change:data", change);
        model.off("change:note", say);
      };
    },
  };
}

/** From values to places: {at, ticks}. Equal factors are equally far apart where values spread over a factor of 50. */
function scaleOf(values, start, end, mayBeLog) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) [low, high] = [0, 1];
  if (low === high) {
    const margin = Math.abs(low) * 0.1 || 1;
    [low, high] = [low - margin, high + margin];
  }
  const log = Boolean(mayBeLog) && low > 0 && high / low >= 50;
  const f = log ? Math.log10 : (value) => value;
  // Halves: the difference of two large numbers may be infinite.
  const at = (value) => start + ((f(value) / 2 - f(low) / 2) / (f(high) / 2 - f(low) / 2)) * (end - start);
  return { at, ticks: log ? powers(low, high) : round(low, high), start, end };
}

function powers(low, high) {
  const found = [];
  for (let power = Math.ceil(Math.log10(low)); power <= Math.floor(Math.log10(high)); power++) found.push(10 ** power);
  const step = Math.max(1, Math.floor(found.length / 6));
  return found.filter((_, place) => place % step === 0);
}

function round(low, high) {
  const rough = high / 6 - low / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const found = [];
  for (let place = Math.ceil(low / step); place <= Math.floor(high / step) && found.length < 20; place++) found.push(place * step);
  return found;
}

/** A scale for a column: numbers where all values are numbers, else its different texts in order. */
function scaleOfColumn(values, start, end, mayBeLog) {
  const there = values.filter((value) => value !== null);
  const numbers = there.map(number);
  if (!numbers.includes(null)) {
    const scale = scaleOf(numbers, start, end, mayBeLog);
    return { ...scale, of: (value) => (value === null ? null : scale.at(number(value))), labels: scale.ticks.map((tick) => [scale.at(tick), short(tick)]) };
  }
  const known = [...new Set(there)].sort();
  const scale = scaleOf(known.map((_, place) => place), start, end, false);
  const place = new Map(known.map((text, index) => [text, scale.at(index)]));
  const step = Math.ceil(known.length / 12);
  return { ...scale, of: (value) => place.get(value) ?? null, labels: known.filter((_, index) => index % step === 0).map((text) => [place.get(text), cut(text, 14)]) };
}

const text = (x, y, said, anchor, more) => s("text", { x, y, "text-anchor": anchor ?? "middle", ...more }, said);
const stroke = (x1, y1, x2, y2, kind) => s("line", { x1, y1, x2, y2, class: kind ?? "ds-grid" });

/** Axes with what is written beside them. */
function frame(across, up, x, y) {
  return [
    up.labels.map(([at, said]) => [stroke(across.start, at, across.end, at), text(across.start - 6, at + 4, said, "end")]),
    across.labels.map(([at, said]) => [stroke(at, up.start, at, up.start + 4, "ds-axis"), text(at, up.start + 17, said)]),
    text((across.start + across.end) / 2, up.start + 34, x, "middle", { class: "ds-title" }),
    y ? text(across.start - 52, up.end - 16, y, "start", { class: "ds-title" }) : null,
  ];
}

/** Have the arrow keys go through things of which one is in the order of the tab key. */
function arrows(things) {
  things.forEach((thing, place) => {
    thing.setAttribute("tabindex", place === 0 ? "0" : "-1");
    thing.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      const next = things[(place + step + things.length) % things.length];
      thing.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    });
  });
}
