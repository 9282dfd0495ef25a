// Carries out the steps of one scenario in a browser; the last line it prints is what it found.
import { existsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { chromium as browsers } from "playwright-core";
import { barriers } from "./barriers.mjs";

const INSTALLED = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

async function executable() {
  const found = INSTALLED.find((path) => existsSync(path));
  if (found) return found;
  // Bare machines lack the libraries; told it runs there, the package unpacks its own.
  process.env.AWS_EXECUTION_ENV ??= "AWS_Lambda_nodejs20.x";
  const { default: packed } = await import("@sparticuz/chromium");
  const path = await packed.executablePath();
  process.env.FONTCONFIG_FILE = fonts(join(tmpdir(), "fonts"));
  return path;
}

// The package's own list of folders names /tmp, wherever it was unpacked: without a font it crashes.
function fonts(unpacked) {
  const list = join(unpacked, "ours.conf");
  const folders = [unpacked, "/usr/share/fonts"].map((path) => `<dir>${path}</dir>`).join("");
  const kept = `<cachedir>${join(unpacked, "cache")}</cachedir>`;
  writeFileSync(list, `<?xml version="1.0"?><fontconfig>${folders}${kept}</fontconfig>`);
  return list;
}

// A line this slow shows where a scenario runs ahead of its page.
const LATE_MS = Number(process.env.BROWSER_LATE_MS ?? 0);

const { scenario, base, token, now, shots, failed, ...told } = JSON.parse(process.argv[2]);
const ahead = now ? new Date(now) - Date.now() : 0;
const browser = await browsers.launch({
  executablePath: await executable(),
  // Painted without a graphics card, and without one played in software, which takes most of a core.
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
});

const cameras = new Map();

// What is worth a picture is worth a look at what bars the way there: by the picture's name.
const barred = {};

// A picture that nobody asked for is not taken: a long page is laid out and painted anew for it.
// On a busy machine the browser fails to take one now and then, whatever the page.
function handCamera(page) {
  const take = page.screenshot.bind(page);
  cameras.set(page, take);
  page.screenshot = async (picture) => {
    const found = await barriers(page);
    if (found.length) barred[`${new URL(page.url()).pathname} (${basename(picture.path)})`] = found;
    if (shots) await take(picture).catch(() => take(picture));
  };
  if (!shots) Object.getPrototypeOf(page.locator("html")).screenshot = async () => {};
}

// How every page looked when it went wrong.
async function pictureAll() {
  const open = [...cameras].filter(([page]) => !page.isClosed());
  await Promise.allSettled(open.map(([, take], nth) => take({ path: join(failed, `failed-${nth}.png`), timeout: 5_000 })));
}

// Timers keep their pace: only what day and time it is is told otherwise.
function tellTheTime(ahead) {
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...given) {
      super(...(given.length ? given : [Real.now() + ahead]));
    }
    static now() {
      return Real.now() + ahead;
    }
  };
  Object.defineProperty(performance, "timeOrigin", { value: performance.timeOrigin + ahead });
}

let signedIn = null;

// The link works once: later windows share the first one's session.
async function open({ width = 1280, height = 860, ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    storageState: signedIn ?? undefined,
    ...options,
  });
  if (LATE_MS) await context.route("**/*", (asked) => setTimeout(() => asked.continue(), LATE_MS));
  if (ahead) await context.addInitScript(tellTheTime, ahead);
  context.on("page", handCamera);
  const page = await context.newPage();
  const trouble = [];
  page.on("pageerror", (error) => trouble.push(error.message));
  page.on("console", (line) => line.type() === "error" && trouble.push(`${line.text()} ${line.location().url}`));
  page.setDefaultTimeout(45_000);
  if (signedIn) {
    await page.goto(`${base}/`);
  } else {
    await page.goto(`${base}/login?token=${token}`);
    await page.getByRole("button", { name: "Sign in" }).click();
  }
  await page.waitForSelector("#day");
  await page.waitForLoadState("load");
  signedIn ??= await context.storageState();
  return { page, trouble };
}

const tell = (found) => console.log(JSON.stringify({ found, barred }));

try {
  const { default: play } = await import(`./scenarios/${scenario}.mjs`);
  tell(await play({ open, shots, base, told }));
} catch (error) {
  await pictureAll();
  throw error;
} finally {
  await browser.close();
}
