// Documents brought to the chat: by the button or dropped, with progress, until they can be found.
import { fetchJson, me, upload } from "./api.js";
import { openDialog, toast } from "./dialogs.js";
import { el } from "./dom.js";
import { bytes } from "./format.js";
import { wordsOf } from "./words.js";

const ASK_MS = 700, AT_ONCE = 3;
const EDITORS = "Documents are what every answer to everyone in your organisation is searched in. Those with the role “editor” add them.";

export class Uploads {
  /** `indexed(title)` is called when a document can be found. */
  constructor({ button, input, zone, list, indexed }) {
    Object.assign(this, { list, indexed, queue: [], busy: 0 });
    button.addEventListener("click", () => {
      if (me.has("editor")) input.click();
      else openDialog("Attach", el("p", {}, EDITORS));
    });
    input.addEventListener("change", () => { this.add([...input.files]); input.value = ""; });
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
      if (me.has("editor")) this.add([...event.dataTransfer.files]);
      else toast(EDITORS);
    });
  }

  add(files) {
    for (const file of files) this.queue.push({ file, row: this.row(file) });
    while (this.busy < AT_ONCE && this.queue.length) this.start(this.queue.shift());
  }

  row(file) {
    const state = el("span", { class: "upload-state" }, "waits");
    const bar = el("progress", { max: "1", value: "0", "aria-label": `Progress of ${file.name}` });
    const element = el("div", { class: "upload", role: "status" }, el("span", { class: "upload-name" }, `${file.name} (${bytes(file.size)})`), bar, state);
    this.list.append(element);
    return { element, bar, state };
  }

  async start({ file, row }) {
    this.busy++;
    try {
      row.state.textContent = "is sent";
      const { document_id: id } = await upload("/v1/documents", file, (part) => { row.bar.value = part * 0.7; });
      row.state.textContent = "is read";
      const found = await this.settled(id);
      if (found.status === "failed") throw new Error(wordsOf({ code: found.reason, detail: found.reason }));
      row.bar.value = 1;
      row.state.textContent = "can be asked about";
      this.indexed(found.title);
      setTimeout(() => row.element.remove(), 8000);
    } catch (error) {
      row.element.classList.add("bad");
      row.bar.remove();
      row.state.replaceChildren(`${error.message} `, el("button", { type: "button", class: "quiet", onclick: () => row.element.remove() }, "Dismiss"));
    } finally {
      this.busy--;
      if (this.queue.length) this.start(this.queue.shift());
    }
  }

  async settled(id) {
    for (;;) {
      const found = await fetchJson(`/v1/documents/${id}`);
      if (found.status !== "pending") return found;
      await new Promise((next) => setTimeout(next, ASK_MS));
    }
  }
}
