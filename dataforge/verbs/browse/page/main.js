// Puts the parts together: tabs, tools, keys.
"use strict";
(() => {
  const { state } = dataforge;
  const part = (id) => document.getElementById(id);
  const TABS = ["images", "findings", "overview"];
  const FILTERS = [...dataforge.FILTERS, "sort"];
  let shown = null;

  function render(changes) {
    const has = (...keys) => changes === null || keys.some((key) => key in changes);
    for (const tab of TABS) {
      const chosen = state.tab === tab;
      part(tab).hidden = !chosen;
      part(`tab-${tab}`).setAttribute("aria-selected", String(chosen));
      part(`tab-${tab}`).tabIndex = chosen ? 0 : -1;
    }
    part("tools").hidden = state.tab !== "images";
    document.querySelector(".strip").hidden = state.tab === "overview";
    const filtered = has(...FILTERS);
    if (filtered) {
      shown = dataforge.filtered();
      dataforge.shown = shown;
      dataforge.showFilters(shown.length);
    }
    if (filtered || has("tab", "tile", "draw", "hidden", "classes", "predicted", "score")) {
      if (state.tab === "images") dataforge.grid.show(shown, { top: filtered });
      if (state.tab === "findings" && (filtered || has("tab"))) dataforge.showFindings(shown);
      if (state.tab === "overview") dataforge.showOverview();
    }
    part("sort").value = state.sort;
    part("tile").value = state.tile;
    part("draw").checked = state.draw;
    part("predicted").hidden = !dataforge.predicting;
    part("score").value = state.score;
    part("least-score").textContent = state.score.toFixed(2);
    dataforge.showViewer(changes);
  }

  function drawer(open) {
    document.body.classList.toggle("drawer", open);
    part("show-filters").setAttribute("aria-expanded", String(open));
  }

  function wire() {
    TABS.forEach((tab, number) => {
      part(`tab-${tab}`).addEventListener("click", () => dataforge.set({ tab }));
      part(`tab-${tab}`).addEventListener("keydown", (event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!by) return;
        const next = TABS[(number + by + TABS.length) % TABS.length];
        dataforge.set({ tab: next });
        part(`tab-${next}`).focus();
      });
    });
    part("sort").addEventListener("change", (event) => dataforge.set({ sort: event.target.value }));
    part("tile").addEventListener("input", (event) => dataforge.set({ tile: +event.target.value }));
    part("score").addEventListener("input", (event) => dataforge.set({ score: +event.target.value }));
    part("draw").addEventListener("change", (event) => dataforge.set({ draw: event.target.checked }));
    part("theme").addEventListener("click", () => window.switchTheme());
    part("show-filters").addEventListener("click", () => drawer(!document.body.classList.contains("drawer")));
    document.addEventListener("keydown", (event) => {
      if (part("viewer").open || event.ctrlKey || event.metaKey || event.altKey) return;
      const writes = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox";
      if (event.key === "/" && !writes) {
        event.preventDefault();
        part("search").focus();
        part("search").select();
      } else if (event.key === "Escape") {
        if (document.body.classList.contains("drawer")) drawer(false);
        else if (event.target === part("search") && state.q) dataforge.set({ q: "" });
        else if (writes) event.target.blur();
      } else if (event.key === "Enter" && event.target === part("search")) {
        if (state.tab === "images") dataforge.grid.focus(0);
      } else if (/^Arrow/.test(event.key) && event.target === document.body && state.tab === "images") {
        event.preventDefault();
        dataforge.grid.focus(0);
      }
    });
    part("main").addEventListener("pointerdown", () => drawer(false));
  }

  dataforge.start = () => {
    const titles = dataforge.sides.map((side) => dataforge.short(side.title, 60));
    document.title = `${titles.join(" / ")} · dataforge browse`;
    part("title").textContent = titles.join(" / ");
    part("title").title = dataforge.sides.map((side) => dataforge.text(side.path)).join(" / ");
    dataforge.buildFilters();
    dataforge.countFindings();
    wire();
    dataforge.onChange(render);
    dataforge.read();
    document.documentElement.dataset.ready = "true";
  };
})();
