import { describe, expect, it } from 'vitest'
import { isValidPerm, PERM, permText } from '../../src/protocol/permissions.ts'

describe('the permissions of a topic', () => {
  it('are written as bits', () => {
    expect(permText(PERM.READ | PERM.WRITE)).toBe('RW-')
    expect(permText(PERM.INHERIT)).toBe('--X')
  })

  it('that can be given are whole numbers from 0 to 7', () => {
    expect([-1, 0, 6, 7, 8, 6.5, NaN].map(isValidPerm)).toEqual([false, true, true, true, false, false, false])
  })
})
