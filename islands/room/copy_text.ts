/**
 * Copies what stands in `field`; false where the browser does not let a page do it, and then the
 * text is selected for the person to copy.
 */
export async function copyText(field: HTMLInputElement | HTMLTextAreaElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    // No Clipboard API outside of secure contexts, or it is refused.
    field.select();
    return document.execCommand("copy");
  }
}
