/* The misses: thumbnails that could not be processed, and results to check. */
"use strict";
const LISTED = 200;
const SHOWN = 12;
const UNSURE = { sort: "lowest_word_confidence", up: "1" };

report.views.misses = {
  /** The thumbnails that are shown, in order. */
  order() {
    const cards = document.querySelectorAll("#misses .cards > li");
    return [...new Set([...cards].map((card) => Number(card.dataset.item)))];
  },

  async show() {
    const section = document.getElementById("misses");
    if (section.childElementCount || !report.isWhole) return;
    section.append(report.make("h2", { class: "hidden" }, "Misses"));
    await report.prepare(UNSURE);
    const { make, items } = report;
    const all = [...Array(report.n).keys()];
    section.append(
      make(
        "p",
        { class: "lead" },
        "Thumbnails that could not be processed, and doubtful results. Check them to decide how far to trust the rest.",
      ),
      make("h2", {}, "Could not be processed"),
    );
    const missed = report.summary.statuses.filter((each) => each.status !== "ok");
    if (!missed.length) section.append(make("p", {}, "None: every thumbnail has a picture."));
    for (const { status, count, meaning } of missed) {
      const of = all.filter((item) => items.status[item] === status);
      const list = make("ul", { class: "reasons" });
      section.append(
        make(
          "div",
          { class: "panel" },
          make(
            "h3",
            {},
            make("a", { href: report.hash({ view: "gallery", status }) }, status),
            `: ${report.number(count)}`,
          ),
          make("p", { class: "soft" }, meaning ? `${report.sentence(meaning)}.` : ""),
          list,
        ),
      );
      for (const item of of.slice(0, LISTED)) {
        const name = items.id[item] ?? report.named(item);
        const line = make("li", {}, make("bdi", {}, report.link(items.link[item], name) ?? name));
        list.append(line);
        if (items.id[item] !== null)
          report
            .detail(item)
            .then((detail) => line.append(detail.detail ? `: ${detail.detail}` : ""));
      }
      if (of.length > LISTED)
        list.append(make("li", {}, `and ${report.number(of.length - LISTED)} more`));
    }
    section.append(make("h2", {}, "Results to check"), report.legend());
    for (const [doubt, name, is] of report.doubts()) {
      const of = all.filter(is);
      const order = doubt === "low" ? UNSURE : {};
      const first = report.select({ doubt, ...order }).slice(0, SHOWN);
      section.append(make("h3", {}, `${report.sentence(name)} (${report.number(of.length)})`));
      if (doubt === "changed" && of.length) {
        section.append(
          make(
            "div",
            { class: "panel" },
            report.table(
              ["as recognised", "corrected"],
              of
                .slice(0, 50)
                .map((item) => [items.raw[item].slice(0, 300), items.text[item].slice(0, 300)]),
              "Texts before and after correction",
            ),
          ),
        );
      }
      section.append(make("ul", { class: "cards" }, first.map((item) => report.card(item))));
      if (of.length > SHOWN)
        section.append(
          make(
            "p",
            {},
            make(
              "a",
              { href: report.hash({ view: "gallery", doubt, ...order }) },
              `All ${report.number(of.length)} in the gallery`,
            ),
          ),
        );
      if (!of.length) section.append(make("p", { class: "soft" }, "None."));
    }
  },
};
