// The line at the present moment, on each practice's own clock.
import { shown, whenRenewed } from "./day.js";

const PER_MINUTE = 12 / 5;
const HEADINGS = 52;
const RAIL = 54;

export function local(timezone) {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: timezone, year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });
  const parts = Object.fromEntries(format.formatToParts(new Date()).map((p) => [p.type, p.value]));
  return { day: `${parts.year}-${parts.month}-${parts.day}`, minutes: 60 * parts.hour + Number(parts.minute) };
}

function draw() {
  const board = document.getElementById("board");
  if (!board) return;
  const first = 60 * Number(board.dataset.firstHour);
  const last = first + 60 * board.querySelectorAll("#rail li").length;
  for (const column of board.querySelectorAll(".column")) {
    const cards = column.querySelector(".cards");
    const { day, minutes } = local(column.dataset.timezone);
    let line = cards.querySelector(".now");
    if (day !== shown().dataset.day || minutes < first || minutes > last) {
      line?.remove();
      continue;
    }
    if (!line) {
      line = document.createElement("li");
      line.className = "now";
      line.setAttribute("aria-hidden", "true");
      cards.append(line);
    }
    line.style.setProperty("--at", `${(minutes - first) * PER_MINUTE}px`);
  }
}

// A row into the middle of what is shown; on a phone, where the page itself scrolls, only when asked.
export function bring(card, { onlyBoard = false } = {}) {
  const board = document.getElementById("board");
  if (getComputedStyle(board).overflowY !== "auto") {
    if (!onlyBoard) card.scrollIntoView({ block: "center" });
    return;
  }
  const [at, frame] = [card.getBoundingClientRect(), board.getBoundingClientRect()];
  if (at.top < frame.top + HEADINGS || at.bottom > frame.bottom) {
    board.scrollTop += at.top - frame.top - board.clientHeight / 3;
  }
  if (at.left < frame.left + RAIL || at.right > frame.right) {
    board.scrollLeft += at.left - frame.left - RAIL - 12;
  }
}

// Today begins at the present moment, any other day at its first appointment.
function begin() {
  const board = document.getElementById("board");
  if (!board) return;
  const line = board.querySelector(".now");
  if (line) {
    board.scrollTop = Math.max(0, parseFloat(line.style.getPropertyValue("--at")) - 160);
    return;
  }
  const all = [...board.querySelectorAll(".card")];
  const booked = all.filter((card) => !card.matches(".off, .block"));
  const tops = (booked.length ? booked : all).map((card) => card.offsetTop);
  board.scrollTop = Math.max(0, Math.min(...tops) - HEADINGS - 24);
}

whenRenewed(draw);
setInterval(draw, 30_000);
begin();
