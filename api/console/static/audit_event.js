// The panel of one event: what it says, who caused it, what else belongs to it, and how it stands in the log.
import { fetchJson } from "./api.js";
import { copyText, failureNote } from "./dialogs.js";
import { el, icon, iconButton } from "./dom.js";
import { time } from "./format.js";
import { facts } from "./tables.js";
import { withQuery } from "./urls.js";

const RELATED = 200;
let asking = new AbortController();

/** Opens the panel; `only(filters)` narrows the list. */
export function openEvent(event, only) {
  asking.abort();
  asking = new AbortController();
  const panel = document.getElementById("event");
  const [, kind, id] = event.stream.split("/");
  const copy = el("button", { type: "button" }, icon("copy"), "Copy as JSON");
  copy.addEventListener("click", () => copyText(JSON.stringify(event, null, 2), copy));
  const related = el("div", { class: "related" }, el("p", { class: "muted" }, event.correlation_id ? "Looking for what belongs to it …" : "It stands alone."));
  panel.replaceChildren(
    el("div", { class: "panel-head" }, el("h2", {}, event.kind), iconButton("Close", "close", close)),
    facts([
      ["Position", String(event.position)], ["Time", time(event.at, { dateStyle: "medium", timeStyle: "medium" })], ["Actor", event.actor || "the system"],
      ["Where", `${kind} ${id}`], ["Version there", String(event.version)],
    ]),
    el("div", { class: "note-actions" }, copy,
      kind === "session" ? el("a", { class: "button", href: withQuery("/console/audit", { session: id, version: event.version }) }, "This session in time") : null,
      event.correlation_id ? el("button", { type: "button", onclick: () => only({ correlation: event.correlation_id, session: "" }) }, "Only what belongs to it") : null),
    el("h3", {}, "What it says"), payload(event.data, event.withheld),
    el("h3", {}, "What it belongs to"), related,
    el("h3", {}, "In the log"),
    facts([["Leaf hash", el("code", { class: "hash" }, event.leaf_hash)], ["Proof", proof()],
      ["Correlation", event.correlation_id ? el("code", {}, event.correlation_id) : ""], ["Cause", event.causation_id ? el("code", {}, event.causation_id) : ""]]));
  panel.hidden = false;
  panel.focus();
  if (event.correlation_id) showRelated(related, event, only);
}

function close() {
  asking.abort();
  document.getElementById("event").hidden = true;
  document.querySelector("tr[aria-current] button.kind")?.focus();
}
document.addEventListener("keydown", (press) => {
  if (press.key === "Escape" && !document.getElementById("event").hidden && !document.querySelector("dialog[open]")) close();
});

/** What an event says, or why it says nothing any more. */
export function payload(data, withheld) {
  if (withheld) return el("p", { class: "note" }, "What it said is for those alone whom its assistant is for.");
  if (data === null) return el("p", { class: "note" }, "What it said was erased, or cannot be read: that it happened is still known.");
  const text = JSON.stringify(data, null, 2);
  return el("pre", { class: "payload", tabindex: "0", "aria-label": "What it says" }, text.length > 20_000 ? `${text.slice(0, 20_000)}\n… (${text.length} characters; copy it as JSON to see all)` : text);
}

function proof() {
  const state = document.getElementById("log").dataset.state || "unknown";
  const words = {
    verified: "verified with the log", "not verified": "the log did not verify: do not rely on it", unknown: "unknown: the log was not checked against a signed head",
  };
  return words[state];
}

async function showRelated(place, event, only) {
  try {
    const query = { correlation: event.correlation_id, order: "oldest", limit: RELATED };
    const page = await fetchJson(withQuery("/v1/audit/events", query), { signal: asking.signal });
    place.replaceChildren(tree(page.events, event, only), page.next ? el("p", { class: "muted small" }, `Only the first ${RELATED} are shown.`) : "");
  } catch (error) {
    if (error.name !== "AbortError") place.replaceChildren(failureNote(error));
  }
}

/** Who caused it, by which command, and what followed; what became of a call of a model hangs below its beginning. */
function tree(events, chosen, only) {
  const commands = new Map();
  for (const event of events) {
    const key = `${event.actor}\n${event.causation_id}`;
    if (!commands.has(key)) commands.set(key, []);
    commands.get(key).push(event);
  }
  return el("ul", { class: "tree" }, [...commands.values()].map((some) => el("li", {},
    el("span", { class: "cause" }, some[0].actor || "the system", el("span", { class: "muted" }, some[0].causation_id ? " by a command" : " by itself")),
    branch(nested(some), chosen, only))));
}

function nested(events) {
  const roots = [], calls = new Map();
  for (const event of events) {
    const node = { event, below: [] }, call = event.data?.call_id;
    if (call && calls.has(call)) calls.get(call).below.push(node);
    else roots.push(node);
    if (call && !calls.has(call)) calls.set(call, node);
  }
  return roots;
}

function branch(nodes, chosen, only) {
  return el("ul", {}, nodes.map(({ event, below }) => el("li", {},
    event.position === chosen.position ? el("strong", { "aria-current": "true" }, event.kind)
      : el("button", { type: "button", class: "link", onclick: () => openEvent(event, only) }, event.kind),
    el("span", { class: "muted small" }, ` ${event.position}`), below.length ? branch(below, chosen, only) : null)));
}
