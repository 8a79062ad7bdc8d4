const FIRST_ROWS = 200;
const GROUPS = { run: "", parameters: "parameters", summary: "summary", labels: "labels" };

/** What a filter asks: words that some cell has, and comparisons such as `accuracy>0.9` or `optimizer=adam`. */
function parse(filter) {
  return filter
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => {
      const found = /^([^<>=!~]+)(<=|>=|!=|=|<|>|~)(.+)$/.exec(word);
      return found ? { name: found[1].toLowerCase(), op: found[2], value: found[3] } : { word: word.toLowerCase() };
    });
}

function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  const [x, y] = [number(a), number(b)];
  if (x !== null && y !== null) return x - y;
  return a.localeCompare(b, undefined, { numeric: true });
}

function holds(test, columns, row) {
  if (test.word !== undefined) return columns.some((column) => (column.values[row] ?? "").toLowerCase().includes(test.word));
  return columns.some((column) => {
    const value = column.values[row];
    const names = [column.name.toLowerCase(), `${column.group}.${column.name}`.toLowerCase()];
    if (value === null || !names.includes(test.name)) return false;
    if (test.op === "~") return value.toLowerCase().includes(test.value.toLowerCase());
    const order = compare(value, test.value);
    return { "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0, "=": order === 0, "!=": order !== 0 }[test.op];
  });
}

function cell(column, row) {
  const value = column.values[row];
  if (value === null) return h("td");
  if (column.name === "created" && column.group === "run") return h("td", {}, h("time", { datetime: value }, new Date(value).toLocaleString()));
  return h("td", { class: number(value) === null ? "" : "ds-number" }, value);
}

export default widget((body) => {
  let data = null;
  let sorted = { key: null, down: false };
  let most = FIRST_ROWS;
  const key = (column) => `${column.group}.${column.name}`;
  const count = h("span", { role: "status", class: "ds-count" });
  const input = h("input", { type: "search", placeholder: "word, or accuracy>0.9", spellcheck: "false", oninput: () => rows() });
  const head = h("thead");
  const cells = h("tbody");
  const more = h("button", { type: "button", onclick: () => { most += FIRST_ROWS; rows(); } }, "Show more");
  const region = h("div", { class: "ds-scroll", tabindex: "0", role: "region", "aria-label": "Runs" }, h("table", {}, head, cells));
  body.append(h("div", { class: "ds-bar" }, h("label", {}, "Filter runs ", input), count), region, more);
  // JupyterLab's shortcuts must not take what is typed here.
  input.addEventListener("keydown", (event) => event.stopPropagation());

  function sortBy(column) {
    sorted = { key: key(column), down: sorted.key === key(column) ? !sorted.down : false };
    headings();
    rows();
  }

  function heading(column) {
    const here = sorted.key === key(column);
    const order = here ? (sorted.down ? "descending" : "ascending") : "none";
    const button = h("button", { type: "button", "data-key": key(column), onclick: () => sortBy(column) }, cut(column.name, 40));
    button.append(h("span", { "aria-hidden": "true", class: "ds-order" }, here ? (sorted.down ? " ▼" : " ▲") : ""));
    return h("th", { scope: "col", "aria-sort": order, title: key(column) }, button);
  }

  function headings() {
    const focused = document.activeElement?.dataset?.key;
    const groups = [];
    for (const column of data.columns) {
      const last = groups[groups.length - 1];
      if (last?.name === column.group) last.span++;
      else groups.push({ name: column.group, span: 1 });
    }
    const above = groups.map(({ name, span }) => (GROUPS[name] ? h("th", { scope: "colgroup", colspan: span }, GROUPS[name]) : h("td", { colspan: span })));
    head.replaceChildren(h("tr", { class: "ds-groups" }, above), h("tr", {}, data.columns.map(heading)));
    if (focused) [...head.querySelectorAll("button")].find((button) => button.dataset.key === focused)?.focus();
  }

  function order() {
    const tests = parse(input.value);
    const found = data.runs.map((_, row) => row).filter((row) => tests.every((test) => holds(test, data.columns, row)));
    const column = data.columns.find((candidate) => key(candidate) === sorted.key);
    if (!column) return found;
    const values = column.values;
    // Runs without a value stay at the end either way.
    return found.sort((a, b) => (values[a] === null || values[b] === null || !sorted.down ? compare(values[a], values[b]) : compare(values[b], values[a])));
  }

  function rows() {
    const found = order();
    cells.replaceChildren(...found.slice(0, most).map((row) => h("tr", { "data-run": data.runs[row] }, data.columns.map((column) => cell(column, row)))));
    const all = `${data.runs.length}${data.more ? " or more" : ""}`;
    const said = input.value.trim() ? `${found.length} of ${all} runs` : `${all} runs`;
    if (count.textContent !== said) count.textContent = said;
    more.hidden = found.length <= most;
  }

  return (fresh) => {
    const names = (columns) => JSON.stringify(columns?.map(key));
    const same = data && names(data.columns) === names(fresh.columns);
    data = fresh;
    if (!same) headings();
    rows();
  };
});
