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
          "Median value of each picture, 0 (black) to 255",
          s.brightness,
          (i) => `hsl(0 0% ${(i + 0.5) * 6.25}%)`,
        ),
        this.spread(
          "Saturation",
          "Median saturation of each picture, 0 (grey) to 255",
          s.saturation,
          (i) => `hsl(205 ${(i + 0.5) * 6.25}% 50%)`,
        ),
        this.statuses(s),
        this.frequent(s),
      ),
    );
    if (s.correlations.length) section.append(...report.correlations(s));
    section.append(
      report.make("h2", {}, "Summary statistics"),
      report.make(
        "p",
        { class: "soft" },
        `Of the ${report.number(s.n_ok)} thumbnails with a picture, each counted once.`,
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
    const [, , , , , , median] = s.describe.find(([name]) => name === "thumbnail_ocr_length");
    const missing = s.n_items - s.n_ok;
    const misses = missing
      ? [
          " ",
          report.make("a", { href: "#view=misses" }, `${report.number(missing)} could not be fetched`),
          ".",
        ]
      : [" All thumbnails were fetched."];
    return report.make(
      "p",
      { class: "lead" },
      `Of ${report.number(s.n_ok)} thumbnails, ${report.share(s.n_with_text, s.n_ok)} have text (median of all: ${report.number(median)} words) and ${report.share(s.n_with_faces, s.n_ok)} show faces.${faces}`,
      ...misses,
    );
  },

  tiles(s) {
    const tile = (value, text, state) =>
      report.make(
        "li",
        {},
        report.make("b", {}, value),
        state ? report.make("a", { href: report.hash({ view: "gallery", ...state }) }, text) : text,
      );
    return report.make(
      "ul",
      { class: "tiles" },
      tile(report.number(s.n_rows), "rows of the input"),
      tile(report.number(s.n_thumbnails), "thumbnails", {}),
      tile(report.share(s.n_ok, s.n_items), "with a picture", { status: "ok" }),
      tile(report.share(s.n_with_text, s.n_ok), "with text", { text: "1-" }),
      tile(report.share(s.n_with_faces, s.n_ok), "with faces", { faces: "1-" }),
      tile(report.number(s.n_changed), "texts changed by correction", { doubt: "changed" }),
    );
  },

  words(s) {
    return this.counts(
      "Words per thumbnail",
      "Tokens of the corrected text",
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
    return report.bars({
      title: "Faces by strongest emotion",
      note: "As classified by a network, which is often wrong about a single face",
      labels,
      values: s.emotions.map((e) => e.count),
      head: ["emotion", "faces"],
      rows: s.emotions.map((e, i) => [
        report.make("a", { href: report.hash(state(i)) }, e.emotion),
        e.count,
      ]),
      onclick: (event) => report.go(state(event.dataIndex)),
    });
  },

  probabilities(s) {
    const labels = s.emotions.map((e) => e.emotion);
    return report.figure({
      title: "Mean probability of each emotion",
      note: "Over all faces",
      head: ["emotion", "mean probability"],
      rows: s.emotions.map((e) => [e.emotion, e.mean_probability]),
      option: (colours) => ({
        grid: { left: 8, right: 12, top: 18, bottom: 8, containLabel: true },
        xAxis: report.axis(colours, { type: "category", data: labels }),
        yAxis: report.axis(colours, { type: "value" }),
        series: [
          {
            type: "bar",
            name: "mean probability",
            barCategoryGap: "12%",
            data: s.emotions.map((e) => e.mean_probability),
            itemStyle: { color: colours.second },
          },
        ],
      }),
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
    const state = (i) => ({ view: "gallery", status: s.statuses[i].status });
    const labels = s.statuses.map((each) => each.status);
    return report.figure({
      title: "Statuses",
      note: "Thumbnails with a picture are ok; other statuses say why there is none",
      head: ["status", "thumbnails", "meaning"],
      rows: s.statuses.map((each, i) => [
        report.make("a", { href: report.hash(state(i)) }, each.status),
        each.count,
        each.meaning,
      ]),
      onclick: (event) => report.go(state(event.dataIndex)),
      option: (colours) => ({
        grid: { left: 8, right: 48, top: 8, bottom: 8, containLabel: true },
        xAxis: report.axis(colours, { type: "value", show: false }),
        yAxis: report.axis(colours, { type: "category", data: labels, inverse: true }),
        series: [
          {
            type: "bar",
            name: "thumbnails",
            barMaxWidth: 26,
            data: s.statuses.map((each) => each.count),
            label: { show: true, position: "right", color: colours.text },
          },
        ],
      }),
    });
  },

  frequent(s) {
    const words = s.words.slice(0, 20);
    return report.figure({
      title: "Most frequent words",
      note: "As recognised, and after spelling correction",
      tall: true,
      wide: true,
      head: ["word", "as recognised", "corrected"],
      rows: s.words.map(([word, ...counts]) => [
        report.make("a", { href: report.hash({ view: "gallery", q: word }) }, word),
        ...counts,
      ]),
      onclick: (event) => report.go({ view: "gallery", q: words[event.dataIndex][0] }),
      option: (colours) => ({
        legend: { top: 0, textStyle: { color: colours.text } },
        grid: { left: 8, right: 20, top: 30, bottom: 8, containLabel: true },
        xAxis: report.axis(colours, { type: "value", minInterval: 1 }),
        yAxis: report.axis(colours, {
          type: "category",
          inverse: true,
          data: words.map(([word]) => word),
          axisLabel: { interval: 0, width: 120, overflow: "truncate" },
        }),
        series: [
          { type: "bar", name: "as recognised", data: words.map((w) => w[1]) },
          { type: "bar", name: "corrected", data: words.map((w) => w[2]) },
        ],
      }),
    });
  },
};
