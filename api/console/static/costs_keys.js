// The sums of a series by its keys: the order of the chart's layers, their colours, and the tables beside it.
import { byAmount, perMille } from "./amounts.js";
import { el } from "./dom.js";
import { money, number, sumMoney, utc } from "./format.js";
import { table } from "./tables.js";
import { modelWords } from "./words.js";

const FAMILIES = { sonnet: 1, haiku: 2, "titan-embed": 3, opus: 4, nova: 5 };
const LAYERS = 7;
export const OTHERS = "\u0000others";

/** { key, label, colour (1 to 8), usd, estimated, calls, tokens } of each key, the dearest first. */
export function keysOf(points, group) {
  const found = new Map();
  for (const point of points) {
    const key = point.others ? OTHERS : point.key;
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(point);
  }
  const keys = [...found].map(([key, some]) => ({
    key, label: labelOf(key, group),
    usd: sumMoney(some.map((point) => point.cost_usd)), estimated: sumMoney(some.map((point) => point.estimated_usd || "0")),
    calls: total(some, "calls"),
  }));
  keys.sort((one, other) => (one.key === OTHERS) - (other.key === OTHERS) || byAmount(one.usd, other.usd));
  keys.forEach((key, index) => { key.colour = colourOf(key.key, group, index); key.layer = index < LAYERS && key.key !== OTHERS; });
  return keys;
}

/** What a key is called. */
export function labelOf(key, group) {
  if (key === OTHERS) return "all others";
  if (key === "" || key === null) return group === "session" ? "outside of sessions" : "unknown";
  return group === "model" ? modelWords(key) : group === "step" ? key.replaceAll("_", " ") : key;
}

/** One of the eight colours: a model family has the same one wherever it is shown; others go by their place. */
function colourOf(key, group, index) {
  if (key === OTHERS || index >= LAYERS) return 8;
  if (group !== "family" && group !== "model") return (index % LAYERS) + 1;
  const family = Object.keys(FAMILIES).find((name) => String(key).includes(name));
  return family ? FAMILIES[family] : 6;
}

/** The sums as a table: a click on a key filters by it. */
export function keysTable(name, keys, all, onpick) {
  const columns = [{ name: name.replace("Spent by ", "") }, { name: "Spent", kind: "number" }, { name: "Share", kind: "number" }, { name: "Calls", kind: "number" }];
  const rows = keys.map((key) => [
    el("span", { class: "key" }, el("span", { class: `swatch okabe-${key.colour}`, "aria-hidden": "true" }),
      key.key === OTHERS || key.key === "" ? key.label
        : el("button", { type: "button", class: "link", title: `Show only ${key.key}`, onclick: () => onpick(key.key) }, key.label)),
    amount(key.usd, key.estimated), share(key.usd, all), number(key.calls),
  ]);
  return table(name, columns, rows, {
    empty: "Nothing was spent in this period.",
    foot: keys.length ? ["All", el("span", {}, `$${all}`), "", number(total(keys, "calls"))] : null,
  });
}

/** Every point as a row. */
export function pointsTable(name, points, group, interval) {
  const columns = [{ name: "From (UTC)" }, { name: "What" }, { name: "Spent", kind: "number" }, { name: "Calls", kind: "number" },
    { name: "Input", kind: "number" }, { name: "Output", kind: "number" }];
  const shown = points.slice(0, 1000).map((point) => [
    utc(point.at).slice(0, interval === "hour" ? 16 : 10), labelOf(point.others ? OTHERS : point.key, group),
    amount(point.cost_usd, point.estimated_usd), number(point.calls), number(point.input_tokens), number(point.output_tokens),
  ]);
  const rest = points.length - shown.length;
  return el("div", {}, table(name, columns, shown, { empty: "Nothing was spent in this period." }),
    rest > 0 ? el("p", { class: "muted small" }, `${number(rest)} more rows: choose a shorter period to see them.`) : null);
}

/** Money in full; an estimate is marked. */
export function amount(usd, estimated) {
  const some = estimated && !/^0(\.0+)?$/.test(estimated);
  return some ? el("span", { class: "cost" }, `$${usd}`, el("span", { class: "estimated", title: `$${estimated} of it` }, money(estimated) === money(usd) ? "estimated" : "partly estimated")) : `$${usd}`;
}

function share(usd, all) {
  const found = perMille(usd, all);
  return found === null ? "" : `${(found / 10).toFixed(1)} %`;
}

const total = (rows, name) => rows.reduce((sum, row) => sum + row[name], 0);
