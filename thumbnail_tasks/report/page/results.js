/* What is said above the thumbnails that were found, or instead of them. */
"use strict";
report.nothingFound = (clear) =>
  report.make(
    "div",
    { class: "empty", hidden: true },
    report.make("p", {}, "No thumbnail has all of what the filters ask for."),
    report.make("button", { type: "button", onclick: clear }, "Clear all filters"),
  );

/** After the number of thumbnails: to the text of which thumbnail their texts are similar. */
report.similarTo = (key, count) => {
  const item = report.itemOf(key);
  const { most, least } = report.SIMILAR;
  const limit = `with a similarity of at least ${least} (1 is equal)`;
  return [
    " with a text similar to “",
    report.make("bdi", { dir: report.direction(item) }, report.items.text[item].slice(0, 80)),
    count > 1
      ? `”, the most similar first: at most ${most}, ${limit}`
      : `”: there is no other ${limit}`,
  ];
};
