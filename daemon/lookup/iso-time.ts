const DAY = 86_400_000;

/** Days as ISO 8601 has them, "2026-11-21T": every build in sight was completed, and looked at, on one of some thousand. */
const DAYS = new Map<number, string>();
const MAX_DAYS = 10_000;

const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));

/**
 * As toISOString, which takes a microsecond, four times as long, and each answer has two times or more. Null for what is
 * no time at all: content generators write their own into Koji.
 */
export function isoTime(milliseconds: number): string | null {
  const date = new Date(milliseconds);
  const time = date.getTime();
  if (Number.isNaN(time)) return null;
  const day = Math.floor(time / DAY);
  const inDay = time - day * DAY;
  const seconds = Math.floor(inDay / 1000);
  const [hour, minute, second] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const ofMinute = `${TWO_DIGITS[second] ?? ''}.${String(inDay % 1000).padStart(3, '0')}Z`;
  return `${dayOf(date, day)}${TWO_DIGITS[hour] ?? ''}:${TWO_DIGITS[minute] ?? ''}:${ofMinute}`;
}

function dayOf(date: Date, day: number): string {
  const known = DAYS.get(day);
  if (known !== undefined) return known;
  const iso = date.toISOString();
  const text = iso.slice(0, iso.indexOf('T') + 1);
  if (DAYS.size >= MAX_DAYS) DAYS.clear();
  DAYS.set(day, text);
  return text;
}
