// Fields to type values into: text everywhere, because a browser's own time and date fields follow
// its language and turn 25:00 into 02:50. Read here as strictly as by the server, in its words.
export const STATUSES = ["booked", "confirmed", "arrived", "in_progress", "completed", "cancelled", "no_show"];

const KINDS = {
  time: { mode: "numeric", example: "09:30", read: time },
  date: { mode: "numeric", example: "1980-02-03", read: date },
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
  const wall = /^([01]?\d|2[0-3])[:.]([0-5]\d)$/.exec(text);
  if (wall) return `${wall[1].padStart(2, "0")}:${wall[2]}`;
  // A night on which the clocks change needs the whole of it: 2026-04-05T02:30+10:00.
  if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text)) return text;
  throw new NotAValue("Write the time as HH:MM from 00:00 to 23:59, for example 09:30.");
}

function date(text) {
  const read = new Date(`${text}T00:00:00Z`);
  const isReal = /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(read.valueOf())
    && read.toISOString().startsWith(text);
  if (isReal) return text;
  throw new NotAValue("Write the date of birth as YYYY-MM-DD, for example 1980-02-03.");
}

function minutes(text) {
  if (/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= 1440) return String(Number(text));
  throw new NotAValue("The length is a number of minutes from 1 to 1440.");
}
