/* Rank correlations with views and likes, with their intervals. */
"use strict";
report.correlations = (s) => {
  const outcomes = [...new Set(s.correlations.map((c) => c.outcome))];
  const groups = {
    all: "all videos",
    category: "within each category",
    channel: "within each channel",
  };
  const withins = Object.keys(groups).filter((each) =>
    s.correlations.some((c) => c.within === each),
  );
  const choose = (label, values, names) => {
    const select = report.make(
      "select",
      {},
      values.map((v) => report.make("option", { value: v }, names ? names[v] : v)),
    );
    select.addEventListener("change", () => draw());
    return [report.make("label", {}, label, select), select];
  };
  const [outcomeLabel, outcome] = choose("Correlate with", outcomes);
  const [withinLabel, within] = choose("Compare", withins, groups);
  const container = report.make("div");
  const draw = () => {
    const rows = s.correlations.filter(
      (c) => c.outcome === outcome.value && c.within === within.value,
    );
    if (container.firstChild?.chart)
      report.charts.forEach((d) => {
        if (d.chart === container.firstChild.chart) {
          d.chart.dispose();
          report.charts.delete(d);
        }
      });
    container.replaceChildren(
      report.figure({
        title: `Rank correlation with ${outcome.value}, ${groups[within.value]}`,
        note: "Spearman’s rho and its 95 % confidence interval; if it includes 0, there may be none",
        tall: true,
        head: ["attribute", "rho", "from", "to", "videos"],
        rows: rows.map((c) => [c.attribute, c.rho, c.low, c.high, c.n]),
        option: (colours) => ({
          grid: { left: 8, right: 20, top: 10, bottom: 8, containLabel: true },
          xAxis: report.axis(colours, { type: "value", min: -1, max: 1 }),
          yAxis: report.axis(colours, {
            type: "category",
            inverse: true,
            data: rows.map((c) => c.attribute.replace("thumbnail_", "")),
            axisLabel: { interval: 0 },
          }),
          series: [
            {
              type: "custom",
              name: "95 % interval",
              silent: true,
              renderItem: (params, api) => {
                const [from, to] = [
                  api.coord([api.value(1), api.value(0)]),
                  api.coord([api.value(2), api.value(0)]),
                ];
                return {
                  type: "line",
                  shape: { x1: from[0], y1: from[1], x2: to[0], y2: to[1] },
                  style: { stroke: colours.accent, lineWidth: 3, opacity: 0.5 },
                };
              },
              encode: { x: [1, 2], y: 0 },
              data: rows.map((c, i) => [i, c.low, c.high]),
            },
            {
              type: "scatter",
              name: "rho",
              symbolSize: 11,
              data: rows.map((c, i) => [c.rho, i]),
              itemStyle: { color: colours.accent },
            },
          ],
        }),
      }),
    );
  };
  draw();
  return [
    report.make("h2", {}, "Correlation with views and likes"),
    report.make(
      "p",
      {},
      report.make("strong", {}, "Correlation is not causation."),
      " Views depend at least as much on who made the video, about what, and when. Comparing within a channel removes part of that. By chance, one attribute in twenty seems to matter.",
    ),
    report.make("div", { class: "filters" }, outcomeLabel, withinLabel),
    container,
  ];
};
