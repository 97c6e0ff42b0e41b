/* What a link asks for that this report does not have, such as a thumbnail of an earlier night. */
"use strict";
report.isRange = (value) => report.range(value) !== null;

report.has = (column, value) => report.items[column]?.includes(value) ?? false;

/** For each part of a state, what it is, and whether this report has such a value. */
report.PARTS = {
  view: ["a view", (value) => Object.hasOwn(report.views, value)],
  open: ["a thumbnail", (value) => report.itemOf(value) >= 0],
  near: ["a thumbnail with a text", (value) => report.textOf(value) !== null],
  emotion: ["an emotion", (value) => report.EMOTIONS.includes(value)],
  faces: ["a number of faces", report.isRange],
  text: ["a number of words", report.isRange],
  changed: ["a number of changes", report.isRange],
  textarea: ["an area of text", report.isRange],
  vivid: ["a colourfulness", report.isRange],
  colour: ["a colour", (value) => report.COLOURS.includes(value)],
  status: ["a status", (value) => report.has("status", value)],
  category: ["a category", (value) => report.has("category", value)],
  channel: ["a channel", (value) => report.has("channel", value)],
  language: ["a language", (value) => report.has("language", value)],
  script: ["a script", (value) => report.has("script", value)],
  alike: ["a group of look-alikes", (value) => value === "any" || report.has("group", value)],
  doubt: ["a kind of doubt", (value) => report.doubts().some(([key]) => key === value)],
  sort: ["an order", (value) => report.ORDERS.has(value)],
};

/** The number of the text of the thumbnail with this key; null without one. */
report.textOf = (key) => report.items.vector[report.itemOf(key)] ?? null;

/** The parts of a state that this report does not have: name, what it is called, value. */
report.unknown = (state) =>
  Object.entries(report.PARTS)
    .filter(([name, [, isKnown]]) => state[name] && !isKnown(state[name]))
    .map(([name, [called]]) => [name, called, state[name]]);

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
