// The filters of the page "Audit", and views that are kept in this browser: names of filters with their values, no events.
import { askText, toast } from "./dialogs.js";
import { el } from "./dom.js";

const KEY = "colloquy-audit-views", MOST = 30;
const VIEWS = [
  ["What was asked", { kind: "turn.started.1" }], ["Answers of models", { kind: "tokens.used.1" }], ["Who looked", { kind: "audit.read.1" }],
  ["Erased sessions", { kind: "session.erased.1" }],
];
const LABELS = { kind: "Kind", actor: "Actor", session: "Session", correlation: "Belongs to", from: "From", to: "To" };
const HINTS = { kind: "turn.started.1", actor: "name", session: "id", correlation: "id of a turn" };

/** Builds the form; `show(values)`, and `offer(kinds)` for the list of kinds. */
export function filterForm(form, { names, onchange }) {
  const kinds = el("datalist", { id: "kinds" });
  const inputs = Object.fromEntries(names.map((name) => [name, el("input", {
    type: name === "from" || name === "to" ? "date" : "search", "aria-label": LABELS[name], placeholder: HINTS[name] || false, maxlength: "200",
    list: name === "kind" ? "kinds" : false, autocomplete: "off", spellcheck: "false",
  })]));
  const order = el("select", { "aria-label": "Order" }, el("option", { value: "newest" }, "Newest first"), el("option", { value: "oldest" }, "Oldest first"));
  const views = el("select", { "aria-label": "Saved views" });
  const keep = el("button", { type: "button" }, "Save view"), forget = el("button", { type: "button", class: "quiet", hidden: true }, "Forget view");
  const label = (name, input) => el("label", {}, el("span", {}, name), input);
  form.replaceChildren(label("Saved views", views), ...names.map((name) => label(LABELS[name], inputs[name])), label("Order", order),
    el("button", { type: "submit" }, "Filter"), keep, forget, kinds);

  const values = () => ({ ...Object.fromEntries(names.map((name) => [name, inputs[name].value.trim()])), order: order.value === "oldest" ? "oldest" : "" });
  form.addEventListener("submit", (event) => { event.preventDefault(); onchange(values()); });
  for (const input of [...Object.values(inputs), order]) input.addEventListener("change", () => onchange(values()));
  views.addEventListener("change", () => {
    const chosen = [...VIEWS, ...keptViews()][Number(views.value)];
    if (views.value === "") onchange({});
    else if (chosen) onchange(chosen[1]);
  });
  keep.addEventListener("click", async () => {
    const name = (await askText("Save this view", "Name of the view"))?.trim();
    if (!name) return;
    const set = Object.fromEntries(Object.entries(values()).filter(([, value]) => value));
    store([...keptViews().filter(([other]) => other !== name), [name, set]].slice(-MOST));
    refresh(values());
  });
  forget.addEventListener("click", () => {
    const index = Number(views.value) - VIEWS.length;
    store(keptViews().filter((_, other) => other !== index));
    refresh(values());
  });

  function refresh(shown) {
    const all = [...VIEWS, ...keptViews()], found = all.findIndex(([, view]) => same(view, shown, names));
    const anything = names.some((name) => shown[name]);
    views.replaceChildren(el("option", { value: "" }, anything ? "All events" : "All events"),
      ...all.map(([name], index) => el("option", { value: String(index) }, name)),
      anything && found < 0 ? el("option", { value: "other", hidden: true }, "As filtered") : "");
    views.value = found >= 0 ? String(found) : anything ? "other" : "";
    forget.hidden = found < VIEWS.length;
  }
  return {
    show(shown) {
      for (const name of names) inputs[name].value = shown[name];
      order.value = shown.order;
      refresh(shown);
    },
    offer(all) { kinds.replaceChildren(...all.map((kind) => el("option", { value: kind }))); },
  };
}

function same(view, shown, names) {
  return names.every((name) => (view[name] || "") === (shown[name] || ""));
}

function keptViews() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) || "[]");
    return Array.isArray(found) ? found.filter((view) => Array.isArray(view) && typeof view[0] === "string" && view[1]) : [];
  } catch {
    return [];
  }
}

function store(views) {
  try {
    localStorage.setItem(KEY, JSON.stringify(views));
  } catch {
    toast("This browser keeps nothing for this page: the view lives in its address.");
  }
}
