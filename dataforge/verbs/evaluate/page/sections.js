// Texts and tables of a report: verdict, facts, counts, findings.
"use strict";
(() => {
  const { make } = dataforge;
  const number = (value) => value.toLocaleString("en");
  const MARKS = { good: "M3 8.5l3.2 3.2L13 5", bad: "M4 4l8 8m0-8l-8 8", warn: "M8 3v6m0 3v.5" };

  dataforge.verdict = ({ word, tone, text, reasons }) =>
    make("div", { class: `verdict ${tone}` }, make("span", { class: "mark" }, dataforge.icon(MARKS[tone])),
      make("div", {}, make("p", { class: "word" }, word), make("p", { dir: "auto" }, dataforge.text(text)),
        reasons.length ? make("ul", {}, ...reasons.map((one) => make("li", { dir: "auto" }, dataforge.text(one)))) : null));

  dataforge.facts = (facts) => make("dl", {}, ...facts.flatMap(([name, value]) =>
    [make("dt", {}, name), make("dd", { dir: "auto" }, dataforge.text(value))]));

  dataforge.list = (items, quiet = false) =>
    make("ul", { class: quiet ? "quiet" : "" }, ...items.map((one) => make("li", { dir: "auto" }, dataforge.text(one))));

  // What each split has in the files, and what the framework makes of it.
  dataforge.counts = (splits) => dataforge.scrolled("Data", make("table", {},
    make("caption", { class: "hidden" }, "Objects of each class: annotated, and used"),
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Class"), ...splits.flatMap((one) => [
      make("th", { scope: "col" }, `${dataforge.short(one.split, 20)}: annotated`), make("th", { scope: "col" }, "used")]))),
    make("tbody", {}, ...dataforge.classes.map((name, at) => make("tr", {},
      make("th", { scope: "row", dir: "auto" }, dataforge.short(name, 40)),
      ...splits.flatMap((one) => [make("td", {}, number(one.marked[at])),
        make("td", { class: one.kept[at] < one.marked[at] ? "less" : "" }, number(one.kept[at]))])))),
    make("tfoot", {}, make("tr", {}, make("th", { scope: "row" }, "Images"),
      ...splits.flatMap((one) => [make("td", {}, number(one.images)), make("td", {}, number(one.images_kept))])))));

  dataforge.findings = (findings) => make("ul", { class: "found" }, ...findings.map(([severity, code, text]) =>
    make("li", {}, make("span", { class: `dot ${severity}`, role: "img", "aria-label": severity }),
      make("span", {}, make("strong", {}, code), " ", make("span", { dir: "auto" }, dataforge.text(text))))));
})();
