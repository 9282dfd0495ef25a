// A status set on the sheet reaches AdvancedMD; one set there is pulled and shows on the sheet, live.
const UNTIL = 30_000;

export default async function play({ open, shots, base, told }) {
  const sheet = await open();
  const { page } = sheet;
  const found = {};
  const card = (name) => page.locator(`.card[data-entry="${name}"]`);
  const state = (entry, wanted) => card(entry).locator(`[data-push-state="${wanted}"]`).waitFor({ state: "attached", timeout: UNTIL });

  // Out: the person's edit is on its way at once, and then the PMS has it.
  await card(told.ours).locator(".who").click();
  await page.locator("#push").waitFor();
  await page.locator('.details [data-edit="status"]').click();
  await page.locator("[data-editor] select").selectOption("arrived");
  const began = Date.now();
  await page.keyboard.press("Enter");
  await page.locator("#push .step-what, #push summary").first().waitFor({ timeout: UNTIL });
  await page.locator('#push[data-push-state="synced"]').waitFor({ timeout: UNTIL });
  found.pushed = Date.now() - began;
  await page.locator("#push summary").click();
  found.history = await page.locator("#push .step-what strong").first().textContent();
  found.deepLink = await page.locator("#push a.button").getAttribute("href");
  await page.screenshot({ path: `${shots}/both-ways-card.png` });
  await page.keyboard.press("Escape");
  await state(told.ours, "synced");
  found.there = (await truth(told, told.oursThere)).statuscode;

  // In: somebody at the practice sets another row; this window hears of it without being touched.
  await control(told, `statuscodes/${told.theirsThere}`, { statuscode: 2 });
  const board = await open();
  await board.page.goto(`${base}/advancedmd`);
  await board.page.locator("#two-way").waitFor();
  found.wait = await board.page.locator("#wait-pull").textContent();
  await board.page.getByRole("button", { name: "Pull updates from AdvancedMD" }).click();
  const said = board.page.locator("[data-said]").filter({ hasText: /updated/ });
  await said.waitFor({ timeout: UNTIL });
  found.said = await said.textContent();
  await card(told.theirs).locator(".chip", { hasText: "In progress" }).waitFor({ state: "attached", timeout: UNTIL });
  found.shown = await card(told.theirs).locator(".chip").textContent();
  await board.page.locator("#lines tr").first().waitFor();
  found.lines = await board.page.locator("#lines .what").allInnerTexts();
  await board.page.screenshot({ path: `${shots}/both-ways-board.png`, fullPage: true });

  await board.page.getByRole("button", { name: "Sync today's appointments" }).click();
  const sent = board.page.locator("[data-said]").filter({ hasText: /sent|Nothing/ });
  await sent.waitFor({ timeout: UNTIL });
  found.sent = await sent.textContent();
  return { ...found, trouble: [...sheet.trouble, ...board.trouble] };
}

async function control({ vendor }, path, body) {
  const answer = await fetch(`${vendor}/_sim/${path}`, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
}

async function truth({ vendor }, id) {
  const { appointments } = await (await fetch(`${vendor}/_sim/truth`)).json();
  return appointments.find((one) => one.id === id);
}
