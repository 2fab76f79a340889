// Puts what the server says into its places. The server words and formats everything: a *view* of named texts, tables
// and plots. Nothing here makes words or figures, and nothing grows: what is kept is what one view holds.
"use strict";

(() => {
  const SHAPES = { warn: "▲ ", bad: "■ " };
  const SVG = "http://www.w3.org/2000/svg";

  const language = document.documentElement.lang || "en";
  const title = document.title;
  const by = (id) => document.getElementById(id);

  /** A wording of the page's language, with its {0}, {1} … filled. */
  function word(name, ...values) {
    const found = by("words")?.content.querySelector(`[data-word="${name}"]`);
    return (found?.textContent ?? name).replace(/\{(\d)\}/g, (_, index) => values[index] ?? "");
  }

  // ---- Small things of the document -------------------------------------------------------------------------------

  /** Writes only what differs: an untouched node keeps its selection and is not laid out again. */
  function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  function setAttribute(element, name, value) {
    if (value === undefined || value === null || value === "") element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
  }

  /** A value is a text, or an object with a text. */
  const parts = (value) => (value !== null && typeof value === "object" ? value : { text: value });

  /** Links lead into this server only, whatever a message may have said. */
  const ownPath = (href) => (typeof href === "string" && /^\/(?!\/)[^\\\p{Cc}]*$/u.test(href) ? href : undefined);

  function svg(name, attributes) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }

  // ---- Times: UTC from the server, here in the zone of who looks -------------------------------------------------------

  const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const minute = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" });

  /** As precise as the server wrote it: minutes, seconds, or milliseconds. */
  function localTime(atMs, utcText) {
    const shown = /^\d\d:\d\d$/.test(utcText) ? minute.format(atMs) : clock.format(atMs);
    return shown + (/^\d\d:\d\d:\d\d([.,]\d+)/.exec(utcText)?.[1] ?? "");
  }

  function localise(time, utcText) {
    const atMs = Number(time.dataset.at);
    if (!Number.isFinite(atMs) || Math.abs(atMs) > 8.64e15) return;
    // A text of another form (a date, words) stays as the server wrote it.
    if (/^\d\d:\d\d(:\d\d([.,]\d+)?)?$/.test(utcText)) setText(time, localTime(atMs, utcText));
    const iso = new Date(atMs).toISOString();
    setAttribute(time, "datetime", iso);
    setAttribute(time, "title", `${full.format(atMs)} · ${iso}`);
  }

  /** The words of a value, as a moment if it is one. */
  function fillWords(holder, { text, at_ms: atMs }) {
    const words = text === undefined || text === null ? "" : String(text);
    if (atMs === undefined || atMs === null) return setText(holder, words);
    let time = holder.firstElementChild;
    if (time?.tagName !== "TIME" || holder.childNodes.length !== 1) {
      time = document.createElement("time");
      holder.replaceChildren(time);
    }
    if (time.dataset.at === String(atMs) && time.dataset.utc === words) return;
    time.dataset.at = atMs;
    time.dataset.utc = words;
    setText(time, words);
    localise(time, words);
  }

  // ---- Texts -----------------------------------------------------------------------------------------------------------

  /** `element`, or in its place one of another kind with the same name and classes. */
  function asKind(element, kind) {
    if (element.tagName === kind) return element;
    const other = document.createElement(kind);
    for (const { name, value } of element.attributes) if (name !== "href") other.setAttribute(name, value);
    element.replaceWith(other);
    return other;
  }

  function putText(root, name, value) {
    const wanted = parts(value);
    const href = ownPath(wanted.href);
    for (const found of root.querySelectorAll(`[data-text="${CSS.escape(name)}"]`)) {
      const element = asKind(found, href ? "A" : "SPAN");
      setAttribute(element, "href", href);
      setAttribute(element, "data-tone", wanted.tone);
      setAttribute(element, "title", wanted.title);
      fillWords(element, wanted);
      if ("optional" in element.dataset) element.hidden = !wanted.text;
    }
  }

  // ---- Tables: rows are kept by their key, so that focus and selection stay ----------------------------------------------

  /** What each shown row was made of: a row that did not change is not touched. */
  const shown = new WeakMap();

  function putBar(cell, { bar, mark }) {
    let drawn = cell.querySelector(":scope > svg.bar");
    if (typeof bar !== "number") return drawn?.remove();
    if (!drawn) {
      drawn = svg("svg", { class: "bar", viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" });
      drawn.append(svg("rect", { class: "track", y: 2, width: 100, height: 8 }));
      drawn.append(svg("rect", { class: "fill", y: 2, height: 8 }));
      cell.prepend(drawn);
    }
    const percent = (share) => Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10;
    setAttribute(drawn.querySelector(".fill"), "width", percent(bar));
    let tick = drawn.querySelector(".mark");
    if (typeof mark !== "number") return tick?.remove();
    if (!tick) drawn.append((tick = svg("line", { class: "mark", y1: 0, y2: 12 })));
    for (const end of ["x1", "x2"]) setAttribute(tick, end, percent(mark));
  }

  function putSpark(cell, { spark }) {
    let drawn = cell.querySelector(":scope > svg.spark");
    if (typeof spark !== "string" || !spark) return drawn?.remove();
    if (!drawn) {
      drawn = svg("svg", { class: "spark", viewBox: "0 0 60 16", preserveAspectRatio: "none", "aria-hidden": "true" });
      drawn.append(svg("polyline", {}));
      cell.prepend(drawn);
    }
    setAttribute(drawn.firstChild, "points", spark);
  }

  function fillCell(cell, value, rowHref) {
    const wanted = parts(value);
    const href = ownPath(wanted.href) ?? rowHref;
    setAttribute(cell, "data-tone", wanted.tone);
    setAttribute(cell, "title", wanted.title);
    putBar(cell, wanted);
    putSpark(cell, wanted);
    let holder = cell.lastElementChild;
    if (!holder || holder.tagName === "svg") cell.append((holder = document.createElement("span")));
    holder = asKind(holder, href ? "A" : "SPAN");
    setAttribute(holder, "href", href);
    fillWords(holder, wanted);
  }

  /** The columns of a table, as its template says them. */
  function columnsOf(body) {
    const classes = body.dataset.columns.split(/\s+/).filter(Boolean).map((column) => column.replaceAll(".", " "));
    const labels = [...body.closest("table").querySelectorAll("thead th")].map((head) => head.textContent);
    const named = classes.findIndex((names) => names.split(" ").includes("name"));
    return { classes, labels, header: Math.max(0, named) };
  }

  function makeRow(key, columns) {
    const row = document.createElement("tr");
    row.dataset.key = key;
    columns.classes.forEach((names, index) => {
      const cell = document.createElement(index === columns.header ? "th" : "td");
      if (index === columns.header) cell.scope = "row";
      cell.className = names;
      if (names.split(" ").includes("label")) cell.dataset.label = columns.labels[index] ?? "";
      row.append(cell);
    });
    return row;
  }

  function fillRow(row, wanted, columns) {
    const made = JSON.stringify(wanted);
    if (shown.get(row) === made) return;
    shown.set(row, made);
    setAttribute(row, "data-tone", wanted.tone);
    const href = ownPath(wanted.href);
    columns.classes.forEach((_, index) => {
      fillCell(row.cells[index], wanted.cells[index] ?? "", index === columns.header ? href : undefined);
    });
  }

  function fillBody(body, rows) {
    const columns = columnsOf(body);
    const kept = new Map([...body.rows].map((row) => [row.dataset.key, row]));
    const wanted = new Set(rows.map((row) => row.key));
    for (const [key, row] of kept) if (!wanted.has(key)) row.remove();
    const focused = body.contains(document.activeElement) ? document.activeElement : null;
    rows.forEach((data, index) => {
      let row = kept.get(data.key);
      if (row?.cells.length !== columns.classes.length) {
        row?.remove();
        row = makeRow(data.key, columns);
      }
      kept.delete(data.key); // a key that comes twice gets a row of its own
      fillRow(row, data, columns);
      if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
    });
    while (body.rows.length > rows.length) body.rows[rows.length].remove();
    if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
  }

  /** Rows wait while somebody points at them or has the focus in them. */
  function isHeld(body) {
    const table = body.closest("table[data-hold]");
    return table !== null && (table.dataset.pointed === "yes" || table.contains(document.activeElement));
  }

  function tellHeld(name, waiting) {
    for (const note of document.querySelectorAll(`[data-held="${CSS.escape(name)}"]`)) {
      setText(note, waiting > 0 ? word("new", waiting) : "");
      note.hidden = waiting === 0;
    }
  }

  function putTable(root, name, rows) {
    for (const body of root.querySelectorAll(`tbody[data-table="${CSS.escape(name)}"]`)) {
      const held = isHeld(body);
      if (!held) fillBody(body, rows);
      const there = new Set([...body.rows].map((row) => row.dataset.key));
      tellHeld(name, held ? rows.filter((row) => !there.has(row.key)).length : 0);
    }
  }

  // ---- What the server last said -----------------------------------------------------------------------------------------

  const model = { boot: undefined, atMs: undefined, total: undefined, texts: {}, tables: {}, plots: {} };

  /** A part of a table: rows of a known key are replaced, others come to the top. */
  function withRows(old, { rows, keep }) {
    const fresh = new Map(rows.map((row) => [row.key, row]));
    const stay = old.map((row) => {
      const newer = fresh.get(row.key);
      fresh.delete(row.key);
      return newer ?? row;
    });
    return [...fresh.values(), ...stay].slice(0, keep);
  }

  /** A part of a plot: points of a known x are replaced, later ones come to the end. */
  function withPoints(old, { x, y, keep, ...rest }) {
    const plot = { ...old, ...rest, x: [...old.x], y: old.y.map((series) => [...series]) };
    x.forEach((at, index) => {
      const found = plot.x.lastIndexOf(at);
      const target = found < 0 ? plot.x.push(at) - 1 : found;
      plot.y.forEach((series, which) => (series[target] = y[which]?.[index] ?? null));
    });
    const over = Math.max(0, plot.x.length - keep);
    return { ...plot, x: plot.x.slice(over), y: plot.y.map((series) => series.slice(over)) };
  }

  function learn(said) {
    Object.assign(model.texts, said.texts);
    for (const [name, table] of Object.entries(said.tables ?? {})) {
      model.tables[name] = table.part ? withRows(model.tables[name] ?? [], table) : table;
    }
    for (const [name, plot] of Object.entries(said.plots ?? {})) {
      model.plots[name] = plot.part && model.plots[name] ? withPoints(model.plots[name], plot) : plot;
    }
    model.boot = said.boot;
    model.atMs = said.at_ms;
    model.total = said.total ?? model.total;
  }

  function forget() {
    Object.assign(model, { texts: {}, tables: {}, plots: {} });
  }

  /** The names of a kind that `root` has places for; the drawer's are its own. */
  function namesIn(root, kind) {
    const outside = root === document ? ":not(dialog *)" : "";
    return new Set([...root.querySelectorAll(`[data-${kind}]${outside}`)].map((element) => element.dataset[kind]));
  }

  /** Shows a whole view: a place that it has nothing for is emptied. */
  function showWhole(root, view) {
    for (const name of namesIn(root, "text")) putText(root, name, view.texts?.[name] ?? "");
    for (const name of namesIn(root, "table")) putTable(root, name, view.tables?.[name] ?? []);
  }

  /** Shows what of the model `said` names, or all of it. */
  function show(said) {
    if (said === model) {
      showWhole(document, model);
    } else {
      for (const name of Object.keys(said.texts ?? {})) putText(document, name, model.texts[name]);
      for (const name of Object.keys(said.tables ?? {})) putTable(document, name, model.tables[name]);
    }
    for (const name of Object.keys(said.plots ?? {})) window.ordertrail.plot?.(name, model.plots[name]);
    const tone = parts(model.texts.verdict).tone;
    if (document.title !== (SHAPES[tone] ?? "") + title) document.title = (SHAPES[tone] ?? "") + title;
  }

  // What the first HTML holds is in UTC: it cannot know the zone of who looks.
  for (const time of document.querySelectorAll("time[data-at]")) {
    time.dataset.utc = time.textContent;
    localise(time, time.textContent);
  }
  if (by("zone")) setText(by("zone"), word("zone", new Intl.DateTimeFormat(language).resolvedOptions().timeZone));

  // The other scripts stand behind this one and meet it here.
  window.ordertrail = {
    language, word, by, model, ownPath, setText, clock, putTable, showWhole, learn, forget, show,
    plot: undefined, // set by charts.js on pages that have plots
  };
})();
