// Before the first paint: the theme that was chosen here. A theme is all that is ever kept in this browser's storage.
(() => {
  try {
    const theme = localStorage.getItem("colloquy-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch { /* storage may be closed to us */ }
})();
