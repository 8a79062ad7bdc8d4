const WIDTH = 640;
const HEIGHT = 380;

function choice(name, columns, chosen, onchange) {
  const options = columns.map((column, place) => h("option", { value: place, selected: place === chosen ? "" : null }, cut(column.name, 60)));
  return h("label", {}, `${name} `, h("select", { onchange: (event) => onchange(Number(event.target.value)) }, options));
}

function scatter(data, x, y, mark) {
  const rows = data.runs.map((_, row) => row).filter((row) => x.values[row] !== null && number(y.values[row]) !== null);
  const across = scaleOfColumn(rows.map((row) => x.values[row]), 72, WIDTH - 20, true);
  const up = scaleOfColumn(rows.map((row) => y.values[row]), HEIGHT - 46, 34, false);
  const dots = rows.map((row) => mark(s("circle", { cx: across.of(x.values[row]), cy: up.of(y.values[row]), r: 5, class: "ds-dot" }), row));
  return [[WIDTH, HEIGHT], frame(across, up, cut(x.name, 60), cut(y.name, 60)), dots];
}

function parallel(data, columns, goal, mark) {
  const width = Math.max(360, 140 * columns.length);
  const places = columns.map((_, at) => 84 + (at * (width - 168)) / Math.max(1, columns.length - 1));
  const scales = columns.map((column) => scaleOfColumn(column.values, HEIGHT - 24, 44, column !== goal));
  const best = scaleOf(goal.values.map(number).filter((value) => value !== null), 0.55, 1, false);
  const lines = data.runs.map((_, row) => {
    const at = scales.map((scale, place) => [places[place], scale.of(columns[place].values[row])]).filter((point) => point[1] !== null);
    const value = number(goal.values[row]);
    const line = s("polyline", { points: at.map((point) => point.map((c) => c.toFixed(1)).join(",")).join(" "), class: "ds-line", "stroke-opacity": value === null ? 0.4 : best.at(value).toFixed(2) });
    return mark(line, row);
  });
  const axes = columns.map((column, place) => [
    stroke(places[place], HEIGHT - 24, places[place], 44, "ds-axis"),
    text(places[place], 26, cut(column.name, 18), "middle", { class: "ds-title" }),
    scales[place].labels.map(([at, said]) => text(places[place] - 6, at + 4, said, "end", { class: "ds-halo" })),
  ]);
  return [[width, HEIGHT], lines, axes];
}

export default widget((body) => {
  let data = null;
  let state = { x: 0, y: 0, chart: "Scatter" };
  const bar = h("div", { class: "ds-bar" });
  const place = h("div", { class: "ds-scroll" });
  const status = h("p", { class: "ds-told", role: "status" });
  body.append(bar, place, status);

  function tell(row) {
    const told = [...data.x, data.y[state.y]].filter((column) => column.values[row] !== null).map((column) => `${column.name} ${column.values[row]}`);
    return `${data.descriptions[row] || data.runs[row].slice(0, 8)}: ${told.join(", ")}`;
  }

  /** A mark of a run: its values are told when it is pointed at or reached by keyboard. */
  function mark(node, row) {
    node.dataset.run = data.runs[row];
    const say = () => { status.textContent = tell(row); };
    return fill(node, { role: "img", "aria-label": tell(row), onfocus: say, onpointerenter: say }, []);
  }

  function set(change) {
    state = { ...state, ...change };
    draw();
  }

  function draw() {
    const [x, y] = [data.x[state.x], data.y[state.y]];
    if (!x || !y) {
      bar.replaceChildren();
      place.replaceChildren(h("p", {}, `There is nothing to draw yet: ${data.runs.length} runs, without ${y ? "parameters that vary" : "summaries that are numbers"}.`));
      return;
    }
    const focused = [...bar.querySelectorAll("select, button")].indexOf(document.activeElement);
    const charts = ["Scatter", "Parallel coordinates"].map((name) => h("button", { type: "button", "aria-pressed": state.chart === name, onclick: () => set({ chart: name }) }, name));
    const isScatter = state.chart === "Scatter";
    bar.replaceChildren(...charts, isScatter ? choice("x", data.x, state.x, (chosen) => set({ x: chosen })) : "", choice("y", data.y, state.y, (chosen) => set({ y: chosen })));
    bar.querySelectorAll("select, button")[focused]?.focus();
    const run = place.contains(document.activeElement) ? document.activeElement.dataset.run : null;
    const [[width, height], ...parts] = isScatter ? scatter(data, x, y, mark) : parallel(data, [...data.x, y], y, mark);
    const name = isScatter ? `${y.name} against ${x.name}` : `Parallel coordinates to ${y.name}`;
    place.replaceChildren(s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": name }, parts));
    const marks = [...place.querySelectorAll("[data-run]")];
    arrows(marks);
    if (run) marks.find((node) => node.dataset.run === run)?.focus();
  }

  return (fresh) => {
    // What was chosen stays chosen when columns come or go.
    const keep = (side) => Math.max(0, fresh[side].findIndex((column) => column.name === data?.[side][state[side]]?.name));
    state = { ...state, x: data ? keep("x") : 0, y: data ? keep("y") : 0 };
    data = fresh;
    draw();
  };
});
