/* Categories and words of two selections: shares of thumbnails, and their differences. */
"use strict";
/** A table of shares; each row has a name, and how many of both selections have it. */
const sharesTable = (title, note, rows, a, b, label) => {
  const percent = (share) => `${report.number(100 * share, 1)} %`;
  const most = Math.max(
    ...rows.map(({ effect }) => Math.max(Math.abs(effect.low ?? 0), Math.abs(effect.high ?? 0), Math.abs(effect.difference))),
    0.01,
  );
  const cells = rows.map(({ name, counts, effect }) => [
    report.make("bdi", {}, name),
    percent(counts[0] / a.length),
    percent(counts[1] / b.length),
    `${report.number(100 * effect.difference, 1)}`,
    effect.low === null
      ? "too few"
      : `${report.number(100 * effect.low, 1)} to ${report.number(100 * effect.high, 1)}`,
    report.interval(effect.difference, effect, most),
  ]);
  const range = `${report.number(-100 * most, 0)} to ${report.number(100 * most, 0)}`;
  return report.panel(
    title,
    note,
    report.table([label, "share of A", "share of B", "difference", "95 % interval", range], cells, title),
  );
};

const NEWCOMBE =
  "Shares of thumbnails, and their difference in percentage points, with 95 % intervals of Newcombe (1998, method 10).";

/** For each category that this report has, a table of its values. */
report.comparedCategories = (a, b) => {
  const sides = [report.among(a), report.among(b)];
  return [...report.fields.values()]
    .filter((each) => each.kind === "category" && report.sidebar.isUseful(each))
    .map((attribute) => {
      const { values } = report.encode(attribute);
      const [ofA, ofB] = sides.map((isIn) => report.countValues(attribute, isIn));
      const rows = values.map((value, code) => ({
        name: report.nameOf(attribute, value),
        counts: [ofA.found[code], ofB.found[code]],
      }));
      if (ofA.nNone + ofB.nNone) rows.push({ name: attribute.none, counts: [ofA.nNone, ofB.nNone] });
      const shown = clearest(rows, a, b, N_VALUES);
      return sharesTable(attribute.label, NEWCOMBE, shown, a, b, attribute.label.toLowerCase());
    });
};

/** The rows with the clearest differences. */
const clearest = (rows, a, b, most) => {
  for (const row of rows)
    row.effect = report.shareDifference(row.counts[0], a.length, row.counts[1], b.length);
  rows.sort(
    (x, y) =>
      report.distanceFromZero(y.effect) - report.distanceFromZero(x.effect) ||
      Math.abs(y.effect.difference) - Math.abs(x.effect.difference),
  );
  return rows.slice(0, most);
};

const WORD =
  /[\p{L}\p{N}_](?:[\p{L}\p{N}\p{M}_\u200c\u200d'’]|(?<=[א-ת])["”״](?=[א-ת](?![א-ת])))*/gu;

/** The distinct words of a text, in lower case, as the overview counts them. */
report.wordsOf = (text) => new Set((text ?? "").toLowerCase().match(WORD) ?? []);

/** A table of the words whose shares differ most clearly. */
report.comparedWords = (a, b) => {
  const counts = new Map();
  [a, b].forEach((items, side) => {
    for (const item of items)
      for (const word of report.wordsOf(report.items.text[item])) {
        if (!counts.has(word)) counts.set(word, [0, 0]);
        counts.get(word)[side] += 1;
      }
  });
  const rows = [...counts].map(([name, each]) => ({ name, counts: each }));
  return sharesTable(
    "Words",
    `${NEWCOMBE} Of all words, the ${N_WORDS} with the clearest differences; so some of them differ by chance.`,
    clearest(rows, a, b, N_WORDS),
    a,
    b,
    "word",
  );
};
