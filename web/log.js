// SPDX-License-Identifier: Apache-2.0
// A log's page. A short log that is finished stays the HTML that it is; a long or growing one gets the viewer.
import { all, copy, listen, make, one, words } from "./dom.js";
import { Viewer } from "./viewer.js";
import { Finder } from "./find.js";
import { render } from "./ansi.js";

const data = one("#log");

function open() {
  const here = { job: data.dataset.job, step: data.dataset.step, attempt: Number(data.dataset.attempt) };
  const isLive = data.dataset.state === "live";
  const isLong = isLive || one("#pages") !== null;
  const count = words(data)[0];
  const view = isLong ? new Viewer(data) : new Still(data);
  if (isLong) one("#pages")?.remove();

  // Lines have addresses: a click takes one, with shift all between.
  let range = null;
  view.onpick = (line, extend) => {
    const from = extend && range ? range.anchor : line;
    range = { anchor: from, ends: [Math.min(from, line), Math.max(from, line)] };
    history.replaceState(null, "", hash(range.ends));
    view.select(range.ends);
    one("#link").hidden = false;
  };
  const arrive = () => {
    const match = location.hash.match(/^#L(\d+)(?:-L(\d+))?$/);
    if (!match) return false;
    const ends = [Number(match[1]), Number(match[2] ?? match[1])].sort((a, b) => a - b);
    range = { anchor: ends[0], ends };
    view.select(ends);
    view.show(ends[0]);
    one("#link").hidden = false;
    return true;
  };
  addEventListener("hashchange", arrive);
  const arrived = arrive();

  one("#link").addEventListener("click", (event) => {
    const address = new URL(location.href);
    address.search = "";
    if (range) address.hash = hash(range.ends);
    copy(address.href, event.currentTarget);
  });
  const times = one("#times");
  times.hidden = false;
  times.addEventListener("click", () => {
    const on = times.getAttribute("aria-pressed") !== "true";
    times.setAttribute("aria-pressed", String(on));
    view.times(on);
  });
  new Finder(one("#find"), here, (line) => { view.select([line, line]); view.show(line); }, (find) => view.mark(find));
  if (isLive) follow(view, !arrived, count);
}

const hash = ([from, to]) => (from === to ? `#L${from}` : `#L${from}-L${to}`);

/** Takes new lines as they are written; lets go of the end when one scrolls up. */
function follow(view, atOnce, count) {
  const button = one("#follow");
  button.hidden = false;
  const set = (on) => {
    view.follows = on;
    button.setAttribute("aria-pressed", String(on));
    if (on) view.toEnd();
  };
  button.addEventListener("click", () => set(!view.follows));
  view.onfollow = (atEnd) => { if (atEnd !== view.follows) set(atEnd); };
  set(atOnce);
  const address = () => {
    const next = new URL(view.address, location.href);
    next.searchParams.set("from", view.total + 1);
    return next;
  };
  const end = listen(address, (source) => {
    source.onmessage = (event) => view.add(JSON.parse(event.data));
    source.addEventListener("end", () => {
      end();
      button.hidden = true;
      // What it came to is the server's to say: head and steps are fetched anew, the lines stay.
      refresh();
    });
  });
}

async function refresh() {
  const address = new URL(location.href);
  address.searchParams.set("fragment", "main");
  const response = await fetch(address).catch(() => null);
  if (!response?.ok) return;
  const next = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const selector of [".log-head", ".log-page > nav"]) {
    const fresh = one(selector, next);
    if (fresh) { one(selector)?.replaceWith(fresh); document.dispatchEvent(new CustomEvent("renewed", { detail: fresh })); }
  }
  document.title = one("main", next).dataset.title;
  one("link[rel=icon]").href = one("main", next).dataset.icon;
}

/** The HTML as the server sent it, with the viewer's manners. */
class Still {
  constructor(element) {
    this.element = element;
    element.addEventListener("click", (event) => {
      const link = event.target.closest(".l > a");
      if (!link) return;
      event.preventDefault();
      this.onpick?.(Number(link.hash.slice(2)), event.shiftKey);
    });
  }

  row(line) { return document.getElementById(`L${line}`); }

  select([from, to]) {
    for (const row of all(".l.on", this.element)) row.classList.remove("on");
    for (let line = from; line <= Math.min(to, from + 5000); line++) this.row(line)?.classList.add("on");
  }

  show(line) {
    const row = this.row(line), group = row?.closest("details");
    if (group) group.open = true;
    row?.scrollIntoView({ block: "center" });
  }

  mark(find) {
    for (const span of this.marked ?? []) span.replaceChildren(...span.plain);
    this.marked = [];
    if (!find) return;
    for (const span of all(".l > span", this.element)) {
      find.lastIndex = 0;
      if (!find.test(span.textContent)) continue;
      span.plain = [...span.childNodes];
      find.lastIndex = 0;
      span.replaceChildren(...render(span.textContent, find));
      this.marked.push(span);
    }
  }

  times(on) { this.element.classList.toggle("times", on); }
}

if (data) open();
