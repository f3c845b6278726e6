// Takes the secret of a link out of the address, where it never stays, and trades it for a session.
import { fetchJson } from "./api.js";

const state = document.getElementById("state");
const form = document.getElementById("by-link");
const input = document.getElementById("link");

async function signIn(secret) {
  form.hidden = true;
  state.textContent = "Signing in.";
  try {
    const { next } = await fetchJson("/console/sign-in", { method: "POST", json: { secret } });
    location.replace(next);
  } catch (error) {
    state.textContent = error.status === 401
      ? "This link was used before, or is older than ten minutes. Please ask for a new one."
      : error.message;
    form.hidden = false;
  }
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
