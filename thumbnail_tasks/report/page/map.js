/* The map: similar texts are close to each other. */
"use strict";
report.views.map = {
  async show(state) {
    const section = document.getElementById("map");
    if (!section.childElementCount) this.build(section);
    if (this.q.value !== (state.q ?? "")) this.q.value = state.q ?? "";
    this.by.value = report.fields.has(state.by) ? state.by : "faces";
    if (!this.by.value) this.by.selectedIndex = 0;
    const attribute = report.fields.get(this.by.value);
    if (attribute.kind === "number") await report.loadValues(attribute);
    if (this.by.value !== attribute.key) return; // another was chosen meanwhile
    const { positions } = await report.load("map");
    this.positions ??= new Uint16Array(report.bytes(positions).buffer);
    if (!report.isWhole) return;
    this.draw(state);
  },

  build(section) {
    const { make } = report;
    this.q = make("input", { type: "search", id: "map-q", dir: "auto", placeholder: "in text, title or id" });
    this.q.addEventListener("input", () => report.go({ q: this.q.value }, { replace: true }));
    this.by = make(
      "select",
      { id: "map-by" },
      report.attributeOptions(),
    );
    this.by.addEventListener("change", () => report.go({ by: this.by.value }));
    section.append(
      make("h2", { class: "hidden" }, "Map"),
      make(
        "p",
        {},
        "Each point is a text; similar texts are close to each other (t-SNE of their vectors). Large distances mean little. Zoom with the wheel or two fingers, drag to move, click a point to see its thumbnail.",
      ),
      make(
        "div",
        { class: "filters" },
        make("label", { for: "map-q" }, "Word", this.q),
        make("label", { for: "map-by" }, "Coloured by", this.by),
        make(
          "button",
          {
            type: "button",
            id: "map-reset",
            onclick: () =>
              this.chart?.dispatchAction({
                type: "dataZoom",
                batch: [0, 1].map((dataZoomIndex) => ({ dataZoomIndex, start: 0, end: 100 })),
              }),
          },
          "Whole map",
        ),
      ),
      make("p", { id: "map-count", role: "status" }),
      make(
        "figure",
        {},
        (this.box = make("div", {
          id: "map-chart",
          role: "img",
          "aria-label":
            "Map of the texts. The gallery lists the same texts, and those similar to each.",
        })),
        make("p", { class: "soft", id: "map-hover", dir: "auto" }),
      ),
      make("h2", {}, "Marked thumbnails"),
      (this.listed = make("ul", { class: "reasons", id: "map-list" })),
    );
  },

  /** The first thumbnail of each text. */
  texts() {
    if (this.first) return this.first;
    this.first = new Int32Array(report.summary.sizes.texts).fill(-1);
    report.items.vector.forEach((text, item) => {
      if (text !== null && this.first[text] < 0) this.first[text] = item;
    });
    return this.first;
  },

  draw(state) {
    const first = this.texts();
    const classes = report.classes(
      report.fields.get(this.by.value),
      [...first].filter((item) => item >= 0),
    );
    const groups = classes.names.map(() => []);
    const hasWords = report.searcher(state.q);
    const marked = [];
    first.forEach((item, text) => {
      if (item < 0) return;
      const point = [this.positions[2 * text] / 65535, this.positions[2 * text + 1] / 65535, item];
      groups[classes.of(item)].push(point);
      if (hasWords?.(report.items.search[item])) marked.push(point);
    });
    const shown = groups.flatMap((points, k) => (points.length ? [k] : []));
    const size = first.length > 20000 ? 3 : first.length > 2000 ? 5 : 9;
    const option = (colours) => ({
      grid: { left: 8, right: 8, top: 40, bottom: 8 },
      legend: {
        top: 4,
        type: "scroll",
        textStyle: { color: colours.text },
        pageTextStyle: { color: colours.text },
      },
      xAxis: { type: "value", min: -0.02, max: 1.02, show: false },
      yAxis: { type: "value", min: -0.02, max: 1.02, show: false },
      dataZoom: [
        { type: "inside", xAxisIndex: 0, filterMode: "none" },
        { type: "inside", yAxisIndex: 0, filterMode: "none" },
      ],
      tooltip: {
        renderMode: "richText",
        backgroundColor: colours.card,
        borderColor: colours.line,
        textStyle: { color: colours.text, width: 320, overflow: "break" },
        formatter: (p) => report.items.text[p.value[2]].slice(0, 160).replace(/[{}|]/g, " "),
      },
      series: [
        ...shown.map((k) => ({
          type: "scatter",
          name: classes.names[k],
          data: groups[k],
          symbolSize: marked.length ? 0.7 * size : size,
          large: first.length > 20000,
          largeThreshold: 5000,
          itemStyle: {
            opacity: marked.length ? report.OPACITY.others : report.OPACITY.all,
            color: classes.colours[k],
            borderColor: colours.soft, // a white point on a white card
            borderWidth: this.by.value === "colour" ? 0.5 : 0,
          },
        })),
        {
          type: "scatter",
          name: "marked",
          data: marked.map((point) => ({
            value: point,
            itemStyle: { color: classes.colours[classes.of(point[2])] },
          })),
          symbolSize: size + 4,
          itemStyle: { color: colours.card, borderColor: colours.text, borderWidth: 2 },
          z: 5,
        },
      ],
    });
    if (this.drawn) {
      this.drawn.option = option;
      this.drawn.redraw();
    } else {
      this.drawn = { option };
      this.chart = report.draw(
        this.box,
        (colours) => this.drawn.option(colours),
        (event) => report.go({ open: report.key(event.value[2]) }),
      );
      this.drawn.redraw = [...report.charts].at(-1).redraw;
      this.chart.on("mouseover", (event) => {
        const hover = document.getElementById("map-hover");
        hover.textContent = report.items.text[event.value?.[2]] ?? "";
        hover.dir = report.direction(event.value?.[2]);
      });
    }
    document.getElementById("map-count").textContent =
      `${report.number(first.length)} distinct texts${hasWords ? `, ${report.number(marked.length)} marked` : ""}`;
    const listed = marked.slice(0, 50);
    this.listed.replaceChildren(
      ...listed.map(([, , item]) =>
        report.make(
          "li",
          {},
          report.make(
            "a",
            {
              href: report.hash({ view: "gallery", near: report.items.id[item] }),
              dir: report.direction(item),
            },
            report.items.text[item].slice(0, 200),
          ),
        ),
      ),
    );
    if (!listed.length)
      this.listed.append(
        report.make("li", {}, hasWords ? "None." : "Enter a word above to mark thumbnails that have it in text, title or id."),
      );
  },
};
