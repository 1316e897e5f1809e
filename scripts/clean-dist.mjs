// An old file in dist/ would be shipped by `npm pack`, so every build starts from nothing.
import { rmSync } from 'node:fs'

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })
