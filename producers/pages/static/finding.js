// A field above a table that leaves only the rows it matches.
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

export function finding(table, rows) {
  const field = table.querySelector("[data-find]");
  const none = table.querySelector("[data-none-found]");
  field.addEventListener("input", () => {
    const wanted = plain(field.value.trim());
    for (const row of rows) row.hidden = !plain(row.querySelector("th").textContent).includes(wanted);
    none.hidden = rows.some((row) => !row.hidden);
  });
  // Enter in it finds; it does not send the form it stands in.
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
}
