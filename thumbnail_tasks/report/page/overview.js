/* The overview: a summary of these thumbnails. */
"use strict";
report.views.overview = {
  show() {
    const section = document.getElementById("overview");
    if (section.childElementCount) return;
    const s = report.summary;
    section.append(this.lead(s), this.tiles(s), report.make("h2", {}, "At a glance"));
    section.append(
      report.make(
        "div",
        { class: "grid" },
        this.words(s),
        this.faces(s),
        this.emotions(s),
        this.probabilities(s),
        this.hue(s),
        this.spread(
          "Brightness",
          "Median brightness (value) of each picture, 0 (black) to 255",
          s.brightness,
          (i) => `hsl(0 0% ${(i + 0.5) * 6.25}%)`,
        ),
        this.spread(
          "Saturation",
          "Median saturation of each picture, 0 (grey) to 255",
          s.saturation,
          (i) => `hsl(205 ${(i + 0.5) * 6.25}% 50%)`,
        ),
        s.n_ok < s.n_items ? this.statuses(s) : null,
        report.frequent(s),
      ),
    );
    section.append(...report.correlations(s));
    section.append(
      report.make("h2", {}, "Summary statistics"),
      report.make(
        "p",
        { class: "soft" },
        `Of the ${report.number(s.n_ok)} thumbnails with a picture, each counted once. An opened thumbnail explains each attribute.`,
      ),
      report.make(
        "div",
        { class: "panel" },
        report.table(
          ["attribute", "count", "mean", "std", "min", "25 %", "50 %", "75 %", "max"],
          s.describe,
          "Summary statistics",
        ),
      ),
    );
  },

  lead(s) {
    const strongest = s.emotions.reduce((a, b) => (b.count > a.count ? b : a));
    const faces = strongest.count ? ` The most frequent emotion is ${strongest.emotion}.` : "";
    const missing = s.n_items - s.n_ok;
    const misses = missing
      ? [
          " For ",
          report.make("a", { href: "#view=misses" }, `${report.number(missing)} there is no picture`),
          ".",
        ]
      : [" Every thumbnail has a picture."];
    return report.make(
      "p",
      { class: "lead" },
      `Of the ${report.number(s.n_ok)} thumbnails with a picture, ${report.share(s.n_with_text, s.n_ok)} have text and ${report.share(s.n_with_faces, s.n_ok)} show faces.${faces}`,
      ...misses,
    );
  },

  tiles(s) {
    const tile = (value, text, state, of = null) =>
      report.make(
        "li",
        {},
        report.make("b", {}, value),
        state ? report.make("a", { href: report.hash({ view: "gallery", ...state }) }, text) : text,
        of === null ? null : report.make("small", {}, of),
      );
    const share = (part, whole, text, state, unit) =>
      tile(
        report.share(part, whole),
        text,
        state,
        `${report.number(part)} of ${report.number(whole)} ${unit}`,
      );
    const withPicture = "with a picture";
    return report.make(
      "ul",
      { class: "tiles" },
      tile(report.number(s.n_rows), "rows of the table"),
      tile(report.number(s.n_thumbnails), "different thumbnails", {}, this.unnamed(s)),
      share(s.n_ok, s.n_thumbnails, withPicture, { status: "ok" }, "thumbnails"),
      share(s.n_with_text, s.n_ok, "with text", { text: "1-" }, withPicture),
      share(s.n_with_faces, s.n_ok, "with faces", { faces: "1-" }, withPicture),
      share(s.n_changed, s.n_ok, "with a corrected text", { doubt: "changed" }, withPicture),
    );
  },

  /** The rows that name no thumbnail, which the gallery lists beside the thumbnails. */
  unnamed(s) {
    const count = s.n_items - s.n_thumbnails;
    if (!count) return null;
    return `and ${report.number(count)} row${count > 1 ? "s" : ""} without one`;
  },

  words(s) {
    return this.counts(
      "Words per thumbnail",
      "Of the corrected text, with punctuation marks that stand alone or end a word (thumbnail_ocr_length)",
      s.words_per_thumbnail,
      "text",
    );
  },

  faces(s) {
    return this.counts("Faces per thumbnail", null, s.faces_per_thumbnail, "faces");
  },

  counts(title, note, all, filter) {
    const last = all.findLastIndex((count) => count > 0);
    const counts = all.slice(0, Math.max(last, 3) + 1);
    const labels = counts.map((_, i) => (i === all.length - 1 ? `${i}+` : `${i}`));
    const state = (i) => ({
      view: "gallery",
      [filter]: i === all.length - 1 ? `${i}-` : `${i}-${i}`,
    });
    return report.bars({
      title,
      note,
      labels,
      values: counts,
      head: [title.split(" ")[0].toLowerCase(), "thumbnails"],
      rows: labels.map((label, i) => [
        report.make("a", { href: report.hash(state(i)) }, label),
        counts[i],
      ]),
      onclick: (event) => report.go(state(event.dataIndex)),
    });
  },

  emotions(s) {
    const labels = s.emotions.map((e) => e.emotion);
    const state = (i) => ({ view: "gallery", emotion: labels[i] });
    return report.ranked({
      title: "Faces by strongest emotion",
      note: "As classified by a network, which is often wrong about a single face",
      labels,
      values: s.emotions.map((e) => e.count),
      series: "faces",
      head: ["emotion", "faces"],
      rows: s.emotions.map((e, i) => [
        report.make("a", { href: report.hash(state(i)) }, e.emotion),
        e.count,
      ]),
      onclick: (event) => report.go(state(event.dataIndex)),
    });
  },

  probabilities(s) {
    return report.ranked({
      title: "Mean probability of each emotion",
      note: "Over all faces; 1 is certain",
      labels: s.emotions.map((e) => e.emotion),
      values: s.emotions.map((e) => e.mean_probability),
      series: "mean probability",
      digits: 3,
      head: ["emotion", "mean probability"],
      rows: s.emotions.map((e) => [e.emotion, e.mean_probability]),
    });
  },

  hue(s) {
    const labels = s.hue.map((_, i) => `${i * 20}°`);
    return report.figure({
      title: "Hue wheel",
      note: `Median hue of the ${report.number(s.n_coloured)} pictures that are not grey`,
      head: ["hue from", "thumbnails"],
      rows: labels.map((label, i) => [label, s.hue[i]]),
      option: (colours) => ({
        polar: { radius: ["18%", "82%"] },
        angleAxis: {
          type: "category",
          data: labels,
          startAngle: 90,
          axisLabel: { color: colours.soft, interval: 2 },
          axisLine: { lineStyle: { color: colours.line } },
        },
        radiusAxis: { show: false },
        series: [
          {
            type: "bar",
            name: "thumbnails",
            coordinateSystem: "polar",
            barCategoryGap: "0%",
            data: s.hue.map((value, i) => ({
              value,
              itemStyle: { color: `hsl(${i * 20 + 10}, 75%, 50%)` },
            })),
          },
        ],
      }),
    });
  },

  spread(title, note, counts, colourOf) {
    const labels = counts.map((_, i) => `${i * 16}`);
    return report.bars({
      title,
      note,
      labels,
      values: counts,
      colourOf: (i) => colourOf(i).replace(/ /g, ", "),
      head: ["from", "thumbnails"],
      rows: labels.map((label, i) => [label, counts[i]]),
    });
  },

  statuses(s) {
    const without = s.statuses.filter(({ status }) => status !== "ok");
    const state = (i) => ({ view: "gallery", status: without[i].status });
    return report.ranked({
      title: "Why there is no picture",
      note: `Statuses of the ${report.number(s.n_items - s.n_ok)} without a picture; ${report.number(s.n_ok)} have one`,
      labels: without.map((each) => each.status),
      values: without.map((each) => each.count),
      series: "thumbnails",
      head: ["status", "thumbnails", "meaning"],
      rows: s.statuses.map((each) => [
        report.make(
          "a",
          { href: report.hash({ view: "gallery", status: each.status }) },
          each.status,
        ),
        each.count,
        each.meaning,
      ]),
      onclick: (event) => report.go(state(event.dataIndex)),
    });
  },
};
