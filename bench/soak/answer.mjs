/** What a version, known by its factor, answers: different for every request and every version. */
export function answerOf(data, factor) {
  let sum = 0
  for (const value of data) sum = (sum + value) % 1_000_003
  return (sum * 31 + factor) % 1_000_003
}

/** Versions are called after their factors. */
export const versionOf = (factor) => `v${factor}`
export const factorOf = (version) => Number(version.slice(1))
