/* All attributes of a thumbnail: the first of its rows in attributes.csv, by subject. */
"use strict";
/** The cells of a line of CSV. */
report.cells = (line) => {
  const cell = /(?:"([^"]*(?:""[^"]*)*)"|([^,]*))(,|$)/y;
  const cells = [];
  let found;
  do {
    found = cell.exec(line);
    cells.push(found[1] === undefined ? found[2] : found[1].replaceAll('""', '"'));
  } while (found[3]);
  return cells;
};

/** The row of a thumbnail: cells by column, in order. Rows are loaded a file at a time. */
report.row = async (item) => {
  const { row } = await report.detail(item);
  const size = report.summary.per_file.rows;
  const name = `rows-${Math.floor(row / size)}`;
  if (report.rowsName && report.rowsName !== name) report.forget(report.rowsName);
  report.rowsName = name;
  const { lines } = await report.load(name);
  const cells = report.cells(lines[row % size]);
  const names = report.cells(await report.load("rows-header"));
  return new Map(names.map((each, i) => [each, cells[i]]));
};

/** Subjects, and the columns that belong to each; the first that fits counts. */
report.SUBJECTS = [
  [
    "Colours and edges",
    /^(gray|hue|saturation|value|brightness|color|dominant|edges|sharpness)/,
  ],
  ["Objects", /^(object|person)/],
  ["Text", /ocr|text|word|unread/],
  ["Faces", new RegExp(`face|^(${report.EMOTIONS.join("|")})_`)],
  ["Picture", /./],
];

report.subject = (name, columns) =>
  Object.hasOwn(columns, name)
    ? report.SUBJECTS.find(([, names]) => names.test(name))[0]
    : "Columns of the table";

/** A cell that is a list or an object; null if it is neither. */
report.structure = (cell) => {
  if (!/^[[{]/.test(cell)) return null;
  try {
    return JSON.parse(cell);
  } catch {
    return null;
  }
};

report.swatch = (hex) =>
  report.make(
    "svg",
    { class: "swatch", viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" },
    report.make("rect", { x: 0, y: 0, width: 16, height: 16, fill: hex }),
  );

report.isHex = (value) => /^#[0-9a-f]{6}$/i.test(value);

/** Colours with their shares, the largest first. */
report.colours = (colours) =>
  report.make(
    "ul",
    { class: "swatches" },
    colours
      .filter(({ hex }) => report.isHex(hex))
      .map(({ hex, share }) =>
        report.make("li", {}, report.swatch(hex), `${hex} ${report.share(share, 1)}`),
      ),
  );

/** A histogram as small bars, and its shares as text. */
report.shares = (shares) => {
  const most = Math.max(...shares, 1e-9);
  return report.make(
    "span",
    { class: "shares" },
    report.make(
      "svg",
      {
        viewBox: `0 0 ${shares.length * 8} 24`,
        width: shares.length * 8,
        height: 24,
        "aria-hidden": "true",
      },
      shares.map((share, i) => {
        const height = (24 * share) / most;
        return report.make("rect", { x: i * 8, y: 24 - height, width: 7, height });
      }),
    ),
    shares.map((share) => report.number(100 * share, 1)).join(", "),
    " %",
  );
};

/** A cell as it is shown: colours with their shares, histograms as bars, numbers rounded. */
report.shown = (cell, name) => {
  if (cell === "") return "–";
  const value = report.structure(cell);
  if (Array.isArray(value) && value.length) {
    if (value.every((each) => typeof each?.hex === "string")) return report.colours(value);
    if (/histogram/.test(name) && value.every((each) => typeof each === "number"))
      return report.shares(value);
  }
  if (report.isHex(cell)) return report.make("span", {}, report.swatch(cell), cell);
  if (/^-?\d+\.\d+(e-?\d+)?$/i.test(cell)) return report.number(Number(cell), 4);
  return cell.length > 1000 ? `${cell.slice(0, 1000)} …` : cell;
};

/** The cells of an attribute: its name and meaning, and its value with its unit. */
report.attribute = (name, cell, columns) => {
  const [meaning, unit] = Object.hasOwn(columns, name) ? columns[name] : ["", ""];
  const value = report.shown(cell, name);
  return [
    report.make(
      "span",
      {},
      report.make("code", {}, name),
      meaning ? report.make("small", {}, meaning) : null,
    ),
    unit && cell !== "" ? report.make("span", {}, value, ` ${unit}`) : value,
  ];
};

/** Tables of all attributes, one per subject; those of the table itself come last. */
report.attributes = (row, columns, opened) => {
  const subjects = new Map();
  for (const [name, cell] of row) {
    const subject = report.subject(name, columns);
    if (!subjects.has(subject)) subjects.set(subject, []);
    subjects.get(subject).push([name, cell]);
  }
  const own = "Columns of the table";
  const names = [...subjects.keys()].filter((name) => name !== own);
  return [...names.sort(), ...(subjects.has(own) ? [own] : [])].map((subject) => {
    const table = report.table(
      ["column", "value"],
      subjects.get(subject).map(([name, cell]) => report.attribute(name, cell, columns)),
      subject,
    );
    table.classList.add("pairs");
    const shown = report.make(
      "details",
      { open: opened.has(subject) },
      report.make("summary", {}, `${subject} (${subjects.get(subject).length})`),
      table,
    );
    shown.addEventListener("toggle", () => {
      if (shown.open) opened.add(subject);
      else opened.delete(subject);
    });
    return shown;
  });
};
