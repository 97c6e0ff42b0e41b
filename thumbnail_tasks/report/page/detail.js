/* An opened thumbnail: the stored picture, all results, and the way to its neighbours. */
"use strict";
report.opened = { key: "", item: -1, subjects: new Set(["Colours and edges"]) };

report.stored = (sha, suffix) => `stored/${sha.slice(0, 2)}/${sha.slice(2)}.${suffix}`;

/** Show the stored picture instead of the small one, once it is loaded, without black bars. */
report.enlarge = async (frame, small, address) => {
  const large = report.make("img", { src: address, alt: small.alt });
  try {
    await Promise.all([small.decode(), large.decode()]);
  } catch {
    return; // the small one stays
  }
  const ratio = small.naturalWidth / small.naturalHeight;
  const width = Math.max(480, large.naturalWidth);
  frame.style.aspectRatio = String(ratio);
  frame.style.maxWidth = `min(${width}px, ${70 * ratio}vh)`;
  small.replaceWith(large);
};

/** The versions of a picture that was changed, side by side, the first on the left. */
report.versions = (versions) => {
  const seen = (time) => (time ? `First seen ${time}` : "First seen on an unknown day");
  return [
    report.make("h3", {}, "Versions of the picture"),
    report.make(
      "ul",
      { class: "versions" },
      versions.map(([sha, time, suffix], i) =>
        report.make(
          "li",
          {},
          report.make("img", {
            src: suffix ? report.stored(sha, suffix) : report.source(sha),
            alt: `Version ${i + 1}`,
            loading: "lazy",
          }),
          report.make("p", { class: "soft" }, seen(time)),
        ),
      ),
    ),
  ];
};

/** The thumbnails of the view, in order, among which one steps with the arrow keys. */
report.order = (item) => {
  const shown = report.views[report.state().view]?.order?.() ?? [];
  return shown.includes(item) ? shown : [...Array(report.n).keys()];
};

report.step = (by) => {
  const order = report.order(report.opened.item);
  const next = order[order.indexOf(report.opened.item) + by];
  if (next !== undefined) report.go({ open: report.key(next) }, { replace: true });
};

report.stepByKey = (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const region = event.target.closest(".scroll");
  const scrolls = region && region.scrollWidth > region.clientWidth;
  if (!by || scrolls || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  report.step(by);
};

/** Title and buttons at the top of an opened thumbnail. */
report.heading = (item) => {
  const { make, number } = report;
  const order = report.order(item);
  const at = order.indexOf(item);
  const button = (id, text, label, by) =>
    make(
      "button",
      {
        type: "button",
        id: `detail-${id}`,
        "aria-label": label,
        disabled: order[at + by] === undefined,
        onclick: () => report.step(by),
      },
      text,
    );
  return make(
    "div",
    { class: "top" },
    make("h2", { id: "detail-title", dir: "auto" }, report.named(item)),
    make(
      "div",
      { class: "buttons" },
      button("previous", "←", "Previous thumbnail", -1),
      make("span", { id: "detail-position" }, `${number(at + 1)} of ${number(order.length)}`),
      button("next", "→", "Next thumbnail", 1),
      report.copyButton({ id: "detail-copy" }),
      make(
        "button",
        {
          type: "button",
          id: "detail-close",
          autofocus: true,
          onclick: () => document.getElementById("detail").close(),
        },
        "Close",
      ),
    ),
  );
};

/** The most important results, as names and values. */
report.facts = (item, detail) => {
  const { items } = report;
  const known = (value) => value !== null && value !== undefined && value !== "";
  const number = (value) => (known(value) ? report.number(value) : null);
  return report.make(
    "dl",
    { id: "detail-facts" },
    [
      ["Status", [items.status[item], report.meaning(items.status[item])].filter(Boolean).join(": ")],
      ["Reason", detail.detail],
      ["Removed", detail.removed && `The server has had no picture since ${detail.removed}`],
      ["Text", items.text[item], report.direction(item)],
      ["As recognised", items.raw[item], report.direction(item)],
      ["Language", report.language(items.language?.[item])],
      ["Script", items.script?.[item]],
      ["Lines not read", items.unread?.[item]],
      ["Channel", items.channel[item]],
      ["Category", report.category(items.category[item])],
      ["Views", number(items.views[item])],
      ["Likes", number(items.likes[item])],
      ["Id", items.id[item]],
    ]
      .filter(([, value]) => known(value))
      .flatMap(([name, value, dir]) => [
        report.make("dt", {}, name),
        report.make("dd", { dir: dir ?? "auto" }, String(value)),
      ]),
  );
};

/** Links from an opened thumbnail to others, and to its video and picture. */
report.elsewhere = (item, detail) => {
  const { items, make } = report;
  const to = (state, text) => make("a", { href: report.hash({ view: "gallery", ...state }) }, text);
  const group = items.group?.[item];
  const stored = detail.stored ? report.stored(items.sha[item], detail.stored) : null;
  return make(
    "p",
    { class: "bar" },
    report.link(items.link[item], "Open the video or its picture"),
    stored ? make("a", { href: stored, target: "_blank" }, "Open the stored picture") : null,
    items.vector[item] === null ? null : to({ near: items.id[item] }, "Thumbnails with similar text"),
    group ? to({ alike: group }, "Thumbnails that look alike") : null,
  );
};

report.faces = (faces) => {
  const doubts = {
    too_small: "too small to judge",
    blurred: "too blurred to judge",
    turned: "turned too far to judge",
  };
  return [
    report.make("h3", {}, "Faces, from left to right"),
    report.table(
      ["face", "strongest", ...report.EMOTIONS, "doubts"],
      faces.map((face, i) => [
        i + 1,
        face.emotion ?? "–",
        ...face.probabilities,
        face.doubts.map((each) => doubts[each]).join(", ") || "none",
      ]),
      "Faces and the probabilities of their emotions",
    ),
  ];
};

report.wordTable = (words) => [
  report.make("h3", {}, "Words in reading order"),
  report.table(
    ["word", "confidence"],
    words.map(([text, confidence, , , , , script]) => [
      text ?? report.make("i", {}, report.unreadLine(script)),
      confidence,
    ]),
    "Words and their confidence",
  ),
];

report.open = async (item) => {
  const dialog = document.getElementById("detail");
  const detail = await report.detail(item);
  const isCurrent = () => report.key(item) === report.state().open;
  const key = JSON.stringify([item, report.n]);
  if (!isCurrent() || (dialog.open && report.opened.key === key)) return;
  Object.assign(report.opened, { key, item });
  const focused = dialog.contains(document.activeElement) ? document.activeElement.id : "";
  const frame = report.make("div", { class: "frame" });
  const small = report.fill(frame, item, true);
  const attributes = report.make("div", { id: "detail-attributes" });
  const colours = report.make("div", { id: "detail-colours" });
  dialog.replaceChildren(
    report.heading(item),
    frame,
    detail.words.length || detail.faces.length ? report.legend() : "",
    ...(detail.versions ? report.versions(detail.versions) : []),
    report.elsewhere(item, detail),
    report.facts(item, detail),
    report.alike(item),
    colours,
    ...(detail.faces.length ? report.faces(detail.faces) : []),
    ...(detail.words.length ? report.wordTable(detail.words) : []),
    report.make("h3", {}, "All attributes"),
    attributes,
  );
  if (!dialog.open) dialog.showModal();
  else {
    const again = focused && document.getElementById(focused);
    (again && !again.disabled ? again : document.getElementById("detail-close")).focus();
    report.say(report.named(item));
  }
  dialog.scrollTop = 0;
  if (small && detail.stored)
    report.enlarge(frame, small, report.stored(report.items.sha[item], detail.stored));
  const [row, columns] = await Promise.all([report.row(item), report.load("columns")]);
  if (!isCurrent()) return;
  const main = report.structure(row.get("dominant_colors") ?? "");
  if (Array.isArray(main) && main.length)
    colours.append(report.make("h3", {}, "Main colours"), report.colours(main));
  attributes.append(...report.attributes(row, columns, report.opened.subjects));
};
