/** Whether a text is a day of the calendar, as `2026-12-25` (RFC 3339 full-date). */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  // `2026-02-30` is taken for a day in March.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
