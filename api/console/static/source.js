// The dialog "Source": a cited passage in its document, the quote marked, with what stands around it.
import { fetchJson } from "./api.js";
import { openDialog } from "./dialogs.js";
import { el } from "./dom.js";
import { placeWords } from "./words.js";

const AROUND = 600, MOST_SHOWN = 200_000, KEPT = 8;
const texts = new Map();

/** Opens it for all citations that have one number: each `{document_id, title, quote, start, end, score, page, row, heading}`.
 * What a message brought with it is no document: its file can be saved. */
export function openSource(citations, attached = false) {
  const [first] = citations;
  const passages = citations.map(passage);
  const content = el("div", { class: "source stack" },
    el("p", { class: "source-title" }, first.title),
    el("p", { class: "muted small" }, attached ? "A file that came with the message" : `Document as it is now · match ${Math.round(first.score * 100)} %`),
    passages.map(({ place, element }) => [place, element]),
    el("p", { class: "muted small state", role: "status" }),
    el("button", { type: "button", class: "open-document", onclick: () => openDocument(first) }, "Open document"));
  openDialog("Source", content, { side: true });
  if (attached) return offerFile(first.document_id, content);
  return load(first.document_id).then((points) => {
    for (const { fill } of passages) fill(points);
  }, (error) => {
    content.querySelector(".state").textContent = error.code === "document_not_found"
      ? "The document has been deleted since; this is the passage as it was cited." : error.message;
    content.querySelector(".open-document").disabled = true;
  });
}

async function offerFile(id, content) {
  const button = content.querySelector(".open-document");
  try {
    const { name, url } = await fetchJson(`/v1/files/${id}`);
    button.replaceWith(el("a", { class: "button", href: url, download: name }, "Save file"));
  } catch (error) {
    content.querySelector(".state").textContent = error.message;
    button.disabled = true;
  }
}

function passage(citation) {
  const { quote, start, end } = citation, where = placeWords(citation);
  const before = el("span"), after = el("span");
  const element = el("blockquote", {}, before, el("mark", {}, quote), after);
  const place = where && el("p", { class: "source-place" }, `${where[0].toUpperCase()}${where.slice(1)}`);
  return { place, element, fill(points) {
    if (points.slice(start, end).join("") !== quote) return; // the document is another one now: the quote stands alone
    before.textContent = trimmed(points.slice(Math.max(0, start - AROUND), start).join(""), start > AROUND, false);
    after.textContent = trimmed(points.slice(end, end + AROUND).join(""), false, end + AROUND < points.length);
  } };
}

/** Whole words at a cut end. */
function trimmed(text, cutBefore, cutAfter) {
  let shown = text;
  if (cutBefore) shown = `… ${shown.replace(/^\S*\s/, "")}`;
  if (cutAfter) shown = `${shown.replace(/\s\S*$/, "")} …`;
  return shown.replace(/([^\n])\n(?=[\p{L}\p{N}("“])/gu, "$1 "); // lines were broken for another width
}

/** The document's text as code points, in which citations count. */
async function load(documentId) {
  if (!texts.has(documentId)) {
    if (texts.size >= KEPT) texts.delete(texts.keys().next().value);
    texts.set(documentId, fetchJson(`/v1/documents/${encodeURIComponent(documentId)}/text`).then(({ text }) => Array.from(text)));
  }
  try {
    return await texts.get(documentId);
  } catch (error) {
    texts.delete(documentId);
    throw error;
  }
}

async function openDocument({ document_id: id, title, start, end }) {
  const points = await load(id);
  const from = Math.max(0, start - MOST_SHOWN / 2), to = Math.min(points.length, end + MOST_SHOWN / 2);
  const found = el("mark", {}, points.slice(start, end).join(""));
  const text = el("div", { class: "document" },
    from > 0 ? "… " : "", points.slice(from, start).join(""), found, points.slice(end, to).join(""), to < points.length ? " …" : "");
  openDialog(title, text, { wide: true });
  found.scrollIntoView({ block: "center" });
}
