/* Shared by all views: data loaded as scripts, elements created without markup, the state. */
"use strict";
const report = {
  EMOTIONS: ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"],
  COLOURS: [
    "red",
    "orange",
    "yellow",
    "green",
    "cyan",
    "blue",
    "purple",
    "pink",
    "black",
    "grey",
    "white",
  ],
  views: {},
  items: {},
  n: 0,
  isWhole: false,
  _waiting: new Map(),
  _details: new Set(),
};

/* --- data ---------------------------------------------------------------------------------- */

report.take = (name, value) => {
  const waiting = report._waiting.get(name);
  if (waiting) waiting.resolve(value);
};

/** Load data/<name>.js once. A page opened from a file may load only scripts. */
report.load = (name) => {
  const known = report._waiting.get(name);
  if (known) return known.promise;
  const entry = {};
  entry.promise = new Promise((resolve, reject) => {
    entry.resolve = resolve;
    const script = document.createElement("script");
    script.src = `data/${name}.js`;
    script.onload = () => script.remove();
    script.onerror = () => {
      report._waiting.delete(name);
      script.remove();
      reject(new Error(`data/${name}.js: expected a file of this report; found none`));
    };
    document.head.append(script);
  });
  report._waiting.set(name, entry);
  return entry.promise;
};

report.forget = (name) => report._waiting.delete(name);

/** Load every thumbnail's row, a few thousand at a time; the first are shown meanwhile. */
report.loadItems = async (onFirst) => {
  const { sizes, per_file: perFile } = report.summary;
  const parts = Math.ceil(sizes.items / perFile.index);
  report.items.search = [];
  for (let part = 0; part < parts; part++) {
    const columns = await report.load(`index-${part}`);
    report.forget(`index-${part}`);
    for (const [name, values] of Object.entries(columns)) {
      const column = (report.items[name] ??= []);
      for (const value of values) column.push(value);
    }
    for (let i = 0; i < columns.id.length; i++) {
      const texts = [columns.text[i], columns.raw[i], columns.title[i], columns.id[i]];
      report.items.search.push(report.fold(texts.filter(Boolean).join("\n")));
    }
    report.n = report.items.id.length;
    if (part === 0) onFirst();
    await new Promise((resolve) => setTimeout(resolve));
  }
  report.isWhole = true;
};

const KEPT_DETAILS = 60;

/** The details of a thumbnail; those of the thumbnails last shown are kept. */
report.detail = async (item) => {
  const size = report.summary.per_file.details;
  const name = `details-${Math.floor(item / size)}`;
  report._details.delete(name);
  report._details.add(name);
  for (const other of report._details) {
    if (report._details.size <= KEPT_DETAILS) break;
    report._details.delete(other);
    report.forget(other);
  }
  return (await report.load(name))[item % size];
};

/** The key of a thumbnail in an address: its id, or the number of a row that names none. */
report.key = (item) => report.items.id[item] ?? `row ${item}`;

/** The thumbnail with this key; -1 if there is none (yet). */
report.itemOf = (key) => {
  const item = report.items.id.indexOf(key);
  const number = /^row (\d+)$/.exec(key)?.[1];
  return item < 0 && number && report.items.id[number] === null ? Number(number) : item;
};

report.bytes = (packed) => Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));

/* --- elements: input is always text, never markup --------------------------------------------- */

report.make = (tag, attributes = {}, ...children) => {
  const svg = ["svg", "rect", "path", "title"].includes(tag) && attributes.svg !== false;
  const element = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false || name === "svg") continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
};

report.link = (address, text) =>
  typeof address === "string" && address.startsWith("https://")
    ? report.make("a", { href: address, rel: "noopener noreferrer", target: "_blank" }, text)
    : null;

/** A text whose direction and order do not depend on what is beside it, where no <bdi> is allowed. */
report.isolated = (text) => `\u2068${text}\u2069`;

/** A table; texts begin at the side where their script begins, numbers end at the right. */
report.table = (head, rows, label) => {
  const isNumber = (cell) => typeof cell === "number" || cell === null;
  const kinds = head.map((_, i) => (rows.every((row) => isNumber(row[i])) ? null : "text"));
  return report.make(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    report.make(
      "table",
      {},
      report.make(
        "thead",
        {},
        report.make(
          "tr",
          {},
          head.map((h, i) => report.make("th", { scope: "col", class: kinds[i] }, h)),
        ),
      ),
      report.make(
        "tbody",
        {},
        rows.map((row) =>
          report.make(
            "tr",
            {},
            row.map((cell, i) =>
              report.make(
                i ? "td" : "th",
                {
                  scope: i ? null : "row",
                  class: kinds[i],
                  dir: isNumber(cell) ? null : "auto",
                },
                cell instanceof Node ? cell : report.number(cell),
              ),
            ),
          ),
        ),
      ),
    ),
  );
};

report.number = (value, digits = 3) => {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  return value.toLocaleString("en", {
    maximumFractionDigits: Number.isInteger(value) ? 0 : digits,
  });
};

/** The English name of a language (ISO 639-1). */
report.language = (code) => {
  if (!/^[a-z]{2,3}$/.test(code ?? "")) return code;
  report._languages ??= new Intl.DisplayNames(["en"], { type: "language" });
  return report._languages.of(code);
};

/** The name of a category, or the category itself without one. */
report.category = (id) =>
  Object.hasOwn(report.summary.categories, id ?? "") ? report.summary.categories[id] : id;

report.share = (part, whole) => (whole ? `${report.number((100 * part) / whole, 1)} %` : "–");

/** A name as the beginning of a sentence. */
report.sentence = (name) => name[0].toUpperCase() + name.slice(1);

report.say = (text) => {
  document.getElementById("status").textContent = text;
};

/* --- the state is in the address, so that it can be bookmarked and shared --------------------- */

/** Between the values of a name that an address repeats: `channel=A&channel=B`. */
report.SEPARATOR = "\u001f";

report.stateOf = (hash) => {
  const values = new Map();
  for (const [name, value] of new URLSearchParams(hash))
    values.set(name, values.has(name) ? values.get(name) + report.SEPARATOR + value : value);
  return Object.fromEntries(values);
};

report.state = () => report.stateOf(location.hash.slice(1));

report.hash = (state) => {
  const kept = Object.entries(state)
    .filter(([, value]) => value !== "" && value !== null && value !== undefined)
    .flatMap(([name, value]) =>
      String(value)
        .split(report.SEPARATOR)
        .map((each) => [name, each]),
    );
  return `#${new URLSearchParams(kept)}`;
};

report.go = (changes, { replace = false } = {}) => {
  const hash = report.hash({ ...report.state(), ...changes });
  if (hash === location.hash) return;
  if (replace) {
    history.replaceState(null, "", hash);
    report.show();
  } else location.hash = hash;
};

report.colour = (item) => {
  const { hue, saturation, value } = report.items;
  if (hue[item] === null) return null;
  if (saturation[item] < 40)
    return value[item] < 64 ? "black" : value[item] < 192 ? "grey" : "white";
  const ends = [8, 20, 34, 80, 100, 130, 150, 170];
  const index = ends.findIndex((end) => hue[item] < end);
  return index < 0 ? "red" : report.COLOURS[index];
};
