/* Few classes of any attribute, in order and with colours: those of the points on the map. */
"use strict";
/** Classes of a number: as many values are in each, as far as equal ones allow. */
const N_CLASSES = 5;

/** Where the classes of some sorted numbers begin, after the first; few values are a class each. */
report.classCuts = (sorted) => {
  const distinct = [...new Set(sorted)];
  if (distinct.length <= N_CLASSES) return distinct.slice(1);
  // Many thumbnails have the smallest value, such as no face: a class of its own.
  const isTied = sorted[Math.floor(sorted.length / N_CLASSES)] === sorted[0];
  const rest = isTied ? sorted.filter((value) => value > sorted[0]) : sorted;
  const nClasses = isTied ? N_CLASSES - 1 : N_CLASSES;
  const cuts = isTied ? [rest[0]] : [];
  for (let k = 1; k < nClasses; k++) cuts.push(rest[Math.floor((k * rest.length) / nClasses)]);
  return [...new Set(cuts)].filter((cut) => cut > sorted[0]);
};

const classesOfNumber = ({ values }, items) => {
  const known = items.map((i) => values[i]).filter((value) => !Number.isNaN(value));
  const sorted = Float64Array.from(known).sort();
  const starts = sorted.length ? [sorted[0], ...report.classCuts(sorted)] : [];
  const names = starts.map((start, k) => {
    const end = starts[k + 1] ?? Infinity;
    const last = sorted[sorted.findLastIndex((value) => value < end)];
    return start === last ? report.number(start) : `${report.number(start)} to ${report.number(last)}`;
  });
  const step = (report.SEQUENCE.length - 1) / Math.max(starts.length - 1, 1);
  return {
    names: [...names, "unknown"],
    colours: [...starts.map((_, k) => report.SEQUENCE[Math.round(k * step)]), report.UNKNOWN],
    of: (i) => {
      if (Number.isNaN(values[i])) return starts.length;
      return starts.findLastIndex((start) => start <= values[i]);
    },
  };
};

/** The emotion of most faces; of several categories at a time, such as doubts, the first. */
const mainCode = (attribute, encoded, i) => {
  if (attribute.key !== "emotion") return report.firstValue(encoded, encoded.codes[i]);
  const { items } = report;
  const most = report.EMOTIONS.reduce((a, e) => (items[e][i] > (a ? items[a][i] : 0) ? e : a), null);
  return encoded.numbers.get(most) ?? -1;
};

const classesOfCategory = (attribute) => {
  const encoded = report.encode(attribute);
  const { values, counts } = encoded;
  const order = values.map((_, code) => code).sort((a, b) => counts[b] - counts[a] || a - b);
  const isColour = attribute.key === "colour";
  const most = order.slice(0, isColour ? values.length : report.PALETTE.length - 2);
  const place = new Map(most.map((code, at) => [code, at]));
  const colours = most.map((code, at) =>
    isColour ? report.NAMED_COLOURS[values[code]] : report.PALETTE[at],
  );
  return {
    names: [...most.map((code) => report.nameOf(attribute, values[code])), "others", attribute.none],
    colours: [...colours, ...(isColour ? [report.UNKNOWN, report.UNKNOWN] : report.PALETTE.slice(-2))],
    of: (i) => {
      const code = mainCode(attribute, encoded, i);
      return code < 0 ? most.length + 1 : (place.get(code) ?? most.length);
    },
  };
};

/** The classes of some items, by an attribute that is loaded: names and colours in order, and that of an item. */
report.classes = (attribute, items) =>
  attribute.kind === "number" ? classesOfNumber(attribute, items) : classesOfCategory(attribute);

/** The options of a choice between all attributes, in groups. */
report.attributeOptions = () => {
  const groups = new Map();
  for (const { group, key, label } of report.fields.values()) {
    if (!groups.has(group)) groups.set(group, report.make("optgroup", { label: group }));
    groups.get(group).append(report.make("option", { value: key }, label));
  }
  return [...groups.values()];
};
