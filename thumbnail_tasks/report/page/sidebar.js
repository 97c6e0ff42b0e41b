/* The sidebar: each attribute with its distribution as the control; at phone width it is a sheet. */
"use strict";
const OPEN_FIRST = ["faces", "text", "emotion", "colour"];
const WIDE = matchMedia("(min-width: 900px)");

report.sidebar = {
  /** Build the sidebar in its container, once all items are loaded. */
  build() {
    const { make } = report;
    this.sections = new Map();
    this.find = make("input", {
      type: "search",
      id: "find-attribute",
      placeholder: "Find an attribute",
      "aria-label": "Find an attribute",
      oninput: () => this.showFound(),
    });
    this.element = make("aside", { id: "filters", "aria-label": "Filters" }, this.find);
    this.element.append(report.selections.build());
    const groups = new Map();
    for (const attribute of report.fields.values()) {
      if (attribute.kind === "category" && !this.isUseful(attribute)) continue;
      if (!groups.has(attribute.group)) {
        const group = make("div", { class: "group" }, make("h3", {}, attribute.group));
        groups.set(attribute.group, group);
        this.element.append(group);
      }
      groups.get(attribute.group).append(this.section(attribute));
    }
    this.sheet = make("dialog", { id: "filter-sheet", "aria-label": "Filters" });
    this.close = make(
      "button",
      { type: "button", class: "primary", onclick: () => this.sheet.close() },
      "Show thumbnails",
    );
    this.sheet.append(make("p", { class: "sheet-end" }, this.close));
    document.body.append(this.sheet);
  },

  isUseful(attribute) {
    const { values, nNone } = report.encode(attribute);
    return values.length > 1 || (values.length > 0 && nNone > 0);
  },

  section(attribute) {
    const { make } = report;
    const { key } = attribute;
    const change = (values, replace = false) =>
      report.go({ [key]: values.join(report.SEPARATOR), at: "", open: "" }, { replace });
    const makeControl = attribute.kind === "number" ? report.rangeControl : report.categoryControl;
    const control = makeControl(attribute, change);
    const chosen = make("span", { class: "chosen" });
    const clear = make(
      "button",
      { type: "button", class: "plain", onclick: () => change([]) },
      `Clear ${attribute.label.toLowerCase()}`,
    );
    const section = make(
      "details",
      { class: "attribute", "data-key": key, open: OPEN_FIRST.includes(key) },
      make("summary", {}, make("span", {}, attribute.label), chosen),
      attribute.about ? make("p", { class: "soft about" }, attribute.about) : null,
      control.element,
      clear,
    );
    section.addEventListener("toggle", () => this.refresh(key));
    this.sections.set(key, { attribute, control, chosen, clear, section });
    return section;
  },

  /** Show the filters of a state, and in open sections the items that pass all others. */
  update(state, match) {
    if (!this.element) {
      if (!report.isWhole) return;
      this.build();
      document.querySelector("#gallery .browse").prepend(this.element);
      WIDE.addEventListener("change", () => this.place());
      this.place();
      for (const [key, { section }] of this.sections) if (state[key]) section.open = true;
    }
    this.state = state;
    this.found = match;
    for (const key of this.sections.keys()) this.refresh(key);
    report.selections.update();
  },

  async refresh(key) {
    const { attribute, control, chosen, clear, section } = this.sections.get(key);
    const values = report.valuesIn(this.state ?? {}, key);
    chosen.textContent = values.length ? report.describeFilter(attribute, values) : "";
    clear.hidden = !values.length;
    section.classList.toggle("active", values.length > 0);
    if (!section.open || !this.found) return;
    if (attribute.kind === "number") {
      const isNew = !attribute.values;
      await report.loadValues(attribute);
      if (isNew) return void this.refresh(key);
    }
    control.update(values, this.found.passes(key));
  },

  showFound() {
    const wanted = this.find.value.toLowerCase();
    for (const { attribute, section } of this.sections.values()) {
      const text = `${attribute.label} ${attribute.column ?? ""} ${attribute.group}`.toLowerCase();
      section.hidden = !text.includes(wanted);
    }
    for (const group of this.element.querySelectorAll(".group"))
      group.hidden = !group.querySelector(".attribute:not([hidden])");
  },

  /** In the sheet of narrow screens, or beside the thumbnails. */
  place() {
    if (WIDE.matches) {
      if (this.sheet.open) this.sheet.close();
      document.querySelector("#gallery .browse").prepend(this.element);
    } else this.sheet.prepend(this.element);
  },

  openSheet() {
    if (this.sheet) this.sheet.showModal();
  },
};

/** What is filtered, as buttons that take each filter away. */
report.activeFilters = (state) => {
  const remove = (key) => report.go({ [key]: "", at: "", open: "" });
  const button = (key, text) =>
    report.make(
      "li",
      {},
      report.make(
        "button",
        { type: "button", "aria-label": `Remove the filter ${text}`, onclick: () => remove(key) },
        text,
        report.make("span", { "aria-hidden": "true" }, " ×"),
      ),
    );
  return [...report.fields.values()]
    .filter(({ key }) => state[key])
    .map((attribute) => {
      const values = report.valuesIn(state, attribute.key);
      return button(attribute.key, `${attribute.label}: ${report.describeFilter(attribute, values)}`);
    });
};
