// Read models: how far each is, and building one anew beside the live one.
import { request } from "./api.js";
import { confirmDialog, toast } from "./dialogs.js";
import { el } from "./dom.js";
import { duration, number, plural, time } from "./format.js";
import { state, table } from "./tables.js";

const FOR = { session_view: "lists of sessions and turns", costs: "costs", audit: "the audit log", relay: "the way from the store to the pipe" };
const COLUMNS = [{ name: "Read model" }, { name: "State" }, { name: "Behind", kind: "number" }, { name: "Position", kind: "number" },
  { name: "Parked", kind: "number" }, { name: "Built as", kind: "number" }, { name: "Rebuild" }];

/** Fills the table; whether something is being built, so that it is worth looking soon. */
export function modelsTable(place, models, look) {
  if (models === null) {
    place.replaceChildren(el("p", { class: "note warn" }, "The database does not answer, so nobody can tell how far the read models are."));
    return false;
  }
  const held = document.activeElement?.dataset?.rebuild;
  place.replaceChildren(table("Read models", COLUMNS, models.map((model) => [
    el("span", { title: FOR[model.name] || "" }, model.name.replaceAll("_", " "), el("span", { class: "muted small under" }, FOR[model.name] || "")),
    stateOf(model),
    model.lag_events ? [number(model.lag_events), el("span", { class: "muted small under" }, `for ${duration(model.lag_seconds * 1000) || "moments"}`)] : "0",
    number(model.position), number(model.parked), model.name === "relay" ? "" : `${model.layout}.${model.generation}`, rebuildOf(model, look),
  ]), { empty: "No read model has begun yet." }));
  if (held) place.querySelector(`[data-rebuild="${CSS.escape(held)}"]`)?.focus();
  return models.some(building);
}

const building = (model) => model.built !== null || ["waiting", "running"].includes(model.rebuild?.state);

function stateOf(model) {
  if (model.parked) return state("warn", plural(model.parked, "stream") + " parked");
  if (model.lag_events && model.lag_seconds > 30) return state("bad", "behind");
  return state("good", model.lag_events ? "following" : "up to date");
}

function rebuildOf(model, look) {
  if (model.name === "relay") return "";
  if (building(model)) return progress(model);
  const last = model.rebuild;
  return el("span", {}, el("button", { type: "button", class: "quiet", "data-rebuild": model.name, "aria-label": `Rebuild ${model.name}`, onclick: () => rebuild(model, look) }, "Rebuild"),
    last?.state === "done" ? el("span", { class: "muted small under" }, "rebuilt ", time(last.ended_at, { dateStyle: "short", timeStyle: "short" })) : "",
    last?.state === "failed" ? el("span", { class: "small under failed" }, `failed: ${last.outcome}`) : "");
}

function progress(model) {
  if (model.built === null) return el("span", { class: "muted" }, model.rebuild.state === "waiting" ? "waits for the process that projects" : "begins");
  const share = model.head ? Math.min(100, Math.floor((model.built / model.head) * 100)) : 100;
  return el("span", {}, el("progress", { max: "100", value: String(share), "aria-label": `Rebuild of ${model.name}` }),
    el("span", { class: "muted small under" }, `${number(model.built)} of ${number(model.head)} (${share} %)`));
}

async function rebuild(model, look) {
  const name = model.name.replaceAll("_", " ");
  const yes = await confirmDialog(`Rebuild ${name}?`, `It is built anew from the event store beside the live one, which answers until the new one has caught up. ${number(model.head)} positions are read.`, "Rebuild");
  if (!yes) return;
  try {
    await request(`/v1/operations/read-models/${encodeURIComponent(model.name)}/rebuild`, { method: "POST" });
    toast(`${name} is being rebuilt`);
  } catch (error) {
    toast(error.message);
  }
  look();
}
