/** Checks of what stands in a line of the script: nothing of it is believed. */
export function isLine(numbers: readonly string[], values: readonly string[], count: number, texts: number): boolean {
  return numbers.length === count && values.length === texts && numbers.every(isNumber);
}

export function isNumber(text: string): boolean {
  return /^-?\d{1,20}$/.test(text);
}

export function isHex(text: string): boolean {
  return /^[0-9a-f]{1,16}$/.test(text);
}
