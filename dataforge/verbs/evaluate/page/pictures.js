// Mistakes as crops, and images with what is there beside what was found.
"use strict";
(() => {
  const { make, state } = dataforge;
  const FIRST = 24;
  const PAIRS = 12;
  const home = document.getElementById("report");
  const cropped = dataforge.cropper(home);
  let redrawMistakes = () => {};

  const union = (boxes) => [0, 1, 2, 3].map((side) => Math[side < 2 ? "min" : "max"](...boxes.map((box) => box[side])));

  // A side that draws a mistake: the object that is there dashed, what was found in full.
  function drawnAs(mistake) {
    const side = Object.create(dataforge.there);
    side.colour = (object) => (object.found ? dataforge.colours.wrong : dataforge.colours.missed);
    const objects = [];
    if (mistake.there_box) objects.push([0, mistake.there_box, mistake.box ? 2 : 0, null]);
    if (mistake.box) objects.push(Object.assign([0, mistake.box, 0, null], { found: true }));
    return [side, objects];
  }

  function card(mistake) {
    const at = dataforge.data.pictured.indexOf(mistake.image);
    const boxes = [mistake.box, mistake.there_box].filter(Boolean);
    const [side, objects] = drawnAs(mistake);
    const what = mistake.kind === "missed" ? make("bdi", {}, dataforge.short(mistake.there, 30)) : [
      make("bdi", {}, dataforge.short(mistake.found, 24)), ` ${mistake.score.toFixed(2)}`,
      mistake.there && mistake.kind !== "duplicate" && mistake.there !== mistake.found ? [" for ", make("bdi", {}, dataforge.short(mistake.there, 24))] : "",
    ].flat();
    const picture = at < 0 ? make("span", { class: "crop none" }, "not among the pictures")
      : cropped(side, at, union(boxes), objects);
    const details = [dataforge.gain(mistake.cost, 4), mistake.iou ? `IoU ${mistake.iou.toFixed(2)}` : null].filter(Boolean).join(" · ");
    return make("button", {
      type: "button", class: "card", disabled: at < 0, title: dataforge.short(mistake.name, 300),
      onclick: () => dataforge.open(at, union(boxes)),
    }, picture, make("span", { class: "name" }, what),
    make("span", { class: "said" }, make("span", { class: "kind" }, mistake.kind), ` ${details}`));
  }

  dataforge.mistakes = (evaluation) => {
    const cards = make("div", { class: "cards" });
    const more = make("button", { type: "button", class: "more", onclick: () => { limit += 48; draw(); } });
    const note = make("p", { class: "quiet" });
    let limit = FIRST;
    const present = dataforge.data.kinds.map(([kind]) => kind).filter((kind) => evaluation.kinds[kind].count);
    const chips = make("div", { class: "switch", role: "group", "aria-label": "Kind" }, ...["", ...present].map((kind) =>
      Object.assign(make("button", { type: "button", onclick: () => choose(kind) }, kind || "all"), { kind })));
    const draw = () => {
      const all = evaluation.mistakes.filter((one) => !state.kind || one.kind === state.kind);
      cropped.forget();
      cards.replaceChildren(...all.slice(0, limit).map(card));
      more.hidden = all.length <= limit;
      more.textContent = `Show ${Math.min(48, all.length - limit)} more`;
      const total = state.kind ? evaluation.kinds[state.kind].count : Object.values(evaluation.kinds).reduce((sum, one) => sum + one.count, 0);
      note.textContent = total > all.length ? `The ${all.length} costliest of ${total.toLocaleString("en")}${state.kind ? "" : ", up to 40 of each kind"}.` : "";
      for (const chip of chips.children) chip.setAttribute("aria-pressed", String(chip.kind === state.kind));
    };
    const choose = (kind) => { dataforge.set({ kind: present.includes(kind) ? kind : "" }); limit = FIRST; draw(); };
    redrawMistakes = choose;
    dataforge.onAddress(() => choose(state.kind));
    choose(state.kind);
    return [chips, note, cards, more];
  };

  dataforge.chooseKind = (kind) => {
    redrawMistakes(kind);
    document.getElementById("mistakes").scrollIntoView({ block: "start" });
  };

  // Pairs are drawn when they come into sight.
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      target.inSight = isIntersecting;
      if (isIntersecting) target.draw();
    }
  }, { root: home, rootMargin: "200px" });

  function pane(side, image, numbers) {
    const canvas = make("canvas", { "aria-hidden": "true" });
    const source = side.picture(image);
    const box = make("span", { class: "pane" }, source
      ? make("img", { src: source, alt: "", loading: "lazy", draggable: false })
      : make("span", { class: "missing" }, dataforge.text(side.fault[image] || "no picture")), canvas);
    box.style.aspectRatio = `${Math.max(side.width[image], 1)} / ${Math.max(side.height[image], 1)}`;
    box.draw = () => {
      const { clientWidth: width, clientHeight: height } = box;
      if (!width) return;
      const ratio = dataforge.fit(canvas, width, height);
      const scale = Math.min(width / Math.max(side.width[image], 1), height / Math.max(side.height[image], 1)) * ratio;
      const context = canvas.getContext("2d");
      context.setTransform(scale, 0, 0, scale, 0, 0);
      const only = numbers(image);
      side.objects[image].forEach((object, at) => {
        if (only && !only.has(at)) return;
        dataforge.paint(context, object, side.colour(object), { scale, fine: width < 500, mark: false });
      });
    };
    return box;
  }

  function pair(image) {
    const { there, found } = dataforge;
    const panes = [pane(there, image, () => null)];
    if (found) panes.push(pane(found, image, dataforge.enough));
    const caption = make("span", { class: "caption" });
    const made = make("button", {
      type: "button", class: `pair${found ? "" : " single"}`, title: dataforge.short(there.name[image], 300),
      "aria-label": `${dataforge.short(there.name[image], 200)}: look closer`, onclick: () => dataforge.open(image),
    }, make("span", { class: "panes" }, ...panes), caption);
    made.say = () => {
      const parts = [dataforge.plural(there.objects[image].length, "object")];
      if (found) {
        const enough = dataforge.enough(image);
        const wrong = [...enough].filter((at) => found.objects[image][at][5] < 0 && found.objects[image][at][6] !== "ignored").length;
        const missed = there.objects[image].filter((one) => !(one[2] & 1) && there.scores.get(one) < state.score).length;
        parts.push(`${missed} missed`, `${wrong} wrong`);
      }
      caption.replaceChildren(make("span", { class: "name", dir: "auto" }, dataforge.short(there.name[image], 60)),
        make("span", { class: "number" }, parts.join(" · ")));
    };
    made.draw = () => panes.forEach((one) => one.draw());
    made.say();
    watcher.observe(made);
    new ResizeObserver(() => made.inSight && made.draw()).observe(made);
    return made;
  }

  dataforge.pairs = () => {
    const count = dataforge.there.name.length;
    const list = make("div", { class: "pairs" });
    let shown = 0;
    const more = make("button", { type: "button", class: "more", onclick: () => add(PAIRS) });
    const add = (number) => {
      for (const end = Math.min(shown + number, count); shown < end; shown++) list.append(pair(shown));
      more.hidden = shown >= count;
      more.textContent = `Show ${Math.min(PAIRS, count - shown)} more of ${count - shown}`;
    };
    add(PAIRS);
    const { right, wrong, missed, ignored } = dataforge.colours;
    const key = (colour, text) => {
      const swatch = make("span", { class: "swatch" });
      swatch.style.background = colour;
      return make("span", { class: "key" }, swatch, text);
    };
    if (!dataforge.found) return [list, more];
    const [low, high] = dataforge.scoreRange();
    const slider = dataforge.slider({
      id: "score", min: low, max: high, step: (high - low) / 100, label: "Least score of a detection",
      moved: (score) => dataforge.set({ score }, { silent: true }),
      drawn: () => {
        for (const one of list.children) {
          one.say();
          if (one.inSight) one.draw();
        }
      },
      score: () => state.score,
    });
    return [make("p", { class: "keys" }, key(right, "found, and right"), key(missed, "missed"), key(wrong, "wrong"), key(ignored, "crowd: does not count"),
      slider), list, more];
  };
})();
