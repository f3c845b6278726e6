// One turn as it is seen: the question, and the answer as an article that grows, ends, and then can be asked about.
import { me } from "./api.js";
import { copyText, failureNote } from "./dialogs.js";
import { el, icon, iconButton } from "./dom.js";
import { age, duration, money, number, plural } from "./format.js";
import { renderInto } from "./markdown.js";
import { openSource } from "./source.js";
import { kindWords, modelWords, placeWords, reasonWords, resetWords, stepWords, wordsOf } from "./words.js";

const FINISH = {
  length: "The answer was cut at its greatest length.",
  content_filter: "The answer was held back by a filter.",
  incomplete: "The answer did not end as it should; it may be incomplete.",
};

/** `does` is what a person can do with a turn: `askAgain`, `retry`, `edit`, `rate`, `report`, `confirm`, `ask`. */
export class Answer {
  constructor(question, does, files = []) {
    Object.assign(this, { question, does, files, text: "", citations: new Map(), turnId: null, status: "running", kept: null, tools: new Map() });
    this.steps = el("p", { class: "steps" });
    this.notes = el("div", { class: "notes" });
    this.body = el("div", { class: "answer", "data-answer": "" });
    this.sources = el("div", { class: "sources" });
    this.foot = el("footer", { class: "answer-foot" });
    this.next = el("div", { class: "follow-ups" });
    this.article = el("article", { "data-status": "running", "aria-label": "Answer", "aria-busy": "true" },
      this.steps, this.body, this.notes, this.sources, this.foot, this.next);
    this.asked = el("div", { class: "question" });
    this.element = el("div", { class: "turn" }, this.asked, this.article);
    this.plain = document.createTextNode("");
    this.body.append(this.plain);
    this.showQuestion(question);
    this.step("waiting");
  }

  /** The question may be known later than its answer: another tab asked it. */
  showQuestion(question) {
    this.question = question;
    const edit = iconButton("Edit and ask again", "edit", () => this.does.edit(this), { class: "icon-button edit" });
    this.asked.replaceChildren(...(question ? [el("p", {}, question), edit] : []));
    const { files } = this;
    if (files.length) this.asked.append(el("p", { class: "muted small" }, icon("clip"), files[0].name ? files.map(({ name }) => name).join(", ") : plural(files.length, "file")));
    this.asked.hidden = !question;
  }

  created(turnId) {
    this.turnId = turnId;
    this.article.dataset.turnId = turnId;
    this.article.id = `turn-${turnId}`;
  }

  set(status) {
    this.status = status;
    this.article.dataset.status = status;
    this.article.setAttribute("aria-busy", String(status === "running"));
    this.steps.hidden = status !== "running" || this.text !== "";
  }

  step(step, documents = "") {
    const words = step === "waiting" ? "sending" : stepWords(step) + documents;
    this.steps.replaceChildren(el("span", { class: "pulse", "aria-hidden": "true" }), `${words[0].toUpperCase()}${words.slice(1)}`);
  }

  delta(text) {
    this.text += text;
    this.plain.appendData(text);
    this.steps.hidden = true;
  }

  reset(reason) {
    this.text = "";
    this.plain.data = "";
    this.steps.hidden = false;
    this.note("The answer was begun again.", `What was said so far was dropped, because ${resetWords(reason)}.`);
  }

  cite(citation) {
    const of = this.citations.get(citation.n) || [];
    if (!of.some((one) => one.start === citation.start && one.document_id === citation.document_id)) of.push(citation);
    this.citations.set(citation.n, of);
    const chips = [...this.citations.entries()].sort(([a], [b]) => a - b).map(([n, cited]) => {
      const named = [cited[0].title, placeWords({ ...cited[0], heading: "" })].filter(Boolean).join(", ");
      return el("button", { type: "button", class: "chip", "aria-label": `Source ${n}: ${named}`, onclick: () => this.openSource(cited) },
        el("span", { class: "chip-n" }, String(n)), el("span", { class: "chip-title" }, named));
    });
    this.sources.replaceChildren(...chips);
  }

  openSource(cited) {
    openSource(cited, this.files.some(({ id }) => id === cited[0].document_id));
  }

  failedOver({ from, to, reason }) {
    this.note(`${modelWords(to)} went on with this answer.`,
      `${modelWords(from)} could not go on: ${reasonWords(reason)}. The answer is complete all the same.`);
  }

  redacted(kinds) {
    const said = Object.entries(kinds).map(([kind, count]) => kindWords(kind, count)).join(", ");
    this.note("Private values were kept from the model.",
      `${said}: the model saw placeholders in their place; the answer shows you the values again.`);
  }

  cacheHit({ layer, age_s: seconds, saved_usd: saved, similarity }) {
    this.kept = { layer, seconds, saved, similarity };
  }

  toolCall(call) {
    const key = call.call || call.name;
    let card = this.tools.get(key) || [...this.tools.values()].find((one) => one.dataset.name === call.name && one.dataset.open);
    if (!card) {
      card = el("div", { class: "tool", "data-name": call.name, "data-open": "yes" });
      this.tools.set(key, card);
      this.notes.append(card);
    }
    if (call.status === "waiting") {
      const say = (allow) => { card.replaceChildren(el("p", {}, allow ? "Allowed." : "Refused.")); this.does.confirm(this, call.call, allow); };
      card.replaceChildren(
        el("p", {}, "The assistant asks to use ", el("b", {}, call.name), " with this:"),
        el("pre", { tabindex: "0" }, JSON.stringify(call.input ?? {}, null, 2)),
        el("div", { class: "note-actions" },
          el("button", { type: "button", class: "primary", onclick: () => say(true) }, "Allow"),
          el("button", { type: "button", onclick: () => say(false) }, "Refuse")));
      return;
    }
    const words = { started: "is being used", completed: "was used", failed: "failed", refused: "was not used: it was refused" };
    const took = call.ms === undefined ? "" : ` · ${duration(call.ms)}`;
    card.replaceChildren(el("p", {}, el("b", {}, call.name), ` ${words[call.status] || call.status}${took}`));
    if (call.status !== "started") delete card.dataset.open;
  }

  note(text, why = "", kind = "") {
    this.notes.append(el("div", { class: `note ${kind}` }, el("p", {}, text),
      why ? el("details", {}, el("summary", {}, "Why"), el("p", {}, why)) : null));
  }

  /** Its end, from `turn.completed` or from a turn of the history (`answer` instead of `text`). */
  completed(turn, { fromHistory = false } = {}) {
    const text = turn.text ?? turn.answer ?? "";
    if (text !== this.text) this.plain.data = text;
    this.text = text;
    for (const citation of turn.citations || []) this.cite(citation);
    this.set(turn.status);
    if (turn.status === "cancelled") this.note("Stopped.");
    else if (FINISH[turn.finish_reason]) this.note(FINISH[turn.finish_reason], "", "warn");
    if (text) renderInto(this.body, text, () => this.linkMarks());
    this.footer(turn, fromHistory);
  }

  failed(error, ms = 0) {
    this.set("failed");
    const shown = { message: wordsOf(error), traceId: error.trace_id };
    const note = failureNote(shown, error.retryable !== false ? () => this.does.retry(this) : null);
    this.notes.append(note);
    if (error.retry_after_s) this.does.wait(error.retry_after_s);
    this.foot.replaceChildren(el("span", { class: "answer-buttons" }, this.turnId ? this.reportButton() : null));
  }

  reportButton() {
    return iconButton("Report an incident", "incidents", () => this.does.report(this));
  }

  /** Marks `[n]` in the text lead to their source as well. */
  linkMarks() {
    const walker = document.createTreeWalker(this.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) if (/\[\d+\]/.test(walker.currentNode.data) && !walker.currentNode.parentElement.closest("pre, code, a")) found.push(walker.currentNode);
    for (const node of found) {
      const parts = node.data.split(/(\[\d+\])/).map((part) => {
        const cited = this.citations.get(Number(/^\[(\d+)\]$/.exec(part)?.[1]));
        return cited ? el("a", { href: `#source-${cited[0].n}`, class: "cite", onclick: (event) => { event.preventDefault(); this.openSource(cited); } }, part) : part;
      });
      node.replaceWith(...parts);
    }
  }

  footer(turn, fromHistory) {
    const kept = turn.cached || (this.kept && this.kept.layer);
    const facts = [];
    if (kept) facts.push(this.keptBadge(kept));
    if (turn.model) facts.push(el("span", { class: "badge", title: turn.model }, modelWords(turn.model)));
    const times = [turn.ttft_ms ? `${duration(turn.ttft_ms)} to first word` : "", turn.ms ? duration(turn.ms) : ""];
    if (me.has("analyst", "admin")) times.push(...costs(turn));
    facts.push(el("span", { class: "facts" }, times.filter(Boolean).join(" · ")));
    if (turn.status === "completed" && this.text && !this.citations.size && !kept) facts.push(el("span", { class: "facts" }, "no source used"));
    const copy = iconButton("Copy answer", "copy", () => copyText(this.text, copy));
    const buttons = el("span", { class: "answer-buttons" });
    if (kept) buttons.append(el("button", { type: "button", class: "quiet", onclick: () => this.does.askAgain(this) }, icon("retry"), "Ask again without cache"));
    buttons.append(copy);
    if (turn.status === "completed") buttons.append(...this.thumbs(turn.feedback));
    buttons.append(this.reportButton());
    this.foot.replaceChildren(...facts, buttons);
    if (fromHistory) this.followUps(turn.follow_ups);
  }

  keptBadge(layer) {
    const { seconds, saved, similarity } = this.kept || {};
    const told = [layer === "semantic" ? "To a question that asks the same" : "To the same question"];
    if (similarity) told.push(`${Math.round(similarity * 100)} % alike`);
    if (seconds !== undefined) told.push(`given ${age(seconds)}`);
    if (saved && me.has("analyst", "admin")) told.push(`saved ${money(saved)}`);
    return el("span", { class: "badge kept", title: told.join(" · ") }, icon("check"), "Kept answer");
  }

  thumbs(given) {
    const rated = given || "";
    const make = (rating, name, shape) => iconButton(name, shape, async () => {
      if (await this.does.rate(this, rating)) for (const one of both) one.setAttribute("aria-pressed", String(one.dataset.rating === rating));
    }, { "aria-pressed": String(rated === rating), "data-rating": rating });
    const both = [make("up", "Good answer", "up"), make("down", "Bad answer", "down")];
    return both;
  }

  /** What the read model knows of a turn beside what the socket told: its rating, and what may be asked next. */
  more(told) {
    for (const button of this.foot.querySelectorAll("[data-rating]")) button.setAttribute("aria-pressed", String(button.dataset.rating === told.feedback));
    this.followUps(told.follow_ups);
  }

  /** What may be asked next. */
  followUps(questions) {
    this.next.replaceChildren(...(questions || []).map((question) => el("button", {
      type: "button", class: "follow-up", onclick: () => this.does.ask(question),
    }, question)));
  }
}

function costs(turn) {
  const { input_tokens: sent = 0, output_tokens: said = 0, cache_read_tokens: read = 0 } = turn.usage || {};
  const tokens = sent || said ? `${number(sent)} in${read ? ` (${number(read)} cached)` : ""}, ${number(said)} out` : "";
  return [tokens, turn.cost_usd !== undefined ? money(turn.cost_usd) : ""];
}
