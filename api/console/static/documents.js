// Files brought to the chat, with progress: those of a message until it is sent, documents until they can be found.
import { fetchJson, me, upload } from "./api.js";
import { el, iconButton } from "./dom.js";
import { bytes } from "./format.js";
import { wordsOf } from "./words.js";

const ASK_MS = 700, AT_ONCE = 3;

export class Uploads {
  /** `indexed(title)` is called when a document can be found, `changed()` when a message's files are others. What is
   * chosen goes with the message; what an editor drops is a document. */
  constructor({ button, input, zone, list, indexed, changed }) {
    Object.assign(this, { list, indexed, changed, queue: [], busy: 0, attached: new Set() });
    const editor = me.has("editor");
    if (!editor) zone.firstElementChild.textContent = "Drop files here: they go with your next message.";
    button.addEventListener("click", () => input.click());
    input.addEventListener("change", () => { this.add([...input.files], false); input.value = ""; });
    let depth = 0;
    const files = (event) => event.dataTransfer?.types.includes("Files");
    const over = (on) => { depth = Math.max(0, depth + on); zone.hidden = depth === 0; };
    document.addEventListener("dragenter", (event) => { if (files(event)) over(1); });
    document.addEventListener("dragleave", (event) => { if (files(event)) over(-1); });
    document.addEventListener("dragover", (event) => { if (files(event)) event.preventDefault(); });
    document.addEventListener("drop", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      depth = 0;
      zone.hidden = true;
      this.add([...event.dataTransfer.files], editor);
    });
  }

  /** Whether a file is still on its way. */
  get waits() {
    return [...this.attached].some(({ id }) => !id);
  }

  /** What goes with the message that is sent now: [{ id, name }]. */
  take() {
    const files = [...this.attached];
    for (const one of files) this.drop(one);
    return files.map(({ id, file }) => ({ id, name: file.name }));
  }

  drop(one) {
    one.row.element.remove();
    this.attached.delete(one);
    this.changed();
  }

  /** It does not go with the message after all. */
  remove(one) {
    this.drop(one);
    if (one.id) fetchJson(`/v1/files/${one.id}`, { method: "DELETE" }).catch(() => {});
  }

  add(files, documents) {
    for (const file of files) {
      const one = { file, row: this.row(file), id: null };
      this.queue.push({ ...one, one: documents ? null : one });
      if (!documents) this.attach(one);
    }
    while (this.busy < AT_ONCE && this.queue.length) this.start(this.queue.shift());
  }

  attach(one) {
    this.attached.add(one);
    one.row.element.append(
      me.has("editor") ? el("button", { type: "button", class: "quiet", onclick: () => { this.remove(one); this.add([one.file], true); } }, "Add to documents") : "",
      iconButton(`Remove ${one.file.name}`, "close", () => this.remove(one)));
    this.changed();
  }

  row(file) {
    const state = el("span", { class: "upload-state" }, "waits");
    const bar = el("progress", { max: "1", value: "0", "aria-label": `Progress of ${file.name}` });
    const element = el("div", { class: "upload", role: "status" }, el("span", { class: "upload-name" }, `${file.name} (${bytes(file.size)})`), bar, state);
    this.list.append(element);
    return { element, bar, state };
  }

  async start({ file, row, one }) {
    this.busy++;
    try {
      row.state.textContent = "is sent";
      if (one) return await this.send(one);
      const { document_id: id } = await upload("/v1/documents", file, (part) => { row.bar.value = part * 0.7; });
      row.state.textContent = "is read";
      const found = await this.settled(id);
      if (found.status === "failed") throw new Error(wordsOf({ code: found.reason, detail: found.reason }));
      row.bar.value = 1;
      row.state.textContent = "can be asked about";
      this.indexed(found.title);
      return setTimeout(() => row.element.remove(), 8000);
    } catch (error) {
      if (one) { this.attached.delete(one); this.changed(); }
      row.element.classList.add("bad");
      row.bar.remove();
      return row.state.replaceChildren(`${error.message} `, el("button", { type: "button", class: "quiet", onclick: () => row.element.remove() }, "Dismiss"));
    } finally {
      this.busy--;
      if (this.queue.length) this.start(this.queue.shift());
    }
  }

  async send(one) {
    const { file, row } = one;
    const { file_id: id } = await upload("/v1/files", file, (part) => { row.bar.value = part; });
    one.id = id;
    if (!this.attached.has(one)) return this.remove(one);
    row.bar.remove();
    row.state.textContent = "goes with your message";
    return this.changed();
  }

  async settled(id) {
    for (;;) {
      const found = await fetchJson(`/v1/documents/${id}`);
      if (found.status !== "pending") return found;
      await new Promise((next) => setTimeout(next, ASK_MS));
    }
  }
}
