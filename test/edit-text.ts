/** The text with one part replaced; a part that is not there is a mistake in the test. */
export function edited(text: string, part: string, by: string): string {
  if (!text.includes(part)) throw new Error(`The text has no ${JSON.stringify(part)}`)
  return text.replace(part, () => by)
}
