// Where a session was before a turn: the version that a fork goes on from.
import { fetchJson } from "./api.js";

/** The last version of the session at which `turn` was not there: the history at a version says which turns it had. */
export async function versionBefore(sessionId, turns, turn) {
  const before = turns[turns.indexOf(turn) - 1]?.turnId;
  const isThere = async (version) => {
    const query = new URLSearchParams({ version: String(version), limit: "1", ...(before && { cursor: before }) });
    const told = await fetchJson(`/v1/sessions/${sessionId}/history?${query}`);
    return told.running === turn.turnId || told.turns.length > 0;
  };
  const { version } = await fetchJson(`/v1/sessions/${sessionId}?consistent=true`);
  let without = 1, withIt = version;
  while (withIt - without > 1) {
    const middle = Math.floor((without + withIt) / 2);
    if (await isThere(middle)) withIt = middle;
    else without = middle;
  }
  return without;
}
