/* Two selections side by side: numbers, categories and words, with effect sizes. */
"use strict";
const OTHERS = "the others";
const N_WORDS = 30;
const N_VALUES = 15;

report.views.compare = {
  async show(state) {
    const section = document.getElementById("compare");
    if (!section.childElementCount) this.build(section);
    if (!report.isWhole) return;
    const sides = [state.a ?? "", state.b ?? OTHERS];
    this.offer(sides);
    const key = JSON.stringify(sides);
    if (this.key === key) return;
    this.key = key;
    this.status.textContent = "Comparing …";
    const numbers = [...report.fields.values()].filter((each) => each.kind === "number");
    await Promise.all(numbers.map(report.loadValues));
    const [a, b] = await this.select(sides);
    if (this.key !== key) return;
    this.describe(sides, a, b);
    this.results.replaceChildren();
    if (!a.length || !b.length) return;
    this.results.append(
      this.numbers(numbers, a, b),
      ...report.comparedCategories(a, b),
      report.comparedWords(a, b),
    );
  },

  build(section) {
    const { make } = report;
    const choose = (name, label) => {
      const select = make("select", { id: `compare-${name}` });
      select.addEventListener("change", () => report.go({ [name]: select.value }));
      this[name] = select;
      return make("label", { for: select.id }, label, select);
    };
    section.append(
      make("h2", { class: "hidden" }, "Compare"),
      make(
        "p",
        { class: "lead" },
        "Two selections side by side. Filter the gallery and choose “Compare”, or choose saved selections here.",
      ),
      make("div", { class: "filters" }, choose("a", "A"), choose("b", "B")),
      (this.status = make("div", { role: "status", id: "compared" })),
      (this.results = make("div", { class: "comparison" })),
    );
  },

  /** The selections that can be chosen: all, saved ones, and those that were compared before. */
  offer(sides) {
    this.compared ??= new Map();
    for (const side of sides)
      if (side !== OTHERS) this.compared.set(side, this.describeFilters(side));
    const saved = [...report.selections.all()].map(([name, filters]) => [filters, name]);
    ["a", "b"].forEach((name, i) => {
      const offered = new Map([
        ["", "all thumbnails"],
        ...(i ? [[OTHERS, OTHERS]] : []),
        ...this.compared,
        ...saved,
      ]);
      this[name].replaceChildren(
        ...[...offered].map(([value, text]) =>
          report.make("option", { value }, report.isolated(text.slice(0, 100))),
        ),
      );
      this[name].value = sides[i];
    });
  },

  describeFilters(filters) {
    const state = report.filtersIn(report.stateOf(filters));
    const words = Object.entries(state).map(([key, value]) => {
      const attribute = report.fields.get(key);
      if (!attribute) return `${key === "q" ? "word" : "similar to"}: ${value}`;
      return `${attribute.label}: ${report.describeFilter(attribute, report.valuesIn(state, key))}`;
    });
    return words.join("; ") || "all thumbnails";
  },

  async select(sides) {
    const found = [];
    for (const side of sides) {
      if (side === OTHERS) continue;
      const selected = await report.find(report.filtersIn(report.stateOf(side)));
      found.push(selected.found);
    }
    if (sides[1] !== OTHERS) return found;
    const isInFirst = report.among(found[0]);
    return [found[0], Int32Array.from({ length: report.n }, (_, i) => i).filter((i) => !isInFirst(i))];
  },

  describe(sides, a, b) {
    const isInA = report.among(a);
    const nBoth = b.reduce((count, item) => count + isInA(item), 0);
    const side = (name, filters, found) => {
      const text = filters === OTHERS ? "all others" : this.describeFilters(filters);
      const count = `${report.number(found.length)} thumbnails: `;
      const link =
        filters === OTHERS
          ? text
          : report.make("a", { href: report.selections.address(filters), dir: "auto" }, text);
      return report.make("li", {}, report.make("b", { class: `side-${name}` }, name.toUpperCase()), ` ${count}`, link);
    };
    const note = nBoth
      ? `${report.number(nBoth)} thumbnails are in both. The intervals are for separate selections, so they are only rough.`
      : "";
    this.status.replaceChildren(
      report.make("ul", { class: "sides" }, side("a", sides[0], a), side("b", sides[1], b)),
      note && report.make("p", { class: "warning" }, note),
    );
  },

  numbers(attributes, a, b) {
    const { make } = report;
    const sides = [report.among(a), report.among(b)];
    const compared = attributes
      .map((attribute) => {
        const [xs, ys] = [a, b].map((items) =>
          Float64Array.from(items, (i) => attribute.values[i]).filter((value) => !Number.isNaN(value)).sort(),
        );
        return xs.length && ys.length ? { attribute, xs, ys, effect: report.cliffsDelta(xs, ys) } : null;
      })
      .filter((each) => each && each.attribute.stops.length > 1)
      .sort((x, y) => report.distanceFromZero(y.effect) - report.distanceFromZero(x.effect));
    const rows = compared.map(({ attribute, xs, ys, effect }) => [
      make("span", { title: attribute.about }, attribute.label),
      report.twoHistograms(attribute, sides),
      report.median(xs),
      report.median(ys),
      effect.delta,
      report.intervalText(effect),
      report.interval(effect.delta, effect, 1),
    ]);
    return report.panel(
      "Numbers",
      "Cliff’s delta: the probability that a thumbnail of A has a larger value than one of B, minus the probability that it has a smaller one; -1 to 1, and 0 if there is no difference. 95 % intervals of Feng and Cliff (2004). The clearest differences are first; by chance, one interval in twenty leaves out 0. Thumbnails without a value are left out.",
      report.table(
        ["attribute", "A above, B below", "median A", "median B", "delta", "95 % interval", "-1 to 1"],
        rows,
        "Numbers of both selections",
      ),
    );
  },
};

report.panel = (title, note, ...content) =>
  report.make(
    "div",
    { class: "panel" },
    report.make("h3", {}, title),
    report.make("p", { class: "soft" }, note),
    ...content,
  );

report.intervalText = ({ low, high }) =>
  low === null ? "too few" : `${report.number(low, 2)} to ${report.number(high, 2)}`;

/** An interval as a line, with a mark at 0, from -most to most. */
report.interval = (value, { low, high }, most) => {
  const x = (number) => (50 + (50 * Math.min(Math.max(number, -most), most)) / most).toFixed(2);
  const isClear = low !== null && (low > 0 || high < 0);
  return report.make(
    "svg",
    { viewBox: "0 0 100 10", class: "interval", "aria-hidden": "true", preserveAspectRatio: "none" },
    report.make("path", { class: "zero", d: "M50 0V10" }),
    low === null ? null : report.make("path", { class: isClear ? "clear" : "unclear", d: `M${x(low)} 4H${x(high)}V6H${x(low)}Z` }),
    report.make("path", { class: isClear ? "clear" : "unclear", d: `M${x(value) - 0.8} 1H${Number(x(value)) + 0.8}V9H${x(value) - 0.8}Z` }),
  );
};

/** The shares of both selections in each bin of a number: A upwards, B downwards. */
report.twoHistograms = (attribute, sides) => {
  const shares = sides.map((isIn) => {
    const { counts } = report.countBins(attribute, isIn);
    const n = counts.reduce((sum, count) => sum + count, 0);
    return counts.map((count) => count / (n || 1));
  });
  const most = Math.max(...shares.flat(), 1e-9);
  const [up, down] = shares.map((each) => report.barsPath(each, most));
  return report.make(
    "svg",
    { viewBox: `0 0 ${attribute.counts.length} 2`, class: "two", "aria-hidden": "true", preserveAspectRatio: "none" },
    report.make("path", { class: "side-a", d: up }),
    report.make("path", { class: "side-b", d: down, transform: "matrix(1 0 0 -1 0 2)" }),
  );
};
