// Parts of the installation, breakers of models and versions, as somebody on call reads them.
import { el } from "./dom.js";
import { duration, plural, time } from "./format.js";
import { facts, state, table } from "./tables.js";
import { modelWords, reasonWords } from "./words.js";

/* What a part is for, and what to do when it is away. */
const PARTS = {
  postgres: ["the event store and the read models", "Start it, or look at its log and its disk. Nothing is answered without it; nothing is lost."],
  read_models: ["lists, costs and the audit log", "Wait for the first build below. When it does not move, see that `colloquy project` runs."],
  bedrock: ["models and embeddings", "Look at the provider's status and at the breakers below; check region, credentials and quotas. Kept answers still go out."],
  dynamodb: ["lists of sessions", "Sessions still answer. Lists come back with it; what was missed is caught up."],
  kms: ["keys of tenants", "Sessions whose keys are known go on. Check the key's policy and the credentials."],
  s3: ["documents and files", "Uploads wait. Check the bucket, its policy and the credentials."],
  valkey: ["kept answers, limits, tickets", "Answers go on without caches; sign-in waits. Start it again: it holds nothing that cannot be made anew."],
  nats: ["the pipe to the read models", "Read models fall behind and catch up from the store when it is back. Start it again."],
  process: ["this process", "It is leaving: another one answers in a moment."],
};

/** The sentence on top: how things are, and what is away with what to do. */
export function standing(place, { status, parts, read_models: models }) {
  const away = parts.filter((part) => part.status === "away");
  const late = (models || []).filter((model) => model.lag_events && model.lag_seconds > 30);
  const words = { ready: ["good", "Everything answers"], degraded: ["warn", "Some parts are away; people are still answered"], down: ["bad", "Nothing is answered"] }[status];
  place.replaceChildren(
    el("p", { class: "verdict" }, state(words[0], status), " ", words[1], "."),
    away.length || late.length ? el("ul", { class: "todo" }, away.map(todo), late.map((model) => el("li", {},
      el("strong", {}, model.name.replaceAll("_", " ")), ` is ${plural(model.lag_events, "event")} behind, for at least ${duration(model.lag_seconds * 1000)}. `,
      el("span", { class: "muted" }, "See that the process that projects runs, and what its log says of this read model.")))) : "");
}

function todo(part) {
  return el("li", {}, el("strong", {}, part.name.replaceAll("_", " ")), part.detail ? ` (${part.detail})` : "",
    part.since ? [" is away since ", time(part.since, { dateStyle: "short", timeStyle: "medium" })] : " is away", ". ",
    el("span", { class: "muted" }, PARTS[part.name]?.[1] || "See the log of the process."));
}

/** All parts. */
export function partsTable(place, parts) {
  place.replaceChildren(table("Parts", [{ name: "Part" }, { name: "State" }, { name: "Without it" }, { name: "For" }, { name: "Detail" }], parts.map((part) => [
    part.name.replaceAll("_", " "), state(part.status === "ok" ? "good" : part.needed ? "bad" : "warn", part.status),
    part.needed ? "nothing is answered" : "people are answered", PARTS[part.name]?.[0] || "a loop of this process", part.detail,
  ])));
}

/** Breakers as this process has them. */
export function breakersTable(place, breakers) {
  const columns = [{ name: "Model" }, { name: "Breaker" }, { name: "Last failure" }, { name: "When" }, { name: "First word", kind: "number" }];
  const words = { closed: ["good", "closed"], half_open: ["warn", "trying again"], open: ["bad", "open"] };
  place.replaceChildren(table("Breakers", columns, breakers.map((one) => [
    el("span", { title: one.model }, modelWords(one.model)),
    [state(...words[one.breaker]), one.probes_in_s !== null ? el("span", { class: "muted small" }, ` tries again in ${duration(one.probes_in_s * 1000)}`) : ""],
    one.last_failure ? el("span", {}, el("code", {}, one.last_failure), reasonOf(one.last_failure)) : el("span", { class: "muted" }, "none"),
    one.failed_s_ago === null ? "" : `${duration(one.failed_s_ago * 1000)} ago`,
    one.first_token_s === null ? "" : duration(one.first_token_s * 1000),
  ]), { empty: "No model was called by this process yet." }));
}

function reasonOf(code) {
  const words = reasonWords(code);
  return words === code || words === code.replaceAll("_", " ") ? "" : el("span", { class: "muted" }, ` ${words}`);
}

/** What runs. */
export function versions(place, found) {
  const names = { colloquy: "Colloquy", python: "Python", postgresql: "PostgreSQL", model_balanced: "Balanced model", model_fast: "Fast model" };
  place.replaceChildren(facts(Object.entries(found).map(([name, version]) => [names[name] || name, el("code", {}, version)])));
}
