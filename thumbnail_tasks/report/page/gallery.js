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
            onclick: () =>
              report.go({
                ...Object.fromEntries(Object.keys(this.fields).map((name) => [name, ""])),
                near: "",
                page: "",
                open: "",
              }),
          },
          "Clear filters",
        ),
        make("button", { type: "button", id: "copy", onclick: () => this.copy() }, "Copy link"),
        (this.csv = make(
          "button",
          { type: "button", id: "csv", onclick: () => this.download() },
          "Download rows as CSV",
        )),
      ),
      (this.cards = make("ul", { class: "cards", id: "cards" })),
      (this.pages = make("nav", { class: "pages", "aria-label": "Pages" })),
    );
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
    return report.isolated((name === "language" ? report.language(value) : value).slice(0, 60));
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

  async list(state) {
    const request = (this.request = {});
    let nearness = null;
    const near = state.near ? report.items.id.indexOf(state.near) : -1;
    if (near >= 0 && report.items.vector[near] !== null) {
      this.status.textContent = "Comparing texts …";
      nearness = await report.nearness(report.items.vector[near]);
      if (request !== this.request) return;
    }
    this.found = report.select(state, nearness);
    const pages = Math.max(1, Math.ceil(this.found.length / PER_PAGE));
    const page = Math.min(pages, Math.max(1, Number.parseInt(state.page, 10) || 1));
    const shown = this.found.slice((page - 1) * PER_PAGE, page * PER_PAGE);
    const more = report.isWhole ? "" : " (still loading)";
    const text = nearness ? report.items.text[near].slice(0, 80) : "";
    const similar = nearness
      ? [", most similar to “", report.make("bdi", { dir: report.direction(near) }, text), "” first"]
      : [];
    this.status.replaceChildren(
      `${report.number(this.found.length)} of ${report.number(report.summary.sizes.items)} thumbnails`,
      ...similar,
      more,
    );
    const key = JSON.stringify([shown, report.n]);
    if (this.key !== key) this.cards.replaceChildren(...shown.map(report.card));
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

  async copy() {
    const text = location.href;
    try {
      await navigator.clipboard.writeText(text);
      report.say("Link copied.");
    } catch {
      report.say("Copy the link from the address bar.");
    }
    document.getElementById("copy").textContent = "Link is in the address bar";
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
