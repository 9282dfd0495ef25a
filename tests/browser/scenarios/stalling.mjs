// A line that stays open while nothing comes, and one that ends: the sheet says so, tries again, and misses nothing.
import net from "node:net";

// Some tries may have failed by then, and each waits longer than the one before.
const LONG = 40_000;

function lineTo(address) {
  const { hostname, port } = new URL(address);
  const open = new Set();
  let isStalled = false;
  let isShut = false;
  const server = net.createServer((near) => {
    if (isShut) {
      near.destroy();
      return;
    }
    const far = net.connect({ host: hostname, port: Number(port) });
    // What was open when it stalled stays dead for good, as behind a router that has forgotten it.
    const pair = { near, far, isDead: isStalled };
    open.add(pair);
    near.on("data", (data) => pair.isDead || far.write(data));
    far.on("data", (data) => pair.isDead || near.write(data));
    for (const one of [near, far]) {
      one.on("error", () => {});
      one.on("close", () => {
        if (pair.isDead && one === far) return;
        open.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
  });
  return {
    listen: () => new Promise((then) => { server.listen(0, "127.0.0.1", () => then(server.address().port)); }),
    stall: () => {
      isStalled = true;
      for (const pair of open) pair.isDead = true;
    },
    shut: () => {
      isShut = true;
      for (const { near, far } of open) {
        near.destroy();
        far.destroy();
      }
    },
    mend: () => { [isStalled, isShut] = [false, false]; },
    end: () => {
      for (const { near, far } of open) {
        near.destroy();
        far.destroy();
      }
      server.close();
    },
  };
}

export default async function play({ open, base, shots }) {
  const { page: direct, trouble } = await open();
  const line = lineTo(base);
  const port = await line.listen();
  const page = await direct.context().newPage();
  page.setDefaultTimeout(20_000);
  const found = { words: [] };
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.locator("#board").waitFor();
  await page.evaluate(() => { window.isTheSame = true; });
  const word = page.locator("[data-not-live] p");
  const phone = page.locator('#board .card:has(.who:text-is("Jun Unreal")) [data-edit="patient_phone"]');
  const edit = (value) => direct.evaluate(async (given) => {
    const { exchange } = await import("/static/api.js");
    const card = [...document.querySelectorAll("#board .card")].find((one) => one.textContent.includes("Jun Unreal"));
    const { version } = await exchange("GET", `/api/run-sheet/appointments/${card.dataset.entry}`);
    await exchange("PATCH", `/api/run-sheet/appointments/${card.dataset.entry}`, { body: { patient_phone: given }, version });
  }, value);

  await edit("+61 491 570 006");
  await phone.filter({ hasText: "0491 570 006" }).waitFor();
  for (const [trial, number] of [["stall", "0491 570 158"], ["shut", "0491 570 156"]]) {
    line[trial]();
    await word.waitFor();
    found.words.push(await word.textContent());
    await page.screenshot({ path: `${shots}/not-live-${trial}.png` });
    await edit(`+61 ${number.slice(1)}`);
    found.role = await page.getByRole("status").filter({ hasText: "Not live since" }).count();
    if (trial === "shut") {
      await page.locator("[data-go=after]").click();
      found.stays = await page.locator("[data-toasts] p").textContent();
    }
    line.mend();
    await word.waitFor({ state: "detached", timeout: LONG });
    await phone.filter({ hasText: number }).waitFor();
  }
  found.same = await page.evaluate(() => window.isTheSame);
  found.trouble = trouble;
  await page.close();
  line.end();
  return found;
}
