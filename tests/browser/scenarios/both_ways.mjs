// A status set on the sheet reaches AdvancedMD; one set there is pulled and shows on the sheet, live.
// On weekdays in office hours AdvancedMD allows one call a minute for what is pulled.
const UNTIL = 75_000;

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
  // New: a visit typed here is theirs to take once a person has said which patient it is for.
  await add(page, "10:00", told.free, told.patient);
  const added = page.locator(".card").filter({ has: page.locator('[data-push-state="unsent"]') });
  await added.waitFor({ timeout: UNTIL });
  found.warned = await added.locator("[data-push-state]").getAttribute("title");
  await added.locator(".who").click();
  await page.locator("#push").getByRole("button", { name: "Create visit" }).click();
  const choose = page.getByRole("button", { name: "Choose the patient" });
  await choose.waitFor({ timeout: UNTIL });
  found.asked = await page.locator("#push .push-alert").first().textContent();
  await choose.click();
  await page.locator(`.who-list [value="${told.patientThere}"]`).check();
  await page.screenshot({ path: `${shots}/both-ways-linking.png` });
  await page.locator("[data-linking-yes]").click();
  await page.locator('#push-patient[data-link-state="linked"]').waitFor({ timeout: UNTIL });
  found.linked = await page.locator("#push-patient code").textContent();
  await page.locator("#patient-past summary").click();
  found.past = await page.locator("#patient-past .step-what strong").allTextContents();

  // What waited for the patient goes out by itself: the visit has a number, and the practice has the visit.
  await page.locator('#push[data-push-state="synced"] dd code').waitFor({ timeout: UNTIL });
  found.visit = await page.locator("#push dd code").textContent();
  found.visitThere = await truth(told, found.visit);
  await page.screenshot({ path: `${shots}/both-ways-created.png` });
  await page.locator("#push").getByRole("button", { name: "Re-sync" }).click();
  await toast(page, "Done.");
  await page.keyboard.press("Escape");
  found.cards = await page.locator(".card .who", { hasText: told.patient }).count();

  // A practice that sends by hand: what was changed waits, and the range takes it along.
  await board.page.goto(`${base}/connections/${told.connection}`);
  const both = board.page.locator("#both-ways");
  await both.getByLabel("Send changes by themselves").uncheck();
  await both.getByRole("button", { name: "Save" }).click();
  await both.getByText("Saved.").waitFor();
  await card(told.later).locator(".who").click();
  await page.locator("#push").waitFor();
  await page.locator('.details [data-edit="status"]').click();
  await page.locator("[data-editor] select").selectOption("no_show");
  await page.keyboard.press("Enter");
  await page.locator(".details .chip", { hasText: "No show" }).waitFor({ timeout: UNTIL });
  await page.keyboard.press("Escape");
  await page.locator("[data-send]").click();
  await page.locator("[data-sending-wait]", { hasText: /1 row waits/ }).waitFor({ timeout: UNTIL });
  await page.locator("[data-sending]").getByRole("button", { name: "Send", exact: true }).click();
  const range = page.locator("[data-sending-said]").filter({ hasText: /\d sent/ });
  await range.waitFor({ timeout: UNTIL });
  found.range = await range.textContent();
  await page.screenshot({ path: `${shots}/both-ways-range.png` });
  found.laterThere = (await truth(told, told.laterThere)).statuscode;
  await page.locator("[data-sending-close]").click();

  // Somebody nobody there knows: looked for again with everybody else.
  await add(page, "11:00", told.free, "Zebulon Nowhere");
  const stranger = page.locator(".card").filter({ hasText: "Zebulon Nowhere" });
  await stranger.locator(".who").click();
  await page.locator("#push").getByRole("button", { name: "Create visit" }).click();
  await page.locator("#push .push-alert", { hasText: "No patient there has that name" }).waitFor({ timeout: UNTIL });
  found.stranger = await page.locator("#push .push-alert").textContent();
  await board.page.goto(`${base}/advancedmd`);
  await board.page.locator("#two-way").waitFor();
  await board.page.getByRole("button", { name: "Sync all patients" }).click();
  const looked = board.page.locator("[data-said]").filter({ hasText: /looked up/ });
  await looked.waitFor({ timeout: UNTIL });
  found.looked = await looked.textContent();
  await board.page.screenshot({ path: `${shots}/both-ways-after.png`, fullPage: true });
  return { ...found, trouble: [...sheet.trouble, ...board.trouble] };
}

async function add(page, time, free, patient) {
  await page.locator("[data-add]").click();
  const form = page.locator("[data-adding-form]");
  await form.locator("[name=time]").fill(time);
  await form.locator("[name=clinician_id]").selectOption({ label: await idle(form, free) });
  await form.locator("[name=patient_name]").fill(patient);
  await form.getByRole("button", { name: "Add", exact: true }).click();
}

const toast = (page, words) => page.locator("[data-toasts] p", { hasText: words }).waitFor({ timeout: UNTIL });

// The column that nobody is booked in, as the form names it.
async function idle(form, name) {
  const labels = await form.locator("[name=clinician_id] option").allTextContents();
  return labels.find((one) => one.toUpperCase().includes(name.toUpperCase())) ?? labels.at(-1);
}

async function control({ vendor }, path, body) {
  const answer = await fetch(`${vendor}/_sim/${path}`, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
}

async function truth({ vendor }, id) {
  const { appointments } = await (await fetch(`${vendor}/_sim/truth`)).json();
  return appointments.find((one) => one.id === id);
}
