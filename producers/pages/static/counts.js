// What waits on other pages, as the part that was renewed tells it, in the navigation.
export function showCounts(within = document) {
  for (const told of within.querySelectorAll("[data-waits]")) {
    const badge = document.querySelector(`.top [data-count="${told.dataset.waits}"]`);
    if (!badge) continue;
    badge.textContent = told.value;
    badge.hidden = told.value === "0";
  }
}
