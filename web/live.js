// SPDX-License-Identifier: Apache-2.0
// News from the server. It renders; here its parts are exchanged. A list that would move under the pointer says how much
// is newer instead (data-hold: "hover", or "always"); what somebody types or selects is left alone until they are done.
import { all, listen, one, words } from "./dom.js";

const quietMs = 250, busyMs = 2000;
/** What each part was as the server sent it: the page adds to its own copy. */
const sent = new WeakMap();
const remember = (part) => sent.set(part, part.innerHTML);
all("[data-part]").forEach(remember);

let heard, end, timer, running = false, again = false;

export function start() {
  const address = one("main")?.dataset.events;
  if (heard === address) return;
  end?.();
  end = undefined;
  heard = address;
  if (!address) return;
  let opened = false;
  end = listen(() => address, (source) => {
    source.addEventListener("update", () => soon());
    // What happened while nobody listened is seen at once.
    source.addEventListener("open", () => { if (opened) soon(); opened = true; });
  });
}

function soon(ms = quietMs) {
  clearTimeout(timer);
  timer = setTimeout(renew, ms);
}

async function renew() {
  if (document.hidden) return document.addEventListener("visibilitychange", () => soon(), { once: true });
  if (running) return (again = true);
  running = true;
  try {
    const address = new URL(location.href);
    address.searchParams.set("fragment", "main");
    address.hash = "";
    const response = await fetch(address, { headers: { accept: "text/html" } });
    if (response.ok) exchange(await response.text());
  } catch {
    // Offline for a moment: the stream tells when it is back.
  }
  running = false;
  if (again) { again = false; soon(); }
}

function exchange(text) {
  const now = one("main");
  const next = one("main", new DOMParser().parseFromString(text, "text/html"));
  if (!next) return location.reload();
  document.title = next.dataset.title;
  one("link[rel=icon]").href = next.dataset.icon;
  const fresh = new Map(all("[data-part]", next).map((part) => [part.dataset.part, part]));
  const known = all("[data-part]", now);
  if (known.length !== fresh.size || known.some((part) => !fresh.has(part.dataset.part))) {
    // A part came or went: the room is laid out anew.
    const held = one("[data-hold]:hover", now);
    if (isBusy(now)) return soon(busyMs);
    return held ? hold(held, next, () => swap(now, next)) : swap(now, next);
  }
  for (const [key, value] of Object.entries(next.dataset)) now.dataset[key] = value;
  if (!next.dataset.events) delete now.dataset.events;
  for (const part of known) {
    const other = fresh.get(part.dataset.part);
    if (other.innerHTML === sent.get(part)) continue;
    const isHeld = part.dataset.hold === "always" || part.dataset.hold && part.matches(":hover");
    if (isBusy(part)) soon(busyMs);
    else if (isHeld) hold(part, other, () => swap(part, other));
    else swap(part, other);
  }
  start();
}

/** Somebody types in it, has opened a menu in it, or selects text of it. */
function isBusy(part) {
  const focus = document.activeElement, selection = getSelection();
  return part.contains(focus) && focus.matches("input, select, textarea") || one("details.menu[open]", part) !== null ||
    !selection.isCollapsed && part.contains(selection.anchorNode);
}

function hold(part, fresh, apply) {
  const button = one(".newer", part);
  const known = new Set(all("a.title", part).map((link) => link.href));
  const newer = all("a.title", fresh).filter((link) => !known.has(link.href)).length;
  if (button) {
    if (newer) button.textContent = words(button)[0].replace("#", newer);
    button.hidden = false;
    button.onclick = apply;
  }
  if (part.dataset.hold === "hover") part.addEventListener("pointerleave", () => { if (!isBusy(part)) apply(); }, { once: true });
}

function swap(old, fresh) {
  if (!old.isConnected) return;
  const key = (details) => details.id || details.parentElement.id;
  const folds = "details[id], li[id] > details";
  const open = new Map(all(folds, old).map((details) => [key(details), details.open]));
  const focus = document.activeElement;
  const href = old.contains(focus) ? focus.getAttribute("href") : null;
  const left = one(".chain", old)?.scrollLeft;
  [fresh, ...all("[data-part]", fresh)].forEach(remember);
  old.replaceWith(fresh);
  for (const details of all(folds, fresh)) details.open = open.get(key(details)) ?? details.open;
  const chart = one(".chain", fresh);
  if (left && chart) chart.scrollLeft = left;
  if (href) all("a", fresh).find((link) => link.getAttribute("href") === href)?.focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("renewed", { detail: fresh }));
  start();
}
