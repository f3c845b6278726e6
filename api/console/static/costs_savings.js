// What the page "Costs" says of savings: kept answers by how they were found, and providers' prompt caches.
import { perMille } from "./amounts.js";
import { UNTOLD } from "./costs_tiles.js";
import { el } from "./dom.js";
import { number, plural, sumMoney } from "./format.js";
import { table } from "./tables.js";

/** Fills the card from a summary. */
export function savingsCard(place, summary) {
  const { cache } = summary;
  const read = summary.models.reduce((sum, model) => sum + model.cache_read_tokens, 0);
  const layers = [
    ["The same question again", hits(cache.exact_hits), cache.exact_saved_usd],
    ["A question that means the same", hits(cache.semantic_hits), cache.semantic_saved_usd],
    ["Prompts that models still knew", `${number(read)} tokens`, cache.prompt_cache_saved_usd],
  ];
  const known = layers.map((layer) => layer[2]).filter(Boolean);
  const all = known.length ? sumMoney(known) : "0";
  const rows = layers.map(([name, how, usd]) => [name, how, el("div", { class: "bar-cell" }, usd === null ? UNTOLD : `$${usd}`, bar(usd, all))]);
  const asked = cache.exact_hits === null ? "" : askedWords(cache);
  place.replaceChildren(table("Saved by caches", [{ name: "How" }, { name: "How often", kind: "number" }, { name: "Saved", kind: "number" }], rows,
    { foot: known.length ? ["All", asked, `$${all}`] : null }));
}

function hits(count) {
  return count === null ? "" : plural(count, "answer");
}

function askedWords({ exact_hits: exact, semantic_hits: semantic, misses }) {
  const looked = exact + semantic + misses;
  return looked ? `${Math.round(((exact + semantic) / looked) * 100)} % of questions` : "";
}

function bar(usd, all) {
  const share = usd ? perMille(usd, all) || 0 : 0;
  const fill = el("span", { class: "fill" });
  fill.style.width = `${share / 10}%`;
  return el("span", { class: "meter", "aria-hidden": "true" }, fill);
}
