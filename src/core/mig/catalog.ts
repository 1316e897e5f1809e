import { a30 } from './catalog/a30.ts'
import { a100Gb40 } from './catalog/a100-40gb.ts'
import { a100Gb80 } from './catalog/a100-80gb.ts'
import { b200 } from './catalog/b200.ts'
import { gb200 } from './catalog/gb200.ts'
import { h100Gb80 } from './catalog/h100-80gb.ts'
import { h100Gb94 } from './catalog/h100-94gb.ts'
import { h200 } from './catalog/h200.ts'
import { rtxPro6000 } from './catalog/rtx-pro-6000.ts'
import type { GpuModel } from './gpu-model.ts'

/** Every GPU model whose MIG geometry is known here, one file each under `catalog/`. */
export const gpuModels: readonly GpuModel[] = [
  a30,
  a100Gb40,
  a100Gb80,
  h100Gb80,
  h100Gb94,
  h200,
  b200,
  gb200,
  rtxPro6000,
]

/** The model with that id (`a100-80gb`), or undefined. */
export function findGpuModel(id: string): GpuModel | undefined {
  return gpuModels.find((model) => model.id === id)
}
