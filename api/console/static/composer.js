// Where messages are written: grows with its text, sends on Enter, and says why it cannot.
import { plural } from "./format.js";

const MOST = 32_000;

export class Composer {
  /** `does`: `send(text, edited)`, `stop()`, `lastAsked()`, `waits()`: whether something must come first. */
  constructor(root, does) {
    const part = (name) => root.querySelector(name);
    Object.assign(this, {
      does, form: root, box: part("textarea"), sendButton: part("#send"), stopButton: part("#stop"), limit: part("#limit"),
      editing: part("#editing"), edited: null, running: false, until: 0, most: MOST,
    });
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    this.box.addEventListener("input", () => this.changed());
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.stopButton.addEventListener("click", () => this.does.stop());
    part("#cancel-edit").addEventListener("click", () => this.edit(null));
    this.changed();
  }

  key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "ArrowUp" && this.box.value === "") {
      const last = this.does.lastAsked();
      if (last) { event.preventDefault(); this.edit(last); }
    } else if (event.key === "Escape" && this.edited) {
      event.stopPropagation();
      this.edit(null);
    }
  }

  submit() {
    const text = this.box.value;
    if (!text.trim() || this.running || this.blocked) return;
    const edited = this.edited;
    this.edit(null);
    this.put("");
    this.does.send(text, edited);
  }

  /** Write a turn's question anew; null leaves that. */
  edit(turn) {
    this.edited = turn;
    this.editing.hidden = !turn;
    this.put(turn ? turn.question : "");
    if (turn) this.focus();
  }

  put(text) {
    this.box.value = text;
    this.changed();
  }

  focus() {
    this.box.focus();
    this.box.setSelectionRange(this.box.value.length, this.box.value.length);
  }

  isRunning(running) {
    const had = document.activeElement === (this.running ? this.stopButton : this.sendButton);
    this.running = running;
    this.sendButton.hidden = running;
    this.stopButton.hidden = !running;
    if (had) this.box.focus();
  }

  /** Nothing can be sent for so many seconds; the rest is counted down. */
  wait(seconds) {
    this.until = Math.max(this.until, Date.now() + seconds * 1000);
    clearInterval(this.counting);
    const count = () => { if (Date.now() >= this.until) clearInterval(this.counting); this.changed(); };
    this.counting = setInterval(count, 500);
    count();
  }

  get blocked() {
    return Date.now() < this.until || this.does.waits();
  }

  changed() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight + 2, window.innerHeight * 0.4)}px`;
    const over = Array.from(this.box.value).length - this.most;
    this.sendButton.disabled = !this.box.value.trim() || over > 0 || this.blocked;
    const left = Math.ceil((this.until - Date.now()) / 1000);
    this.limit.textContent = left > 0 ? `You can send again in ${left} s.` : over > 0 ? `The message is ${plural(over, "character")} too long.` : this.does.waits() ? "A file is still on its way." : "";
  }
}
