// A day nobody has read says so, asks for itself once, and again when told to.
export default async function play({ open, shots }) {
  const { page, trouble } = await open();
  const asked = [];
  page.on("request", (request) => request.method() === "POST" && asked.push(request.postDataJSON()));
  const line = page.locator("[data-progress-text]");

  await page.locator('[data-go="after"]').click();
  await page.waitForURL("**/?date=*");
  await line.filter({ hasText: "no sync worker" }).waitFor();
  const told = await page.locator("#unread h2").textContent();
  const reading = await line.textContent();
  const fresh = await page.locator(".fresh .read").allTextContents();
  await page.screenshot({ path: `${shots}/unread-day.png` });
  const first = asked.length;

  await page.reload();
  await page.locator("#unread").waitFor();
  const reloaded = asked.length;
  const again = page.waitForResponse((answer) => answer.request().method() === "POST");
  await page.locator("[data-read-day]").click();
  const status = (await again).status();
  return { told, reading, fresh, first, reloaded, status, bodies: asked, trouble };
}
