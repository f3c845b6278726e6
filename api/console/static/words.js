// Codes to words: what happened and what to do, for people.

const CODES = {
  unreachable: "The server does not answer. Check your connection; this page tries again by itself.",
  unauthorized: "You are signed out. Please sign in again with a new link.",
  forbidden: "Your roles do not allow this.",
  not_found: "This does not exist, or not any more.",
  session_not_found: "This chat does not exist, or not any more.",
  document_not_found: "This document does not exist any more.",
  file_not_found: "This file does not exist any more.",
  turn_not_found: "This answer has already ended.",
  turn_in_progress: "An answer is still being written in this chat. Wait for it, or stop it.",
  idempotency_conflict: "This message was already sent with another text. Please send it again.",
  rate_limited: "There were many requests in a short time.",
  budget_exceeded: "The budget is used up. Ask an administrator of your organisation to raise it.",
  overloaded: "The server has more to do than it can take now.",
  model_unavailable: "No model answers at the moment.",
  pii_blocked: "The message holds a private value that may not be sent to a model. Leave it out, please.",
  draining: "The server is restarting.",
  dependency_unavailable: "A part that is needed for this does not answer now.",
  payload_too_large: "This is too large.",
  prompt_too_long: "The message is too long.",
  empty_prompt: "There is nothing to send.",
  resume_out_of_range: "What was missed is no longer kept; the chat was loaded anew.",
  invalid_character: "The text holds a character that cannot be kept.",
  unsupported_media_type: "This kind of file is not taken.",
  in_use: "This is still in use.",
  internal: "Something went wrong on our side.",
  empty_file: "The file is empty.",
  too_large: "The file is too large.",
  type_mismatch: "The file is not of the kind that its name says.",
  archive_unsafe: "The file unpacks to something unsafe.",
  external_reference: "The file refers to things outside of it.",
  too_many_pages: "The file has too many pages.",
  password_protected: "The file is protected by a password.",
  unreadable: "The file cannot be read.",
};
const OWN_WORDS = new Set(["invalid_field", "invalid_range", "in_use", "prompt_too_long", "budget_exceeded", "payload_too_large", "unsupported_media_type"]);

/** A sentence for a problem document, an `error` frame or a turn's error. */
export function wordsOf(problem) {
  const said = problem.detail || problem.message || "";
  if (OWN_WORDS.has(problem.code) && said) return said;
  return CODES[problem.code] || said || "Something went wrong.";
}

const STEPS = {
  screen_input: "looking at the question", detect_language: "recognising the language", classify_intent: "understanding the question",
  assess_complexity: "understanding the question", rewrite_question: "understanding the question", split_question: "understanding the question",
  expand_query: "thinking of other words", choose_collections: "choosing where to look", retrieve: "searching the documents",
  embed: "searching the documents", read_attachments: "reading the files", grade_passages: "choosing the best passages", rerank: "choosing the best passages",
  compress: "reading the passages", same_question: "checking the kept answers", choose_tools: "choosing tools", call_tools: "using tools",
  repair_tool_input: "using tools", summarise_tool_result: "reading what the tools said", answer_from_documents: "writing",
  answer_from_data: "writing", answer_directly: "writing", ask_back: "writing", decline: "writing", check_grounding: "checking the answer",
  revise: "checking the answer", screen_output: "checking the answer", translate: "translating",
};

/** What a step does, for the line before the first word. */
export function stepWords(step) {
  return STEPS[step] || String(step).replaceAll("_", " ");
}

const REASONS = [
  [/thrott|toomany/i, "it had too many requests"], [/quota/i, "its quota was used up"], [/timeout/i, "it took too long to begin"],
  [/stall/i, "it fell silent in the middle"], [/cut|malformed|stream/i, "its answer broke off"], [/denied/i, "access to it was refused"],
  [/breaker|open/i, "it failed often lately"], [/unavailable|notready|connection|internal|error|exception/i, "it was not available"],
];

/** Why another model went on, after "because". */
export function reasonWords(reason) {
  return REASONS.find(([pattern]) => pattern.test(reason || ""))?.[1] || "it failed";
}

/** "sonnet 4.5" of "us.anthropic.claude-sonnet-4-5-20250929-v1:0"; the name as it is when it has another form. */
export function modelWords(model) {
  const found = /(sonnet|haiku|opus|titan-embed)[^0-9]*(\d+)?(?:-(\d{1,2})(?!\d))?/.exec(model || "");
  if (!found) return model || "";
  return [found[1], [found[2], found[3]].filter(Boolean).join(".")].filter(Boolean).join(" ");
}

const KINDS = {
  email: "e-mail address", phone: "phone number", card: "card number", iban: "bank account", national_id: "national ID",
  ip: "network address", credential: "password or key", person: "name of a person", address: "postal address",
  date: "date", organisation: "organisation", place: "place",
};

/** "2 e-mail addresses" of ("email", 2). */
export function kindWords(kind, count) {
  const word = KINDS[kind] || kind.replaceAll("_", " ");
  const many = word.endsWith("s") ? `${word}es` : word.startsWith("name of") ? "names of persons" : `${word}s`;
  return count === 1 ? `1 ${word}` : `${count} ${many}`;
}

/** "page 2, row 14, under “Returns”": where in its document a citation stands, as far as there are such places. */
export function placeWords({ title, page, row, heading }) {
  const leaf = /\.(pptx?|odp)$/i.test(title) ? "slide" : "page";
  return [page ? `${leaf} ${page}` : "", row ? `row ${row}` : "", heading ? `under “${heading}”` : ""].filter(Boolean).join(", ");
}

const RESETS = { failover: "another model had to begin anew", resumed: "the server that wrote it was restarted" };

/** Why an answer was begun again, after "because". */
export function resetWords(reason) {
  return RESETS[reason] || "it had to be corrected";
}
