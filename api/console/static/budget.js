// Where the budget stands: a bar with its forecast for those who may see costs, a warning for those who use it.
import { perMille, times } from "./amounts.js";
import { fetchJson, me } from "./api.js";
import { el } from "./dom.js";
import { money, sumMoney } from "./format.js";
import { withQuery } from "./urls.js";

const STATES = {
  warned: "Four fifths of the budget are used.",
  low: "The budget is nearly used up; answers may come from a smaller model.",
  out: "The budget is used up. Ask an administrator of your organisation to raise it.",
};

/** The running budget, for administrators from where they set it, for analysts with the costs; null for others. */
export async function runningBudget(options) {
  if (me.has("admin")) return fetchJson("/v1/budget", options);
  if (!me.has("analyst")) return null;
  const { budget } = await fetchJson("/v1/costs/summary", options);
  const { total_usd } = await fetchJson(withQuery("/v1/costs/summary", { from: budget.period_start, to: budget.period_end }), options);
  return { ...budget, used_usd: total_usd };
}

/** Shows it in `root`; call `updated(frame)` with each `budget.updated`, `refresh()` after an answer. */
export class BudgetBar {
  constructor(root) {
    this.root = root;
    this.refresh();
  }

  async refresh() {
    try {
      this.show(await runningBudget());
    } catch { /* the chat goes on without its budget's bar */ }
  }

  updated(frame) {
    const words = STATES[frame.state];
    if (me.has("admin", "analyst")) this.refresh();
    else this.root.replaceChildren(...(words ? [el("p", { class: "note warn" }, words)] : []));
  }

  show(budget) {
    const { limit_usd: limit, used_usd: used, reserved_usd: reserved, period, period_start: since, period_end: until } = budget || {};
    if (!limit || used === null) return this.root.replaceChildren();
    const spent = sumMoney([used, reserved || "0"]);
    const forecast = times(spent, Date.parse(until) - Date.parse(since), Math.max(60_000, Date.now() - Date.parse(since)));
    const [share, coming] = [spent, forecast].map((part) => (perMille(part, limit) ?? 1000) / 10);
    const level = share >= 100 ? "out" : share >= 80 ? "warned" : coming > 100 ? "ahead" : "ok";
    const bar = el("div", { class: `budget-bar ${level}`, role: "meter", "aria-label": "Budget", "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": String(Math.min(100, share)) },
      el("span", { class: "coming" }), el("span", { class: "used" }));
    bar.children[0].style.width = `${Math.min(100, coming)}%`;
    bar.children[1].style.width = `${Math.min(100, share)}%`;
    const words = level === "ok" ? "" : level === "ahead" ? " At this pace it will not last." : ` ${STATES[level]}`;
    return this.root.replaceChildren(bar, el("p", { class: "small muted", title: `${spent} of ${limit} USD` },
      `${money(spent)} of ${money(limit)} this ${period}, ${money(forecast)} at this pace.${words}`));
  }
}
