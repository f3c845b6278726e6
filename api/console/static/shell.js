// The frame of every page: menu on small screens, theme, sign-out, and words for whatever went wrong unseen.
import { request } from "./api.js";
import { toast } from "./dialogs.js";
import { themeButton } from "./theme.js";

const toggle = document.getElementById("bar-toggle");
const scrim = document.getElementById("scrim");

function openBar(open) {
  document.body.classList.toggle("bar-open", open);
  toggle.setAttribute("aria-expanded", String(open));
  scrim.hidden = !open;
}
toggle.addEventListener("click", () => openBar(toggle.getAttribute("aria-expanded") !== "true"));
scrim.addEventListener("click", () => openBar(false));
document.addEventListener("keydown", (event) => { if (event.key === "Escape") openBar(false); });
document.addEventListener("colloquy:close-bar", () => openBar(false));
document.addEventListener("colloquy:open-bar", () => { if (getComputedStyle(toggle).display !== "none") openBar(true); });

themeButton(document.getElementById("theme"), document.getElementById("theme-name"));

const others = "BroadcastChannel" in window ? new BroadcastChannel("colloquy") : null;
others?.addEventListener("message", ({ data }) => { if (data === "signed-out") location.assign("/console/sign-in"); });
document.getElementById("sign-out").addEventListener("click", async () => {
  try {
    await request("/console/sign-out", { method: "POST" });
  } catch (error) {
    if (error.status !== 401) return toast(error.message);
  }
  others?.postMessage("signed-out");
  location.assign("/console/sign-in");
});

// A page is never blank and never silent: what no one caught is said.
addEventListener("unhandledrejection", (event) => toast(event.reason?.message || "Something went wrong on this page."));
