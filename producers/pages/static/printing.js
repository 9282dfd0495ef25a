// Paper says when it was printed: "synced just now" is of that moment, and what came later is not on it.
const place = document.querySelector("[data-printed]");

function stamp() {
  const at = new Date();
  const day = at.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" });
  const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  place.textContent = `Printed on ${day} at ${time}`;
}

addEventListener("beforeprint", stamp);
