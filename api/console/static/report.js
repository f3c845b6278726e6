// Reporting an incident: what went wrong, how bad it is, and where, if it was in an answer.
import { fetchJson } from "./api.js";
import { openDialog, toast } from "./dialogs.js";
import { el } from "./dom.js";

const SEVERITIES = [["low", "low: it can wait"], ["medium", "medium: it should be looked at"], ["high", "high: it does harm now"]];

/** Asks for it and raises it; `where` is `{ session_id, turn_id }` or empty. Whether it was raised. */
export async function report(where = {}) {
  const title = el("input", { id: "incident-title", maxlength: "200", required: true, autocomplete: "off" });
  const text = el("textarea", { id: "incident-text", maxlength: "20000", rows: "5" });
  const severity = el("select", { id: "incident-severity" }, SEVERITIES.map(([value, words]) => el("option", { value, selected: value === "medium" }, words)));
  const field = (name, input) => [el("label", { for: input.id }, name), input];
  const form = el("form", { class: "fields", method: "dialog" },
    el("p", { class: "muted small" }, where.turn_id ? "Your administrators read it, with this answer and its question as they are now." : "Your administrators read it."),
    field("What went wrong", title), field("What happened, and what you expected", text), field("How bad it is", severity),
    el("p", { class: "failed", role: "alert" }));
  const { dialog, closed } = openDialog("Report an incident", form, { buttons: [{ label: "Cancel", value: "" }] });
  const send = el("button", { type: "submit", class: "primary" }, "Report");
  dialog.querySelector(".dialog-foot").append(send);
  send.addEventListener("click", () => form.requestSubmit());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      await fetchJson("/v1/incidents", { method: "POST", json: { title: title.value.trim(), text: text.value.trim(), severity: severity.value, ...where } });
      dialog.close("yes");
    } catch (error) {
      form.lastElementChild.textContent = error.message;
      send.disabled = false;
    }
  });
  title.focus();
  if ((await closed) !== "yes") return false;
  toast("Your administrators have it now.");
  return true;
}
