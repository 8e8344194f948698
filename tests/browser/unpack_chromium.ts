const PACKAGE = "npm:@sparticuz/chromium@153.0.0";

/**
 * Unpacks the headless Chromium that npm carries, with the libraries it needs on a bare Debian, to
 * `folder`.
 * @throws where npm is out of reach or the package does not run here.
 */
export async function unpackChromium(folder: string): Promise<void> {
  const draft = `${folder}.${Deno.pid}`;
  await Deno.mkdir(draft, { recursive: true });
  try {
    // A process of its own: the package unpacks to TMPDIR, and stays out of our lockfile.
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        "--no-config",
        "--no-lock",
        `import chromium from "${PACKAGE}"; await chromium.executablePath();`,
      ],
      cwd: draft,
      // On a Lambda it would unpack the libraries too.
      env: { TMPDIR: draft, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs22.x" },
      stdin: "null",
      stdout: "null",
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
    await Deno.rename(draft, folder);
  } finally {
    await Deno.remove(draft, { recursive: true }).catch(() => {});
  }
}
