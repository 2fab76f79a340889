// What a page must have so that everybody can use it; returns what is wrong, in words. Run in the page by a test.
const wrong = [];
const say = (what, element) => wrong.push(`${what}: ${element.outerHTML.replace(/\s+/g, " ").slice(0, 160)}`);
const all = (selector) => [...document.querySelectorAll(selector)].filter((element) => !element.closest("template"));
const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
const words = (ids) => (ids ?? "").split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? "").join(" ").trim();
const nameOf = (element) =>
  words(element.getAttribute("aria-labelledby")) || element.getAttribute("aria-label")?.trim() || "";

if (!document.documentElement.lang) wrong.push("the page says no language");
if (!document.title.trim()) wrong.push("the page has no title");
if (all("h1").filter((h1) => h1.checkVisibility()).length !== 1) wrong.push("there is not one h1");
if (all("h1").some((h1) => !h1.textContent.trim())) wrong.push("the h1 is empty");
for (const landmark of ["header", "main", "footer", "nav"]) {
  if (all(`body ${landmark}`).length !== 1) wrong.push(`there is not one ${landmark}`);
}
let level = 1;
for (const heading of all("main h1, main h2, main h3, main h4, main h5, main h6").filter(shown)) {
  const own = Number(heading.tagName[1]);
  if (own > level + 1) say(`a heading of level ${own} follows one of level ${level}`, heading);
  level = own;
}
const ids = all("[id]").map((element) => element.id);
for (const id of new Set(ids)) if (ids.filter((one) => one === id).length > 1) wrong.push(`two elements have the id ${id}`);
for (const attribute of ["aria-labelledby", "aria-describedby", "aria-controls", "for", "popovertarget"]) {
  for (const element of all(`[${attribute}]`)) {
    for (const id of element.getAttribute(attribute).split(/\s+/)) {
      if (!document.getElementById(id)) say(`${attribute} names nothing`, element);
    }
  }
}

// ---- Names -----------------------------------------------------------------------------------------------------------

for (const image of all("img, [role=img], canvas, main svg")) {
  const hidden = image.closest("[aria-hidden=true]") || image.closest("[role=img]") !== image && image.closest("[role=img]");
  if (!hidden && !nameOf(image) && !image.getAttribute("alt")) say("a picture has no name", image);
}
for (const figure of all("figure")) {
  if (!nameOf(figure) && !figure.querySelector("figcaption")?.textContent.trim()) say("a figure has no name", figure);
}
for (const field of all("input:not([type=hidden]), select, textarea")) {
  if (!nameOf(field) && ![...(field.labels ?? [])].some((label) => label.textContent.trim())) say("a field has no label", field);
}
for (const control of all("a[href], button, summary")) {
  const text = control.innerText?.trim() || control.textContent.trim();
  if (shown(control) && !text && !nameOf(control)) say("a control has no name", control);
}
for (const region of all("section[aria-labelledby], [role=region]")) if (!nameOf(region)) say("a region has no name", region);

// ---- Tables ----------------------------------------------------------------------------------------------------------

for (const table of all("table")) {
  if (!table.caption?.textContent.trim() && !nameOf(table)) say("a table has no name", table);
  for (const cell of table.querySelectorAll("thead th")) {
    if (cell.scope !== "col") say("a head has no scope", cell);
    if (!cell.textContent.trim()) say("a head is empty", cell);
  }
  for (const row of table.querySelectorAll("tbody tr")) {
    if (row.querySelectorAll("th[scope=row]").length !== 1) say("a row has not one head", row);
    const columns = table.querySelectorAll("thead th").length;
    if (columns && row.cells.length !== columns) say("a row has too many or too few cells", row);
  }
}

for (const table of all(".card table").filter((table) => shown(table) && !table.closest(".scroll"))) {
  const card = table.closest(".card");
  const inside = card.getBoundingClientRect().right - parseFloat(getComputedStyle(card).paddingRight);
  if (table.getBoundingClientRect().right > inside + 1) say("a table hangs out of its card", table);
}
for (const cell of all("main tbody :is(td, th)").filter((cell) => shown(cell) && /^\p{L}{2,20}$/u.test(cell.textContent.trim()))) {
  const text = document.createRange();
  text.selectNodeContents(cell);
  const line = parseFloat(getComputedStyle(cell).lineHeight);
  if (text.getBoundingClientRect().height > 1.8 * line) say("a word is broken in two", cell);
}

// ---- What can be hit and reached -------------------------------------------------------------------------------------

for (const element of all("[tabindex]")) if (element.tabIndex > 0) say("a tabindex changes the order", element);
for (const element of all("body *").filter(shown)) {
  const scrolls = ["auto", "scroll"].includes(getComputedStyle(element).overflowX) && element.scrollWidth > element.clientWidth + 1;
  if (scrolls && element.tabIndex < 0 && !element.querySelector("a[href], button")) say("keys cannot scroll it", element);
}
for (const control of all("button, input:not([type=hidden]), select, nav a").filter(shown)) {
  const box = control.getBoundingClientRect();
  if (box.width && (box.width < 24 || box.height < 24)) say(`only ${Math.round(box.width)} × ${Math.round(box.height)} px to hit`, control);
}

// ---- Contrast --------------------------------------------------------------------------------------------------------

const brush = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
function rgba(colour) {
  brush.clearRect(0, 0, 1, 1);
  brush.fillStyle = colour;
  brush.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
}
const over = ([r, g, b, a], under) => [r, g, b].map((part, index) => part * a + under[index] * (1 - a));
function behind(element) {
  if (!element) return rgba(getComputedStyle(document.documentElement).colorScheme.includes("dark") ? "#121212" : "#fff").slice(0, 3);
  const own = rgba(getComputedStyle(element).backgroundColor);
  if (own[3] === 1) return own.slice(0, 3);
  const under = element.matches("dialog, [popover]") ? behind(null) : behind(element.parentElement);
  return own[3] === 0 ? under : over(own, under);
}
function luminance(colour) {
  const [r, g, b] = colour.map((part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const told = new Set();
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  if (!texts.currentNode.data.trim() || element.closest("template, option, [disabled], .visually-hidden, svg")) continue;
  if (element.matches("a.skip") || !shown(element)) continue;
  const style = getComputedStyle(element);
  const background = behind(element);
  let opacity = 1;
  for (let one = element; one; one = one.parentElement) opacity *= Number(getComputedStyle(one).opacity);
  const ink = rgba(style.color);
  const found = contrast(over([ink[0], ink[1], ink[2], ink[3] * opacity], background), background);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  const key = `${style.color} ${background.map(Math.round)}`;
  if (found < (large ? 3 : 4.5) && !told.has(key)) {
    told.add(key);
    say(`a contrast of only ${found.toFixed(2)} (${key})`, element);
  }
}

// ---- Width -----------------------------------------------------------------------------------------------------------

const page = document.documentElement;
if (page.scrollWidth > page.clientWidth) {
  const wide = all("main *, header *, footer *").filter((element) => shown(element) && element.getBoundingClientRect().right > page.clientWidth + 1);
  wrong.push(`the page scrolls sideways: ${page.scrollWidth} of ${page.clientWidth} px`);
  if (wide[0]) say("too wide", wide.at(-1));
}
return wrong;
