// Light, dark, or as the system has it: chosen by a button, known to charts.

const KEY = "colloquy-theme";
const NAMES = { "": "as the system", light: "light", dark: "dark" };
const system = matchMedia("(prefers-color-scheme: dark)");

/** Calls back whenever what is shown changes. */
export function onThemeChange(callback) {
  system.addEventListener("change", callback);
  document.addEventListener("colloquy:theme", callback);
}

/** The value of a CSS custom property now, such as "--accent". */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Makes a button go round: as the system, light, dark. */
export function themeButton(button, label) {
  const name = () => document.documentElement.dataset.theme || "";
  const say = () => { label.textContent = `Theme: ${NAMES[name()]}`; button.title = label.textContent; };
  button.addEventListener("click", () => {
    const order = Object.keys(NAMES), next = order[(order.indexOf(name()) + 1) % order.length];
    if (next) document.documentElement.dataset.theme = next;
    else delete document.documentElement.dataset.theme;
    try {
      if (next) localStorage.setItem(KEY, next);
      else localStorage.removeItem(KEY);
    } catch { /* then it lasts as long as the page */ }
    say();
    document.dispatchEvent(new Event("colloquy:theme"));
  });
  say();
}
