import { readFileSync } from 'node:fs'

const readingsBefore = 10

/** RSS of some processes, once a second, and from when on they count as warm. */
export class MemoryWatch {
  /** Of the router's and the control process's heap when the warm-up was over; null before. */
  heap = null
  warmAtSwitches = null
  #options
  #readings = new Map()
  #warmAt = null
  #isLooking = false

  constructor(options) {
    this.#options = options
    for (const name of Object.keys(options.processes)) this.#readings.set(name, [])
  }

  async look(switches) {
    const { processes, switchesMin, isFull, onWarm } = this.#options
    for (const [name, pid] of Object.entries(processes)) {
      this.#readings.get(name).push(residentMiB(pid))
    }
    if (this.#warmAt !== null || this.#isLooking) return
    this.#isLooking = true
    if ((await isFull()) && switches >= switchesMin) {
      this.#warmAt = this.#readings.values().next().value.length
      this.warmAtSwitches = switches
      this.heap = await onWarm()
    }
    this.#isLooking = false
  }

  words() {
    const rss = [...this.#readings].map(([name, own]) => `${name} ${own.at(-1)} MiB`).join(', ')
    return this.#warmAt === null ? `${rss} (warming up)` : rss
  }

  /** The median before the end of warm-up, the largest since, and their ratio; null before. */
  figures() {
    return Object.fromEntries(
      [...this.#readings].map(([name, own]) => {
        if (this.#warmAt === null)
          return [name, { after: null, max: null, growth: null, last: null }]
        const after = median(own.slice(Math.max(0, this.#warmAt - readingsBefore), this.#warmAt))
        const since = own.slice(this.#warmAt)
        const max = Math.max(...since)
        const growth = Math.round((1000 * max) / after) / 1000
        const last = median(own.slice(-readingsBefore))
        return [name, { after, max, growth, maxAtReading: own.indexOf(max), last }]
      }),
    )
  }
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

/** As the kernel tells it, to a tenth. */
function residentMiB(pid) {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round((10 * Number(kib)) / 1024) / 10
}
