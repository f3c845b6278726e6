// The installation's tenants, page by page.
import { fetchJson } from "./api.js";
import { askText, failureNote, toast } from "./dialogs.js";
import { el } from "./dom.js";
import { plural, time } from "./format.js";
import { row, table } from "./tables.js";
import { withQuery } from "./urls.js";

const PAGE = 50;
const COLUMNS = [{ name: "Name" }, { name: "Id" }, { name: "Since" }, { name: "Erase" }];

function tenantRow(tenant) {
  const tr = row(COLUMNS, [tenant.name, el("code", { class: "id" }, tenant.tenant_id), time(tenant.created_at),
    el("button", { type: "button", class: "quiet", "aria-label": `Erase ${tenant.name}`, onclick: () => erase(tenant, tr) }, "Erase")]);
  return tr;
}

/** A tenant goes for good, so its name is typed first. */
async function erase(tenant, tr) {
  const typed = await askText(`Erase ${tenant.name}?`, `Chats, documents, files and people of ${tenant.tenant_id} go for good, in every copy; what it cost stays. Type its name to go on.`, "", "Erase");
  if (typed === null) return;
  if (typed.trim() !== tenant.name) return toast("That is not its name: nothing was erased.");
  tr.setAttribute("aria-busy", "true");
  tr.lastElementChild.textContent = "is being erased";
  try {
    await fetchJson(`/v1/tenants/${tenant.tenant_id}`, { method: "DELETE" });
    tr.remove();
    toast(`${tenant.name} is erased.`);
  } catch (error) {
    tr.replaceWith(tenantRow(tenant));
    toast(error.message);
  }
}

/** Fills the section with the first page; the rest on demand. */
export async function tenantsSection(place) {
  const frame = table("Tenants", COLUMNS, [], { busy: true });
  const body = frame.querySelector("tbody");
  const more = el("button", { type: "button" }, "More tenants"), note = el("p", { class: "muted small", role: "status" });
  let cursor = null;
  async function next() {
    more.disabled = true;
    try {
      const page = await fetchJson(withQuery("/v1/tenants", { limit: PAGE, cursor }));
      if (!cursor) place.replaceChildren(frame, el("div", { class: "more-row" }, more, note));
      body.append(...page.tenants.map(tenantRow));
      cursor = page.next;
      more.hidden = !cursor;
      note.textContent = body.children.length ? `${plural(body.children.length, "tenant")}${cursor ? ", and more" : ""}` : "No tenant yet: `colloquy tenant create NAME` makes one.";
    } catch (error) {
      place.replaceChildren(failureNote(error, () => tenantsSection(place)));
    } finally {
      more.disabled = false;
    }
  }
  more.addEventListener("click", next);
  await next();
}
