// On a phone the practices that are well are one line; whatever is wrong is in sight, also once it becomes so.
const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true };

export default async function play({ open, shots }) {
  const desk = await open();
  const shown = (page) => page.locator(".fresh").evaluateAll((all) => all.filter((one) => one.checkVisibility()).map((one) => one.dataset.name));
  const found = { wide: (await shown(desk.page)).length };

  const { page, trouble } = await open(PHONE);
  const button = page.locator("[data-show-well]");
  found.button = (await button.innerText()).trim();
  found.folded = await shown(page);
  await page.screenshot({ path: `${shots}/folded-phone.png` });
  await button.click();
  found.open = (await shown(page)).length;
  await page.screenshot({ path: `${shots}/unfolded-phone.png` });
  await page.evaluate(async () => (await import("/static/day.js")).renew());
  found.kept = (await shown(page)).length;
  await button.click();

  // A sync that went well is told without the whole day, unless there was something wrong with its practice.
  const days = [];
  page.on("request", (one) => one.url().includes("/sheet?") && days.push(one.url()));
  const ended = async (name, status) => {
    const connection_id = (await page.locator(".fresh", { hasText: name }).getAttribute("id")).slice(2);
    const told = page.waitForResponse((one) => one.url().endsWith("/api/run-sheet/sync"));
    await page.evaluate(async (detail) => (await import("/static/live.js")).hear("sync_ended", detail), { connection_id, status });
    await told;
  };
  await ended("Example Clinic", "success");
  found.light = days.length;
  for (const [name, status] of [["Example Clinic", "partial"], ["Third Rooms", "success"]]) {
    const asked = page.waitForResponse((one) => one.url().includes("/sheet?"));
    await ended(name, status);
    await asked;
  }
  found.whole = days.length;

  const first = (await page.locator(".fresh", { hasText: "Example Clinic" }).getAttribute("id")).slice(2);
  await page.route("**/api/run-sheet/sync", async (route) => {
    const told = await (await route.fetch()).json();
    Object.assign(told.sync.connections.find((one) => one.id === first), { status: "late", sentence: "Late by 2 h" });
    await route.fulfill({ json: told });
  });
  await page.evaluate(async () => (await import("/static/syncing.js")).look());
  found.late = await shown(page);
  return { ...found, trouble: [...trouble, ...desk.trouble] };
}
