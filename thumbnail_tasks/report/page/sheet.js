/* A sheet of the current selection, to be printed. */
"use strict";
/** More pictures than these are no sheet, and would take long to load. */
const MAX_PRINTED = 600;

report.views.sheet = {
  async show(state) {
    const section = document.getElementById("sheet");
    if (!report.isWhole) return;
    const { make } = report;
    const shown = report.selections.filtersOf(state);
    const order = report.orderOf(state);
    const key = JSON.stringify([shown, order]);
    if (this.key === key) return;
    this.key = key;
    const { found } = await report.find(state);
    const printed = found.slice(0, MAX_PRINTED);
    const { about } = report.summary;
    const attribute = report.fields.get(order.key);
    const count = `${report.number(found.length)} of ${report.number(report.n)} thumbnails`;
    const cut = printed.length < found.length ? `, of which these are the first ${MAX_PRINTED}` : "";
    section.replaceChildren(
      make(
        "div",
        { class: "bar" },
        make("button", { type: "button", class: "primary", id: "print", onclick: () => print() }, "Print"),
        make("a", { href: report.hash({ ...state, view: "gallery" }) }, "Back to the gallery"),
      ),
      make("h2", {}, report.views.compare.describeFilters(shown)),
      make("p", { class: "soft" }, `${count}${cut}. From `, make("bdi", {}, about.videos), "."),
      make(
        "ul",
        { class: "printed" },
        printed.map((item) => this.picture(item, attribute)),
      ),
    );
  },

  picture(item, attribute) {
    const { make, items } = report;
    const source = report.picture(item);
    const value = attribute?.kind === "number" ? attribute.values[item] : NaN;
    return make(
      "li",
      {},
      source
        ? make("img", { src: source, alt: report.describe(item), width: 240, height: 135 })
        : make("span", { class: "none" }, items.status[item] ?? "no picture"),
      make("p", { dir: "auto" }, report.named(item).slice(0, 120)),
      items.id[item] === null ? null : make("p", { class: "soft" }, items.id[item]),
      Number.isNaN(value) ? null : make("p", {}, `${attribute.label}: ${report.number(value)}`),
    );
  },
};
