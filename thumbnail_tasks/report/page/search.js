/* Search: all words of a query, in any order, whatever their case and accents. */
"use strict";
/* Accents, and the vowel signs of Hebrew and Arabic, which are often left out. Marks of other
 * scripts, such as the vowels of Hindi, are part of the word. */
report.ACCENTS = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c7\u064b-\u065f\u0670]/g;
report.LETTERS = { ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ı: "i", ς: "σ" };

/** A text as it is compared: lower case, without accents. */
report.fold = (text) => {
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  return text
    .normalize("NFKD")
    .replace(report.ACCENTS, "")
    .normalize("NFC")
    .toLowerCase()
    .replace(/[ßæœøłđðþıς]/g, (letter) => report.LETTERS[letter]);
};

/** A test whether a folded text has all words of a query; null without words. */
report.searcher = (query) => {
  const words = report
    .fold(query ?? "")
    .split(/\s+/)
    .filter(Boolean);
  return words.length ? (folded) => words.every((word) => folded.includes(word)) : null;
};
