/* Selections with names: kept in this browser where it allows that, and always in the address. */
"use strict";
report.selections = {
  key: `selections ${location.pathname}`,

  /** Name to filters, as in an address: those of the address, and those that this browser keeps. */
  all() {
    this.kept ??= new Map(this.read());
    for (const each of report.valuesIn(report.state(), "saved")) {
      const cut = each.indexOf("|");
      if (cut > 0) this.kept.set(each.slice(0, cut), each.slice(cut + 1));
    }
    return this.kept;
  },

  read() {
    try {
      const read = JSON.parse(localStorage.getItem(this.key) ?? "[]");
      return Array.isArray(read) ? read.filter((pair) => pair?.length === 2).map((pair) => pair.map(String)) : [];
    } catch {
      return []; // a page opened from a file may have no storage
    }
  },

  change(change) {
    const all = this.all();
    change(all);
    let isKept = true;
    try {
      localStorage.setItem(this.key, JSON.stringify([...all]));
    } catch {
      isKept = false;
    }
    report.go({ saved: [...all].map(([name, filters]) => `${name}|${filters}`).join(report.SEPARATOR) });
    return isKept;
  },

  /** The filters of a state, as in an address. */
  filtersOf(state) {
    return report.hash(report.filtersIn(state)).slice(1);
  },

  save(name) {
    const filters = this.filtersOf(report.state());
    const isKept = this.change((all) => all.set(name, filters));
    report.say(
      isKept
        ? `Saved as ${name}.`
        : `Saved as ${name} in the address of this page: bookmark it. This browser keeps nothing for pages opened from a file.`,
    );
  },

  /** The place where selections are saved and chosen. */
  build() {
    const { make } = report;
    this.name = make("input", {
      id: "selection-name",
      placeholder: "Name of this selection",
      "aria-label": "Name of this selection",
      maxlength: 60,
      dir: "auto",
    });
    const form = make("form", { class: "save" }, this.name, make("button", { type: "submit", id: "save" }, "Save"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = this.name.value.trim();
      if (name) this.save(name);
      this.name.value = "";
    });
    this.list = make("ul", { class: "saved" });
    this.note = make("p", { class: "soft" });
    return make(
      "details",
      { class: "attribute", id: "selections", open: this.all().size > 0 },
      make("summary", {}, make("span", {}, "Saved selections")),
      form,
      this.list,
    );
  },

  update() {
    const { make } = report;
    this.list.replaceChildren(
      ...[...this.all()].map(([name, filters]) =>
        make(
          "li",
          {},
          make("a", { href: this.address(filters), dir: "auto" }, name),
          make(
            "button",
            {
              type: "button",
              class: "plain",
              "aria-label": `Remove the selection ${name}`,
              onclick: () => this.change((all) => all.delete(name)),
            },
            "Remove",
          ),
        ),
      ),
    );
  },

  /** The address of a selection in the gallery. */
  address(filters) {
    const { saved } = report.state();
    return report.hash({ view: "gallery", ...report.filtersIn(report.stateOf(filters)), saved });
  },
};
