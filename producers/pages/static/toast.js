// Says one sentence for a while.
const place = document.querySelector("[data-toasts]");

export function say(sentence) {
  const line = document.createElement("p");
  line.textContent = sentence;
  place.append(line);
  setTimeout(() => line.remove(), 6000);
}
