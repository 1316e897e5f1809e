import {
  appendFileSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { hash64 } from '../../base/hash.ts'
import type { AccuracySample } from '../../core/observation.ts'
import { type LabelledRequest, labelledLine } from '../labelled-data/labelled-request.ts'

/** One label that came back, as the router matched it to its answer. */
export type Labelled = {
  readonly requestId: string
  readonly version: string
  /** When the request arrived, in seconds of the run. */
  readonly atSeconds: number
  readonly items: number
  readonly correctItems: number
  readonly label: unknown
  /** The request's body, if it was kept. */
  readonly inputs: string | null
}

/** Labels of a window are counted in this many parts, so that drift inside it can be seen. */
const partsOfWindow = 4
/** Files of so many windows are kept. */
const windowsKept = 4
/** A window's files hold so many bytes at most; what comes beyond is counted and not kept. */
const bytesMax = 256 << 20

type Tally = { labelled: number; correct: number; atSum: number }

/**
 * The labels of one tenant: counted by version for what the daemon believes, and kept in files for
 * the trainer. A request's id decides, once for all, whether it is held out to judge versions on.
 */
export class LabelStore {
  readonly #folder: string
  readonly #options: { readonly heldOutShare: number; readonly windowSeconds: number }
  /** By version and part of a window, since the last `close`. */
  #tallies = new Map<string, Tally>()
  #pending: { readonly name: string; text: string }[] = []
  #window: number
  #bytes = 0
  #labels = 0

  constructor(
    folder: string,
    options: {
      readonly heldOutShare: number
      readonly windowSeconds: number
      readonly windowIndex: number
    },
  ) {
    this.#folder = folder
    this.#options = options
    this.#window = options.windowIndex
    mkdirSync(folder, { recursive: true })
  }

  add(labelled: Labelled): void {
    const { version, atSeconds, items, correctItems, inputs } = labelled
    const part = Math.floor((atSeconds / this.#options.windowSeconds) * partsOfWindow)
    const key = `${version}\n${part}`
    const tally = this.#tallies.get(key) ?? { labelled: 0, correct: 0, atSum: 0 }
    tally.labelled += items
    tally.correct += correctItems
    tally.atSum += items * atSeconds
    this.#tallies.set(key, tally)
    this.#labels += items
    if (inputs === null || labelled.label === null || this.#bytes > bytesMax) return
    const label = labelled.label as LabelledRequest['label']
    const text = labelledLine(inputs, { label, version, atSeconds })
    this.#bytes += text.length
    const kind = this.#isHeldOut(labelled.requestId) ? 'held-out' : 'train'
    const name = fileName(kind, this.#window)
    const open = this.#pending.find((own) => own.name === name)
    if (open === undefined) this.#pending.push({ name, text })
    else open.text += text
  }

  /** To be called about once a second. */
  flush(): void {
    for (const { name, text } of this.#pending) appendFileSync(join(this.#folder, name), text)
    this.#pending = []
  }

  /** A window starts: what came back since the last one did is told, and its files are complete. */
  close(windowIndex: number): readonly Omit<AccuracySample, 'versionLabelledUntilSeconds'>[] {
    this.flush()
    const samples = [...this.#tallies].map(([key, { labelled, correct, atSum }]) => ({
      versionId: key.slice(0, key.indexOf('\n')),
      labelled,
      correct,
      atSeconds: atSum / labelled,
    }))
    this.#tallies = new Map()
    this.#window = windowIndex
    this.#bytes = 0
    this.#labels = 0
    for (const name of readdirSync(this.#folder)) {
      const of = windowOf(name)
      if (of !== null && of < windowIndex - windowsKept) rmSync(join(this.#folder, name))
    }
    return samples.sort((a, b) => a.atSeconds - b.atSeconds)
  }

  /** Items that came back since the last window began. */
  get labels(): number {
    return this.#labels
  }

  /** Whether there is anything for a trainer. */
  get isTrainable(): boolean {
    return this.#newest('train') !== null
  }

  /** Gives a trainer the newest complete window that has labels; false: there is none. */
  handTo(folder: string): boolean {
    mkdirSync(folder, { recursive: true })
    const name = this.#newest('train')
    if (name === null) return false
    const [from, to] = [join(this.#folder, name), join(folder, name)]
    if (existsSync(to)) return true
    try {
      linkSync(from, to)
    } catch {
      copyFileSync(from, to)
    }
    return true
  }

  /** Held-out requests, the newest last, at most so many: what is there now. */
  heldOut(requestsMax: number): readonly LabelledRequest[] {
    this.flush()
    const names = readdirSync(this.#folder)
      .filter((name) => name.startsWith('held-out'))
      .sort()
      .slice(-2)
    const lines = names.flatMap((name) =>
      readFileSync(join(this.#folder, name), 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    )
    return lines.slice(-requestsMax).flatMap((line) => {
      try {
        return [JSON.parse(line) as LabelledRequest]
      } catch {
        // The last line of a program that was killed.
        return []
      }
    })
  }

  #newest(kind: 'train'): string | null {
    const complete = readdirSync(this.#folder)
      .filter((name) => name.startsWith(kind) && (windowOf(name) ?? this.#window) < this.#window)
      .sort()
    return complete.at(-1) ?? null
  }

  #isHeldOut(requestId: string): boolean {
    return shareOf(requestId) < this.#options.heldOutShare
  }
}

/** A number in [0, 1) that depends on the text alone, also of texts that count up. */
function shareOf(text: string): number {
  const hash = Number.parseInt(hash64(text).slice(8), 16)
  // FNV leaves its upper half nearly alone at the last bytes; this is MurmurHash3's finaliser.
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  const twice = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return ((twice ^ (twice >>> 16)) >>> 0) / 2 ** 32
}

function fileName(kind: 'held-out' | 'train', window: number): string {
  return `${kind}-${String(window).padStart(9, '0')}.jsonl`
}

function windowOf(name: string): number | null {
  const found = /^(?:held-out|train)-(\d{9})\.jsonl$/.exec(name)
  return found === null ? null : Number(found[1])
}
