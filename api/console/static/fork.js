// Where a session was before a turn: the version that a fork goes on from.
import { ApiError, fetchJson } from "./api.js";

/** The version at which the turn before `turn` had ended: the history says it of each. */
export async function versionBefore(sessionId, turns, turn) {
  const before = turns[turns.indexOf(turn) - 1].turnId;
  for (let cursor = null; ;) {
    const query = new URLSearchParams({ limit: "200", ...(cursor && { cursor }) });
    const page = await fetchJson(`/v1/sessions/${sessionId}/history?${query}`);
    const found = page.turns.find((told) => told.turn_id === before);
    if (found) return found.version;
    if (!page.next) throw new ApiError({ code: "turn_not_found", detail: "The message before this one is not there." }, 404);
    cursor = page.next;
  }
}
