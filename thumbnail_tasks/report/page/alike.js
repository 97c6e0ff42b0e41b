/* Thumbnails like an open one: pictures by their hashes and colours, texts by their meaning. */
"use strict";
const MOST_ALIKE = 12;
/** Bits of the hash in which pictures that are shown as alike may differ; different ones differ in 12 or more. */
const MAX_BITS = 14;
/** Shares of hues, saturations and values; see report/looks.py. */
const PARTS = [
  [0, 12],
  [12, 20],
  [20, 28],
];

const popcount = (bits) => {
  let n = bits - ((bits >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
};

report.loadLooks = async () => {
  if (!report.looks) {
    const { hashes, colours } = await report.load("looks");
    report.looks = {
      hashes: new Uint32Array(report.bytes(hashes).buffer),
      colours: report.bytes(colours),
    };
    report.forget("looks");
  }
  return report.looks;
};

/** The bits of 64 in which the hash of each picture differs from that of one. */
report.bitsApart = async (item) => {
  const { hashes } = await report.loadLooks();
  return Float32Array.from({ length: report.n }, (_, i) =>
    report.picture(i)
      ? popcount(hashes[2 * i] ^ hashes[2 * item]) + popcount(hashes[2 * i + 1] ^ hashes[2 * item + 1])
      : Infinity,
  );
};

/** How much of each picture has the hues, saturations and values of one: the mean of the three shares. */
report.coloursShared = async (item) => {
  const { colours } = await report.loadLooks();
  const width = PARTS.at(-1)[1];
  const own = colours.subarray(item * width, (item + 1) * width);
  return Float32Array.from({ length: report.n }, (_, i) => {
    if (!report.picture(i)) return -1;
    let shared = 0;
    for (const [from, to] of PARTS) {
      let [common, all] = [0, 0];
      for (let k = from; k < to; k++) {
        common += Math.min(own[k], colours[i * width + k]);
        all += Math.max(own[k], colours[i * width + k]);
      }
      shared += all ? (2 * common) / (common + all) : 1; // both without any hue
    }
    return shared / PARTS.length;
  });
};

/** The items with the smallest keys, without one item. */
const smallest = (keys, item, isShown) => {
  const found = [];
  for (let i = 0; i < keys.length; i++) if (i !== item && isShown(keys[i])) found.push(i);
  return found.sort((a, b) => keys[a] - keys[b] || a - b).slice(0, MOST_ALIKE);
};

const strip = (title, items, text, none) => {
  const { make } = report;
  const card = (item) => {
    const source = report.picture(item);
    return make(
      "li",
      {},
      make(
        "button",
        {
          type: "button",
          "aria-label": `Open: ${report.named(item).slice(0, 200)}; ${text(item)}`,
          onclick: () => report.go({ open: report.key(item) }),
        },
        source ? make("img", { src: source, alt: "", loading: "lazy" }) : null,
        make("span", {}, text(item)),
      ),
    );
  };
  return make(
    "div",
    {},
    make("h3", {}, title),
    items.length ? make("ul", { class: "strip" }, items.map(card)) : make("p", { class: "soft" }, none),
  );
};

/** The three lists of thumbnails like one. */
report.strips = async (item) => {
  const strips = [];
  if (report.summary.has_looks && report.picture(item)) {
    const bits = await report.bitsApart(item);
    const shared = await report.coloursShared(item);
    strips.push(
      strip(
        "Pictures that look alike",
        smallest(bits, item, (each) => each <= MAX_BITS),
        (i) => (bits[i] ? `${bits[i]} of 64 bits differ` : "same hash"),
        "None: the hash of every other picture differs in more bits.",
      ),
      strip(
        "Pictures with like colours",
        smallest(shared.map((each) => -each), item, (each) => each < 0),
        (i) => `${Math.round(100 * shared[i])} % shared`,
        "None.",
      ),
    );
  }
  const text = report.items.vector[item];
  if (text !== null) {
    const nearness = await report.nearness(text);
    const keys = Float32Array.from(report.items.vector, (each) => (each === null ? 1 : -nearness[each]));
    strips.push(
      strip(
        "Texts that mean alike",
        smallest(keys, item, (each) => each < 0),
        (i) => `similarity ${report.number(-keys[i], 2)}`,
        "None.",
      ),
    );
  }
  return strips;
};

/** A section of an open thumbnail: what is like it, found when the section is opened. */
report.alike = (item) => {
  const content = report.make("div", { role: "status" });
  const section = report.make(
    "details",
    { class: "alike" },
    report.make("summary", {}, "Thumbnails like this one"),
    content,
  );
  section.addEventListener(
    "toggle",
    async () => {
      content.textContent = "Comparing …";
      content.replaceChildren(...(await report.strips(item)));
    },
    { once: true },
  );
  return section;
};
