// What people touch: tables that wait, the drawer of one order, forms that send, colours.
"use strict";

(() => {
  const { language, word, by, ownPath, setText, putTable, showWhole } = window.ordertrail;
  const DRAWER_EVERY_MS = 2000;
  const YEAR_S = 31_536_000;
  const THEMES = ["auto", "light", "dark"];

  // ---- Tables wait while somebody points at them ---------------------------------------------------------------------------

  /** Shows what waited, now that nobody is in the table any more. */
  function release(table) {
    const { model } = window.ordertrail;
    for (const body of table.tBodies) {
      const name = body.dataset.table;
      if (model.tables[name] && by("pause").getAttribute("aria-pressed") !== "true") putTable(document, name, model.tables[name]);
    }
  }

  for (const table of document.querySelectorAll("table[data-hold]")) {
    // A finger leaves no pointer behind: only a mouse may hold a table by being over it.
    table.addEventListener("pointerenter", (event) => {
      if (event.pointerType === "mouse") table.dataset.pointed = "yes";
    });
    table.addEventListener("pointerleave", () => {
      delete table.dataset.pointed;
      release(table);
    });
    table.addEventListener("focusout", () => setTimeout(release, 0, table));
  }

  // ---- The drawer of one order -------------------------------------------------------------------------------------------------

  const drawer = by("drawer");
  let shownHref = null;
  let fromTable = null;
  let timer = 0;
  let asked = null;

  const rowLink = (row) => row?.querySelector("th a[href], td a[href]");
  const linkTo = (href) => fromTable && [...fromTable.querySelectorAll("th a[href]")].find((link) => link.getAttribute("href") === href);

  function drawerFailed(reason) {
    const note = drawer.querySelector("[data-failed]");
    note.hidden = !reason;
    setText(note, reason ? word("not_loaded", reason) : "");
  }

  /** Asks for the order that is shown, and again every two seconds: its story may go on. */
  async function loadOrder() {
    clearTimeout(timer);
    asked?.abort();
    asked = new AbortController();
    const { signal } = asked;
    const href = shownHref;
    try {
      const answer = await fetch(`/api/view?of=${encodeURIComponent(href)}`, { signal, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
      const view = await answer.json();
      if (href !== shownHref) return;
      showWhole(drawer, view);
      drawerFailed("");
    } catch (error) {
      if (signal.aborted) return;
      drawerFailed(error.message);
    }
    if (drawer.open && href === shownHref) timer = setTimeout(loadOrder, DRAWER_EVERY_MS);
  }

  function showOrder(href) {
    shownHref = href;
    drawer.querySelector("[data-body]").replaceChildren(by("drawer-body").content.cloneNode(true));
    drawer.querySelector("[data-whole]").setAttribute("href", href);
    drawerFailed("");
    for (const button of drawer.querySelectorAll("[data-step]")) button.disabled = !neighbour(Number(button.dataset.step));
    loadOrder();
  }

  function openDrawer(table, href) {
    fromTable = table;
    showOrder(href);
    if (!drawer.open) drawer.showModal();
  }

  /** The link of the next order in the table, below (1) or above (-1). */
  function neighbour(step) {
    const row = linkTo(shownHref)?.closest("tr");
    let next = row;
    do next = step > 0 ? next?.nextElementSibling : next?.previousElementSibling;
    while (next && !ownPath(rowLink(next)?.getAttribute("href")));
    return rowLink(next)?.getAttribute("href");
  }

  function stepOrder(step) {
    const href = neighbour(step);
    if (href) showOrder(href);
  }

  function drawerClosed() {
    // A browser tells of a closing some time after it: by then another order may be open.
    if (drawer.open) return;
    clearTimeout(timer);
    asked?.abort();
    // The row that was opened may have moved, or be gone from the list by now.
    const back = linkTo(shownHref) ?? fromTable?.querySelector("th a[href]") ?? by("main");
    back.focus({ preventScroll: true });
    shownHref = null;
  }

  /** A plain click on a row or its link; with a key held, or after marking text, the browser does what it always does. */
  function rowClicked(event) {
    const row = event.target.closest("tbody tr");
    const link = event.target.closest("a") ?? rowLink(row);
    const href = ownPath(link?.getAttribute("href"));
    if (!href || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (!event.target.closest("a") && String(getSelection())) return;
    if (!href.startsWith(event.currentTarget.dataset.drawer)) return event.target.closest("a") ? undefined : location.assign(href);
    event.preventDefault();
    openDrawer(event.currentTarget, href);
  }

  if (drawer) {
    for (const table of document.querySelectorAll("table[data-drawer]")) table.addEventListener("click", rowClicked);
    drawer.addEventListener("close", drawerClosed);
    drawer.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (event.target === drawer || button?.hasAttribute("data-close")) drawer.close();
      else if (button?.dataset.step) stepOrder(Number(button.dataset.step));
    });
    drawer.addEventListener("keydown", (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!step || event.target.closest("pre, input, select, textarea")) return;
      event.preventDefault();
      stepOrder(step);
    });
  }

  // ---- Forms that send --------------------------------------------------------------------------------------------------------------

  const TOKEN = "ordertrail-token";

  /** A random UUID; also where `crypto.randomUUID` is missing because the page came over plain HTTP. */
  function randomId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  function bodyOf(form) {
    const body = {};
    for (const field of form.elements) {
      if (field.name) body[field.name] = field.type === "number" ? field.valueAsNumber : field.value;
    }
    return body;
  }

  function answerWith(form, tone, text) {
    const answer = form.querySelector(".answer");
    answer.dataset.tone = tone;
    setText(answer, text);
  }

  async function send(event) {
    event.preventDefault();
    const form = event.target;
    const button = form.querySelector("button");
    const token = form.querySelector("[data-token]").value;
    const body = bodyOf(form);
    // The same entry sent again after silence carries the same number, so that it counts once.
    const entry = JSON.stringify(body);
    if (form.entry !== entry) Object.assign(form, { entry, entryId: randomId() });
    body[form.dataset.once] = form.entryId;
    button.disabled = true;
    answerWith(form, "muted", word("sending"));
    try {
      const answer = await fetch(form.dataset.post, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Accept-Language": language, Authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      });
      const text = (await answer.text()).trim();
      answerWith(form, answer.ok ? "good" : "bad", text || `${answer.status} ${answer.statusText}`);
      if (answer.ok) sessionStorage.setItem(TOKEN, token);
      if (answer.status < 500) form.entry = null;
    } catch {
      answerWith(form, "warn", word("not_sent"));
    }
    button.disabled = false;
  }

  for (const form of document.querySelectorAll("form[data-post]")) {
    form.addEventListener("submit", send);
    form.querySelector("[data-token]").value = sessionStorage.getItem(TOKEN) ?? "";
  }

  // ---- Colours ------------------------------------------------------------------------------------------------------------------------

  function setTheme(theme) {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    const button = by("theme");
    button.dataset.themeNow = theme;
    button.value = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    setText(button.querySelector(".words"), word(theme));
    document.dispatchEvent(new Event("colours"));
  }

  by("theme")?.addEventListener("click", (event) => {
    event.preventDefault();
    const theme = event.currentTarget.value;
    document.cookie = `theme=${theme}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax`;
    setTheme(theme);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("colours")));
})();
