/* The current selection, taken elsewhere: rows as CSV, a query for DuckDB, a printable sheet. */
"use strict";
report.exporting = {
  build() {
    const { make } = report;
    const csv = make(
      "button",
      { type: "button", id: "csv", onclick: () => report.downloadRows(this.found, csv) },
      "Download rows as CSV",
    );
    this.sheet = make("a", { id: "to-sheet", href: "#view=sheet" }, "Printable sheet");
    this.query = make("textarea", {
      id: "query",
      readonly: true,
      rows: 4,
      spellcheck: "false",
      "aria-label": "Query for DuckDB",
      onfocus: () => this.query.select(),
    });
    this.element = make(
      "details",
      { class: "export", id: "export" },
      make("summary", {}, "Export"),
      make(
        "div",
        {},
        csv,
        this.sheet,
        make("p", {}, "The same rows by DuckDB, in the folder of attributes.parquet:"),
        this.query,
        make("button", { type: "button", id: "copy-query", onclick: () => this.copy() }, "Copy query"),
      ),
    );
    this.element.addEventListener("toggle", () => this.update(this.state, this.found));
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.element.open = false;
      this.element.firstElementChild.focus();
    });
    document.addEventListener("click", (event) => {
      if (!this.element.contains(event.target)) this.element.open = false;
    });
    return this.element;
  },

  async update(state, found) {
    Object.assign(this, { state, found });
    if (!this.element.open) return;
    this.sheet.href = report.hash({ ...state, view: "sheet", at: "" });
    const query = await report.query(state, found);
    if (this.found === found) this.query.value = query;
  },

  async copy() {
    this.query.select();
    await report.copy(this.query.value);
    report.say("Query copied.");
  },
};

/** Download the input rows of some items, as in attributes.csv; the button says how far it is. */
report.downloadRows = async (found, button) => {
  const { sizes, per_file: perFile } = report.summary;
  const label = button.textContent;
  const wanted = new Set(found);
  const parts = ["\ufeff", await report.load("rows-header"), "\r\n"];
  button.disabled = true;
  const files = Math.ceil(sizes.rows / perFile.rows);
  for (let number = 0; number < files; number++) {
    button.textContent = `Collecting rows: ${Math.round((100 * number) / files)} %`;
    const { items, lines } = await report.load(`rows-${number}`);
    report.forget(`rows-${number}`);
    const taken = lines.filter((_, row) => wanted.has(items[row]));
    if (taken.length) parts.push(taken.join("\r\n"), "\r\n");
  }
  const address = URL.createObjectURL(new Blob(parts, { type: "text/csv" }));
  report.make("a", { href: address, download: "thumbnails.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  button.disabled = false;
  button.textContent = label;
};
