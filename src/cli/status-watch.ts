import { textTable } from '../observe/text-table.ts'
import type { StateView, TrafficView } from '../runtime/daemon/api/state-view.ts'
import { askDaemon } from './ask-daemon.ts'

/** What a daemon tells of its node, as text for a terminal. */
export function stateText(view: StateView): string {
  const { site, mode, nowSeconds, window, windowSeconds, instances, tenants, lastPlan } = view
  const left = (window + 1) * windowSeconds - nowSeconds
  const when = `${nowSeconds.toFixed(0)} s; window ${window}, ${left.toFixed(0)} s left`
  const head = `${site}, ${mode}, ${when}`
  const plan =
    lastPlan === null
      ? 'No plan yet'
      : `Last plan: ${lastPlan.reason} at ${lastPlan.atSeconds.toFixed(0)} s, ${lastPlan.status}` +
        (lastPlan.wasPutInForce ? '' : `, not in force${reasonOf(lastPlan.message)}`)
  return [head, plan, '', instanceTable(instances), '', tenantTable(tenants)].join('\n')
}

/** Shows the state again and again until the signal, in place where it is a terminal. */
export async function watchState(
  from: { readonly stateDir: string; readonly url: string | null },
  options: {
    readonly seconds: number
    readonly signal: AbortSignal
    readonly write: (text: string) => void
  },
): Promise<void> {
  const { seconds, signal, write } = options
  while (!signal.aborted) {
    const view = (await askDaemon(from, '/v1/state')) as StateView
    write(stateText(view))
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 1000 * seconds)
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

function reasonOf(message: string | null): string {
  return message === null ? '' : `: ${message}`
}

function instanceTable(instances: StateView['instances']): string {
  return textTable(
    [
      { title: 'GPU', align: 'left', cell: ({ gpu }) => gpu },
      {
        title: 'instance',
        align: 'left',
        cell: ({ profile, start }) => `${profile}@${start}`,
      },
      { title: 'holder', align: 'left', cell: ({ worker }) => worker?.tenant ?? '–' },
      { title: 'role', align: 'left', cell: ({ worker }) => worker?.kind ?? '' },
      { title: 'state', align: 'left', cell: ({ worker, phase }) => worker?.phase ?? phase },
      { title: 'version', align: 'left', cell: ({ worker }) => worker?.version ?? '' },
    ],
    instances,
  )
}

function tenantTable(tenants: StateView['tenants']): string {
  return textTable(
    [
      { title: 'tenant', align: 'left', cell: ({ tenant }) => tenant },
      { title: 'version', align: 'left', cell: ({ version }) => version },
      {
        title: 'req/s, last minute',
        align: 'right',
        cell: ({ lastMinute }) => (lastMinute.arrived / 60).toFixed(1),
      },
      { title: 'in SLO', align: 'right', cell: ({ lastMinute }) => inTimeShare(lastMinute) },
      { title: 'accuracy', align: 'right', cell: ({ lastMinute }) => accuracyOf(lastMinute) },
      {
        title: 'retraining',
        align: 'left',
        cell: ({ retraining }) =>
          retraining === null
            ? ''
            : `${retraining.configuration} ${(100 * retraining.fraction).toFixed(0)} %` +
              (retraining.isRunning ? '' : ' (waits)'),
      },
    ],
    tenants,
  )
}

function inTimeShare({ inTime, late, shed, failed }: TrafficView): string {
  return shareText(inTime, inTime + late + shed + failed)
}

function accuracyOf({ labelled, correct }: TrafficView): string {
  return shareText(correct, labelled)
}

function shareText(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`
}
