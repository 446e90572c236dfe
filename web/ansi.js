// SPDX-License-Identifier: Apache-2.0
// A line of a terminal's output as DOM nodes; the same rules and classes as Log/ANSIText.swift.

const sequence = /\x1b(?:\[([0-?]*)[ -/]*([@-~])|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\?)?|[ -/]+[0-~]?|[0-~])|[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;
const cube = [0, 95, 135, 175, 215, 255];

function nearest(red, green, blue) {
  const high = Math.max(red, green, blue), low = Math.min(red, green, blue);
  if (high - low <= 32) return high < 48 ? 0 : high < 128 ? 8 : high < 208 ? 7 : 15;
  const middle = low + Math.floor((high - low) / 2);
  return (red > middle ? 1 : 0) + (green > middle ? 2 : 0) + (blue > middle ? 4 : 0) + (high > 200 ? 8 : 0);
}

function indexed(index) {
  if (index < 16) return index;
  if (index > 255) return undefined;
  if (index > 231) return nearest(...Array(3).fill(8 + (index - 232) * 10));
  const at = index - 16;
  return nearest(cube[Math.floor(at / 36)], cube[Math.floor(at / 6) % 6], cube[at % 6]);
}

function extended(codes) {
  const kind = codes.shift();
  if (kind === 5) return indexed(codes.shift() ?? 256);
  if (kind === 2 && codes.length >= 3) return nearest(codes.shift(), codes.shift(), codes.shift());
  return undefined;
}

const flags = { 1: "ab", 2: "ad", 3: "ai", 4: "au", 7: "av", 9: "as" };
const ends = { 22: ["ab", "ad"], 23: ["ai"], 24: ["au"], 27: ["av"], 29: ["as"] };

function apply(parameters, style) {
  const codes = parameters.split(/[;:]/).map(Number);
  while (codes.length) {
    const code = codes.shift();
    if (code === 0) style.clear();
    else if (flags[code]) style.set(flags[code], flags[code]);
    else if (ends[code]) ends[code].forEach((name) => style.delete(name));
    else if (code >= 30 && code <= 37) style.set("f", `f${code - 30}`);
    else if (code >= 90 && code <= 97) style.set("f", `f${code - 82}`);
    else if (code >= 40 && code <= 47) style.set("b", `b${code - 40}`);
    else if (code >= 100 && code <= 107) style.set("b", `b${code - 92}`);
    else if (code === 39) style.delete("f");
    else if (code === 49) style.delete("b");
    else if (code === 38 || code === 48 || code === 58) {
      const colour = extended(codes);
      const key = code === 38 ? "f" : "b";
      if (colour !== undefined && code !== 58) style.set(key, key + colour);
    }
  }
}

/** Text without anything that a terminal would obey. */
export const plain = (text) => overwritten(text).replace(sequence, "");

function overwritten(text) {
  const kept = text.replace(/\r+$/, "");
  return kept.slice(kept.lastIndexOf("\r") + 1);
}

/** Nodes for a line. `find` marks what it matches in the plain text. */
export function render(text, find) {
  const line = overwritten(text);
  if (find) return marked(plain(line), find);
  if (!/[\x00-\x08\x0a-\x1f\x7f-\x9f]/.test(line)) return [document.createTextNode(line)];
  const nodes = [], style = new Map();
  let at = 0;
  const push = (piece) => {
    if (!piece) return;
    if (!style.size) return nodes.push(document.createTextNode(piece));
    const span = document.createElement("span");
    span.className = [...style.values()].join(" ");
    span.textContent = piece;
    nodes.push(span);
  };
  for (const match of line.matchAll(sequence)) {
    push(line.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] === "m" && /^[0-9;:]*$/.test(match[1])) apply(match[1], style);
  }
  push(line.slice(at));
  return nodes;
}

function marked(text, find) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(find)) {
    if (!match[0]) break;
    nodes.push(document.createTextNode(text.slice(at, match.index)));
    const mark = document.createElement("mark");
    mark.textContent = match[0];
    nodes.push(mark);
    at = match.index + match[0].length;
  }
  nodes.push(document.createTextNode(text.slice(at)));
  return nodes;
}
