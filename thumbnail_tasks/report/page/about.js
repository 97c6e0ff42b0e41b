/* What the report was made from, at the top of every view. */
"use strict";
/** Luigi's tasks, in words. */
report.STAGES = {
  DownloadThumbnails: "pictures",
  RecognizeText: "text",
  CorrectText: "spelling",
  EmbedText: "vectors of texts",
  DetectFaces: "faces",
  ClassifyEmotions: "emotions",
  MeasureAppearance: "colours and edges",
  DetectObjects: "objects",
};

report.about = () => {
  const { make, number } = report;
  const { about, n_rows: rows, n_thumbnails: thumbnails } = report.summary;
  const { videos, sample, version, exported_at: exportedAt, ...engines } = about;
  const facts = [
    make("bdi", {}, videos),
    `${number(rows)} row${rows === 1 ? "" : "s"}`,
    `${number(thumbnails)} thumbnail${thumbnails === 1 ? "" : "s"}`,
    sample ? `a random sample: ${sample}` : null,
    exportedAt
      ? make("time", { datetime: exportedAt }, `exported ${report.day(exportedAt)}`)
      : null,
    version ? `thumbnail-tasks ${version}` : null,
  ];
  const list = make(
    "dl",
    {},
    Object.entries(engines).flatMap(([task, tag]) => [
      make("dt", {}, Object.hasOwn(report.STAGES, task) ? report.STAGES[task] : task),
      make("dd", {}, tag),
    ]),
  );
  document.getElementById("made").replaceChildren(
    make(
      "ul",
      {},
      facts.filter(Boolean).map((fact) => make("li", {}, fact)),
    ),
    list.childElementCount
      ? make("details", {}, make("summary", {}, "Engines and their settings"), list)
      : "",
  );
};

/** A time as day and hour, in UTC, in which all times of this package are. */
report.day = (time) =>
  `${new Date(time).toLocaleString("en-GB", {
    timeZone: "UTC",
    dateStyle: "long",
    timeStyle: "short",
  })} UTC`;
