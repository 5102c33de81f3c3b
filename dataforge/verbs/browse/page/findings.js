// All findings, by code; each as a crop of its image.
"use strict";
(() => {
  const { make, state } = dataforge;
  const home = document.getElementById("findings");
  const SEVERITY = ["error", "warning", "note"];
  const FIRST = 12;
  const MORE = 48;
  const cropped = dataforge.cropper(home);

  function crop(side, image, object, details) {
    if (!object) return cropped(side, image, null, details.o);
    return cropped(side, image, object[1], [object], details.o.filter((one) => one !== object));
  }

  function card(row, side, image, details, number) {
    const [, , message, , place, at] = details.f[number];
    let before = 0; // findings of the other dataset come first in the viewer
    for (const part of row.parts) {
      if (part[0] === side) break;
      before += part[2]?.f.length || 0;
    }
    const name = dataforge.short(side.name[image].split("/").pop(), 60);
    return make("button", {
      type: "button", class: "card", title: dataforge.short(`${place}: ${message}`, 400),
      onclick: () => dataforge.open(row, { finding: before + number }),
    }, crop(side, image, at >= 0 ? details.o[at] : null, details),
    make("span", { class: "name", dir: "auto" }, name),
    make("span", { class: "said", dir: "auto" }, dataforge.text(message)));
  }

  // The findings of a code, one after the other.
  async function* cards(code, rows) {
    for (const row of rows) {
      if (!row.codes.includes(code)) continue;
      for (const part of row.parts) {
        const [side, image] = part;
        let details;
        try {
          details = await side.details(image);
        } catch {
          continue;
        }
        part[2] = details;
        for (let number = 0; number < details.f.length; number++) {
          if (side.toCode[details.f[number][0]] === code) yield card(row, side, image, details, number);
        }
      }
    }
  }

  // Text with `code` in it, as the pages of the codes have it.
  const marked = (text) => text.split("`").map((part, at) => (at % 2 ? make("code", {}, part) : part));

  function ofCode(code, number, rows) {
    const images = rows.filter((row) => row.codes.includes(number)).length;
    const whole = dataforge.sides.flatMap((side) => side.findings
      .filter((one) => side.toCode[one[0]] === number).map((one) => [side, one]));
    const filtered = rows.length < dataforge.rows.length;
    if (filtered && !images) return null;
    const list = make("div", { class: "cards" });
    const more = make("button", { type: "button", class: "more" }, "Show more");
    const source = cards(number, rows);
    const add = async (count) => {
      more.hidden = true;
      for (let at = 0; at < count; at++) {
        const { value, done } = await source.next();
        if (done) return;
        list.append(value);
      }
      more.hidden = false;
    };
    more.addEventListener("click", () => add(MORE));
    const texts = (filtered ? [] : whole).slice(0, 100).map(([, [, , message, remedy, place]]) =>
      make("li", { dir: "auto" }, make("code", {}, dataforge.short(place, 160)), " ", dataforge.text(message),
        remedy ? make("em", {}, ` ${dataforge.text(remedy)}`) : null));
    if (whole.length > 100 && !filtered) texts.push(make("li", {}, `and ${whole.length - 100} more`));
    const section = make("section", { class: "code" },
      make("h2", {}, make("span", {}, dataforge.severityDot(code.severity), " ", ...marked(code.title)),
        make("code", {}, code.name), make("span", { class: "number" }, code.count.toLocaleString("en"))),
      make("p", { class: "quiet" }, ...marked(code.what)),
      texts.length ? make("ul", {}, ...texts) : null, list, more);
    section.start = () => { section.start = () => {}; if (images) add(FIRST); else more.hidden = true; };
    more.hidden = true;
    return section;
  }

  const starter = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) target.start();
  }, { root: home, rootMargin: "400px" });

  dataforge.countFindings = () => {
    const total = dataforge.codes.reduce((sum, code) => sum + code.count, 0);
    document.getElementById("number-of-findings").textContent = total ? total.toLocaleString("en") : "";
  };

  dataforge.showFindings = (rows) => {
    cropped.forget();
    starter.disconnect();
    const order = dataforge.codes.map((code, number) => [code, number])
      .filter(([, number]) => !state.codes.size || state.codes.has(number))
      .sort(([one], [other]) => one.severity - other.severity || other.count - one.count);
    const sections = order.map(([code, number]) => ofCode(code, number, rows)).filter(Boolean);
    home.replaceChildren(...(sections.length ? sections : [make("p", { class: "nothing" },
      dataforge.codes.length ? "No findings on these images." : "Nothing was found: this dataset is clean.")]));
    sections.forEach((section) => starter.observe(section));
  };
})();
