// What is looked at, kept in the address, so that a link reproduces it.
"use strict";
(() => {
  const { state } = dataforge;
  const listeners = [];
  let written = null;
  let timer = 0;

  // What is to be done when another address is given.
  dataforge.onAddress = (listener) => listeners.push(listener);

  // Change what is looked at; `silent` for what follows a hand, such as a slider.
  dataforge.set = (changes, { silent = false } = {}) => {
    const opens = "image" in changes && (changes.image === null) !== (state.image === null);
    Object.assign(state, changes);
    clearTimeout(timer);
    if (silent) timer = setTimeout(() => write(false), 150);
    else write(opens); // "back" leads back from an image
  };

  function write(push) {
    const found = new URLSearchParams();
    const put = (key, value, usual) => value !== usual && found.append(key, value);
    put("kind", state.kind, "");
    put("confusion", state.confused, state.usual);
    put("score", state.score, state.usual);
    put("labels", +state.labels, 1);
    if (state.image !== null) {
      found.append("image", dataforge.there.name[state.image]);
      if (state.view) found.append("view", state.view.map((one) => +one.toFixed(4)).join(","));
    }
    written = `#${found}`;
    if (written === (location.hash || "#")) return;
    if (push) history.pushState(null, "", written);
    else history.replaceState(null, "", written);
  }

  dataforge.read = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    const number = (key) => (Number.isFinite(parseFloat(given.get(key))) ? parseFloat(given.get(key)) : state.usual);
    state.kind = given.get("kind") || "";
    state.confused = number("confusion");
    state.score = number("score");
    state.labels = given.get("labels") !== "0";
    const image = dataforge.there.name.indexOf(given.get("image"));
    state.image = image < 0 ? null : image;
    const view = (given.get("view") || "").split(",").map(Number);
    state.view = view.length === 3 && view.every(Number.isFinite) ? view : null;
  };
  const reread = () => {
    if (location.hash === written) return;
    written = location.hash;
    dataforge.read();
    listeners.forEach((listener) => listener());
  };
  addEventListener("hashchange", reread);
  addEventListener("popstate", reread);
})();
