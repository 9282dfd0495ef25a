// Paper says when it was printed: "synced just now" is of that moment, and what came later is not on it. Nor is
// what was filtered out, which nobody could tell from the paper.
const place = document.querySelector("[data-printed]");

function stamp() {
  const at = new Date();
  const day = at.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" });
  const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  place.textContent = `Printed on ${day} at ${time}${left()}`;
}

function left() {
  const all = document.querySelectorAll("#board .card").length;
  const out = document.querySelectorAll("#board .card[hidden], #board .column[hidden] .card:not([hidden])").length;
  return out ? `. Only ${all - out} of the ${all} appointments: the others were filtered out` : "";
}

addEventListener("beforeprint", stamp);
