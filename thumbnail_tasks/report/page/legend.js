/* What the boxes on pictures mean, shown where they are seen. */
"use strict";
report.BOXES = [
  ["word", "a word of the text"],
  ["word left-out", "a word read with too little confidence, so not in the text"],
  ["word unread", "a line in a script that is not read"],
  ["face", "a face"],
];

report.legend = () =>
  report.make(
    "ul",
    { class: "legend", "aria-label": "Boxes on the pictures" },
    report.BOXES.map(([kind, meaning]) =>
      report.make(
        "li",
        { class: kind === "face" ? "of-faces" : "of-words" },
        report.make(
          "svg",
          { viewBox: "0 0 28 16", width: 28, height: 16, "aria-hidden": "true" },
          report.make("rect", { class: kind, x: 2, y: 2, width: 24, height: 12 }),
        ),
        meaning,
      ),
    ),
  );
