/**
 * Brings the browsers of the tests to this machine, and says nothing where they are there already.
 * Chromium must be there in the end; without Firefox its tests are skipped.
 */
import { findChromium, findFirefox, UNPACKED_CHROMIUM } from "./find_browser.ts";
import { unpackChromium } from "./unpack_chromium.ts";

const missing = [
  ...await findChromium() ? [] : ["chromium"],
  ...await findFirefox() ? [] : ["firefox-esr"],
];
if (missing.length > 0 && Deno.uid() === 0) await installPackages(missing);

if (!await findChromium()) {
  console.log("Unpacking a Chromium from npm (70 MB)");
  await unpackChromium(UNPACKED_CHROMIUM).catch((error) => {
    console.error(`npm gave no Chromium: ${error.message}`);
  });
}
if (!await findFirefox()) {
  console.log(
    "Firefox is not here, so its tests are skipped. Install firefox-esr, or name one in $FIREFOX.",
  );
}
if (!await findChromium()) {
  console.error(
    "The browser tests need Chromium. Install Debian's package chromium, or name one in $CHROMIUM.",
  );
  Deno.exit(1);
}

/** Installs Debian's packages where apt-get is there; says why where it fails. */
async function installPackages(packages: string[]): Promise<void> {
  console.log(`Installing ${packages.join(" and ")}`);
  const installed = await runApt("update") &&
    await runApt("install", "-y", "--no-install-recommends", ...packages);
  if (!installed) console.error(`${packages.join(" and ")} could not be installed by apt-get.`);
}

async function runApt(...args: string[]): Promise<boolean> {
  try {
    const { success, stderr } = await new Deno.Command("apt-get", {
      args,
      env: { DEBIAN_FRONTEND: "noninteractive" },
      stdin: "null",
      stdout: "null",
    }).output();
    if (!success) console.error(new TextDecoder().decode(stderr).trim());
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
