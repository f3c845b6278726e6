// The only way from a page to the server: adds what proves that the page is ours, and turns refusals into words.
import { wordsOf } from "./words.js";

const API = "/console/api";

/** A fresh id; `crypto.randomUUID` is not there on a page without TLS. */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A refusal or a failure: `message` in words for people, `code`, `status`, `traceId`, `retryAfter` (seconds or null). */
export class ApiError extends Error {
  constructor(problem, status, retryAfter = null) {
    super(wordsOf(problem));
    this.name = "ApiError";
    this.code = problem.code || "internal";
    this.status = status;
    this.traceId = problem.trace_id || "";
    this.retryAfter = retryAfter;
    this.detail = problem.detail || "";
  }
}

/** Who is signed in, as the page says it. */
export const me = {
  tenant: document.body.dataset.tenant || "",
  user: document.body.dataset.user || "",
  roles: (document.body.dataset.roles || "").split(" ").filter(Boolean),
  has: (...roles) => roles.some((role) => me.roles.includes(role)),
};

/** The answer of the public API at `path` ("/v1/..."), or of the console itself ("/console/..."), as it came. */
export async function request(path, { method = "GET", json, body, headers = {}, signal } = {}) {
  const url = path.startsWith("/console/") ? path : API + path;
  const sent = { accept: "application/json", ...headers };
  if (method !== "GET") sent["x-colloquy-csrf"] = document.body.dataset.csrf || "";
  if (json !== undefined) sent["content-type"] = "application/json";
  let answer;
  try {
    answer = await fetch(url, {
      method, headers: sent, body: json !== undefined ? JSON.stringify(json) : body, signal,
      credentials: "same-origin", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError({ code: "unreachable" }, 0);
  }
  if (answer.ok) return answer;
  const failure = await problemOf(answer);
  if (failure.status === 401 && document.body.dataset.csrf) location.assign("/console/sign-in");
  throw failure;
}

/** The JSON of an answer; null when it has none. Money in it stays the string that it is. */
export async function fetchJson(path, options = {}) {
  const answer = await request(path, options);
  return answer.status === 204 ? null : answer.json();
}

/** All items of a list that comes in pages, up to `most`: `fetchAll("/v1/sessions", "sessions")`. */
export async function fetchAll(path, key, most = 1000) {
  const found = [];
  let cursor = null;
  do {
    const join = path.includes("?") ? "&" : "?";
    const page = await fetchJson(cursor ? `${path}${join}cursor=${encodeURIComponent(cursor)}` : path);
    found.push(...page[key]);
    cursor = page.next;
  } while (cursor && found.length < most);
  return found;
}

async function problemOf(answer) {
  let problem = {};
  try {
    problem = await answer.json();
  } catch { /* not ours: a proxy's page, say */ }
  const seconds = Number(answer.headers.get("retry-after"));
  return new ApiError(problem, answer.status, Number.isFinite(seconds) && seconds > 0 ? seconds : null);
}

/** Sends a file as the field `file` of a form; `onProgress(part)` hears how much of it is on its way, from 0 to 1. */
export function upload(path, file, onProgress) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    form.append("file", file, file.name);
    const sending = new XMLHttpRequest(); // fetch tells nothing of what it has sent
    sending.open("POST", API + path);
    sending.responseType = "json";
    sending.setRequestHeader("accept", "application/json");
    sending.setRequestHeader("x-colloquy-csrf", document.body.dataset.csrf || "");
    sending.upload.onprogress = (event) => { if (event.lengthComputable) onProgress(event.loaded / event.total); };
    sending.onerror = () => reject(new ApiError({ code: "unreachable" }, 0));
    sending.onload = () => (sending.status < 300 ? resolve(sending.response) : reject(new ApiError(sending.response || {}, sending.status)));
    sending.send(form);
  });
}
