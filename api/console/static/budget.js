// Where the budget stands: a bar with its forecast for those who set it, a warning for those who use it.
import { fetchJson, me } from "./api.js";
import { el } from "./dom.js";
import { money, sumMoney } from "./format.js";

const STATES = {
  warned: "Four fifths of the budget are used.",
  low: "The budget is nearly used up; answers may come from a smaller model.",
  out: "The budget is used up. Ask an administrator of your organisation to raise it.",
};

/** Shows it in `root`; call `updated(frame)` with each `budget.updated`, `refresh()` after an answer. */
export class BudgetBar {
  constructor(root) {
    this.root = root;
    this.refresh();
  }

  async refresh() {
    if (!me.has("admin")) return;
    try {
      this.show(await fetchJson("/v1/budget"));
    } catch { /* the chat goes on without its budget's bar */ }
  }

  updated(frame) {
    const words = STATES[frame.state];
    if (me.has("admin")) this.refresh();
    else this.root.replaceChildren(...(words ? [el("p", { class: "note warn" }, words)] : []));
  }

  show({ limit_usd: limit, used_usd: used, reserved_usd: reserved, period, period_start: since, period_end: until }) {
    if (!limit || used === null) return this.root.replaceChildren();
    const spent = sumMoney([used, reserved || "0"]);
    const forecast = scaled(spent, Date.parse(until) - Date.parse(since), Math.max(60_000, Date.now() - Date.parse(since)));
    const share = percent(spent, limit), coming = percent(forecast, limit);
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

/** A decimal string times a fraction of whole numbers, as one. */
function scaled(usd, times, over) {
  const [whole, fraction = ""] = usd.split(".");
  const units = (BigInt(whole + fraction) * BigInt(Math.round(times))) / BigInt(Math.round(over));
  const text = units.toString().padStart(fraction.length + 1, "0");
  return fraction ? `${text.slice(0, -fraction.length)}.${text.slice(-fraction.length)}` : text;
}

function percent(part, whole) {
  const scale = Math.max(...[part, whole].map((usd) => (usd.split(".")[1] || "").length));
  const units = (usd) => { const [big, small = ""] = usd.split("."); return BigInt(big + small.padEnd(scale, "0")); };
  return units(whole) === 0n ? 100 : Number((units(part) * 1000n) / units(whole)) / 10;
}
