import { must } from '../base/assert.ts'
import type { Effect } from '../control/effects.ts'
import type { ExecutorState } from '../control/executor-state.ts'
import { profileById } from '../core/mig/gpu-model.ts'
import type { Site } from '../core/site.ts'
import type { DaemonEvent } from '../runtime/daemon/daemon.ts'
import type { RunningDaemon } from '../runtime/daemon/open-daemon.ts'
import type { DemoEvent } from '../runtime/demo/run-demo.ts'

/** Tells a live run as it happens, a line for what a person would want to see. */
export class DemoStory {
  readonly #site: Site
  readonly #write: (line: string) => void
  #running: RunningDaemon | null = null

  constructor(site: Site, write: (line: string) => void) {
    this.#site = site
    this.#write = write
  }

  say(line: string): void {
    const seconds = this.#running?.clock.now()
    this.#write(seconds === undefined ? line : `${seconds.toFixed(1).padStart(6)} s  ${line}`)
  }

  tell(event: DemoEvent): void {
    if (event.kind === 'started') {
      this.#running = event.daemon
      const names = this.#site.tenants.map(({ id }) => id).join(', ')
      this.say(`Router at ${event.url}; tenants: ${names}`)
    } else if (event.kind === 'serving') {
      this.say('All tenants serve')
    } else if (event.kind === 'daemon') {
      this.#tellDaemon(event.event)
    }
  }

  #tellDaemon(event: DaemonEvent): void {
    if (event.kind === 'window') this.#tellWindow(event.windowIndex)
    else if (event.kind === 'effect') this.#tellEffect(event.effect)
    else if (event.kind === 'fact' && event.event.kind === 'serving') this.#tellLayout()
    else if (event.kind === 'fact' && event.event.kind === 'version-loaded') {
      const { instanceId } = event.event
      this.say(`${this.#worker(instanceId)} has the new version`)
    }
  }

  #tellWindow(windowIndex: number): void {
    const { traffic } = must(this.#running)
    const { windowSeconds, tenants } = this.#site
    const from = (windowIndex - 1) * windowSeconds
    const parts = tenants.map(({ id }) => {
      const sums = traffic.sums(id, from, from + windowSeconds)
      const { inTime, late, shed, failed, labelled, correct } = sums
      const ended = inTime + late + shed + failed
      if (ended === 0) return `${id} –`
      const accuracy = labelled === 0 ? '' : `, ${percent(correct / labelled)} right`
      return `${id} ${percent(inTime / ended)} in time${accuracy}`
    })
    this.say(windowIndex === 0 ? 'Window 0' : `Window ${windowIndex}. Before: ${parts.join('; ')}`)
  }

  #tellEffect(effect: Effect): void {
    switch (effect.kind) {
      case 'create-instance':
        this.say(`+ ${this.#instanceName(effect.instanceId)}`)
        break
      case 'destroy-instance':
        this.say(`- ${this.#instanceName(effect.instanceId)}`)
        break
      case 'start-worker':
        if (effect.task.kind === 'retraining') {
          const { configurationId } = effect.task
          const on = this.#instanceName(effect.instanceId)
          this.say(`${effect.tenant} retrains (${configurationId}) on ${on}`)
        }
        break
      case 'keep-version':
        this.say(`${effect.tenant}: ${effect.version} is better on held-out labels; rolling it out`)
        break
      case 'reject-version':
        this.say(`${effect.tenant}: ${effect.version} is no better on held-out labels; rejected`)
        break
      default:
        break
    }
  }

  #tellLayout(): void {
    const { instances } = this.#state()
    const parts = instances.flatMap(({ id, worker }) =>
      worker?.kind === 'inference' && worker.phase === 'serving'
        ? [`${this.#instanceName(id)} ${worker.tenant}`]
        : [],
    )
    this.say(`  serving: ${parts.join(', ')}`)
  }

  #worker(instanceId: string): string {
    const { instances } = this.#state()
    const tenant = instances.find(({ id }) => id === instanceId)?.worker?.tenant ?? '?'
    return `${tenant} on ${this.#instanceName(instanceId)}`
  }

  /** Also of one that is just gone: its id says it. */
  #instanceName(instanceId: string): string {
    const found = /^gpu(\d+)\/(\d+)@(\d+)#/.exec(instanceId)
    const [, gpu, profile, start] = must(found, `${instanceId} is no id of an instance`)
    const { model } = must(this.#site.gpus[Number(gpu)])
    return `${profileById(model, Number(profile)).name}@${start}`
  }

  #state(): ExecutorState {
    return must(this.#running).daemon.state
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
