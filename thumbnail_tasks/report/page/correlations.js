/* Rank correlations with views, likes and a trending flag, with their intervals. */
"use strict";
report.GROUPINGS = {
  all: "all videos",
  category: "within each category",
  channel: "within each channel",
};

/** Where many values are equal, ranks say little about the rest. */
report.MANY_TIES = 0.25;

report.correlations = (s) => {
  const outcomes = new Map(s.outcomes.map((each) => [each.outcome, each]));
  const withins = Object.keys(report.GROUPINGS).filter((each) =>
    s.correlations.some((c) => c.within === each),
  );
  const choose = (label, options) => {
    const select = report.make(
      "select",
      {},
      options.map(([value, text]) => report.make("option", { value }, text)),
    );
    select.addEventListener("change", () => draw());
    return [report.make("label", {}, label, select), select];
  };
  const [outcomeLabel, outcome] = choose(
    "Correlate with",
    s.outcomes.map((each) => [each.outcome, each.column]),
  );
  const [withinLabel, within] = choose(
    "Compare",
    withins.map((each) => [each, report.GROUPINGS[each]]),
  );
  const container = report.make("div");
  const notes = report.make("ul", { class: "reasons", id: "correlation-notes" });
  const draw = () => {
    const about = outcomes.get(outcome.value);
    const rows = s.correlations.filter(
      (c) => c.outcome === outcome.value && c.within === within.value,
    );
    if (rows.length)
      report.replaceFigure(container, report.correlationFigure(rows, about, within.value));
    else container.replaceChildren();
    notes.replaceChildren(
      ...report.correlationNotes(s, rows, about).map((note) => report.make("li", {}, note)),
    );
  };
  const heading = report.make(
    "h2",
    {},
    `Correlation with ${s.outcomes.map((each) => each.column).join(", ") || "views and likes"}`,
  );
  if (!s.outcomes.length)
    return [
      heading,
      report.make(
        "p",
        {},
        "None: the table has no column of views, likes or trending (views, view_count, viewCount, likes, …).",
      ),
    ];
  draw();
  return [
    heading,
    report.make(
      "p",
      {},
      report.make("strong", {}, "Correlation is not causation."),
      " Views depend at least as much on who made the video, about what, and when. Comparing within a channel removes part of that. By chance, one attribute in twenty seems to matter.",
    ),
    report.make("div", { class: "filters" }, outcomeLabel, withins.length ? withinLabel : null),
    notes,
    container,
  ];
};

/** What to know of these correlations: ties, and attributes that are not among them, and why. */
report.correlationNotes = (s, rows, { column, n, value, n_equal: nEqual }) => {
  const { number } = report;
  const shown = new Set(rows.map((c) => c.attribute));
  const list = (ties, text) => ties.map((each) => text(each)).join(", ");
  const constant = s.ties.filter((each) => each.n_equal === each.n);
  const tied = s.ties.filter((each) => shown.has(each.attribute));
  const isConstant = new Set(constant.map((each) => each.attribute));
  const others = s.describe
    .map(([name]) => name)
    .filter((name) => !shown.has(name) && !isConstant.has(name));
  if (!n) return [`No number in ${column}.`];
  if (nEqual === n) return [`All ${number(n)} numbers in ${column} are ${number(value)}.`];
  return [
    nEqual > report.MANY_TIES * n
      ? `${number(nEqual)} of ${number(n)} numbers in ${column} are ${number(value)}. They share one rank, so these correlations are mainly about whether a video has another number.`
      : null,
    tied.length
      ? `Mostly one value, so that few videos decide: ${list(tied, (t) => `${t.attribute} (${number(t.n_equal)} of ${number(t.n)} are ${number(t.value)})`)}.`
      : null,
    constant.length
      ? `Not shown, because all values are equal: ${list(constant, (t) => `${t.attribute} (${number(t.value)})`)}.`
      : null,
    others.length
      ? `Not shown, because fewer than ten videos can be compared, or their values are equal: ${others.join(", ")}.`
      : null,
  ].filter(Boolean);
};

report.correlationFigure = (rows, { column }, within) =>
  report.figure({
    title: `Rank correlation with ${column}, ${report.GROUPINGS[within]}`,
    note: "Spearman’s rho and its 95 % confidence interval; if it includes 0, there may be none",
    rowsHigh: rows.length,
    head: ["attribute", "rho", "from", "to", "videos"],
    rows: rows.map((c) => [c.attribute, c.rho, c.low, c.high, c.n]),
    option: (colours) => ({
      grid: { left: 8, right: 20, top: 10, bottom: 8, containLabel: true },
      xAxis: report.axis(colours, { type: "value", min: -1, max: 1 }),
      yAxis: report.axis(colours, {
        type: "category",
        inverse: true,
        data: rows.map((c) => c.attribute),
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
  });
