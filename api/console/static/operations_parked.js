// What read models have put aside: sessions that they cannot follow from a fact on. Nothing of what was said is shown.
import { fetchJson } from "./api.js";
import { failureNote, toast } from "./dialogs.js";
import { el } from "./dom.js";
import { number, time } from "./format.js";
import { shortId, table } from "./tables.js";
import { withQuery } from "./urls.js";

const PAGE = 50;
const COLUMNS = [{ name: "Since" }, { name: "Read model" }, { name: "Tenant" }, { name: "Stream" }, { name: "Fact" }, { name: "Reason" }, { name: "" }];
/* Kinds of failures that say more in other words. */
const REASONS = {
  KeyUnusable: "its key cannot be used", Hole: "a fact before it is missing", ValidationError: "its bytes do not fit their kind", DecodeError: "its bytes are damaged",
  InvalidTag: "it cannot be opened with its key", Stale: "the item was written by somebody else",
};

/** The section: `show(count)` lists them; whether one waits to be tried again. */
export function parkedSection(place, look) {
  let pages = 1;
  async function show(count) {
    const found = [];
    let cursor = null, asked = 0;
    do {
      const page = await fetchJson(withQuery("/v1/operations/parked", { limit: PAGE, cursor }));
      found.push(...page.parked);
      cursor = page.next;
      asked += 1;
    } while (cursor && asked < pages);
    const more = cursor ? el("button", { type: "button", onclick: () => { pages += 1; show(count).catch((error) => toast(error.message)); } }, "More") : "";
    place.replaceChildren(table("Parked events", COLUMNS, found.map((one) => cells(one, look)), { empty: "Nothing is parked: every read model follows every stream." }),
      el("div", { class: "more-row" }, more, count > found.length ? el("span", { class: "muted small" }, `${number(found.length)} of ${number(count)}`) : ""));
    return found.some((one) => one.retry?.state === "waiting");
  }
  return { show: (count) => show(count).catch((error) => { place.replaceChildren(failureNote(error, look)); return false; }) };
}

function cells(one, look) {
  const [tenant, kind, id] = one.stream.split("/");
  return [
    time(one.at, { dateStyle: "short", timeStyle: "medium" }), one.name.replaceAll("_", " "), shortId(tenant), el("span", {}, `${kind} `, shortId(id)),
    el("span", {}, el("code", {}, one.topic), el("span", { class: "muted small under" }, `version ${one.version}, position ${one.position}`)),
    el("span", { title: one.reason }, REASONS[one.reason] || one.reason,
      one.retry?.state === "failed" ? el("span", { class: "small under failed" }, "tried again in vain: ", one.retry.outcome) : ""),
    one.retry?.state === "waiting" ? el("span", { class: "muted" }, "is tried within 15 s")
      : el("button", { type: "button", class: "quiet", "aria-label": `Retry ${one.stream}`, onclick: () => retry(one, look) }, "Retry"),
  ];
}

async function retry(one, look) {
  try {
    await fetchJson("/v1/operations/parked/retry", { method: "POST", json: { name: one.name, stream: one.stream } });
    toast("It is tried again within 15 seconds");
  } catch (error) {
    toast(error.message);
  }
  look();
}
