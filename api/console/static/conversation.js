// The conversation: turns in their order, each frame to its turn, and the view held at the newest while it is in sight.
import { fetchAll, fetchJson } from "./api.js";
import { Answer } from "./answer.js";
import { el } from "./dom.js";

const AT_END_PX = 60;

export class Conversation {
  /** `log` is the element "Conversation" inside `scroller`; `does` is what a person can do with a turn. */
  constructor(log, scroller, newest, does) {
    Object.assign(this, { log, scroller, newest, does, atEnd: true, documents: "" });
    scroller.addEventListener("scroll", () => this.looked(), { passive: true });
    newest.addEventListener("click", () => { this.atEnd = true; this.follow(); });
    this.clear();
  }

  clear() {
    this.turns = [];
    this.byClient = new Map();
    this.byTurn = new Map();
    this.sessionId = null;
    this.log.replaceChildren();
    this.atEnd = true;
    this.looked();
  }

  get running() {
    return this.turns.find((turn) => turn.status === "running") || null;
  }

  get last() {
    return this.turns.at(-1) || null;
  }

  /** A question that is on its way. */
  asked(text, clientId, files) {
    const turn = this.add(new Answer(text, this.does, files));
    this.byClient.set(clientId, turn);
    turn.clientId = clientId;
    this.atEnd = true;
    this.follow();
    return turn;
  }

  add(turn) {
    this.turns.push(turn);
    this.log.append(turn.element);
    return turn;
  }

  /** `session.opened`: the newest finished turns, and where older ones are. */
  opened(frame) {
    this.sessionId = frame.session_id;
    for (const told of frame.history) {
      const known = this.byTurn.get(told.turn_id) || (told.client_id && this.byClient.get(told.client_id));
      if (known && known.status !== "running") continue;
      this.finish(known || this.insert(told), told);
    }
    if (frame.history_next && !this.log.querySelector(".earlier")) this.offerEarlier(frame.history_next);
    this.follow();
  }

  insert(told, before = null) {
    const turn = new Answer(told.question, this.does, (told.attachments || []).map((id) => ({ id })));
    if (before) {
      before.before(turn.element);
      this.turns.splice(this.earlierAt++, 0, turn);
    } else if (this.running) { // what is being asked now comes after what was asked before
      this.running.element.before(turn.element);
      this.turns.splice(this.turns.indexOf(this.running), 0, turn);
    } else this.add(turn);
    return turn;
  }

  finish(turn, told) {
    this.know(turn, told.turn_id);
    turn.clientId = told.client_id;
    if (told.status === "failed") {
      if (told.answer) turn.delta(told.answer);
      turn.failed(told.error || { code: "internal" });
    } else turn.completed(told, { fromHistory: true });
  }

  know(turn, turnId) {
    turn.created(turnId);
    this.byTurn.set(turnId, turn);
  }

  offerEarlier(cursor) {
    const button = el("button", { type: "button", class: "quiet earlier", onclick: async () => {
      button.disabled = true;
      const first = this.turns[0]?.element;
      const from = this.scroller.scrollHeight - this.scroller.scrollTop;
      this.earlierAt = 0;
      const path = `/v1/sessions/${this.sessionId}/turns?limit=200&cursor=${encodeURIComponent(cursor)}`;
      for (const told of await fetchAll(path, "turns")) this.finish(this.insert(told, first), told);
      button.remove();
      this.scroller.scrollTop = this.scroller.scrollHeight - from;
    } }, "Show earlier messages");
    this.log.prepend(button);
  }

  /** One frame of a turn. */
  frame(frame) {
    if (frame.type === "turn.created") return this.created(frame);
    const turn = this.byTurn.get(frame.turn_id);
    if (!turn) return null;
    const live = turn.status === "running";
    switch (frame.type) {
      case "turn.step": if (live && frame.status === "started") turn.step(frame.step, frame.step === "retrieve" ? this.documents : ""); break;
      case "turn.delta": if (live) turn.delta(frame.delta); break;
      case "turn.reset": if (live) turn.reset(frame.reason); break;
      case "turn.citation": turn.cite(frame); break;
      case "turn.model_failed_over": turn.failedOver(frame); break;
      case "turn.pii_redacted": turn.redacted(frame.kinds); break;
      case "turn.cache_hit": turn.cacheHit(frame); break;
      case "turn.tool_call": turn.toolCall(frame); break;
      case "turn.completed": if (live) turn.completed(frame); break;
      case "turn.failed": if (live) turn.failed(frame.error); break;
      default: return null; // later versions may tell more
    }
    this.follow();
    return turn;
  }

  created({ turn_id: turnId, client_id: clientId }) {
    if (this.byTurn.has(turnId)) return this.byTurn.get(turnId);
    let turn = this.byClient.get(clientId);
    if (!turn) { // asked in another tab, or before this page was loaded
      turn = this.add(new Answer("", this.does));
      turn.clientId = clientId;
      this.byClient.set(clientId, turn);
      this.know(turn, turnId);
      this.fetchTurn(turn).then((told) => { if (told) { turn.showQuestion(told.question); this.follow(); } }, () => {});
    }
    this.know(turn, turnId);
    this.follow();
    return turn;
  }

  /** A turn as it is stored, or null: it comes after the one before it. The view may not have the session yet. */
  async fetchTurn(turn) {
    const before = this.turns[this.turns.indexOf(turn) - 1]?.turnId;
    const query = new URLSearchParams({ limit: "5", consistent: "true", ...(before && { cursor: before }) });
    const { turns } = await fetchJson(`/v1/sessions/${this.sessionId}/turns?${query}`);
    return turns.find((told) => told.turn_id === turn.turnId) || null;
  }

  looked() {
    const left = this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight;
    this.atEnd = left < AT_END_PX;
    this.newest.hidden = this.atEnd;
  }

  /** Keeps the newest in sight, unless the person has scrolled away. */
  follow() {
    if (this.moving) return;
    this.moving = requestAnimationFrame(() => {
      this.moving = null;
      if (this.atEnd) this.scroller.scrollTop = this.scroller.scrollHeight;
      else this.newest.hidden = false;
    });
  }
}
