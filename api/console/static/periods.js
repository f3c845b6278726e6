// Stretches of time by name, in UTC as the books are kept, and the stretch before each to compare with.

const DAY = 86_400_000;
export const PERIODS = [
  ["today", "Today"], ["yesterday", "Yesterday"], ["week", "Last 7 days"], ["days30", "Last 30 days"],
  ["month", "This month"], ["last_month", "Last month"], ["year", "This year"], ["custom", "From … to …"],
];

const day = (date) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
const month = (date, plus = 0) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + plus, 1);

/** { from, to, before: { from, to }, interval } of a period, all RFC 3339. A period that still runs is compared with as
 * much of the one before. `custom` takes two days, both of them in it. */
export function periodOf(name, { from = "", to = "" } = {}, now = new Date()) {
  const today = day(now);
  const whole = {
    today: [today, today + DAY, today - DAY], yesterday: [today - DAY, today, today - 2 * DAY],
    week: [today - 6 * DAY, today + DAY, today - 13 * DAY], days30: [today - 29 * DAY, today + DAY, today - 59 * DAY],
    month: [month(now), month(now, 1), month(now, -1)], last_month: [month(now, -1), month(now), month(now, -2)],
    year: [Date.UTC(now.getUTCFullYear(), 0, 1), Date.UTC(now.getUTCFullYear() + 1, 0, 1), Date.UTC(now.getUTCFullYear() - 1, 0, 1)],
  };
  if (name === "custom") {
    const begin = Date.parse(`${from}T00:00:00Z`), end = Date.parse(`${to}T00:00:00Z`) + DAY;
    if (Number.isNaN(begin) || Number.isNaN(end) || end <= begin) return periodOf("month", {}, now);
    whole.custom = [begin, end, 2 * begin - end];
  }
  const [begin, end, earlier] = whole[name] || whole.month;
  const until = Math.min(end, Math.max(now.getTime(), begin));
  const iso = (ms) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
  return {
    from: iso(begin), to: iso(end), interval: end - begin <= 2 * DAY ? "hour" : "day",
    before: { from: iso(earlier), to: iso(Math.min(begin, earlier + until - begin)) },
    elapsed: until - begin, length: end - begin,
  };
}

/** "1 – 28 Nov 2026 UTC" of two moments, the second of which is not in it any more. */
export function stretchWords(from, to) {
  const show = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  return `${show.formatRange(new Date(from), new Date(Date.parse(to) - 1))} UTC`;
}
