// The tiles on top of the page "Costs": each a number and how it changed against the period before.
import { changeOf } from "./amounts.js";
import { el } from "./dom.js";
import { duration, money, number, plural } from "./format.js";
import { stretchWords } from "./periods.js";

const ARROWS = { more: "▲", less: "▼", same: "=", new: "+" };

/** Fills the tiles from two summaries: of the period, and of the one before it. */
export function showTiles(place, now, before, period) {
  const against = stretchWords(period.before.from, period.before.to);
  const kept = (summary) => summary.cache.exact_hits === null ? null : summary.cache.exact_hits + summary.cache.semantic_hits;
  const tiles = [
    tile("Spent", cash(now.total_usd, { "data-total-usd": now.total_usd }), changeOf(now.total_usd, before.total_usd), money(before.total_usd), against,
      estimated(now)),
    tile("Saved by caches", cash(saved(now)), changeOf(saved(now), saved(before)), money(saved(before)), against,
      kept(now) === null ? "" : plural(kept(now), "kept answer")),
    tile("Turns", count(now.turns), changeOf(now.turns, before.turns), count(before.turns), against, `${number(now.calls)} calls of models`),
  ];
  if (now.first_token_ms !== undefined) {
    const [p50, earlier] = [now.first_token_ms?.p50, before.first_token_ms?.p50];
    tiles.push(tile("First word, median", p50 ? duration(p50) : "–", p50 && earlier ? changeOf(p50, earlier) : null, duration(earlier), against,
      now.first_token_ms ? `of ${plural(now.first_token_ms.answers, "answer")}` : ""));
  }
  if (now.failovers !== undefined) {
    tiles.push(tile("Failovers", count(now.failovers?.count), changeOf(now.failovers?.count, before.failovers?.count), count(before.failovers?.count),
      against, now.failovers ? `in ${percent(now.failovers.share)} of turns` : ""));
  }
  place.replaceChildren(...tiles);
}

function tile(name, value, change, before, against, more) {
  return el("div", { class: "tile", role: "group", "aria-label": name },
    el("p", { class: "label" }, name), el("p", { class: "value" }, value),
    el("p", { class: "change", title: change ? `${before || "nothing"} in ${against}` : false },
      change ? [el("span", { "aria-hidden": "true" }, `${ARROWS[change.kind]} `), change.words] : " "),
    el("p", { class: "more muted" }, more || " "));
}

function cash(usd, properties = {}) {
  return usd === null || usd === undefined ? "–" : el("span", { title: `$${usd}`, ...properties }, money(usd));
}

/** What kept answers saved. Under a filter that they do not know nobody can say. */
function saved(summary) {
  return summary.saved_usd ?? null;
}

function estimated(summary) {
  const calls = summary.estimated_calls ?? summary.models.reduce((sum, model) => sum + model.estimated_calls, 0);
  if (!calls) return "";
  return el("span", { class: "estimated", title: summary.estimated_usd ? `$${summary.estimated_usd}` : false },
    `${summary.estimated_usd ? money(summary.estimated_usd) : plural(calls, "call")} estimated`);
}

const count = (value) => (value === null || value === undefined ? "–" : number(value));
const percent = (share) => `${(share * 100).toFixed(share && share < 0.1 ? 1 : 0)} %`;
