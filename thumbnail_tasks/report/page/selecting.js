/* The thumbnails selected by a state, in order, and the similarity of texts. */
"use strict";
/** The parts of a state that select thumbnails. */
report.filtersIn = (state) => {
  const keys = ["q", "near", ...report.fields.keys()];
  return Object.fromEntries(keys.filter((key) => state[key]).map((key) => [key, state[key]]));
};

/** A test of an item for the values of an attribute in the address; null if they exclude nothing. */
report.test = (attribute, values) => {
  const withNone = values.includes(report.NONE);
  if (attribute.kind === "number") {
    const ranges = values.map(report.range).filter(Boolean);
    if (!ranges.length && !withNone) return null;
    const numbers = attribute.values;
    return (i) => {
      const value = numbers[i];
      if (Number.isNaN(value)) return withNone;
      return ranges.some(([low, high]) => value >= low && value <= high);
    };
  }
  if (attribute.key === "alike" && values[0] !== "any" && !withNone)
    return (i) => values.includes(report.items.group?.[i]);
  const { numbers, codes, isMany } = report.encode(attribute);
  const wanted = new Set(values.map((value) => numbers.get(value) ?? (value === report.NONE ? -1 : -2)));
  if (!isMany) return (i) => wanted.has(codes[i]);
  let bits = 0;
  for (const number of wanted) if (number >= 0) bits |= 1 << number;
  return (i) => (codes[i] & bits) !== 0 || (withNone && codes[i] === 0);
};

/** Load what a state filters and orders by. */
report.prepare = (state) => {
  const keys = [...Object.keys(state), report.orderOf(state).key];
  const numbers = keys.map((key) => report.fields.get(key)).filter((a) => a?.kind === "number");
  return Promise.all(numbers.map(report.loadValues));
};

/** The items that pass all filters but one: `failed` counts, for each, the filters that it fails. */
report.match = (state, nearness = null) => {
  const { items } = report;
  const filters = [];
  const hasWords = report.searcher(state.q);
  if (hasWords) filters.push(["q", (i) => hasWords(items.search[i])]);
  for (const [key, attribute] of report.fields) {
    const values = report.valuesIn(state, key);
    const test = values.length ? report.test(attribute, values) : null;
    if (test) filters.push([key, test]);
  }
  const { least } = report.SIMILAR;
  if (nearness)
    filters.push(["near", (i) => items.vector[i] !== null && nearness[items.vector[i]] >= least]);
  const failed = new Uint8Array(report.n);
  const last = new Uint8Array(report.n);
  filters.forEach(([, test], number) => {
    for (let i = 0; i < report.n; i++)
      if (!test(i)) {
        failed[i] += 1;
        last[i] = number;
      }
  });
  const keys = filters.map(([key]) => key);
  /** A test of whether an item passes all filters, or all but that of an attribute. */
  const passes = (but) => {
    const number = keys.indexOf(but);
    return (i) => failed[i] === 0 || (failed[i] === 1 && last[i] === number);
  };
  return { passes, isFiltered: filters.length > 0 };
};

/** A test of whether an item is among some. */
report.among = (items) => {
  const isIn = new Uint8Array(report.n);
  for (const item of items) isIn[item] = 1;
  return (i) => isIn[i] === 1;
};

/** Orders of earlier reports. */
const EARLIER = new Map([
  ["words", "text"],
  ["bright", "value_median"],
  ["dark", "value_median"],
  ["unsure", "lowest_word_confidence"],
]);

/** Similar texts: at most this many, with at least this cosine. Of pairs of 900 titles of trending
 * videos, cut to four words, 0.5 % have it with the default encoder (median 0.1; 2026-11-29). */
report.SIMILAR = { most: 20, least: 0.4 };

/** The attribute that a state orders by, and whether the smallest come first. */
report.orderOf = (state) => ({
  key: EARLIER.get(state.sort) ?? state.sort,
  isUp: Boolean(state.up) || ["dark", "unsure"].includes(state.sort),
});

/** All items in the order of a state; those without a value are last, and equal ones as in the table. */
report.sorted = (state) => {
  const { key, isUp } = report.orderOf(state);
  const attribute = report.fields.get(key);
  const name = `${attribute?.key} ${isUp} ${report.n}`;
  if (report.lastSorted?.name === name) return report.lastSorted.items;
  const items = Int32Array.from({ length: report.n }, (_, i) => i);
  if (attribute) {
    const ranks = report.ranks(attribute);
    const sign = isUp === (attribute.kind === "number") ? 1 : -1;
    const keys = Float64Array.from(items, (i) => (Number.isNaN(ranks[i]) ? Infinity : sign * ranks[i]));
    items.sort((a, b) => (keys[a] < keys[b] ? -1 : keys[a] > keys[b] ? 1 : a - b));
  }
  report.lastSorted = { name, items };
  return items;
};

/** The number that each item is ordered by: of a category, the place of its name; NaN if it has none. */
report.ranks = (attribute) => {
  if (attribute.kind === "number") return attribute.values;
  if (attribute.key === "alike") return report.rankGroups();
  const encoded = report.encode(attribute);
  const { values, codes } = encoded;
  const names = values.map((value) => report.nameOf(attribute, value));
  const sorted = names.map((_, number) => number).sort((a, b) => (names[a] < names[b] ? -1 : 1));
  const places = [];
  sorted.forEach((number, place) => (places[number] = place));
  return Float64Array.from(codes, (code) => places[report.firstValue(encoded, code)] ?? NaN);
};

/** Groups of look-alikes: the largest first, and the members of each beside each other. */
report.rankGroups = () => {
  const group = report.items.group ?? new Array(report.n).fill(null); // of an earlier export
  const sizes = new Map();
  for (const name of group) if (name !== null) sizes.set(name, (sizes.get(name) ?? 0) + 1);
  const places = new Map([...sizes].sort((a, b) => b[1] - a[1]).map(([name], place) => [name, place]));
  return Float64Array.from(group, (name) => places.get(name) ?? NaN);
};

/** The items selected by a state, in order; `report.prepare` must have loaded what it needs. */
report.select = (state, nearness = null, match = report.match(state, nearness)) => {
  const found = [...report.sorted(state).filter(match.passes())];
  if (!nearness) return found;
  const { vector } = report.items;
  return found
    .sort((a, b) => nearness[vector[b]] - nearness[vector[a]] || a - b)
    .slice(0, report.SIMILAR.most);
};

/** What a state selects: the items in order, and, if texts are compared, the similarity of each. */
report.find = async (state) => {
  const nearness = await report.nearnessOf(state.near);
  await report.prepare(state);
  const match = report.match(state, nearness);
  return { found: report.select(state, nearness, match), match, nearness };
};

/** The similarity of every text to that of a thumbnail, given by its key; null if it has none. */
report.nearnessOf = async (key) => {
  const text = key ? report.textOf(key) : null;
  return text === null ? null : report.nearness(text);
};

/** The cosine similarity of every text to one, from their 8-bit vectors. */
report.nearness = async (text) => {
  const { sizes, per_file: perFile } = report.summary;
  const part = async (number) => {
    const name = `vectors-${number}`;
    const loaded = await report.load(name);
    loaded.vectors ??= new Int8Array(report.bytes(loaded.bytes).buffer);
    delete loaded.bytes;
    return loaded;
  };
  const own = await part(Math.floor(text / perFile.vectors));
  const { width } = own;
  const start = (text % perFile.vectors) * width;
  const wanted = Float32Array.from(own.vectors.subarray(start, start + width));
  const length = Math.hypot(...wanted) || 1;
  for (let i = 0; i < width; i++) wanted[i] /= length;
  const cosines = new Float32Array(sizes.texts);
  for (let number = 0; number * perFile.vectors < sizes.texts; number++) {
    const { vectors } = await part(number);
    for (let row = 0; row * width < vectors.length; row++) {
      let [dot, square] = [0, 0];
      for (let i = 0, at = row * width; i < width; i++, at++) {
        dot += wanted[i] * vectors[at];
        square += vectors[at] * vectors[at];
      }
      cosines[number * perFile.vectors + row] = dot / Math.sqrt(square || 1);
    }
  }
  return cosines;
};
