// The stream: opens it, notices when it falls silent, opens it again, and lets people pause it.
"use strict";

(() => {
  const { word, by, model, setText, clock, learn, forget, show } = window.ordertrail;
  const SLOW_AFTER_MS = 2500;
  const STALE_AFTER_MS = 5000;
  const REOPEN_AFTER_S = [1, 2, 4, 8, 15];
  const HIDDEN_CLOSES_AFTER_MS = 30_000;
  const SUMMARY_EVERY_MS = 30_000;

  // Said once: the drawer must not change what this page's stream is about.
  const address = `/events?of=${encodeURIComponent(location.pathname + location.search)}`;
  const now = () => performance.now();

  let source = null;
  let lastBeatMs = now();
  let attempts = 0;
  let reopenAtMs = null;
  let asleep = false;
  let hiddenTimer = 0;
  let lost = false;
  // Where there is no page, nothing is asked for either.
  const missing = "missing" in by("main").dataset;
  let gone = missing;
  let pausedTotal = null;
  const isPaused = () => by("pause").getAttribute("aria-pressed") === "true";

  // ---- The one live region: changes of state at once, a summary now and then, never each tick ----------------------------

  const spoken = { verdict: undefined, summary: undefined, atMs: now() };

  const textOf = (name) => {
    const value = model.texts[name];
    return (typeof value === "object" ? value?.text : value) ?? "";
  };

  const say = (text) => setText(by("announce"), text);

  function sayWhatChanged() {
    const verdict = textOf("verdict");
    if (spoken.verdict !== undefined && spoken.verdict !== verdict) say(verdict);
    spoken.verdict = verdict;
    const summary = textOf("summary");
    if (!summary || summary === spoken.summary || now() - spoken.atMs < SUMMARY_EVERY_MS) return;
    if (spoken.summary !== undefined) say(summary);
    spoken.summary = summary;
    spoken.atMs = now();
  }

  // ---- What people see of it ---------------------------------------------------------------------------------------------

  function badge(tone, text, time) {
    const live = by("live");
    live.dataset.tone = tone;
    let at = live.querySelector(".clock");
    if (!at) {
      at = document.createElement("span");
      at.className = "clock";
      live.replaceChildren(document.createTextNode(""), at);
    }
    if (live.firstChild.data !== text) live.firstChild.data = text;
    setText(at, time ? ` · ${time}` : "");
  }

  function showBadge() {
    const silentMs = now() - lastBeatMs;
    const time = model.atMs ? clock.format(model.atMs) : "";
    if (gone) badge("warn", word("over"), "");
    else if (lost) badge("bad", word("no_answer"), "");
    else if (isPaused()) badge("warn", word("paused"), "");
    else if (model.boot === undefined) badge("muted", word("connecting"), "");
    else if (silentMs > SLOW_AFTER_MS || source === null) badge("warn", word("ago", Math.floor(silentMs / 1000)), "");
    else badge("good", word("live"), time);
  }

  function showLost() {
    document.body.classList.toggle("stale", lost || gone);
    by("lost").hidden = missing || (!lost && !gone);
    by("retry").hidden = gone;
    if (gone) return setText(by("lost-text"), word("gone"));
    if (!lost) return;
    const atMs = model.atMs ?? Number(document.querySelector('[data-text="as_of"] time')?.dataset.at ?? NaN);
    const time = Number.isFinite(atMs) ? clock.format(atMs) : "–";
    const left = reopenAtMs === null ? 0 : Math.max(0, Math.ceil((reopenAtMs - now()) / 1000));
    setText(by("lost-text"), left > 0 ? word("lost", time, left) : word("trying", time));
  }

  function showPause() {
    const paused = isPaused();
    const missed = paused && pausedTotal !== null ? model.total - pausedTotal : 0;
    const words = missed > 0 ? `${word("resume")} ${word("new", missed.toLocaleString(window.ordertrail.language))}` : word("resume");
    setText(by("pause"), paused ? words : word("pause"));
  }

  // ---- The stream ----------------------------------------------------------------------------------------------------------

  function close() {
    source?.close();
    source = null;
  }

  function reopenLater() {
    close();
    if (asleep || reopenAtMs !== null) return;
    reopenAtMs = now() + REOPEN_AFTER_S[Math.min(attempts, REOPEN_AFTER_S.length - 1)] * 1000;
    attempts += 1;
  }

  function receive(event, isWhole) {
    let said;
    try {
      said = JSON.parse(event.data);
    } catch {
      return reopenLater();
    }
    // A server that was started anew tells everything first; its ticks mean nothing without that.
    if (!isWhole && said.boot !== model.boot) return reopenLater();
    lastBeatMs = now();
    attempts = 0;
    if (isWhole) forget();
    learn(said);
    if (!isPaused()) show(isWhole ? model : said);
    if (lost) say(word("back"));
    lost = false;
    sayWhatChanged();
    showAll();
  }

  function open() {
    close();
    reopenAtMs = null;
    asleep = false;
    const openedMs = now();
    source = new EventSource(address);
    source.openedMs = openedMs;
    source.addEventListener("view", (event) => receive(event, true));
    source.addEventListener("tick", (event) => receive(event, false));
    source.addEventListener("error", failed);
  }

  /** Our own pace: the browser's has no countdown. An answer that was refused says why: nothing may be there any more. */
  function failed() {
    const refused = source?.readyState === EventSource.CLOSED;
    reopenLater();
    if (refused) fetch(address.replace("/events", "/api/view")).then(({ status }) => status === 404 && end(), () => {});
  }

  function end() {
    gone = true;
    sleep();
    say(word("gone"));
    showAll();
  }

  function showAll() {
    showBadge();
    showLost();
    showPause();
  }

  function watch() {
    if (asleep) return;
    const silent = now() - lastBeatMs > STALE_AFTER_MS;
    if (silent && !lost) say(word("no_answer"));
    lost = silent;
    // An open socket that says nothing is as bad as none.
    if (source && silent && now() - source.openedMs > STALE_AFTER_MS) reopenLater();
    if (reopenAtMs !== null && now() >= reopenAtMs) open();
    showAll();
  }

  // ---- Pause, and pages that nobody sees -------------------------------------------------------------------------------------

  function togglePause() {
    const paused = !isPaused();
    by("pause").setAttribute("aria-pressed", String(paused));
    pausedTotal = paused ? (model.total ?? null) : null;
    if (!paused) show(model);
    say(word(paused ? "paused" : "live"));
    showAll();
  }

  function sleep() {
    asleep = true;
    reopenAtMs = null;
    close();
  }

  function wake() {
    clearTimeout(hiddenTimer);
    if (gone) return;
    if (!asleep && source && !lost) return;
    attempts = 0;
    lastBeatMs = now();
    open();
  }

  // A browser has six connections a host: a tab in the background gives its own back, and catches up when shown.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiddenTimer);
    if (document.hidden) hiddenTimer = setTimeout(sleep, HIDDEN_CLOSES_AFTER_MS);
    else wake();
  });
  window.addEventListener("pagehide", sleep);
  window.addEventListener("pageshow", (event) => event.persisted && wake());

  by("pause").addEventListener("click", togglePause);
  by("retry").addEventListener("click", () => {
    attempts = 0;
    open();
    showAll();
  });
  setInterval(watch, 1000);
  if (missing) asleep = true;
  else if (document.hidden) sleep();
  else open();
})();
