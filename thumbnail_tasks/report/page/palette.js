/* Colours of groups on the map. Any two of them, and each and the card behind it, differ by at least
 * 20 in CIELAB, in light and dark, also where points are faded; 2.3 is just noticeable.
 */
"use strict";
report.PALETTE = [
  "#56b4e9",
  "#ff7f0e",
  "#2ca02c",
  "#9467bd",
  "#ccbb44",
  "#cc3311",
  "#009988",
  "#fb9a99",
  "#ee3377",
];

/** Colours of a number's classes, from the smallest to the largest, and of points without one. */
report.SEQUENCE = ["#6a33e3", "#1c5fcd", "#089fbc", "#64d122", "#e38723"];
report.UNKNOWN = "#818073";

/** Opacity of points: of all, and of the others where some are marked. */
report.OPACITY = { all: 0.85, others: 0.5 };

/** Colours of groups that are colours of pictures. */
report.NAMED_COLOURS = {
  red: "#e23b3b",
  orange: "#e8892b",
  yellow: "#d9c000",
  green: "#3c9d47",
  cyan: "#1aa3a8",
  blue: "#3b6fe2",
  purple: "#8550d8",
  pink: "#e07ab8",
  black: "#333333",
  grey: "#8a8f96",
  white: "#dfe3e8",
};
