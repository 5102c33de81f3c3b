// Before anything is painted: the theme that was chosen last, else that of the system.
"use strict";
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("dataforge-theme");
  } catch {
    // Storage may be forbidden to pages from disk.
  }
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    document.documentElement.dataset.theme = chosen || (dark.matches ? "dark" : "light");
  };
  apply();
  dark.addEventListener("change", apply);
  window.switchTheme = () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("dataforge-theme", chosen);
    } catch {
      // Then it holds for this visit.
    }
    apply();
  };
})();
