// SPDX-License-Identifier: Apache-2.0
// The few things that all modules need.

export const one = (selector, within = document) => within.querySelector(selector);
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/** An element with properties and children. Text goes in as text. */
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-") || key === "role") element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children);
  return element;
}

/** The phrases that the server wrote into an element for its module. */
export const words = (element) => (element?.dataset.words ?? "").split("|");

/** Whether the person is typing into something. */
export const isTyping = (event) =>
  event.target.closest?.("input, textarea, select, [contenteditable]") !== null;

export async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without the right (or without TLS) there is the old way.
    const area = make("textarea", { value: text, className: "sr" });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  if (!button) return;
  const before = button.getAttribute("aria-label");
  button.classList.add("done");
  button.setAttribute("aria-label", button.dataset.done);
  button.title = button.dataset.done;
  setTimeout(() => {
    button.classList.remove("done");
    if (before === null) button.removeAttribute("aria-label");
    else button.setAttribute("aria-label", before);
    button.title = before ?? "";
  }, 1500);
}

const units = document.documentElement.lang === "ko" ? ["시간", "분", "초"] : ["h", "m", "s"];
const two = (number) => String(number).padStart(2, "0");

/** A duration in the server's own words. */
export function span(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
  return hours ? `${hours}${units[0]} ${two(minutes % 60)}${units[1]}`
    : minutes ? `${minutes}${units[1]} ${two(seconds % 60)}${units[2]}` : `${seconds}${units[2]}`;
}

const awayWords = document.documentElement.lang === "ko"
  ? "연결이 끊겨 다시 연결하는 중입니다." : "Not connected. Trying again…";
const firstMs = 1000, longestMs = 15000, noticeMs = 3000;

/**
 * Events of an address, however often the way there breaks. A browser asks again by itself where a stream breaks off, and never where it
 * was refused once, as while a server is taken over.
 * @param address - gives the address, each time that it is asked.
 * @param attach - adds listeners to a source that is new.
 * @returns ends it.
 */
export function listen(address, attach) {
  let source, retry, notice, pause = firstMs;
  const away = make("p", { className: "away", role: "status", textContent: awayWords });
  const here = () => { clearTimeout(notice); notice = undefined; away.remove(); };
  const open = () => {
    source = new EventSource(address());
    source.addEventListener("open", () => { pause = firstMs; here(); });
    source.addEventListener("error", () => {
      notice ??= setTimeout(() => document.body.append(away), noticeMs);
      if (source.readyState !== EventSource.CLOSED) return;
      retry = setTimeout(open, pause * (0.5 + Math.random() / 2));
      pause = Math.min(pause * 2, longestMs);
    });
    attach(source);
  };
  open();
  return () => { clearTimeout(retry); here(); source.close(); };
}

/** Lines of JSON from an answer, as they come. */
export async function* jsonLines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line) yield JSON.parse(line);
  }
  if (rest.trim()) yield JSON.parse(rest);
}
