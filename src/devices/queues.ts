/** Runs what is given under one name one after the other, under different names side by side. */
export function createQueues(): <T>(name: string, run: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>()
  return (name, run) => {
    const before = tails.get(name) ?? Promise.resolve()
    const result = before.then(run, run)
    tails.set(name, result)
    return result
  }
}
