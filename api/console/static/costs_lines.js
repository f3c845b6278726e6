// The lines behind the sums of the page "Costs", page by page, each leading to its turn where the person may read it.
import { fetchJson, me } from "./api.js";
import { failureNote } from "./dialogs.js";
import { el } from "./dom.js";
import { number, plural, time } from "./format.js";
import { row, shortId, table } from "./tables.js";
import { withQuery } from "./urls.js";
import { modelWords } from "./words.js";

const PAGE = 50;
const COLUMNS = [
  { name: "Time" }, { name: "User" }, { name: "Step" }, { name: "Model" }, { name: "Input", kind: "number" }, { name: "Output", kind: "number" },
  { name: "From cache", kind: "number" }, { name: "To cache", kind: "number" }, { name: "Cost", kind: "number" }, { name: "Prices" }, { name: "Turn" },
];

/** The section: `show(asked, narrow, signal)` fills it with the first page of what is asked for. */
export function linesSection(place) {
  async function show(asked, narrow, signal) {
    const frame = table("Lines", COLUMNS, [], { busy: true });
    const body = frame.querySelector("tbody");
    const more = el("button", { type: "button" }, "More lines");
    const note = el("p", { class: "muted small", role: "status" });
    place.replaceChildren(frame, el("div", { class: "more-row" }, more, note));
    let cursor = null;
    async function next() {
      more.disabled = true;
      try {
        const page = await fetchJson(withQuery("/v1/costs/lines", { ...asked, order: "newest", limit: PAGE, cursor }), { signal });
        body.append(...page.lines.map((line) => lineRow(line, narrow)));
        cursor = page.next;
        more.hidden = !cursor;
        note.textContent = body.children.length ? `${plural(body.children.length, "line")} shown${cursor ? "" : ", which is all"}` : "No call of a model in this period.";
      } catch (error) {
        if (error.name !== "AbortError") note.replaceChildren(failureNote(error));
      } finally {
        more.disabled = false;
      }
    }
    more.addEventListener("click", next);
    await next();
  }
  return { show };
}

function lineRow(line, narrow) {
  const pick = (name, value, shown = value) => value
    ? el("button", { type: "button", class: "link", title: `Show only ${value}`, onclick: () => narrow(name, value) }, shown) : "";
  return row(COLUMNS, [
    time(line.at, { dateStyle: "short", timeStyle: "medium" }), pick("user", line.user), pick("step", line.step, line.step.replaceAll("_", " ")),
    pick("model", line.model, modelWords(line.model)),
    number(line.input_tokens), number(line.output_tokens), number(line.cache_read_tokens), number(line.cache_write_tokens), cost(line),
    line.price_version, turn(line),
  ], { "data-call-id": line.call_id, class: line.estimated ? "is-estimated" : false });
}

function cost(line) {
  return el("span", { class: "cost" }, `$${line.cost_usd}`,
    line.estimated ? el("span", { class: "estimated", title: "The provider has not told what it counted" }, "estimated") : null,
    line.corrected ? el("span", { class: "corrected", title: correctedWords(line) }, line.replaced_usd ? `was $${line.replaced_usd}` : "corrected") : null,
    line.failure ? el("span", { class: "muted", title: line.failure }, "refused or broken off") : null);
}

function correctedWords(line) {
  if (line.correction_reason === "price") return `Your organisation's own price, ${line.price_version}`;
  const tokens = line.replaced_input_tokens === undefined || line.replaced_input_tokens === null ? ""
    : `, ${number(line.replaced_input_tokens)} in and ${number(line.replaced_output_tokens)} out before`;
  return `Corrected by the provider's own log${tokens}`;
}

function turn(line) {
  if (!line.session_id) return "";
  const shown = line.turn_id || line.session_id;
  const url = me.has("auditor") ? withQuery("/console/audit", { session: line.session_id, correlation: line.turn_id })
    : me.has("member") && line.user === me.user ? withQuery("/console/chat", { session: line.session_id }) : null;
  return url ? el("a", { href: url, title: shown }, "Turn ", shortId(shown)) : shortId(shown);
}
