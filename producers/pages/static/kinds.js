// The table of appointment types: which are telehealth, and which are synced at all.
import { finding } from "./finding.js";

export function kinds(form) {
  const table = form.querySelector("[data-types]");
  if (!table) return { choices: () => [], marked: () => 0 };
  const rows = [...table.querySelectorAll("[data-type]")];
  finding(table, rows);
  const marked = () => rows.filter((row) => telehealth(row).checked).length;
  const renew = () => {
    table.querySelector("[data-count]").textContent = `${marked()} of ${rows.length} marked as telehealth`;
  };
  table.addEventListener("change", renew);
  renew();
  return { choices: () => rows.map(chosen), marked, renew };
}

const telehealth = (row) => row.querySelector("[data-telehealth]");

function chosen(row) {
  const found = { type_id: row.dataset.type, is_telehealth: telehealth(row).checked };
  const synced = row.querySelector("[data-sync-type]");
  return synced ? { ...found, sync_enabled: synced.checked } : found;
}
