// The numbers: averages, classes, curves, confusion, kinds of mistakes, the loss of a training.
"use strict";
(() => {
  const { make, figure, state } = dataforge;
  const MOST_CURVES = 10;
  const MOST_CELLS = 24;
  const number = (value) => value.toLocaleString("en");

  function tile(name, value, about) {
    return make("div", { class: "score", title: about }, make("dt", {}, name), make("dd", {}, value));
  }

  dataforge.averages = (evaluation) => {
    const { scores } = evaluation;
    return make("dl", { class: "scores" },
      tile("AP", figure(scores.ap), "Mean of AP at IoU 0.5, 0.55 … 0.95, over the classes"),
      tile("AP50", figure(scores.ap50), "At IoU 0.5"),
      tile("AP75", figure(scores.ap75), "At IoU 0.75"),
      tile("AP small", figure(scores.ap_small), "Of objects under 32 × 32 pixels"),
      tile("AP medium", figure(scores.ap_medium), "Of objects under 96 × 96 pixels"),
      tile("AP large", figure(scores.ap_large), "Of objects from 96 × 96 pixels"),
      tile("Recall", figure(scores.ar), "Mean over the IoUs, at most 100 detections an image"));
  };

  dataforge.classTable = (evaluation) => {
    const head = ["Class", "AP50", "", "AP", "AP75", "small", "medium", "large", "objects", "found", "best F1 at", "precision", "recall"];
    const cell = (value, kind = "") => make("td", { class: kind || (value === "–" ? "zero" : "") }, value);
    const rows = evaluation.classes.map((one, at) => {
      const bar = make("span", { class: "meter", "aria-hidden": "true" });
      bar.style.width = `${100 * (one.scores.ap50 || 0)}%`;
      bar.style.background = dataforge.ink(at);
      const { scores } = one;
      return make("tr", {},
        make("th", { scope: "row", dir: "auto", title: dataforge.text(one.name) }, dataforge.short(one.name, 40)),
        cell(figure(scores.ap50), "main"), make("td", { class: "bars" }, bar), cell(figure(scores.ap)), cell(figure(scores.ap75)),
        cell(figure(scores.ap_small)), cell(figure(scores.ap_medium)), cell(figure(scores.ap_large)),
        cell(number(one.objects)), cell(number(one.detections)),
        cell(figure(one.best_score, 2)), cell(figure(one.precision, 2)), cell(figure(one.recall, 2)));
    });
    return dataforge.scrolled("Classes", make("table", {},
      make("caption", { class: "hidden" }, "Averages of each class"),
      make("thead", {}, make("tr", {}, ...head.map((name) => (name ? make("th", { scope: "col" }, name) : make("td", { class: "bars" }))))),
      make("tbody", {}, ...rows)));
  };

  dataforge.curves = (evaluation) => {
    const shown = evaluation.classes.map((one, at) => [one, at]).filter(([one]) => one.curve50.length);
    const most = [...shown].sort((a, b) => b[0].objects - a[0].objects).slice(0, MOST_CURVES).map(([, at]) => at);
    const visible = new Set(most);
    let key = "curve50";
    const draw = () => {
      const iou = key === "curve50" ? "0.5" : "0.75";
      const tenths = [0, 0.2, 0.4, 0.6, 0.8, 1];
      const chart = dataforge.chart({
        across: tenths, up: tenths, names: ["recall", "precision"],
        label: `Precision against recall at IoU ${iou}; the table has the averages`,
      });
      const line = (values, colour, kind) => chart.element.append(
        dataforge.polyline(values.map((value, at) => [chart.x(at / 100), chart.y(value)]), colour, kind));
      for (const [one, at] of shown) if (visible.has(at)) line(one[key], dataforge.ink(at));
      if (shown.length > 1) line(evaluation[key], "var(--text)", "line mean");
      return chart.element;
    };
    const home = dataforge.drawn(draw);
    const legend = make("div", { class: "legend" }, ...shown.map(([one, at]) => {
      const swatch = make("span", { class: "swatch" });
      swatch.style.background = dataforge.ink(at);
      const entry = make("button", {
        type: "button", "aria-pressed": String(visible.has(at)), dir: "auto", title: "Show or hide",
        onclick: () => {
          if (!visible.delete(at)) visible.add(at);
          entry.setAttribute("aria-pressed", String(visible.has(at)));
          home.draw();
        },
      }, swatch, dataforge.short(one.name, 30), make("span", { class: "number" }, figure(one.scores.ap50, 2)));
      return entry;
    }));
    if (shown.length > 1) legend.prepend(make("span", { class: "key" }, make("span", { class: "swatch ink" }), "mean"));
    const choice = make("div", { class: "switch", role: "group", "aria-label": "IoU" }, ...[["curve50", "IoU 0.5"], ["curve75", "IoU 0.75"]].map(([name, text]) => {
      const one = make("button", {
        type: "button", "aria-pressed": String(name === key),
        onclick: () => {
          key = name;
          for (const other of choice.children) other.setAttribute("aria-pressed", String(other === one));
          home.draw();
        },
      }, text);
      return one;
    }));
    return [choice, make("div", { class: "beside" }, home, legend)];
  };

  // A slider of a least score, with the number beside it.
  //   moved: is told what is set by hand; drawn: shows what is set, which `score` returns
  dataforge.slider = ({ id, min, max, step, label, moved, drawn, score, position = (value) => value, at = (value) => value }) => {
    const value = make("output", { htmlFor: id });
    const input = make("input", {
      type: "range", min, max, step, id, "aria-label": label,
      oninput: () => { moved(at(+input.value)); draw(); },
    });
    const draw = () => {
      value.textContent = score().toFixed(2);
      input.setAttribute("aria-valuetext", value.textContent);
      drawn();
    };
    const set = () => { input.value = position(score()); draw(); };
    dataforge.onAddress(set);
    set();
    return make("label", { class: "slider" }, "Score from ", input, value);
  };

  dataforge.confusion = () => {
    const home = make("div", {});
    const { confusions } = dataforge.data;
    const scores = confusions.map(([score]) => score);
    // The number of the highest score that is not above another.
    const position = (score) => Math.max(0, scores.findLastIndex((one) => one <= score));
    const slider = dataforge.slider({
      id: "confusion-score", min: 0, max: scores.length - 1, step: 1, label: "Least score of a detection",
      moved: (confused) => dataforge.set({ confused }, { silent: true }),
      drawn: () => home.replaceChildren(...matrix(confusions[position(state.confused)][1])),
      score: () => scores[position(state.confused)],
      position, at: (number) => scores[number],
    });
    return [make("p", { class: "keys" },
      make("span", { class: "key" }, make("span", { class: "swatch right" }), "right"),
      make("span", { class: "key" }, make("span", { class: "swatch wrong" }), "confused, invented or missed"), slider), home];
  };

  // The table of one score, from its cells that are not empty.
  function matrix(cells) {
    const last = dataforge.classes.length;
    const total = dataforge.data.evaluation.classes.map((one) => one.objects + one.detections);
    const classes = [...total.keys()].filter((at) => total[at]);
    const kept = new Set([...classes].sort((a, b) => total[b] - total[a]).slice(0, MOST_CELLS));
    const shown = [...classes.filter((at) => kept.has(at)), last];
    const [sums, counts] = [new Map(), new Map()];
    for (const [row, column, value] of cells) {
      sums.set(row, (sums.get(row) || 0) + value);
      counts.set(`${row} ${column}`, value);
    }
    const name = (at, other) => (at === last ? make("em", {}, other) : make("bdi", {}, dataforge.short(dataforge.classes[at], 22)));
    const full = (at, other) => (at === last ? other : dataforge.short(dataforge.classes[at], 80));
    const rows = shown.map((row) => {
      const sum = sums.get(row) || 0;
      return make("tr", {}, make("th", { scope: "row" }, name(row, "nothing there")), ...shown.map((column) => {
        const value = counts.get(`${row} ${column}`) || 0;
        if (row === last && column === last) return make("td", { class: "void" });
        const part = sum ? value / sum : 0;
        const cell = make("td", {
          class: value ? (row === column ? "right" : "wrong") : "zero",
          title: `${full(row, "nothing there")} found as ${full(column, "nothing: missed")}: ${number(value)} (${Math.round(100 * part)} % of the row)`,
        }, make("span", {}, number(value)));
        cell.style.setProperty("--part", `${Math.round(8 + 72 * part)}%`);
        return cell;
      }));
    });
    const left = classes.length - kept.size;
    return [
      dataforge.scrolled("Confusion", make("table", { class: "confusion" },
        make("caption", { class: "hidden" }, "What is there, by row, and what was found, by column"),
        make("thead", {}, make("tr", {}, make("td", { class: "corner" }, "there ↓ found →"),
          ...shown.map((at) => make("th", { scope: "col" }, name(at, "missed"))))),
        make("tbody", {}, ...rows))),
      ...(left ? [make("p", { class: "quiet" }, `The ${MOST_CELLS} classes with the most objects and detections; ${dataforge.plural(left, "class")} more.`)] : []),
    ];
  }

  dataforge.kinds = (evaluation, choose) => {
    const most = Math.max(...Object.values(evaluation.kinds).map((one) => one.cost), 0.01);
    return make("div", { class: "kinds" }, ...dataforge.data.kinds.map(([kind, about]) => {
      const one = evaluation.kinds[kind];
      const bar = make("span", { class: "meter", "aria-hidden": "true" });
      bar.style.width = `${Math.max(0, 100 * one.cost / most)}%`;
      return make("button", { type: "button", onclick: () => choose(kind), disabled: !one.count },
        make("strong", {}, kind), make("span", { class: "about" }, about), make("span", { class: "track" }, bar),
        make("span", { class: "cost" }, dataforge.gain(one.cost, 3)), make("span", { class: "number" }, number(one.count)));
    }));
  };

  dataforge.losses = ({ losses, ap50, target }) => {
    const last = Math.max(losses.length, 2);
    const whole = dataforge.ticks(last);
    const across = [...whole.filter((one) => one < last), last].filter((one, at, all) => at === 0 || at === all.length - 1 || last - one > last / 12);
    const draw = () => {
      const chart = dataforge.chart({
        across, up: dataforge.ticks(Math.max(...losses, 0.1)), right: ap50.length ? [0, 0.2, 0.4, 0.6, 0.8, 1] : null,
        names: ["iteration", "loss", "AP50"], height: 280,
        label: `Loss of ${losses.length} iterations, from ${figure(losses[0], 2)} to ${figure(losses.at(-1), 2)}`,
      });
      chart.element.append(dataforge.polyline(losses.map((value, at) => [chart.x(at + 1), chart.y(value)]), "var(--accent)"));
      if (ap50.length) {
        const y = chart.right(target);
        chart.element.append(dataforge.svg("path", { d: `M${chart.area.left} ${y}H${chart.area.edge}`, class: "target" }));
        const points = ap50.map(([at, value]) => [chart.x(at), chart.right(value)]);
        chart.element.append(dataforge.polyline(points, "var(--error)"));
        for (const [x, y0] of points) chart.element.append(dataforge.svg("circle", { cx: x, cy: y0, r: 3.5, class: "point" }));
      }
      return chart.element;
    };
    const keys = [["accent", "loss of each iteration"]];
    if (ap50.length) keys.push(["error", "AP50 on these images"], ["dashed", `AP50 to reach: ${target}`]);
    return [dataforge.drawn(draw),
      make("p", { class: "keys" }, ...keys.map(([kind, text]) => make("span", { class: "key" }, make("span", { class: `swatch ${kind}` }), text)))];
  };
})();
