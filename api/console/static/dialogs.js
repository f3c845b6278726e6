// Dialogs, short notices, and what is said of a failure: in words, with a way on and a trace id to copy.
import { el, icon, iconButton } from "./dom.js";

/** Opens a dialog called `title` that holds `content`; resolves with its return value when it is closed. */
export function openDialog(title, content, { wide = false, side = false, buttons = [] } = {}) {
  const id = `dialog-${++count}`;
  const dialog = el("dialog", { class: side ? "side" : wide ? "wide" : "", "aria-labelledby": id },
    el("div", { class: "dialog-head" },
      el("h2", { id }, title), iconButton("Close", "close", () => dialog.close())),
    el("div", { class: "dialog-body", tabindex: "0" }, content),
    buttons.length ? el("div", { class: "dialog-foot" }, buttons.map((button) => el("button", {
      type: "button", class: button.class || "", onclick: () => dialog.close(button.value),
    }, button.label))) : null);
  document.body.append(dialog);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.showModal();
  const closed = new Promise((resolve) => dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue);
  }));
  return { dialog, closed };
}
let count = 0;

/** Asks; true when the person says yes. */
export async function confirmDialog(title, content, yes, { danger = false } = {}) {
  const { closed } = openDialog(title, content, { buttons: [
    { label: "Cancel", value: "" }, { label: yes, value: "yes", class: danger ? "danger" : "primary" },
  ] });
  return (await closed) === "yes";
}

/** Asks for one line of text; null when the person leaves it. */
export async function askText(title, label, value = "", yes = "Save") {
  const input = el("input", { type: "text", id: "asked", value, maxlength: "200", autocomplete: "off" });
  const form = el("form", { class: "stack", method: "dialog" }, el("label", { for: "asked" }, label), input);
  const { dialog, closed } = openDialog(title, form, { buttons: [
    { label: "Cancel", value: "" }, { label: yes, value: "yes", class: "primary" },
  ] });
  form.addEventListener("submit", (event) => { event.preventDefault(); dialog.close("yes"); });
  input.focus();
  input.select();
  return (await closed) === "yes" ? input.value : null;
}

/** A short notice at the foot of the page, gone after a while. */
export function toast(text) {
  const notice = el("p", {}, text);
  document.getElementById("toasts")?.append(notice);
  setTimeout(() => notice.remove(), 6000);
}

/** A failure as an element: words, a retry when there is one, the trace id to copy. */
export function failureNote(error, retry = null) {
  return el("div", { class: "note bad", role: "alert" },
    el("p", {}, error.message || String(error)),
    el("div", { class: "note-actions" },
      retry ? el("button", { type: "button", onclick: retry }, "Try again") : null,
      error.traceId ? traceButton(error.traceId) : null));
}

/** "Trace 0af3... copy". */
export function traceButton(traceId) {
  const button = el("button", { type: "button", class: "quiet trace", title: "Copy the trace id" },
    "Trace ", el("code", {}, traceId), icon("copy"));
  button.addEventListener("click", () => copyText(traceId, button));
  return button;
}

/** Copies a text and shows on the button that it is done. */
export async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { class: "unseen" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.dataset.done = "copied";
  toast("Copied");
  setTimeout(() => { delete button.dataset.done; }, 1500);
}
