// Draws the charts of a page, and keeps a live page up to date. Runs as it stands: no build step.
(() => {
  "use strict";
  const height = 220;
  const drawn = new Map(); // a figure's id -> its plot and what it was made of
  const live = new Map(); // a figure's id -> the points of each of its lines, as they were sent
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const short = (v) => {
    const size = Math.abs(v);
    return size !== 0 && (size < 1e-3 || size >= 1e6) ? v.toExponential(Number(v.toExponential().split("e")[0]) % 1 ? 1 : 0) : String(Number(v.toPrecision(4)));
  };
  const percent = (v) => `${Number((100 * v).toPrecision(4))} %`;

  function series(chart, name, mark, index) {
    const ink = mark === "faint" ? colour("--faint") : colour(`--series-${1 + (index % 5)}`);
    const dots = mark === "dots";
    return {
      label: name,
      stroke: ink,
      fill: mark === "bars" ? `${ink}55` : undefined,
      width: dots ? 0 : mark === "line" ? 2 : 1,
      spanGaps: true,
      pxAlign: 0, // a straight line stays straight
      paths: dots ? () => null : mark === "bars" ? uPlot.paths.bars({ size: [1, Infinity], align: 1, gap: 1 }) : undefined,
      points: dots ? { show: true, size: 7, fill: ink, width: 0 } : mark === "line" ? { size: 5, fill: ink } : { show: false },
      value: (_, v) => (v == null ? "" : chart.percent ? percent(v) : short(v)),
    };
  }

  // of an axis by powers of ten, only the powers have lines
  const powers = (_, splits) => splits.map((v) => (Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-6 ? v : null));

  function axis(label, size, log, values) {
    const grid = { stroke: colour("--rule"), width: 1 };
    if (log) grid.filter = powers;
    return { label: label || null, labelSize: 20, labelFont: "12px sans-serif", font: "12px sans-serif", stroke: colour("--quiet"), size, gap: 4, grid,
      ticks: { show: false }, values };
  }

  // a bar begins at its x, and the last one ends where no x is
  const untilLastBar = (u, low, high) => {
    const xs = u.data[0];
    return [low, high === xs.at(-1) && xs.length > 1 ? high + xs[1] - xs[0] : high];
  };

  function options(chart, width) {
    const bars = chart.series.some((s) => s.mark === "bars");
    const written = (_, values) => values.map((v) => (v == null ? "" : chart.percent ? percent(v) : short(v)));
    return {
      width,
      height,
      scales: {
        x: { time: false, distr: chart.logX ? 3 : 1, ...(bars && { range: untilLastBar }) },
        y: chart.logY ? { distr: 3 } : bars ? { range: (_, __, high) => [0, high > 0 ? 1.05 * high : 1] } : {},
      },
      axes: [axis(chart.x, 28, chart.logX, (_, values) => values.map((v) => (v == null ? "" : short(v)))), axis("", 56, chart.logY, written)],
      series: [{ label: chart.x, value: (_, v) => (v == null ? "" : short(v)) }, ...chart.series.map((s, i) => series(chart, s.name, s.mark, i))],
      legend: { show: chart.series.length > 1 },
      cursor: { drag: { x: true, y: false } },
    };
  }

  // what a plot must be made anew for; numbers alone are only put in
  const kind = (chart) => JSON.stringify([chart.x, chart.logX, chart.logY, chart.percent, chart.series]);

  function draw(figure, before) {
    const chart = JSON.parse(figure.querySelector("script").textContent);
    if (live.has(figure.id)) chart.data = aligned(live.get(figure.id));
    const place = figure.querySelector(".plot");
    const old = before ?? drawn.get(figure.id);
    if (old && old.kind === kind(chart)) {
      place.replaceChildren(old.plot.root);
      old.plot.setData(chart.data);
      drawn.set(figure.id, old);
    } else {
      old?.plot.destroy();
      const plot = new uPlot(options(chart, place.clientWidth || 320), chart.data, place);
      drawn.set(figure.id, { plot, kind: kind(chart) });
    }
    fit(figure);
    figure.dataset.drawn = "true";
  }

  function fit(figure) {
    const { plot } = drawn.get(figure.id);
    const width = figure.querySelector(".plot").clientWidth;
    if (width > 0 && width !== plot.width) plot.setSize({ width, height });
  }

  function drawAll(root) {
    if (typeof uPlot === "undefined") return;
    for (const figure of root.querySelectorAll("figure.chart")) draw(figure);
  }

  function redraw() {
    for (const { plot } of drawn.values()) plot.destroy();
    drawn.clear();
    drawAll(document);
  }

  // all lines over one ascending row of x, null where one has no point
  function aligned(lines) {
    const xs = [...new Set(lines.flatMap((line) => line.x))].sort((a, b) => a - b);
    const places = new Map(xs.map((x, i) => [x, i]));
    const rows = lines.map((line) => {
      const row = new Array(xs.length).fill(null);
      line.x.forEach((x, i) => (row[places.get(x)] = line.y[i]));
      return row;
    });
    return [xs, ...rows];
  }

  // the numbers under a chart, as many rows as one reads; they are written while someone looks
  function tabulate(figure) {
    const details = figure.querySelector("details");
    const body = figure.querySelector("tbody");
    if (!details.open || !body || !live.has(figure.id)) return;
    const data = aligned(live.get(figure.id));
    const count = data[0].length;
    const shown = Math.min(count, 100);
    const text = (v, i) => (v == null ? "" : i > 0 && "percent" in body.parentElement.dataset ? percent(v) : short(v));
    const rows = Array.from({ length: shown }, (_, n) => {
      const place = shown === 1 ? 0 : Math.floor((n * (count - 1)) / (shown - 1));
      const row = document.createElement("tr");
      row.append(...data.map((values, i) => Object.assign(document.createElement("td"), { textContent: text(values[place], i) })));
      return row;
    });
    body.replaceChildren(...rows);
    const note = details.querySelector("p.note") ?? details.appendChild(Object.assign(document.createElement("p"), { className: "note" }));
    note.textContent = shown < count ? `${shown} of ${count} rows.` : "";
  }

  function replace(section, html) {
    const open = [...section.querySelectorAll("details")].map((d) => d.open);
    section.innerHTML = html;
    section.querySelectorAll("details").forEach((d, i) => (d.open = open[i] ?? d.open));
    for (const figure of section.querySelectorAll("figure.chart")) live.delete(figure.id);
    drawAll(section);
  }

  // points from a place on: those before it stay
  function extend(chart, lines) {
    const figure = document.querySelectorAll("#part-0 figure.chart")[chart];
    if (!figure) return;
    const known = live.get(figure.id) ?? lines.map(() => ({ x: [], y: [] }));
    lines.forEach(({ from, x, y }, i) => {
      known[i].x.length = known[i].y.length = from;
      known[i].x.push(...x);
      known[i].y.push(...y);
    });
    live.set(figure.id, known);
    drawn.get(figure.id)?.plot.setData(aligned(known));
    tabulate(figure);
  }

  // the server sends what has changed: facts, points that curves gained, parts that were written again; folds that were opened stay open
  function listen() {
    const state = document.getElementById("connection");
    const events = new EventSource("events");
    const on = (name, act) => events.addEventListener(name, (event) => act(JSON.parse(event.data)));
    on("part", ({ part, html }) => {
      const section = document.getElementById(`part-${part}`);
      if (section) replace(section, html);
    });
    on("facts", ({ html }) => {
      const facts = document.querySelector("#part-0 .facts");
      if (facts) facts.outerHTML = html;
    });
    on("curves", ({ chart, lines }) => extend(chart, lines));
    document.addEventListener("toggle", (event) => {
      const figure = event.target.closest?.("figure.chart");
      if (figure) tabulate(figure);
    }, true);
    events.addEventListener("open", () => (state.textContent = "live"));
    events.addEventListener("end", () => { events.close(); state.textContent = "the run's program has ended"; });
    events.addEventListener("error", () => (state.textContent = "not connected: the run's program has ended, or is away"));
  }

  drawAll(document);
  dark.addEventListener("change", redraw);
  addEventListener("resize", () => document.querySelectorAll("figure[data-drawn]").forEach(fit));
  if ("live" in document.documentElement.dataset) listen();
})();
