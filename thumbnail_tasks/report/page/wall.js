/* The wall: cards of any number of thumbnails, of which only those near the window exist. */
"use strict";
const GAP = 14;
/** Rows that exist above and below the window. */
const SPARE = 2;
/** Browsers limit the height of a page; more rows share this many pixels. */
const MAX_HEIGHT = 12_000_000;
/** The smallest width of a card, the height of its text, and the fewest columns. */
const SIZES = { small: [110, 0, 3], medium: [220, 118, 2], large: [340, 118, 1] };

report.wall = (list) => {
  let items = [];
  let size = "medium";
  let makeCard = (item) => report.card(item);
  let kind;
  const cards = new Map();
  const layout = { columns: 1, width: 0, height: 0, rowHeight: 1, total: 0, stretch: 1 };

  const measure = () => {
    const [least, text, fewest] = SIZES[size];
    const { clientWidth } = list;
    const columns = Math.max(fewest, Math.floor((clientWidth + GAP) / (least + GAP)));
    const width = (clientWidth - GAP * (columns - 1)) / columns;
    const height = Math.round((width * 9) / 16) + text;
    const total = Math.ceil(items.length / columns) * (height + GAP);
    const shown = Math.min(total, MAX_HEIGHT);
    const stretch = total > shown ? (total - innerHeight) / (shown - innerHeight) : 1;
    Object.assign(layout, { columns, width, height, total, stretch, rowHeight: height + GAP });
    list.style.height = `${shown}px`;
  };

  /** How much of the window the header covers. */
  const covered = () => {
    const header = document.querySelector("header");
    return getComputedStyle(header).position === "sticky" ? header.offsetHeight + GAP : 0;
  };

  /** Where the window begins: in the list, and among all rows. */
  const position = () => {
    const inList = Math.max(0, -list.getBoundingClientRect().top);
    if (layout.stretch === 1) return [inList, inList];
    return [inList, Math.min(inList * layout.stretch, layout.total - innerHeight)];
  };

  const place = (card, index, shift) => {
    const [row, column] = [Math.floor(index / layout.columns), index % layout.columns];
    const x = column * (layout.width + GAP);
    const isFromRight = getComputedStyle(list).direction === "rtl";
    card.style.transform = `translate(${isFromRight ? -x : x}px, ${row * layout.rowHeight + shift}px)`;
    card.style.width = `${layout.width}px`;
    card.style.height = `${layout.height}px`;
    card.setAttribute("aria-posinset", index + 1);
    card.setAttribute("aria-setsize", items.length);
  };

  /** Make the cards near the window, and remove the others; the focused one stays. */
  const draw = () => {
    if (!list.clientWidth) return;
    const [inList, start] = position();
    const row = Math.floor(start / layout.rowHeight);
    const from = Math.max(0, row - SPARE) * layout.columns;
    const rows = Math.ceil(innerHeight / layout.rowHeight) + 1 + 2 * SPARE;
    const to = Math.min(items.length, from + rows * layout.columns);
    const wanted = new Map();
    for (let index = from; index < to; index++) wanted.set(items[index], index);
    for (const [item, card] of cards)
      if (!wanted.has(item) && !card.contains(document.activeElement)) {
        card.remove();
        cards.delete(item);
      }
    let next = list.firstElementChild;
    for (const [item, index] of wanted) {
      if (!cards.has(item)) cards.set(item, makeCard(item));
      const card = cards.get(item);
      if (card === next) next = next.nextElementSibling;
      else list.insertBefore(card, next);
      place(card, index, inList - start);
    }
  };

  const indexOf = (card) => Number(card.getAttribute("aria-posinset")) - 1;

  /** Scroll so that a row is in the window. */
  const reveal = (index) => {
    const top = Math.floor(index / layout.columns) * layout.rowHeight;
    const listTop = list.getBoundingClientRect().top;
    const start = listTop > 0 ? -listTop : position()[1];
    const above = covered();
    const isAbove = top < start + above;
    if (!isAbove && top + layout.height <= start + innerHeight) return;
    const wanted = isAbove ? top - above : top + layout.rowHeight - innerHeight;
    scrollBy(0, listTop + wanted / layout.stretch);
    draw();
  };

  list.addEventListener("keydown", (event) => {
    const card = event.target.closest("li");
    const page = Math.max(1, Math.floor(innerHeight / layout.rowHeight) - 1) * layout.columns;
    const steps = {
      ...{ ArrowRight: 1, ArrowLeft: -1, ArrowDown: layout.columns, ArrowUp: -layout.columns },
      ...{ PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity },
    };
    if (!card || !Object.hasOwn(steps, event.key) || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    const index = Math.min(Math.max(indexOf(card) + steps[event.key], 0), items.length - 1);
    wall.focus(items[index]);
    draw();
  });

  let isWaiting = false;
  const drawSoon = () => {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => {
      isWaiting = false;
      draw();
    });
  };
  addEventListener("scroll", drawSoon, { passive: true });
  const resize = () => {
    const first = wall.first();
    const width = list.clientWidth;
    if (!width || width === layout.listWidth) return;
    const isNew = layout.listWidth === undefined;
    layout.listWidth = width;
    measure();
    if (!isNew && first !== undefined) wall.scrollTo(first);
    draw();
  };
  new ResizeObserver(resize).observe(list);
  addEventListener("resize", drawSoon);

  const wall = {
    /**
     * Show these items, in this order. `newKind` names what the cards show; existing cards are kept
     * while it stays the same.
     */
    show(newItems, newSize, newCard = makeCard, newKind) {
      if (newKind !== kind) {
        list.replaceChildren();
        cards.clear();
      }
      [items, makeCard, kind] = [newItems, newCard, newKind];
      size = Object.hasOwn(SIZES, newSize ?? "") ? newSize : "medium";
      list.classList.toggle("pictures-only", size === "small");
      measure();
      draw();
    },

    /** The first item in the window; undefined at the top. */
    first() {
      const [inList, start] = position();
      const row = Math.floor((start + covered()) / layout.rowHeight);
      return inList ? items[row * layout.columns] : undefined;
    },

    /** Focus the card of an item, wherever it is. */
    focus(item) {
      const index = items.indexOf(item);
      if (index < 0) return;
      reveal(index);
      cards.get(item)?.querySelector("button").focus({ preventScroll: true });
    },

    /** Scroll to an item; to the top of the page if there is no such item. */
    scrollTo(item) {
      const index = items.indexOf(item);
      const top = Math.floor(index / layout.columns) * layout.rowHeight;
      const listTop = list.getBoundingClientRect().top;
      scrollBy(0, index > 0 ? listTop - covered() + top / layout.stretch : -scrollY);
      draw();
    },
  };
  return wall;
};
