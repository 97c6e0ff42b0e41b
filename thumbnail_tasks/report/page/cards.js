/* A thumbnail with its results: as a card, and large. */
"use strict";
report.source = (sha) => `pictures/${sha.slice(0, 2)}/${sha.slice(2)}.webp`;

report.picture = (item) => {
  const sha = report.items.sha[item];
  return sha && report.items.status[item] === "ok" ? report.source(sha) : null;
};

/** The versions of a picture that was changed, side by side, the first on the left. */
report.versions = (versions) => {
  const seen = (day) => (day ? `First seen ${day}` : "First seen on an unknown day");
  return [
    report.make("h3", {}, "Versions of the picture"),
    report.make(
      "ul",
      { class: "versions" },
      versions.map(([sha, day], i) =>
        report.make(
          "li",
          {},
          report.make("img", { src: report.source(sha), alt: `Version ${i + 1}`, loading: "lazy" }),
          report.make("p", { class: "soft" }, seen(day)),
        ),
      ),
    ),
  ];
};

report.named = (item) =>
  report.items.title[item] ||
  report.items.text[item] ||
  report.items.id[item] ||
  `row without a thumbnail`;

/** The direction of a thumbnail's text: that of its script, as its first word may be a foreign name. */
report.direction = (item) =>
  ["Arabic", "Hebrew"].includes(report.items.script?.[item]) ? "rtl" : "auto";

report.silent = (item) => (report.items.unread?.[item] ? "text not read" : "no text");

report.unreadLine = (script) =>
  `a line in ${script === "other" ? "another script" : script}, not read`;

report.describe = (item) => {
  const { text, faces } = report.items;
  const results = [
    text[item] ? `text: ${text[item].slice(0, 200)}` : report.silent(item),
    faces[item] ? `${faces[item]} face${faces[item] > 1 ? "s" : ""}` : "no face",
  ];
  return `Thumbnail of ${report.named(item).slice(0, 200)}; ${results.join("; ")}`;
};

/** Boxes of words and faces over a picture without black bars; dashed: not in the text. A word is
 * its text, confidence and box; without a text, it is a line that was not read, and has its script.
 */
report.boxes = (detail, ratio, item) => {
  if (!detail.size) return null;
  const [width, height] = detail.size;
  const shown = width / ratio;
  const top = Math.max(0, (height - shown) / 2);
  const text = new Set((report.items.raw[item] ?? report.items.text[item] ?? "").split(" "));
  const kind = (word) =>
    word === null
      ? "word unread"
      : word.split(" ").every((part) => text.has(part))
        ? "word"
        : "word left-out";
  const rect = ([x0, y0, x1, y1], name, label) =>
    report.make(
      "rect",
      { class: name, x: x0, y: y0, width: Math.max(x1 - x0, 1), height: Math.max(y1 - y0, 1) },
      report.make("title", {}, label),
    );
  return report.make(
    "svg",
    { viewBox: `0 ${top} ${width} ${height - 2 * top}`, "aria-hidden": "true" },
    detail.words
      .filter((w) => w[2] !== null)
      .map((w) => rect(w.slice(2, 6), kind(w[0]), w[0] ?? report.unreadLine(w[6]))),
    detail.faces.map((face) => rect(face.box, "face", face.emotion ?? "face")),
  );
};

report.fill = (frame, item, large) => {
  const source = report.picture(item);
  if (!source) {
    frame.append(report.make("span", { class: "none" }, report.items.status[item] ?? "no picture"));
    return;
  }
  const image = report.make("img", {
    src: source,
    alt: report.describe(item),
    loading: large ? "eager" : "lazy",
    decoding: "async",
  });
  frame.append(image);
  const draw = async () => {
    if (!frame.isConnected) return; // scrolled past
    const detail = await report.detail(item);
    if (!image.naturalWidth) return;
    const boxes = report.boxes(detail, image.naturalWidth / image.naturalHeight, item);
    if (boxes) frame.append(boxes);
  };
  image.addEventListener("load", draw, { once: true });
  image.addEventListener(
    "error",
    () => image.replaceWith(report.make("span", { class: "none" }, "picture not stored")),
    { once: true },
  );
};

report.card = (item) => {
  const { items } = report;
  const frame = report.make("button", {
    type: "button",
    class: "frame",
    "aria-label": `Open: ${report.named(item).slice(0, 200)}`,
    onclick: () => report.go({ open: report.key(item) }),
  });
  report.fill(frame, item);
  const chips = report.EMOTIONS.filter((e) => items[e][item]).map(
    (e) => `${items[e][item] > 1 ? `${items[e][item]} × ` : ""}${e}`,
  );
  if (items.status[item] !== "ok") chips.unshift(items.status[item]);
  if (items.doubtful[item]) chips.push("doubtful face");
  return report.make(
    "li",
    { "data-item": item },
    frame,
    report.make(
      "div",
      { class: "says" },
      items.title[item]
        ? report.make("p", { class: "title", dir: "auto" }, items.title[item].slice(0, 300))
        : null,
      report.make(
        "p",
        items.text[item] ? { dir: report.direction(item) } : { class: "soft" },
        items.text[item]?.slice(0, 300) ||
          (items.status[item] === "ok" ? report.silent(item) : (items.id[item] ?? "")),
      ),
      chips.length
        ? report.make(
            "ul",
            { class: "chips" },
            chips.map((chip) => report.make("li", {}, chip)),
          )
        : null,
    ),
  );
};

report.open = async (item) => {
  const dialog = document.getElementById("detail");
  const detail = await report.detail(item);
  if (report.key(item) !== report.state().open) return;
  const { items } = report;
  const frame = report.make("div", { class: "frame" });
  report.fill(frame, item, true);
  const facts = [
    ["Status", items.status[item]],
    ["Reason", detail.detail],
    ["Text", items.text[item], report.direction(item)],
    ["As recognised", items.raw[item], report.direction(item)],
    ["Language", report.language(items.language?.[item])],
    ["Script", items.script?.[item]],
    ["Lines not read", items.unread?.[item]],
    ["Channel", items.channel[item]],
    ["Category", items.category[item]],
    ["Views", items.views[item] === null ? null : report.number(items.views[item])],
    ["Likes", items.likes[item] === null ? null : report.number(items.likes[item])],
    ["Id", items.id[item]],
  ];
  const doubts = {
    too_small: "too small to judge",
    blurred: "too blurred to judge",
    turned: "turned too far to judge",
  };
  const near =
    items.vector[item] === null
      ? null
      : report.make(
          "a",
          { href: report.hash({ view: "gallery", near: items.id[item] }) },
          "Thumbnails with similar text",
        );
  const group = items.group?.[item];
  const alike = group
    ? report.make(
        "a",
        { href: report.hash({ view: "gallery", alike: group }) },
        "Thumbnails that look alike",
      )
    : null;
  dialog.replaceChildren(
    report.make(
      "div",
      { class: "top" },
      report.make("h2", { id: "detail-title", dir: "auto" }, report.named(item)),
      report.make("button", { type: "button", onclick: () => dialog.close() }, "Close"),
    ),
    frame,
    ...(detail.versions ? report.versions(detail.versions) : []),
    report.make(
      "p",
      { class: "bar" },
      report.link(items.link[item], "Open the video or its picture"),
      near,
      alike,
    ),
    report.make(
      "dl",
      {},
      facts
        .filter(([, value]) => value !== null && value !== undefined && value !== "")
        .flatMap(([name, value, dir]) => [
          report.make("dt", {}, name),
          report.make("dd", { dir: dir ?? "auto" }, String(value)),
        ]),
    ),
    report.alike(item),
    detail.faces.length ? report.make("h3", {}, "Faces, from left to right") : "",
    detail.faces.length
      ? report.table(
          ["face", "strongest", ...report.EMOTIONS, "doubts"],
          detail.faces.map((face, i) => [
            i + 1,
            face.emotion ?? "–",
            ...face.probabilities,
            face.doubts.map((d) => doubts[d]).join(", ") || "none",
          ]),
          "Faces and the probabilities of their emotions",
        )
      : "",
    detail.words.length ? report.make("h3", {}, "Words in reading order") : "",
    detail.words.length
      ? report.make(
          "p",
          { class: "soft" },
          "A dashed box is a word whose confidence is too low for the text, a dotted one a line in a script that is not read.",
        )
      : "",
    detail.words.length
      ? report.table(
          ["word", "confidence"],
          detail.words.map(([text, confidence, , , , , script]) => [
            text ?? report.make("i", {}, report.unreadLine(script)),
            confidence,
          ]),
          "Words and their confidence",
        )
      : "",
  );
  if (!dialog.open) dialog.showModal();
};
