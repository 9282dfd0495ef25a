// An open sheet of somebody who has read as much as one may says until when it is not renewed, and is renewed then.
import { writeFileSync } from "node:fs";

const LONG = 60_000;

export default async function play({ open, shots, base, told }) {
  const { page, trouble } = await open();
  const other = await page.context().newPage();
  await other.goto(page.url());
  const card = page.locator('#board .card:has(.who:text-is("Jun Unreal"))');
  // By somebody else, who has read nothing but this row.
  const row = `${base}/api/run-sheet/appointments/${await card.getAttribute("data-entry")}`;
  const headers = { Authorization: told.robin, "Content-Type": "application/json", "If-Match": "*" };
  const edit = async (value) => {
    const answer = await fetch(row, { method: "PATCH", headers, body: JSON.stringify({ patient_phone: value }) });
    if (!answer.ok) throw new Error(await answer.text());
  };
  const phoneOn = (one) => one.locator('#board .card:has(.who:text-is("Jun Unreal")) [data-edit="patient_phone"]');
  const phone = phoneOn(page);
  await edit("+61 491 570 006");
  // Both windows have read it: none does only once the hour has turned.
  for (const one of [page, other]) await phoneOn(one).filter({ hasText: "0491 570 006" }).waitFor();

  // Another day of UTC begins, shortly before the end of an hour in which enough of another day was read.
  writeFileSync(told.turn, "");
  const next = await page.evaluate(() => document.querySelector('[data-go="after"]').href);
  await other.evaluate((href) => fetch(href), next);
  const asked = [];
  page.on("request", (one) => one.url().includes("/sheet?") && asked.push(one.url()));
  await edit("+61 491 570 158");
  const word = page.locator("[data-not-live] p");
  await word.waitFor();
  const found = { word: await word.textContent() };
  found.role = await page.getByRole("status").filter({ hasText: "stays as it is until" }).count();
  await edit("+61 491 570 156");
  found.old = await phone.textContent();
  found.asked = asked.length;
  writeFileSync(told.over, "");
  await page.screenshot({ path: `${shots}/not-renewed.png` });
  await phone.filter({ hasText: "0491 570 156" }).waitFor({ timeout: LONG });
  await word.waitFor({ state: "detached" });
  found.trouble = trouble.filter((one) => !one.includes("429"));
  return found;
}
