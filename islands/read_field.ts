/** The value of a hidden field that the server wrote, or null where there is none. */
export function readField(name: string): string | null {
  return document.querySelector<HTMLInputElement>(`input[name=${name}]`)?.value ?? null;
}
