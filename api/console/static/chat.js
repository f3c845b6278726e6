// The page "Chat": ties the socket, the conversation, the composer and the list of sessions together.
import { fetchJson, me, newId } from "./api.js";
import { BudgetBar } from "./budget.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { askText, openDialog, toast } from "./dialogs.js";
import { Uploads } from "./documents.js";
import { el } from "./dom.js";
import { plural } from "./format.js";
import { FrameSocket } from "./frame_socket.js";
import { report } from "./report.js";
import { SessionList } from "./sessions.js";
import { versionBefore } from "./fork.js";
import { wordsOf } from "./words.js";

const $ = (id) => document.getElementById(id);
let uploads = null;
const LATER_MS = [1500, 5000];
let socket = null;
let sessionId = null;

const conversation = new Conversation($("conversation"), $("scroller"), $("newest"), {
  askAgain: (turn) => ask(turn.question, { cache: "bypass", files: turn.files }),
  retry: (turn) => ask(turn.question, { files: turn.files }),
  edit: (turn) => composer.edit(turn),
  ask: (question) => ask(question),
  rate: rated,
  report: (turn) => report({ session_id: sessionId, turn_id: turn.turnId }),
  confirm: (turn, call, allow) => socket?.send({ type: "tool.confirm", turn_id: turn.turnId, call, allow }),
  wait: (seconds) => composer.wait(seconds),
});
const composer = new Composer($("composer"), {
  send: (text, edited) => (edited ? forkAndAsk(edited, text) : ask(text)),
  stop,
  lastAsked: () => conversation.last?.question && conversation.last,
  waits: () => Boolean(uploads?.waits),
});
const sessions = new SessionList($("sessions"), {
  open: (id) => show(id, { push: true }),
  deleted: (id) => { if (id === sessionId) show(null, { push: true }); },
});
const budget = new BudgetBar($("budget"));
uploads = new Uploads({ button: $("attach"), input: $("files"), zone: $("drop"), list: $("uploads"), indexed: () => welcome(), changed: () => composer.changed() });

function ask(text, { cache = "use", files } = {}) {
  if (conversation.running) return toast(wordsOf({ code: "turn_in_progress" }));
  files ??= uploads.take();
  const id = newId();
  $("welcome").hidden = true;
  conversation.asked(text, id, files);
  composer.isRunning(true);
  connect();
  return socket.send({ type: "turn.create", id, text, ...(cache === "bypass" && { cache }), ...(files.length && { attachments: files.map((file) => file.id) }) });
}

function stop() {
  const turn = conversation.running;
  if (turn?.turnId) socket?.send({ type: "turn.cancel", turn_id: turn.turnId });
  else if (turn) turn.stopWhenCreated = true;
}

async function rated(turn, rating) {
  let comment = "";
  if (rating === "down") {
    comment = await askText("What was wrong?", "It helps those who look after this assistant. You may leave it empty.", "", "Send");
    if (comment === null) return false;
  }
  connect();
  socket.send({ type: "feedback.create", id: newId(), turn_id: turn.turnId, rating, ...(comment && { comment }) });
  toast("Thank you.");
  return true;
}

/** Goes on from before a turn, in a session of its own: what was said stays as it was. */
async function forkAndAsk(turn, text) {
  if (!turn.turnId || turn === conversation.turns[0]) {
    await show(null, { push: true });
    return ask(text);
  }
  try {
    const version = await versionBefore(sessionId, conversation.turns, turn);
    const fork = await fetchJson(`/v1/sessions/${sessionId}/fork`, { method: "POST", json: { version } });
    await show(fork.session_id, { push: true });
    return ask(text);
  } catch (error) {
    composer.put(text);
    return toast(error.message);
  }
}

function connect() {
  socket ??= new FrameSocket(sessionId, onFrame, onState);
}

/** Another session, or a new chat. */
async function show(id, { push = false } = {}) {
  socket?.end();
  socket = null;
  sessionId = id;
  conversation.clear();
  composer.isRunning(false);
  composer.edit(null);
  if (push) history.pushState(null, "", id ? `/console/chat?session=${id}` : "/console/chat");
  document.dispatchEvent(new Event("colloquy:close-bar"));
  sessions.select(id);
  $("state").textContent = "";
  welcome();
  if (id) connect();
  else composer.focus();
}

function onFrame(frame) {
  switch (frame.type) {
    case "session.opened": return opened(frame);
    case "error": return refused(frame);
    case "budget.updated": return budget.updated(frame);
    case "session.draining": return say("The server restarts. Your answer goes on; this page comes back by itself.");
    case "session.auth_expiring": return say(`You will be signed out in ${plural(Math.ceil(frame.in_s / 60), "minute")}. Sign in again with a new link then.`);
  }
  const turn = conversation.frame(frame);
  if (turn?.stopWhenCreated && turn.turnId) { turn.stopWhenCreated = false; stop(); }
  composer.isRunning(Boolean(conversation.running));
  if (frame.type === "turn.created") $("welcome").hidden = true;
  if (frame.type === "turn.completed") ended(turn);
  return null;
}

function opened(frame) {
  if (frame.limits?.max_text) composer.most = frame.limits.max_text;
  conversation.opened(frame);
  $("welcome").hidden = conversation.turns.length > 0;
  if (sessionId !== frame.session_id) {
    sessionId = frame.session_id;
    history.replaceState(null, "", `/console/chat?session=${sessionId}`);
    sessions.select(sessionId);
  }
  composer.isRunning(Boolean(conversation.running));
  const wanted = location.hash.startsWith("#turn-") && document.getElementById(location.hash.slice(1));
  if (wanted) { conversation.atEnd = false; wanted.scrollIntoView({ block: "start" }); }
  const last = conversation.last;
  if (last?.turnId && last.status !== "running") conversation.fetchTurn(last).then((told) => told && last === conversation.last && last.more(told), () => {});
}

function refused(frame) {
  const turn = frame.client_id && conversation.byClient.get(frame.client_id);
  if (frame.code === "rate_limited" || frame.code === "overloaded") composer.wait(frame.retry_after_s || 5);
  if (!turn || turn.status !== "running" || turn.turnId) return toast(wordsOf(frame));
  socket?.forget(frame.client_id);
  turn.failed({ ...frame, retryable: true });
  composer.isRunning(false);
  return null;
}

/** After an answer: its title, what may be asked next, and the money come a little later. */
function ended(turn) {
  sessions.refresh();
  if (!turn) return;
  const of = sessionId;
  for (const ms of LATER_MS) setTimeout(async () => {
    if (sessionId !== of) return;
    sessions.refresh();
    if (turn !== conversation.last || turn.next.childElementCount) return;
    const told = await conversation.fetchTurn(turn).catch(() => null);
    if (told && turn === conversation.last) { turn.more(told); conversation.follow(); }
  }, ms);
  setTimeout(() => budget.refresh(), LATER_MS[1]);
}

let saying = null;
function onState(state, detail) {
  clearTimeout(saying);
  const waiting = $("state").dataset.waiting;
  if (state === "open") {
    delete $("state").dataset.waiting;
    if (waiting) { say("Connected again."); saying = setTimeout(() => say(""), 3000); } else say("");
  } else if (state === "ended") {
    say(wordsOf({ code: detail }));
    composer.isRunning(false);
  } else if (state === "waiting") {
    saying = setTimeout(() => {
      $("state").dataset.waiting = "yes";
      say(navigator.onLine ? "The connection was lost. Trying again." : "You are offline. This page goes on when the network is back.");
    }, 300);
  }
}

function say(text) {
  $("state").textContent = text;
}

/** The empty page: questions that fit the documents there are, or how there come to be some. */
async function welcome() {
  const empty = conversation.turns.length === 0 && !sessionId;
  $("welcome").hidden = !empty;
  const page = await fetchJson("/v1/documents?status=indexed&limit=3").catch(() => ({ documents: [], next: null }));
  conversation.documents = page.documents.length && !page.next ? ` in ${plural(page.documents.length, "document")}` : "";
  const titles = page.documents.map(({ title }) => title.replace(/\.[a-z0-9]{1,5}$/i, "").replace(/[-_]+/g, " "));
  const questions = [(title) => `What matters most in the ${title}?`, (title) => `Summarise the ${title} in three sentences.`, (title) => `Which numbers and dates does the ${title} name?`];
  $("starters").replaceChildren(...titles.map((title, at) => el("button", { type: "button", class: "starter", onclick: () => ask(questions[at](title)) }, questions[at](title))));
  $("welcome-words").textContent = titles.length
    ? "Answers come from your organisation's documents, with their sources."
    : me.has("editor") ? "There are no documents yet. Drop some here." : "There are no documents yet. An editor of your organisation can add some.";
}

const KEYS = [["Enter", "Send"], ["Shift + Enter", "A new line"], ["Esc", "Stop the answer"], ["↑ in an empty box", "Edit the last message"], ["Ctrl + K", "Find a chat"], ["?", "This list"]];
function showKeys() {
  openDialog("Keys", el("dl", { class: "keys" }, KEYS.map(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)])));
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, dialog");
  if (event.key === "Escape" && conversation.running && !document.querySelector("dialog[open]")) stop();
  else if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    document.dispatchEvent(new Event("colloquy:open-bar"));
    $("find").focus();
  } else if (event.key === "?" && !typing) showKeys();
});
$("keys").addEventListener("click", showKeys);
$("new-chat").addEventListener("click", () => show(null, { push: true }));
addEventListener("popstate", () => show(new URLSearchParams(location.search).get("session")));
document.querySelector("form#composer").hidden = false;
sessions.refresh();
show(new URLSearchParams(location.search).get("session"));
