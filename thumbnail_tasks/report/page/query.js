/* The current selection as one line of SQL for DuckDB, over attributes.parquet. */
"use strict";
const quoted = (text) => `'${String(text).replaceAll("'", "''")}'`;
const column = (name) => `"${name.replaceAll('"', '""')}"`;

/** Of a thumbnail in several rows, a number is that of its first row; of views and the like, the largest. */
const LARGEST = new Set(["views", "likes", "trending"]);

/** How DuckDB reads the export: what to run first, the source, its extra columns, and a row's number. */
const reading = () => {
  if (!report.summary.is_dataset)
    return {
      before: "",
      source: "read_parquet('attributes.parquet', file_row_number = true)",
      extra: "file_row_number",
      row: "file_row_number",
    };
  const parts = "SELECT unnest(parts) AS p FROM read_json('attributes/_manifest.json')";
  return {
    before: `SET VARIABLE parts = (SELECT list('attributes/' || p.file) FROM (${parts})); `,
    source: "read_parquet(getvariable('parts'), filename = true, file_row_number = true)",
    extra: "filename, file_row_number",
    row: String.raw`(regexp_extract(filename, '(\d+)-[^/]*$', 1)::BIGINT + file_row_number)`,
  };
};

/** A condition on a number; its column may hold texts. */
const numberCondition = ({ column: name }, values) => {
  const number = `try_cast(${column(report.summary.names[name] ?? name)} AS DOUBLE)`;
  const value = LARGEST.has(name) ? `max(${number}) OVER item` : `first_value(${number}) OVER item`;
  const conditions = values.map((each) => {
    if (each === report.NONE) return `${value} IS NULL`;
    const range = report.range(each);
    if (!range) return null;
    const ends = [
      range[0] === -Infinity ? null : `${value} >= ${range[0]}`,
      range[1] === Infinity ? null : `${value} <= ${range[1]}`,
    ];
    return ends.filter(Boolean).join(" AND ");
  });
  return conditions.filter(Boolean);
};

/** The columns of categories that are columns of the export. */
const categoryColumns = () => ({
  status: "thumbnail_status",
  language: "thumbnail_text_language",
  script: "thumbnail_text_script",
  category: report.summary.names.category_id,
  channel: report.summary.names.channel_title,
});

const categoryCondition = ({ key }, values) => {
  if (key === "emotion")
    return values.map((each) => {
      const counts = each === report.NONE ? report.EMOTIONS : [each];
      const sums = counts.map((emotion) => `coalesce(${emotion}_count, 0)`).join(" + ");
      return `first_value(${sums}) OVER item ${each === report.NONE ? "= 0" : "> 0"}`;
    });
  const name = categoryColumns()[key];
  // Whole numbers as the page shows them: 3, also where the column has 3.0.
  const text = `nullif(regexp_replace(CAST(${column(name)} AS VARCHAR), '^(-?\\d+)\\.0$', '\\1'), '')`;
  const value = `first_value(${text}) OVER item`;
  return values.map((each) =>
    each === report.NONE ? `${value} IS NULL` : `${value} = ${quoted(each)}`,
  );
};

/** Whether all filters of a state can be said in the columns of the export. */
report.isInColumns = (state) =>
  Object.keys(report.filtersIn(state)).every((key) => {
    const attribute = report.fields.get(key);
    if (!attribute) return false;
    if (attribute.kind === "number") return attribute.column !== "lowest_word_confidence";
    const isUnknown = report.valuesIn(state, key).includes(report.NONE);
    // Which cells of the table say that there is no channel is a question of many words.
    if (["category", "channel"].includes(key) && isUnknown) return false;
    return key === "emotion" || Boolean(categoryColumns()[key]);
  });

/**
 * One line of SQL that gives the rows of the selected items, in the order of the table.
 * @param found the items, which are named where a filter is not about columns of the export
 */
report.query = async (state, found) => {
  const filters = report.filtersIn(state);
  const { before, source, extra, row } = reading();
  const key = `coalesce('id ' || thumbnail_id, 'row ' || ${row})`;
  const all = `${before}SELECT * EXCLUDE (${extra}) FROM ${source}`;
  if (!Object.keys(filters).length) return `${all} ORDER BY ${row};`;
  if (report.isInColumns(state)) {
    const conditions = Object.keys(filters).flatMap((name) => {
      const attribute = report.fields.get(name);
      const condition = attribute.kind === "number" ? numberCondition : categoryCondition;
      const any = condition(attribute, report.valuesIn(state, name));
      return any.length ? [`(${any.join(" OR ")})`] : [];
    });
    const rows = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING";
    const item = `(PARTITION BY ${key} ORDER BY ${row} ${rows})`;
    return `${all} WINDOW item AS ${item} QUALIFY ${conditions.join(" AND ") || "true"} ORDER BY ${row};`;
  }
  const keys = found.map(async (item) => {
    const id = report.items.id[item];
    return quoted(id === null ? `row ${(await report.detail(item)).row}` : `id ${id}`);
  });
  return `${all} WHERE ${key} IN (${(await Promise.all(keys)).join(", ") || "NULL"}) ORDER BY ${row};`;
};
