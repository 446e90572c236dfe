// SPDX-License-Identifier: Apache-2.0
// Goes to anything by its name. Built on its first use.
import { all, make, one, words } from "./dom.js";

let dialog, input, list, asked = 0, timer;

export function open(button) {
  dialog ?? build(button);
  input.value = "";
  list.replaceChildren();
  dialog.showModal();
  ask(button.dataset.palette, "");
}

function build(button) {
  const [hint] = words(button);
  input = make("input", { type: "search", placeholder: hint, "aria-label": hint, autocomplete: "off",
    spellcheck: false, role: "combobox", "aria-expanded": "true", "aria-controls": "picks" });
  list = make("ul", { className: "picks", id: "picks", role: "listbox", "aria-label": hint });
  dialog = make("dialog", { "aria-label": button.getAttribute("aria-label") }, input, list);
  document.body.append(dialog);
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => ask(button.dataset.palette, input.value), 60);
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      const link = one("[aria-selected=true] a", list);
      if (link) { event.preventDefault(); link.click(); }
    }
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  async function ask(address, text) {
    const mine = ++asked;
    const url = new URL(address, location.href);
    url.searchParams.set("q", text);
    const response = await fetch(url, { headers: { accept: "application/json" } }).catch(() => null);
    if (mine !== asked) return;
    const found = response?.ok ? await response.json() : [];
    if (mine !== asked) return;
    list.replaceChildren(...found.map((item, index) =>
      make("li", { role: "option", id: `pick-${index}`, "aria-selected": String(index === 0) },
        make("a", { href: item.url, tabIndex: -1 }, make("span", { className: "cut" }, item.title),
          make("span", { className: "quiet small" }, item.kind)))));
    if (!found.length) list.append(make("li", { className: "quiet" }, words(button)[1]));
    if (found.length) input.setAttribute("aria-activedescendant", "pick-0");
  }
  build.ask = ask;
}

const ask = (address, text) => build.ask(address, text);

function move(step) {
  const items = all("[role=option]", list);
  if (!items.length) return;
  const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  const next = items[(at + step + items.length) % items.length];
  items[at]?.setAttribute("aria-selected", "false");
  next.setAttribute("aria-selected", "true");
  next.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", next.id);
}
