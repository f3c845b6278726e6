// The list of sessions: by day, found by words, renamed, taken away, deleted.
import { fetchJson, request } from "./api.js";
import { askText, confirmDialog, openDialog, toast } from "./dialogs.js";
import { el, iconButton } from "./dom.js";
import { dayWords, plural } from "./format.js";

const PAGE = 60, TYPED_MS = 250;

export class SessionList {
  /** `does`: `open(id)`, `deleted(id)`. */
  constructor(root, does) {
    Object.assign(this, { does, list: root.querySelector("ul"), search: root.querySelector("input"), state: root.querySelector(".state"), current: null, rows: [] });
    this.search.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.refresh(), TYPED_MS);
    });
    this.list.addEventListener("scroll", () => {
      if (this.next && this.list.scrollTop + this.list.clientHeight > this.list.scrollHeight - 200) this.more();
    }, { passive: true });
  }

  async refresh() {
    const query = this.search.value.trim();
    const asked = this.asked = Symbol("asked");
    try {
      const page = await fetchJson(this.path(query));
      if (this.asked !== asked) return; // something else is looked for by now
      [this.rows, this.next, this.query] = [page.sessions, page.next, query];
      this.state.textContent = this.rows.length ? "" : query ? "No chat has these words." : "Your chats will stand here.";
      this.show();
    } catch (error) {
      this.state.textContent = error.message;
    }
  }

  path(query, cursor = null) {
    return `/v1/sessions?${new URLSearchParams({ limit: String(PAGE), ...(query && { query }), ...(cursor && { cursor }) })}`;
  }

  async more() {
    const cursor = this.next;
    this.next = null;
    const page = await fetchJson(this.path(this.query, cursor));
    this.rows.push(...page.sessions);
    this.next = page.next;
    this.show();
  }

  select(id) {
    this.current = id;
    this.show();
  }

  show() {
    let day = "";
    const items = [];
    for (const row of this.rows) {
      const words = dayWords(row.updated_at || row.created_at);
      if (words !== day) items.push(el("li", { class: "day", role: "presentation" }, day = words));
      items.push(this.item(row));
    }
    this.list.replaceChildren(...items);
  }

  item(row) {
    const title = row.title || "New chat";
    const link = el("a", { href: `/console/chat?session=${row.session_id}`, "aria-current": row.session_id === this.current ? "true" : null, onclick: (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.does.open(row.session_id);
    } }, title);
    return el("li", {}, link, iconButton(`More about ${row.title || "a chat without a title"}`, "more", () => this.menu(row, title)));
  }

  async menu(row, title) {
    const about = el("p", { class: "muted small" }, plural(row.turns, "message"));
    const { closed } = openDialog(title, about, { buttons: [
      { label: "Rename", value: "rename" }, { label: "Markdown", value: "md" }, { label: "JSON", value: "json" },
      { label: "Delete", value: "delete", class: "danger" },
    ] });
    const chosen = await closed;
    try {
      if (chosen === "rename") await this.rename(row, title);
      else if (chosen === "md" || chosen === "json") await this.exported(row, title, chosen);
      else if (chosen === "delete") await this.remove(row, title);
    } catch (error) {
      toast(error.message);
    }
  }

  async rename(row, title) {
    const wanted = await askText("Rename chat", "Title", title);
    if (wanted === null || !wanted.trim() || wanted === title) return;
    await fetchJson(`/v1/sessions/${row.session_id}`, { method: "PATCH", json: { title: wanted.trim() } });
    for (const one of this.rows) if (one.session_id === row.session_id) one.title = wanted.trim();
    this.show();
  }

  async exported(row, title, format) {
    const answer = await request(`/v1/sessions/${row.session_id}/export?format=${format}`, { headers: { accept: "*/*" } });
    const url = URL.createObjectURL(await answer.blob());
    const name = `${title.replace(/[^\p{L}\p{N} _-]+/gu, "").trim().slice(0, 60) || "chat"}.${format}`;
    el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  async remove(row, title) {
    const meaning = el("div", { class: "stack" },
      el("p", {}, `“${title}” is erased: its key is destroyed, so that nobody can read it any more, in any copy. This cannot be undone.`),
      el("p", { class: "muted small" }, "What it cost stays in the accounts, and that there was a chat stays in the audit log, both without a word of it."));
    if (!(await confirmDialog("Delete this chat?", meaning, "Delete", { danger: true }))) return;
    await fetchJson(`/v1/sessions/${row.session_id}`, { method: "DELETE" });
    this.asked = null; // whatever list is on its way still has it
    this.rows = this.rows.filter((one) => one.session_id !== row.session_id); // the list may have come anew since
    this.show();
    this.does.deleted(row.session_id);
    toast("The chat is deleted.");
  }
}
