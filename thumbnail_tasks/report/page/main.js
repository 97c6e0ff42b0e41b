/* Show the view that the address names. */
"use strict";
/** Scroll a row so that one of its children is within; the page does not move. */
report.scrollSideways = (row, child) => {
  const [outer, inner] = [row, child].map((each) => each.getBoundingClientRect());
  row.scrollLeft += Math.min(0, inner.left - outer.left) + Math.max(0, inner.right - outer.right);
};

report.show = () => {
  const state = report.state();
  const view = Object.hasOwn(report.views, state.view ?? "") ? state.view : "overview";
  for (const name of Object.keys(report.views))
    document.getElementById(name).hidden = name !== view;
  for (const link of document.querySelectorAll("header nav a")) {
    if (link.dataset.view !== view) link.removeAttribute("aria-current");
    else {
      link.setAttribute("aria-current", "page");
      report.scrollSideways(link.parentElement, link);
    }
  }
  if (view !== "overview" && !report.n) return;
  const shown = report.views[view].show(state);
  report.notice(state);
  const dialog = document.getElementById("detail");
  const item = state.open && report.n ? report.itemOf(state.open) : -1;
  if (item >= 0) Promise.resolve(shown).then(() => report.open(item));
  else if (dialog.open) dialog.close();
};

report.theme = (wanted) => {
  const button = document.getElementById("theme");
  const isDark = wanted ? wanted === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  if (wanted) document.documentElement.dataset.theme = wanted;
  button.setAttribute("aria-pressed", String(isDark));
  for (const drawn of report.charts) drawn.redraw();
};

report.start = async () => {
  const saved = (() => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  })();
  report.theme(["dark", "light"].includes(saved) ? saved : null);
  document.getElementById("theme").addEventListener("click", (event) => {
    const wanted = event.currentTarget.getAttribute("aria-pressed") === "true" ? "light" : "dark";
    try {
      localStorage.setItem("theme", wanted);
    } catch {
      /* a page opened from a file may have no storage */
    }
    report.theme(wanted);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    report.theme(document.documentElement.dataset.theme),
  );
  const dialog = document.getElementById("detail");
  dialog.addEventListener("close", () => {
    if (report.state().open) report.go({ open: "" });
    const { item } = report.opened;
    const view = report.views[report.state().view];
    if (view?.focus) view.focus(item);
    else document.querySelector(`main > section:not([hidden]) [data-item="${item}"] .frame`)?.focus();
  });
  dialog.addEventListener("keydown", report.stepByKey);
  document.getElementById("skip").addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("main").focus();
  });
  report.summary = await report.load("summary");
  await report.loadNights();
  report.describeFields();
  report.about();
  window.addEventListener("hashchange", report.show);
  report.show();
  await report.loadItems(report.show);
  report.show();
  document.body.dataset.ready = "1";
};
report.start();
