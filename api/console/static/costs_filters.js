// The row of filters of the page "Costs": period, what to group by, and chips of what it is narrowed to.
import { el, icon } from "./dom.js";
import { PERIODS } from "./periods.js";

/** Builds the row inside `form`; `show(values)` makes it say what the address says, `onchange(values)` tells of a change. */
export function filterBar(form, { groups, narrowed, onchange }) {
  const period = select("Period", PERIODS);
  const group = select("Group by", Object.entries(groups).map(([value, word]) => [value, capital(word)]));
  const [from, to] = ["From", "To, with this day"].map((name) => el("input", { type: "date", "aria-label": name, required: true }));
  const days = el("span", { class: "days", hidden: true }, from, el("span", { class: "muted" }, "to"), to);
  const chips = el("div", { class: "chips" });
  const what = select("Only", narrowed.map((name) => [name, capital(groups[name] || name)]));
  const value = el("input", { type: "search", "aria-label": "Value to filter by", placeholder: "value", maxlength: "200" });
  const only = el("span", { class: "only" }, what.label, value, el("button", { type: "submit", title: "Filter" }, "Filter"));
  form.replaceChildren(period.label, days, group.label, only, chips);
  let shown = {};

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (value.value.trim()) change({ [what.select.value]: value.value.trim() });
    value.value = "";
  });
  period.select.addEventListener("change", () => {
    const today = new Date().toISOString().slice(0, 10);
    change(period.select.value === "custom" ? { period: "custom", from: `${today.slice(0, 8)}01`, to: today } : { period: period.select.value, from: "", to: "" });
  });
  group.select.addEventListener("change", () => change({ group: group.select.value }));
  for (const [input, name] of [[from, "from"], [to, "to"]]) input.addEventListener("change", () => input.value && change({ [name]: input.value }));
  const change = (some) => onchange({ ...shown, ...some });

  function show(values) {
    shown = { ...values };
    period.select.value = values.period;
    group.select.value = values.group;
    days.hidden = values.period !== "custom";
    from.value = values.from;
    to.value = values.to;
    chips.replaceChildren(...narrowed.filter((name) => values[name]).map((name) => el("button", {
      type: "button", class: "filter-chip", title: "Take this filter away", onclick: () => change({ [name]: "" }),
    }, el("span", { class: "muted" }, `${capital(groups[name] || name)}: `), el("span", { class: "chip-value" }, values[name]), icon("close"))));
    chips.hidden = !chips.children.length;
  }
  return { show };
}

function select(name, options) {
  const box = el("select", { "aria-label": name }, options.map(([value, word]) => el("option", { value }, word)));
  return { select: box, label: el("label", {}, el("span", {}, name), box) };
}

const capital = (word) => word[0].toUpperCase() + word.slice(1);
