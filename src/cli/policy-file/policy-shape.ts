import type { Policy } from '../../core/policy.ts'

const epochs = ['window-start', 'retraining-done', 'deviation', 'load-moved', 'failure']
const mechanisms = ['mig', 'mps', 'time-sliced']
const namePattern = /^[a-z][a-z0-9-]*$/

/** What is wrong with something that should be a policy, in words for its author. */
export function complaintsAbout(value: unknown): readonly string[] {
  if (!isRecord(value)) return ['createPolicy must return an object']
  const { name, describe, mechanism, epochs: asked, information, planningSecondsMax, plan } = value
  const complaints: string[] = []
  const need = (isRight: boolean, complaint: string) => {
    if (!isRight) complaints.push(complaint)
  }
  need(
    typeof name === 'string' && namePattern.test(name),
    '"name" must be lower-case words joined by hyphens',
  )
  need(typeof describe === 'string' && describe !== '', '"describe" must be a sentence')
  need(isOneOf(mechanism, mechanisms), `"mechanism" must be one of ${mechanisms.join(', ')}`)
  need(
    Array.isArray(asked) &&
      asked.includes('window-start') &&
      asked.every((own) => isOneOf(own, epochs)),
    `"epochs" must be a list with "window-start", of ${epochs.join(', ')}`,
  )
  need(
    isRecord(information) &&
      isOneOf(information['arrivals'], ['forecast', 'last-window', 'truth']) &&
      isOneOf(information['retraining'], ['forecast', 'truth']),
    '"information" must say of "arrivals": forecast, last-window or truth; and of ' +
      '"retraining": forecast or truth',
  )
  const measured = isRecord(information) ? information['measuredSeconds'] : undefined
  need(
    measured === undefined || (Number.isInteger(measured) && Number(measured) >= 1),
    '"measuredSeconds" of "information" must be a whole number of seconds from 1',
  )
  need(
    typeof planningSecondsMax === 'number' && planningSecondsMax >= 0 && planningSecondsMax < 60,
    '"planningSecondsMax" must be a number of seconds, 0 or more and below 60',
  )
  need(typeof plan === 'function', '"plan" must be a function of a planning problem')
  need(
    value['router'] === undefined || isOneOf(value['router'], ['late-binding', 'elsa']),
    '"router" must be late-binding or elsa',
  )
  need(
    value['handover'] === undefined || isOneOf(value['handover'], ['break-first', 'make-first']),
    '"handover" must be break-first or make-first',
  )
  return complaints
}

export function isPolicy(value: unknown): value is Policy {
  return complaintsAbout(value).length === 0
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isOneOf(value: unknown, words: readonly string[]): boolean {
  return typeof value === 'string' && words.includes(value)
}
