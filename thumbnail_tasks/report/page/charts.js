/* Charts by Apache ECharts, each with its numbers as a table below. */
"use strict";
report.charts = new Set();

report.css = (name) => {
  const probe = report.make("span", { class: "hidden" });
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
};

/** Draw a chart, now and whenever the colours change; `option` is computed from the colours. */
report.draw = (box, option, onclick) => {
  const chart = echarts.init(box, null, { renderer: "canvas" });
  const drawn = {
    chart,
    redraw: () => {
      const colours = {
        text: report.css("text"),
        soft: report.css("soft"),
        line: report.css("line"),
        card: report.css("card"),
        accent: report.css("accent"),
        second: report.css("second"),
      };
      chart.setOption(
        {
          animation: false,
          backgroundColor: "transparent",
          color: [colours.accent, colours.second],
          textStyle: { color: colours.text, fontFamily: "system-ui, sans-serif" },
          tooltip: {
            renderMode: "richText",
            backgroundColor: colours.card,
            borderColor: colours.line,
            textStyle: { color: colours.text },
          },
          ...option(colours),
        },
        { notMerge: true },
      );
    },
  };
  drawn.redraw();
  if (onclick) chart.on("click", onclick);
  new ResizeObserver(() => chart.resize()).observe(box);
  report.charts.add(drawn);
  return chart;
};

report.axis = (colours, more) => ({
  axisLine: { lineStyle: { color: colours.line } },
  axisLabel: { color: colours.soft, ...(more?.axisLabel ?? {}) },
  splitLine: { lineStyle: { color: colours.line, opacity: 0.6 } },
  nameTextStyle: { color: colours.soft },
  ...Object.fromEntries(Object.entries(more ?? {}).filter(([name]) => name !== "axisLabel")),
});

/** A figure: caption, chart, and its numbers as a table; a chart of many rows is higher. */
report.figure = ({ title, note, control, rowsHigh, head, rows, option, onclick }) => {
  const box = report.make("div", {
    class: "chart",
    role: "img",
    "aria-label": `${title}. The numbers are in the table below.`,
  });
  if (rowsHigh) box.style.height = `${Math.max(120, 24 + 26 * rowsHigh)}px`;
  const figure = report.make(
    "figure",
    {},
    report.make("figcaption", {}, title, note ? report.make("small", {}, note) : null),
    control ?? "",
    box,
    report.make(
      "details",
      {},
      report.make("summary", {}, `Numbers: ${title.toLowerCase()}`),
      report.table(head, rows, title),
    ),
  );
  requestAnimationFrame(() => {
    figure.chart = report.draw(box, option, onclick);
  });
  return figure;
};

/** Put a figure into a container, instead of the one that was there. */
report.replaceFigure = (container, figure) => {
  const earlier = container.firstChild?.chart;
  for (const drawn of report.charts) {
    if (drawn.chart !== earlier) continue;
    earlier.dispose();
    report.charts.delete(drawn);
  }
  container.replaceChildren(figure);
};

report.bars = ({ labels, values, axis, colourOf, ...about }) =>
  report.figure({
    ...about,
    option: (colours) => ({
      grid: { left: 8, right: 12, top: 18, bottom: axis ? 28 : 8, containLabel: true },
      tooltip: {
        trigger: "axis",
        renderMode: "richText",
        backgroundColor: colours.card,
        borderColor: colours.line,
        textStyle: { color: colours.text },
      },
      xAxis: report.axis(colours, {
        type: "category",
        data: labels,
        name: axis,
        nameLocation: "middle",
        nameGap: 26,
      }),
      yAxis: report.axis(colours, { type: "value", minInterval: 1 }),
      series: [
        {
          type: "bar",
          name: "thumbnails",
          barCategoryGap: "12%",
          data: values.map((value, i) =>
            colourOf
              ? { value, itemStyle: { color: colourOf(i), borderColor: colours.line } }
              : value,
          ),
        },
      ],
    }),
  });

/** Bars beside their names, each with its number at its end. */
report.ranked = ({ labels, values, series, digits = 0, ...about }) =>
  report.figure({
    ...about,
    rowsHigh: labels.length,
    option: (colours) => ({
      grid: { left: 8, right: 56, top: 8, bottom: 8, containLabel: true },
      xAxis: report.axis(colours, { type: "value", show: false }),
      yAxis: report.axis(colours, {
        type: "category",
        data: labels,
        inverse: true,
        axisLabel: { interval: 0 },
      }),
      series: [
        {
          type: "bar",
          name: series,
          barMaxWidth: 26,
          data: values,
          label: {
            show: true,
            position: "right",
            color: colours.text,
            formatter: ({ value }) => report.number(value, digits),
          },
        },
      ],
    }),
  });
