// How fast the running budget burns: what is spent of it, and what that comes to by its end at this pace.
import { perMille, times, unitsOf } from "./amounts.js";
import { fetchJson } from "./api.js";
import { runningBudget } from "./budget.js";
import { el } from "./dom.js";
import { money, time } from "./format.js";
import { facts, state } from "./tables.js";
import { withQuery } from "./urls.js";

const DAY = { dateStyle: "medium", timeZone: "UTC" };

/** Fills the card. */
export async function budgetCard(place, signal) {
  const budget = await runningBudget({ signal });
  const { period_start: since, period_end: until } = budget;
  const used = budget.used_usd ?? (await fetchJson(withQuery("/v1/costs/summary", { from: since, to: until }), { signal })).total_usd;
  const length = Date.parse(until) - Date.parse(since), elapsed = Math.min(length, Math.max(60_000, Date.now() - Date.parse(since)));
  const forecast = short(times(used, length, elapsed));
  const limit = budget.limit_usd;
  place.replaceChildren(limit ? burn(used, forecast, limit) : el("p", { class: "value" }, el("span", { title: `$${used}` }, money(used))),
    verdict({ used, forecast, limit, since, length, elapsed, until }),
    facts([
      ["Spent so far", `$${used}`], ["Forecast at this pace", money(forecast)], ["Limit", limit ? `$${limit}` : ""],
      ["Reserved by running turns", budget.reserved_usd && unitsOf(budget.reserved_usd)[0] ? `$${budget.reserved_usd}` : ""],
      ["Period ends", time(until, DAY)],
    ]));
}

function burn(used, forecast, limit) {
  const [spent, tick] = [perMille(used, limit) ?? 0, perMille(forecast, limit) ?? 0];
  const fill = el("span", { class: `fill ${spent >= 800 ? "warn" : ""}` }), mark = el("span", { class: "tick", hidden: tick > 1000 });
  fill.style.width = `${Math.min(100, spent / 10)}%`;
  mark.style.left = `${Math.min(100, tick / 10)}%`;
  return el("div", { class: "meter tall", role: "meter", "aria-label": "Budget used", "aria-valuemin": "0", "aria-valuemax": "100",
    "aria-valuenow": String(Math.min(100, Math.round(spent / 10))), "aria-valuetext": `${(spent / 10).toFixed(1)} % of the budget` }, fill, mark);
}

function verdict({ used, forecast, limit, since, length, elapsed, until }) {
  const end = new Intl.DateTimeFormat("en-GB", { ...DAY, dateStyle: "medium" }).format(new Date(Date.parse(until) - 1));
  if (!limit) return el("p", {}, `At this pace ${money(forecast)} by ${end}. `, el("span", { class: "muted" }, "There is no limit."));
  const share = perMille(used, limit);
  if (share >= 1000) return el("p", {}, state("bad", "used up"), " New questions wait for the next period, or for an administrator who raises the limit.");
  if ((perMille(forecast, limit) ?? 0) <= 1000) return el("p", {}, state("good", "within the limit"), ` At this pace ${money(forecast)} by ${end}.`);
  const when = new Date(Date.parse(since) + Math.min(length, (elapsed * 1000) / Math.max(1, share)));
  return el("p", {}, state("warn", "over the limit at this pace"), " It would be used up about ", time(when.toISOString(), DAY), ".");
}

/** Six places are enough for a forecast. */
function short(usd) {
  const [whole, fraction = ""] = usd.split(".");
  return fraction ? `${whole}.${fraction.slice(0, 6)}` : whole;
}
