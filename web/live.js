// SPDX-License-Identifier: Apache-2.0
// News from the server. It renders; here its pieces are exchanged, never under the pointer, the focus or the finger.
import { all, one } from "./dom.js";

const quietMs = 250;
let source, timer, running = false, again = false;

export function start() {
  const address = one("main")?.dataset.events;
  if (source?.url.endsWith(address ?? "\0")) return;
  source?.close();
  source = undefined;
  if (!address) return;
  source = new EventSource(address);
  source.addEventListener("update", soon);
  source.addEventListener("open", soon);
  // A server that restarts closes the stream; the browser asks again by itself and says what it had last.
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(renew, quietMs);
}

async function renew() {
  if (document.hidden) return document.addEventListener("visibilitychange", soon, { once: true });
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
  const parts = new Map(all("[data-part]", next).map((part) => [part.dataset.part, part]));
  const known = all("[data-part]", now);
  const isSame = known.length === parts.size && known.every((part) => parts.has(part.dataset.part));
  if (!isSame) {
    // A section came or went: the whole room is laid out anew, unless somebody is at work in it.
    if (isBusy(now)) return hold(known[0] ?? now, () => swap(now, next));
    return swap(now, next);
  }
  for (const [key, value] of Object.entries(next.dataset)) now.dataset[key] = value;
  if (!next.dataset.events) delete now.dataset.events;
  for (const part of known) {
    const fresh = parts.get(part.dataset.part);
    if (fresh.innerHTML === part.dataset.seen) continue;
    const seen = fresh.innerHTML;
    if (isBusy(part) || part.dataset.hold) hold(part, () => swap(part, fresh, seen));
    else swap(part, fresh, seen);
  }
  start();
}

/** Somebody points at it, types in it, or has opened a menu in it. */
const isBusy = (part) =>
  part.matches(":hover") || part.contains(document.activeElement) && document.activeElement !== part ||
  one("details.menu[open]", part) !== null;

function hold(part, apply) {
  const button = one(".newer", part);
  if (button) {
    button.hidden = false;
    button.onclick = apply;
  }
  if (part.dataset.hold) return;
  const leave = () => { if (!isBusy(part)) { stop(); apply(); } };
  const stop = () => {
    part.removeEventListener("pointerleave", leave);
    part.removeEventListener("focusout", later);
  };
  const later = () => setTimeout(leave, 0);
  part.addEventListener("pointerleave", leave);
  part.addEventListener("focusout", later);
}

function swap(old, fresh, seen) {
  if (!old.isConnected) return;
  const open = new Map(all("details[id], li[id] > details", old).map((d) => [d.id || d.parentElement.id, d.open]));
  const focus = document.activeElement, href = old.contains(focus) ? focus.getAttribute("href") : null;
  const chart = one(".chain", old), left = chart?.scrollLeft;
  if (seen) fresh.dataset.seen = seen;
  old.replaceWith(fresh);
  for (const details of all("details[id], li[id] > details", fresh)) {
    const was = open.get(details.id || details.parentElement.id);
    if (was !== undefined) details.open = was;
  }
  if (left) one(".chain", fresh).scrollLeft = left;
  if (href) all("a", fresh).find((a) => a.getAttribute("href") === href)?.focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("renewed", { detail: fresh }));
  start();
}
