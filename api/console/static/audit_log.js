// The state of the tenant's log: what the last check of it said, when, and how much is in it.
import { fetchJson } from "./api.js";
import { number, plural, time } from "./format.js";
import { el } from "./dom.js";
import { state } from "./tables.js";

const KINDS = { verified: "good", "not verified": "bad", unknown: "" };

/** Fills the status; resolves with what the API says. */
export async function showLog(place, more) {
  try {
    const found = await fetchJson("/v1/audit/log");
    place.dataset.state = found.state;
    place.replaceChildren(state(KINDS[found.state] ?? "", found.state), " ", time(found.at, { dateStyle: "medium", timeStyle: "medium" }));
    more.replaceChildren(el("span", {}, `${plural(found.events, "event")}${found.lag_events ? `, ${number(found.lag_events)} more on their way` : ""}. `), found.detail);
    return found;
  } catch (error) {
    place.dataset.state = "unknown";
    place.replaceChildren(state("", "unknown"), " ", time(new Date().toISOString(), { dateStyle: "medium", timeStyle: "medium" }));
    more.textContent = error.message;
    throw error;
  }
}
