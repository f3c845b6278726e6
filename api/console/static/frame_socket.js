// The chat socket: opens with a ticket, comes back by itself after whatever cut it, and loses nothing on the way.
import { fetchJson, newId } from "./api.js";

const FIRST_WAIT_MS = 500, LONGEST_WAIT_MS = 30_000, PING_MS = 15_000, SILENCE_MS = 10_000;
const FINAL = { 4400: "invalid_message", 4403: "forbidden", 4404: "session_not_found" };

/** Watches one session. `onFrame(frame)` gets every server frame, `onState(state, detail)` one of `connecting`, `open`,
 * `waiting` (detail: milliseconds), `ended` (detail: a code). A question stays in hand until the server has it. */
export class FrameSocket {
  constructor(sessionId, onFrame, onState) {
    Object.assign(this, { sessionId, onFrame, onState, seq: null, socket: null, opened: false, ended: false, wait: FIRST_WAIT_MS });
    this.unanswered = new Map(); // client id -> turn.create that no turn.created has answered
    this.queued = [];
    this.back = () => { if (!this.opened) this.retryNow(); };
    this.gone = () => this.drop();
    addEventListener("online", this.back);
    addEventListener("offline", this.gone);
    document.addEventListener("visibilitychange", this.back);
    this.connect();
  }

  /** Sends a frame, now or when the session is open. */
  send(frame) {
    if (frame.type === "turn.create") this.unanswered.set(frame.id, frame);
    if (this.opened) this.write(frame);
    else if (frame.type !== "turn.create") this.queued.push(frame);
    if (!this.opened) this.retryNow();
  }

  /** Forgets a question that was refused. */
  forget(clientId) {
    this.unanswered.delete(clientId);
  }

  /** Ends it for good. */
  end() {
    this.ended = true;
    clearTimeout(this.timer);
    removeEventListener("online", this.back);
    removeEventListener("offline", this.gone);
    document.removeEventListener("visibilitychange", this.back);
    this.drop();
  }

  async connect() {
    const attempt = this.attempt = Symbol("attempt");
    clearTimeout(this.timer);
    this.onState("connecting");
    let ticket;
    try {
      ({ ticket } = await fetchJson("/v1/ws-tickets", { method: "POST" }));
    } catch (error) {
      if (this.attempt === attempt) this.later(error.retryAfter ? error.retryAfter * 1000 : null);
      return;
    }
    if (this.ended || this.attempt !== attempt) return;
    const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/chat`;
    const socket = this.socket = new WebSocket(url, ["chat.v1", `ticket.${ticket}`]);
    socket.onopen = () => {
      const open = { type: "session.open", id: newId() };
      if (this.sessionId) open.session_id = this.sessionId;
      if (this.sessionId && this.seq !== null) open.after_seq = this.seq;
      socket.send(JSON.stringify(open));
    };
    socket.onmessage = ({ data }) => { if (socket === this.socket) this.take(JSON.parse(data)); };
    socket.onclose = ({ code }) => { if (socket === this.socket) this.closed(code); };
    this.keepAlive(socket);
  }

  take(frame) {
    this.heard = performance.now();
    if (frame.type === "session.opened") this.isOpen(frame);
    else if (frame.type === "turn.created") this.unanswered.delete(frame.client_id);
    else if (frame.type === "session.draining") this.reconnectAfter = frame.reconnect_after_ms;
    else if (frame.type === "error" && frame.code === "resume_out_of_range") {
      this.seq = null; // what was missed is not kept: everything anew
      this.drop();
      return this.connect();
    }
    if (frame.turn_id && frame.seq > (this.seq ?? -1)) this.seq = frame.seq;
    return this.onFrame(frame);
  }

  isOpen(frame) {
    this.sessionId = frame.session_id;
    if (this.seq === null) this.seq = frame.seq;
    this.opened = true;
    this.wait = FIRST_WAIT_MS;
    this.onState("open");
    this.onFrame(frame);
    for (const queued of [...this.queued.splice(0), ...this.unanswered.values()]) this.write(queued);
  }

  write(frame) {
    this.socket.send(JSON.stringify(frame));
  }

  closed(code) {
    this.opened = false;
    this.socket = null;
    if (this.ended) return;
    if (FINAL[code]) {
      this.end();
      this.onState("ended", FINAL[code]);
    } else this.later(code === 1012 ? this.reconnectAfter ?? null : null);
  }

  later(ms) {
    const wait = ms ?? Math.random() * this.wait + 100;
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), wait);
    this.onState("waiting", wait);
  }

  /** Without waiting: the network is back, or somebody wants to send. */
  retryNow() {
    if (this.ended || this.socket || this.opened || document.hidden) return;
    this.wait = FIRST_WAIT_MS;
    this.connect();
  }

  drop() {
    const socket = this.socket;
    this.socket = null;
    this.opened = false;
    this.attempt = null;
    clearInterval(this.pinging);
    socket?.close();
    if (!this.ended) this.later(null);
  }

  /** A network that is gone says nothing: who hears nothing for too long asks, and then comes anew. */
  keepAlive(socket) {
    clearInterval(this.pinging);
    this.heard = performance.now();
    this.pinging = setInterval(() => {
      if (socket !== this.socket) return clearInterval(this.pinging);
      const silent = performance.now() - this.heard;
      if (silent > PING_MS + SILENCE_MS) return this.drop();
      if (this.opened && silent > PING_MS) this.write({ type: "ping" });
    }, 5_000);
  }
}
