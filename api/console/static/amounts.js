// Reckoning with money without floats: decimal strings as whole numbers of their smallest part.

/** [units, scale] of a decimal string: 0.0018 is [18n, 4]. */
export function unitsOf(usd) {
  const [whole, fraction = ""] = String(usd ?? "0").split(".");
  return [BigInt(whole + fraction), fraction.length];
}

/** How many thousandths of `all` one amount is; null when there is nothing to be a part of. */
export function perMille(part, all) {
  const [a, as] = unitsOf(part), [b, bs] = unitsOf(all);
  const scale = Math.max(as, bs), one = a * 10n ** BigInt(scale - as), whole = b * 10n ** BigInt(scale - bs);
  return whole === 0n ? null : Number((one * 1000n + whole / 2n) / whole);
}

/** An amount times a fraction of whole numbers, as a decimal string: what it comes to at this pace. */
export function times(usd, numerator, denominator) {
  const [units, scale] = unitsOf(usd);
  if (denominator <= 0) return String(usd);
  const digits = (units * BigInt(Math.round(numerator)) / BigInt(Math.round(denominator))).toString().padStart(scale + 1, "0");
  return scale ? `${digits.slice(0, -scale)}.${digits.slice(-scale)}` : digits;
}

/** Orders decimal strings, the largest first. */
export function byAmount(one, other) {
  const [a, as] = unitsOf(one), [b, bs] = unitsOf(other);
  const left = a * 10n ** BigInt(Math.max(0, bs - as)), right = b * 10n ** BigInt(Math.max(0, as - bs));
  return left < right ? 1 : left > right ? -1 : 0;
}

/** { kind: "more" | "less" | "same" | "new", words }: how a count or an amount changed against the time before. */
export function changeOf(now, before) {
  if (now === null || now === undefined || before === null || before === undefined) return null;
  const share = perMille(now, before);
  if (share === null) return unitsOf(now)[0] === 0n ? { kind: "same", words: "as before" } : { kind: "new", words: "none before" };
  if (share === 1000) return { kind: "same", words: "as before" };
  const change = Math.abs(share - 1000) / 10;
  const shown = share >= 10_000 ? `${Math.round(share / 1000)} times` : `${change < 10 ? change.toFixed(1) : Math.round(change)} %`;
  const more = share > 1000;
  return { kind: more ? "more" : "less", words: share >= 10_000 ? `${shown} as much` : `${shown} ${more ? "more" : "less"}` };
}
