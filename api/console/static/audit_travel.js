// A session in time: as it was at a version, and what the step to the next one changed.
import { fetchJson } from "./api.js";
import { payload } from "./audit_event.js";
import { failureNote } from "./dialogs.js";
import { el, iconButton } from "./dom.js";
import { number, plural, time } from "./format.js";
import { facts } from "./tables.js";
import { readQuery, withQuery, writeQuery } from "./urls.js";
import { modelWords } from "./words.js";

const EVENTS_A_PAGE = 200, MOST_EVENTS = 2000, SETTLE_MS = 120, KEPT = 60;
const ABOUT = ["version", "kind", "at", "actor", "turn_id", "call_id"];
const NAMES = { cost_usd: "Cost", ms: "Milliseconds", at_char: "At character", age_s: "Age in seconds" };
let current = null;

document.addEventListener("keydown", (press) => {
  if (!current || press.altKey || press.ctrlKey || press.metaKey || press.target.closest("input, select, textarea, button, dialog, [role=region], pre")) return;
  const by = { ArrowLeft: -1, ArrowRight: 1 }[press.key];
  if (by) { press.preventDefault(); current.go(current.version + by); }
});

/** Shows the session's versions in `place`; nothing without a session. */
export async function travel(place, session, version) {
  current = null;
  place.hidden = !session;
  if (!session) return place.replaceChildren();
  place.replaceChildren(el("p", { class: "muted" }, "Reading the session …"));
  const kept = new Map();
  const read = (what, query) => {
    const path = withQuery(`/v1/sessions/${encodeURIComponent(session)}/${what}`, query);
    if (!kept.has(path)) kept.set(path, fetchJson(path).catch((error) => { kept.delete(path); throw error; }));
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
    return kept.get(path);
  };
  try {
    const latest = await read("history", { limit: 1000 });
    if (readQuery(["session"]).session !== session) return undefined;
    current = new Traveller(place, session, latest, read);
    current.go(version || latest.version);
    await current.readEvents();
  } catch (error) {
    place.replaceChildren(error.status === 404
      ? el("p", { class: "note" }, "There is no such session, or it was erased. What the log still knows of it stands below.")
      : failureNote(error, () => travel(place, session, version)));
  }
  return undefined;
}

class Traveller {
  constructor(place, session, latest, read) {
    this.session = session; this.last = latest.version; this.read = read; this.version = latest.version; this.events = new Map(); this.timer = 0;
    this.slider = el("input", { type: "range", min: "1", max: String(this.last), step: "1", "aria-label": "Version" });
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.count = el("output", { class: "count" });
    this.ticks = el("div", { class: "ticks", "aria-hidden": "true" });
    this.now = el("article", { class: "moment", "aria-label": "The session at this version" });
    this.next = el("article", { class: "moment", "aria-label": "What the next step changed" });
    place.replaceChildren(
      el("div", { class: "panel-head" }, el("h2", {}, `Session in time${latest.title ? `: ${latest.title}` : ""}`), el("span", { class: "badge" }, "read only")),
      el("div", { class: "scrubber" }, iconButton("Step back", "back", () => this.go(this.version - 1)),
        el("div", { class: "track" }, this.slider, this.ticks), iconButton("Step forward", "forward", () => this.go(this.version + 1)), this.count),
      el("div", { class: "two" }, this.now, this.next));
  }

  /** Goes to a version, within what there is; shown when the hand rests. */
  go(version) {
    this.version = Math.min(this.last, Math.max(1, Math.round(version)));
    this.slider.value = String(this.version);
    this.slider.setAttribute("aria-valuetext", `${this.version} of ${this.last}`);
    this.count.textContent = `${number(this.version)} of ${number(this.last)}`;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.show(this.version), this.now.children.length ? SETTLE_MS : 0);
  }

  async show(version) {
    writeQuery({ ...readQuery(["kind", "actor", "session", "correlation", "from", "to", "order"]), version: String(version) }, { replace: true });
    try {
      const [before, step] = await Promise.all([this.read("history", { version, limit: 1000 }),
        version < this.last ? this.read("changes", { from: version, version: version + 1 }) : null]);
      if (this.version !== version) return;
      this.now.dataset.version = String(version);
      this.now.replaceChildren(...stateOf(before, this.events.get(version)));
      this.next.dataset.version = step ? String(version + 1) : "";
      this.next.replaceChildren(...stepTo(before, step?.changes[0], this.events.get(version + 1)));
    } catch (error) {
      this.now.replaceChildren(failureNote(error, () => this.show(version)));
      this.next.replaceChildren();
    }
  }

  /** What happened at each version: for the ticks, and for what a step says. */
  async readEvents() {
    let cursor = null;
    do {
      const page = await fetchJson(withQuery("/v1/audit/events", { session: this.session, limit: EVENTS_A_PAGE, cursor }));
      if (current !== this) return;
      for (const event of page.events) this.events.set(event.version, event);
      cursor = page.next;
      this.drawTicks();
    } while (cursor && this.events.size < MOST_EVENTS);
    this.show(this.version);
  }

  drawTicks() {
    const most = 300, step = Math.max(1, Math.ceil(this.last / most)), marks = [];
    for (let version = 1; version <= this.last; version += step) {
      const event = this.events.get(version);
      const tick = el("span", { class: `tick ${toneOf(event?.kind)}`, title: event ? `${version}: ${event.kind}` : false });
      tick.style.left = `${this.last > 1 ? ((version - 1) / (this.last - 1)) * 100 : 50}%`;
      marks.push(tick);
    }
    this.ticks.replaceChildren(...marks);
  }
}

function toneOf(kind = "") {
  if (kind.startsWith("turn.started")) return "begin";
  if (/^turn\.(completed|cancelled|failed)/.test(kind)) return "end";
  return "";
}

function stateOf(session, event) {
  return [
    el("h3", {}, `Version ${number(session.version)}`, event ? [" · ", time(event.at, { dateStyle: "medium", timeStyle: "medium" })] : ""),
    facts([["Title", session.title || "none yet"], ["Assistant", session.assistant], ["User", session.user],
      ["Turns that had ended", session.next ? `more than ${number(session.turns.length)}` : number(session.turns.length)], ["Running", session.running ? "a turn was being answered" : ""]]),
    session.turns.length ? el("ol", { class: "turns" }, session.turns.slice(-20).map(turnOf)) : el("p", { class: "muted" }, "No turn had ended yet."),
    session.turns.length > 20 ? el("p", { class: "muted small" }, `The last 20 of ${plural(session.turns.length, "turn")}.`) : "",
  ];
}

function turnOf(turn) {
  return el("li", { "data-turn-id": turn.turn_id },
    el("p", { class: "asked" }, turn.question || "(only what became of it is known)"), turn.answer ? el("p", { class: "said" }, turn.answer) : "",
    el("p", { class: "muted small" }, [turn.status, modelWords(turn.model), turn.cached ? "kept answer" : "", `$${turn.cost_usd}`].filter(Boolean).join(" · ")));
}

function stepTo(before, change, event) {
  if (!change) return [el("h3", {}, "The next step"), el("p", { class: "muted" }, "This is the latest version: nothing has happened since.")];
  const said = Object.entries(change).filter(([name, value]) => !ABOUT.includes(name) && ![null, false, ""].includes(value));
  return [
    el("h3", {}, `To version ${number(change.version)}`, ": ", el("code", {}, change.kind)),
    facts([["Time", time(change.at, { dateStyle: "medium", timeStyle: "medium" })], ["Actor", change.actor || "the system"], ["Position", event ? String(event.position) : ""]]),
    said.length ? el("ul", { class: "changes" }, said.map(([name, value]) => el("li", {},
      el("span", { class: "what" }, words(name)), name === "title" && before.title ? el("del", {}, before.title) : "", el("ins", {}, text(name, value)))))
      : el("p", { class: "muted" }, "It changed nothing that is shown of the session."),
    event ? el("details", { open: !said.length }, el("summary", {}, "What the event says"), payload(event.data)) : "",
  ];
}

const words = (name) => (NAMES[name] || name[0].toUpperCase() + name.slice(1)).replaceAll("_", " ");
const text = (name, value) => (name === "cost_usd" ? `$${value}` : typeof value === "object" ? JSON.stringify(value) : String(value));
