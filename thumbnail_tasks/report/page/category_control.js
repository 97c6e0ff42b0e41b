/* Check boxes with counts: the control of a category. */
"use strict";
const FEW = 8;
const MOST = 200;

/** The number of items of each value of a category that pass, and of those without a value. */
report.countValues = (attribute, passes) => {
  const encoded = report.encode(attribute);
  const found = new Array(encoded.counts.length).fill(0);
  let nNone = 0;
  for (let i = 0; i < report.n; i++) {
    if (!passes(i)) continue;
    let code = encoded.codes[i];
    const first = report.firstValue(encoded, code);
    if (first < 0) nNone += 1;
    else if (!encoded.isMany) found[first] += 1;
    else for (; code; code &= code - 1) found[report.firstValue(encoded, code)] += 1;
  }
  return { found, nNone };
};

/**
 * The control of a category.
 * @param change called with the new values for the address
 */
report.categoryControl = (attribute, change) => {
  const { make } = report;
  let isLong = false;
  let shown = { values: [], passes: () => true };
  const list = make("ul", { class: "options" });
  const find = make("input", {
    type: "search",
    dir: "auto",
    "aria-label": `Find in ${attribute.label.toLowerCase()}`,
    placeholder: "Find",
    hidden: true,
    oninput: () => update(shown.values, shown.passes),
  });
  const more = make("button", {
    type: "button",
    class: "plain",
    hidden: true,
    onclick: () => {
      isLong = !isLong;
      update(shown.values, shown.passes);
    },
  });
  const element = make("div", { class: "categories" }, find, list, more);

  const option = (value, name, count, most, isChosen) => {
    const box = make("input", {
      type: "checkbox",
      value,
      onchange: () => {
        const others = shown.values.filter((each) => each !== value);
        change(box.checked ? [...others, value] : others);
      },
    });
    box.checked = isChosen;
    const label = make(
      "label",
      { class: "option" },
      box,
      make("bdi", {}, name),
      make("span", { class: "n" }, report.number(count)),
    );
    label.style.setProperty("--share", most ? count / most : 0);
    return make("li", { class: count || isChosen ? null : "unmatched" }, label);
  };

  /** Show the values of the address, and the items that pass all other filters. */
  const update = (values, passes) => {
    shown = { values, passes };
    const encoded = report.encode(attribute);
    const { found, nNone } = report.countValues(attribute, passes);
    const all = encoded.values.map((value, code) => [value, found[code], encoded.counts[code]]);
    all.sort((a, b) => b[2] - a[2] || (a[0] < b[0] ? -1 : 1));
    if (encoded.nNone) all.push([report.NONE, nNone, encoded.nNone]);
    for (const value of values)
      if (!all.some((each) => each[0] === value)) all.unshift([value, 0, 0]);
    const wanted = find.value.toLowerCase();
    const named = all
      .map(([value, count]) => [value, report.nameOf(attribute, value), count])
      .filter(([, name]) => name.toLowerCase().includes(wanted));
    const most = Math.max(...named.map(([, , count]) => count), 1);
    const isShown = ([value], place) => place < (isLong || wanted ? MOST : FEW) || values.includes(value);
    const focused = document.activeElement?.closest(".options") === list ? document.activeElement.value : null;
    list.replaceChildren(
      ...named
        .filter(isShown)
        .map(([value, name, count]) => option(value, name.slice(0, 200), count, most, values.includes(value))),
    );
    if (focused !== null)
      [...list.querySelectorAll("input")].find((box) => box.value === focused)?.focus();
    find.hidden = all.length <= FEW + 4;
    more.hidden = all.length <= FEW || Boolean(wanted);
    more.textContent = isLong ? "Show fewer" : `Show all ${report.number(Math.min(all.length, MOST))}`;
    element.classList.toggle("bare", !all.length);
  };
  return { element, update };
};
