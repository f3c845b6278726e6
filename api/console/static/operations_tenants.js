// The installation's tenants, page by page.
import { fetchJson } from "./api.js";
import { failureNote } from "./dialogs.js";
import { el } from "./dom.js";
import { plural, time } from "./format.js";
import { row, table } from "./tables.js";
import { withQuery } from "./urls.js";

const PAGE = 50;
const COLUMNS = [{ name: "Name" }, { name: "Id" }, { name: "Since" }];

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
      body.append(...page.tenants.map((tenant) => row(COLUMNS, [tenant.name, el("code", { class: "id" }, tenant.tenant_id), time(tenant.created_at)])));
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
