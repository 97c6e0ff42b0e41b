/* A thumbnail with its results, as a card. */
"use strict";
report.source = (sha) => `pictures/${sha.slice(0, 2)}/${sha.slice(2)}.webp`;

report.picture = (item) => {
  const sha = report.items.sha[item];
  return sha && report.items.status[item] === "ok" ? report.source(sha) : null;
};

/** What a status means, in words; empty for ok. */
report.meaning = (status) =>
  status === "ok"
    ? ""
    : (report.summary.statuses.find((each) => each.status === status)?.meaning ?? "");

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

/** Put a thumbnail's small picture and its boxes into a frame; returns the picture, if there is one. */
report.fill = (frame, item, large) => {
  const source = report.picture(item);
  if (!source) {
    const status = report.items.status[item];
    frame.append(
      report.make(
        "span",
        { class: "none" },
        report.make("span", {}, status ?? "no picture"),
        report.make("small", {}, report.meaning(status)),
      ),
    );
    return null;
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
  return image;
};

/** A card; with the similarity of its text to another one, if they are compared. */
report.card = (item, similarity = null) => {
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
  if (items.doubtful[item])
    chips.push(items.doubtful[item] > 1 ? "faces hard to judge" : "face hard to judge");
  if (similarity !== null) chips.unshift(`similarity ${similarity.toFixed(2)}`);
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
