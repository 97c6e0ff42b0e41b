/* The gallery: filters, order, pages, similar texts, and rows as CSV. */
"use strict";
const PER_PAGE = 48;

report.views.gallery = {
  show(state) {
    const section = document.getElementById("gallery");
    if (!section.childElementCount) this.build(section);
    this.set(state);
    return this.list(state);
  },

  build(section) {
    const { make } = report;
    this.fields = {};
    const field = (name, label, control) => {
      this.fields[name] = control;
      control.id = `filter-${name}`;
      control.addEventListener(control.tagName === "SELECT" ? "change" : "input", () =>
        report.go(
          { [name]: control.value, page: "", open: "" },
          { replace: control.tagName !== "SELECT" },
        ),
      );
      return make("label", { for: control.id }, label, control);
    };
    const select = (name, label, options) =>
      field(
        name,
        label,
        make(
          "select",
          {},
          make("option", { value: "" }, "any"),
          options.map(([value, text]) => make("option", { value }, text)),
        ),
      );
    const same = (values) => values.map((value) => [value, value]);
    const ranges = [
      ["0-0", "none"],
      ["1-", "1 or more"],
      ["1-1", "1"],
      ["2-2", "2"],
      ["3-", "3 or more"],
    ];
    const amounts = [
      ["0-0", "none"],
      ["1-", "some"],
      ["1-3", "1 to 3 words"],
      ["4-8", "4 to 8 words"],
      ["9-", "9 words or more"],
    ];
    const order = select("sort", "Order", [
      ["views", "most views"],
      ["likes", "most likes"],
      ["words", "most words"],
      ["faces", "most faces"],
      ["bright", "brightest"],
      ["dark", "darkest"],
      ["unsure", "lowest word confidence"],
      ["textarea", "largest area of text"],
      ["facearea", "largest area of faces"],
      ["colourful", "most colourful"],
      ["sharp", "sharpest"],
      ["blurred", "least sharp"],
    ]);
    this.fields.sort.options[0].textContent = "input order";
    section.append(
      make("h2", { class: "hidden" }, "Gallery"),
      make(
        "div",
        { class: "filters", role: "search", "aria-label": "Filters" },
        field(
          "q",
          "Word",
          make("input", { type: "search", dir: "auto", placeholder: "in text, title or id" }),
        ),
        select("emotion", "Emotion", same(report.EMOTIONS)),
        select("faces", "Faces", ranges),
        select("text", "Text", amounts),
        select("language", "Language", []),
        select("script", "Script", []),
        select("colour", "Colour", same(report.COLOURS)),
        select("textarea", "Text covers", [
          ["0-9", "under 10 %"],
          ["10-29", "10 to 30 %"],
          ["30-", "30 % or more"],
        ]),
        select("vivid", "Colours are", [
          ["0-14", "weak"],
          ["15-44", "moderate"],
          ["45-", "strong"],
        ]),
        select("alike", "Look-alikes", [["any", "some"]]),
        select("changed", "Picture", [
          ["1-", "changed"],
          ["0-0", "as first seen"],
        ]),
        select("status", "Status", same(report.summary.statuses.map((s) => s.status))),
        select("category", "Category", []),
        select("channel", "Channel", []),
        select(
          "doubt",
          "Doubtful",
          report.doubts().map(([value, text]) => [value, text]),
        ),
        order,
        this.check("words", "Words"),
        this.check("faces", "Faces"),
      ),
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
        report.copyButton({ id: "copy" }),
        (this.csv = make(
          "button",
          { type: "button", id: "csv", onclick: () => this.download() },
          "Download rows as CSV",
        )),
      ),
      report.legend(),
      (this.empty = report.nothingFound(() => {
        this.clear();
        this.fields.q.focus();
      })),
      (this.cards = make("ul", { class: "cards", id: "cards" })),
      (this.pages = make("nav", { class: "pages", "aria-label": "Pages" })),
    );
  },

  clear() {
    report.go({
      ...Object.fromEntries(Object.keys(this.fields).map((name) => [name, ""])),
      near: "",
      page: "",
      open: "",
    });
  },

  /** The thumbnails that are shown, in order. */
  order() {
    return this.found ?? [];
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
    if (report.isWhole && !this.isCounted) this.count();
    for (const [name, control] of Object.entries(this.fields)) {
      const value = state[name] ?? "";
      if (
        control.tagName === "SELECT" &&
        ![...control.options].some((option) => option.value === value)
      )
        control.append(report.make("option", { value }, this.label(name, value)));
      if (control.value !== value) control.value = value;
    }
    for (const kind of ["words", "faces"]) {
      this[`show_${kind}`].checked = !state[`hide_${kind}`];
      document.body.classList.toggle(`no-${kind}`, Boolean(state[`hide_${kind}`]));
    }
  },

  label(name, value) {
    const names = { language: report.language, category: report.category };
    return report.isolated((names[name]?.(value) ?? value).slice(0, 60));
  },

  /** Say in the options of filters how many thumbnails have them, once all are loaded. */
  count() {
    for (const name of ["category", "channel", "language", "script"]) this.offer(name);
    this.fields.changed.parentElement.hidden = !report.items.changed?.some((n) => n > 0);
    this.fields.alike.parentElement.hidden = !report.items.group?.some((id) => id !== null);
    this.fields.textarea.parentElement.hidden = !report.items.textArea;
    this.fields.vivid.parentElement.hidden = !report.items.colourful;
    const options = [...this.fields.doubt.options];
    for (const [key, text, is] of report.doubts()) {
      let count = 0;
      for (let item = 0; item < report.n; item++) if (is(item)) count++;
      options.find((option) => option.value === key).textContent = `${text} (${count})`;
    }
    this.isCounted = true;
  },

  /** The distinct values of a column, the most frequent first; no filter without values. */
  offer(name) {
    const control = this.fields[name];
    const counts = new Map();
    for (const value of report.items[name] ?? [])
      if (value !== null && value !== "") counts.set(value, (counts.get(value) ?? 0) + 1);
    const most = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 1000);
    control.replaceChildren(
      control.options[0],
      ...most.map(([value, count]) =>
        report.make("option", { value }, `${this.label(name, value)} (${count})`),
      ),
    );
    control.parentElement.hidden = most.length === 0;
  },

  /** Select by a state, unless the last state differs only in what is shown of the selection. */
  async find(state) {
    const { open, page, hide_words, hide_faces, ...wanted } = state;
    const key = JSON.stringify([wanted, report.n]);
    if (this.selected === key) return;
    const near = state.near ? report.textOf(state.near) : null;
    if (near !== null) this.status.textContent = "Comparing texts …";
    const nearness = near === null ? null : await report.nearness(near);
    if (this.request !== state) return;
    this.nearness = nearness;
    this.found = report.select(state, nearness);
    this.selected = key;
  },

  async list(state) {
    this.request = state;
    await this.find(state);
    if (this.request !== state) return;
    const { nearness } = this;
    const pages = Math.max(1, Math.ceil(this.found.length / PER_PAGE));
    const page = Math.min(pages, Math.max(1, Number.parseInt(state.page, 10) || 1));
    const shown = this.found.slice((page - 1) * PER_PAGE, page * PER_PAGE);
    const more = report.isWhole ? "" : " (still loading)";
    this.status.replaceChildren(
      `${report.number(this.found.length)} of ${report.number(report.summary.sizes.items)} thumbnails`,
      ...(nearness ? report.similarTo(state.near, this.found.length) : []),
      more,
    );
    this.empty.hidden = this.found.length > 0 || !report.isWhole;
    const key = JSON.stringify([shown, report.n, state.near]);
    const similarity = (item) => (nearness ? nearness[report.items.vector[item]] : null);
    if (this.key !== key)
      this.cards.replaceChildren(...shown.map((item) => report.card(item, similarity(item))));
    this.key = key;
    const go = (to, text) =>
      report.make(
        "button",
        {
          type: "button",
          disabled: to < 1 || to > pages,
          onclick: () => {
            report.go({ page: to });
            document.getElementById("gallery").scrollIntoView();
          },
        },
        text,
      );
    this.pages.replaceChildren(
      go(page - 1, "Previous"),
      report.make("span", {}, `Page ${page} of ${report.number(pages)}`),
      go(page + 1, "Next"),
    );
  },

  async download() {
    const { sizes, per_file: perFile } = report.summary;
    const wanted = new Set(this.found);
    const parts = ["\ufeff", await report.load("rows-header"), "\r\n"];
    this.csv.disabled = true;
    const files = Math.ceil(sizes.rows / perFile.rows);
    for (let number = 0; number < files; number++) {
      this.csv.textContent = `Collecting rows: ${Math.round((100 * number) / files)} %`;
      const { items, lines } = await report.load(`rows-${number}`);
      report.forget(`rows-${number}`);
      const taken = lines.filter((_, row) => wanted.has(items[row]));
      if (taken.length) parts.push(taken.join("\r\n"), "\r\n");
    }
    const address = URL.createObjectURL(new Blob(parts, { type: "text/csv" }));
    report.make("a", { href: address, download: "thumbnails.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    this.csv.disabled = false;
    this.csv.textContent = "Download rows as CSV";
  },
};
