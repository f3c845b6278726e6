// The page "Operations": what is down, how far behind, since when, what to do. It looks again by itself while it is seen.
import { fetchJson } from "./api.js";
import { breakersTable, partsTable, standing, versions } from "./operations_parts.js";
import { modelsTable } from "./operations_models.js";
import { parkedSection } from "./operations_parked.js";
import { tenantsSection } from "./operations_tenants.js";
import { failureNote } from "./dialogs.js";
import { time } from "./format.js";

const EVERY_MS = 5000, BUSY_MS = 1000;
const at = (id) => document.getElementById(id);
let timer = 0, looking = false, parkedBefore = null;

const parked = parkedSection(at("parked"), look);
tenantsSection(at("tenants"));
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
look();

async function look() {
  if (looking) return;
  clearTimeout(timer);
  looking = true;
  let busy = false;
  try {
    const found = await fetchJson("/v1/operations");
    at("failure").replaceChildren();
    standing(at("standing"), found);
    partsTable(at("parts"), found.parts);
    busy = modelsTable(at("models"), found.read_models, look);
    breakersTable(at("breakers"), found.breakers);
    versions(at("versions"), found.versions);
    const count = (found.read_models || []).reduce((sum, model) => sum + model.parked, 0);
    if (count || count !== parkedBefore) busy = (await parked.show(count)) || busy;
    parkedBefore = count;
    at("looked").replaceChildren("Looked at ", time(found.at, { timeStyle: "medium" }));
  } catch (error) {
    at("failure").replaceChildren(failureNote(error, look));
  } finally {
    looking = false;
    at("page").removeAttribute("aria-busy");
    if (!document.hidden) timer = setTimeout(look, busy ? BUSY_MS : EVERY_MS);
  }
}
