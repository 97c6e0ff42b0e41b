/* A histogram with two sliders: the control of a numeric attribute. */
"use strict";
/** The bin of each value of an attribute, 255 if it is unknown. */
report.binsOf = (attribute) => {
  if (attribute.bins) return attribute.bins;
  const { stops, values, is_stepped: isStepped } = attribute;
  const last = stops.length - (isStepped ? 1 : 2);
  attribute.bins = Uint8Array.from(values, (value) => {
    if (Number.isNaN(value)) return 255;
    let [low, high] = [0, stops.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (stops[middle] <= value) low = middle;
      else high = middle;
    }
    return Math.min(low, last);
  });
  return attribute.bins;
};

/** The number of items in each bin of an attribute, and of those without a value. */
report.countBins = (attribute, passes) => {
  const bins = report.binsOf(attribute);
  const counts = new Array(attribute.counts.length).fill(0);
  let nUnknown = 0;
  for (let i = 0; i < report.n; i++)
    if (passes(i)) {
      if (bins[i] === 255) nUnknown += 1;
      else counts[bins[i]] += 1;
    }
  return { counts, nUnknown };
};

/** Bars as the path of a picture 1 high, in which a bin is 1 wide. */
report.barsPath = (counts, most, isShown = () => true) =>
  counts
    .map((count, bin) => {
      if (!count || !isShown(bin)) return "";
      const height = Math.max(count / most, 0.02).toFixed(4);
      return `M${bin + 0.06} 1V${1 - height}H${bin + 0.94}V1Z`;
    })
    .join("");

/**
 * The control of a number.
 * @param change called with the new values for the address, and whether they replace the last ones
 */
report.rangeControl = (attribute, change) => {
  const { make } = report;
  const { stops, label, is_stepped: isStepped } = attribute;
  const last = stops.length - 1;
  const [inside, outside] = ["inside", "outside"].map((name) => make("path", { class: name }));
  const nBins = attribute.counts.length;
  const picture = make(
    "svg",
    { viewBox: `0 0 ${nBins} 1`, preserveAspectRatio: "none", "aria-hidden": "true" },
    outside,
    inside,
  );
  let isDragged = false;
  const slider = (end) =>
    make("input", {
      type: "range",
      min: 0,
      max: last,
      "aria-label": `${label}, ${end}`,
      oninput: () => slide(),
      onchange: () => (isDragged = false),
    });
  const sliders = [slider("from"), slider("to")];
  const exact = ["from", "to"].map((end) =>
    make("input", {
      type: "number",
      step: "any",
      "aria-label": `${label}, ${end}, exactly`,
      onchange: () => set(exact.map((input) => input.value)),
    }),
  );
  const unknown = make("input", { type: "checkbox", onchange: () => set() });
  const nUnknown = make("span", { class: "n" });

  /** Both ends as in the address; both empty if all values are within. */
  let ends = ["", ""];
  const set = (newEnds = ends, replace = false) => {
    ends = newEnds;
    const range = ends[0] === "" && ends[1] === "" ? [] : [ends.join("-")];
    change([...range, ...(unknown.checked ? [report.NONE] : [])], replace);
  };
  const slide = () => {
    const [from, to] = sliders.map((each) => Number(each.value)).sort((a, b) => a - b);
    const isAll = from === 0 && to === last;
    set(isAll ? ["", ""] : [String(stops[from]), String(stops[to])], isDragged);
    isDragged = true;
  };
  const nearest = (value) => {
    const found = stops.findLastIndex((stop) => stop <= value);
    return Math.max(found, 0);
  };
  const element = make(
    "div",
    { class: "range" },
    last === 0
      ? make("p", { class: "soft" }, `Always ${report.number(stops[0])}, where it is known.`)
      : [
          picture,
          make("div", { class: isStepped ? "sliders stepped" : "sliders" }, sliders),
          make("div", { class: "ends" }, exact[0], "to", exact[1]),
        ],
    attribute.n_unknown
      ? make("label", { class: "option" }, unknown, make("span", {}, "unknown"), nUnknown)
      : null,
  );
  if (isStepped) picture.parentElement?.style.setProperty("--bins", nBins);

  /** Show the values of the address, and the items that pass all other filters. */
  const update = (values, passes) => {
    const { counts, nUnknown: n } = attribute.values
      ? report.countBins(attribute, passes)
      : { counts: attribute.counts, nUnknown: attribute.n_unknown };
    const range = values.map(report.range).find(Boolean);
    const [low, high] = range ?? [-Infinity, Infinity];
    unknown.checked = values.includes(report.NONE);
    nUnknown.textContent = report.number(n);
    const isIn = (bin) => {
      if (!range && unknown.checked) return false;
      const [start, end] = [stops[bin], stops[bin + 1] ?? Infinity];
      if (isStepped) return start >= low && start <= high;
      return (start < high || start === low) && (end > low || end === stops[last]);
    };
    const most = Math.max(...counts, 1);
    inside.setAttribute("d", report.barsPath(counts, most, isIn));
    outside.setAttribute("d", report.barsPath(counts, most, (bin) => !isIn(bin)));
    ends = [low, high].map((end) => (Number.isFinite(end) ? String(end) : ""));
    exact.forEach((input, i) => {
      if (input !== document.activeElement && input.value !== ends[i]) input.value = ends[i];
      input.placeholder = report.number(stops[i ? last : 0]);
    });
    [low === -Infinity ? 0 : nearest(low), high === Infinity ? last : nearest(high)].forEach(
      (stop, i) => {
        if (!isDragged) sliders[i].value = stop;
        sliders[i].setAttribute("aria-valuetext", report.number(stops[sliders[i].value]));
      },
    );
  };
  return { element, update };
};
