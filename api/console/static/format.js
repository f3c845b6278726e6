// Money, times and numbers as people read them. Money is a decimal string and never becomes a float.

/** "$0.0018" of "0.001834": at most four significant digits, cut half up; the string in full is for tooltips and tables. */
export function money(usd, digits = 4) {
  const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(usd ?? ""));
  if (!found) return "";
  const [, sign, whole, fraction = ""] = found;
  const scale = fraction.length;
  const units = BigInt(whole + fraction);
  const length = units === 0n ? 0 : units.toString().length;
  const drop = Math.max(0, Math.min(length - digits, scale - 2));
  const unit = 10n ** BigInt(drop);
  let text = ((units + unit / 2n) / unit).toString().padStart(scale - drop + 1, "0");
  const places = scale - drop;
  if (places > 0) text = `${text.slice(0, -places)}.${text.slice(-places).replace(/0+$/, "").padEnd(2, "0")}`;
  else text += ".00";
  const [big, small] = text.split(".");
  return `${sign}$${big.replace(/\B(?=(\d{3})+$)/g, ",")}.${small}`;
}

/** The sum of decimal strings, as one. */
export function sumMoney(amounts) {
  const parts = amounts.map((usd) => /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(usd))).filter(Boolean);
  const scale = Math.max(0, ...parts.map((part) => (part[3] || "").length));
  let total = 0n;
  for (const [, sign, whole, fraction = ""] of parts) {
    const units = BigInt(whole + fraction.padEnd(scale, "0"));
    total += sign ? -units : units;
  }
  const digits = (total < 0n ? -total : total).toString().padStart(scale + 1, "0");
  const text = scale ? `${digits.slice(0, -scale)}.${digits.slice(-scale)}` : digits;
  return total < 0n ? `-${text}` : text;
}

/** "0.3 s", "45 s", "2 min" of milliseconds. */
export function duration(ms) {
  if (ms === null || ms === undefined) return "";
  if (ms < 995) return `${(ms / 1000).toFixed(ms < 100 ? 2 : 1)} s`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

/** "1,234". */
export function number(value) {
  return new Intl.NumberFormat("en").format(value);
}

/** "2.1 MB" of bytes. */
export function bytes(size) {
  if (size < 1000) return `${size} bytes`;
  for (const [unit, scale] of [["kB", 1e3], ["MB", 1e6]]) if (size < scale * 1000) return `${(size / scale).toFixed(1)} ${unit}`;
  return `${(size / 1e9).toFixed(1)} GB`;
}

/** A `<time>` in the reader's zone, with UTC on hover. */
export function time(iso, style = { dateStyle: "medium", timeStyle: "short" }) {
  const element = document.createElement("time");
  element.dateTime = iso;
  element.title = utc(iso);
  element.textContent = new Intl.DateTimeFormat(undefined, style).format(new Date(iso));
  return element;
}

/** "2026-11-28 03:26:29 UTC". */
export function utc(iso) {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? String(iso) : `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** "Today", "Yesterday", "Last 7 days" or a month: where a list breaks. */
export function dayWords(iso, now = new Date()) {
  const date = new Date(iso);
  const days = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days < 7) return "Last 7 days";
  return new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric" }).format(date);
}

/** "5 minutes ago" of seconds. */
export function age(seconds) {
  const units = [["day", 86_400], ["hour", 3_600], ["minute", 60]];
  for (const [unit, size] of units) if (seconds >= size) return plural(Math.floor(seconds / size), unit) + " ago";
  return "moments ago";
}

/** "1 document", "3 documents". */
export function plural(count, word) {
  return `${number(count)} ${word}${count === 1 ? "" : "s"}`;
}
