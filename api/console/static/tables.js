// Tables, and the small things that stand in them.
import { el } from "./dom.js";

/** A table that scrolls by itself. `columns`: { name, kind? ("number"), head? }; `rows`: arrays of cells, or elements. */
export function table(name, columns, rows, { foot = null, empty = "Nothing here.", busy = false } = {}) {
  const cell = (tag) => (content, index) => el(tag, { class: columns[index]?.kind || "" }, content);
  const body = rows.map((row) => (row instanceof Element ? row : el("tr", {}, row.map(cell("td")))));
  if (!body.length && !busy) body.push(el("tr", {}, el("td", { colspan: String(columns.length), class: "muted" }, empty)));
  return el("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": `${name}, table` },
    el("table", { "aria-label": name },
      el("thead", {}, el("tr", {}, columns.map((column) => el("th", { scope: "col", class: column.kind || "" }, column.name)))),
      el("tbody", {}, body),
      foot ? el("tfoot", {}, el("tr", {}, foot.map(cell("td")))) : null));
}

/** A row of `table`, of the cells that `columns` say, with properties of its own. */
export function row(columns, cells, properties = {}) {
  return el("tr", properties, cells.map((content, index) => el("td", { class: columns[index].kind || "" }, content)));
}

/** A state as shape and word: "good", "warn", "bad" or "" for what is neither. */
export function state(kind, word) {
  const shape = { good: "●", warn: "▲", bad: "■" }[kind] || "○";
  return el("span", { class: `badge ${kind}` }, el("span", { "aria-hidden": "true" }, shape), word);
}

/** Rows of grey where something will stand. */
export function skeleton(lines = 3) {
  return el("div", { class: "skeletons", "aria-hidden": "true" }, Array.from({ length: lines }, () => el("div", { class: "skeleton" })));
}

/** An id, short, whole on hover and for copying. */
export function shortId(id) {
  return el("code", { class: "id", title: id }, id.length > 14 ? `${id.slice(0, 4)}…${id.slice(-6)}` : id);
}

/** Names and what they are. */
export function facts(pairs) {
  return el("dl", { class: "facts" }, pairs.filter((pair) => pair[1] !== "" && pair[1] !== null && pair[1] !== undefined)
    .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}
