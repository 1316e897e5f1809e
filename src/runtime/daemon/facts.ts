import type { ExecutorEvent } from '../../control/events.ts'

type WithoutTime<T> = T extends unknown ? Omit<T, 'atSeconds'> : never

/** What happened, before it is given its time. */
export type Fact = WithoutTime<ExecutorEvent>
