// Answers from plain text to HTML that the server made safe: those in sight first, many in one request.
import { fetchJson } from "./api.js";
import { copyText } from "./dialogs.js";
import { el } from "./dom.js";

const MOST_CHARACTERS = 60_000, MOST_TEXTS = 20, AT_A_TIME_MS = 30;
const waiting = new Map();
let timer = null;
const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) if (isIntersecting) {
    sight.unobserve(target);
    if (!waiting.has(target)) continue;
    waiting.get(target).seen = true;
    timer ??= setTimeout(flush, AT_A_TIME_MS);
  }
}, { rootMargin: "600px" });

/** Renders `text` into `element` when it comes in sight; `done()` afterwards. On a failure the plain text stays. */
export function renderInto(element, text, done) {
  waiting.set(element, { text, done, seen: false });
  sight.observe(element);
}

async function flush() {
  timer = null;
  const batch = [];
  let characters = 0;
  for (const [element, one] of waiting) {
    if (!one.seen) continue;
    if (batch.length === MOST_TEXTS || (batch.length && characters + one.text.length > MOST_CHARACTERS)) {
      timer ??= setTimeout(flush, AT_A_TIME_MS);
      break;
    }
    characters += one.text.length;
    waiting.delete(element);
    batch.push([element, one]);
  }
  if (!batch.length) return;
  try {
    const { html } = await fetchJson("/console/markdown", { method: "POST", json: { texts: batch.map(([, one]) => one.text) } });
    batch.forEach(([element, one], at) => put(element, html[at], one.done));
  } catch { /* the text is there as it was written */ }
}

function put(element, html, done) {
  const made = document.createElement("template");
  made.innerHTML = html;
  for (const block of made.content.querySelectorAll("pre")) withCopy(block);
  for (const table of made.content.querySelectorAll("table")) {
    const frame = el("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Table" });
    table.replaceWith(frame);
    frame.append(table);
  }
  element.replaceChildren(made.content);
  element.dataset.rendered = "";
  done?.();
}

/** The button has no text of its own, so that the answer's text stays the answer's alone. */
function withCopy(block) {
  const frame = el("div", { class: "code", "data-language": block.dataset.language || "" });
  block.tabIndex = 0;
  block.replaceWith(frame);
  const copy = el("button", { type: "button", class: "copy-code", "aria-label": "Copy", title: "Copy this code" });
  copy.addEventListener("click", () => copyText(block.textContent, copy));
  frame.append(copy, block);
}
