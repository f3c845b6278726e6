// The page "Incidents": one's own, or all of the tenant for who looks after them, with evidence and what becomes of each.
import { fetchJson, me } from "./api.js";
import { failureNote, openDialog, toast } from "./dialogs.js";
import { el } from "./dom.js";
import { plural, time } from "./format.js";
import { report } from "./report.js";
import { facts, row, shortId, state, table } from "./tables.js";
import { withQuery } from "./urls.js";

const PAGE = 50, MANAGES = me.has("admin");
const COLUMNS = [{ name: "Since" }, { name: "What" }, { name: "How bad" }, { name: "State" }, ...(MANAGES ? [{ name: "Raised by" }] : []), { name: "Answer" }, { name: "" }];
const SEVERITY = { high: "bad", medium: "warn", low: "" };
const STATUS = { open: "warn", acknowledged: "", closed: "good" };
const NEXT = { open: [["acknowledged", "Acknowledge"], ["closed", "Close"]], acknowledged: [["closed", "Close"]] };
const at = (id) => document.getElementById(id);

at("report")?.addEventListener("click", async () => { if (await report()) load(); });
load();

async function load() {
  const frame = table("Incidents", COLUMNS, [], { busy: true });
  const body = frame.querySelector("tbody");
  const more = el("button", { type: "button" }, "Older incidents"), note = el("p", { class: "muted small", role: "status" });
  let cursor = null;
  async function next() {
    more.disabled = true;
    try {
      const page = await fetchJson(withQuery("/v1/incidents", { limit: PAGE, cursor }));
      if (!cursor) at("incidents").replaceChildren(frame, el("div", { class: "more-row" }, more, note));
      body.append(...page.incidents.map(incidentRow));
      cursor = page.next;
      more.hidden = !cursor;
      note.textContent = body.children.length ? `${plural(body.children.length, "incident")} shown${cursor ? "" : ", which is all"}` : "Nothing was reported.";
    } catch (error) {
      at("incidents").replaceChildren(failureNote(error, load));
    } finally {
      more.disabled = false;
      at("page").removeAttribute("aria-busy");
    }
  }
  more.addEventListener("click", next);
  await next();
}

function incidentRow(incident) {
  return row(COLUMNS, [
    time(incident.at), el("button", { type: "button", class: "link", onclick: () => show(incident) }, incident.title),
    state(SEVERITY[incident.severity], incident.severity), state(STATUS[incident.status], incident.status), ...(MANAGES ? [raisedBy(incident)] : []),
    turn(incident), MANAGES ? changes(incident) : "",
  ], { "data-incident-id": incident.incident_id });
}

const raisedBy = ({ raised_by: by, cause }) => (cause === "person" ? by : "a rule");

function turn({ session_id: session, turn_id: id, raised_by: by }) {
  if (!session) return "";
  const url = me.has("auditor") ? withQuery("/console/audit", { session, correlation: id })
    : me.has("member") && (!MANAGES || by === me.user) ? `${withQuery("/console/chat", { session })}${id ? `#turn-${id}` : ""}` : null;
  const shown = shortId(id || session);
  return url ? el("a", { href: url }, shown) : shown;
}

/** What may become of it: forwards alone. */
function changes(incident) {
  return el("span", { class: "chips" }, (NEXT[incident.status] || []).map(([status, words]) => el("button", {
    type: "button", class: "quiet", "aria-label": `${words}: ${incident.title}`, onclick: async (event) => {
      event.target.disabled = true;
      try {
        const changed = await fetchJson(`/v1/incidents/${incident.incident_id}`, { method: "PATCH", json: { status } });
        document.querySelector(`[data-incident-id="${incident.incident_id}"]`)?.replaceWith(incidentRow(changed));
      } catch (error) {
        event.target.disabled = false;
        toast(error.message);
      }
    },
  }, words)));
}

function show(incident) {
  openDialog(incident.title, el("div", { class: "stack" },
    facts([["Since", time(incident.at)], ["How bad", incident.severity], ["State", incident.status], ["Raised by", raisedBy(incident)], ["Answer", turn(incident)]]),
    el("p", { class: "told" }, incident.text || "Nothing more was said."),
    el("p", { class: "muted small" }, "What the log knew when it was raised is kept as evidence, with its hashes. That you read it is noted."),
    el("button", { type: "button", onclick: () => evidence(incident) }, "Save evidence")));
}

/** Links to evidence are good for minutes: a fresh one is asked for. */
async function evidence({ incident_id: id }) {
  try {
    const found = await fetchJson(`/v1/incidents/${id}`);
    if (found.evidence.frozen) el("a", { href: found.evidence.url, download: `evidence-${id}.json` }).click();
    else toast("The evidence is still being gathered. Try again in a moment.");
  } catch (error) {
    toast(error.message);
  }
}
