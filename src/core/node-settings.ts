/** What a node needs to run a site; the lab does not look at it. */
export type NodeSettings = {
  /** `advisory`: plans and explains, and changes nothing. */
  readonly mode: 'active' | 'advisory'
  /** `simulated`: GPUs of the models that the site names, without hardware. */
  readonly device: 'simulated' | 'nvml'
  readonly router: Address
  readonly control: Address
  /** Reserved before a plan takes effect; the planner is ended at its end. */
  readonly planningSecondsMax: number
  /** Of the labels that come back, what is kept from training to judge versions on. */
  readonly heldOutShare: number
  /** At an orderly end: leave the GPU instances, or bring back the layouts from before. */
  readonly onExit: 'keep' | 'restore'
  /** The last good versions of each tenant, the serving one included. */
  readonly versionsKept: number
  /** Parallel to `Site.tenants`; null: the tenant has none, so it can be planned for, not run. */
  readonly workers: readonly (TenantWorkers | null)[]
}

export type Address = { readonly host: string; readonly port: number }

/** The commands that serve and retrain a tenant's model. */
export type TenantWorkers =
  /** The learner that comes with the program, at the pace of the tenant's figures. */
  | { readonly kind: 'reference' }
  | {
      readonly kind: 'commands'
      /** Program and arguments; no shell. */
      readonly inference: readonly [string, ...string[]]
      readonly retraining: readonly [string, ...string[]] | null
      /** Folder of the first version, relative to the site file. */
      readonly model: string
      readonly environment: Readonly<Record<string, string>>
      readonly readySecondsMax: number
      /** Main memory of a worker's processes together; null: no limit. */
      readonly memoryMiBMax: number | null
    }
