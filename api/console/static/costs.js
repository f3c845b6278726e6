// The page "Costs": what was spent in a period, on what, and what caches saved. The address holds everything that is shown.
import { fetchJson, me } from "./api.js";
import { drawSeries } from "./costs_chart.js";
import { filterBar } from "./costs_filters.js";
import { linesSection } from "./costs_lines.js";
import { budgetCard } from "./costs_budget.js";
import { keysOf, keysTable, pointsTable } from "./costs_keys.js";
import { savingsCard } from "./costs_savings.js";
import { showTiles } from "./costs_tiles.js";
import { confirmDialog, failureNote, toast } from "./dialogs.js";
import { el } from "./dom.js";
import { number, plural, time } from "./format.js";
import { periodOf, stretchWords } from "./periods.js";
import { readQuery, withQuery, writeQuery } from "./urls.js";

const TOP = 50;
const NARROWED = ["model", "family", "step", "user", "session", "source", "assistant"];
const NAMES = ["period", "group", "from", "to", ...NARROWED];
const GROUPS = { family: "model family", model: "model", step: "step", user: "user", session: "session", source: "source", assistant: "assistant" };
const at = (id) => document.getElementById(id);
let asking = new AbortController();

const filters = filterBar(at("filters"), { groups: GROUPS, narrowed: NARROWED, onchange: (values) => { writeQuery(values); load(); } });
const lines = linesSection(at("lines"));
addEventListener("popstate", load);
load();

async function load() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const shown = readQuery(NAMES);
  shown.period ||= "month";
  shown.group = GROUPS[shown.group] ? shown.group : "family";
  filters.show(shown);
  const period = periodOf(shown.period, shown);
  const narrowed = Object.fromEntries(NARROWED.map((name) => [name, shown[name]]));
  const asked = { from: period.from, to: period.to, ...narrowed };
  at("stretch").textContent = stretchWords(period.from, period.to);
  at("csv").href = withQuery("/console/api/v1/costs/lines", { ...asked, format: "csv" });
  at("csv").download = `costs-${period.from.slice(0, 10)}.csv`;
  at("page").setAttribute("aria-busy", "true");
  at("failure").replaceChildren();
  const narrow = (name, key) => { const values = { ...readQuery(NAMES), [name]: key }; writeQuery(values); load(); };
  try {
    const [now, before, series] = await Promise.all([
      fetchJson(withQuery("/v1/costs/summary", asked), { signal }),
      fetchJson(withQuery("/v1/costs/summary", { ...period.before, ...narrowed }), { signal }),
      fetchJson(withQuery("/v1/costs/series", { ...asked, group_by: shown.group, interval: period.interval, top: TOP }), { signal }),
    ]);
    showTiles(at("tiles"), now, before, period);
    const draw = showSeries(series, now, shown, period, narrow);
    savingsCard(at("savings"), now);
    footer(now);
    if (shown.user && me.has("admin")) at("foot").append(el("button", { class: "danger", onclick: () => erase(shown.user) }, "Erase this user"));
    await Promise.all([lines.show(asked, narrow, signal), budgetCard(at("budget"), signal)]).finally(() => { if (!signal.aborted) draw(); });
  } catch (error) {
    if (error.name === "AbortError") return;
    at("failure").replaceChildren(failureNote(error, load));
  } finally {
    if (!signal.aborted) at("page").removeAttribute("aria-busy");
  }
}

async function erase(user) {
  if (!(await confirmDialog(`Erase ${user}?`, "Their chats and files go for good. Costs stay.", "Erase", { danger: true }))) return;
  fetchJson("/v1/erasures", { method: "POST", json: { user } }).then(load, (error) => toast(error.message));
}

/** The series as tables; what is returned draws it, which is for when all numbers are there: a library comes with it. */
function showSeries(series, summary, shown, period, narrow) {
  const keys = keysOf(series.series, shown.group);
  const title = `Spent by ${GROUPS[shown.group]}`;
  at("series-title").textContent = title;
  at("keys").replaceChildren(keysTable(title, keys, summary.total_usd, (key) => narrow(shown.group, key)));
  at("points").replaceChildren(el("details", {}, el("summary", {}, `Every ${period.interval} as a table (${plural(series.series.length, "row")})`),
    pointsTable(`${title}, every ${period.interval}`, series.series, shown.group, period.interval)));
  return () => drawSeries(at("chart"), { points: series.series, keys, period, name: title, onpick: (key) => narrow(shown.group, key) });
}

function footer(summary) {
  const prices = summary.price_versions || [];
  at("foot").replaceChildren(
    el("span", {}, summary.as_of ? ["Up to the call of ", time(summary.as_of, { dateStyle: "medium", timeStyle: "medium" })] : "No call yet"),
    el("span", {}, summary.lag_events ? `${number(summary.lag_events)} events behind` : "nothing behind"),
    prices.length ? el("span", {}, `Prices: ${prices.join(", ")}`) : null,
    el("span", {}, `${plural(summary.calls, "call")}${callsEstimated(summary)}`));
}

function callsEstimated(summary) {
  const estimated = summary.estimated_calls ?? summary.models.reduce((sum, model) => sum + model.estimated_calls, 0);
  return estimated ? `, ${number(estimated)} of them estimated` : "";
}
