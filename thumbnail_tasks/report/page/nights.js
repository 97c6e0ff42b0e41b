/* What is new, gone and changed since the export of an earlier night. */
"use strict";
report.CHANGES = new Map([
  ["new", "new thumbnail"],
  ["picture", "another picture"],
  ["text", "another text"],
  ["status", "another status"],
]);
const FIRST_CHANGED = 12;
const FIRST_TEXTS = 50;

/** Load what has changed, as a category that the sidebar filters by; only where there is an earlier night. */
report.loadNights = async () => {
  if (!report.summary.has_nights) return;
  report.nights = await report.load("nights");
  document.querySelector("nav a[data-view=nights]").hidden = false;
  const changes = new Map();
  for (const kind of report.CHANGES.keys())
    for (const item of report.nights[kind]) {
      if (!changes.has(item)) changes.set(item, []);
      changes.get(item).push(kind);
    }
  report.CATEGORIES.push([
    "since",
    `Since ${report.nights.date}`,
    "Nights",
    "nothing new",
    (i) => changes.get(i) ?? [],
  ]);
};

report.views.nights = {
  show() {
    const section = document.getElementById("nights");
    if (section.childElementCount || !report.isWhole) return;
    const { make } = report;
    if (!report.nights) {
      section.append(make("p", {}, "There is no export of an earlier night to compare with. Nightly makes dated ones."));
      return;
    }
    const { date, gone, n_gone: nGone } = report.nights;
    section.append(
      make("p", { class: "lead" }, `What is new, gone and changed since the export of ${date}.`),
    );
    for (const [kind, title] of report.CHANGES) {
      const items = report.nights[kind];
      const count = `${report.sentence(title)}: ${report.number(items.length)}`;
      const all = make("a", { href: report.hash({ view: "gallery", since: kind }) }, count);
      section.append(make("h2", {}, items.length ? all : count));
      if (kind === "text" && items.length) section.append(this.texts(items));
      else section.append(make("ul", { class: "cards" }, items.slice(0, FIRST_CHANGED).map((item) => report.card(item))));
    }
    const more = nGone > gone.length ? [make("li", {}, `and ${report.number(nGone - gone.length)} more`)] : [];
    section.append(
      make("h2", {}, `Gone: ${report.number(nGone)}`),
      make("ul", { class: "reasons" }, gone.map(this.gone), more),
    );
  },

  texts(items) {
    const { nights } = report;
    return report.make(
      "div",
      { class: "panel" },
      report.table(
        ["thumbnail", "before", "now"],
        items
          .slice(0, FIRST_TEXTS)
          .map((item) => [
            report.make("a", { href: report.hash({ view: "nights", open: report.key(item) }) }, report.key(item)),
            nights.texts[item].slice(0, 300),
            report.items.text[item].slice(0, 300),
          ]),
        "Texts before and now",
      ),
    );
  },

  gone([id, title]) {
    return report.make("li", {}, report.make("bdi", {}, id), title ? ": " : "", report.make("bdi", {}, title ?? ""));
  },
};
