/* The gallery: the sidebar, the order, and the wall of the thumbnails that pass the filters. */
"use strict";
report.views.gallery = {
  show(state) {
    const section = document.getElementById("gallery");
    if (!section.childElementCount) this.build(section);
    this.set(state);
    return this.list(state);
  },

  build(section) {
    const { make } = report;
    const go = (changes, how) => report.go({ at: "", open: "", ...changes }, how);
    this.q = make("input", {
      type: "search",
      id: "filter-q",
      dir: "auto",
      placeholder: "in text, title or id",
      oninput: () => go({ q: this.q.value }, { replace: true }),
    });
    this.sort = make("select", { id: "filter-sort", onchange: () => go({ sort: this.sort.value, up: "" }) });
    this.up = make("button", { type: "button", id: "direction" });
    this.up.addEventListener("click", () => {
      const { key, isUp } = report.orderOf(report.state());
      go({ sort: key, up: isUp ? "" : "1" });
    });
    this.size = make(
      "select",
      { id: "size", onchange: () => report.go({ size: this.size.value }) },
      ["small", "medium", "large"].map((size) => make("option", { value: size }, size)),
    );
    const results = make(
      "div",
      { class: "results" },
      make(
        "div",
        { class: "filters", role: "search", "aria-label": "Search and order" },
        make(
          "button",
          { type: "button", id: "open-filters", onclick: () => report.sidebar.openSheet() },
          "Filters",
        ),
        make("label", { for: "filter-q" }, "Word", this.q),
        make("label", { for: "filter-sort" }, "Order", this.sort),
        this.up,
        make("label", { for: "size" }, "Size", this.size),
        this.check("words", "Words"),
        this.check("faces", "Faces"),
      ),
      (this.active = make("ul", { class: "active-filters", "aria-label": "Active filters" })),
      make(
        "div",
        { class: "bar" },
        (this.status = make("p", { role: "status", id: "count" })),
        make(
          "button",
          {
            type: "button",
            id: "clear",
            onclick: () => this.clear(),
          },
          "Clear filters",
        ),
        make(
          "button",
          {
            type: "button",
            id: "compare-these",
            onclick: () =>
              location.assign(
                report.hash({ view: "compare", a: report.selections.filtersOf(report.state()) }),
              ),
          },
          "Compare",
        ),
        report.copyButton({ id: "copy" }),
        report.exporting.build(),
      ),
      report.legend(),
      (this.empty = report.nothingFound(() => {
        this.clear();
        this.q.focus();
      })),
      (this.cards = make("ul", { class: "cards wall", id: "cards", "aria-label": "Thumbnails" })),
    );
    section.append(make("h2", { class: "hidden" }, "Gallery"), make("div", { class: "browse" }, results));
    this.wall = report.wall(this.cards);
    this.sort.append(make("option", { value: "" }, "as in the table"), ...report.attributeOptions());
    addEventListener("scroll", () => this.remember(), { passive: true });
  },

  clear() {
    const filters = Object.keys(report.filtersIn(report.state()));
    const none = Object.fromEntries([...filters, "sort", "up", "at", "open"].map((key) => [key, ""]));
    report.go(none);
  },

  /** The thumbnails that are shown, in order. */
  order() {
    return this.found ?? [];
  },

  focus(item) {
    this.wall.focus(item);
  },

  check(kind, label) {
    const box = report.make("input", { type: "checkbox", id: `show-${kind}` });
    box.addEventListener("change", () => report.go({ [`hide_${kind}`]: box.checked ? "" : "1" }));
    this[`show_${kind}`] = box;
    return report.make(
      "label",
      { class: "check", for: `show-${kind}` },
      box,
      `Mark ${label.toLowerCase()}`,
    );
  },

  set(state) {
    if (this.q.value !== (state.q ?? "")) this.q.value = state.q ?? "";
    const { key, isUp } = report.orderOf(state);
    const attribute = report.fields.get(key);
    this.sort.value = attribute ? key : "";
    this.up.hidden = !attribute;
    const ways = attribute?.kind === "number" ? ["Smallest first", "Largest first"] : ["Z to A", "A to Z"];
    this.up.textContent = isUp ? ways[0] : ways[1];
    this.size.value = state.size ?? "";
    if (!this.size.value) this.size.value = "medium";
    for (const kind of ["words", "faces"]) {
      this[`show_${kind}`].checked = !state[`hide_${kind}`];
      document.body.classList.toggle(`no-${kind}`, Boolean(state[`hide_${kind}`]));
    }
    const active = report.activeFilters(state);
    this.active.replaceChildren(...active);
    this.active.hidden = !active.length;
    document.getElementById("open-filters").textContent = active.length
      ? `Filters (${active.length})`
      : "Filters";
  },

  /** Select by a state, unless the last one differs only in what is shown of the selection. */
  async select(state) {
    const key = JSON.stringify([report.filtersIn(state), report.orderOf(state), report.n]);
    if (this.selected?.key === key) return this.selected;
    if (state.near) this.status.textContent = "Comparing texts …";
    return { key, ...(await report.find(state)) };
  },

  async list(state) {
    const request = (this.request = {});
    const selected = await this.select(state);
    if (request !== this.request) return;
    this.selected = selected;
    this.found = selected.found;
    const { nearness, found } = selected;
    this.status.replaceChildren(
      `${report.number(found.length)} of ${report.number(report.summary.sizes.items)} thumbnails`,
      ...(nearness ? report.similarTo(state.near, found.length) : []),
      report.isWhole ? "" : " (still loading)",
    );
    this.empty.hidden = found.length > 0 || !report.isWhole;
    const similarity = (item) => (nearness ? nearness[report.items.vector[item]] : null);
    this.wall.show(found, state.size, (item) => report.card(item, similarity(item)), state.near);
    report.sidebar.update(state, selected.match);
    report.exporting.update(state, found);
    this.restore(state);
  },

  /** Scroll to where the address says, and to the top when other thumbnails are shown. */
  restore(state) {
    const { key, isUp } = report.orderOf(state);
    const shown = JSON.stringify([report.filtersIn(state), key, isUp]);
    const isOther = this.shown !== undefined && this.shown !== shown;
    this.shown = shown;
    const item = state.at ? report.itemOf(state.at) : -1;
    if (item >= 0 ? this.at !== state.at : isOther) {
      this.at = item >= 0 ? state.at : "";
      this.wall.scrollTo(item);
    }
  },

  /** Keep in the address what is shown first, when scrolling ends. */
  remember() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const state = report.state();
      if (state.view !== "gallery" || !report.isWhole) return;
      const first = this.wall.first();
      const at = first === undefined ? "" : report.key(first);
      if (at === (state.at ?? "")) return;
      this.at = at;
      history.replaceState(null, "", report.hash({ ...state, at }));
    }, 250);
  },
};
