import type { TenantOutlook } from '../../control/build-problem.ts'

/** A forecast in a line, for the log. */
export function outlookWords(outlook: TenantOutlook): string {
  const { arrivals, accuracyDeployed, accuracyTerminal, retraining, underWay } = outlook
  const { meanRps, method } = arrivals
  const mean = meanRps.reduce((sum, own) => sum + own, 0) / Math.max(1, meanRps.length)
  const [first = 0] = accuracyDeployed
  const accuracy = `accuracy ${first.toFixed(3)}, later ${accuracyTerminal.toFixed(3)}`
  const offers = retraining.map(({ configurationId, accuracyAfter, accuracyTerminal: later }) => {
    const [after = 0] = accuracyAfter
    return `${configurationId} ${after.toFixed(3)}, later ${later.toFixed(3)}`
  })
  const own = underWay === null ? offers : [`${underWay.configurationId} under way`]
  const retrained = own.length === 0 ? 'no retraining offered' : own.join('; ')
  return `${mean.toFixed(1)} requests/s (${method}); ${accuracy}; ${retrained}`
}
