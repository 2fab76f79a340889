// Draws the plots of a page with uPlot. Words and figures come from the table beside each plot: here is only ink.
"use strict";

(() => {
  const { language, word, model, setText } = window.ordertrail;
  const FONT = "12px system-ui, sans-serif";
  const MINUTE_S = 60;
  const LABELS_WIDTH_PX = 76;
  const LABEL_HEIGHT_PX = 14;
  const HALF_LABEL_PX = 18;
  const COUNTS = [1, 2, 5].flatMap((step) => [...Array(13).keys()].map((power) => step * 10 ** power)).sort((a, b) => a - b);
  const TENTHS = [0.1, 0.2, 0.5, ...COUNTS];
  const SPANS_S = [1, 5, 10, 15, 30, 60, 180, 360, 720, 1440].map((minutes) => minutes * MINUTE_S);
  const LINES = [{ width: 1 }, { width: 1.5, dash: [4, 3] }, { width: 2 }];

  const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const compact = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });

  // ---- Colours: the style sheet's own ----------------------------------------------------------------------------------

  /** A colour of the style sheet as canvas understands it, for the theme that is shown. */
  function colour(name) {
    const probe = document.createElement("i");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const resolved = getComputedStyle(probe).color;
    probe.remove();
    return resolved;
  }

  const faint = (rgb, share) => rgb.replace(/^rgb\((.*)\)$/, (_, channels) => `rgb(${channels.replaceAll(",", " ")} / ${share})`);

  /** Slanted lines for the minute that still runs: it is no full minute, and must not look like one. */
  function hatch(context, stroke) {
    const tile = document.createElement("canvas");
    const size = Math.round(6 * devicePixelRatio);
    tile.width = tile.height = size;
    const ink = tile.getContext("2d");
    ink.strokeStyle = stroke;
    ink.lineWidth = devicePixelRatio;
    for (const shift of [-size, 0, size]) {
      ink.moveTo(shift, size);
      ink.lineTo(shift + size, 0);
    }
    ink.stroke();
    return context.createPattern(tile, "repeat");
  }

  // ---- What is drawn ------------------------------------------------------------------------------------------------------

  const atLeastNothing = (values) => values.map((value) => value ?? 0);

  /** The columns that uPlot draws. The running minute stands in a column of its own, joined to nothing. */
  function columnsOf(chart, { x, y }) {
    // What is measured of the running minute is as true as of any other; only what is counted is not whole yet.
    if (chart.kind === "lines") return [x, ...y];
    const last = chart.running ? x.length - 1 : x.length;
    const done = y.map((series) => series.map((value, index) => (index < last ? value : null)));
    if (chart.kind === "bars") {
      const totals = x.map((_, index) => y.reduce((sum, series) => sum + (series[index] ?? 0), 0));
      const stacked = done.map((_, which) =>
        x.map((_, index) => (index < last ? atLeastNothing(y.slice(0, which + 1).map((series) => series[index])).reduce((a, b) => a + b) : null)));
      return [x, ...stacked.reverse(), totals.map((total, index) => (index < last ? null : total))];
    }
    const running = x.map((_, index) => (index < last ? null : y.at(-1)[index]));
    return chart.kind === "area" && chart.running ? [x, ...done, running] : [x, ...done];
  }

  function seriesOf(chart) {
    const colours = chart.series.map((which) => colour(`series-${which}`));
    if (chart.kind === "bars") {
      const paths = uPlot.paths.bars({ size: [0.8, 24], gap: 0 });
      const points = { show: false };
      const stacked = colours.map((fill) => ({ paths, points, fill, width: 0 })).reverse();
      const running = { paths, points, fill: (plot) => hatch(plot.ctx, colours[0]), stroke: colours[0], width: 1 };
      return [{}, ...stacked, running];
    }
    if (chart.kind === "area") {
      const line = { stroke: colours[0], fill: faint(colours[0], 0.12), width: 2, points: { show: false } };
      const running = { stroke: colours[0], paths: () => null, points: { show: true, size: 7, fill: colour("card") } };
      return chart.running ? [{}, line, running] : [{}, line];
    }
    const points = { show: true, size: 4, filter: lone };
    return [{}, ...colours.map((stroke, index) => ({ stroke, points: { ...points, fill: stroke }, ...LINES[index % LINES.length] }))];
  }

  /** Values without a neighbour: no line leads to them, so each gets a dot. */
  function lone(plot, which) {
    const values = plot.data[which];
    return values.flatMap((value, at) => (value !== null && (values[at - 1] ?? values[at + 1] ?? null) === null ? [at] : []));
  }

  /** From nothing to a round figure above all; with a limit, so that it is seen: doubled until everything fits. */
  function heightFor(chart, highest) {
    if (chart.range) return chart.range;
    if (chart.limit) {
      let top = chart.limit * 1.2;
      while (top < highest && Number.isFinite(highest)) top *= 2;
      return [0, top];
    }
    const need = Math.max(4 * chart.steps[0], (highest ?? 0) * 1.1);
    const step = chart.steps.find((step) => step * 4 >= need) ?? need / 4;
    return [0, Math.ceil(need / step) * step];
  }

  function axesOf(chart) {
    const common = { stroke: colour("muted"), font: FONT, ticks: { show: false } };
    const grid = { stroke: colour("hairline"), width: 1 };
    return [
      { ...common, grid: { show: false }, incrs: SPANS_S, space: 64, size: 24, gap: 4, values: (_, at) => at.map((s) => clock.format(s * 1000)) },
      { ...common, grid, incrs: chart.steps, space: 36, size: 44, gap: 6, values: (_, at) => at.map((value) => compact.format(value)) },
    ];
  }

  function drawLimit(chart, plot) {
    if (!chart.limit) return;
    const { ctx, bbox } = plot;
    const y = plot.valToPos(chart.limit, "y", true);
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour("warn");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = FONT.replace("12px", `${12 * devicePixelRatio}px`);
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillText(word("limit"), bbox.left + bbox.width + 6 * devicePixelRatio, y);
    ctx.restore();
  }

  /** Names and last figures at the ends of lines, pushed apart: no legend to decode. */
  function drawLabels(chart, plot) {
    if (chart.kind !== "lines") return;
    const { ctx, bbox } = plot;
    const labels = [];
    plot.data.slice(1).forEach((values, index) => {
      const last = values.findLastIndex((value) => value !== null);
      if (last < 0) return;
      // One line needs no name: the title says it.
      const name = plot.data.length > 2 ? `${chart.labels[index + 1]} ` : "";
      const text = `${name}${cellsAt(chart, plot.data[0][last])?.[index + 1] ?? ""}`;
      labels.push({ text, y: plot.valToPos(values[last], "y", true), fill: plot.series[index + 1].stroke() });
    });
    if (chart.limit) labels.push({ text: "", y: plot.valToPos(chart.limit, "y", true) });
    labels.sort((a, b) => b.y - a.y);
    ctx.save();
    ctx.font = FONT.replace("12px", `${12 * devicePixelRatio}px`);
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    let below = Infinity;
    for (const { text, y, fill } of labels) {
      const at = Math.min(y, below - LABEL_HEIGHT_PX * devicePixelRatio);
      below = at;
      ctx.fillStyle = fill ?? "transparent";
      ctx.fillText(text, bbox.left + bbox.width + 6 * devicePixelRatio, at);
    }
    ctx.restore();
  }

  // ---- The cursor: by pointer or by arrow keys, its figures from the table ------------------------------------------------

  const rowAt = (chart, x) => chart.body?.querySelector(`tr[data-key="${CSS.escape(String(x))}"]`);
  const cellsAt = (chart, x) => {
    const row = rowAt(chart, x);
    return row && [...row.cells].map((cell) => cell.textContent);
  };

  function tell(chart, index) {
    const cells = index === null || index === undefined ? null : cellsAt(chart, chart.plot.data[0][index]);
    const words = cells?.map((text, column) => (column === 0 ? text : `${chart.labels[column]} ${text}`)).join(" · ");
    setText(chart.readout, words ?? "");
  }

  function moveCursor(chart, index) {
    const { plot } = chart;
    chart.at = Math.min(plot.data[0].length - 1, Math.max(0, index));
    chart.readout.setAttribute("aria-live", "polite");
    plot.setCursor({ left: plot.valToPos(plot.data[0][chart.at], "x"), top: 0 });
  }

  function keyPressed(chart, event) {
    if (!chart.plot || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = chart.plot.data[0].length - 1;
    const from = chart.at ?? last + 1;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    moveCursor(chart, to);
  }

  function left(chart) {
    chart.at = undefined;
    chart.readout.setAttribute("aria-live", "off");
    chart.plot?.setCursor({ left: -10, top: -10 });
  }

  // ---- One figure --------------------------------------------------------------------------------------------------------

  function optionsOf(chart) {
    return {
      width: chart.box.clientWidth,
      height: chart.box.clientHeight,
      padding: [8, chart.kind === "lines" ? LABELS_WIDTH_PX : HALF_LABEL_PX, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: chart.kind !== "bars" } },
      scales: {
        x: { time: false, range: (_, low, high) => (chart.kind === "bars" ? [low - chart.step / 2, high + chart.step / 2] : [low, high]) },
        y: { range: (_, __, highest) => heightFor(chart, highest) },
      },
      axes: axesOf(chart),
      series: seriesOf(chart),
      hooks: {
        draw: [(plot) => drawLimit(chart, plot), (plot) => drawLabels(chart, plot)],
        setCursor: [(plot) => tell(chart, plot.cursor.idx)],
      },
    };
  }

  function draw(chart, data) {
    if (!data?.x?.length || !data.y?.length || chart.box.clientWidth === 0) return;
    const columns = columnsOf(chart, data);
    const limit = data.limit ?? null;
    chart.range = data.range ?? null;
    chart.step = data.x.length > 1 ? data.x[1] - data.x[0] : MINUTE_S;
    if (chart.plot && chart.limit === limit && chart.plot.data.length === columns.length) {
      chart.plot.setData(columns);
      return;
    }
    chart.plot?.destroy();
    chart.limit = limit;
    chart.plot = new uPlot(optionsOf(chart), columns, chart.box);
  }

  function redraw(chart) {
    chart.plot?.destroy();
    chart.plot = null;
    draw(chart, model.plots[chart.name]);
  }

  function chartOf(figure) {
    const { plot: name, kind, series = "1" } = figure.dataset;
    const body = figure.querySelector("tbody");
    const chart = {
      name, kind, body, plot: null, limit: null, range: null, step: MINUTE_S, at: undefined,
      running: "running" in figure.dataset,
      // What is counted comes in whole numbers, a rate does not.
      steps: "rate" in figure.dataset ? TENTHS : COUNTS,
      series: series.split(" "),
      labels: [...figure.querySelectorAll("thead th")].map((head) => head.textContent),
      box: figure.querySelector(".plot"),
      readout: figure.querySelector(".readout"),
    };
    chart.readout.setAttribute("aria-live", "off");
    chart.box.addEventListener("keydown", (event) => keyPressed(chart, event));
    chart.box.addEventListener("blur", () => left(chart));
    new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = chart.box;
      if (!chart.plot) draw(chart, model.plots[name]);
      else if (width && (width !== chart.plot.width || height !== chart.plot.height)) chart.plot.setSize({ width, height });
    }).observe(chart.box);
    return chart;
  }

  const charts = new Map([...document.querySelectorAll("figure[data-plot]")].map((figure) => [figure.dataset.plot, chartOf(figure)]));
  window.ordertrail.plot = (name, data) => charts.has(name) && draw(charts.get(name), data);
  document.addEventListener("colours", () => charts.forEach(redraw));
  charts.forEach((chart) => draw(chart, model.plots[chart.name])); // the stream may have been faster
})();
