import { type GroupConfig, GROUP_DEFAULTS } from '../protocol/bodies/bodies.ts'
import { checkGroup } from '../protocol/names.ts'
import { faultOf } from './answers.ts'

/** The consumer groups that one broker knows; they stay when their members are gone. */
export interface Groups {
  get(name: string): GroupConfig | undefined
  set(config: GroupConfig): void
  /** The group, created with the defaults when it is unknown; undefined for a name that no group can have. */
  ensure(name: string): GroupConfig | undefined
}

export const createGroups = (): Groups => {
  const byName = new Map<string, GroupConfig>()
  return {
    get: name => byName.get(name),
    set: config => {
      byName.set(config.groupName, config)
    },
    ensure: name => {
      const known = byName.get(name)
      if (known !== undefined) return known
      if (faultOf(() => checkGroup(name)) !== undefined) return undefined
      const config = { ...GROUP_DEFAULTS, groupName: name }
      byName.set(name, config)
      return config
    },
  }
}
