// What the dataset is: how it was read, its classes by split, and charts.
"use strict";
(() => {
  const { make } = dataforge;
  const home = document.getElementById("overview");
  const number = (value) => value.toLocaleString("en");

  function facts(side) {
    const objects = side.objects.reduce((sum, one) => sum + one, 0);
    const empty = side.objects.filter((one) => !one).length;
    const rows = [
      ["Dataset", side.path], ["Format", side.format],
      ["Images", number(side.name.length) + (empty ? `, ${number(empty)} without objects` : "")],
      ["Objects", number(objects)], ["Classes", number(side.classes.length)],
    ];
    return make("section", {},
      make("h2", {}, make("bdi", {}, dataforge.text(side.title))),
      make("dl", {}, ...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", { dir: "auto" }, dataforge.text(value))])),
      side.how.length ? make("ul", {}, ...side.how.map((one) => make("li", { class: "quiet", dir: "auto" }, dataforge.text(one)))) : null,
      classes(side));
  }

  function classes(side) {
    const splits = side.splits.length ? side.splits : ["all"];
    const objects = side.classes.map(() => splits.map(() => 0));
    const images = splits.map(() => 0);
    const having = side.classes.map(() => 0);
    side.counts.forEach((counts, image) => {
      const own = side.split[image].length ? side.split[image] : [0];
      own.forEach((split) => { images[split] += 1; });
      for (let at = 0; at < counts.length; at += 2) {
        having[counts[at]] += 1;
        own.forEach((split) => { objects[counts[at]][split] += counts[at + 1]; });
      }
    });
    const sums = objects.map((one) => one.reduce((sum, value) => sum + value, 0));
    const most = Math.max(1, ...sums);
    const cell = (value) => make("td", { class: value ? "" : "zero" }, number(value));
    const rows = side.classes.map((name, at) => {
      const bar = make("span", { class: "meter", "aria-hidden": "true" });
      bar.style.width = `${(100 * sums[at]) / most}%`;
      bar.style.background = dataforge.colour(side.toClass[at]);
      const only = () => dataforge.showOnly({ classes: new Set([side.toClass[at]]) });
      const shown = make("button", {
        type: "button", class: "link", dir: "auto",
        onclick: only,
      }, dataforge.short(name, 60));
      return make("tr", {}, make("th", { scope: "row" }, shown), make("td", { class: "bars", onclick: only }, bar),
        ...objects[at].map(cell), splits.length > 1 ? cell(sums[at]) : null, cell(having[at]));
    });
    const head = (text) => make("th", { scope: "col" }, dataforge.short(text, 24));
    return dataforge.scrolled("Classes", make("table", {},
      make("caption", { class: "hidden" }, "Objects of each class in each split"),
      make("thead", {}, make("tr", {}, head("Class"), make("td", { class: "bars" }), ...splits.map(head),
        splits.length > 1 ? head("objects") : null, head("images"))),
      make("tbody", {}, ...rows),
      make("tfoot", {}, make("tr", {}, make("th", { scope: "row" }, "Images"), make("td", { class: "bars" }),
        ...images.map(cell), splits.length > 1 ? make("td") : null, cell(side.name.length)))));
  }

  let made = false;
  dataforge.showOverview = () => {
    if (made) return;
    made = true;
    home.append(...dataforge.sides.map(facts), make("div", { id: "charts" }, ...dataforge.sides.map(dataforge.charts)));
  };
})();
