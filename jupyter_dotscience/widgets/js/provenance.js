export default widget((body) => {
  const place = h("div", { class: "ds-scroll" });
  const details = h("dl", { class: "ds-facts", "aria-live": "polite" });
  body.append(place, details);
  let shown = 0;

  function tell(data, number) {
    shown = number;
    const node = data.nodes[number];
    const facts = [[node.kind, node.label], ...node.facts];
    details.replaceChildren(...facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
    place.querySelectorAll("[data-node]").forEach((box) => box.setAttribute("aria-pressed", box.dataset.node === String(number)));
  }

  return (data) => {
    const [wide, high] = data.box;
    const width = Math.max(...data.nodes.map((node) => node.x)) + wide + 10;
    const height = Math.max(...data.nodes.map((node) => node.y)) + high + 10;
    const edges = data.nodes.flatMap((node) => node.sources.map((source) => {
      const [x1, y1, x2, y2] = [data.nodes[source].x + wide, data.nodes[source].y + high / 2, node.x, node.y + high / 2];
      return s("path", { d: `M${x1},${y1} C${(x1 + x2) / 2},${y1} ${(x1 + x2) / 2},${y2} ${x2},${y2}`, class: "ds-edge" });
    }));
    const boxes = data.nodes.map((node, number) => {
      const from = node.sources.map((source) => data.nodes[source].label).join(", ");
      const label = `${node.kind} ${node.label}${from ? `, from ${from}` : ""}`;
      const show = () => tell(data, number);
      return s("g", { role: "button", "data-node": number, "aria-label": label, "aria-pressed": false, onclick: show, onfocus: show },
        s("rect", { x: node.x, y: node.y, width: wide, height: high, rx: node.kind === "run" ? high / 2 : 3, class: `ds-${node.kind}` }),
        text(node.x + wide / 2, node.y + high / 2 + 4, cut(node.label, 25)));
    });
    place.replaceChildren(s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": `Where ${data.file} comes from` }, edges, boxes));
    arrows(boxes);
    if (data.cut) place.append(h("p", {}, "It has more ancestors, which are not shown."));
    tell(data, Math.min(shown, data.nodes.length - 1));
  };
});
