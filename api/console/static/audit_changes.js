// What differs between two versions of a session, as short sentences would say it.

const NAMES = { title: "Title", assistant: "Assistant", user: "User" };
const FIELDS = { status: "Status", question: "Question", answer: "Answer", model: "Model", cached: "Kept answer", cost_usd: "Cost", feedback: "Feedback", finish_reason: "Ended by" };

/** [{ name, from, to }] of everything that is shown and is not the same. */
export function changesBetween(before, after) {
  const changes = Object.entries(NAMES).filter(([field]) => before[field] !== after[field])
    .map(([field, name]) => ({ name, from: text(before[field]), to: text(after[field]) }));
  if (before.running !== after.running) {
    changes.push(after.running ? { name: "A turn begins", from: "", to: after.running } : { name: "The turn ends", from: "", to: before.running });
  }
  const known = new Map(before.turns.map((turn) => [turn.turn_id, turn]));
  for (const turn of after.turns) {
    const earlier = known.get(turn.turn_id);
    for (const [field, name] of Object.entries(FIELDS)) {
      if (text(turn[field]) === text(earlier?.[field])) continue;
      changes.push({ name, from: text(earlier?.[field]), to: field === "cost_usd" ? `$${turn[field]}` : text(turn[field]) });
    }
  }
  return changes;
}

function text(value) {
  if (value === null || value === undefined || value === false || value === "") return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
