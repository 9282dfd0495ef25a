// Fields to type values into: text everywhere, because a browser's own time and date fields follow
// its language and turn 25:00 into 02:50. What people write is read here where it means one thing alone, and
// told to the server as it takes it; whatever else is refused in its words.
export const STATUSES = ["booked", "confirmed", "arrived", "in_progress", "completed", "cancelled", "no_show"];

const MONTHS = [
  "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
  "december",
];
const WRITTEN = [
  /^(?<year>\d{4})-?(?<month>\d{2})-?(?<day>\d{2})$/,
  /^(?<day>\d{1,2})[\s.-]*(?<word>[a-z]{3,9})[\s.,-]*(?<year>\d{4})$/i,
  /^(?<word>[a-z]{3,9})[\s.-]*(?<day>\d{1,2})[\s.,-]+(?<year>\d{4})$/i,
];
// Which of 03 and 02 is the month is told by the practice's country alone.
const DAY_FIRST = {
  written: [
    ...WRITTEN,
    /^(?<day>\d{1,2})[\s./-](?<month>\d{1,2})[\s./-](?<year>\d{4})$/,
    /^(?<day>\d{2})(?<month>\d{2})(?<year>\d{4})$/,
  ],
  how: "Write the date of birth as 3 Feb 1980 or, with the day first, 03/02/1980.",
};
const MONTH_FIRST = {
  written: [
    ...WRITTEN,
    /^(?<month>\d{1,2})[\s./-](?<day>\d{1,2})[\s./-](?<year>\d{4})$/,
    /^(?<month>\d{2})(?<day>\d{2})(?<year>\d{4})$/,
  ],
  how: "Write the date of birth as 3 Feb 1980 or, with the month first, 02/03/1980.",
};

// A phone's keys for numbers have no colon, stroke or letters: digits in a row are enough.
const KINDS = {
  time: { mode: "numeric", example: "09:30", read: time },
  date: { mode: "numeric", example: "3 Feb 1980", read: (text) => date(text, DAY_FIRST) },
  "date-month-first": { mode: "numeric", example: "3 Feb 1980", read: (text) => date(text, MONTH_FIRST) },
  minutes: { mode: "numeric", example: "30", read: minutes },
  tel: { mode: "tel", type: "tel" },
  email: { mode: "email" },
};

export class NotAValue extends Error {}

// The field for a value of that kind. No length is set: a browser cuts off what is pasted beyond it without a
// word, where the server refuses what is too long.
export function fieldFor(kind, { choices, present = "" } = {}) {
  if (choices || kind === "status") return choice(choices ?? STATUSES.map((one) => [one, words(one)]), present);
  const { mode, type = "text", example } = KINDS[kind] ?? {};
  const made = document.createElement(kind === "notes" ? "textarea" : "input");
  if (kind === "notes") made.rows = 4;
  else made.type = type;
  if (mode) made.inputMode = mode;
  if (example) made.placeholder = example;
  made.autocomplete = "off";
  made.spellcheck = kind === "notes";
  return made;
}

// What was typed, tidied, or null for nothing; a NotAValue says in one sentence what is wrong.
export function readValue(kind, typed) {
  const text = typed.trim();
  if (!text && kind !== "time" && kind !== "minutes") return null;
  return KINDS[kind]?.read?.(text) ?? text;
}

export function words(text) {
  const spaced = text.replaceAll("_", " ");
  return spaced[0].toUpperCase() + spaced.slice(1);
}

// What stands there now may be none of the choices: it stays shown, and cannot be chosen again.
function choice(choices, present) {
  const made = document.createElement("select");
  if (!choices.some(([value]) => value === present)) {
    const stays = new Option(present ? words(present) : "Choose…", present);
    stays.disabled = true;
    made.add(stays);
  }
  for (const [value, label] of choices) made.add(new Option(label, value));
  return made;
}

function time(text) {
  const told = /^(\d{1,2})(?:[:.]?([0-5]\d))?\s*(?:([ap])\.?m\.?)?$/i.exec(text);
  const hour = told && hourOf(Number(told[1]), told[3]?.toLowerCase());
  if (told && (told[2] || told[3]) && hour !== null) return `${padded(hour)}:${told[2] ?? "00"}`;
  // A night on which the clocks change needs the whole of it: 2026-04-05T02:30+10:00.
  if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text)) return text;
  throw new NotAValue("Write the time as HH:MM from 00:00 to 23:59, for example 09:30.");
}

// Of the day, or of its first or second half.
function hourOf(hour, half) {
  if (!half) return hour < 24 ? hour : null;
  if (hour < 1 || hour > 12) return null;
  return (hour % 12) + (half === "p" ? 12 : 0);
}

function date(text, { written, how }) {
  for (const way of written) {
    const found = way.exec(text);
    const told = found && isoOf(found.groups);
    if (told) return told;
  }
  throw new NotAValue(how);
}

// YYYY-MM-DD of a day that there is, or null.
function isoOf({ year, month, word, day }) {
  const number = word ? MONTHS.findIndex((one) => one.startsWith(word.toLowerCase())) + 1 : month;
  const text = `${year}-${padded(number)}-${padded(day)}`;
  const read = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(read.valueOf()) && read.toISOString().startsWith(text) ? text : null;
}

// As the page writes it.
export function dateInWords(text) {
  const [year, month, day] = text.split("-");
  const name = MONTHS[Number(month) - 1];
  return `${Number(day)} ${name[0].toUpperCase()}${name.slice(1, 3)} ${year}`;
}

const padded = (number) => String(number).padStart(2, "0");

function minutes(text) {
  if (/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= 1440) return String(Number(text));
  throw new NotAValue("The length is a number of minutes from 1 to 1440.");
}
