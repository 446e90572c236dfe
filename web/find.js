// SPDX-License-Identifier: Apache-2.0
// Searches all logs of a run on the server; steps through what was found.
import { make, one, words } from "./dom.js";

const pauseMs = 180;

export class Finder {
  /** `here` says which log is open; `show(line)` goes to a line of it; `mark(pattern)` marks what matches. */
  constructor(form, here, show, mark) {
    Object.assign(this, { form, here, show, mark });
    this.input = one("input[type=search]", form);
    this.hits = one("#hits");
    this.output = one("#found");
    this.buttons = [one("#prev"), one("#next")];
    this.found = [];
    this.at = -1;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.text === this.input.value && this.found.length) this.go(1);
      else this.search();
    });
    form.addEventListener("input", () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.search(), pauseMs); });
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { this.input.value = ""; this.search(); this.input.blur(); }
    });
    this.buttons[0].addEventListener("click", () => this.go(-1));
    this.buttons[1].addEventListener("click", () => this.go(1));
    // A link out of a search carries it along.
    const carried = new URLSearchParams(location.search);
    if (carried.get("q")) {
      this.input.value = carried.get("q");
      one("[name=regex]", form).checked = carried.get("regex") === "1";
      this.search();
    }
  }

  get isRegex() { return one("[name=regex]", this.form).checked; }

  async search(next) {
    const text = this.input.value;
    const mine = (this.asked = (this.asked ?? 0) + 1);
    if (!next) { this.text = text; this.found = []; this.at = -1; this.mark(this.pattern()); }
    if (!text) return this.draw("");
    const url = new URL(this.form.dataset.search, location.href);
    url.searchParams.set("q", text);
    if (this.isRegex) url.searchParams.set("regex", "1");
    if (next) url.searchParams.set("cursor", next);
    const response = await fetch(url, { headers: { accept: "application/json" } }).catch(() => null);
    if (mine !== this.asked) return;
    const [none, single, many, bad] = words(this.form);
    if (!response?.ok) return this.draw(response?.status === 422 ? bad : none);
    const answer = await response.json();
    this.found.push(...answer.matches);
    this.next = answer.next;
    const count = Number(answer.count);
    this.draw(count === 0 ? none : count === 1 ? single : many.replace("#", count.toLocaleString()));
  }

  pattern() {
    const text = this.input.value;
    if (!text) return null;
    try {
      return new RegExp(this.isRegex ? text : text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "gi");
    } catch { return null; }
  }

  isHere(match) {
    return match.job === this.here.job && match.step === this.here.step && Number(match.attempt) === this.here.attempt;
  }

  address(match) {
    const path = this.form.dataset.goto.replace(/\{(\w+)\}/g, (_, key) => encodeURIComponent(match[key]));
    const query = new URLSearchParams({ q: this.text, ...(this.isRegex ? { regex: "1" } : {}) });
    return path.replace("#", `?${query}#`);
  }

  draw(text) {
    this.output.textContent = text;
    for (const button of this.buttons) button.hidden = !this.found.length;
    this.hits.hidden = !this.found.length;
    this.hits.replaceChildren(...this.found.map((match, index) => {
      const link = make("a", { href: this.address(match) },
        make("span", { className: "cut quiet" }, `${match.job} › ${match.step}`),
        make("span", { className: "number quiet" }, String(match.line)),
        make("span", { className: "cut" }, match.text));
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || !this.isHere(match)) return;
        event.preventDefault();
        this.at = index;
        this.current();
      });
      return link;
    }));
    if (this.next) this.hits.append(make("button", { className: "button", type: "button", onclick: () => this.search(this.next) }, "…"));
  }

  go(by) {
    if (!this.found.length) return;
    this.at = (this.at + by + this.found.length) % this.found.length;
    this.current();
  }

  current() {
    const links = [...this.hits.querySelectorAll("a")];
    links.forEach((link, index) => {
      if (index === this.at) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
    links[this.at]?.scrollIntoView({ block: "nearest" });
    const match = this.found[this.at];
    if (this.isHere(match)) this.show(match.line);
    else location.href = this.address(match);
  }
}
