// SPDX-License-Identifier: Apache-2.0
// A log of any length: only the rows that are seen are in the document. Every row has one height, so that a row's place
// is a multiplication; groups fold by counting rows, not by moving nodes.
import { jsonLines, make, span as duration } from "./dom.js";
import { render } from "./ansi.js";

const rowHeight = 20, chunk = 1000, keptChunks = 60, spare = 20;
// Browsers cannot make an element higher than some 16 million pixels; past that the scroll bar is scaled.
const highest = 15_000_000;
const markers = [["##[group]", "groupStart"], ["##[endgroup]", "groupEnd"], ["##[command]", "command"],
  ["##[error]", "error"], ["##[warning]", "warning"], ["##[notice]", "notice"], ["##[debug]", "debug"],
  ["::group::", "groupStart"], ["::endgroup::", "groupEnd"], ["[command]", "command"]];

function classified(text) {
  for (const [marker, kind] of markers) if (text.startsWith(marker)) return [kind, text.slice(marker.length)];
  return ["plain", text];
}

const clock = (t) => new Date(t).toISOString().slice(11, 23);

export class Viewer {
  /** `data` is the server's element: addresses, line count, groups. */
  constructor(data) {
    this.address = data.dataset.lines;
    this.total = Number(data.dataset.total);
    this.groups = JSON.parse(data.dataset.groups).map(([start, end, ms, open]) => ({ start, end, ms, open: !!open }));
    this.chunks = new Map();
    this.loading = new Map();
    this.selected = null;
    this.find = null;
    this.follows = false;
    this.room = make("div", { className: "room" });
    this.window = make("div", { className: "window" });
    this.room.append(this.window);
    this.element = make("div", { className: "log viewer", tabIndex: 0, role: "log", "aria-live": "off" }, this.room);
    this.element.setAttribute("aria-label", document.querySelector("h1")?.textContent ?? "");
    data.replaceWith(this.element);
    this.element.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.element.addEventListener("click", (event) => this.clicked(event));
    new ResizeObserver(() => this.draw()).observe(this.element);
    this.index();
  }

  // Rows and lines. A folded group is one row.
  index() {
    this.folds = [];
    let hidden = 0;
    for (const group of this.groups) {
      if (group.open || group.end <= group.start) continue;
      // From this row on, so many lines have been left out before.
      this.folds.push({ line: group.start, end: group.end, row: group.start - 1 - hidden, hidden: (hidden += group.end - group.start) });
    }
    this.rows = Math.max(0, this.total - hidden);
    const height = this.rows * rowHeight;
    this.scale = height > highest ? height / highest : 1;
    this.room.style.height = `${Math.min(height, highest)}px`;
    this.draw();
  }

  lineOf(row) {
    const fold = last(this.folds, (f) => f.row < row);
    return row + 1 + (fold?.hidden ?? 0);
  }

  rowOf(line) {
    const fold = last(this.folds, (f) => f.line < line);
    if (!fold) return line - 1;
    return line <= fold.end ? fold.row : line - 1 - fold.hidden;
  }

  draw() {
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => { this.pending = 0; this.paint(); });
  }

  paint() {
    const top = this.element.scrollTop, height = this.element.clientHeight;
    const at = top * this.scale / rowHeight;
    const first = Math.max(0, Math.floor(at) - spare);
    const past = Math.min(this.rows, Math.ceil(at + height / rowHeight) + spare);
    const byStart = new Map(this.groups.map((group) => [group.start, group]));
    const rows = [];
    for (let row = first; row < past; row++) rows.push(this.row(this.lineOf(row), byStart));
    this.window.replaceChildren(...rows);
    this.window.style.transform = `translateY(${top - (at - first) * rowHeight}px)`;
  }

  row(number, byStart) {
    const line = this.line(number);
    const link = make("a", { href: `#L${number}`, tabIndex: -1 }, String(number));
    const row = make("div", { className: "l" }, link);
    row.dataset.line = number;
    if (this.selected && number >= this.selected[0] && number <= this.selected[1]) row.classList.add("on");
    if (!line) {
      row.append(make("span", { className: "gap" }));
      return row;
    }
    const [kind, text] = classified(line.text);
    if (kind !== "plain") row.classList.add(kind);
    if (line.t) row.append(make("time", {}, clock(line.t)));
    const group = byStart.get(number);
    if (group) row.classList.add("group", ...(group.open ? ["open"] : []));
    const span = make("span");
    span.append(...render(text, this.find));
    row.append(span);
    if (group?.ms >= 0) row.append(make("small", {}, duration(group.ms)));
    return row;
  }

  line(number) {
    const key = Math.floor((number - 1) / chunk);
    const lines = this.chunks.get(key);
    if (!lines) { this.load(key); return null; }
    return lines[(number - 1) % chunk] ?? (this.load(key, lines.length), null);
  }

  async load(key, have = 0) {
    if (this.loading.has(key) || this.live && have) return;
    this.loading.set(key, true);
    const url = new URL(this.address, location.href);
    url.searchParams.set("from", key * chunk + 1 + have);
    url.searchParams.set("limit", chunk - have);
    try {
      const response = await fetch(url, { headers: { accept: "application/x-ndjson" } });
      if (!response.ok) throw new Error(response.status);
      const lines = this.chunks.get(key) ?? [];
      for await (const line of jsonLines(response)) lines[(line.n - 1) % chunk] = line;
      this.chunks.set(key, lines);
      this.forget(key);
      this.loading.delete(key);
      this.draw();
    } catch {
      // The gap stays; the next scroll tries again.
      setTimeout(() => this.loading.delete(key), 2000);
    }
  }

  /** Memory has an end as well: the chunks farthest from what is seen go. */
  forget(near) {
    if (this.chunks.size <= keptChunks) return;
    const far = [...this.chunks.keys()].reduce((a, b) => (Math.abs(b - near) > Math.abs(a - near) ? b : a));
    this.chunks.delete(far);
  }

  /** A line that has just been written. */
  add(line) {
    if (line.n <= this.total && this.chunks.get(Math.floor((line.n - 1) / chunk))?.[(line.n - 1) % chunk]) return;
    const key = Math.floor((line.n - 1) / chunk);
    if (!this.chunks.has(key)) this.chunks.set(key, []);
    this.chunks.get(key)[(line.n - 1) % chunk] = line;
    this.total = Math.max(this.total, line.n);
    const [kind] = classified(line.text);
    const open = this.groups.at(-1);
    if (kind === "groupStart") this.groups.push({ start: line.n, end: line.n, ms: -1, open: true, grows: true });
    else if (open?.grows) { open.end = line.n; if (kind === "groupEnd") open.grows = false; }
    this.forget(key);
    if (!this.indexing) this.indexing = requestAnimationFrame(() => {
      this.indexing = 0;
      this.index();
      if (this.follows) this.toEnd();
    });
  }

  toEnd() {
    this.moving = true;
    this.element.scrollTop = this.element.scrollHeight;
  }

  scrolled() {
    this.draw();
    if (this.moving) return (this.moving = false);
    // Scrolling up lets go; the end takes hold again.
    const rest = this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight;
    this.onfollow?.(rest < rowHeight);
  }

  show(line) {
    for (const group of this.groups) if (line > group.start && line <= group.end && !group.open) group.open = true;
    this.index();
    this.moving = true;
    const middle = this.rowOf(line) * rowHeight / this.scale - this.element.clientHeight / 2;
    this.element.scrollTop = Math.max(0, middle);
  }

  clicked(event) {
    const row = event.target.closest(".l");
    if (!row) return;
    const number = Number(row.dataset.line);
    if (event.target.closest("a")) {
      event.preventDefault();
      return this.onpick?.(number, event.shiftKey);
    }
    const group = this.groups.find((g) => g.start === number);
    if (group && !getSelection().toString()) { group.open = !group.open; this.index(); }
  }

  select(range) { this.selected = range; this.draw(); }
  mark(find) { this.find = find; this.draw(); }
  times(on) { this.element.classList.toggle("times", on); }
}

function last(sorted, isBefore) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(sorted[middle])) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1];
}
