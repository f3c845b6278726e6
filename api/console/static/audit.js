// The page "Audit": the log's events with filters, each with what it belongs to; with ?session=ID also the session in time.
import { fetchJson } from "./api.js";
import { openEvent } from "./audit_event.js";
import { filterForm } from "./audit_filters.js";
import { showLog } from "./audit_log.js";
import { travel } from "./audit_travel.js";
import { failureNote } from "./dialogs.js";
import { el } from "./dom.js";
import { plural, time } from "./format.js";
import { row, shortId, table } from "./tables.js";
import { readQuery, withQuery, writeQuery } from "./urls.js";

const PAGE = 50, MOST_ROWS = 1000;
const FILTERS = ["kind", "actor", "session", "correlation", "from", "to"];
const NAMES = [...FILTERS, "order", "version"];
const COLUMNS = [{ name: "Time" }, { name: "Actor" }, { name: "Kind" }, { name: "Where" }, { name: "Position", kind: "number" }];
const at = (id) => document.getElementById(id);
let asking = new AbortController();
let travelled = "";

const log = showLog(at("log"), at("log-more"));
const filters = filterForm(at("filters"), { names: FILTERS, onchange: (values) => { writeQuery(values); load(); } });
log.then((state) => filters.offer(state.kinds)).catch(() => {});
addEventListener("popstate", load);
load();

async function load() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const shown = readQuery(NAMES);
  shown.order = shown.order === "oldest" ? "oldest" : "newest";
  filters.show(shown);
  if (shown.session !== travelled) {
    travelled = shown.session;
    travel(at("travel"), shown.session, Number(shown.version) || null);
  }
  const asked = { ...Object.fromEntries(FILTERS.map((name) => [name, shown[name]])), from: moment(shown.from), to: moment(shown.to, 1), order: shown.order };
  at("export").href = withQuery("/console/api/v1/audit/events", { ...asked, order: "oldest", format: "jsonl" });
  const frame = table("Events", COLUMNS, [], { busy: true });
  const body = frame.querySelector("tbody");
  const more = el("button", { type: "button" }, shown.order === "newest" ? "Older events" : "Newer events");
  const note = el("p", { class: "muted small", role: "status" });
  at("page").setAttribute("aria-busy", "true");
  let cursor = null;
  async function next() {
    more.disabled = true;
    try {
      const page = await fetchJson(withQuery("/v1/audit/events", { ...asked, limit: PAGE, cursor }), { signal });
      if (!cursor) at("events").replaceChildren(frame, el("div", { class: "more-row" }, more, note));
      body.append(...page.events.map(eventRow));
      while (body.children.length > MOST_ROWS) body.firstElementChild.remove();
      cursor = page.next;
      more.hidden = !cursor;
      note.textContent = body.children.length ? `${plural(body.children.length, "event")} shown${cursor ? "" : ", which is all"}` : "No event fits these filters.";
    } catch (error) {
      if (error.name === "AbortError") return;
      at("events").replaceChildren(failureNote(error, load));
    } finally {
      more.disabled = false;
      if (!signal.aborted) at("page").removeAttribute("aria-busy");
    }
  }
  more.addEventListener("click", next);
  await next();
}

function eventRow(event) {
  const [, kind, id] = event.stream.split("/");
  const only = (values) => { writeQuery({ ...readQuery(NAMES), version: "", ...values }); load(); };
  const open = el("button", { type: "button", class: "link kind", onclick: () => choose(tr, event, only) }, event.kind);
  const tr = row(COLUMNS, [
    time(event.at, { dateStyle: "short", timeStyle: "medium" }), el("span", { class: "actor", title: event.actor }, event.actor || "the system"),
    open, el("span", {}, `${kind} `, shortId(id)), String(event.position),
  ], { "data-position": String(event.position) });
  tr.addEventListener("click", (click) => { if (!click.target.closest("button, a")) open.click(); });
  open.addEventListener("keydown", (press) => {
    const other = { ArrowDown: tr.nextElementSibling, ArrowUp: tr.previousElementSibling }[press.key];
    if (!other) return;
    press.preventDefault();
    other.querySelector("button.kind").focus();
  });
  return tr;
}

function choose(tr, event, only) {
  for (const other of document.querySelectorAll("tr[aria-current]")) other.removeAttribute("aria-current");
  tr.setAttribute("aria-current", "true");
  openEvent(event, only);
}

/** A day of the filters as a moment in UTC; the day that ends the stretch is in it. */
function moment(day, plus = 0) {
  const ms = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(ms) ? "" : `${new Date(ms + plus * 86_400_000).toISOString().slice(0, 19)}Z`;
}
