const WIDTH = 360;
const HEIGHT = 210;

/** One curve, through which the arrow keys and the pointer lead from point to point. */
function makeChart(name) {
  const drawing = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: "slider", tabindex: "0", "aria-label": name });
  const said = h("span", { class: "ds-value" });
  const figure = h("figure", { "data-curve": name }, h("figcaption", {}, h("strong", {}, cut(name, 60)), " ", said), drawing);
  const dot = s("circle", { r: 4, class: "ds-dot" });
  let curve = null;
  let scales = null;
  let at = null;

  function show() {
    const place = at ?? curve.steps.length - 1;
    const value = curve.values[place];
    const told = value === null || value === undefined ? "no number" : short(value);
    said.textContent = `${told} at step ${curve.steps[place] ?? 0}`;
    fill(drawing, { "aria-valuemin": 0, "aria-valuemax": Math.max(0, curve.steps.length - 1), "aria-valuenow": Math.max(0, place), "aria-valuetext": said.textContent }, []);
    dot.style.display = at === null || value === null ? "none" : "";
    if (at !== null && value !== null) fill(dot, { cx: scales.across.at(curve.steps[place]), cy: scales.up.at(value) }, []);
  }

  function move(place) {
    at = place === null ? null : Math.min(Math.max(place, 0), curve.steps.length - 1);
    show();
  }

  const here = () => at ?? curve.steps.length - 1;
  const keys = { ArrowLeft: () => here() - 1, ArrowDown: () => here() - 1, ArrowRight: () => here() + 1, ArrowUp: () => here() + 1, Home: () => 0, End: () => curve.steps.length - 1 };
  drawing.addEventListener("keydown", (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    move(keys[event.key]());
  });
  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDTH;
    let best = null;
    curve.steps.forEach((step, place) => {
      const distance = Math.abs(scales.across.at(step) - x);
      if (best === null || distance < best[0]) best = [distance, place];
    });
    move(best?.[1] ?? null);
  });
  drawing.addEventListener("pointerleave", () => move(null));

  function draw(fresh) {
    curve = fresh;
    const across = scaleOf(curve.steps, 60, WIDTH - 12, false);
    const up = scaleOf(curve.values.filter((value) => value !== null), HEIGHT - 42, 14, false);
    scales = { across, up };
    const labelled = (scale) => ({ ...scale, labels: scale.ticks.map((tick) => [scale.at(tick), short(tick)]) });
    const path = [];
    let pen = "M";
    curve.steps.forEach((step, place) => {
      const value = curve.values[place];
      if (value !== null) path.push(`${pen}${across.at(step).toFixed(1)},${up.at(value).toFixed(1)}`);
      pen = value === null ? "M" : "L";
    });
    const parts = frame(labelled(across), labelled(up), "step").flat(Infinity).filter(Boolean);
    drawing.replaceChildren(...parts, s("path", { d: path.join(""), class: "ds-line" }), dot);
    if (at !== null) at = Math.min(at, curve.steps.length - 1);
    show();
  }

  return { figure, draw };
}

export default widget((body) => {
  const title = h("p", { class: "ds-heading", role: "status" });
  const grid = h("div", { class: "ds-grid-of-charts" });
  const more = h("p", {});
  const charts = new Map();
  let run = null;
  body.append(title, grid, more);

  return (data) => {
    const said = data.run ? `Run ${data.run.slice(0, 8)}, ${data.status}${data.description ? `: ${data.description}` : ""}` : "No run is recorded yet.";
    const told = data.run && !data.curves.length ? `${said}. It has logged no curves.` : said;
    if (title.textContent !== told) title.textContent = told;
    if (run !== data.run) {
      charts.clear();
      grid.replaceChildren();
      run = data.run;
    }
    for (const curve of data.curves) {
      if (!charts.has(curve.name)) {
        charts.set(curve.name, makeChart(curve.name));
        grid.append(charts.get(curve.name).figure);
      }
      charts.get(curve.name).draw(curve);
    }
    more.textContent = data.more ? `${data.more} more curves are not shown.` : "";
  };
});
