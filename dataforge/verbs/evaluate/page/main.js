// Puts the sections in their order; each is there if there is something to show.
"use strict";
(() => {
  const { make } = dataforge;
  const report = document.getElementById("report");

  function section(id, title, about, ...children) {
    const made = make("section", { id }, make("h2", {}, title),
      about ? make("p", { class: "quiet" }, dataforge.text(about)) : null, ...children.flat());
    report.append(made);
    const short = title.split(":")[0];
    document.getElementById("contents").append(make("button", {
      type: "button", onclick: () => made.scrollIntoView({ block: "start" }),
    }, short));
  }

  function evaluated(evaluation, own) {
    section("classes", "Classes", own, dataforge.classTable(evaluation));
    section("curves", "Curves", "How many detections are right (precision), the more objects are to be found (recall).", dataforge.curves(evaluation));
    const found = Object.values(evaluation.kinds).some((one) => one.count);
    section("kinds", "Kinds of mistakes", found ? "By how much AP50 would be higher without them (TIDE, arXiv 2008.08115); each leads to its pictures." : "There are none.",
      found ? dataforge.kinds(evaluation, dataforge.chooseKind) : []);
    if (evaluation.mistakes.length) {
      section("mistakes", "Costliest mistakes", "By how much AP50 would be higher without this one alone. Red: what was found. Amber: what is there.", dataforge.mistakes(evaluation));
    }
    section("confusion", "Confusion", "What is there, by row, and what was found, by column, at IoU 0.5.", dataforge.confusion());
  }

  dataforge.start = () => {
    const { data } = dataforge;
    const title = dataforge.short(data.title, 80);
    document.title = `${title} · dataforge ${data.verb}`;
    document.getElementById("title").textContent = title;
    document.getElementById("theme").addEventListener("click", () => window.switchTheme());
    const head = make("header", {});
    if (data.verdict) head.append(dataforge.verdict(data.verdict));
    if (data.evaluation) head.append(dataforge.averages(data.evaluation));
    if (data.facts.length) head.append(dataforge.facts(data.facts));
    if (data.notes.length) head.append(dataforge.list(data.notes, true));
    report.append(head);
    if (data.cannotSee.length) section("limits", "What this cannot see", "", dataforge.list(data.cannotSee));
    if (data.loss) section("loss", "Training", data.loss.about, dataforge.losses(data.loss));
    if (data.evaluation && !data.verdict) evaluated(data.evaluation, data.aboutClasses);
    if (dataforge.there.name.length) {
      section("pictures", dataforge.found ? "Images: there, and found" : "Images", data.pictures.about, dataforge.pairs());
    }
    if (data.evaluation && data.verdict) evaluated(data.evaluation, data.aboutClasses);
    if (data.counts.length) {
      section("counts", "Data", "Objects in the annotation files, and those that the framework trains on or evaluates against.", dataforge.counts(data.counts),
        data.dropped.length ? dataforge.list(data.dropped) : null);
    }
    if (data.findings.length) section("remarks", "Findings", "", dataforge.findings(data.findings));
    const look = () => (dataforge.state.image === null ? dataforge.close() : dataforge.open(dataforge.state.image, null));
    dataforge.onAddress(look);
    look();
    document.documentElement.dataset.ready = "true";
  };
})();
