/* The most frequent words, with or without stop words. */
"use strict";
report.frequent = (s) => {
  const container = report.make("div", { class: "wide" });
  const languages = s.stop_word_languages.map(report.language);
  const box = report.make("input", { type: "checkbox", id: "stop-words", checked: true });
  const label = report.make(
    "label",
    { class: "check", for: "stop-words" },
    box,
    `Leave out numbers, and stop words such as “the” (${languages.join(", ")})`,
  );
  const draw = () => {
    const isWithout = languages.length > 0 && box.checked;
    const all = isWithout ? s.other_words : s.words;
    const words = all.slice(0, 20);
    report.replaceFigure(
      container,
      report.figure({
        title: "Most frequent words",
        note: "How often they stand on thumbnails, as recognised and after spelling correction",
        control: languages.length ? label : null,
        rowsHigh: 1.4 * words.length,
        head: ["word", "as recognised", "corrected"],
        rows: all.map(([word, ...counts]) => [
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
      }),
    );
    if (document.activeElement !== box && draw.isDrawn) box.focus();
    draw.isDrawn = true;
  };
  box.addEventListener("change", draw);
  draw();
  return container;
};
