/* The thumbnails selected by a state, in order, and the similarity of texts. */
"use strict";
/** Ranges as in the address: "0-0", "1-3", "9-". */
report.range = (value) => {
  const found = /^(\d+)-(\d*)$/.exec(value ?? "");
  return found ? [Number(found[1]), found[2] === "" ? Infinity : Number(found[2])] : null;
};

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

report.ORDERS = new Map([
  ["views", ["views", -1]],
  ["likes", ["likes", -1]],
  ["faces", ["faces", -1]],
  ["words", ["length", -1]],
  ["bright", ["value", -1]],
  ["dark", ["value", 1]],
  ["unsure", ["confidence", 1]],
  ["textarea", ["textArea", -1]],
  ["facearea", ["faceArea", -1]],
  ["colourful", ["colourful", -1]],
  ["sharp", ["sharp", -1]],
  ["blurred", ["sharp", 1]],
]);

/** Similar texts: at most this many, with at least this cosine. Of pairs of 900 titles of trending
 * videos, cut to four words, 0.5 % have it with the default encoder (median 0.1; 2026-11-29). */
report.SIMILAR = { most: 20, least: 0.4 };

/** The items selected by a state, in order; with similarities of texts, the most similar ones. */
report.select = (state, nearness = null) => {
  const { items } = report;
  const tests = [];
  const hasWords = report.searcher(state.q);
  if (hasWords) tests.push((i) => hasWords(items.search[i]));
  if (report.EMOTIONS.includes(state.emotion)) tests.push((i) => items[state.emotion][i] > 0);
  for (const [name, column] of [
    ["faces", "faces"],
    ["text", "length"],
    ["changed", "changed"],
    ["textarea", "textArea"],
    ["vivid", "colourful"],
  ]) {
    const range = report.range(state[name]);
    const values = items[column] ?? [];
    if (range)
      tests.push((i) => {
        const whole = Math.floor(values[i]);
        return values[i] != null && whole >= range[0] && whole <= range[1];
      });
  }
  if (state.colour) tests.push((i) => report.colour(i) === state.colour);
  for (const name of ["status", "category", "channel", "language", "script"]) {
    if (state[name]) tests.push((i) => items[name]?.[i] === state[name]);
  }
  if (state.alike === "any") tests.push((i) => items.group?.[i] != null);
  else if (state.alike) tests.push((i) => items.group?.[i] === state.alike);
  for (const [key, , is] of report.doubts()) if (state.doubt === key) tests.push(is);
  if (nearness)
    tests.push((i) => items.vector[i] !== null && nearness[items.vector[i]] >= report.SIMILAR.least);
  const found = [];
  for (let i = 0; i < report.n; i++) if (tests.every((test) => test(i))) found.push(i);
  if (nearness)
    return found
      .sort((a, b) => nearness[items.vector[b]] - nearness[items.vector[a]] || a - b)
      .slice(0, report.SIMILAR.most);
  const [column, sign] = report.ORDERS.get(state.sort) ?? [];
  if (!column) return found;
  const key = (i) => (items[column]?.[i] == null ? Infinity : sign * items[column][i]);
  return found.sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    return x === y ? a - b : x - y;
  });
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
