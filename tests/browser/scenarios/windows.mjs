// Eight windows of one browser: each is usable, and hears of everything once, through one stream.
const MANY = 8;
const SOON = 5000;

export default async function play({ open, base, shots }) {
  const { page: first, trouble } = await open();
  const context = first.context();
  const pages = [first];
  const found = {};
  while (pages.length < MANY) {
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    pages.push(page);
    await page.goto(`${base}/`);
    await page.locator("#board").waitFor();
  }

  // What each window is told, beside what its own scripts make of it.
  const hear = (page) => page.evaluate(async () => {
    const { listen } = await import("/static/events.js");
    window.heard = [];
    await new Promise((then) => {
      listen((kind, detail) => (kind === "open" ? then() : window.heard.push([kind, detail?.seq])));
    });
  });
  await Promise.all(pages.map(hear));

  const asks = (page) => page.evaluate(async (limit) => {
    const answer = await fetch("/api/run-sheet/sync", { signal: AbortSignal.timeout(limit) });
    return answer.status;
  }, SOON);
  found.usable = await Promise.all(pages.map(asks));
  const told = await (await fetch(`${base}/metrics`)).text();
  found.streams = told.match(/^pms_sync_event_streams.* ([\d.]+)$/m)?.[1];

  const phone = (page) => page.locator('#board .card:has(.who:text-is("Jun Unreal")) [data-edit="patient_phone"]');
  const edit = (page, value) => page.evaluate(async (given) => {
    const { exchange } = await import("/static/api.js");
    const card = [...document.querySelectorAll("#board .card")].find((one) => one.textContent.includes("Jun Unreal"));
    const { version } = await exchange("GET", `/api/run-sheet/appointments/${card.dataset.entry}`);
    await exchange("PATCH", `/api/run-sheet/appointments/${card.dataset.entry}`, { body: { patient_phone: given }, version });
  }, value);
  const seen = (all, value) => Promise.all(all.map((page) => phone(page).filter({ hasText: value }).waitFor()));
  await edit(first, "+61 491 570 006");
  await seen(pages, "0491 570 006");

  // Whichever window is closed, the others go on.
  await first.close();
  const left = pages.slice(1);
  await edit(left[0], "+61 491 570 158");
  await seen(left, "0491 570 158");
  found.heard = await Promise.all(left.map((page) => page.evaluate(() => window.heard)));

  // A window that opens later begins where it was read; without shared workers it has a stream of its own.
  const alone = await context.newPage();
  await alone.addInitScript(() => { delete window.SharedWorker; });
  await alone.goto(`${base}/`);
  await hear(alone);
  const late = await context.newPage();
  await late.goto(`${base}/`);
  await hear(late);
  await edit(left[0], "+61 491 570 156");
  await seen([...left, alone, late], "0491 570 156");
  found.late = await Promise.all([alone, late].map((page) => page.evaluate(() => window.heard.length)));
  await late.screenshot({ path: `${shots}/windows.png` });

  await late.getByRole("button", { name: "Sign out" }).click();
  await late.waitForURL("**/login");
  const ended = [...left, alone];
  await Promise.all(ended.map((page) => page.locator("h1").filter({ hasText: "Signed out" }).waitFor()));
  found.ended = ended.length;
  found.trouble = trouble;
  return found;
}
