/* Effect sizes of two selections, with 95 % intervals. */
"use strict";
const Z_95 = 1.959964;
/** With fewer thumbnails on a side, an interval is meaningless. */
report.MIN_COMPARED = 10;

/** The median of sorted numbers. */
report.median = (sorted) => {
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/**
 * For each of some sorted numbers, the share of others below it minus the share above it;
 * and the pairs that differ.
 */
const dominance = (sorted, others) => {
  let [below, upTo, nDifferent] = [0, 0, 0];
  const values = new Float64Array(sorted.length);
  sorted.forEach((value, i) => {
    while (below < others.length && others[below] < value) below += 1;
    upTo = Math.max(upTo, below);
    while (upTo < others.length && others[upTo] === value) upTo += 1;
    values[i] = (below - (others.length - upTo)) / others.length;
    nDifferent += below + others.length - upTo;
  });
  return { values, nDifferent };
};

/**
 * Cliff's delta of two samples: the probability that a number of the first is larger than one of the
 * second, minus the probability that it is smaller; from -1 to 1.
 *
 * The interval is that of Feng and Cliff (2004), "Monte Carlo evaluation of ordinal d with improved
 * confidence interval", with Cliff's (1996) unbiased variance. It is for independent samples.
 * @param xs sorted numbers, without NaN
 * @param ys the same
 */
report.cliffsDelta = (xs, ys) => {
  const [n, m] = [xs.length, ys.length];
  const [ofX, ofY] = [dominance(xs, ys), dominance(ys, xs)];
  const delta = ofX.values.reduce((sum, value) => sum + value, 0) / n;
  if (Math.min(n, m) < report.MIN_COMPARED) return { delta, low: null, high: null };
  const squares = (values, mean) => values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const ofPairs = ofX.nDifferent - n * m * delta ** 2;
  const variance = Math.max(
    (m ** 2 * squares(ofX.values, delta) + n ** 2 * squares(ofY.values, -delta) - ofPairs) /
      (n * m * (n - 1) * (m - 1)),
    (1 - delta ** 2) / (n * m - 1),
  );
  if (1 - Math.abs(delta) < 1e-12) {
    const least = Math.min(n, m);
    const near = (least - Z_95 ** 2) / (least + Z_95 ** 2);
    return delta > 0 ? { delta, low: near, high: 1 } : { delta, low: -1, high: -near };
  }
  const spread = Z_95 * Math.sqrt(variance) * Math.sqrt((1 - delta ** 2) ** 2 + Z_95 ** 2 * variance);
  const base = 1 - delta ** 2 + Z_95 ** 2 * variance;
  const [low, high] = [-spread, spread].map((each) => (delta - delta ** 3 + each) / base);
  return { delta, low, high };
};

/** Wilson's (1927) 95 % interval of a share. */
const wilson = (count, n) => {
  const share = count / n;
  const centre = (share + Z_95 ** 2 / (2 * n)) / (1 + Z_95 ** 2 / n);
  const spread =
    (Z_95 * Math.sqrt((share * (1 - share)) / n + Z_95 ** 2 / (4 * n ** 2))) / (1 + Z_95 ** 2 / n);
  return [centre - spread, centre + spread];
};

/**
 * The difference of two shares, with Newcombe's (1998) hybrid score interval (his method 10), for
 * independent samples.
 */
report.shareDifference = (count, n, otherCount, m) => {
  const [one, other] = [count / n, otherCount / m];
  const difference = one - other;
  if (Math.min(n, m) < report.MIN_COMPARED) return { difference, low: null, high: null };
  const [[low1, high1], [low2, high2]] = [wilson(count, n), wilson(otherCount, m)];
  return {
    difference,
    low: difference - Math.hypot(one - low1, high2 - other),
    high: difference + Math.hypot(high1 - one, other - low2),
  };
};

/** How far an interval is from 0; negative if it includes 0 or is unknown. */
report.distanceFromZero = ({ low, high }) => (low === null ? -1 : Math.max(low, -high));
