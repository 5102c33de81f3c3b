// The dialog of one image: what is there beside what was found, which zoom and move together.
"use strict";
(() => {
  const { make, state } = dataforge;
  const dialog = document.getElementById("viewer");
  let image = -1;
  let stages = [];
  let parts = null;
  let opener = null;

  function button(label, path, action, key) {
    const title = key ? `${label} (${key})` : label;
    return make("button", { type: "button", class: "icon", "aria-label": label, title, onclick: action }, dataforge.icon(path));
  }

  const WHOLE = [0.5, 0.5, 1];
  function move(view) {
    stages.forEach((stage) => stage.place(view));
    dataforge.set({ view: view.every((one, at) => one === WHOLE[at]) ? null : view }, { silent: true });
  }
  function step(by) {
    if (dataforge.there.name[image + by] === undefined) return;
    dataforge.set({ image: image + by, view: null });
    show(image + by);
  }
  const zoom = (factor) => stages[0].zoom(factor);
  const label = () => {
    dataforge.set({ labels: parts.labels.checked });
    stages.forEach((stage) => stage.draw());
  };

  function build() {
    parts = {
      name: make("h2", { dir: "auto" }), position: make("span", { class: "position" }),
      stages: make("div", { class: "stages", tabIndex: -1 }),
      labels: make("input", { type: "checkbox", checked: state.labels, onchange: label }),
    };
    dialog.append(
      make("header", { class: "bar" },
        button("Previous image", "M10 3L5 8l5 5", () => step(-1), "←"),
        button("Next image", "M6 3l5 5-5 5", () => step(1), "→"),
        parts.name, parts.position,
        make("label", { class: "check" }, parts.labels, " Labels"),
        button("Zoom out", "M3 8h10", () => zoom(1 / 1.5), "−"),
        button("Zoom in", "M3 8h10M8 3v10", () => zoom(1.5), "+"),
        button("Fit the window", "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3", () => move(WHOLE), "0"),
        button("Close", "M3.5 3.5l9 9m0-9l-9 9", () => dialog.close(), "Esc")),
      make("div", { class: "body" }, parts.stages));
    dialog.addEventListener("close", () => {
      stages.forEach((stage) => stage.close());
      stages = [];
      if (state.image !== null) dataforge.set({ image: null, view: null });
      opener?.focus();
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const actions = {
        ArrowLeft: () => step(-1), ArrowRight: () => step(1), "+": () => zoom(1.5), "=": () => zoom(1.5),
        "-": () => zoom(1 / 1.5), 0: () => move(WHOLE),
        l: () => { parts.labels.checked = !parts.labels.checked; label(); },
      };
      if (!(event.key in actions)) return;
      event.preventDefault();
      actions[event.key]();
    });
  }

  function show(wanted) {
    image = wanted;
    stages.forEach((stage) => stage.close());
    const sides = [["There", dataforge.there], ["Found", dataforge.found]].filter(([, side]) => side);
    stages = sides.map(([, side]) => new dataforge.Stage(side, image, {
      moved: move,
      pointed: (stage, at) => stage.light(at),
      chosen: () => {},
    }));
    if (dataforge.found) stages[1].only = dataforge.enough(image);
    parts.stages.replaceChildren(...stages.map((stage, at) => make("div", { class: "half" },
      make("p", { class: "head" }, make("bdi", {}, sides[at][0]),
        make("span", {}, at ? ` score from ${state.score.toFixed(2)}` : ` ${dataforge.plural(stage.side.objects[image].length, "object")}`)),
      stage.element)));
    const name = dataforge.text(dataforge.there.name[image]);
    parts.name.textContent = name;
    parts.name.title = name;
    parts.position.textContent = `${image + 1} / ${dataforge.there.name.length}`;
    stages.forEach((stage) => stage.place(state.view || WHOLE));
  }

  // Look at an image: as the address says, or all of it, or a part if its box is given.
  dataforge.open = (wanted, box = WHOLE) => {
    if (!parts) build();
    if (!dialog.open) {
      opener = document.activeElement;
      dialog.showModal();
    }
    if (box) dataforge.set({ image: wanted, view: null });
    parts.labels.checked = state.labels;
    show(wanted);
    if (box && box !== WHOLE) stages[0].frame(box);
    parts.stages.focus();
  };
  dataforge.close = () => dialog.open && dialog.close();
})();
