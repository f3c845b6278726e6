// Before the first paint: the theme that was chosen here. Beside it this browser keeps views of the audit log that were saved.
(() => {
  try {
    const theme = localStorage.getItem("colloquy-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch { /* storage may be closed to us */ }
})();
