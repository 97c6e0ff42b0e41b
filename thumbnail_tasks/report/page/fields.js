/* What thumbnails can be filtered, ordered and compared by: numbers, loaded when needed, and categories. */
"use strict";
/** In an address, the value of thumbnails that have none. */
report.NONE = "∅";
report.fields = new Map();

/** Doubts: their names, their columns, and which values are doubtful. */
report.DOUBTS = {
  low: ["a word of low confidence", "confidence", (value) => value !== null && value < 0.8],
  changed: ["text changed by correction", "raw", (value) => value !== null],
  faces: ["a face that is hard to judge", "doubtful", (value) => value > 0],
  unread: ["a line that was not read", "unread", (value) => value > 0],
};

/** The doubts that this export has columns for: key, name, and a test of an item. */
report.doubts = () =>
  Object.entries(report.DOUBTS)
    .filter(([, [, column]]) => report.items[column])
    .map(([key, [name, column, is]]) => [key, name, (item) => is(report.items[column][item])]);

/** The categories: key, name, group, name of a missing value, and the values of a thumbnail. */
report.CATEGORIES = [
  ["language", "Language", "Text", "unknown"],
  ["script", "Script", "Text", "unknown"],
  [
    "emotion",
    "Strongest emotions",
    "Faces",
    "no face",
    (i) => report.EMOTIONS.filter((emotion) => report.items[emotion][i] > 0),
  ],
  ["colour", "Colour", "Colours", "unknown", (i) => report.colour(i)],
  ["status", "Status", "Picture", "unknown"],
  [
    "alike",
    "Look-alikes",
    "Picture",
    "none",
    (i) => (report.items.group?.[i] == null ? null : "any"),
  ],
  ["category", "Category", "Video", "unknown"],
  ["channel", "Channel", "Video", "unknown"],
  [
    "doubt",
    "Doubtful",
    "Doubts",
    "nothing",
    (i) => report.doubts().flatMap(([key, , is]) => (is(i) ? [key] : [])),
  ],
];

/** Make the attributes of this report, in the order of the sidebar. */
report.describeFields = () => {
  const categories = report.CATEGORIES.map(([key, label, group, none, of]) => ({
    kind: "category",
    ...{ key, label, group, none },
    of: of ?? ((i) => (report.items[key]?.[i]?.trim() ? report.items[key][i] : null)),
  }));
  const numbers = report.summary.fields.map((each) => ({ kind: "number", ...each }));
  const groups = [...numbers, ...categories].map((each) => each.group);
  for (const group of new Set(groups))
    for (const each of [...categories, ...numbers])
      if (each.group === group) report.fields.set(each.key, each);
};

/** Load the values of a number: NaN if unknown. */
report.loadValues = async (attribute) => {
  if (!attribute.values) {
    const name = `column-${attribute.column}`;
    const { type, bytes } = await report.load(name);
    const types = { Float32Array, Float64Array };
    attribute.values = new types[type](report.bytes(bytes).buffer);
    report.forget(name);
  }
  return attribute.values;
};

/** The category of each thumbnail as a number, or the categories as bits: `values` has their names. */
report.encode = (attribute) => {
  if (attribute.encoded?.codes.length === report.n) return attribute.encoded;
  const numbers = new Map();
  const codes = new Int32Array(report.n);
  const counts = [];
  let isMany = false;
  let nNone = 0;
  const add = (value) => {
    if (!numbers.has(value)) numbers.set(value, numbers.size);
    const number = numbers.get(value);
    counts[number] = (counts[number] ?? 0) + 1;
    return number;
  };
  for (let i = 0; i < report.n; i++) {
    const found = attribute.of(i);
    if (Array.isArray(found)) {
      isMany = true;
      for (const value of found) codes[i] |= 1 << add(value);
      nNone += found.length === 0;
    } else if (found === null) {
      codes[i] = -1;
      nNone += 1;
    } else codes[i] = add(found);
  }
  attribute.encoded = { values: [...numbers.keys()], numbers, codes, counts, isMany, nNone };
  return attribute.encoded;
};

/** The first of the values that an item's code stands for; negative if it has none. */
report.firstValue = ({ isMany }, code) => {
  if (!isMany) return code;
  return code === 0 ? -1 : 31 - Math.clz32(code & -code);
};

/** What a category is called on the page. */
report.nameOf = (attribute, value) => {
  if (value === report.NONE) return attribute.none;
  if (attribute.key === "doubt") return report.DOUBTS[value]?.[0] ?? value;
  if (attribute.key === "language") return report.language(value);
  if (attribute.key === "category") return report.category(value);
  if (attribute.key === "since") return report.CHANGES.get(value) ?? value;
  if (attribute.key === "alike") return value === "any" ? "some" : `those of ${value}`;
  return value;
};

/** A range as in the address: "0-0", "1-", "-0.5-0.25", "-7"; null if it is none. */
report.range = (text) => {
  const number = String.raw`-?\d+(?:\.\d+)?(?:e[+-]?\d+)?`;
  const found = new RegExp(`^(${number})?-(${number})?$`).exec(text ?? "");
  if (!found || (found[1] === undefined && found[2] === undefined)) return null;
  return [Number(found[1] ?? -Infinity), Number(found[2] ?? Infinity)];
};

/** The values of an attribute in an address: `report.state` joins those that are given repeatedly. */
report.valuesIn = (state, key) => (state[key] ? state[key].split(report.SEPARATOR) : []);

/** A filter in words: "1 to 3 or unknown". */
report.describeFilter = (attribute, values) => {
  const parts = values.map((value) => {
    if (attribute.kind === "category") return report.isolated(report.nameOf(attribute, value).slice(0, 60));
    const range = report.range(value);
    if (!range) return value === report.NONE ? "unknown" : "all";
    const [low, high] = range.map((end) => report.number(end));
    if (range[0] === range[1]) return low;
    if (range[0] === -Infinity) return `up to ${high}`;
    return range[1] === Infinity ? `${low} or more` : `${low} to ${high}`;
  });
  return parts.join(" or ");
};
