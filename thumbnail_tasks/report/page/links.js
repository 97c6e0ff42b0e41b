/* What a link asks for that this report does not have, such as a thumbnail of an earlier night. */
"use strict";
/** For each part of a state that is no filter, what it is, and whether this report has such a value. */
report.PARTS = {
  view: ["a view", (value) => Object.hasOwn(report.views, value)],
  open: ["a thumbnail", (value) => report.itemOf(value) >= 0],
  near: ["a thumbnail with a text", (value) => report.textOf(value) !== null],
  sort: ["an order", (value) => report.fields.has(report.orderOf({ sort: value }).key)],
};

/** The other parts, of which any value is accepted. */
report.FREE_PARTS = new Set("q up at a b by size saved hide_words hide_faces".split(" "));

/** Whether this report has such a value of an attribute. */
report.hasValue = (attribute, value) => {
  if (value === report.NONE) return true;
  if (attribute.kind === "number") return report.range(value) !== null;
  if (attribute.key === "alike" && report.items.group?.includes(value)) return true;
  return report.encode(attribute).numbers.has(value);
};

/** The number of the text of the thumbnail with this key; null without one. */
report.textOf = (key) => report.items.vector[report.itemOf(key)] ?? null;

/** The parts of a state that this report does not have: name, what it is called, value. */
report.unknown = (state) => [
  ...Object.entries(report.PARTS)
    .filter(([name, [, isKnown]]) => state[name] && !isKnown(state[name]))
    .map(([name, [called]]) => [name, called, state[name]]),
  ...Object.keys(state)
    .filter((name) => !Object.hasOwn(report.PARTS, name) && !report.FREE_PARTS.has(name))
    .filter((name) => !report.fields.has(name))
    .map((name) => [name, "a filter", name]),
  ...[...report.fields.values()].flatMap((attribute) => {
    const lost = report
      .valuesIn(state, attribute.key)
      .filter((value) => !report.hasValue(attribute, value));
    const called = `a value of “${attribute.label}”`;
    return lost.length ? [[attribute.key, called, lost.join(", ")]] : [];
  }),
];

/** Say above the view what of the link was ignored, and offer to remove it. */
report.notice = (state) => {
  const notice = document.getElementById("notice");
  const unknown = report.isWhole ? report.unknown(state) : [];
  notice.hidden = !unknown.length;
  const key = JSON.stringify(unknown);
  if (notice.dataset.key === key) return;
  notice.dataset.key = key;
  notice.replaceChildren(
    ...unknown.map(([, called, value]) =>
      report.make(
        "p",
        {},
        `The link names ${called} that this report does not have: `,
        report.make("bdi", {}, value.slice(0, 200)),
        ".",
      ),
    ),
    report.make(
      "button",
      {
        type: "button",
        onclick: () => {
          report.go(Object.fromEntries(unknown.map(([name]) => [name, ""])));
          document.getElementById("main").focus();
        },
      },
      "Remove it from the link",
    ),
  );
};
