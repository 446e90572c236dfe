// SPDX-License-Identifier: Apache-2.0
// What every page does beyond its HTML. Without it all of them still work.
import { all, copy, isTyping, make, one, span } from "./dom.js";
import { start } from "./live.js";

// Copy buttons are of no use without scripts, so the server hides them.
const prepare = (within) => {
  for (const element of all("[data-copy], [data-palette]", within)) element.hidden = false;
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "medium" });
  for (const time of all("time[datetime]", within)) time.title = format.format(new Date(time.dateTime));
};
prepare(document);
document.addEventListener("renewed", (event) => prepare(event.detail));
start();

// Durations that grow: one clock for all.
setInterval(() => {
  for (const element of all("[data-since]")) element.textContent = span(Date.now() - Number(element.dataset.since));
}, 1000);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button.dataset.copy, button);
  // A menu closes when one clicks elsewhere.
  for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  const finder = event.target.closest("[data-palette]");
  if (finder) openPalette();
});

// The theme changes at once; the cookie is what the server reads the next time.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-pick=theme]");
  if (!form || !event.submitter) return;
  event.preventDefault();
  const theme = event.submitter.value;
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.cookie = `martlet_theme=${theme}; path=/; max-age=31536000; samesite=lax`;
  for (const button of all("button", form)) button.setAttribute("aria-pressed", String(button === event.submitter));
});

async function openPalette() {
  const button = one("[data-palette]");
  if (button) (await import("./palette.js")).open(button);
}

// Keys.
const keys = [["/", "Ctrl K"], ["?"], ["j", "k"], ["← ↑ ↓ →"], ["Esc"]];
document.addEventListener("keydown", (event) => {
  const isFind = event.key === "k" && (event.ctrlKey || event.metaKey);
  if (isFind || event.key === "/" && !isTyping(event)) {
    const search = event.key === "/" ? one("#find input[type=search]") : null;
    event.preventDefault();
    return search ? search.focus() : openPalette();
  }
  if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") for (const menu of all("details.menu[open]")) menu.open = false;
  if (event.key === "?") help();
  if (event.key === "j" || event.key === "k") walk(event.key === "j" ? 1 : -1);
  if (event.key.startsWith("Arrow") && event.target.closest?.(".node")) step(event);
});

/** j and k: the first link of each row. */
function walk(by) {
  const rows = all("main .rows > li, main .project, main tbody tr, main .jobs > li, main .picks li")
    .map((row) => one("a, summary", row)).filter((link) => link && link.offsetParent !== null);
  const at = rows.findIndex((link) => link === document.activeElement || link.closest("li, tr")?.contains(document.activeElement));
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

/** Arrow keys: the nearest box in that direction. */
function step(event) {
  const from = event.target.closest(".node").getBoundingClientRect();
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!way) return;
  let best, least = Infinity;
  for (const node of all(".node")) {
    const box = node.getBoundingClientRect();
    const x = box.x - from.x, y = box.y - from.y;
    const along = x * way[0] + y * way[1], across = Math.abs(x * way[1]) + Math.abs(y * way[0]);
    if (along < 8 || way[1] && across > 8) continue;
    if (along + across * 2 < least) [best, least] = [node, along + across * 2];
  }
  event.preventDefault();
  best?.focus();
  best?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function help() {
  const texts = document.documentElement.lang === "ko"
    ? ["이동, 로그에서는 검색", "이 도움말", "목록에서 아래로, 위로", "그래프에서 이동", "닫기"]
    : ["go to anything; in a log: search", "these keys", "down and up in lists", "walk the graph", "close"];
  const list = make("dl", { className: "facts" });
  keys.forEach((row, index) => list.append(
    make("dt", {}, ...row.map((key) => make("kbd", {}, key))), make("dd", {}, texts[index])));
  const dialog = make("dialog", { "aria-label": texts[1] }, make("div", { className: "keys" }, list));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
}
