// The table of practitioners: who gets a column, who shares one, who stays off the sheet.
import { finding } from "./finding.js";

export function mapping(form) {
  const table = form.querySelector("[data-mapping]");
  if (!table) return { choices: () => [], unnamed: () => null };
  const rows = [...table.querySelectorAll("[data-practitioner]")];
  finding(table, rows);

  function renew() {
    for (const row of rows) draw(row);
    const synced = rows.filter((row) => action(row) !== "skip").length;
    table.querySelector("[data-count]").textContent = `${synced} of ${rows.length} will be synced`;
  }

  table.addEventListener("change", renew);
  table.addEventListener("click", (event) => {
    const all = event.target.closest("[data-all]");
    if (!all) return;
    for (const row of rows.filter((one) => !one.hidden)) choice(row).value = all.dataset.all;
    renew();
    form.dispatchEvent(new Event("change"));
  });
  renew();
  return { choices: () => rows.map(chosen), unnamed: () => rows.find(lacksName), renew };
}

const choice = (row) => row.querySelector("[data-action]");
const column = (row) => row.querySelector("[data-column]");
const action = (row) => choice(row)?.value ?? "skip";
const lacksName = (row) => action(row) === "create" && !column(row).value.trim();

function draw(row) {
  const what = action(row);
  const suggested = row.querySelector("[data-suggested]");
  row.querySelector("[data-naming]").hidden = what !== "create";
  row.querySelector("[data-joined]").hidden = !what.startsWith("match:");
  row.querySelector("[data-left]").hidden = what !== "skip";
  if (suggested) suggested.hidden = suggested.dataset.suggested !== what;
  row.classList.toggle("off", what === "skip");
}

function chosen(row) {
  const [what, clinician] = action(row).split(":");
  const found = { pms_id: row.dataset.practitioner, action: what };
  if (what === "match") found.clinician_id = clinician;
  if (what === "create") found.name = column(row).value.trim();
  return found;
}
