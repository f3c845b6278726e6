// Takes the secret of a link out of the address, where it never stays, and trades it for a session.
import { ApiError } from "./api.js";

const state = document.getElementById("state");
const form = document.getElementById("by-link");
const input = document.getElementById("link");

function signIn(secret) {
  form.hidden = true;
  state.textContent = "Signing in.";
  try {
    const { next } = exchange(secret);
    if (document.readyState === "complete") location.replace(next);
    else addEventListener("load", () => setTimeout(() => location.replace(next)));
  } catch (error) {
    state.textContent = error.status === 401
      ? "This link was used before, or is older than ten minutes. Please ask for a new one."
      : error.message;
    form.hidden = false;
  }
}

/** Waits for the answer, on purpose: a link is good once, and whoever leaves this page as soon as it has loaded must not
 * have lost both the link and the session. */
function exchange(secret) {
  const asking = new XMLHttpRequest();
  asking.open("POST", "/console/sign-in", false);
  asking.setRequestHeader("content-type", "application/json");
  asking.setRequestHeader("accept", "application/json");
  try {
    asking.send(JSON.stringify({ secret }));
  } catch {
    throw new ApiError({ code: "unreachable" }, 0);
  }
  let told = {};
  try {
    told = JSON.parse(asking.responseText);
  } catch { /* not ours: a proxy's page, say */ }
  if (asking.status !== 200) throw new ApiError(told, asking.status);
  return told;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const secret = input.value.trim().split("#").pop();
  input.value = "";
  signIn(secret);
});

const secret = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
if (secret) signIn(secret);
else {
  state.textContent = "Open your sign-in link, or paste it here.";
  form.hidden = false;
}
addEventListener("hashchange", () => {
  const later = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  if (later) signIn(later);
});
