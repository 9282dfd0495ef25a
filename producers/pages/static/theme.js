// Before anything is painted: the theme somebody chose here, else the system's.
const chosenTheme = localStorage.getItem("theme");
if (chosenTheme === "light" || chosenTheme === "dark") {
  document.documentElement.dataset.theme = chosenTheme;
}
document.documentElement.classList.add("scripted");
