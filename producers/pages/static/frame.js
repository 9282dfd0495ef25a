// What every page has: the theme switch, the way to the present entry, and an end when signed out.
import "./focus.js";
import "./going.js";
import "./holding.js";
import "./leaving.js";

const root = document.documentElement;

function isDark() {
  const chosen = root.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

document.querySelector("[data-theme-toggle]")?.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
});

// On a narrow screen the pages scroll: the present one is seen, and no name is cut without a sign.
const pages = document.querySelector(".top nav");
const here = pages?.querySelector("[aria-current]");
const shown = here?.previousElementSibling ?? here;
const mark = () => { pages.dataset.scrolled = pages.scrollLeft > 0; };
pages?.addEventListener("scroll", mark, { passive: true });
if (shown) pages.scrollLeft = shown.offsetLeft - pages.offsetLeft;
