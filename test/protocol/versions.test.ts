import { describe, expect, it } from 'vitest'
import { HIGHER_VERSION, versionName, versionOrdinal, VERSIONS } from '../../src/protocol/versions.ts'

describe('the versions that frames name', () => {
  it('are all different, and end with the one for what came later', () => {
    expect(new Set(VERSIONS).size).toBe(VERSIONS.length)
    expect(VERSIONS.at(-1)).toBe(HIGHER_VERSION)
  })

  it('have a number each and are found by it', () => {
    for (const [ordinal, name] of VERSIONS.entries()) {
      expect(versionOrdinal(name)).toBe(ordinal)
      expect(versionName(ordinal)).toBe(name)
    }
  })

  it.each([
    ['V3_0_0_SNAPSHOT', 0],
    ['V3_0_0_FINAL', 15],
    ['V4_0_0', 213],
    ['V4_8_0', 373],
    ['V5_1_0', 433],
    ['V5_5_0', 513],
  ])('hold %s as %i', (name, ordinal) => {
    expect(versionOrdinal(name)).toBe(ordinal)
  })

  it.each(['V3_3_0', 'V5_3', '5.3.3', '', 'toString'])('do not hold "%s"', name => {
    expect(() => versionOrdinal(name)).toThrow(
      expect.objectContaining({
        code: 'ERR_RMQ_ILLEGAL',
        message: expect.stringContaining('expected a name') as string,
      }),
    )
  })

  it.each([-1, 1.5, NaN])('are not looked up by %d', ordinal => {
    expect(() => versionName(ordinal)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }))
  })
})
