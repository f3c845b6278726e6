// The tiles on top of the page "Costs": each a number and how it changed against the period before.
import { changeOf } from "./amounts.js";
import { el } from "./dom.js";
import { duration, money, number, plural } from "./format.js";
import { stretchWords } from "./periods.js";

/** A turn has no one model, family or step: under such a filter nobody can say, which is not zero. */
export const UNTOLD = "known of whole turns only";
const NONE = "no answer yet";
const ARROWS = { more: "▲", less: "▼", same: "=", new: "+" };

/** Fills the tiles from two summaries: of the period, and of the one before it. */
export function showTiles(place, now, before, period) {
  const against = stretchWords(period.before.from, period.before.to);
  const kept = now.cache.exact_hits === null ? null : now.cache.exact_hits + now.cache.semantic_hits;
  const [p50, earlier] = [now.first_token_ms?.p50 ?? null, before.first_token_ms?.p50 ?? null];
  const ofTurns = now.turns !== null;
  place.replaceChildren(
    tile("Spent", cash(now.total_usd, { "data-total-usd": now.total_usd }), changeOf(now.total_usd, before.total_usd), money(before.total_usd), against,
      estimated(now)),
    tile("Saved by caches", cash(now.saved_usd), changeOf(now.saved_usd, before.saved_usd), money(before.saved_usd), against,
      kept === null ? "" : plural(kept, "kept answer")),
    tile("Turns", count(now.turns), changeOf(now.turns, before.turns), before.turns, against, `${number(now.calls)} calls of models`),
    tile("First word, median", p50 === null ? ofTurns ? NONE : UNTOLD : duration(p50), changeOf(p50, earlier), duration(earlier), against,
      ofTurns ? `of ${plural(now.first_token_ms.answers, "answer")}` : ""),
    tile("Failovers", count(now.failovers?.count), changeOf(now.failovers?.count, before.failovers?.count), before.failovers?.count, against,
      now.failovers ? `in ${percent(now.failovers.share)} of turns` : ""));
}

function tile(name, value, change, before, against, more) {
  return el("div", { class: "tile", role: "group", "aria-label": name },
    el("p", { class: "label" }, name), el("p", { class: [UNTOLD, NONE].includes(value) ? "muted" : "value" }, value),
    el("p", { class: "change", title: change ? `${before || "nothing"} in ${against}` : false },
      change ? [el("span", { "aria-hidden": "true" }, `${ARROWS[change.kind]} `), change.words] : " "),
    el("p", { class: "more muted" }, more || " "));
}

function cash(usd, properties = {}) {
  return usd === null ? UNTOLD : el("span", { title: `$${usd}`, ...properties }, money(usd));
}

function estimated(summary) {
  const calls = summary.estimated_calls ?? summary.models.reduce((sum, model) => sum + model.estimated_calls, 0);
  if (!calls) return "";
  return el("span", { class: "estimated", title: summary.estimated_usd ? `$${summary.estimated_usd}` : false },
    `${summary.estimated_usd ? money(summary.estimated_usd) : plural(calls, "call")} estimated`);
}

const count = (value) => (value === null || value === undefined ? UNTOLD : number(value));
const percent = (share) => `${(share * 100).toFixed(share && share < 0.1 ? 1 : 0)} %`;
